"""Markdown as in an Obsidian vault: front matter, wiki links, headings; the marks go, the words stay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from retrieval.documents import Heading
from retrieval.parsing.front_matter import front_matter
from retrieval.parsing.inline import LONGEST_LINE, Inline
from retrieval.parsing.parsed import Parsed
from retrieval.parsing.plain import decode

_FENCE = re.compile(r"^[ \t>]*(?:(`{3,})[^`]*|(~{3,}).*)$")
_HEADING = re.compile(r"^[ ]{0,3}(#{1,6})[ \t]+([ \t]|.+?(?<![ \t]))(?:[ \t]++#++)?+[ \t]*+$")
_UNDERLINE = re.compile(r"^[ ]{0,3}(=+|-+)[ \t]*$")
_RULE = re.compile(r"^[ \t]*+\|?(?:[ \t]*+:?-{3,}+:?[ \t]*+\|?)++$|^[ \t]*([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_ITEM = re.compile(r"^[ \t]*(?:[-*+>|]|\d{1,9}[.)])(?:[ \t]|$)")
_DEFINITION = re.compile(
    r"^[ ]{0,3}\[(?!\^)([^\[\]\n]{1,200})\]:[ \t]*<?([^\s<>]+)>?(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$",
    re.MULTILINE,
)
_FOOTNOTE = re.compile(r"^[ ]{0,3}\[\^[^\[\]\s]+\]:[ \t]*")


def read(name: str, data: bytes) -> Parsed:
    """Raises `Unreadable` where it is no text or empty. Front matter that is no plain YAML stays in the text."""
    front, body = front_matter(decode(name, data))
    parsed = words_of(body)
    title = front.title or next((one.text for one in parsed.headings if one.level == 1), "")
    return replace(parsed, title=title, aliases=front.aliases, metadata=front.metadata)


def strip(source: str) -> tuple[str, tuple[Heading, ...], tuple[str, ...]]:
    """Markdown without its marks: the text, its headings with their offsets in it, and where its links lead."""
    parsed = words_of(source)
    return parsed.text, parsed.headings, parsed.links


def words_of(source: str) -> Parsed:
    """Markdown without its marks; what it says of itself (title, aliases, metadata) is left empty."""
    inline = Inline(_definitions(source))
    body = _Body()
    lines = source.split("\n")
    last_close = max((number for number, line in enumerate(lines) if "-->" in line), default=0)
    fence = ""
    for number, raw in enumerate(lines):
        if fence:
            if _closes(raw, fence):
                fence = ""
            else:
                body.add(raw)
            continue
        line = inline.uncommented(raw)
        if mark := _FENCE.match(line):
            fence = mark[1] or mark[2]
        elif (underline := _UNDERLINE.match(line)) and body.underlined(1 if "=" in underline[1] else 2):
            continue
        elif len(line) > LONGEST_LINE or not (_RULE.match(line) or _DEFINITION.match(line)):
            heading = _HEADING.match(line)
            words = heading[2] if heading else _FOOTNOTE.sub("", line)
            words = inline.plain(words, body.length, number < last_close).rstrip()
            body.add(words, len(heading[1]) if heading else 0)
    links = tuple(dict.fromkeys(link.target for link in inline.links))
    return Parsed("", "\n".join(body.lines), tuple(body.headings), links, anchors=tuple(inline.links))


class _Body:
    """The lines of a text as it grows, and the headings among them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.headings: list[Heading] = []
        self.length = 0

    def add(self, line: str, level: int = 0) -> None:
        """One more line; with a level it is a heading."""
        if level:
            self.headings.append(Heading(level, line.strip(), self.length))
        self.lines.append(line)
        self.length += len(line) + 1

    def underlined(self, level: int) -> bool:
        """Make a heading of the last line, if it can be one."""
        last = self.lines[-1] if self.lines else ""
        start = self.length - len(last) - 1
        if not last.strip() or _ITEM.match(last) or (self.headings and self.headings[-1].start == start):
            return False
        self.headings.append(Heading(level, last.strip(), start))
        return True


def _closes(line: str, fence: str) -> bool:
    marks = line.strip(" \t>")
    return marks.startswith(fence) and not marks.strip(fence[0])


def _definitions(source: str) -> Mapping[str, str]:
    """The targets of reference links, by label in lower case."""
    return {match[1].casefold(): match[2] for match in _DEFINITION.finditer(source)}
