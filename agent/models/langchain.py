"""What LangChain's `init_chat_model` names: openai:…, anthropic:…, google_genai:… The extra `langchain`.

API: https://reference.langchain.com/python/langchain/models/ . The provider's own package must be installed too.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.errors import ModelUnavailable
from agent.models import Completion, Message, Request, ToolCall, Usage
from agent.models.tokens import counted
from agent.models.wire import safe_id, tool_specs

_LIMIT = {"google_genai": "max_output_tokens", "google_vertexai": "max_output_tokens"} | dict.fromkeys(
    ("anthropic", "azure_openai", "deepseek", "fireworks", "groq", "mistralai", "openai", "together", "xai"),
    "max_tokens",
)
"""What each provider calls the ceiling of an answer; a provider that is not here refuses names it doesn't know."""


class LangChain:
    """A `ChatModel` over any LangChain chat model."""

    def __init__(self, name: str, model: BaseChatModel) -> None:
        self.name = name
        self._model = model

    @classmethod
    def named(cls, name: str, **options: Any) -> LangChain:
        """Raises what `init_chat_model` raises: ImportError without the provider's package, ValueError for a name."""
        return cls(name, init_chat_model(name, temperature=0, **options))

    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        started = time.monotonic()
        whole: AIMessageChunk | None = None
        try:
            async with aclosing(self._bound(request).astream(_messages(request))) as chunks:
                async for chunk in chunks:
                    whole = chunk if whole is None else whole + chunk
                    yield str(chunk.text)
        except Exception as error:  # every provider has exceptions of its own
            reason = " ".join(str(error).split())[:160]
            raise ModelUnavailable(f"{self.name} failed: {type(error).__name__} {reason}") from error
        if whole is None:
            raise ModelUnavailable(f"{self.name} answered nothing.")
        yield self._whole(whole, request, time.monotonic() - started)

    def _bound(self, request: Request) -> Any:
        model: Any = self._model.bind_tools(tool_specs(request.tools)) if request.tools else self._model
        limit = _LIMIT.get(self.name.partition(":")[0])
        return model.bind(**{limit: request.max_tokens}) if limit else model

    async def close(self) -> None:
        """Providers' clients close with their connections."""

    def _whole(self, message: AIMessageChunk, request: Request, seconds: float) -> Completion:
        if message.invalid_tool_calls:
            raise ModelUnavailable(f"{self.name} called a tool with arguments that are no JSON object.")
        calls = tuple(ToolCall(call["id"] or "", call["name"], call["args"]) for call in message.tool_calls)
        used, text = message.usage_metadata, str(message.text)
        asked, wrote = (used["input_tokens"], used["output_tokens"]) if used else (0, 0)
        return Completion(text, calls, usage=counted(request, text, Usage(asked, wrote, seconds=seconds)))


def _messages(request: Request) -> list[BaseMessage]:
    """The messages; a schema goes into the first, since providers differ in how it is asked for while streaming."""
    messages = list(request.messages)
    if request.schema is not None:
        shape = f"Answer with one JSON object and nothing else. Its schema: {json.dumps(request.schema)}"
        told = messages[0].content + "\n\n" if messages and messages[0].role == "system" else ""
        messages[: bool(told)] = [Message("system", told + shape)]
    return [_message(message) for message in messages]


def _message(message: Message) -> BaseMessage:
    match message.role:
        case "system":
            return SystemMessage(message.content)
        case "user":
            return HumanMessage(message.content)
        case "tool":
            return ToolMessage(message.content, tool_call_id=safe_id(message.tool_call))
        case "assistant":
            calls: list[Any] = [
                {"id": safe_id(call.id), "name": call.name, "args": dict(call.arguments)} for call in message.tool_calls
            ]
            return AIMessage(message.content, tool_calls=calls)
