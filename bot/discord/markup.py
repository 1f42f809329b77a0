"""The agent's Markdown as Discord shows it: nothing in it calls people, and no link leads where nothing was retrieved.

Discord's Markdown (support.discord.com/hc/en-us/articles/210298617) has no tables, no pictures and three headings;
it makes links of bare addresses, and mentions of <@…>.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_MARK = re.compile(r"(?<!\\)\[(\d{1,3})\]")
_HELD = re.compile("\ue000(\\d{1,3})\ue001")
"""A footnote's mark on its way through Markdown: characters of no script, so that quoted words can't look like one."""
_URL = re.compile(r"(?:https?|discord)://[^\s<>`]*[^\s<>`.,:;!?]", re.IGNORECASE)
"""An address, without the sign that ends the sentence it stands in."""
_SPECIAL = re.compile(r"[\\*_~`|\[\]<>]")
_LINE_START = re.compile(r"^(\s*)(#|-|\+|\d+(?=\.))", re.MULTILINE)
_EVERYONE = re.compile(r"@(?=everyone|here)")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_HALF_LINK = re.compile(r"(?:!?\[[^\]]*|\[[^\]]*\]\([^)]*|(?<!\()<?https?://\S*)$")
_FENCE = re.compile(r"^((?:> |  |- |\d+\. ){0,20}+)```", re.MULTILINE)
_WHOLE = re.compile(
    r"(?P<fence>^[>\s\d.-]*```$.*?(?:^[>\s]*```$|\Z))|\[(?:\\.|[^\]\\]){0,300}+\]\(<[^>\n]*>\)|``.*?``|`[^`\n]*`|\\.",
    re.MULTILINE | re.DOTALL,
)
"""A link, code in a line, a sign with its backslash. Code in lines of its own may be cut."""
_SPARE = 24
"""Characters for the end of code that is cut."""
_LONGEST_LINK = 3_000
"""Characters of a link that is kept in one piece."""
_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").enable("strikethrough")


def blocks(text: str, links: Collection[str] = ()) -> list[str]:
    """The paragraphs, lists, tables, … of a Markdown text for Discord; ``links`` are the addresses that may be led to."""
    held = _MARK.sub("\ue000\\1\ue001", _CONTROL.sub("", text).replace("\ue000", "").replace("\ue001", ""))
    tree = SyntaxTreeNode(_markdown.parse(held))
    shown = [_Writer(links).block(node) for node in tree.children]
    return [_HELD.sub(r"\\[\1\\]", block) for block in shown if block.strip()]


def escape(text: str) -> str:
    """Words as themselves."""
    parts, end = [], 0
    for match in _URL.finditer(text):
        parts += [_escape(text[end : match.start()]), f"`{match[0]}`"]
        end = match.end()
    return "".join([*parts, _escape(text[end:])])


def line(text: str, most: int) -> str:
    """Words as themselves, in one line of so many characters."""
    flat = " ".join(_CONTROL.sub("", text).split())
    return escape(flat if len(flat) <= most else f"{flat[: most - 1]}…")


def link(label: str, address: str) -> str:
    """A masked link; the label is Discord's Markdown already."""
    return f"[{label}](<{address.replace(' ', '%20').replace('<', '%3C').replace('>', '%3E')}>)"


def whole(text: str) -> str:
    """What is written so far, without the half of a link at its end."""
    return _HALF_LINK.sub("", text)


def pieces(block: str, most: int) -> list[str]:
    """A block in parts of so many characters: code stays code, a quote a quote, and no link or name is cut in two."""
    found = []
    while len(block) > most:
        cut = _cut(block, most - _SPARE)
        part, block = block[:cut], block[cut:]
        if (inside := _open_fence(part)) is not None:
            part, block = f"{part.rstrip(chr(10))}\n{inside}```", f"{inside}```\n{block.lstrip(chr(10))}"
        else:
            block = ("" if part.endswith("\n") else _quote_of(part)) + block.lstrip()
        found.append(part.strip())
    return [*found, block] if block.strip() else found


def _cut(text: str, most: int) -> int:
    """Where to cut: behind the last line, sentence or word that fits, and within nothing that must stay whole."""
    near = _WHOLE.finditer(text, 0, most + _LONGEST_LINK)
    whole = [match.span() for match in near if match["fence"] is None]
    for mark in ("\n", ". ", " "):
        end = most
        while (at := text.rfind(mark, most // 2, end)) > 0:
            cut = at + len(mark)
            within = next((start for start, stop in whole if start < cut < stop), None)
            if within is None:
                return cut
            end = within
    return next((start for start, stop in whole if start < most < stop), 0) or most


def _open_fence(text: str) -> str | None:
    """What stands before each line of the code that is not ended in a text; None where there is none."""
    fences = list(_FENCE.finditer(text))
    return re.sub(r"- |\d+\. ", "  ", fences[-1][1]) if len(fences) % 2 else None


def _quote_of(text: str) -> str:
    """What makes the last line of a text a quote."""
    quoted = re.match(r"(?:> ){0,20}", text[text.rfind("\n") + 1 :])
    return quoted[0] if quoted else ""


def _escape(text: str) -> str:
    plain = _SPECIAL.sub(r"\\\g<0>", _CONTROL.sub("", text))
    return _EVERYONE.sub("@\u200b", plain)


class _Writer:
    """Writes the nodes of a parsed text."""

    def __init__(self, links: Collection[str]) -> None:
        self._links = links
        self._ways: dict[str, Callable[[SyntaxTreeNode], str]] = {
            "heading": self._heading,
            "bullet_list": self._list,
            "ordered_list": self._list,
            "blockquote": lambda node: _prefixed("> ", self._blocks(node, "\n")),
            "fence": lambda node: _fenced(node.content),
            "code_block": lambda node: _fenced(node.content),
            "table": self._table,
            "hr": lambda node: "───",
            "text": lambda node: escape(node.content),
            "softbreak": lambda node: "\n",
            "hardbreak": lambda node: "\n",
            "strong": lambda node: f"**{self._inline(node)}**",
            "em": lambda node: f"*{self._inline(node)}*",
            "s": lambda node: f"~~{self._inline(node)}~~",
            "code_inline": lambda node: _code(node.content),
            "link": self._link,
            "image": lambda node: escape(node.content),
        }

    def block(self, node: SyntaxTreeNode) -> str:
        """One node and everything in it."""
        way = self._ways.get(node.type)
        if way is not None:
            return way(node)
        if node.type in ("paragraph", "inline", "td", "th"):
            written = self._inline(node)
            return _LINE_START.sub(r"\1\\\2", written) if node.type == "paragraph" else written
        return self._blocks(node, "\n") if node.children else escape(node.content)

    def _blocks(self, node: SyntaxTreeNode, between: str) -> str:
        return between.join(self.block(child) for child in node.children)

    def _inline(self, node: SyntaxTreeNode) -> str:
        return self._blocks(node, "")

    def _heading(self, node: SyntaxTreeNode) -> str:
        level = int(node.tag[1])
        words = self._inline(node)
        if not words.strip():
            return ""
        return f"{'#' * level} {words}" if level <= 3 else f"**{words}**"

    def _list(self, node: SyntaxTreeNode) -> str:
        first = int(node.attrs.get("start") or 1)
        lines = []
        for number, item in enumerate(node.children, first):
            bullet = f"{number}. " if node.type == "ordered_list" else "- "
            lines.append(bullet + _indented(self._blocks(item, "\n"), "  "))
        return "\n".join(lines)

    def _table(self, node: SyntaxTreeNode) -> str:
        """Discord has none: columns of the same width, as code."""
        rows = [[_plain(cell) for cell in row.children] for part in node.children for row in part.children]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return _fenced("\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]]))

    def _link(self, node: SyntaxTreeNode) -> str:
        address, label = str(node.attrs.get("href", "")), self._inline(node)
        if address in self._links:
            return link(label, address)
        return label if f"`{address}`" in label else f"{label} ({_code(address)})"


def _plain(node: SyntaxTreeNode) -> str:
    words = node.content if node.type in ("text", "code_inline") else "".join(_plain(child) for child in node.children)
    return _HELD.sub(r"[\1]", words)


def _fenced(code: str) -> str:
    return f"```\n{code.rstrip(chr(10)).replace('```', '`​``')}\n```"


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _prefixed(prefix: str, text: str) -> str:
    return "\n".join(prefix + one for one in text.split("\n"))


def _indented(text: str, by: str) -> str:
    return text.replace("\n", f"\n{by}")
