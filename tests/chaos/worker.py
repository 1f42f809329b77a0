"""The assistant as a process that can be killed: events come in on stdin, an ACK goes out once one is safe.

    M id place text      a mention
    P id action approval a press

In the thread that FOOTNOTE_TEST_HOLD names it never gets farther than its first status.

Every run of the writing tool is appended to a file, so that a second one could not hide.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from bot.app import open_app
from bot.chat import Action, Mention, Person, Place, Press, Reply
from bot.console.adapter import ConsoleChat, channel
from bot.databases import Databases
from bot.inbox import Inbox
from bot.replicas import Replicas, replica_of
from bot.settings import load_settings
from bot.upkeep import keep_up

MEI = Person("console/mei", "Mei")


class WitnessedChat(ConsoleChat):
    """Notes every post of the writing tool, and takes a moment over it so that a kill can fall in between."""

    log: Path

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        if place.channel == "announcements":
            with self.log.open("a") as file:
                file.write(f"{key}\n")
                file.flush()
                os.fsync(file.fileno())
            await asyncio.sleep(0.02)
        await super().show(place, key, reply)

    async def status(self, place: Place, text: str) -> None:
        if place.thread == os.environ.get("FOOTNOTE_TEST_HOLD"):
            await asyncio.sleep(60)
        await super().status(place, text)


async def main() -> None:
    settings = load_settings()
    inbox: Inbox

    async def resume(run: str, place: str, cause: str) -> None:
        await inbox.resume(run, place, cause)

    settings.home.mkdir(parents=True, exist_ok=True)
    replica = replica_of(settings.home)
    async with open_app(settings, resume, replica=replica) as app:
        chat = WitnessedChat(app.records)
        chat.log = settings.home / "posted.log"
        app.chats[chat.platform] = chat
        await app.records.say(channel("announcements"), "first", MEI, "hello", 0.0)
        inbox = Inbox(
            Databases.of(settings).inbox, replica, app.desk.mention, app.desk.press, app.desk.resume, app.desk.withdraw
        )
        await inbox.start()
        upkeep = asyncio.create_task(keep_up(app, inbox, Replicas(app.records.engine, replica, time.time)))
        print("READY", flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := (await reader.readline()).decode().strip():
            kind, event, rest = line.split(" ", 2)
            where, text = rest.split(" ", 1)
            now = time.time()
            if kind == "M":
                await inbox.accept(Mention(event, Place("console", "local", "general", where), MEI, text, now))
            else:
                place = Place("console", "local", "general", "x")
                await inbox.accept(Press(event, place, MEI, Action(where), text, now))
            print("ACK", event, flush=True)
        upkeep.cancel()
        await inbox.stop()


asyncio.run(main())
