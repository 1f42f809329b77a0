"""A talk is a platform as the people on it use it, with the whole assistant behind; one file a platform."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bot.chat import Action
from tests.contract.stages import Seen

ANN, BOB = "ann", "bob"
"""Who is there on every platform, and in every channel."""
LABELS = {
    Action.APPROVE: "Approve",
    Action.EDIT: "Edit",
    Action.REJECT: "Reject",
    Action.HELPFUL: "👍",
    Action.UNHELPFUL: "👎",
    Action.EXPLAIN: "How I found this",
}
"""What is written on the buttons that people use here."""
File = tuple[str, bytes]
"""A name and what is in it."""
Found = TypeVar("Found")


@dataclass(frozen=True)
class Said:
    """What somebody said: in a channel, in a thread (which it may have begun), and the platform's own of it."""

    channel: str
    thread: str
    own: Any = None


def told(seen: Seen) -> str:
    """All that stands in a message, as one line of words."""
    return " ".join([*seen.words, *seen.footnotes, *seen.notes, *seen.card])


async def until(look: Callable[[], Awaitable[Found]], within: float = 30.0) -> Found:
    """Look until there is something, and return it."""
    async with asyncio.timeout(within):
        while not (found := await look()):
            await asyncio.sleep(0.05)
    return found


class Talk(Protocol):
    """What people do on a platform, and what they see. Where one can't do something there, ``cannot`` says why.

    Its keys are the names of methods, and ``files``, ``absent`` (that it is said while the assistant is away).
    """

    platform: str
    cannot: Mapping[str, str]
    longest: int
    """Characters that one message may have; 0 where there is no limit."""

    def person(self, name: str) -> str:
        """Their id across platforms."""
        ...

    async def channel(self) -> str:
        """A new channel where Ann, Bob and the assistant are."""
        ...

    async def mention(
        self, person: str, where: str | Said, text: str, *, files: Sequence[File] = (), twice: bool = False
    ) -> Said:
        """Address the assistant in a channel, or in a thread; with ``twice`` the platform delivers it twice."""
        ...

    async def say(self, person: str, where: str | Said, text: str) -> Said:
        """Say something without addressing it."""
        ...

    def addressing(self, person: str) -> str:
        """How a message begins that is for this person, or for ``everyone``."""
        ...

    async def direct(self, person: str, text: str) -> Said: ...

    async def ask(self, person: str, channel: str, text: str) -> Said:
        """The command that asks; what was said is where its answer will stand."""
        ...

    async def command(self, person: str, channel: str, name: str) -> str:
        """Another command, and what is told to whoever used it."""
        ...

    async def edit(self, said: Said, text: str) -> None: ...

    async def delete(self, said: Said) -> None: ...

    async def robot(self, channel: str, text: str) -> None:
        """Another program addresses the assistant, and the assistant itself says the same."""
        ...

    async def look(self, person: str, said: Said) -> None:
        """Have the thread before one's eyes."""
        ...

    async def press(self, person: str, said: Said, action: Action, **fields: str) -> None:
        """Use the last button of a thread that does this; with ``fields`` its form is filled in and sent."""
        ...

    async def answers(self, said: Said) -> list[Seen]:
        """What the assistant has said in a thread, oldest first, and is finished."""
        ...

    async def spoken(self, channel: str, apart: Said) -> list[Seen]:
        """All that it has said in a channel, in threads and unfinished too, but for the thread ``apart``, its newest."""
        ...

    async def is_busy(self, said: Said) -> bool:
        """Whether people see that it works on an answer."""
        ...

    async def heard(self, person: str, said: Said) -> list[str]:
        """What was told to this person alone in a thread."""
        ...

    async def calls(self, said: Said) -> list[str]:
        """Whom the assistant's messages in a thread call, and which addresses in them open a preview."""
        ...

    async def settle(self) -> None:
        """Whatever would still come has its chance."""
        ...
