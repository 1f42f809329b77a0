"""Digests on Slack as the people of a channel see them: the real SDK against the strict double, feeds on a real host."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.digest_days import EVERY_DAY, DigestDays, Rooms
from tests.end_to_end.newsroom import RERANKER, TEST_SET, Clock, Newsroom, Shown
from tests.end_to_end.on_slack import Team, team, workspace
from tests.servers.searxng import searxng
from tests.servers.slack import Message, Slack
from tests.servers.web_sources import WebSources, web_sources

LINK = re.compile(r"\]\((https?://[^)\s]+)\)|<(https?://[^|>]+)\|")


class SlackNewsroom(Newsroom):
    owner, other = "ada", "ben"

    def __init__(self, here: Team, host: WebSources, clock: Clock) -> None:
        super().__init__(here.app, here.inbox, host, clock)
        self.slack = here.slack
        self._here = here

    async def slash(self, words: str) -> str:
        return await self._here.used("ada", "general", "/digest", words)

    async def say(self, words: str) -> None:
        await self.slack.mention("ada", "general", words)

    def shown(self, thread: Shown | None = None) -> list[Shown]:
        found = self.slack.by_app("general", thread.message.ts if thread else None)
        finished = [one for one in found if not (one.stream and one.stream.state == "in_progress")]
        return [seen(one) for one in finished if (thread is not None) is (one.thread_ts is not None)]

    def thread_name(self, shown: Shown) -> str:
        return ""

    def told(self, who: str) -> list[str]:
        here = [one for one in self.slack.by_app("general", reader=who) if one.ephemeral_to]
        return [seen(one).text for one in (*here, *self.slack.by_app(self.slack.direct(who)))]

    async def press(self, who: str, shown: Shown, button: str) -> None:
        await self.slack.press(who, shown.message, button)

    async def fill(self, who: str, **values: str) -> dict[str, str]:
        form = await self.until(lambda: self.slack.top(who))
        inputs = {block["block_id"]: block["element"] for block in form.payload["blocks"]}
        await self.slack.submit(form, values)
        return {name: str(element.get("initial_value", "")) for name, element in inputs.items()}

    async def lose_channel(self) -> None:
        await self.slack.kick("general", by="ben")

    def cut(self) -> None:
        self.slack.fail("*", times=10_000, status=503)

    def mend(self) -> None:
        self.slack.faults.clear()


def seen(message: Message) -> Shown:
    """A message as it is read, with its links and the labels of its buttons."""
    texts = [] if message.stream is None else [message.text]
    buttons, links = [], []
    for block in message.blocks:
        for one in (block, *block.get("elements", ())):
            if one.get("type") == "button":
                buttons.append(one["text"]["text"])
                continue
            for text in _texts(one):
                links += [html.unescape(a or b) for a, b in LINK.findall(text)]
                texts.append(html.unescape(re.sub(r"\\([^\w\s])", r"\1", text)))
    return Shown("\n".join(texts), tuple(links), tuple(buttons), message)


def _texts(one: dict[str, Any]) -> list[str]:
    text = one.get("text", "")
    inner = [
        words for part in one.get("elements", ()) if one.get("type") == "rich_text_section" for words in _texts(part)
    ]
    return [text if isinstance(text, str) else str(text.get("text", "")), *inner]


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with workspace() as made:
        yield made


@pytest.fixture
def rooms(slack: Slack, tmp_path: Path) -> Iterator[Rooms]:
    with web_sources() as host:

        @asynccontextmanager
        async def opened() -> AsyncIterator[Newsroom]:
            clock = Clock()
            async with team(slack, tmp_path, clock=clock, allow_private_hosts="127.0.0.1") as here:
                yield SlackNewsroom(here, host, clock)

        yield opened


class TestOnSlack(DigestDays):
    """What is the same everywhere."""


async def test_what_notifications_tell_is_plain_and_a_page_that_is_cited_twice_is_named_once(rooms: Rooms) -> None:
    async with rooms() as room:
        room.host.fail("/b", 404)
        await room.subscribed(f"{EVERY_DAY} {room.feed('/a', RERANKER)} {room.host.address}/b")
        head, story, foot = (one.message for one in room.shown()[1:])
        assert head.text.startswith("Digest no. 1 of ")
        assert story.text.startswith(f"{RERANKER[0]} The team measured")
        assert story.text.endswith("Why it matters here: it is on “retrieval evaluation”.")
        assert foot.text.startswith("Not read: feed:")
        (footnotes,) = [block["elements"] for block in story.blocks if block["type"] == "context"]
        assert [one["text"] for one in footnotes] == [f"[1] [2] <{RERANKER[1]}|{RERANKER[0]}>"]


async def test_what_a_search_of_the_web_finds_is_among_it_and_the_foot_says_where_none_can_be(
    slack: Slack, tmp_path: Path
) -> None:
    asked = 'every day at 8, what\'s new on retrieval evaluation from search:"retrieval evaluation"'
    with web_sources() as host, searxng() as server:
        async with team(slack, tmp_path) as here:
            room = SlackNewsroom(here, host, Clock())
            await room.subscribed(asked)
            assert "FOOTNOTE_SEARCH_URL" in (await room.message('Not read: search:"retrieval evaluation"')).text
        server.find("retrieval evaluation", (*TEST_SET[:1], "https://example.org/set", TEST_SET[2], None))
        clock = Clock()
        async with team(slack, tmp_path, clock=clock, search_url=server.url) as here:
            room = SlackNewsroom(here, host, clock)
            await room.morning()
            await room.delivered(2)
            story = await room.message("The set has 40 questions")
            assert set(story.links) == {"https://example.org/set"}
