"""Markdown as in an Obsidian vault: front matter, wiki links, headings; the marks go, the words stay."""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from retrieval.documents import Heading
from retrieval.parsing.parsed import Parsed
from retrieval.parsing.plain import decode

_FRONT = re.compile(r"\A\ufeff?---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^[ ]{0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")
_UNDERLINE = re.compile(r"^[ ]{0,3}(=+|-+)[ \t]*$")
_WIKI = re.compile(r"!?\[\[([^\[\]|#]*)(?:#([^\[\]|]*))?(?:\|([^\[\]]*))?\]\]")
_IMAGE = re.compile(r"!\[([^\]]*)\]\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)")
_LINK = re.compile(r"\[([^\[\]]*)\]\((<?[^()\s]*(?:\([^()]*\)[^()\s]*)*>?)(?:\s+[\"'][^\"']*[\"'])?\)")
_REFERENCE = re.compile(r"\[([^\[\]]+)\]\[[^\[\]]*\]")
_AUTOLINK = re.compile(r"<((?:https?|mailto):[^<>\s]+)>")
_STRONG = re.compile(r"(\*\*\*|\*\*|\*|~~|==)(?=\S)(.{1,300}?)(?<=\S)\1")
_UNDERSCORE = re.compile(r"(?<!\w)(__|_)(?=\S)(.{1,300}?)(?<=\S)\1(?!\w)")
_CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,500}>")
LONGEST_LINE = 2_000
"""Marks are looked for in pieces of a line no longer than this, so that a hostile one takes no quadratic time."""
_RULE = re.compile(r"^[ \t]*\|?(?:[ \t]*:?-{3,}:?[ \t]*\|?)+[ \t]*$|^[ \t]*([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+(?:\[![\w-]+\][+-]?[ \t]*)?")
_DEFINITION = re.compile(r"^[ ]{0,3}\[[^\]]+\]:[ \t]+\S+.*$")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~])")


def read(name: str, data: bytes) -> Parsed:
    """Raises `Unreadable` where it is no text or empty. Front matter that is no YAML stays in the text."""
    source = decode(name, data)
    front, body = _front_matter(source)
    text, headings, links = strip(body)
    title = str(front.get("title") or next((h.text for h in headings if h.level == 1), ""))
    return Parsed(
        title=title.strip(),
        text=text,
        headings=headings,
        links=links,
        aliases=tuple(_listed(front.get("aliases") or front.get("alias"))),
        metadata={key: ", ".join(_listed(value)) for key, value in front.items() if key not in {"title", "aliases"}},
    )


def strip(source: str) -> tuple[str, tuple[Heading, ...], tuple[str, ...]]:
    """Markdown without its marks: the text, its headings with their offsets in it, and where its links lead."""
    out: list[str] = []
    headings: list[Heading] = []
    links: list[str] = []
    length, fence = 0, ""
    comment = False
    for raw in source.split("\n"):
        if not raw.strip():
            out.append("")
            length += 1
            continue
        line, comment = (raw, False) if fence else _without_tags(raw, comment)
        mark = _FENCE.match(line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
            continue
        heading = None if fence else _HEADING.match(line)
        underline = None if fence else _UNDERLINE.match(line)
        if underline and out and out[-1].strip() and not (headings and headings[-1].start == length - len(out[-1]) - 1):
            start = length - len(out[-1]) - 1
            headings.append(Heading(1 if "=" in underline[1] else 2, out[-1].strip(), start))
            continue
        if not fence and len(line) <= LONGEST_LINE and (_RULE.match(line) or _DEFINITION.match(line)):
            continue
        words = line if fence else _inline(heading[2] if heading else line, links)
        if heading:
            headings.append(Heading(len(heading[1]), words.strip(), length))
        out.append(words)
        length += len(words) + 1
    return "\n".join(out), tuple(headings), tuple(dict.fromkeys(links))


def _without_tags(line: str, comment: bool) -> tuple[str, bool]:
    """A line without HTML tags and comments, and whether a comment goes on after it."""
    kept: list[str] = []
    position = 0
    while position < len(line):
        if comment:
            end = line.find("-->", position)
            if end < 0:
                break
            position, comment = end + 3, False
        start = line.find("<!--", position)
        kept.append(line[position : start if start >= 0 else len(line)])
        if start < 0:
            break
        position, comment = start + 4, True
    text = "".join(kept)
    return (_TAG.sub("", text) if "<" in text else text), comment


def _inline(line: str, links: list[str]) -> str:
    pieces = (line[start : start + LONGEST_LINE] for start in range(0, len(line), LONGEST_LINE))
    return "".join(_plain(piece, links) for piece in pieces)


def _plain(line: str, links: list[str]) -> str:
    def wiki(match: re.Match[str]) -> str:
        if match[1].strip():
            links.append(match[1].strip())
        return (match[3] or match[1] or match[2] or "").strip()

    def link(match: re.Match[str]) -> str:
        links.append(match[2].strip("<>"))
        return match[1]

    line = _QUOTE.sub("", line)
    line = _WIKI.sub(wiki, line)
    line = _IMAGE.sub(r"\1", line)
    line = _LINK.sub(link, line)
    line = _AUTOLINK.sub(r"\1", _REFERENCE.sub(r"\1", line))
    for mark in (_CODE, _STRONG, _STRONG, _UNDERSCORE):
        line = mark.sub(r"\2", line)
    return _ESCAPE.sub(r"\1", line)


def _front_matter(source: str) -> tuple[Mapping[str, object], str]:
    match = _FRONT.match(source)
    if not match:
        return {}, source
    try:
        front = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, source
    return (front, source[match.end() :]) if isinstance(front, dict) else ({}, source)


def _listed(value: object) -> list[str]:
    if value is None:
        return []
    return [str(item).strip() for item in value] if isinstance(value, list) else [str(value).strip()]
