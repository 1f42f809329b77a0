"""A model whose answer waits, for what happens while somebody is being answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from agent.models import Completion, Request
from agent.models.scripted import ScriptedModel


class Held(ScriptedModel):
    """A model that says nothing until it may."""

    def __init__(self) -> None:
        super().__init__(lambda request: "not JSON")
        self.may = asyncio.Event()

    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        await self.may.wait()
        async for piece in super().stream(request):
            yield piece
