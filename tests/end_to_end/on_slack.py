"""The whole assistant in this process, in front of the double of Slack."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from agent.models.scripted import ScriptedModel
from bot.app import App, open_app
from bot.inbox import Inbox
from bot.slack.connect import connect
from tests.contract.stages.slack import app_of_manifest, finished, read, settings_for
from tests.end_to_end.conftest import heard_until, inbox_of, write_handbook
from tests.servers.slack import Message, RateLimits, Slack, Timing
from tests.servers.slack.world import Where, Who

HOTELS = "how much may hotels cost a night?"
MEALS = "are meals while travelling refunded?"


class Team:
    """A workspace with the assistant in it."""

    def __init__(self, slack: Slack, app: App, inbox: Inbox) -> None:
        self.slack = slack
        self.app = app
        self.inbox = inbox

    def said(self, channel: Where, thread: str | None = None, *, reader: Who | None = None) -> list[Message]:
        """What the assistant has said there and is not still being written."""
        return finished(self.slack, channel, thread, reader=reader)

    async def answered(
        self,
        channel: Where,
        thread: str | None = None,
        times: int = 1,
        *,
        reader: Who | None = None,
        within: float = 15,
    ) -> Message:
        """The last of so many messages of the assistant."""
        found: list[Message] = await self.slack.until(
            lambda: (
                len(self.said(channel, thread, reader=reader)) >= times and self.said(channel, thread, reader=reader)
            ),
            within,
        )
        return found[-1]

    def whispered(self, channel: Where, who: Who) -> list[str]:
        """What only this person sees there, each message's blocks as text."""
        hidden = [one for one in self.slack.by_app(channel, reader=who) if one.ephemeral_to]
        return [" ".join(str(block.get("text", "")) for block in one.blocks) for one in hidden]

    async def used(self, who: Who, channel: Where, command: str, text: str = "", within: float = 15) -> str:
        """What a command told whoever used it, once Slack had its acknowledgement."""
        before = len(self.whispered(channel, who))
        delivery = await (await self.slack.slash(who, channel, command, text)).done()
        assert delivery.outcome == "acknowledged"

        def told() -> list[str]:
            return [one for one in self.whispered(channel, who)[before:] if not one.startswith("One moment")]

        found: list[str] = await self.slack.until(told, within)
        return found[-1]

    async def settled(self) -> None:
        """Whatever would still come has its chance."""
        await self.slack.settled()
        await asyncio.sleep(0.7)

    def text(self, message: Message) -> str:
        """What a reader sees of a message, footnotes and notes too."""
        seen = read(message)
        return " ".join([*seen.words, *seen.footnotes, *seen.notes, *seen.card])


@asynccontextmanager
async def team(
    slack: Slack,
    folder: Path,
    model: ScriptedModel | None = None,
    clock: Callable[[], float] = time.time,
    away_since: float = 0.0,
    **more: Any,
) -> AsyncIterator[Team]:
    """The assistant, which knows the handbook, connected to this workspace; for the first time since ``away_since``."""
    if not (folder / "handbook").exists():
        write_handbook(folder / "handbook")
    settings = settings_for(slack, folder / "home", **more)
    inbox: Inbox

    async def resume(run: str, place: str, cause: str) -> None:
        await inbox.resume(run, place, cause)

    async with open_app(settings, resume, model=model, clock=clock) as app, AsyncExitStack() as stack:
        inbox = inbox_of(app)
        await app.knowledge.sync(await app.knowledge.add("folder", str(folder / "handbook")))
        await app.knowledge.embed()
        if away_since:
            await heard_until(app, "slack", away_since)
        app.chats["slack"] = await stack.enter_async_context(connect(app, inbox.accept))
        await inbox.start()
        stack.push_async_callback(inbox.stop)
        yield Team(slack, app, inbox)


@asynccontextmanager
async def workspace(**about: Any) -> AsyncIterator[Slack]:
    """A workspace with the app of the manifest; whatever it may not do is a violation, and there is none in the end."""
    more = {"rates": RateLimits.off(), "timing": Timing.quick(ack=3), **about}
    async with Slack(
        about.pop("app", None) or app_of_manifest(), **{k: v for k, v in more.items() if k != "app"}
    ) as slack:
        yield slack
        assert slack.violations == []
        assert [call.method for call in slack.calls if call.error == "missing_scope"] == []
