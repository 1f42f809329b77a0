"""The marks within a line of Markdown, after https://spec.commonmark.org: they go, the words stay."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping

from retrieval.documents import Link
from retrieval.scripts import CJK

LONGEST_LINE = 2_000
"""Marks are looked for in pieces of a line no longer than this, so that a hostile one takes no quadratic time."""
_BREAKING = (
    "address article aside blockquote br caption center dd details dialog div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr li main menu nav ol optgroup option p pre section select summary table tbody td tfoot th "
    "thead tr ul"
)
_WITHIN = (
    "abbr acronym area audio base bdi bdo big body button canvas cite code col colgroup data datalist del dfn em embed "
    "font head html iframe img input ins kbd label legend link map mark meta meter noscript object output param picture "
    "progress rp rt ruby samp script slot small source span strike strong style sub sup svg template textarea time title "
    "track tt var video wbr"
)
_VALUE = r"""\s+[\w:.@-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'=<>`]+)"""
_BARE = (
    r"\s+(?:async|checked|compact|controls|defer|disabled|hidden|loop|muted|nowrap|open|readonly|required|reversed)\b"
)
_TAG = "|".join(
    (
        rf"</?(?P<breaking>{'|'.join(_BREAKING.split())})(?:{_VALUE}|{_BARE})*\s*/?>",
        rf"</?(?:{'|'.join(_WITHIN.split())})(?:{_VALUE}|{_BARE})*\s*/?>",
        rf"</[abiqsu]\s*>|(?<!\w)<[abiqsu]\s*>|<[abiqsu](?:{_VALUE})+\s*>",
    )
)
"""Tags that HTML has; any other is text (``vector<int>``, ``a<b or c>d``), as is ``List<A>``."""
_BINDING = re.compile(
    r"(?<!`)(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|\\(?P<escaped>[\\`*_{}\[\]()#+\-.!|<>~=$&\"'^])"
    r"|<!--(?:.*?-->|(?P<open>.*$))"
    r"|!?\[\[(?P<target>[^\[\]|#\\]*)(?:\#(?P<section>[^\[\]|\\]*))?(?:\\?\|(?P<shown>[^\[\]]*))?\]\]"
    r"|<(?P<address>(?:https?|ftp|mailto):[^<>\s]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)>"
    rf"|{_TAG}"
    r"|(?P<entity>&(?:[a-z][a-z0-9]{1,30}|\#\d{1,7}|\#x[0-9a-f]{1,6});)"
    r"|(?P<note>\[\^[^\[\]\s]+\])",
    re.IGNORECASE,
)
"""What binds more tightly than links and emphasis: the leftmost one counts."""
_IMAGE = re.compile(r"!\[([^\[\]]*)\]\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)")
_LINK = re.compile(r"\[([^\[\]]*)\]\((<[^<>]*>|[^()\s]*(?:\([^()]*\)[^()\s]*)*)(?:\s+[\"'][^\"']*[\"'])?\)")
_REFERENCE = re.compile(r"!?\[([^\[\]]+)\](?:\[([^\[\]]*)\])?")
_NARROW = rf"[^\W{CJK}]"
"""Marks between two of these are no emphasis (``3*4*5``); between Chinese words, which have no spaces, they are."""
_STARS = re.compile(rf"(?<!{_NARROW})(?<!\*)(\*{{1,3}})(?=[^\s*])((?:[^*]|\b\*\b){{1,300}}?)(?<=\S)\1(?!{_NARROW})")
_LINES = re.compile(rf"(?<!{_NARROW})(~~|==)(?=\S)(.{{1,300}}?)(?<=\S)\1(?!{_NARROW})")
NESTED = 3
"""Emphasis within emphasis, from the inside."""
_UNDERSCORE = re.compile(r"(?<!\w)(__|_)(?=\S)(.{1,300}?)(?<=\S)\1(?!\w)")
_DUNDER = re.compile(r"__[a-z0-9_]+__")
_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+(?:\[![\w-]+\][+-]?[ \t]*)?")
_KEPT = re.compile("\ue000(\\d+)\ue001")


class Inline:
    """Takes the marks off the lines of one document, in order; ``links`` says where they led, and from which offset.

    ``definitions`` are the targets of its reference links, by label in lower case.
    """

    def __init__(self, definitions: Mapping[str, str]) -> None:
        self.links: list[Link] = []
        self._definitions = definitions
        self._in_comment = False

    def uncommented(self, line: str) -> str:
        """What a line has behind the comment that was open before it, if one was."""
        if not self._in_comment:
            return line
        _, end, rest = line.partition("-->")
        self._in_comment = not end
        return rest

    def plain(self, line: str, at: int, closed_later: bool = False) -> str:
        """The words of a line that starts at this offset. A comment goes on behind it only if it is ``closed_later``."""
        if not line.strip():
            return ""
        words, end = "", 0
        line = _QUOTE.sub("", line)
        last_close = line.rfind("-->")
        for piece in _pieces(line):
            end += len(piece)
            words += self._plain(self.uncommented(piece), at + len(words), closed_later or last_close >= end)
        return words

    def _plain(self, text: str, at: int, closed_later: bool) -> str:
        kept: list[str | Link] = []

        def keep(one: str | Link) -> str:
            kept.append(one)
            return f"\ue000{len(kept) - 1}\ue001"

        def link(match: re.Match[str]) -> str:
            return keep(Link(match[2].strip("<>"), 0)) + match[1]

        def reference(match: re.Match[str]) -> str:
            target = self._definitions.get((match[2] or match[1]).casefold())
            return keep(Link(target, 0)) + match[1] if target else match[0]

        text = _BINDING.sub(lambda match: self._binding(match, keep, closed_later), text)
        text = _REFERENCE.sub(reference, _LINK.sub(link, _IMAGE.sub(r"\1", text)))
        for _ in range(NESTED):
            text = _STARS.sub(r"\2", text)
        text = _LINES.sub(r"\2", text)
        text = _UNDERSCORE.sub(lambda match: match[0] if _DUNDER.fullmatch(match[0]) else match[2], text)
        return self._restored(text, kept, at)

    def _binding(self, match: re.Match[str], keep: Callable[[str | Link], str], closed_later: bool) -> str:
        found = match.groupdict()
        if (code := found["code"]) is not None:
            return keep(code[1:-1] if code.strip() and code[0] == code[-1] == " " else code)
        if found["open"] is not None:
            self._in_comment = closed_later
            return "" if closed_later else match[0]
        if found["target"] is not None:
            target = found["target"].strip()
            shown = (found["shown"] or target or found["section"] or "").strip()
            return keep(Link(target, 0)) + shown if target else shown
        if literal := found["escaped"] or found["address"]:
            return keep(literal)
        if found["entity"]:
            return keep(html.unescape(match[0]))
        return " " if found["breaking"] else ""

    def _restored(self, text: str, kept: list[str | Link], at: int) -> str:
        """The text with what was kept of it in its place again."""
        words, position = "", 0
        for match in _KEPT.finditer(text):
            words += text[position : match.start()]
            position = match.end()
            one = kept[int(match[1])] if int(match[1]) < len(kept) else ""
            if isinstance(one, Link):
                target = _KEPT.sub(lambda match: str(kept[int(match[1])]), one.target)
                self.links.append(Link(target, at + len(words)))
            else:
                words += one
        return words + text[position:]


def _pieces(line: str) -> Iterator[str]:
    """A line cut at spaces into pieces of `LONGEST_LINE` at most."""
    start = 0
    while len(line) - start > LONGEST_LINE:
        cut = line.rfind(" ", start + LONGEST_LINE // 2, start + LONGEST_LINE) + 1 or start + LONGEST_LINE
        yield line[start:cut]
        start = cut
    yield line[start:]
