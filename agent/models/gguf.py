"""A GGUF file through xllamacpp, in a process of its own: it computes for seconds and would block everything else.

The process listens on a loopback port with a key made for it alone, and speaks the OpenAI API. The extra `gguf`.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import httpx
from pydantic import SecretStr

from agent.errors import ModelUnavailable
from agent.models import Completion, Request
from agent.models.openai import OpenAICompatible

START_SECONDS = 60.0


class Gguf:
    """A `ChatModel`; the process starts with the first call and ends with `close`, or with its parent."""

    def __init__(self, path: Path) -> None:
        if find_spec("xllamacpp") is None:
            raise ImportError("xllamacpp is not installed", name="xllamacpp")
        self.name = f"gguf:{path.name}"
        self._path = path
        self._process: asyncio.subprocess.Process | None = None
        self._client: OpenAICompatible | None = None
        self._lock = asyncio.Lock()

    async def stream(self, request: Request) -> AsyncIterator[str | Completion]:
        client = await self._ready()
        async for piece in client.stream(request):
            yield piece

    async def close(self) -> None:
        if self._client:
            await self._client.close()
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _ready(self) -> OpenAICompatible:
        async with self._lock:
            if self._client is None or self._process is None or self._process.returncode is not None:
                self._client = await self._start()
            return self._client

    async def _start(self) -> OpenAICompatible:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        key = secrets.token_urlsafe(24)
        arguments = ("-m", "agent.models.gguf_process", str(self._path), str(port))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert self._process.stdin is not None  # noqa: S101  # PIPE was asked for
        self._process.stdin.write(f"{key}\n".encode())
        await self._process.stdin.drain()
        await self._wait_until_up(port, key)
        return OpenAICompatible(self._path.stem, f"http://127.0.0.1:{port}/v1", SecretStr(key))

    async def _wait_until_up(self, port: int, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            while asyncio.get_running_loop().time() < deadline:
                if self._process is None or self._process.returncode is not None:
                    break
                try:
                    if (await client.get("/health", timeout=2)).status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        raise ModelUnavailable(f"{self.name} did not start; is it a whole GGUF file, and is there memory for it?")
