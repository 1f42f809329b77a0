"""run_python: a calculation in a sandboxed interpreter with no files, no network, bounded time and memory."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, Field

from agent.errors import ToolFailed
from agent.tools import Effect, Tool, ToolContext, ToolResult

SECONDS = 5
MEMORY = 100_000_000
MAX_OUTPUT = 4_000


class Arguments(BaseModel):
    code: str = Field(min_length=1, max_length=20_000, description="Python; the value of the last line is the result.")


def run_python() -> Tool:
    """The tool on pydantic-monty (https://github.com/pydantic/monty), an interpreter in Rust in a worker process."""

    async def run(arguments: Arguments, context: ToolContext) -> ToolResult:
        return ToolResult(await asyncio.to_thread(_evaluate, arguments.code))

    return Tool(
        name="run_python",
        description="Run Python to calculate something: no files, no network, standard arithmetic, json, re, math, "
        "datetime. The value of the last expression is the result.",
        arguments=Arguments,
        effect=Effect.READ,
        run=run,
        summary=lambda arguments: f"Run {len(arguments.code.splitlines())} lines of Python",
    )


def _evaluate(code: str) -> str:
    from pydantic_monty import CollectString, Monty, MontyError, OSPolicy, ResourceLimits

    printed = CollectString()
    limits = ResourceLimits(max_feed_duration_secs=SECONDS, max_memory=MEMORY)
    at_once = OSPolicy(sleep="zero")  # time slept counts for no limit, and would hold a thread for hours
    try:
        with Monty() as monty, monty.checkout(limits=limits, os_policy=at_once) as session:
            value = session.feed_run(code, print_callback=printed)
    except MontyError as error:
        raise ToolFailed(f"The code failed: {str(error).strip().splitlines()[-1][:300]}") from error
    shown = [printed.output.rstrip(), "" if value is None else _shown(value)]
    text = "\n".join(part for part in shown if part) or "The code ran and gave no value."
    return text if len(text) <= MAX_OUTPUT else f"{text[:MAX_OUTPUT]}… (cut at {MAX_OUTPUT:,} characters)"


def _shown(value: object) -> str:
    try:
        return repr(value)
    except ValueError as error:
        raise ToolFailed("The result is a number with too many digits to show: ask for a part of it.") from error
