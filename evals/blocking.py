"""The agent's hands tied: every tool but those that are pinned is blocked, whatever it declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agent.errors import ToolFailed
from agent.tools import Effect, Tool, ToolContext, ToolResult
from agent.tools.registry import Toolbox


def sealed(toolbox: Toolbox, pinned: Sequence[Tool]) -> Toolbox:
    """The same tools by name. Of them only the ``pinned`` ones run; a tool that writes is none of these.

    A tool that writes is proposed as ever, and nobody approves it: that it was wanted stands on the ledger.
    """
    runs = {tool.name: tool for tool in pinned if tool.effect is Effect.READ}
    return Toolbox([runs.get(tool.name) or _blocked(tool) for tool in toolbox.all()])


def _blocked(tool: Tool) -> Tool:
    async def run(arguments: Any, context: ToolContext) -> ToolResult:
        raise ToolFailed(f"{tool.name} is blocked: this is an evaluation, and nothing outside it is touched.")

    return replace(tool, run=run, prepare=None)
