"""Serving the console: its pages on one FastAPI application, on a loopback port, in the loop of everything else."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from bot.console.guard import Guard
from bot.errors import APOLOGY, sentence
from bot.settings import Settings, SettingsInvalid

SLOWEST = 30.0
"""Seconds that a page may take on a machine that is busy; NiceGUI's own 3 end with an error."""
_NOWHERE = Path(__file__).with_name("nowhere.html")


def build(settings: Settings, parts: object, examples: Sequence[str]) -> FastAPI:
    """The application with its pages. Call once a process: NiceGUI has one set of pages."""
    os.environ.setdefault("NICEGUI_STORAGE_PATH", str(settings.home / "console"))
    import nicegui
    from nicegui import ui

    from bot.console.approvals_page import approvals_page
    from bot.console.chat_page import chat_page
    from bot.console.digests_page import digest_feed, digests_page
    from bot.console.document_page import document_page
    from bot.console.knowledge_page import knowledge_page
    from bot.console.nights_page import nights_page
    from bot.console.parts import Parts

    if not isinstance(parts, Parts):
        raise TypeError("parts are bot.console.parts.Parts")
    application = FastAPI(openapi_url=None)

    @ui.page("/", response_timeout=SLOWEST)
    async def chat(channel: str = "general", thread: str = "") -> None:
        await chat_page(parts, channel[:80].replace("/", "-"), thread[:80], examples)

    own_folders = {
        str(settings.notes_path): "Notes the assistant was asked to remember",
        str(settings.uploads_path): "Files added on this page",
    }

    @ui.page("/knowledge", response_timeout=SLOWEST)
    async def knowledge() -> None:
        await knowledge_page(parts, own_folders)

    @ui.page("/approvals", response_timeout=SLOWEST)
    async def approvals() -> None:
        await approvals_page(parts)

    @ui.page("/nights", response_timeout=SLOWEST)
    async def nights(night: str = "") -> None:
        await nights_page(parts, night[:64])

    @ui.page("/document", response_timeout=SLOWEST)
    async def document(id: str = "", start: str = "", end: str = "") -> None:  # noqa: A002  # the name in the address
        await document_page(parts, id, _offset(start), _offset(end))

    @ui.page("/digests", response_timeout=SLOWEST)
    async def digests() -> None:
        await digests_page(parts)

    @application.get("/digests/{subscription}.atom")
    async def feed(subscription: str, request: Request) -> Response:
        return await digest_feed(parts, subscription[:64], str(request.url))

    @application.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    nicegui.app.on_exception(_tell)
    nicegui.app.add_exception_handler(404, _nowhere)
    ui.run_with(
        application, title="Footnote", dark=None, storage_secret=_secret(settings.home), show_welcome_message=False
    )
    loopback = {"127.0.0.1", "localhost", "::1"}
    own = {urlsplit(settings.public_url).hostname or ""} - {""}
    application.add_middleware(Guard, hosts=loopback | own if settings.host in loopback else frozenset())
    return application


def _tell(error: Exception) -> None:
    """Whoever caused an error sees it on the page."""
    from nicegui import context

    from bot.console.notices import notice

    with contextlib.suppress(RuntimeError):  # raised where there is no page, as in a background task
        assert context.client  # noqa: S101
        notice(sentence(error) or f"{APOLOGY}, and it is logged. Try again?", "negative")


async def _nowhere(request: Request, error: Exception) -> Response:
    """A page that is not there says so, and leads back."""
    if isinstance(error, HTTPException) and "text/html" not in request.headers.get("accept", ""):
        return await http_exception_handler(request, error)
    return HTMLResponse(_NOWHERE.read_text(encoding="utf-8"), status_code=404)


def _offset(given: str) -> int:
    """A place in a text; -1 where none is named."""
    return int(given) if given.isdecimal() and len(given) < 12 else -1


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
