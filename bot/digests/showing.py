"""An edition and a subscription as messages: what people see, and what they can press."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.chat import Action, Button, Field, Footnote, Form, Reply
from bot.digests.asking import NAMED, in_words, named
from bot.digests.editions import Edition, Entry, Quote
from bot.digests.phrases import LANGUAGES, Phrases
from bot.digests.subscriptions import Length, State, Subscription
from bot.rendering import escape_markdown
from retrieval.fetching import shown

ENGLISH = LANGUAGES[0]


def messages(edition: Edition, language: str) -> list[tuple[str, Reply]]:
    """The messages of an edition with their keys, in order: its head, each story in full, the rest."""
    phrases, content = Phrases.of(language), edition.content
    head = f"**{escape_markdown(content['heading'])}**\n\n" + escape_markdown(content["quiet"] or content["headline"])
    replies = [Reply(head, notes=() if content["items"] or content["rest"] else tuple(content["notes"]))]
    replies += [_story(f"{edition.id}:{number}", entry, phrases) for number, entry in enumerate(content["items"])]
    if content["rest"] or (content["items"] and content["notes"]):
        replies.append(_rest(content["rest"], content["notes"], phrases))
    return [(story_key(edition.id, number - 1), reply) for number, reply in enumerate(replies)]


def story_key(edition: str, number: int) -> str:
    """What the message of a story goes by; its head's number is -1."""
    return f"digest:{edition}:{number + 1}"


def _story(subject: str, entry: Entry, phrases: Phrases) -> Reply:
    notes: list[Footnote] = []
    said = " ".join(f"{escape_markdown(one['text'])} {_mark(notes, one)}" for one in entry.get("sentences", []))
    others = " ".join(_mark(notes, _of_link(link)) for link in entry.get("also", []))
    lines = [f"**{escape_markdown(entry['title'])}**", said, f"*{escape_markdown(entry.get('why', ''))}*"]
    if others:
        lines.append(f"{phrases.also}: {others}")
    buttons = (
        Button(Action.MORE, subject, "More like this"),
        Button(Action.LESS, subject, "Less"),
        Button(Action.MUTE, subject, "Mute source"),
        Button(Action.RESEARCH, subject, "Research this"),
        Button(Action.REMEMBER, subject, "Remember"),
    )
    return Reply("\n\n".join(filter(None, lines)), tuple(notes), buttons)


def _rest(rest: list[Entry], notes: list[str], phrases: Phrases) -> Reply:
    footnotes: list[Footnote] = []
    lines = [f"- {escape_markdown(entry['title'])} {_mark(footnotes, _of_entry(entry))}" for entry in rest]
    text = "\n".join([f"**{phrases.rest}**", "", *lines]) if lines else ""
    return Reply(text, tuple(footnotes), notes=tuple(notes))


def _mark(notes: list[Footnote], quote: Quote) -> str:
    """The mark of a footnote, which has a number for each thing that is cited."""
    known = next((one for one in notes if (one.document, one.start) == (quote["document"], quote["start"])), None)
    if known is None:
        known = Footnote(
            len(notes) + 1,
            quote["document"],
            quote["title"],
            quote["link"],
            quote["start"],
            quote["end"],
            quote["quote"],
        )
        notes.append(known)
    return f"[{known.number}]"


def _of_link(link: str) -> Quote:
    return Quote(text="", quote="", link=link, title=shown(link), document=link, start=0, end=0)


def _of_entry(entry: Entry) -> Quote:
    document = entry.get("document") or entry["link"] or entry["title"]
    return Quote(text="", quote="", link=entry["link"], title=entry["title"], document=document, start=0, end=0)


def card_key(subscription: str) -> str:
    """What the card of a subscription goes by, as a message and as what its buttons answer."""
    return f"digest-{subscription}"


def card(subscription: Subscription, following: float | None) -> Reply:
    """What is subscribed to, when it comes next, and what can be done with it."""
    subject = card_key(subscription.id)
    about = escape_markdown(subscription.topics or "everything from its sources")
    if subscription.state is State.DELETED:
        return Reply(f"🗑️ The digest on {about} was deleted.")
    when = in_words(subscription.cron, subscription.zone)
    lines = [
        f"🗞️ **Digest on {about}**",
        f"{when[0].upper()}{when[1:]}"
        + (" with a weekly summary on Fridays" if subscription.weekly else "")
        + f", {subscription.length.value} length, in {subscription.language or ENGLISH}.",
        "From " + escape_markdown(", ".join(named(source) for source in subscription.read)) + ".",
    ]
    if subscription.state is State.PAUSED:
        lines.append(f"⏸️ Paused. {escape_markdown(subscription.reason)}".strip())
        turn = Button(Action.RESUME, subject, "Resume", "primary")
    else:
        if following:
            lines.append(f"Next: {datetime.fromtimestamp(following, ZoneInfo(subscription.zone)):%d %b %Y, %H:%M}.")
        turn = Button(Action.PAUSE, subject, "Pause")
    edit = Button(Action.CHANGE, subject, "Edit", form=_form(subscription))
    return Reply("\n\n".join(lines), buttons=(edit, turn, Button(Action.DELETE, subject, "Delete", "danger")))


def _form(subscription: Subscription) -> Form:
    fields = (
        Field("topics", "Topics, with commas", "multiline", subscription.topics),
        Field("sources", "Sources", "multiline", "\n".join(subscription.read), help=NAMED[:100]),
        Field("when", "When", value=in_words(subscription.cron, subscription.zone), required=True),
        Field("length", "Length", "choice", subscription.length.value, choices=tuple(Length)),
        Field("language", "Language", "choice", subscription.language or ENGLISH, choices=LANGUAGES),
    )
    return Form("Edit the digest", fields, "Save")
