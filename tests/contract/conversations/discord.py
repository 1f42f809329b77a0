"""Discord: the strict double, and `footnote up` connected to it through discord.py."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence

from bot.chat import Action
from tests.contract.conversations import ANN, LABELS, File, Said
from tests.contract.stages import Seen
from tests.contract.stages.discord import finished, read
from tests.servers.discord import Discord, Message
from tests.servers.discord.models import Channel


class DiscordTalk:
    platform = "discord"
    longest = 4_000
    cannot: Mapping[str, str] = {}

    def __init__(self, server: Discord) -> None:
        self.server = server
        self._numbers = itertools.count(1)
        server.world.join(server.team, server.world.add_user(ANN))

    def person(self, name: str) -> str:
        return f"discord/{self.server.user(name).id}"

    async def channel(self) -> str:
        return str(self.server.add_channel(f"talk-{next(self._numbers)}").id)

    async def mention(
        self, person: str, where: str | Said, text: str, *, files: Sequence[File] = (), twice: bool = False
    ) -> Said:
        self.server.deliver(duplicate=float(twice))
        said = await self.server.mention(person, self._where(where), text, files=files)
        await asyncio.sleep(0.05 * twice)
        self.server.deliver()
        return self._said(where, said)

    async def say(self, person: str, where: str | Said, text: str) -> Said:
        return self._said(where, await self.server.say(person, self._where(where), text))

    def addressing(self, person: str) -> str:
        return "@everyone" if person == "everyone" else self.server.user(person).mention

    async def direct(self, person: str, text: str) -> Said:
        said = await self.server.dm(person, text)
        return Said(str(said.channel.id), str(said.channel.id), said)

    async def ask(self, person: str, channel: str, text: str) -> Said:
        used = await (await self.server.slash(person, int(channel), "ask", {"question": text})).answered()
        assert used.response is not None
        return Said(channel, str(used.response.id), used.response)

    async def command(self, person: str, channel: str, name: str) -> str:
        who = self.server.user(person)
        before = len(self.server.ephemerals(who))
        name = "footnote help" if name == "help" else name
        await (await self.server.slash(person, int(channel), name)).answered()
        texts = await self.server.until(lambda: [one.text for one in self.server.ephemerals(who)[before:] if one.text])
        return str(texts[-1])

    async def edit(self, said: Said, text: str) -> None:
        await self.server.edit(said.own, f"{self.server.bot.mention} {text}")

    async def delete(self, said: Said) -> None:
        await self.server.delete(said.own)

    async def robot(self, channel: str, text: str) -> None:
        words = f"{self.server.bot.mention} {text}"
        await self.server.another_bot_says(int(channel), words)
        await self.server.webhook_says(int(channel), words)
        await self.server.say(self.server.bot, int(channel), words)

    async def look(self, person: str, said: Said) -> None:
        """Every thread is before everybody's eyes."""

    async def press(self, person: str, said: Said, action: Action, **fields: str) -> None:
        message = [one for one in self._finished(said) if LABELS[action] in one.buttons][-1]
        await (await self.server.press(person, message, LABELS[action])).answered()
        if fields:
            form = [one for one in self.server.modals if one.user is self.server.user(person)][-1]
            await (await self.server.submit(person, form, fields)).answered()

    async def answers(self, said: Said) -> list[Seen]:
        return [read(one.components) for one in self._finished(said)]

    async def spoken(self, channel: str, apart: Said) -> list[Seen]:
        places = [one for one in self.server.world.channels.values() if _is_of(one, int(channel))]
        shown = [one for place in places if place.id != int(apart.thread) for one in self.server.messages(place)]
        return [read(one.components) for one in shown if one.author is self.server.bot and one.components]

    async def is_busy(self, said: Said) -> bool:
        place = self.server.world.channels.get(int(said.thread))
        return place is not None and any("⏳" in one.text for one in self.server.messages(place))

    async def heard(self, person: str, said: Said) -> list[str]:
        shown = self.server.ephemerals(self.server.user(person))
        return [one.text for one in shown if str(one.channel.id) == said.thread and one.text]

    async def calls(self, said: Said) -> list[str]:
        shown = self._finished(said)
        named = [str(one.mentions) for one in shown if one.mentions or one.pinged or one.mention_everyone]
        return named + [one.text for one in shown if one.embeds or "](<" in one.text]

    async def settle(self) -> None:
        await asyncio.sleep(0.5)

    def _finished(self, said: Said) -> list[Message]:
        place = self.server.world.channels.get(int(said.thread))
        return [] if place is None else [one for one in finished(self.server, place) if one is not said.own]

    def _where(self, where: str | Said) -> Channel:
        return self.server.channel(int(where if isinstance(where, str) else where.thread))

    @staticmethod
    def _said(where: str | Said, said: Message) -> Said:
        return Said(where, str(said.id), said) if isinstance(where, str) else Said(where.channel, where.thread, said)


def _is_of(place: Channel, channel: int) -> bool:
    return place.id == channel or (place.parent is not None and place.parent.id == channel)
