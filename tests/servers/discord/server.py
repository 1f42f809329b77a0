"""A strict Discord on loopback, for as long as a test needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.servers.discord.clock import Clock
from tests.servers.discord.failures import Chaos, Failure, How
from tests.servers.discord.gateway import Gateway
from tests.servers.discord.http import Request, Rest
from tests.servers.discord.limits import Violation
from tests.servers.discord.managing import Managing
from tests.servers.discord.models import Channel, ChannelType, Command, Interaction, Message, Modal, User
from tests.servers.discord.people import People
from tests.servers.discord.permissions import P
from tests.servers.discord.world import Ack, Settings, Typing, World


class Discord(People, Managing):
    """REST v10 and gateway v10, with a team in it: the guild ``team`` with alice (who owns it), bob and carol, the
    channels general, random, news (announcements) and ideas (a forum), and the application ``bot``.

    Every keyword is a field of `Settings`. Use it with ``async with``; then ``api_url`` and ``gateway_url`` are there
    for `pointing.pointed_at`, and ``token`` is what opens it.
    """

    def __init__(self, **settings: Any) -> None:
        self.world = World(Settings(**settings))
        self.gateway = Gateway(self.world)
        self.rest = Rest(self.world)
        self.alice = self.world.add_user("alice")
        self.bob = self.world.add_user("bob")
        self.carol = self.world.add_user("carol")
        self.team = self.world.add_guild("Team", self.alice)
        for user in (self.bob, self.carol):
            self.world.join(self.team, user)
        self.add_channel("general")
        self.random = self.add_channel("random")
        self.news = self.add_channel("news", ChannelType.ANNOUNCEMENT)
        self.ideas = self.add_channel("ideas", ChannelType.FORUM, tags=("question", "answer"))
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Discord:
        app = web.Application(client_max_size=0)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/gateway/{rest:.*}", self.gateway.serve)
        self.rest.add_to(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.world.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self.gateway.drop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self.rest.crashed and error is None:
            raise self.rest.crashed[0]

    # where it is

    @property
    def api_url(self) -> str:
        return f"{self.world.base}/api/v10"

    @property
    def gateway_url(self) -> str:
        return self.world.base.replace("http", "ws", 1) + "/gateway"

    @property
    def token(self) -> str:
        return self.world.settings.token

    @property
    def settings(self) -> Settings:
        return self.world.settings

    @property
    def clock(self) -> Clock:
        """`Clock.move` lets interactions, tokens, sessions, signed links and buckets grow old."""
        return self.world.clock

    @property
    def bot(self) -> User:
        return self.world.bot

    # what can be seen

    @property
    def requests(self) -> list[Request]:
        return self.rest.requests

    def asked(self, route: str) -> list[Request]:
        """The requests of one route: ``"POST /channels/{channel_id}/messages"``."""
        return [one for one in self.rest.requests if one.route == route]

    def messages(self, channel: Channel | str | int, viewer: User | None = None) -> list[Message]:
        """What stands in the channel now, oldest first; with a viewer also what only he or she sees."""
        found = sorted(self.channel(channel).messages.values(), key=lambda one: one.id)
        return [one for one in found if one.viewer is None or one.viewer is viewer]

    def ephemerals(self, user: User) -> list[Message]:
        """The messages that only this user sees now, in any channel."""
        found = [one for channel in self.world.channels.values() for one in channel.messages.values()]
        return sorted((one for one in found if one.viewer is user), key=lambda one: one.id)

    def dms(self, user: User) -> list[Message]:
        """The conversation between the user and the application."""
        return self.messages(self.world.dm_of(user))

    def dm_channel(self, user: User | str) -> Channel:
        return self.world.dm_of(self.user(user))

    def pings(self, user: User) -> list[Message]:
        """The messages that gave this user a notification."""
        found = [one for channel in self.world.channels.values() for one in channel.messages.values()]
        return [one for one in found if user.id in one.pinged]

    @property
    def typing(self) -> list[Typing]:
        return self.world.typing

    @property
    def commands(self) -> list[Command]:
        return self.world.commands

    @property
    def modals(self) -> list[Modal]:
        """The forms that are open before somebody."""
        return [one for one in self.world.modals if not one.submitted]

    @property
    def acks(self) -> list[Ack]:
        return self.world.acks

    @property
    def interactions(self) -> list[Interaction]:
        return list(self.world.interactions.values())

    @property
    def failed(self) -> list[Interaction]:
        """The interactions of which people see "The application did not respond"."""
        late = self.clock.now() - self.settings.ack_within
        return [one for one in self.interactions if one.acked_at is None and one.at < late]

    @property
    def violations(self) -> list[Violation]:
        """The requests that came while their bucket was exhausted."""
        return self.rest.limits.violations

    @property
    def ignored(self) -> list[tuple[str, str]]:
        """What requests carried without any effect, with their route: unknown keys, flags that can't be set."""
        return [(one.route, what) for one in self.requests for what in one.ignored]

    @property
    def connected(self) -> int:
        """How many sessions are on a socket now."""
        return sum(one.queue is not None for one in self.world.sessions)

    async def until(self, condition: Callable[[], Any], within: float = 5.0) -> Any:
        """Wait until the condition holds, and return what it gave; TimeoutError if it never does."""
        changed = asyncio.Event()
        self.world.listeners.append(changed.set)
        try:
            async with asyncio.timeout(within):
                while not (result := condition()):
                    changed.clear()
                    try:
                        await asyncio.wait_for(changed.wait(), 0.05)
                    except TimeoutError:
                        continue
                return result
        finally:
            self.world.listeners.remove(changed.set)

    # what can go wrong

    def fail(self, route: str, how: How, times: int = 1, **more: Any) -> Failure:
        """The next requests of a route (``"*"`` for any) fail: a status, "hang" (until `release`) or "drop". With
        ``after=True`` they take effect and only the answer is lost. For 429: retry_after, scope, code."""
        failure = Failure(route, how, times, **more)
        self.rest.failures.planned.append(failure)
        return failure

    def chaos(
        self, share: float, *, seed: int = 0, hows: tuple[How, ...] = (500, 502, 429, "drop"), after: float = 0.3
    ) -> Chaos:
        """A seeded share of all requests fails, some of them after their effect; 0 ends it."""
        self.rest.failures.chaos = Chaos(share, seed, hows, after) if share else None
        return self.rest.failures.chaos or Chaos(0, seed, hows, after)

    def deliver(self, *, duplicate: float = 0.0, swap: float = 0.0, delay: float = 0.0, seed: int = 0) -> None:
        """From now on a seeded share of events comes twice, or after the next one, and all come late."""
        self.gateway.deliveries.set(duplicate, swap, delay, seed)

    def release(self) -> None:
        """Let go of the requests that hang."""
        self.rest.free.set()
        self.rest.free = asyncio.Event()


__all__ = ["Discord", "P"]
