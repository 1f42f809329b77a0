"""read_page: read a web page that a person named, or that stands in what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from agent.errors import ToolFailed
from agent.tools import Effect, Tool, ToolContext, ToolResult
from retrieval.chunking import chunk
from retrieval.documents import Document, Hit, content_hash
from retrieval.errors import Unreadable
from retrieval.fetching import Fetched, fetch
from retrieval.parsing import parse


class Arguments(BaseModel):
    url: str = Field(min_length=8, max_length=2_000, description="The page's full address.")


def read_page(allowed_hosts: Collection[str] = ()) -> Tool:
    """The tool. It reads only addresses that the asker wrote or that the run has found: a model can't make one up."""

    async def run(arguments: Arguments, context: ToolContext) -> ToolResult:
        if arguments.url not in context.addresses:
            raise ToolFailed("Only addresses that you wrote, or that were found in the documents, are read.")
        try:
            document = await _document(await fetch(arguments.url, allowed_hosts), context)
        except Unreadable as error:
            raise ToolFailed(f"{error}.") from error
        passages = await asyncio.to_thread(chunk, document)
        hits = tuple(Hit(passage, 1.0 / (1 + rank), via="page") for rank, passage in enumerate(passages))
        return ToolResult(f"Read {document.title} ({len(document.text):,} characters).", hits)

    return Tool(
        name="read_page",
        description="Read a web page whose address the person wrote or that stands in the evidence.",
        arguments=Arguments,
        effect=Effect.READ,
        run=run,
        summary=lambda arguments: f"Read {arguments.url}",
    )


async def _document(page: Fetched, context: ToolContext) -> Document:
    suffix = ".pdf" if "pdf" in page.content_type else ".html" if "html" in page.content_type else ".txt"
    parsed = await parse(f"{page.url.split('?')[0]}{suffix}", page.readable)
    title = parsed.title or urlsplit(page.url).netloc
    return Document(
        id=page.url,
        source="web",
        uri=page.url,
        title=title,
        text=parsed.text,
        audience=context.audience,
        content_hash=content_hash(page.body),
        headings=parsed.headings,
        links=parsed.links,
    )
