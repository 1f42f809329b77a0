"""Serving the console: its pages on one FastAPI application, on a loopback port, in the loop of everything else."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from bot.console.guard import Guard
from bot.errors import sentence
from bot.settings import Settings, SettingsInvalid


def build(settings: Settings, parts: object, examples: Sequence[str]) -> FastAPI:
    """The application with its pages. Call once a process: NiceGUI has one set of pages."""
    os.environ.setdefault("NICEGUI_STORAGE_PATH", str(settings.home / "console"))
    import nicegui
    from nicegui import ui

    from bot.console.approvals_page import approvals_page
    from bot.console.chat_page import chat_page
    from bot.console.document_page import document_page
    from bot.console.knowledge_page import knowledge_page
    from bot.console.parts import Parts

    if not isinstance(parts, Parts):
        raise TypeError("parts are bot.console.parts.Parts")
    application = FastAPI(openapi_url=None)

    @ui.page("/")
    async def chat(channel: str = "general", thread: str = "") -> None:
        await chat_page(parts, channel[:80].replace("/", "-"), thread[:80], examples)

    @ui.page("/knowledge")
    async def knowledge() -> None:
        await knowledge_page(parts)

    @ui.page("/approvals")
    async def approvals() -> None:
        await approvals_page(parts)

    @ui.page("/document")
    async def document(id: str, start: int = -1, end: int = -1) -> None:  # noqa: A002  # the name in the address
        await document_page(parts, id, start, end)

    @application.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    nicegui.app.on_exception(_tell)
    ui.run_with(
        application, title="Footnote", dark=None, storage_secret=_secret(settings.home), show_welcome_message=False
    )
    loopback = {"127.0.0.1", "localhost", "::1"}
    application.add_middleware(Guard, hosts=loopback if settings.host in loopback else frozenset())
    return application


def _tell(error: Exception) -> None:
    """Whoever caused an error sees it on the page."""
    from nicegui import context, ui

    with contextlib.suppress(RuntimeError):  # raised where there is no page, as in a background task
        assert context.client  # noqa: S101
        said = sentence(error) or "Something broke on my side, and it is logged. Try again?"
        ui.notify(said, type="negative", position="top", timeout=0, close_button="Close")


def listen(settings: Settings) -> socket.socket:
    """The socket the console listens on. Raises `SettingsInvalid` where the port is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
    except OSError as error:
        bound.close()
        raise SettingsInvalid(
            f"FOOTNOTE_PORT: {settings.host}:{settings.port} can't be listened on ({error.strerror}); is Footnote "
            "running already? Choose another port."
        ) from error
    return bound


def server(application: FastAPI) -> uvicorn.Server:
    """The server; `serve(sockets=[…])` runs until `should_exit` is set."""
    config = uvicorn.Config(application, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
    return uvicorn.Server(config)


def _secret(home: Path) -> str:
    """What signs the browsers' cookies; made once for a home."""
    path = home / "console.secret"
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        made = secrets.token_urlsafe(32)
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(made, encoding="ascii")
        return made
