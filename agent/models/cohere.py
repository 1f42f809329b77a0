"""Cohere's chat through its own client: tools, streaming, and its own citations of the sources it was given.

API: https://docs.cohere.com/reference/chat-stream (v2). The extra `cohere`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from cohere import AsyncClientV2
from cohere.core.api_error import ApiError
from pydantic import SecretStr, ValidationError

from agent.errors import ModelUnavailable
from agent.models import Cited, Completion, Request, Usage, wire
from agent.models.http import TRIES, may_pass, wait_before
from agent.models.tokens import counted


@dataclass(slots=True)
class _Gathered:
    text: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    citations: list[Cited] = field(default_factory=list)
    tokens: tuple[int, int] = (0, 0)
    began: bool = False
    ended: bool = False


class Cohere:
    """A `ChatModel`. ``url`` is another address than Cohere's, or empty."""

    def __init__(self, model: str, key: SecretStr, url: str = "") -> None:
        self.name = f"cohere:{model}"
        self._model = model
        self._client = AsyncClientV2(api_key=key.get_secret_value(), base_url=url or None, timeout=120)

    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        started = time.monotonic()
        gathered = _Gathered()
        for attempt in range(1, TRIES + 1):
            try:
                async with aclosing(self._events(request)) as events:
                    async for event in events:
                        yield _take(event, gathered)
                break
            except ApiError as error:
                if attempt == TRIES or gathered.began or not may_pass(error.status_code or 0):
                    said = f"{self.name} answered {error.status_code} ({_said(error.body)})."
                    raise ModelUnavailable(said) from error
                await asyncio.sleep(wait_before((error.headers or {}).get("retry-after"), attempt))
            except (httpx.HTTPError, ValidationError, ValueError, AttributeError, TypeError) as error:
                raise ModelUnavailable(f"{self.name} could not be understood ({type(error).__name__}).") from error
        if not gathered.ended:
            raise ModelUnavailable(f"{self.name} broke off in the middle.")
        text, (asked, wrote) = "".join(gathered.text), gathered.tokens
        calls = tuple(wire.tool_call(self.name, call) for _, call in sorted(gathered.calls.items()))
        usage = counted(request, text, Usage(asked, wrote, seconds=time.monotonic() - started))
        yield Completion(text, calls, tuple(gathered.citations), usage)

    def _events(self, request: Request) -> AsyncGenerator[Any]:
        """The client's stream, which is a generator though it does not say so: left early, it must be closed."""
        return cast("AsyncGenerator[Any]", self._client.chat_stream(**self._arguments(request)))

    async def close(self) -> None:
        """The client closes with its connections."""

    def _arguments(self, request: Request) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self._model,
            "messages": [wire.message(message) for message in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": 0.0,
            "request_options": {"max_retries": 0, "timeout_in_seconds": 120},
        }
        if request.tools:
            arguments["tools"] = wire.tool_specs(request.tools)
        if request.sources:
            arguments["documents"] = [{"id": source.id, "data": {"text": source.text}} for source in request.sources]
        if request.schema is not None:
            arguments["response_format"] = {"type": "json_object", "json_schema": request.schema}
        return arguments


def _take(event: Any, gathered: _Gathered) -> str:
    """Add one event of the stream; returns its text."""
    gathered.began = True
    gathered.ended |= event.type == "message-end"
    match event.type:
        case "content-delta":
            text: str = event.delta.message.content.text or ""
            gathered.text.append(text)
            return text
        case "tool-call-start":
            call = event.delta.message.tool_calls
            started = {"id": call.id, "name": call.function.name, "arguments": call.function.arguments or ""}
            gathered.calls[event.index or 0] = started
        case "tool-call-delta":
            gathered.calls[event.index or 0]["arguments"] += event.delta.message.tool_calls.function.arguments or ""
        case "citation-start":
            cited = event.delta.message.citations
            sources = tuple(source.id for source in cited.sources or () if source.id)
            gathered.citations.append(Cited(cited.start, cited.end, sources))
        case "message-end" if event.delta.usage and event.delta.usage.tokens:
            tokens = event.delta.usage.tokens
            gathered.tokens = (int(tokens.input_tokens or 0), int(tokens.output_tokens or 0))
    return ""


def _said(body: Any) -> str:
    words = body.get("message", "") if isinstance(body, dict) else body
    return " ".join(str(words).split())[:160]
