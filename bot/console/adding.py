"""Where an address is pasted that is to be read from now on."""

from __future__ import annotations

from nicegui import ui

from bot.console.notices import notice
from bot.console.parts import Parts
from bot.sources import NAMED, ON_DISK, named
from retrieval.errors import RetrievalError, Unreadable


def show_adding(parts: Parts) -> None:
    """The field. Nothing that lies on the machine itself is added here: a browser may be anybody's."""

    async def add() -> None:
        try:
            kind, location = named(wanted.value or "")
            if kind in ON_DISK:
                raise Unreadable(wanted.value or "This", f"it is no address; written are {NAMED}")
            name = await parts.knowledge.add(kind, location)
        except RetrievalError as error:
            notice(str(error), "negative")
            return
        wanted.value = ""
        parts.knowledge.start(name)

    with ui.row().classes("w-full items-center no-wrap"):
        wanted = ui.input(placeholder=f"Or read what lies at {NAMED}").classes("grow")
        wanted.props('outlined dense aria-label="Address of a source"').on("keydown.enter", add)
        ui.button("Add", on_click=add).props('outline no-caps aria-label="Add the source"')
