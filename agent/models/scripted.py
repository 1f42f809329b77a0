"""A model that a function plays: for tests, yours too.

model = ScriptedModel(lambda request: "Paris is the capital of France [1].")
model = ScriptedModel(lambda request: Completion("", tool_calls=(ToolCall("1", "remember", {"text": "x"}),)))
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from agent.models import Completion, Request, Usage


class ScriptedModel:
    """Answers each request with what the function returns, a word at a time; ``requests`` holds what was asked."""

    def __init__(self, play: Callable[[Request], str | Completion], name: str = "scripted") -> None:
        self.name = name
        self.requests: list[Request] = []
        self._play = play

    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        self.requests.append(request)
        played = self._play(request)
        whole = played if isinstance(played, Completion) else Completion(played, usage=_counted(request, played))
        for piece in whole.text.splitlines(keepends=True):
            yield piece
        yield whole

    async def close(self) -> None:
        """Nothing is open."""


def _counted(request: Request, text: str) -> Usage:
    asked = sum(len(message.content.split()) for message in request.messages)
    return Usage(input_tokens=asked, output_tokens=len(text.split()))
