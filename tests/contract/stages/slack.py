"""Slack: the strict double, seen by the people in its workspace; and the real SDKs in front of it."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from bot.app import open_app
from bot.chat import ASSISTANT, File, Mention, Person, Place, Press, Reply, Withdrawal
from bot.settings import Settings
from bot.slack.blocks import parse_value
from bot.slack.connect import connect
from bot.slack.manifest import manifest
from tests.contract.stages import Company, Seen, words
from tests.servers.slack import App, Message, RateLimits, Slack, Timing
from tests.servers.slack.world import Where, Who

LINK = re.compile(r"\[\\\[(\d+)\\\]\]\([^)]*\)")


def app_of_manifest(**about: Any) -> App:
    """The app as whoever pastes the manifest gets it."""
    made = manifest()
    names = tuple(one["command"] for one in made["features"]["slash_commands"])
    events = tuple(made["settings"]["event_subscriptions"]["bot_events"])
    return App(tuple(made["oauth_config"]["scopes"]["bot"]), events, names, **about)


def settings_for(slack: Slack, home: Path, **more: Any) -> Settings:
    chosen = {"slack_bot_token": slack.bot_token, "slack_app_token": slack.app_token, **more}
    return Settings(home=home, embedder="hashing", **{"slack_api_url": slack.api_url, **chosen})


class OnSlack:
    def __init__(self, slack: Slack, place: Place, home: Path) -> None:
        self.slack = slack
        self.place = place
        self.known = slack.channel("general").id
        self.people = tuple(Person(f"slack/{slack.team.id}/{slack.user(name).id}", name) for name in ("ada", "ben"))
        self.accepted: list[Mention | Press | Withdrawal] = []
        self._home = home
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        async def nothing(run: str, place: str, cause: str) -> None:
            """No run waits."""

        settings = settings_for(self.slack, self._home)
        self.app = await self._stack.enter_async_context(open_app(settings, nothing))
        self.chat = await self._stack.enter_async_context(connect(self.app, self._accept))
        await self.slack.sockets.connected()
        await self.slack.mention("ada", "general", "what opens?", self.place.thread)
        await self.slack.until(lambda: self.chat.asker(self.place))

    async def stop(self) -> None:
        await self._stack.aclose()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def _accept(self, event: Mention | Press | Withdrawal) -> None:
        self.accepted.append(event)

    async def say(self, key: str, reply: Reply) -> None:
        if reply.final:
            await self.app.records.say(self.place, key, ASSISTANT, reply.text, 1_000.0, reply)
        await self.chat.show(self.place, key, reply)

    async def messages(self) -> list[Seen]:
        return [read(one) for one in self.slack.by_app("general", self.place.thread) if one.ephemeral_to is None]

    async def status(self) -> str:
        running = [
            task.title
            for one in self.slack.by_app("general", self.place.thread)
            if one.stream and one.stream.state == "in_progress"
            for task in one.tasks.values()
            if task.status == "in_progress"
        ]
        return running[-1] if running else self.slack.status("general", self.place.thread)

    def heard(self, person: Person) -> list[str]:
        reader = person.id.rpartition("/")[2]
        seen = self.slack.by_app("general", self.place.thread, reader=reader)
        direct = [one for one in self.slack.posted if one.channel == self.slack.direct(reader).id and one.bot_id]
        return [
            "\n".join(_texts(one.blocks)) for one in (*seen, *direct) if one in direct or one.ephemeral_to == reader
        ]

    async def file(self, name: str, data: bytes) -> File:
        sent = self.slack.add_file("ada", name, data)
        await self.slack.say("ada", "general", "here it is", self.place.thread, files=[sent])
        return File(name, sent.id, len(data))

    async def lose(self, file: File) -> None:
        self.slack.files[file.reference].deleted = True

    async def company(self) -> Company:
        board = self.slack.add_channel("board", kind="private", members=("ben",))
        self.slack.add_user("gwen", is_restricted=True)
        team = self.slack.team.id
        inside, outside, guest = (
            Person(f"slack/{team}/{self.slack.user(name).id}", name) for name in ("ben", "ada", "gwen")
        )
        direct = Place("slack", team, self.slack.direct("ben").id)
        return Company(Place("slack", team, board.id), direct, inside, outside, guest)

    async def leave(self) -> None:
        self.slack.channel("board").members.remove(self.slack.user("ben").id)

    async def cut(self) -> None:
        self.slack.fail("*", times=10_000, status=503)

    async def is_quiet(self) -> bool:
        await asyncio.sleep(0.2)
        before = len(self.slack.calls)
        await asyncio.sleep(0.5)
        return len(self.slack.calls) == before and not await self.status()


def finished(slack: Slack, channel: Where, thread: str | None = None, *, reader: Who | None = None) -> list[Message]:
    """What the assistant has said there and is not still being written."""
    there = slack.by_app(channel, thread, reader=reader)
    return [one for one in there if one.stream is None or one.stream.state != "in_progress"]


def read(message: Message) -> Seen:
    """What a person sees of a message: its blocks, and what was streamed before them."""
    blocks = {str(block["block_id"]).partition("-")[0].partition(":")[0]: block for block in message.blocks}
    written = [block["text"] for block in message.blocks if block["type"] == "markdown"]
    streamed = [message.text] if message.stream and not written else []
    notes = [element["text"] for element in blocks.get("notes", {}).get("elements", [])]
    return Seen(
        words=words(LINK.sub(r"[\1]", "\n".join(written or streamed))),
        footnotes=tuple(
            _title(e["text"]) for b in message.blocks if b["block_id"].startswith("footnotes") for e in b["elements"]
        ),
        buttons=tuple(_buttons(message.blocks)),
        notes=tuple(" ".join(words(note)) for note in notes),
        card=tuple(" ".join(words(part)) for part in _card(blocks)),
    )


def _texts(shown: Any) -> Iterator[str]:
    """Every text in blocks."""
    match shown:
        case {"text": str(text)}:
            yield text
        case {"elements": inner}:
            yield from _texts(inner)
        case list():
            for one in shown:
                yield from _texts(one)


def _title(text: str) -> str:
    shown = re.sub(r"^\[\d+\]\s*", "", text)
    linked = re.fullmatch(r"<[^|]*\|(.*)>", shown)
    return " ".join(words(html.unescape(linked[1] if linked else shown)))


def _buttons(blocks: list[dict[str, Any]]) -> list[str]:
    found = []
    for block in blocks:
        for element in block.get("elements", []):
            carried = [element, element.get("positive_button"), element.get("negative_button")]
            found += [parse_value(one["value"])[0].value for one in carried if one and "value" in one]
    return found


def _card(blocks: dict[str, dict[str, Any]]) -> list[str]:
    if "title" not in blocks:
        return []
    fields = [part["text"] for section in blocks["fields"]["elements"] for part in section["elements"]]
    told = (re.sub(r"<!date[^|>]*\|([^>]*)>", r"\1", element["text"]) for element in blocks["outcome"]["elements"])
    outcome, fingerprint = told
    return [blocks["title"]["text"]["text"], *fields, fingerprint, outcome]


@asynccontextmanager
async def on_slack(tmp_path: Path) -> AsyncIterator[OnSlack]:
    async with Slack(app_of_manifest(), rates=RateLimits.off(), timing=Timing.quick(ack=3)) as slack:
        root = await slack.say("ada", "general", "hello")
        stage = OnSlack(slack, Place("slack", slack.team.id, slack.channel("general").id, root.ts), tmp_path / "home")
        await stage.start()
        try:
            yield stage
        finally:
            await stage.stop()
        assert slack.violations == []
