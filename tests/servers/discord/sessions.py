"""One gateway session: what it asked for, what it was sent, and what waits for it while it is away."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.servers.discord.models import Guild

GUILDS = 1 << 0
MEMBERS = 1 << 1
CONTENT = 1 << 15
KNOWN_INTENTS = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15

_IN_GUILD = {
    "MESSAGE_CREATE": 1 << 9,
    "MESSAGE_UPDATE": 1 << 9,
    "MESSAGE_DELETE": 1 << 9,
    "MESSAGE_REACTION_ADD": 1 << 10,
    "MESSAGE_REACTION_REMOVE": 1 << 10,
    "TYPING_START": 1 << 11,
    "GUILD_MEMBER_ADD": MEMBERS,
    "GUILD_MEMBER_REMOVE": MEMBERS,
    "INTERACTION_CREATE": 0,
    "GUILD_MEMBER_UPDATE": 0,
    "GUILD_MEMBERS_CHUNK": 0,
}
_DIRECT = {
    "MESSAGE_CREATE": 1 << 12,
    "MESSAGE_UPDATE": 1 << 12,
    "MESSAGE_DELETE": 1 << 12,
    "MESSAGE_REACTION_ADD": 1 << 13,
    "MESSAGE_REACTION_REMOVE": 1 << 13,
    "TYPING_START": 1 << 14,
}


class Refused(Exception):
    """Close the connection with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Deliveries:
    """How untidily events arrive ("up to N times", "in any order": developers/reference#consistency)."""

    duplicate: float = 0.0
    """The share of events that come twice."""
    swap: float = 0.0
    """The share that change places with the one after."""
    delay: float = 0.0
    """Seconds before each event is sent."""
    seed: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def set(self, duplicate: float, swap: float, delay: float, seed: int) -> None:
        self.duplicate, self.swap, self.delay, self.seed = duplicate, swap, delay, seed
        self._random.seed(seed)

    def twice(self) -> bool:
        return self._random.random() < self.duplicate

    def late(self) -> bool:
        return self._random.random() < self.swap


@dataclass(eq=False)
class Session:
    id: str = field(repr=False)
    intents: int
    shard: tuple[int, int]
    deliveries: Deliveries
    sent: list[tuple[int, str]] = field(default_factory=list, repr=False)
    """Every event with its number, as JSON; a resume replays from here."""
    queue: asyncio.Queue[str] | None = field(default=None, repr=False)
    """The way to the socket, None while there is none."""
    lost_at: float = 0.0
    _held: tuple[str, Any] | None = field(default=None, repr=False)

    @property
    def reads_content(self) -> bool:
        return bool(self.intents & CONTENT)

    def holds(self, guild: Guild) -> bool:
        return (guild.id >> 22) % self.shard[1] == self.shard[0]

    def wants(self, event: str, guild: Guild | None) -> bool:
        if guild is None:
            wanted = _DIRECT.get(event, 0)
            return self.shard[0] == 0 and (not wanted or bool(self.intents & wanted))
        wanted = _IN_GUILD.get(event, GUILDS)
        return self.holds(guild) and (not wanted or bool(self.intents & wanted))

    def push(self, event: str, data: Any, *, tidy: bool = False) -> None:
        """Number the event and send it, perhaps twice, perhaps after the next one."""
        if tidy:
            self._send(event, data)
            return
        if self._held is None and self.deliveries.late():
            self._held = (event, data)
            asyncio.get_running_loop().call_later(0.05, self._release)
            return
        self._send(event, data)
        if self.deliveries.twice():
            self._send(event, data)
        self._release()

    def _release(self) -> None:
        if self._held is not None:
            (event, data), self._held = self._held, None
            self._send(event, data)

    def _send(self, event: str, data: Any) -> None:
        number = self.sent[-1][0] + 1 if self.sent else 1
        frame = json.dumps({"op": 0, "t": event, "s": number, "d": data})
        self.sent.append((number, frame))
        if self.queue is not None:
            self.queue.put_nowait(frame)

    def replay(self, after: int) -> list[str]:
        return [frame for number, frame in self.sent if number > after]

    @property
    def last(self) -> int:
        return self.sent[-1][0] if self.sent else 0
