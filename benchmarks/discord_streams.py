"""Fifty answers that stream at once on Discord: what is sent for each, and what a limit refuses.

    make bench-discord

Beside it the plain way, an edit by discord.py for every sentence. Both speak to a double of Discord on loopback that
counts each channel's requests and all requests a second as Discord does, with limits of the published kind.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord

from benchmarks.report import Row, publish
from bot.chat import ASSISTANT, Action, Button, Footnote, Place, Reply
from bot.discord.chat import DiscordChat
from bot.discord.connect import intents, paced
from bot.discord.pace import Pace
from bot.records import Records, open_engine, sqlite_url
from bot.tables import metadata
from tests.servers.discord import Discord, pointed_at

SENTENCES = 12
EVERY = 0.5
"""Seconds in which a model writes a sentence."""
NOTE = Footnote(1, "file:a.md", "Expense policy", "", 0, 30, "Hotels may cost 150 euros a night.")
BUTTONS = (Button(Action.HELPFUL, "run", "👍"), Button(Action.UNHELPFUL, "run", "👎"))
Answer = Callable[[Place], Awaitable[None]]
Make = Callable[[discord.Client, Records, Pace], Answer]


def written(sentences: int) -> str:
    return "\n\n".join(f"Sentence {number} says what was found. [1]" for number in range(1, sentences + 1))


@asynccontextmanager
async def client_of(server: Discord, **options: Any) -> AsyncIterator[discord.Client]:
    with pointed_at(server.api_url, server.gateway_url):
        client = discord.Client(intents=intents(content=True), guild_ready_timeout=0.3, **options)
        await client.login(server.token)
        task = asyncio.create_task(client.connect())
        await client.wait_until_ready()
        yield client
        await client.close()
        await asyncio.gather(task, return_exceptions=True)


async def measure(name: str, answers: int, make: Make, pace: Pace | None = None) -> Row:
    """Every answer in a thread of its own, all at once."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(sqlite_url(Path(folder) / "records.sqlite"))
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        options = {} if pace is None else {"http_trace": paced(pace)}
        async with Discord() as server, client_of(server, **options) as client:
            answer = make(client, Records(engine), pace or Pace(time.monotonic))
            asked = [await server.mention("alice", "general", f"question {number}") for number in range(answers)]
            places = [Place("discord", str(server.team.id), str(server.general.id), str(one.id)) for one in asked]
            before, took = len(server.requests), []

            async def timed(place: Place) -> None:
                started = time.perf_counter()
                await answer(place)
                took.append(time.perf_counter() - started - SENTENCES * EVERY)

            await asyncio.gather(*map(timed, places))
            requests = server.requests[before:]
            last = f"Sentence {SENTENCES} "
            whole = sum(any(last in one.text for one in server.messages(one.id)) for one in asked if one.thread)
            figures = {
                "answers": float(answers),
                "whole": float(whole),
                "requests an answer": len(requests) / answers,
                "edits an answer": sum(one.route.startswith("PATCH") for one in requests) / answers,
                "refused (429)": float(len(server.violations)),
                "late, median s": statistics.median(took),
                "late, worst s": max(took),
            }
        await engine.dispose()
    return Row(name, figures)


def footnote(client: discord.Client, records: Records, pace: Pace) -> Answer:
    chat = DiscordChat(client, records, pace)

    async def answer(place: Place) -> None:
        await chat.status(place, "Searching")
        for number in range(1, SENTENCES + 1):
            await asyncio.sleep(EVERY)
            await chat.show(place, f"run-{place.thread}", Reply(written(number), (NOTE,), final=False))
        final = Reply(written(SENTENCES), (NOTE,), BUTTONS)
        await records.say(place, f"run-{place.thread}", ASSISTANT, final.text, 0.0, final)
        await chat.show(place, f"run-{place.thread}", final)
        await chat.status(place, "")

    return answer


def plainly(client: discord.Client, records: Records, pace: Pace) -> Answer:
    async def answer(place: Place) -> None:
        channel = client.get_channel(int(place.channel))
        assert isinstance(channel, discord.TextChannel)
        thread = await channel.get_partial_message(int(place.thread)).create_thread(name="question")
        message = await thread.send("Searching")
        for number in range(1, SENTENCES + 1):
            await asyncio.sleep(EVERY)
            await message.edit(content=written(number))

    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=50)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/discord_streams.json"))
    arguments = parser.parse_args()
    rows = [
        asyncio.run(measure("Footnote", arguments.answers, footnote, Pace(time.monotonic))),
        asyncio.run(measure("an edit a sentence", arguments.answers, plainly)),
    ]
    about: dict[str, object] = {"sentences an answer": SENTENCES, "seconds a sentence": EVERY}
    publish("Answers that stream at once on Discord", rows, about, arguments.out)


if __name__ == "__main__":
    main()
