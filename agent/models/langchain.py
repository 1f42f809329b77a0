"""What LangChain's `init_chat_model` names: openai:…, anthropic:…, google_genai:… The extra `langchain`.

API: https://reference.langchain.com/python/langchain/models/ . The provider's own package must be installed too.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.errors import ModelUnavailable
from agent.models import Completion, Message, Request, ToolCall, Usage


class LangChain:
    """A `ChatModel` over any LangChain chat model."""

    def __init__(self, name: str, model: BaseChatModel) -> None:
        self.name = name
        self._model = model

    @classmethod
    def named(cls, name: str, **options: Any) -> LangChain:
        """Raises what `init_chat_model` raises: ImportError without the provider's package, ValueError for a name."""
        return cls(name, init_chat_model(name, temperature=0, **options))

    async def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        started = time.monotonic()
        model: Any = self._model
        if request.tools:
            tools = [
                {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.schema}}
                for t in request.tools
            ]
            model = model.bind_tools(tools)
        whole: AIMessageChunk | None = None
        try:
            async for chunk in model.astream([_message(message) for message in request.messages]):
                whole = chunk if whole is None else whole + chunk
                if text := chunk.text:
                    yield str(text)
        except Exception as error:  # every provider has exceptions of its own
            reason = " ".join(str(error).split())[:160]
            raise ModelUnavailable(f"{self.name} failed: {type(error).__name__} {reason}") from error
        if whole is None:
            raise ModelUnavailable(f"{self.name} answered nothing.")
        yield self._whole(whole, time.monotonic() - started)

    async def close(self) -> None:
        """Providers' clients close with their connections."""

    def _whole(self, message: AIMessageChunk, seconds: float) -> Completion:
        if message.invalid_tool_calls:
            raise ModelUnavailable(f"{self.name} called a tool with arguments that are no JSON object.")
        calls = tuple(ToolCall(call["id"] or "", call["name"], call["args"]) for call in message.tool_calls)
        used = message.usage_metadata
        usage = Usage(used["input_tokens"], used["output_tokens"], seconds=seconds) if used else Usage(seconds=seconds)
        return Completion(str(message.text), calls, usage=usage)


def _message(message: Message) -> BaseMessage:
    match message.role:
        case "system":
            return SystemMessage(message.content)
        case "user":
            return HumanMessage(message.content)
        case "tool":
            return ToolMessage(message.content, tool_call_id=message.tool_call)
        case "assistant":
            calls: list[Any] = [
                {"id": call.id, "name": call.name, "args": dict(call.arguments)} for call in message.tool_calls
            ]
            return AIMessage(message.content, tool_calls=calls)
