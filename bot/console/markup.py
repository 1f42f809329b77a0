"""Markdown of a reply as safe HTML: no raw HTML, no scripts in links, footnote marks that lead to the sentence."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from urllib.parse import urlencode

from markdown_it import MarkdownIt

from bot.chat import Footnote

_MARK = re.compile(r"(?<!\\)\[(\d{1,3})\]")
_HELD = re.compile("\ue000(\\d{1,3})\ue001")
"""A footnote's mark on its way through Markdown: characters of no script, so that quoted words can't look like one."""
_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).disable("image")


def render(text: str, footnotes: Sequence[Footnote] = ()) -> str:
    """HTML of the text; a [n] whose footnote is known becomes a link to the sentence it rests on, an escaped one does not."""
    known = {note.number: note for note in footnotes}

    def hold(match: re.Match[str]) -> str:
        return f"\ue000{match[1]}\ue001" if int(match[1]) in known else match[0]

    def mark(match: re.Match[str]) -> str:
        note = known[int(match[1])]
        label = html.escape(f"Footnote {note.number}: {note.title}", quote=True)
        return f'<a class="fn" href="{address(note)}" aria-label="{label}">{note.number}</a>'

    plain = text.replace("\ue000", "").replace("\ue001", "")
    return _HELD.sub(mark, _markdown.render(_MARK.sub(hold, plain)))


def address(note: Footnote) -> str:
    """Where the console opens the document at the cited sentence; a web page opens where it is."""
    if note.document.startswith(("http://", "https://")):
        fragment = urlencode({":~:text": " ".join(note.quote.split())[:200]}).replace("%3A%7E%3A", ":~:")
        return html.escape(f"{note.document}#{fragment}", quote=True)
    query = urlencode({"id": note.document, "start": note.start, "end": note.end})
    return html.escape(f"/document?{query}", quote=True)


def marked(text: str, start: int, end: int) -> str:
    """A document's text as HTML, ``text[start:end]`` highlighted under the id ``cited``."""
    before, cited, after = text[:start], text[start:end], text[end:]
    return f'{html.escape(before)}<mark id="cited" tabindex="-1">{html.escape(cited)}</mark>{html.escape(after)}'
