"""search_knowledge: look something up in what the team has indexed."""

from __future__ import annotations

from pydantic import BaseModel, Field

from agent.tools import Effect, Tool, ToolContext, ToolResult
from retrieval.search import Searcher


class Arguments(BaseModel):
    query: str = Field(min_length=1, max_length=1_000, description="What to look for, in plain words.")


def search_knowledge(searcher: Searcher, limit: int = 8) -> Tool:
    """The tool over a searcher; it finds only what everyone in the run's place may see."""

    async def run(arguments: Arguments, context: ToolContext) -> ToolResult:
        found = await searcher.search(arguments.query, context.audience, limit)
        documents = {hit.passage.title for hit in found.hits}
        text = f"Found passages in {', '.join(sorted(documents))[:300]}." if documents else "Nothing was found."
        return ToolResult(text, hits=tuple(found.hits))

    return Tool(
        name="search_knowledge",
        description="Search the team's own documents. Returns passages.",
        arguments=Arguments,
        effect=Effect.READ,
        run=run,
        summary=lambda arguments: f"Search for “{arguments.query}”",
    )
