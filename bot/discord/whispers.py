"""Telling one person something: under what he or she pressed or asked a moment ago, or else directly.

An interaction can be answered for 15 minutes (docs.discord.com/developers/interactions/receiving-and-responding).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import discord
import structlog

from bot.chat import ChatError, Person, Place
from bot.discord.errors import FEW, ONCE, persistently
from bot.discord.posting import QUIET

LIVES = 14 * 60.0
ACKNOWLEDGED = 3.0
"""Seconds that Discord gives for an acknowledgement."""
log = structlog.get_logger()


class Whispers:
    """Remembers each person's last interaction in a channel for as long as it can be answered."""

    def __init__(self, client: discord.Client, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._live: dict[tuple[str, str], tuple[float, discord.Webhook]] = {}
        self._expected: dict[tuple[str, str], asyncio.Event] = {}

    def expect(self, place: Place, person: Person) -> None:
        """An interaction of this person is about to be acknowledged: what is told meanwhile waits for that."""
        self._expected[place.channel_key, person.id] = asyncio.Event()

    def remember(self, place: Place, person: Person, interaction: discord.Interaction[Any]) -> None:
        """This interaction was acknowledged and can be answered from now on."""
        now = self._clock()
        self._live = {key: kept for key, kept in self._live.items() if kept[0] > now}
        self._live[place.channel_key, person.id] = (now + LIVES, interaction.followup)
        if expected := self._expected.pop((place.channel_key, person.id), None):
            expected.set()

    async def tell(self, place: Place, person: Person, views: Sequence[discord.ui.LayoutView]) -> None:
        """Say it where only this person sees it; where nothing of that can be done it is logged, without the words."""
        await self._acknowledged((place.channel_key, person.id))
        until, answer = self._live.get((place.channel_key, person.id), (0.0, None))
        if answer is not None and until > self._clock() and await self._answered(answer, views):
            return
        try:
            user = discord.Object(int(person.id.rpartition("/")[2]))
            direct = await persistently(lambda: self._client.create_dm(user), FEW)
            for view in views:
                await persistently(lambda view=view: direct.send(view=view, allowed_mentions=QUIET), FEW)  # type: ignore[misc]
        except ChatError as error:
            log.info("whisper not delivered", person=person.id, why=str(error))

    async def _acknowledged(self, key: tuple[str, str]) -> None:
        if expected := self._expected.get(key):
            try:
                async with asyncio.timeout(ACKNOWLEDGED):
                    await expected.wait()
            except TimeoutError:
                self._expected.pop(key, None)

    async def _answered(self, answer: discord.Webhook, views: Sequence[discord.ui.LayoutView]) -> bool:
        try:
            for view in views:
                await persistently(
                    lambda view=view: answer.send(view=view, ephemeral=True, allowed_mentions=QUIET),  # type: ignore[misc]
                    ONCE,
                )
        except ChatError:
            return False
        return True
