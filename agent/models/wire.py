"""Messages, tools and calls as the chat APIs of OpenAI and Cohere write them, and tool ids that every provider takes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.errors import ModelUnavailable
from agent.models import Message, ToolCall, ToolSpec

_SAFE_ID = re.compile(r"[a-zA-Z0-9_-]{1,40}")


def safe_id(call: str) -> str:
    """The id as every provider takes it: Anthropic refuses a colon, OpenAI more than 40 characters. Always the same."""
    if _SAFE_ID.fullmatch(call):
        return call
    return "call_" + hashlib.blake2b(call.encode(), digest_size=12).hexdigest()


def tool_specs(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    return [
        {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.schema}}
        for t in tools
    ]


def message(one: Message) -> dict[str, Any]:
    """A message; an assistant's calls, or the id of the call that a tool's message answers, go with it."""
    written: dict[str, Any] = {"role": one.role}
    if one.content or not one.tool_calls:
        written["content"] = one.content
    if one.tool_calls:
        written["tool_calls"] = [_call(call) for call in one.tool_calls]
    if one.role == "tool":
        written["tool_call_id"] = safe_id(one.tool_call)
    return written


def tool_call(model: str, call: Mapping[str, str]) -> ToolCall:
    """A call as it came. Raises `ModelUnavailable` where its arguments are no JSON object."""
    try:
        arguments = json.loads(call["arguments"] or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise ModelUnavailable(f"{model} called {call['name'][:60]} with arguments that are no JSON object.")
    return ToolCall(call["id"], call["name"], arguments)


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": json.dumps(dict(call.arguments))}
    return {"id": safe_id(call.id), "type": "function", "function": function}
