"""A small language for the shapes of Block Kit. A check looks at one value and adds to a list of problems.

The wording and the JSON pointers are those of the real validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Problems = list[str]
Check = Callable[[Any, str, Problems], None]


def at(problem: str, path: str) -> str:
    return f"{problem} [json-pointer:{path}]"


def string(most: int | None = None, least: int = 0) -> Check:
    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, str):
            problems.append(at("must be a string", path))
        elif most is not None and len(value) > most:
            problems.append(at(f"must be less than {most + 1} characters", path))
        elif len(value) < least:
            problems.append(at(f"must be more than {least - 1} characters", path))

    return check


def flag(value: Any, path: str, problems: Problems) -> None:
    if not isinstance(value, bool):
        problems.append(at("must be a boolean", path))


def whole(least: int | None = None, most: int | None = None) -> Check:
    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            problems.append(at("must be an integer", path))
        elif (least is not None and value < least) or (most is not None and value > most):
            problems.append(at(f"must be between {least} and {most}", path))

    return check


def number(value: Any, path: str, problems: Problems) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        problems.append(at("must be a number", path))


def anything(value: Any, path: str, problems: Problems) -> None:
    return None


def one_of(*values: str) -> Check:
    def check(value: Any, path: str, problems: Problems) -> None:
        if value not in values:
            problems.append(at(f"must be a valid enum value (one of {', '.join(values)})", path))

    return check


def url(most: int = 3000) -> Check:
    def check(value: Any, path: str, problems: Problems) -> None:
        string(most, 1)(value, path, problems)
        if isinstance(value, str) and "://" not in value and not value.startswith("mailto:"):
            problems.append(at("must be a valid URL", path))

    return check


def listing(item: Check, most: int | None = None, least: int = 0) -> Check:
    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, list):
            problems.append(at("must be an array", path))
            return
        if most is not None and len(value) > most:
            problems.append(at(f"no more than {most} items allowed", path))
        if len(value) < least:
            problems.append(at(f"no less than {least} items allowed", path))
        for index, entry in enumerate(value):
            item(entry, f"{path}/{index}", problems)

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these fields and no others. ``type`` is always let through: `by_type` has looked at it."""
    known = {**required, **(optional or {})}

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.append(at("must be an object", path))
            return
        problems += [at(f"missing required field: {name}", path) for name in required if value.get(name) is None]
        for name, entry in value.items():
            if name == "type" or entry is None:
                continue
            if name not in known:
                problems.append(at(f"invalid additional property: {name}", path))
            else:
                known[name](entry, f"{path}/{name}", problems)

    return check


def by_type(kinds: Mapping[str, Check]) -> Check:
    """An object whose ``type`` says what it is."""

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.append(at("must be an object", path))
        elif value.get("type") is None:
            problems.append(at("missing required field: type", path))
        elif value["type"] not in kinds:
            problems.append(at(f"unsupported type: {value['type']}", path))
        else:
            kinds[value["type"]](value, path, problems)

    return check


def both(*checks: Check) -> Check:
    def check(value: Any, path: str, problems: Problems) -> None:
        for each in checks:
            each(value, path, problems)

    return check


def some_of(*names: str) -> Check:
    """An object with one of these fields at least."""

    def check(value: Any, path: str, problems: Problems) -> None:
        if isinstance(value, dict) and not any(value.get(name) for name in names):
            problems.append(at(f"missing required field: {' or '.join(names)}", path))

    return check


def not_both(one: str, other: str) -> Check:
    def check(value: Any, path: str, problems: Problems) -> None:
        if isinstance(value, dict) and value.get(one) is not None and value.get(other) is not None:
            problems.append(at(f"cannot have both {one} and {other}", path))

    return check
