"""A Reply as Discord's messages of components (docs.discord.com/developers/components/reference).

Components rather than content with embeds: one message holds 4,000 characters instead of 2,000, footnotes and notes
stand below a line in small print, nothing in it unfurls, and the id of the first component says which part of which
reply a message is, so that it is found again after a crash.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import discord

from bot.chat import Card, Chart, Footnote, Reply
from bot.discord import markup
from bot.discord.buttons import PressButton
from bot.picture import png
from bot.posts import digest_of

MOST_TEXT = 3_900
"""Characters of one message, below Discord's 4,000."""
MOST_PIECES = 30
"""Pieces of one message, so that it stays below Discord's 40 components."""
_COLOURS = {"proposed": 0xE3A008, "approved": 0x3B82F6, "started": 0x3B82F6, "done": 0x22C55E}
_TROUBLE = {"failed": 0xEF4444, "unknown": 0xEF4444}
_GREY = 0x6B7280
BODY, FOOT, NOTE, CARD = "body", "foot", "note", "card"


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stay together, and what they are: body, foot, note or card."""

    kind: str
    text: str


class MessageView(discord.ui.LayoutView):
    """A message. ``picture`` is the file that goes along with it, with its name."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.picture: tuple[str, bytes] | None = None

    @property
    def files(self) -> list[discord.File]:
        """What goes along, made anew for each try: the library reads a file once."""
        return [discord.File(io.BytesIO(self.picture[1]), self.picture[0])] if self.picture else []


def mark_of(key: str, part: int) -> int:
    """The id of the first component of a part of a message: the same after every restart."""
    digest = hashlib.blake2b(f"{key}/{part}".encode(), digest_size=4).digest()
    return 1_000 + int.from_bytes(digest, "big") % (2**31 - 1_001)


def pages(reply: Reply, key: str, public_url: str = "") -> list[MessageView]:
    """The messages that show a final reply, a picture on the first one, the buttons on the last one."""
    groups = _packed(_content(reply, public_url)) or [[Piece(BODY, "…")]]
    views = [_page(group, mark_of(key, part), reply.card) for part, group in enumerate(groups)]
    if reply.chart is not None:
        _illustrate(views[0], reply.chart)
    if reply.buttons:
        row: discord.ui.ActionRow[Any] = discord.ui.ActionRow(*(PressButton.of(one) for one in reply.buttons[:5]))
        last = views[-1].children[0] if reply.card is not None else views[-1]
        last.add_item(row)  # type: ignore[union-attr]  # a card's first child is its container
    return views


def _illustrate(view: MessageView, chart: Chart) -> None:
    data = png(chart)
    name = f"chart-{hashlib.blake2b(data, digest_size=6).hexdigest()}.png"
    view.picture = (name, data)
    shown = discord.MediaGalleryItem(f"attachment://{name}", description=chart.said[:1_000])
    view.add_item(discord.ui.MediaGallery(shown))


def draft(status: str, reply: Reply | None, key: str) -> MessageView:
    """The message that stands while it works: what is going on in a small line, and below it what is written so far."""
    view = MessageView()
    words = f"-# ⏳ {markup.line(status, 200)}…" if status else "-# ⏳"
    view.add_item(discord.ui.TextDisplay(words, id=mark_of(key, 0)))
    if reply is not None:
        written = markup.blocks(markup.whole(reply.text), links_of(reply.footnotes))
        groups = _packed([Piece(BODY, one) for one in written], MOST_TEXT - len(words))
        if groups:
            earlier = "…\n\n" if len(groups) > 1 else ""
            view.add_item(discord.ui.TextDisplay(earlier + _joined(groups[-1], "\n\n")))
    return view


def plain(text: str) -> list[MessageView]:
    """Our own Markdown, such as a help text, in messages."""
    return [_page(group, None, None) for group in _packed(Piece(BODY, one) for one in markup.blocks(text))]


def whisper(reply: Reply, public_url: str = "") -> list[MessageView]:
    """The messages of a reply that only one person sees: without buttons, and none where nothing is said."""
    return [_page(group, None, reply.card) for group in _packed(_content(reply, public_url))]


def digest(view: discord.ui.LayoutView) -> str:
    """What is the same for messages that look the same."""
    return digest_of(view.to_components())  # type: ignore[no-untyped-call]  # the library has left out its type


def links_of(footnotes: Iterable[Footnote]) -> set[str]:
    """The addresses that were retrieved."""
    return {one for note in footnotes for one in (note.uri, note.document) if one.startswith(("http://", "https://"))}


def address_of(note: Footnote, public_url: str) -> str:
    """Where a footnote leads: the page itself, or the document at the cited sentence in the console; or nowhere."""
    for one in (note.uri, note.document):
        if one.startswith(("http://", "https://")):
            return one
    if not public_url:
        return ""
    query = urlencode({"id": note.document, "start": note.start, "end": note.end})
    return f"{public_url.rstrip('/')}/document?{query}"


def _content(reply: Reply, public_url: str) -> list[Piece]:
    return _answer(reply, public_url) if reply.card is None else _card(reply.card)


def _answer(reply: Reply, public_url: str) -> list[Piece]:
    body = [Piece(BODY, one) for one in markup.blocks(reply.text, links_of(reply.footnotes))]
    foot = [Piece(FOOT, _footnote(note, public_url)) for note in reply.footnotes]
    notes = [Piece(NOTE, f"-# {shown}") for one in reply.notes if (shown := markup.line(one, 400))]
    return [*body, *foot, *notes]


def _footnote(note: Footnote, public_url: str) -> str:
    title = markup.line(note.title, 120) or "untitled"
    address = address_of(note, public_url)
    named = markup.link(title, address) if 0 < len(address) <= 1_000 else title
    quoted = f" · “{quote}”" if (quote := markup.line(note.quote, 160)) else ""
    return f"-# \\[{note.number}\\] {named}{quoted}"


def _card(card: Card) -> list[Piece]:
    fields = [
        piece
        for label, value in card.fields
        for piece in markup.pieces(f"**{markup.line(label, 100)}**\n{markup.escape(value) or '—'}", MOST_TEXT - 600)
    ]
    title = f"### {markup.line(card.title, 300)}"
    outcome = f"{markup.line(card.outcome, 900)}\n-# `{card.fingerprint}`"
    return [Piece(CARD, one) for one in (title, *fields, outcome)]


def _packed(content: Iterable[Piece], most: int = MOST_TEXT) -> list[list[Piece]]:
    """The pieces in as many messages of so many characters as they need; one that is too long for any is cut."""
    groups: list[list[Piece]] = []
    size = 0
    for piece in content:
        for text in markup.pieces(piece.text, most):
            if not groups or size + len(text) > most or len(groups[-1]) >= MOST_PIECES:
                groups.append([])
                size = 0
            groups[-1].append(Piece(piece.kind, text))
            size += len(text) + 2
    return groups


def _page(group: Sequence[Piece], mark: int | None, card: Card | None) -> MessageView:
    view = MessageView()
    if card is not None:
        colour = (_COLOURS | _TROUBLE).get(card.state, _GREY)
        texts = [discord.ui.TextDisplay[Any](piece.text) for piece in group]
        return view.add_item(discord.ui.Container(*texts, accent_colour=colour, id=mark))
    for kind, between in ((BODY, "\n\n"), (FOOT, "\n"), (NOTE, "\n")):
        if not (of_kind := [piece for piece in group if piece.kind == kind]):
            continue
        if kind == FOOT and view.children:
            view.add_item(discord.ui.Separator())
        view.add_item(discord.ui.TextDisplay(_joined(of_kind, between), id=None if view.children else mark))
    return view


def _joined(group: Sequence[Piece], between: str) -> str:
    return between.join(piece.text for piece in group)
