"""Slack: the strict double, and `footnote up` connected to it over Socket Mode."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence

from bot.chat import Action
from tests.contract.conversations import ANN, BOB, LABELS, File, Said
from tests.contract.stages import Seen
from tests.contract.stages.slack import finished, read
from tests.servers.slack import Message, Slack

_CALLS = ("<!here", "<!channel", "<!everyone", "<!subteam", "<@")


class SlackTalk:
    platform = "slack"
    longest = 12_000
    cannot: Mapping[str, str] = {}

    def __init__(self, slack: Slack) -> None:
        self.slack = slack
        self._numbers = itertools.count(1)
        for name in (ANN, BOB):
            slack.add_user(name)
        self._robot = slack.add_user("robot", is_bot=True, bot_id="B0ROBOT")

    def person(self, name: str) -> str:
        return f"slack/{self.slack.team.id}/{self.slack.user(name).id}"

    async def channel(self) -> str:
        return self.slack.add_channel(f"talk-{next(self._numbers)}", members=(ANN, BOB, self._robot)).id

    async def mention(
        self, person: str, where: str | Said, text: str, *, files: Sequence[File] = (), twice: bool = False
    ) -> Said:
        slack, (channel, thread) = self.slack, _where(where)
        slack.deliver_unruly(duplicate=float(twice), late=0.3 * twice, by=0.3)
        sent = [slack.add_file(person, *file) for file in files]
        said = await slack.mention(person, channel, text, thread, sent)
        slack.deliver_unruly()
        if twice:
            await slack.settled()
        return Said(channel, said.root, said)

    async def say(self, person: str, where: str | Said, text: str) -> Said:
        channel, thread = _where(where)
        said = await self.slack.say(person, channel, text, thread)
        return Said(channel, said.root, said)

    def addressing(self, person: str) -> str:
        return "<!everyone>" if person == "everyone" else f"<@{self.slack.user(person).id}>"

    async def direct(self, person: str, text: str) -> Said:
        said = await self.slack.dm(person, text)
        return Said(said.channel, said.ts, said)

    async def ask(self, person: str, channel: str, text: str) -> Said:
        await self.slack.slash(person, channel, "/ask", text)
        question = (await self.slack.until(lambda: self.slack.by_app(channel), 15))[0]
        return Said(channel, question.ts, question)

    async def command(self, person: str, channel: str, name: str) -> str:
        before = len(self._whispers(person, channel))
        await self.slack.slash(person, channel, "/footnote" if name == "help" else f"/{name}")
        shown = await self.slack.until(lambda: self._whispers(person, channel)[before:])
        return str(shown[-1].blocks)

    async def edit(self, said: Said, text: str) -> None:
        await self.slack.edit(said.own, f"<@{self.slack.bot.id}> {text}")

    async def delete(self, said: Said) -> None:
        await self.slack.delete(said.own)

    async def robot(self, channel: str, text: str) -> None:
        for program in (self._robot, self.slack.bot):
            await self.slack.say(program, channel, f"<@{self.slack.bot.id}> {text}")

    async def look(self, person: str, said: Said) -> None:
        """Every thread is before everybody's eyes."""

    async def press(self, person: str, said: Said, action: Action, **fields: str) -> None:
        message = [one for one in finished(self.slack, said.channel, said.thread) if action in read(one).buttons][-1]
        if action in (Action.HELPFUL, Action.UNHELPFUL):
            await self.slack.feedback(person, message, action is Action.HELPFUL)
        else:
            await self.slack.press(person, message, LABELS[action])
        if fields:
            form = await self.slack.until(lambda: self.slack.top(person), 10)
            await self.slack.submit(form, fields)

    async def answers(self, said: Said) -> list[Seen]:
        shown = finished(self.slack, said.channel, said.thread)
        return [read(one) for one in shown if one.ephemeral_to is None and one is not said.own]

    async def spoken(self, channel: str, apart: Said) -> list[Seen]:
        shown = [one for one in self.slack.by_app(channel) if one.root != apart.thread]
        return [read(one) for one in shown if not one.text.startswith("<@")]

    async def is_busy(self, said: Said) -> bool:
        """Of a thread that is gone, with the message it began with, nobody sees anything."""
        is_there = bool(self.slack.messages(said.channel, said.thread))
        return is_there and bool(self.slack.status(said.channel, said.thread))

    async def heard(self, person: str, said: Said) -> list[str]:
        return [str(one.blocks) for one in self._whispers(person, said.channel, said.thread)]

    def _whispers(self, person: str, channel: str, thread: str | None = None) -> list[Message]:
        shown = self.slack.by_app(channel, thread, reader=person)
        return [one for one in shown if one.ephemeral_to == self.slack.user(person).id]

    async def calls(self, said: Said) -> list[str]:
        shown = self.slack.by_app(said.channel, said.thread)
        unfolding = [one.ts for one in shown if one.unfurl_links is not False or one.unfurl_media is not False]
        return unfolding + [call for one in shown for call in _CALLS if call in f"{one.blocks} {one.text}"]

    async def settle(self) -> None:
        await self.slack.settled()
        await asyncio.sleep(0.5)


def _where(where: str | Said) -> tuple[str, str | None]:
    return (where, None) if isinstance(where, str) else (where.channel, where.thread)
