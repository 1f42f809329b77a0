"""A GGUF file through xllamacpp, in a process of its own: it computes for seconds and would block everything else.

The process listens on a loopback port with a key made for it alone, and speaks the OpenAI API. The extra `gguf`.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
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

    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        client = await self._ready()
        async with aclosing(client.stream(request)) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        async with self._lock:
            await self._stop()

    async def _ready(self) -> OpenAICompatible:
        async with self._lock:
            if self._client is not None and self._process is not None and self._process.returncode is None:
                return self._client
            await self._stop()
            self._process, self._client = await self._start()
            return self._client

    async def _stop(self) -> None:
        if self._client is not None:
            await self._client.close()
        if self._process is not None:
            await _end(self._process)
        self._process = self._client = None

    async def _start(self) -> tuple[asyncio.subprocess.Process, OpenAICompatible]:
        """A process that answers. Whatever ends this early, a cancellation too, ends the process."""
        port, key = _free_port(), secrets.token_urlsafe(24)
        arguments = ("-m", "agent.models.gguf_process", str(self._path), str(port))
        nowhere = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=asyncio.subprocess.PIPE, stdout=nowhere, stderr=nowhere
        )
        up = False
        try:
            up = await self._comes_up(process, port, key)
        finally:
            if not up:
                await _end(process)
        if not up:
            raise ModelUnavailable(f"{self.name} did not start; is it a whole GGUF file, and is there memory for it?")
        client = OpenAICompatible(self._path.stem, f"http://127.0.0.1:{port}/v1", SecretStr(key))
        client.name = self.name
        return process, client

    async def _comes_up(self, process: asyncio.subprocess.Process, port: int, key: str) -> bool:
        """Whether the process answers in time; it is told its key first."""
        assert process.stdin is not None  # noqa: S101  # PIPE was asked for
        with suppress(ConnectionError):  # it has ended already, which is seen below
            process.stdin.write(f"{key}\n".encode())
            await process.stdin.drain()
        headers = {"Authorization": f"Bearer {key}"}
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            while process.returncode is None and asyncio.get_running_loop().time() < deadline:
                with suppress(httpx.TransportError):  # not listening yet
                    if (await client.get("/health", timeout=2)).status_code == httpx.codes.OK:
                        return True
                await asyncio.sleep(0.1)
        return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
