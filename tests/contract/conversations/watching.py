"""What a case waits for, on any platform."""

from __future__ import annotations

import pytest

from bot.chat import Action
from tests.contract.conversations import ANN, BOB, Said, Talk, told, until
from tests.contract.stages import Seen

LAST, LAST_ANSWER = "on which day does the pirate flag fly?", "flies on Mondays"
"""What is asked nowhere but when a case is over, and what stands in the answer to it alone."""


def can(talk: Talk, *needed: str) -> None:
    """Skip the case where the platform can't."""
    for one in needed:
        if why := talk.cannot.get(one):
            pytest.skip(why)


async def answered(talk: Talk, said: Said, times: int = 1) -> Seen:
    """The last of so many messages of the assistant."""

    async def there() -> list[Seen]:
        found = await talk.answers(said)
        return found if len(found) >= times else []

    return (await until(there))[-1]


async def number(talk: Talk, said: Said) -> int:
    """How many messages the assistant has in a thread once nothing more comes.

    That is when it has answered a last question there, which isn't counted: in a thread it answers one after the other.
    """
    await talk.mention(BOB, said, LAST)

    async def there() -> list[Seen]:
        found = await talk.answers(said)
        return found if any(LAST_ANSWER in told(one) for one in found) else []

    return sum(LAST_ANSWER not in told(one) for one in await until(there))


async def unasked(talk: Talk, channel: str) -> list[Seen]:
    """What the assistant has said in a channel once it has answered a last question there, which isn't counted."""
    said = await talk.mention(BOB, channel, LAST)
    assert LAST_ANSWER in told(await answered(talk, said))
    return await talk.spoken(channel, said)


async def busy(talk: Talk, said: Said) -> None:
    """Wait until people see that it works on an answer."""
    await until(lambda: talk.is_busy(said))


async def quiet(talk: Talk, said: Said) -> None:
    """Wait until nobody sees any more that it works on an answer."""

    async def rests() -> bool:
        return not await talk.is_busy(said)

    await until(rests)


async def proposed(talk: Talk, text: str, asks: str = ANN) -> Said:
    """The thread with the card of what was asked for."""
    said = await talk.mention(asks, await talk.channel(), text)
    assert Action.APPROVE in (await answered(talk, said)).buttons
    return said


async def decided(talk: Talk, said: Said, *parts: str) -> str:
    """What the card says, once it says this."""

    async def there() -> str:
        shown = [" ".join(one.card) for one in await talk.answers(said) if one.card]
        return shown[-1] if shown and all(part.casefold() in shown[-1].casefold() for part in parts) else ""

    return await until(there)
