"""Hacker News: what is on its front page now, by way of its search API (https://hn.algolia.com/api)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pydantic import BaseModel

from retrieval.documents import Audience, Document, content_hash
from retrieval.parsing import parse
from retrieval.sources import READING, Listed
from retrieval.sources.api import MAX_BYTES, decoded, shaped
from retrieval.sources.fetcher import Fetcher

ITEM = "https://news.ycombinator.com/item?id="


class Story(BaseModel):
    objectID: str  # noqa: N815  # as the API has it
    title: str = ""
    url: str | None = None
    author: str = ""
    points: int | None = 0
    num_comments: int | None = 0
    story_text: str | None = None
    created_at_i: int = 0


class FrontPage(BaseModel):
    hits: list[Story]


class HackerNewsSource:
    """A `Source`. A story goes by its number; its address is what it links to, or its discussion."""

    keeps = True
    name = "hackernews"

    def __init__(self, url: str, fetcher: Fetcher, audience: Audience | None = None) -> None:
        self._url = url
        self._fetcher = fetcher
        self._audience = audience or Audience.everyone()
        self._stories: dict[str, Story] = {}

    async def list(self) -> AsyncIterator[Listed]:
        got = await self._fetcher.get(self._url, max_bytes=MAX_BYTES, trusted=True)
        page = shaped(FrontPage, await decoded(got), self.name)
        self._stories = {f"{self.name}#{story.objectID}": story for story in page.hits if story.title}
        for id_, story in self._stories.items():
            yield Listed(id_, f"{READING}:{content_hash(f'{story.title}{story.story_text}'.encode())}")

    async def read(self, listed: Listed) -> Document:
        story = self._stories[listed.id]
        said = (await parse("story.html", story.story_text.encode())).text if story.story_text else ""
        told = f"{story.points or 0} points and {story.num_comments or 0} comments on Hacker News."
        return Document(
            id=listed.id,
            source=self.name,
            uri=story.url or f"{ITEM}{story.objectID}",
            title=story.title,
            text="\n\n".join(filter(None, (said.strip(), told))),
            audience=self._audience,
            content_hash=listed.content_hash,
            modified=float(story.created_at_i),
            authors=(story.author,) if story.author else (),
        )
