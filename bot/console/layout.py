"""What every page of the console shares: the header with its navigation, who one is, what is whispered to one."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nicegui import app, ui

from bot.chat import Person
from bot.console.adapter import Change, ConsoleChat
from bot.console.forms import FILLED
from bot.console.whisper import show_whisper
from retrieval.documents import Audience

STYLE = Path(__file__).with_name("style.css")
SCRIPT = Path(__file__).with_name("page.js")
PAGES = (
    ("/", "Chat", "chat"),
    ("/knowledge", "Knowledge", "menu_book"),
    ("/approvals", "Approvals", "task_alt"),
    ("/digests", "Digests", "newspaper"),
    ("/nights", "Nights", "bedtime"),
)


def me() -> Person:
    """Who the person at this browser says to be."""
    name = str(app.storage.user.get("name") or "You")
    slug = re.sub(r"\W+", "-", name.casefold()).strip("-") or "you"
    return Person(f"console/{slug}", name)


def reader(person: Person) -> Audience:
    """What a person may see who reads in the knowledge itself."""
    return Audience.public() | Audience.everyone() | Audience.of(f"person:{person.id}")


def heading(level: int, text: str) -> None:
    """A heading with nothing but words in it."""
    ui.html(f"<h{level}>{html.escape(text)}</h{level}>", sanitize=False)


@contextmanager
def page(chat: ConsoleChat, current: str) -> Iterator[ui.element]:
    """The frame of a page; what is built inside it is the page's main part."""
    ui.add_css(STYLE)
    ui.page_title(f"{current} · Footnote")
    dark = ui.dark_mode(value=app.storage.user.get("dark"))
    with ui.header().classes("top"):
        ui.html('<a class="skip" href="#main">Skip to the content</a>', sanitize=False)
        ui.html('<a href="/" class="brand" aria-label="Footnote, home">Footnote<sup>1</sup></a>', sanitize=False)
        with ui.element("nav").props('aria-label="Pages"'):
            for path, label, icon in PAGES:
                link = ui.link(target=path).classes("nav").props(f'aria-label="{label}"')
                if label == current:
                    link.classes("here").props('aria-current="page"')
                with link:
                    ui.icon(icon)
                    ui.label(label).classes("wide")
        ui.space()
        _who()
        _light(dark)
    ui.add_body_html(f"<script>{SCRIPT.read_text(encoding='utf-8')}</script>")
    _hear(chat, me())
    with ui.element("div").props('id="main" tabindex="-1"').classes("main") as main:
        yield main


def _hear(chat: ConsoleChat, person: Person) -> None:
    """Show this person what is whispered to them, wherever on the console they are."""
    client = ui.context.client

    def told(change: Change) -> None:
        if change.whisper and change.person == person.id:
            with client:
                show_whisper(change.whisper)

    client.on_delete(chat.listen(told))


def _who() -> None:
    def rename() -> None:
        app.storage.user["name"] = (field.value or "").strip()[:60] or "You"
        ui.navigate.reload()

    with ui.dialog() as dialog, ui.card().classes("form"):
        ui.label("Who are you?").classes("title")
        field = ui.input("Your name", value=me().name).props("autofocus outlined").on("keydown.enter", rename)
        field.classes("wide-input")
        with ui.element("div").classes("buttons"):
            ui.button("Use this name", on_click=rename).props(FILLED)
            ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
    button = ui.button(me().name, icon="person", on_click=dialog.open).props("flat no-caps dense").classes("who")
    button.props["aria-label"] = f"You are {me().name}. Change who you are"


def _light(dark: ui.dark_mode) -> None:
    def turn() -> None:
        following = {None: True, True: False, False: None}[dark.value]
        dark.value = following
        app.storage.user["dark"] = following
        button.props(f'icon={_icon(following)} aria-label="{_said(following)}"')

    button = ui.button(icon=_icon(dark.value), on_click=turn).props(
        f'flat round dense aria-label="{_said(dark.value)}"'
    )


def _icon(dark: bool | None) -> str:
    return {None: "brightness_auto", True: "dark_mode", False: "light_mode"}[dark]


def _said(dark: bool | None) -> str:
    return {None: "Colours follow the system", True: "Dark colours", False: "Light colours"}[dark]
