"""post_message: say something in another channel."""

from __future__ import annotations

import re
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from agent.errors import ToolFailed
from agent.tools import Effect, Tool, ToolContext, ToolResult

_EVERYBODY = re.compile(r"@(everyone|here|channel)\b|<!(everyone|here|channel)[^>]*>", re.IGNORECASE)


class Poster(Protocol):
    """Where messages are posted; the same ``key`` twice posts once."""

    async def resolve(self, channel: str, place: str, person: str) -> str | None:
        """The channel of this name near a place, as an address to post to; None where this person may post in none."""
        ...

    async def post(self, address: str, text: str, key: str) -> None: ...


class Arguments(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)

    channel: str = Field(min_length=1, max_length=100, description="The channel's name, without #.")
    text: str = Field(
        min_length=1, max_length=4_000, description="The message, in Markdown.", json_schema_extra={"multiline": True}
    )


def post_message(poster: Poster) -> Tool:
    """The tool over a poster. It never calls everybody in a channel."""

    async def address_of(arguments: Arguments, place: str, person: str) -> str:
        address = await poster.resolve(_name(arguments), place, person)
        if address is None:
            words = f"There is no channel #{_name(arguments)} here that both of us can post in."
            raise ToolFailed(words, field="channel")
        return address

    async def check(arguments: Arguments, place: str, person: str) -> None:
        await address_of(arguments, place, person)

    async def run(arguments: Arguments, context: ToolContext) -> ToolResult:
        address = await address_of(arguments, context.place, context.person)
        text = _EVERYBODY.sub(lambda match: f"@\u200b{match[1] or match[2]}", arguments.text)
        await poster.post(address, text, context.key)
        return ToolResult(f"Posted in #{_name(arguments)}.")

    return Tool(
        name="post_message",
        description="Post a message into another channel.",
        arguments=Arguments,
        effect=Effect.WRITE,
        run=run,
        summary=lambda arguments: f"Post in #{_name(arguments)}",
        check=check,
    )


def _name(arguments: Arguments) -> str:
    return arguments.channel.lstrip("#")
