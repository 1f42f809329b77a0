"""The tools of an assistant by name: validated, bounded in time, and never one that was not registered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from agent.errors import ToolCutOff, ToolFailed
from agent.models import ToolSpec
from agent.tools import Tool, ToolContext, ToolResult
from agent.tools.forms import validated
from retrieval.errors import RetrievalError

SECONDS = 60.0
Done = TypeVar("Done")


class Toolbox:
    """Every failure of a tool is a `ToolFailed` with one line."""

    def __init__(self, tools: Sequence[Tool], seconds: float = SECONDS) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._seconds = seconds

    def all(self) -> list[Tool]:
        return list(self._tools.values())

    def find(self, name: str) -> Tool | None:
        return self._tools.get(name)

    def get(self, name: str) -> Tool:
        """Raises `ToolFailed` where there is no such tool."""
        try:
            return self._tools[name]
        except KeyError:
            raise ToolFailed(f"There is no tool “{name}”; there are {', '.join(sorted(self._tools))}.") from None

    def validate(self, name: str, arguments: Mapping[str, Any]) -> BaseModel:
        """Raises `ToolFailed` naming the argument that is wrong."""
        return validated(self.get(name).arguments, arguments)

    async def check(self, name: str, arguments: Mapping[str, Any], place: str, person: str) -> BaseModel:
        """The arguments, if the tool could do what they say in this place for this person. Raises `ToolFailed`."""
        tool, checked = self.get(name), self.validate(name, arguments)
        if tool.check is not None:
            await self._bounded(name, tool.check(checked, place, person))
        return checked

    async def prepare(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> BaseModel:
        """The arguments as they are proposed. Raises `ToolFailed`."""
        tool, checked = self.get(name), await self.check(name, arguments, context.place, context.person)
        return checked if tool.prepare is None else await self._bounded(name, tool.prepare(checked, context))

    async def run(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        """Raises `ToolFailed`, or `ToolCutOff` where it was stopped at the ceiling of time."""
        tool, checked = self.get(name), self.validate(name, arguments)
        return await self._bounded(name, tool.run(checked, context))

    async def _bounded(self, name: str, work: Awaitable[Done]) -> Done:
        try:
            async with asyncio.timeout(self._seconds):
                return await work
        except TimeoutError:
            raise ToolCutOff(f"{name} did not end within {self._seconds:.0f} seconds.") from None
        except RetrievalError as error:
            raise ToolFailed(str(error)) from error

    def specs(self) -> list[ToolSpec]:
        """The tools as a model sees them."""
        return [ToolSpec(t.name, t.description, t.arguments.model_json_schema()) for t in self._tools.values()]
