"""The console: its pages read the records, and what streams from the adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bot.chat import ASSISTANT, Person, Reply
from bot.console.adapter import Change, ConsoleChat, channel
from bot.records import Records, open_engine, sqlite_url
from bot.tables import metadata
from tests.contract.stages import ANSWER, BOB, MEI, OnDisk, Open, Seen, seen


class OnConsole(OnDisk, Open):
    known = "research"
    people = (MEI, BOB)

    def __init__(self, records: Records, folder: Path) -> None:
        self.folder = folder
        self.place = replace(channel("general"), thread="t1")
        self.chat = ConsoleChat(records)
        self.records = records
        self.changes: list[Change] = []
        self.chat.listen(self.changes.append)

    async def restart(self) -> None:
        await self.chat.close()
        self.chat = ConsoleChat(self.records)
        self.chat.listen(self.changes.append)

    async def say(self, key: str, reply: Reply) -> None:
        if reply.final:
            await self.records.say(self.place, key, ASSISTANT, reply.text, 1_000.0, reply)
        await self.chat.show(self.place, key, reply)

    async def messages(self) -> list[Seen]:
        written = {one.key: one.reply for one in await self.records.transcript(self.place) if one.reply is not None}
        partial = {key: reply for key, (place, reply) in self.chat.partial.items() if place == self.place}
        return [seen(reply) for reply in (written | partial).values()]

    async def status(self) -> str:
        return self.chat.statuses.get(self.place.key, "")

    def heard(self, person: Person) -> list[str]:
        told = [change.whisper for change in self.changes if change.whisper and change.person == person.id]
        return ["\n".join([one.text, *(f.title for f in one.footnotes), *one.notes]) for one in told]

    async def is_quiet(self) -> bool:
        before = len(self.changes)
        await self.records.say(self.place, "late", ASSISTANT, ANSWER.text, 1_000.0, ANSWER)
        return len(self.changes) == before


@asynccontextmanager
async def on_console(tmp_path: Path) -> AsyncIterator[OnConsole]:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    stage = OnConsole(Records(engine), tmp_path / "files")
    yield stage
    await stage.chat.close()
    await engine.dispose()
