"""Asking for a digest: `/digest`, or in a mention, as “digest on …” or “every weekday at 8, tell us what's new on …”."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable

from bot.chat import Action, Mention, Press
from bot.commands import Invocation
from bot.cron import CronInvalid
from bot.digests.asking import NotUnderstood, in_words, understood
from bot.digests.service import Digests
from bot.digests.subscriptions import State
from bot.rendering import escape_markdown

USAGE = "Write what it is to be about and when: `/digest every weekday at 8, what's new on retrieval evaluation`."
_ASKS = re.compile(
    r"^\s*/?digests?\b\s*:?\s*(?P<rest>.*)$"
    r"|^\s*(?:(?:please|can you|could you)\s+)?(?P<said>(?:(?:every|each)\s+\w+|daily|on\s+weekdays|weekdays|每天|每个工作日)\b.*"
    r"(?:what['’]?s\s+new|what\s+is\s+new|digest|新消息|动态).*)$",
    re.IGNORECASE | re.DOTALL,
)


def asks_for_digest(text: str) -> str | None:
    """The words behind it where a mention asks for a digest; None where it is a question like any other."""
    found = _ASKS.match(text)
    return None if found is None else (found["said"] or found["rest"]).strip()


def subscribing(mention: Mention, words: str) -> Press:
    """A mention that asks for a digest, as the press that subscribes."""
    subject = uuid.uuid5(uuid.NAMESPACE_URL, mention.event_id).hex[:16]
    form = {"text": words}
    return Press(mention.event_id, mention.place, mention.person, Action.SUBSCRIBE, subject, mention.at, form)


def digest_command(
    digests: Digests, accept: Callable[[Press], Awaitable[None]], zone: str, clock: Callable[[], float]
) -> Callable[[Invocation], Awaitable[str]]:
    """What `/digest` does. What is asked for is understood at once and carried out behind it."""

    async def run(invocation: Invocation) -> str:
        if not invocation.text.strip():
            here = await digests.subscriptions.here(invocation.place)
            lines = [
                f"- {escape_markdown(one.topics or 'its sources')}, {in_words(one.cron, one.zone)}, for {one.owner.name}"
                + (f". ⏸️ Paused. {one.reason}" if one.state is State.PAUSED else "")
                for one in here
            ]
            return (
                "\n".join(["**Digests in this channel**, changed by the buttons of their cards:", *lines])
                if here
                else USAGE
            )
        try:
            wish = understood(invocation.text, zone)
        except (NotUnderstood, CronInvalid) as error:
            return str(error)
        used = uuid.uuid5(uuid.NAMESPACE_URL, invocation.id) if invocation.id else uuid.uuid4()
        subject, form = used.hex[:16], {"text": invocation.text}
        press = Press(
            f"digest-{subject}", invocation.place, invocation.person, Action.SUBSCRIBE, subject, clock(), form
        )
        await accept(press)
        about = escape_markdown(wish.topics or ", ".join(wish.sources))
        return f"Subscribed: {about}, {in_words(wish.cron, wish.zone)}. A preview comes in a moment."

    return run
