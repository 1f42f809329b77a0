"""Any OpenAI-compatible URL: Ollama, vLLM, llama.cpp's server, OpenAI itself.

API: https://platform.openai.com/docs/api-reference/chat (POST /chat/completions, streamed).
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import SecretStr

from agent.errors import ModelUnavailable
from agent.models import Completion, Request, Usage, wire
from agent.models.http import TIMEOUT, post_stream
from agent.models.tokens import counted


@dataclass(slots=True)
class _Gathered:
    text: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=dict)
    ended: bool = False
    """Whether it said that it is over: by [DONE], or by why it finished."""


class OpenAICompatible:
    """A `ChatModel` at a URL such as http://127.0.0.1:11434/v1. A key only where the server wants one."""

    def __init__(self, model: str, url: str, key: SecretStr) -> None:
        self.name = f"openai-compatible:{model}"
        self._model = model
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key.get_secret_value() else {}
        self._client = httpx.AsyncClient(base_url=url.rstrip("/") + "/", headers=headers, timeout=TIMEOUT)

    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        started = time.monotonic()
        gathered = _Gathered()
        try:
            async with post_stream(self._client, self.name, "chat/completions", self._body(request)) as response:
                yield ""
                async for line in response.aiter_lines():
                    if piece := self._take(line, gathered):
                        yield piece
        except httpx.TransportError as error:
            raise ModelUnavailable(f"{self.name} broke off in the middle ({type(error).__name__}).") from error
        if not gathered.ended:
            raise ModelUnavailable(f"{self.name} broke off in the middle.")
        yield self._whole(gathered, request, time.monotonic() - started)

    async def close(self) -> None:
        await self._client.aclose()

    def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [wire.message(message) for message in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.tools:
            body["tools"] = wire.tool_specs(request.tools)
        if request.schema is not None:
            schema = {"name": request.purpose.replace(":", "_"), "schema": request.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _take(self, line: str, gathered: _Gathered) -> str:
        """Add one line of the stream; returns its text."""
        done = line.startswith("data:") and line[5:].strip() == "[DONE]"
        gathered.ended |= done
        if done or not line.startswith("data:"):
            return ""
        try:
            event = json.loads(line[5:])
            if error := event.get("error"):
                raise ModelUnavailable(f"{self.name} failed: {str(error)[:160]}")
            gathered.usage = event.get("usage") or gathered.usage
            choice = event["choices"][0] if event.get("choices") else {}
            gathered.ended |= bool(choice.get("finish_reason"))
            delta = choice.get("delta", {})
            for part in delta.get("tool_calls") or ():
                call = gathered.calls.setdefault(part.get("index", 0), {"id": "", "name": "", "arguments": ""})
                function = part.get("function") or {}
                call["id"] += part.get("id") or ""
                call["name"] += function.get("name") or ""
                call["arguments"] += function.get("arguments") or ""
            text: str = delta.get("content") or ""
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelUnavailable(f"{self.name} sent what is no chat completion.") from error
        gathered.text.append(text)
        return text

    def _whole(self, gathered: _Gathered, request: Request, seconds: float) -> Completion:
        calls = tuple(wire.tool_call(self.name, call) for _, call in sorted(gathered.calls.items()))
        text = "".join(gathered.text)
        asked, wrote = (int(gathered.usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens"))
        return Completion(text, calls, usage=counted(request, text, Usage(asked, wrote, seconds=seconds)))
