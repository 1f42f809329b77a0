"""One assistant on Slack, on Discord and on the console at once, as `footnote up` runs it, and a scripted model behind it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.contract.conversations.console import ConsoleTalk
from tests.contract.conversations.discord import DiscordTalk
from tests.contract.conversations.process import Footnote
from tests.contract.conversations.slack import SlackTalk
from tests.end_to_end.conftest import served, write_handbook
from tests.end_to_end.on_slack import workspace
from tests.servers.discord import Discord
from tests.servers.providers import Say, Step, Thinking
from tests.servers.running import running

HELD = "please tell me"
"""Whoever asks so waits until the model may go on."""
COUNTED = "count aloud"
"""Whoever asks for it gets a long answer: `COUNTS` pieces of code are run, each of which says so many lines."""
COUNTS, LINES = 5, 130
_CODE = f"'\\n'.join(f'piece {{}} line {{{{n}}}} of many' for n in range({LINES}))"
_REMEMBER = re.compile(r"^remember that (.*)$", re.MULTILINE)


class World:
    """``talks`` by platform; all are of the one assistant."""

    def __init__(self, process: Footnote, talks: tuple[SlackTalk, DiscordTalk, ConsoleTalk], model: Thinking) -> None:
        self.talks = {one.platform: one for one in talks}
        self.console = talks[-1]
        self.model = model
        self._process = process

    async def kill(self) -> None:
        await self._process.kill()
        await self.console.left()

    async def start(self) -> None:
        await self._process.start()

    def reasons(self) -> list[tuple[str, str]]:
        """Who gave which reason with a thumb."""
        connection = sqlite3.connect(self._process.home / "records.sqlite")
        try:
            return connection.execute("select person, reason from feedback").fetchall()
        finally:
            connection.close()


@asynccontextmanager
async def world(folder: Path, chosen: Callable[..., dict[str, str]] = lambda *talks: {}) -> AsyncIterator[World]:
    """``chosen`` says which settings it has, given where people are."""
    write_handbook(folder / "handbook")
    model = Thinking(_thought)
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(workspace())
        discord = await stack.enter_async_context(Discord(rate_limits=False))
        url = stack.enter_context(running(model.app))
        there = (SlackTalk(slack), DiscordTalk(discord))
        process = Footnote(
            folder / "home",
            FOOTNOTE_SLACK_API_URL=slack.api_url,
            FOOTNOTE_SLACK_BOT_TOKEN=slack.bot_token,
            FOOTNOTE_SLACK_APP_TOKEN=slack.app_token,
            FOOTNOTE_DISCORD_API_URL=discord.api_url,
            FOOTNOTE_DISCORD_GATEWAY_URL=discord.gateway_url,
            FOOTNOTE_DISCORD_TOKEN=discord.token,
            **served(url),
            **chosen(*there),
        )
        await process.learn(folder / "handbook")
        await process.start()
        stack.push_async_callback(process.stop)
        console = ConsoleTalk(process.url)
        stack.push_async_callback(console.close)
        await console.arrive()
        yield World(process, (*there, console), model)
        model.go.set()


def _thought(request: dict[str, Any]) -> Step | str:
    """What the model says: what can't be used, so that passages are quoted; or that a tool is to be called."""
    asked = [str(message["content"]) for message in request["messages"] if message["role"] == "user"][-1]
    if HELD in asked:
        return Say("not JSON", hold=0)
    if not request.get("tools"):
        return '{"route": "act"}' if COUNTED in asked else "not JSON"
    called = sum(message["role"] == "tool" for message in request["messages"])
    if COUNTED in asked and called < COUNTS:
        return Say(tool=("run_python", json.dumps({"code": _CODE.format(called)})))
    if not called and (wanted := _REMEMBER.search(asked)):
        return Say(tool=("remember", json.dumps({"text": wanted[1]})))
    return "That is all."
