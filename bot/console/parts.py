"""What the pages work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from agent.ledger import Ledger
from agent.tools.registry import Toolbox
from bot.chat import Mention, Press
from bot.chats import Chats
from bot.console.adapter import ConsoleChat
from bot.digests.service import Digests
from bot.knowledge import Knowledge
from bot.records import Records


@dataclass(frozen=True, slots=True)
class Parts:
    """``accept`` hands an event to the inbox."""

    chat: ConsoleChat
    records: Records
    knowledge: Knowledge
    uploads: Path
    """The folder of the files that were dropped."""
    ledger: Ledger
    toolbox: Toolbox
    chats: Chats
    accept: Callable[[Mention | Press], Awaitable[None]]
    max_file_bytes: int
    digests: Digests
    follow_ups: bool
    """Whether what is said in a thread where the assistant has answered is said to it."""
