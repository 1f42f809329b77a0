"""What Discord answers when it will not, in the words of the port (docs.discord.com/developers/topics/opcodes-and-status-codes).

What may pass is tried again a bounded number of times; everything that is tried again here may safely happen twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import aiohttp
import discord

from bot.chat import ChatAway, ChatError, ChatGone, ChatRefused

T = TypeVar("T")
WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0, 120.0, 120.0)
"""Seconds between tries of what must arrive: an outage of some minutes is sat out."""
ONCE: Sequence[float] = ()
FEW = (0.5, 1.0, 2.0)
CALL_SECONDS = 120.0
"""Longer than the library itself waits for a rate limit or repeats a 5xx."""
_GONE = {10003, 10004, 50001, 50007, 50013, 50278, 160005}
"""Unknown channel or guild, no access, no permission, a person who takes no direct messages, a locked thread."""
PASSING = (discord.DiscordServerError, discord.RateLimited, aiohttp.ClientError, TimeoutError, OSError)


class MessageGone(ChatRefused):
    """Somebody deleted the message."""


class ThreadAsleep(ChatRefused):
    """The thread is archived: it has to be opened before a message in it is changed."""


class ThreadThere(ChatRefused):
    """The message has its thread already."""


class TooLate(ChatRefused):
    """Discord waits three seconds for the answer to a command or a button, and they are over."""


class AnsweredBefore(ChatRefused):
    """It has its answer: from another replica, which heard it too, or from a try whose own answer was lost."""


_OWN: dict[int, type[ChatRefused]] = {
    10008: MessageGone,
    10062: TooLate,
    40060: AnsweredBefore,
    50083: ThreadAsleep,
    160004: ThreadThere,
}


async def persistently(call: Callable[[], Awaitable[T]], waits: Sequence[float] = WAITS) -> T:
    """What the call gives, after as many tries as there are waits, and one. Raises a `ChatError`."""
    for wait in (*waits, None):
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await call()
        except discord.HTTPException as error:
            if not (isinstance(error, PASSING) or error.status == 429):
                raise told(error) from None
            if wait is None:
                raise ChatAway("Discord does not answer; what was to be shown is in the records.") from None
        except PASSING:
            if wait is None:
                raise ChatAway("Discord can't be reached; what was to be shown is in the records.") from None
        except RuntimeError as error:
            if "Session is closed" not in str(error):
                raise
            raise ChatAway("the connection to Discord was closed; the next start goes on") from None
        await asyncio.sleep(wait)
    raise AssertionError("the last try returns or raises")


async def acknowledged(answer: Callable[[], Awaitable[T]]) -> T | None:
    """Answer a command or a button: what Discord says to it, or None where it has its answer already.

    Raises a `ChatError`, such as `TooLate`.
    """
    try:
        return await persistently(answer, ONCE)
    except AnsweredBefore:
        return None


def told(error: discord.HTTPException) -> ChatError:
    """The port's word for a refusal."""
    if error.code in _OWN:
        kind = _OWN[error.code]
        return kind(str(kind.__doc__))
    if error.code in _GONE or error.status == 401:
        return ChatGone(f"Discord closed the place to the bot (code {error.code})")
    return ChatRefused(f"Discord refused (HTTP {error.status}, code {error.code})")
