"""What a note says of itself above its text: YAML between two lines of ``---``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

LONGEST = 20_000
"""Characters of front matter that are read; a longer one is text."""
LONGEST_VALUE = 500
MOST = 100
"""Keys of one front matter, and items of one list."""
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_NOTHING = frozenset({"", "~", "null"})


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Scalars and plain lists, as they are written; anything deeper is left out."""

    title: str = ""
    aliases: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


class _Plain(yaml.BaseLoader):
    """YAML where every scalar is a string and nothing stands for something else: a few aliases make gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def front_matter(source: str) -> tuple[FrontMatter, str]:
    """It and the text below; what is no plain YAML, or too long, stays in the text."""
    match = _FRONT.match(source[: LONGEST + 10])
    if not match:
        return FrontMatter(), source
    try:
        found = yaml.load(match[1], _Plain)  # noqa: S506  a `BaseLoader` makes strings, lists and mappings alone
    except (yaml.YAMLError, ValueError, RecursionError):
        return FrontMatter(), source
    if not isinstance(found, dict):
        return FrontMatter(), source
    values = {str(key)[:LONGEST_VALUE]: _values(value) for key, value in list(found.items())[:MOST]}
    title = next(iter(values.pop("title", ())), "")
    aliases = (*values.pop("aliases", ()), *values.pop("alias", ()))
    metadata = {key: ", ".join(each) for key, each in values.items() if each}
    return FrontMatter(title, aliases, metadata), source[match.end() :]


def _values(value: object) -> tuple[str, ...]:
    """A scalar, or those of a list, each on one line and of a bounded length."""
    listed = value if isinstance(value, list) else [value]
    words = (" ".join(_sound(one).split()) for one in listed[:MOST] if isinstance(one, str))
    return tuple(one[:LONGEST_VALUE] for one in words if one not in _NOTHING)


def _sound(text: str) -> str:
    """Halves of characters, which YAML may escape, put together, or replaced where one stands alone."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
