"""A `Reply` in Block Kit: what is said, its footnotes, its notes, its buttons; and the card of an approval.

Limits: docs.slack.dev/reference/block-kit/blocks. Whatever people or documents wrote stands in elements that take no
markup, but for the answer itself, which is Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlencode

from bot.chat import Action, Button, Card, Footnote, Reply
from bot.rendering import MOMENT, moment
from bot.slack.calls import Json
from bot.slack.markup import clean, escaped, fallback, linked, split

HEADER = 150
TITLE = 200
TITLES = 6_000
"""Characters of all titles of footnotes together."""
TOGETHER = 12_800
"""Characters of a whole message, a little under what Slack takes (msg_blocks_too_long)."""
FOOTNOTES = 9_000
"""Characters of all footnotes with their links; where there are more they stand without."""
LINK = 2_000
LINE = 2_900
CARD = 9_000
"""Characters of all fields of a card: with the rest under the 13,200 or so of a whole message."""
LABEL = 100
MORE = 40
"""Characters that tell how much of a value is left out."""
ELEMENTS = 10
FEEDBACK = {Action.HELPFUL: "positive_button", Action.UNHELPFUL: "negative_button"}
EMPTY = "\u2060"
_IN_LINKS = "%:/?#[]!$&'*+,;=~"
"""Signs that stay in an address as they are; any other could end it, or be read as Slack's own markup."""


@dataclass(frozen=True, slots=True)
class Part:
    """One message of those that a reply becomes: ``text`` in Markdown, then ``below`` it its blocks."""

    text: str
    below: tuple[Json, ...] = ()
    told: str = ""
    """What notifications say."""

    @property
    def says(self) -> bool:
        """Whether there is anything to read in it."""
        return bool(self.text.strip() or self.below)

    @property
    def blocks(self) -> list[Json]:
        written = [{"type": "markdown", "text": self.text}] if self.text.strip() else []
        return [*written, *self.below] or [_plain_context("nothing", [EMPTY])]


@dataclass(frozen=True, slots=True)
class Links:
    """Where a footnote leads: to its document on the web, else to the console at ``public_url``, else nowhere."""

    public_url: str = ""

    def of(self, note: Footnote) -> str:
        if note.uri.startswith(("http://", "https://")):
            return _bounded(quote(note.uri, safe=_IN_LINKS, errors="replace"))
        if not self.public_url:
            return ""
        span = urlencode({"id": note.document, "start": note.start, "end": note.end})
        return _bounded(f"{self.public_url.rstrip('/')}/document?{span}")


def _bounded(address: str) -> str:
    return address if len(address) <= LINK else ""


def text_of(reply: Reply, links: Links) -> str:
    """The Markdown of a reply; what streams is the beginning of what is final."""
    addresses = {note.number: address for note in reply.footnotes if (address := links.of(note))}
    return linked(reply.text, addresses)


def parts(reply: Reply, links: Links, workspace: str) -> list[Part]:
    """The messages of a reply, in order; all but the text is below the last one."""
    told = fallback(reply.text) or fallback("\n".join(reply.notes)) or "Footnote"
    if reply.card is not None:
        return [Part("", tuple(_card(reply.card, reply.buttons, workspace)), told)]
    texts = split(text_of(reply, links))
    below = (
        *_footnotes(reply, links),
        *_notes(reply),
        *_feedback(reply.buttons, workspace),
        *_actions(reply.buttons, workspace),
    )
    if len(texts[-1]) + sum(len(text) for block in below for text in _texts(block)) > TOGETHER:
        texts.append("")
    return [*(Part(text, (), told) for text in texts[:-1]), Part(texts[-1], below, told)]


def _texts(block: Json) -> Iterator[str]:
    for element in block["elements"]:
        text = element.get("text", "")
        yield text if isinstance(text, str) else str(text.get("text", ""))


def value_of(button: Button) -> str:
    """What a button carries: what it does, and to what."""
    return f"{button.action.value}:{button.subject}"


def parse_value(value: str) -> tuple[Action, str]:
    """Raises `ValueError` for what no button of ours carries."""
    action, _, subject = value.partition(":")
    return Action(action), subject


def _footnotes(reply: Reply, links: Links) -> list[Json]:
    """What each number leads to; numbers that lead to one page stand together."""
    notes = reply.footnotes[: 10 * ELEMENTS]
    room = min(TITLE, TITLES // max(1, len(notes)))
    elements = [_footnote(*one, room) for one in _together(notes, links)]
    if sum(len(element["text"]) for element in elements) > FOOTNOTES:
        elements = [_footnote(_number(note), note.title, "", room) for note in notes]
    return [
        {"type": "context", "block_id": f"footnotes-{start}", "elements": elements[start : start + ELEMENTS]}
        for start in range(0, len(elements), ELEMENTS)
    ]


def _together(notes: Sequence[Footnote], links: Links) -> list[tuple[str, str, str]]:
    """The numbers, the title and the address of each page, or of each footnote that leads nowhere."""
    found: dict[tuple[str, str] | int, tuple[str, str, str]] = {}
    for note in notes:
        address = links.of(note)
        page = (note.title, address) if address else note.number
        numbers = f"{found[page][0]} {_number(note)}" if page in found else _number(note)
        found[page] = (numbers, note.title, address)
    return list(found.values())


def _number(note: Footnote) -> str:
    return f"[{note.number}]"


def _footnote(numbers: str, title: str, address: str, room: int) -> Json:
    link = f"{numbers} <{escape(address, quote=False)}|{escaped(title[:room]) or 'untitled'}>"
    if address and len(link) <= LINE:
        return {"type": "mrkdwn", "text": link, "verbatim": True}
    return _plain(f"{numbers} {' '.join(clean(title).split())[:room]}")


def _notes(reply: Reply) -> list[Json]:
    notes = [note for note in map(clean, reply.notes) if note.strip()][:ELEMENTS]
    return [_plain_context("notes", [note[: LINE // len(notes)] for note in notes])] if notes else []


def _feedback(buttons: tuple[Button, ...], workspace: str) -> list[Json]:
    """The native thumbs (docs.slack.dev/reference/block-kit/block-elements/feedback-buttons-element)."""
    thumbs = {
        FEEDBACK[button.action]: {"text": _plain(button.label or button.action.value), "value": value_of(button)}
        for button in buttons
        if button.action in FEEDBACK
    }
    if len(thumbs) < len(FEEDBACK):
        return []
    element = {"type": "feedback_buttons", "action_id": "feedback", **thumbs}
    return [{"type": "context_actions", "block_id": f"feedback:{workspace}", "elements": [element]}]


def _actions(buttons: tuple[Button, ...], workspace: str) -> list[Json]:
    """The workspace goes along: an interaction in a Grid does not say in which one its message stands."""
    elements = [_button(button) for button in buttons if button.action not in FEEDBACK]
    return [{"type": "actions", "block_id": f"actions:{workspace}", "elements": elements}] if elements else []


def _button(button: Button) -> Json:
    made: Json = {
        "type": "button",
        "action_id": button.action.value,
        "text": _plain(button.label[:75]),
        "value": value_of(button),
    }
    return {**made, "style": button.style} if button.style else made


def _card(card: Card, buttons: tuple[Button, ...], workspace: str) -> list[Json]:
    title = " ".join(clean(card.title).split())
    short = title if len(title) <= HEADER else title[: HEADER - 1] + "…"
    room = CARD // max(1, len(card.fields))
    fields = [_field(label, value, room) for label, value in card.fields]
    told = [_moments(line) for line in (clean(card.outcome)[:LINE], f"#{card.fingerprint}") if line]
    return [
        {"type": "header", "block_id": "title", "text": _plain(short or EMPTY)},
        *([{"type": "rich_text", "block_id": "fields", "elements": fields}] if fields else []),
        {"type": "context", "block_id": "outcome", "elements": told},
        *_actions(buttons, workspace),
    ]


def _moments(line: str) -> Json:
    """A line in which times are those of the reader (docs.slack.dev/messaging/formatting-message-text#date-formatting)."""

    def local(found: re.Match[str]) -> str:
        return f"<!date^{moment(found[0]).timestamp():.0f}^{{date_short_pretty}}, {{time}}|{found[0]}>"

    shown = MOMENT.sub(local, escaped(line))
    if not MOMENT.search(line) or len(shown) > LINE:
        return _plain(line)
    return {"type": "mrkdwn", "text": shown, "verbatim": True}


def _field(label: str, value: str, room: int) -> Json:
    """Literal text: what would be done is shown as it is, whatever signs are in it."""
    label, value = clean(label)[:LABEL], clean(value)
    room = max(0, room - len(label) - MORE)
    shown = value if len(value) <= room else f"{value[:room]}… ({len(value) - room:,} more characters)"
    words = [{"type": "text", "text": f"{label}\n", "style": {"bold": True}}]
    if shown:
        words.append({"type": "text", "text": f"{shown}\n"})
    return {"type": "rich_text_section", "elements": words}


def _plain_context(name: str, lines: list[str]) -> Json:
    return {"type": "context", "block_id": name, "elements": [_plain(line) for line in lines]}


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}
