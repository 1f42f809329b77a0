"""The rules for modals, and what a person's answers look like (components/reference, "Label" and after)."""

from __future__ import annotations

from typing import Any

from tests.servers.discord.components import (
    INTERACTIVE,
    LABEL,
    ROW,
    SELECTS,
    TEXT,
    TEXT_INPUT,
    check_options,
    check_select,
    numbered,
)
from tests.servers.discord.errors import Form

UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 19, 21, 22, 23
IN_LABEL = (TEXT_INPUT, *SELECTS, UPLOAD, RADIO, CHECKBOXES, CHECKBOX)


def check_modal(data: Any) -> dict[str, Any]:
    """Title 1-45, custom_id 1-100, one to five components: labels, text, or the old rows with one text input."""
    form = Form()
    if not isinstance(data, dict):
        form.wrong("data", "BASE_TYPE_REQUIRED", "This field is required")
        form.check()
    form.text(data.get("custom_id"), "data.custom_id", 100, shortest=1, required=True)
    form.text(data.get("title"), "data.title", 45, shortest=1, required=True)
    seen: set[str] = set()
    for number, one in enumerate(form.items(data.get("components"), "data.components", 5, shortest=1)):
        _top(form, one, f"data.components.{number}", seen)
    form.check()
    checked: dict[str, Any] = data | {"components": numbered(data["components"])}
    return checked


def _top(form: Form, one: Any, path: str, seen: set[str]) -> None:
    kind = one.get("type") if isinstance(one, dict) else None
    if kind == TEXT:
        form.text(one.get("content"), f"{path}.content", 4000, shortest=1, required=True)
    elif kind == LABEL:
        form.text(one.get("label"), f"{path}.label", 45, shortest=1, required=True)
        form.text(one.get("description"), f"{path}.description", 100)
        _field(form, one.get("component"), f"{path}.component", IN_LABEL, seen)
    elif kind == ROW:
        for number, child in enumerate(form.objects(one.get("components"), f"{path}.components", 1, shortest=1)):
            here = f"{path}.components.{number}"
            _field(form, child, here, (TEXT_INPUT,), seen)
            form.text(child.get("label"), f"{here}.label", 45, shortest=1, required=True)
    else:
        form.wrong(path, "UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({ROW}, {TEXT}, {LABEL}).')


def _field(form: Form, one: Any, path: str, allowed: tuple[int, ...], seen: set[str]) -> None:
    if not isinstance(one, dict) or one.get("type") not in allowed:
        listed = ", ".join(map(str, allowed))
        form.wrong(path, "UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({listed}).')
        return
    custom_id = form.text(one.get("custom_id"), f"{path}.custom_id", 100, shortest=1, required=True)
    if custom_id in seen:
        form.wrong(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    seen.add(custom_id)
    if one.get("disabled"):
        form.wrong(f"{path}.disabled", "COMPONENT_DISABLED_IN_MODAL", "Modals can not have disabled components")
    lowest = 0 if one.get("required") is False else 1
    if one["type"] == TEXT_INPUT:
        _text_input(form, one, path)
    elif one["type"] in SELECTS:
        check_select(form, one, path, lowest=lowest)
    elif one["type"] == UPLOAD:
        form.number(one.get("min_values"), f"{path}.min_values", lowest, 10)
        form.number(one.get("max_values"), f"{path}.max_values", 1, 10)
    elif one["type"] in (RADIO, CHECKBOXES):
        check_options(form, one.get("options"), f"{path}.options", 2 if one["type"] == RADIO else 1, 10)


def _text_input(form: Form, one: dict[str, Any], path: str) -> None:
    form.one_of(one.get("style"), f"{path}.style", (1, 2))
    form.text(one.get("value"), f"{path}.value", 4000)
    form.text(one.get("placeholder"), f"{path}.placeholder", 100)
    least = form.number(one.get("min_length"), f"{path}.min_length", 0, 4000)
    most = form.number(one.get("max_length"), f"{path}.max_length", 1, 4000)
    if least is not None and most is not None and least > most:
        form.wrong(f"{path}.min_length", "TEXT_INPUT_MIN_LENGTH_GREATER_THAN_MAX", "min_length exceeds max_length")


def answers(components: list[dict[str, Any]], values: dict[str, Any]) -> list[dict[str, Any]]:
    """What is submitted: the same tree with what the person filled in. ValueError for what the client would not let
    through: an unknown field, an empty required one, a text of the wrong length, a value that is no option."""
    known = {one["custom_id"] for one in _fields(components)}
    if unknown := set(values) - known:
        raise ValueError(f"the form has no {sorted(unknown)}; it has {sorted(known)}")
    return [_answer(one, values) for one in components]


def _fields(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    inner = [child for one in components for child in (*one.get("components", ()), one.get("component")) if child]
    return [one for one in (*components, *inner) if one["type"] in INTERACTIVE]


def _answer(one: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    shell = {"type": one["type"], "id": one["id"]}
    if one["type"] == ROW:
        return shell | {"components": [_answer(child, values) for child in one["components"]]}
    if one["type"] == LABEL:
        return shell | {"component": _answer(one["component"], values)}
    if one["type"] == TEXT:
        return shell
    given = values.get(one["custom_id"])
    if one["type"] == TEXT_INPUT:
        answer: dict[str, Any] = {"value": _written(one, one.get("value") or "" if given is None else given)}
    elif one["type"] in (RADIO, CHECKBOX):
        answer = {"value": bool(given) if one["type"] == CHECKBOX else given}
        _chosen(one, [] if given is None else [given])
    else:
        answer = {"values": [str(value) for value in given or []]}
        _chosen(one, answer["values"])
    return shell | {"custom_id": one["custom_id"]} | answer


def _written(one: dict[str, Any], text: str) -> str:
    least, most = one.get("min_length") or 0, one.get("max_length") or 4000
    if one.get("required", True):
        least = max(1, least)
    if (text or one.get("required", True)) and not least <= len(text) <= most:
        raise ValueError(f"{one['custom_id']} takes {least} to {most} characters, not {len(text)}")
    return text


def _chosen(one: dict[str, Any], chosen: list[Any]) -> None:
    if one.get("required", True) and not chosen and one["type"] != CHECKBOX:
        raise ValueError(f"{one['custom_id']} is required")
    allowed = [option["value"] for option in one.get("options", ())]
    if wrong := [value for value in chosen if allowed and value not in allowed]:
        raise ValueError(f"{one['custom_id']} has no option {wrong}; it has {allowed}")
