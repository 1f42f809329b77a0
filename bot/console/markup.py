"""Markdown of a reply as safe HTML: no raw HTML, no scripts in links, footnote marks that lead to the sentence."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from markdown_it import MarkdownIt

from bot.chat import Footnote
from bot.rendering import MOMENT, moment

QUOTED = 200
"""Characters of a quotation that a web page is opened at."""
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
        return html.escape(_at_words(note.document, " ".join(note.quote.split())), quote=True)
    query = urlencode({"id": note.document, "start": note.start, "end": note.end})
    return html.escape(f"/document?{query}", quote=True)


def _at_words(page: str, words: str) -> str:
    """A page opened at words on it (https://wicg.github.io/scroll-to-text-fragment/), of which whole ones are looked for."""
    if len(words) > QUOTED:
        words = words[:QUOTED].rpartition(" ")[0]
    if not words:
        return page
    return f"{page}{'' if '#' in page else '#'}:~:text={quote(words, safe='').replace('-', '%2D')}"


def local_time(at: float) -> str:
    """A moment as HTML, which the browser shows on its reader's clock."""
    return _time(datetime.fromtimestamp(at, UTC), f"{datetime.fromtimestamp(at, UTC):%d %b, %H:%M} UTC")


def localised(text: str) -> str:
    """Plain text as HTML, the moments in it on the reader's clock."""
    return MOMENT.sub(lambda match: _time(moment(match[0]), match[0]), html.escape(text))


def _time(at: datetime, shown: str) -> str:
    return f'<local-time datetime="{at.isoformat()}">{shown}</local-time>'
