"""The port `ChatModel`: messages in, text and tool calls out. One file a provider.

What every adapter promises: `stream` yields pieces of text as they come, an empty one as soon as the provider has
begun (from there on it charges), and ends with exactly one `Completion` that holds the whole; usage is what the
provider reported (or an estimate where it reports none);
whatever the provider does wrong (away, 429 after bounded retries, 500, garbage) is a `ModelUnavailable`
of one line without secrets. Tool arguments that are not a JSON object are garbage.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agent.errors import ModelUnavailable


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call that a model asks for."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. ``tool_calls`` only on an assistant's; ``tool_call`` is the call that a tool's message answers."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call: str = ""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it; ``schema`` is the JSON schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text the model may cite, under the id it is cited by."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """The provider's own citation: characters ``start:end`` of the completion rest on these sources."""

    start: int
    end: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls took: tokens, US dollars, seconds. Adds up."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost + other.cost,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer of a model."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    citations: tuple[Cited, ...] = ()
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a model in one call. ``schema`` asks for a JSON object of that shape as the text."""

    messages: Sequence[Message]
    purpose: str
    tools: Sequence[ToolSpec] = ()
    sources: Sequence[SourceText] = ()
    schema: Mapping[str, Any] | None = None
    max_tokens: int = 1024


class ChatModel(Protocol):
    name: str

    def stream(self, request: Request) -> AsyncGenerator[str | Completion]: ...

    async def close(self) -> None: ...


async def complete(model: ChatModel, request: Request) -> Completion:
    """The whole answer at once. Raises what `stream` raises."""
    whole: Completion | None = None
    async for piece in model.stream(request):
        if isinstance(piece, Completion):
            whole = piece
    if whole is None:
        raise ModelUnavailable(f"{model.name} ended without an answer.")
    return whole
