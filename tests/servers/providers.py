"""Scripted providers on loopback: an OpenAI-compatible one and Cohere's v2 chat, strict about what they are asked.

A script is a list of steps; each request takes the next one. What arrived is kept in ``requests``.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

KEY = "sk-a-secret-of-the-test"


@dataclass(frozen=True)
class Say:
    """Answer with this text, piece by piece, and perhaps a tool call; break off after ``cut`` pieces."""

    text: str = ""
    tool: tuple[str, str] | None = None
    sources: tuple[str, ...] = ()
    cut: int | None = None
    hold: int | None = None
    """After so many pieces, wait until `Provider.go` is set."""
    usage: bool = True
    """Whether the usage is reported."""
    ends: bool = True
    """Whether the stream says that it is over, before it is."""


@dataclass(frozen=True)
class Fail:
    """Answer with a status."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Garbage:
    """Answer 200 with what is no event."""


Step = Say | Fail | Garbage


class Provider:
    """One scripted provider; the last step is repeated."""

    def __init__(self, *script: Step) -> None:
        self.script = list(script)
        self.requests: list[dict[str, Any]] = []
        self.go = threading.Event()
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._openai, methods=["POST"]),
                Route("/v2/chat", self._cohere, methods=["POST"]),
            ]
        )

    async def _openai(self, request: Request) -> Response:
        allowed = {
            "model",
            "messages",
            "max_tokens",
            "temperature",
            "stream",
            "stream_options",
            "tools",
            "response_format",
        }
        return await self._answer(request, allowed, openai_events)

    async def _cohere(self, request: Request) -> Response:
        allowed = {"model", "messages", "max_tokens", "temperature", "stream", "tools", "documents", "response_format"}
        return await self._answer(request, allowed, cohere_events)

    async def _answer(self, request: Request, allowed: set[str], events: Any) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return JSONResponse({"error": {"message": "invalid api key"}, "message": "invalid api key"}, 401)
        body = await request.json()
        if unknown := set(body) - allowed:
            return JSONResponse({"error": {"message": f"unknown fields {unknown}"}, "message": "unknown fields"}, 400)
        self.requests.append(body)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        match step:
            case Fail():
                return JSONResponse({"error": {"message": "not now"}, "message": "not now"}, step.status, step.headers)
            case Garbage():
                return Response("data: {not json\n\n", media_type="text/event-stream")
            case Say():
                return StreamingResponse(self._stream(events(step), step), media_type="text/event-stream")

    async def _stream(self, events: list[str], step: Say) -> AsyncIterator[str]:
        for number, event in enumerate(events):
            if number == step.cut:
                raise ConnectionResetError("the script breaks off here")
            if number == step.hold:
                await asyncio.to_thread(self.go.wait, 30)
            yield event
            await asyncio.sleep(0)


class Playing(Provider):
    """A provider whose answer depends on what it is asked: the prose where it is to write, plain decisions else."""

    def __init__(self, prose: str, question: str, *, hold: int | None = None) -> None:
        super().__init__(Say("x"))
        self._prose = prose
        self._question = question
        self._hold = hold

    async def _answer(self, request: Request, allowed: set[str], events: Any) -> Response:
        asked = (await request.json())["messages"][0]["content"]
        writing = "answer a question from numbered passages" in asked
        self.script = [Say(self._play(asked), hold=self._hold if writing else None)]
        return await super()._answer(request, allowed, events)

    def _play(self, asked: str) -> str:
        if "answer a question from numbered passages" in asked:
            return self._prose
        if "is not supported by the passage" in asked:
            return "DROP"
        if "Decide what a message" in asked:
            return '{"route": "answer"}'
        if "List the searches" in asked:
            return json.dumps({"queries": [self._question]})
        return '{"enough": true, "supported": true}'


class Thinking(Provider):
    """A provider whose answer to each request is what a function makes of its body: a step, or the words to say."""

    def __init__(self, mind: Callable[[dict[str, Any]], Step | str]) -> None:
        super().__init__(Say("x"))
        self._mind = mind

    async def _answer(self, request: Request, allowed: set[str], events: Any) -> Response:
        thought = self._mind(await request.json())
        self.script = [Say(thought) if isinstance(thought, str) else thought]
        return await super()._answer(request, allowed, events)


def openai_events(step: Say) -> list[str]:
    deltas: list[dict[str, Any]] = [{"content": piece} for piece in _pieces(step.text)]
    if step.tool:
        name, arguments = step.tool
        deltas.append(
            {"tool_calls": [{"index": 0, "id": "call_1", "function": {"name": name, "arguments": arguments[:3]}}]}
        )
        deltas.append({"tool_calls": [{"index": 0, "function": {"arguments": arguments[3:]}}]})
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    if step.usage:
        chunks.append({"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}})
    events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return [*events, "data: [DONE]\n\n"] if step.ends else events


def cohere_events(step: Say) -> list[str]:
    events: list[dict[str, Any]] = [
        {"type": "message-start", "id": "m1", "delta": {"message": {"role": "assistant"}}},
        {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
    ]
    events += [
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": piece}}}}
        for piece in _pieces(step.text)
    ]
    events.append({"type": "content-end", "index": 0})
    if step.tool:
        name, arguments = step.tool
        call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}}
        events.append({"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": call}}})
        part = {"function": {"arguments": arguments}}
        events.append({"type": "tool-call-delta", "index": 0, "delta": {"message": {"tool_calls": part}}})
        events.append({"type": "tool-call-end", "index": 0})
    if step.sources:
        sources = [{"type": "document", "id": one, "document": {"id": one, "text": "x"}} for one in step.sources]
        cited = {"start": 0, "end": len(step.text), "text": step.text, "sources": sources, "type": "TEXT_CONTENT"}
        events.append({"type": "citation-start", "index": 0, "delta": {"message": {"citations": cited}}})
        events.append({"type": "citation-end", "index": 0})
    usage = {"usage": {"tokens": {"input_tokens": 11, "output_tokens": 7}}} if step.usage else {}
    if step.ends:
        events.append({"type": "message-end", "delta": {"finish_reason": "COMPLETE"} | usage})
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]


def _pieces(text: str) -> list[str]:
    return [text[start : start + 5] for start in range(0, len(text), 5)]
