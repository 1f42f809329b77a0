"""The chat: channels, messages, and a thread beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode

from nicegui import ui

from bot.console.adapter import CHANNELS, Change, ConsoleChat, channel
from bot.console.layout import page
from bot.console.pane import Pane
from bot.console.parts import Parts
from bot.console.welcome import Examples


async def chat_page(parts: Parts, name: str, thread: str, examples: Examples) -> None:
    """The page of one channel, perhaps with one of its threads open."""
    channels = sorted({*CHANNELS, *(place.channel for place in await parts.records.channels(ConsoleChat.platform))})
    with page(parts.chat, "Chat") as main:
        main.classes("chat with-thread" if thread else "chat")
        _show_channels(channels, name)
        panes = [Pane(parts, channel(name), examples)]
        if thread:
            panes.append(Pane(parts, replace(channel(name), thread=thread), examples))
        for pane in panes:
            await pane.build()
    ui.run_javascript("footnote.begin()")

    def listen(change: Change) -> None:
        for pane in panes:
            pane.changed(change)

    ui.context.client.on_delete(parts.chat.listen(listen))


def _show_channels(channels: Sequence[str], here: str) -> None:
    def add() -> None:
        slug = re.sub(r"[^\w-]+", "-", (field.value or "").strip().casefold()).strip("-")[:80]
        if slug:
            ui.navigate.to(f"/?{urlencode({'channel': slug})}")

    with ui.element("nav").classes("channels").props('aria-label="Channels"'):
        for name in channels if here in channels else [*channels, here]:
            link = ui.link(f"# {name}", f"/?{urlencode({'channel': name})}")
            if name == here:
                link.classes("here").props('aria-current="true"')
        field = ui.input(placeholder="New channel").props('dense borderless aria-label="New channel"')
        field.on("keydown.enter", add)
