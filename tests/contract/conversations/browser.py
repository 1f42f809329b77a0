"""A browser without a screen: it speaks with the console's pages as their script does, and sees what they are told to show.

One page is a dictionary of elements, which comes with the page and is kept up to date over a socket; what a person does is
an event on an element.
"""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import socketio  # type: ignore[import-untyped]

from tests.contract.conversations import until

Element = dict[str, Any]
_ELEMENTS = re.compile(r"parseElements\(String\.raw`(.*?)`\)", re.DOTALL)
_CLIENT = re.compile(r"'client_id': '([^']+)'")


class Page:
    """An open page: ``notices`` it told for a moment, ``ran``, the scripts it was told to run, ``went``, where it has led to."""

    def __init__(self, document: str) -> None:
        found, client = _ELEMENTS.search(document), _CLIENT.search(document)
        assert found is not None
        assert client is not None
        self.elements: dict[int, Element] = {int(key): one for key, one in json.loads(html.unescape(found[1])).items()}
        self.notices: list[str] = []
        self.ran: list[str] = []
        self.went = ""
        self._client = client[1]
        self._socket = socketio.AsyncClient(reconnection=False)
        self._socket.on("update", self._update)
        self._socket.on("notify", self._notify)
        self._socket.on("run_javascript", self._run)
        self._socket.on("open", self._open)

    async def connect(self, url: str) -> None:
        """Follow what the page is told."""
        told = {"client_id": self._client, "next_message_id": 0, "implicit_handshake": "true"}
        about = {**told, "tab_id": uuid.uuid4().hex, "document_id": uuid.uuid4().hex}
        path = "_nicegui_ws/socket.io"
        await self._socket.connect(f"{url}?{urlencode(about)}", socketio_path=path, transports=["websocket"])

    async def close(self) -> None:
        await self._socket.disconnect()

    def found(self, *, within: int | None = None, **wanted: str) -> list[int]:
        """The elements that are so, in their order: ``tag``, ``css`` (a class), ``text``, ``aria`` (the label), or a property."""
        there = sorted(self.elements) if within is None else list(self._below(within))
        return [one for one in there if _is_so(self.elements[one], wanted)]

    def text(self, within: int) -> str:
        """All words in an element."""
        return " ".join(_words(self.elements[one]) for one in self._below(within))

    async def click(self, element: int) -> None:
        await self._emit(element, "click")

    async def write(self, element: int, text: str) -> None:
        """Put words into a field."""
        self.elements[element].setdefault("props", {})["value"] = text
        await self._emit(element, "update:value", text)

    async def enter(self, element: int, *given: object) -> None:
        """Press Enter in a field; the page's script says what is ``given`` with it."""
        await self._emit(element, "keydown", *given)

    async def _emit(self, element: int, kind: str, *given: object) -> None:
        listener = next(one["listener_id"] for one in self.elements[element]["events"] if one["type"] == kind)
        about = {"id": element, "client_id": self._client, "listener_id": listener}
        await self._socket.emit("event", {**about, "args": [json.dumps(one) for one in given]})

    def _below(self, element: int) -> Iterator[int]:
        yield element
        for child in self.elements.get(element, {}).get("children", ()):
            if child in self.elements:
                yield from self._below(child)

    def _update(self, changed: dict[str, Any]) -> None:
        for key, element in changed.items():
            if element is None:
                self.elements.pop(int(key), None)
            elif key != "_id":
                self.elements[int(key)] = element

    def _notify(self, told: dict[str, Any]) -> None:
        self.notices.append(str(told["message"]))

    def _run(self, told: dict[str, Any]) -> None:
        self.ran.append(str(told["code"]))

    def _open(self, told: dict[str, Any]) -> None:
        self.went = str(told["path"])


class Browser:
    """One person's browser; a page that was opened stays open."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.AsyncClient(base_url=url, headers={"accept": "text/html"}, timeout=30)
        self._pages: dict[str, Page] = {}

    async def page(self, path: str) -> Page:
        if path not in self._pages:
            made = Page((await self._http.get(path)).raise_for_status().text)
            await made.connect(self._url)
            self._pages[path] = made
        return self._pages[path]

    async def name(self, name: str) -> None:
        """Say who one is."""
        page = await self.page("/")
        await page.click(page.found(css="who")[0])
        await page.write(page.found(label="Your name")[0], name)
        await page.click(page.found(label="Use this name")[0])

        async def told() -> bool:
            return name in (await self._http.get("/")).text

        await until(told)
        await self.leave()

    async def leave(self) -> None:
        """Close every page."""
        for page in self._pages.values():
            await page.close()
        self._pages.clear()

    async def close(self) -> None:
        await self.leave()
        await self._http.aclose()


def _is_so(element: Element, wanted: dict[str, str]) -> bool:
    shown = element.get("props", {})
    known = {**shown, "tag": element["tag"], "text": element.get("text"), "aria": shown.get("aria-label")}
    classes = element.get("class", ())
    return all(value in classes if key == "css" else known.get(key) == value for key, value in wanted.items())


def _words(element: Element) -> str:
    shown = element.get("props", {}).get("innerHTML", "")
    return " ".join([element.get("text") or "", html.unescape(re.sub(r"<[^>]*>", " ", shown))])
