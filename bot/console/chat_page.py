"""The chat: channels, messages, and a thread beside them."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nicegui import ui

from bot.chat import ASSISTANT, Action, Button, Mention, Place, Press
from bot.console.adapter import CHANNELS, Change, ConsoleChat, channel
from bot.console.layout import me, page
from bot.console.message import MessageView
from bot.console.parts import Parts
from bot.records import Entry

_MENTION = re.compile(r"(?<![\w@])@footnote\b[:,]?\s*", re.IGNORECASE)


async def chat_page(parts: Parts, name: str, thread: str, examples: Sequence[str]) -> None:
    """The page of one channel, perhaps with one of its threads open."""
    channels = sorted({*CHANNELS, *(place.channel for place in await parts.records.channels(ConsoleChat.platform))})
    with page("Chat") as main:
        main.classes("chat with-thread" if thread else "chat")
        _show_channels(channels, name)
        room = Pane(parts, channel(name), name, examples)
        await room.build()
        panes = [room]
        if thread:
            side = Pane(parts, replace(channel(name), thread=thread), name, ())
            await side.build()
            panes.append(side)
    panes[-1].focus()

    def listen(change: Change) -> None:
        for pane in panes:
            pane.changed(change)

    stop = parts.chat.listen(listen)
    ui.context.client.on_delete(stop)


def _show_channels(channels: Sequence[str], here: str) -> None:
    def add() -> None:
        slug = re.sub(r"[^\w-]+", "-", (field.value or "").strip().casefold()).strip("-")[:80]
        if slug:
            ui.navigate.to(f"/?channel={slug}")

    with ui.element("nav").classes("channels").props('aria-label="Channels"'):
        for name in channels if here in channels else [*channels, here]:
            link = ui.link(f"# {name}", f"/?channel={name}")
            if name == here:
                link.classes("here").props('aria-current="true"')
        field = (
            ui.input(placeholder="New channel")
            .props('dense borderless aria-label="New channel"')
            .on("keydown.enter", add)
        )


class Pane:
    """A channel's top level, or one thread: its messages, what is going on, and where one types."""

    def __init__(self, parts: Parts, place: Place, name: str, examples: Sequence[str]) -> None:
        self._parts = parts
        self._place = place
        self._name = name
        self._examples = examples
        self._views: dict[str, MessageView] = {}
        self._answered = False
        self._sending = False
        self._me = me()

    async def build(self) -> None:
        with ui.element("section").classes("pane thread" if self._place.thread else "pane room"):
            with ui.element("div").classes("pane-head"):
                ui.html(f"<h2>{'Thread' if self._place.thread else f'# {self._name}'}</h2>", sanitize=False)
                if self._place.thread:
                    close = ui.button(icon="close", on_click=self._close).props(
                        'flat round dense aria-label="Close thread"'
                    )
                    close.classes("close")
            self._list = ui.element("div").classes("messages").props('role="log" tabindex="0" aria-label="Messages"')
            with ui.element("div").classes("status").props('role="status" aria-live="polite"') as self._status:
                ui.spinner("dots", size="1.4em")
                self._status_text = ui.label("")
            self._composer()
        await self._load()
        self._show_status()

    def focus(self) -> None:
        self._input.run_method("focus")

    def changed(self, change: Change) -> None:
        """Show what changed, if it is of this pane. Called from outside the page."""
        if change.person:
            if (
                change.person == self._me.id
                and change.place.channel_key == self._place.channel_key
                and self._is_last(change)
            ):
                with self._list:
                    ui.notify(change.text, type="warning", multi_line=True, timeout=8_000)
            return
        if change.place.channel_key != self._place.channel_key:
            return
        with self._list:
            if not change.key:
                self._show_status()
            else:
                ui.timer(0, lambda: self._show_message(change), once=True)

    def _is_last(self, change: Change) -> bool:
        return change.place.thread == self._place.thread or not self._place.thread

    async def _load(self) -> None:
        entries = await self._parts.records.transcript(self._place)
        for entry in entries:
            await self._show_entry(entry)
        for key, (place, reply) in self._parts.chat.partial.items():
            if place == self._place and key not in self._views:
                await self._show_entry(Entry(place, key, ASSISTANT, "assistant", reply.text, reply, time.time()))
        if not entries and not self._place.thread:
            self._show_welcome()

    async def _show_entry(self, entry: Entry) -> None:
        self._answered |= entry.kind == "assistant"
        opens = None
        replies = 0
        if not self._place.thread and entry.kind == "person":
            replies = len(await self._parts.records.transcript(replace(self._place, thread=entry.key))) - 1
            opens = lambda: self._open(entry.key)  # noqa: E731
        with self._list:
            self._views[entry.key] = MessageView(entry, self._pressed, opens, replies)
        self._scroll()

    async def _show_message(self, change: Change) -> None:
        partial = self._parts.chat.partial.get(change.key)
        if change.place.thread != self._place.thread and change.key != self._place.thread:
            return
        entry = await self._parts.records.message(change.place, change.key)
        if partial:
            entry = Entry(partial[0], change.key, ASSISTANT, "assistant", partial[1].text, partial[1], time.time())
        if entry is None:
            return
        view = self._views.get(change.key)
        if view is None:
            await self._show_entry(entry)
        elif entry.reply is not None:
            view.update(entry.reply)
            self._scroll()

    def _show_status(self) -> None:
        text = self._parts.chat.statuses.get(self._place.key, "")
        self._status_text.text = f"{text}…" if text else ""
        self._status.classes(add="on" if text else "", remove="" if text else "on")

    def _show_welcome(self) -> None:
        with self._list, ui.element("div").classes("welcome") as self._welcome:
            ui.html(
                "<h3>Ask what your documents know</h3><p>Every claim comes with a footnote. Try:</p>", sanitize=False
            )
            for example in self._examples:
                ui.button(example, on_click=lambda text=example: self._send(f"@footnote {text}")).props(
                    "outline no-caps"
                )

    def _composer(self) -> None:
        hint = "Reply…" if self._place.thread else f"Message #{self._name}: @footnote and your question"
        with ui.element("form").classes("composer").props('onsubmit="return false"'):
            self._input = ui.textarea(placeholder=hint).props('autogrow outlined dense rows=1 aria-label="Message"')
            self._input.classes("wide-input").on("keydown.enter.exact.prevent", self._submit)
            ui.button(icon="send", on_click=self._submit).props('round unelevated dense aria-label="Send"')

    async def _submit(self) -> None:
        """Send what stands in the box; it is emptied once the words are kept."""
        text = (self._input.value or "").strip()
        if not text or self._sending:
            return
        self._sending = True
        try:
            await self._send(text)
            self._input.value = ""
        finally:
            self._sending = False

    async def _send(self, text: str) -> None:
        """Say it; where it addresses the assistant, the thread it is said in, or opens, is opened."""
        person, key, now = self._me, uuid.uuid4().hex, time.time()
        await self._parts.records.say(self._place, key, person, text, now)
        mentioned = bool(_MENTION.search(text))
        if not mentioned and not (self._place.thread and self._answered):
            return
        place = self._place if self._place.thread else replace(self._place, thread=key)
        await self._parts.accept(Mention(key, place, person, _MENTION.sub("", text).strip(), now, message=key))
        if not self._place.thread:
            self._open(key)

    async def _pressed(self, button: Button, form: dict[str, Any]) -> None:
        press = Press(uuid.uuid4().hex, self._place, self._me, button.action, button.subject, time.time(), form)
        await self._parts.accept(press)
        if button.action in {Action.HELPFUL, Action.UNHELPFUL}:
            with self._list:
                ui.notify("Thank you. It is noted.", type="positive")

    def _open(self, thread: str) -> None:
        ui.navigate.to(f"/?channel={self._name}&thread={thread}")

    def _close(self) -> None:
        ui.navigate.to(f"/?channel={self._name}")

    def _scroll(self) -> None:
        ui.run_javascript(f"const e=getHtmlElement({self._list.id}); if(e) e.scrollTop=e.scrollHeight")
