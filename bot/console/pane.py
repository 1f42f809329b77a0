"""A channel's top level, or one thread: its messages, what is going on, and where one types."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

from nicegui import ui

from bot.chat import ASSISTANT, Mention, Place
from bot.console.adapter import Change
from bot.console.composer import Composer
from bot.console.feedback import is_mark
from bot.console.layout import heading, me
from bot.console.message import Mark, MessageView
from bot.console.parts import Parts
from bot.console.presses import PressesOf
from bot.console.welcome import Examples, show_welcome
from bot.records import Entry

_MENTION = re.compile(r"(?<![\w@])@footnote\b[:,]?\s*", re.IGNORECASE)
_TO_OTHERS = re.compile(r"\s*@\w")
_NEAR = 300
"""Pixels from the end within which somebody reads along, and what is new is scrolled to."""


class Pane:
    """`build` it inside the page, then tell it of every change."""

    def __init__(self, parts: Parts, place: Place, examples: Examples) -> None:
        self._parts = parts
        self._place = place
        self._examples = examples
        self._views: dict[str, MessageView] = {}
        self._welcome: ui.element | None = None
        self._answered = False
        self._me = me()
        self._presses = PressesOf(parts, self._me, place)
        self._turn = asyncio.Lock()

    async def build(self) -> None:
        is_thread = bool(self._place.thread)
        with ui.element("section").classes("pane thread" if is_thread else "pane room"):
            self._show_head()
            self._list = ui.element("div").classes("messages").props('role="log" tabindex="0" aria-label="Messages"')
            with ui.element("div").classes("status").props('role="status" aria-live="polite"') as self._status:
                ui.spinner("dots", size="1.4em")
                self._status_text = ui.label("")
            if is_thread and not (await self._parts.knowledge.counts()).documents:
                ui.html(
                    '<p class="note empty">Nothing is indexed yet: <a href="/knowledge">add files</a>.</p>',
                    sanitize=False,
                )
            hint = "Reply…" if is_thread else f"Ask @footnote, or write to #{self._place.channel}"
            self._composer = Composer(self._place, hint, self._send)
        await self._load()
        self._show_status()

    def changed(self, change: Change) -> None:
        """Show what changed, if it is of this pane. Called from outside the page."""
        if change.person or change.place.channel_key != self._place.channel_key:
            return
        with self._list:
            if not change.key:
                self._show_status()
            else:
                ui.timer(0, lambda: self._follow(change), once=True)

    def _show_head(self) -> None:
        with ui.element("div").classes("pane-head"):
            heading(2, "Thread" if self._place.thread else f"# {self._place.channel}")
            if self._place.thread:
                close = ui.button(icon="close", on_click=self._close).props(
                    'flat round dense aria-label="Close thread"'
                )
                close.classes("close")

    async def _load(self) -> None:
        entries = await self._parts.records.transcript(self._place)
        await self._show_entries(entries)
        for key, (place, _) in list(self._parts.chat.partial.items()):
            streaming = await self._entry(place, key) if place == self._place and key not in self._views else None
            if streaming:
                await self._show_entries([streaming])
        if not entries and not self._place.thread:
            with self._list:
                self._welcome = await show_welcome(self._parts, self._examples, self._send)
        self._scroll()

    async def _follow(self, change: Change) -> None:
        """Show what changed, one change after another."""
        async with self._turn:
            if change.place.thread == self._place.thread or change.key == self._place.thread:
                await self._show_change(change)
            elif not self._place.thread and change.place.thread in self._views:
                await self._count([change.place.thread])

    async def _show_change(self, change: Change) -> None:
        entry = await self._entry(change.place, change.key)
        view = self._views.get(change.key)
        if entry is None:
            if view:
                self._views.pop(change.key).remove()
            return
        if view is None:
            await self._show_entries([entry])
        elif entry.reply is not None:
            view.update(entry.reply, (await self._marks([entry]))[entry.key])
        self._scroll(_NEAR)

    async def _show_entries(self, entries: Sequence[Entry]) -> None:
        self._answered |= any(entry.kind == "assistant" for entry in entries)
        if self._welcome and entries:
            self._welcome.delete()
            self._welcome = None
        opening = [one.key for one in entries] if not self._place.thread else []
        marks = await self._marks(entries)
        with self._list:
            for entry in entries:
                opens = partial(self._open, entry.key) if entry.key in opening else None
                self._views[entry.key] = MessageView(entry, self._presses, marks[entry.key], opens)
        await self._count(opening)

    async def _entry(self, place: Place, key: str) -> Entry | None:
        """The message as it stands, also where it is still being written."""
        if partial := self._parts.chat.partial.get(key):
            where, reply = partial
            return Entry(where, key, ASSISTANT, "assistant", reply.text, reply, time.time())
        return await self._parts.records.message(place, key)

    async def _marks(self, entries: Sequence[Entry]) -> dict[str, Mark]:
        """What this person thought of each of these messages, by their keys."""
        runs = {
            one.key: button.subject for one in entries if one.reply for button in one.reply.buttons if is_mark(button)
        }
        given = await self._parts.records.marks_of(self._me, list(runs.values())) if runs else {}
        return {one.key: given.get(runs.get(one.key, ""), ("", "")) for one in entries}

    async def _count(self, keys: Sequence[str]) -> None:
        """Say of each of these messages how many replies it has."""
        replies = await self._parts.records.replies(self._place, keys) if keys else {}
        for key in self._views.keys() & keys:
            self._views[key].count(replies.get(key, 0))

    def _show_status(self) -> None:
        text = self._parts.chat.statuses.get(self._place.key, "")
        self._status_text.text = f"{text}…" if text else ""
        self._status.classes(add="on" if text else "", remove="" if text else "on")

    async def _send(self, text: str, draft: str = "") -> None:
        """Say it; where it addresses the assistant, the thread it is said in, or opens, is opened.

        The inbox has it first, and the browser forgets it last: what is cut off in between is answered, and sending the
        draft again changes nothing.
        """
        key, now = self._key(text, draft), time.time()
        addressed = bool(_MENTION.search(text)) or self._follows_up(text)
        if addressed:
            place = self._place if self._place.thread else replace(self._place, thread=key)
            await self._parts.accept(Mention(key, place, self._me, _MENTION.sub("", text).strip(), now, message=key))
        await self._parts.records.say(self._place, key, self._me, text, now)
        self._composer.sent(draft)
        self._scroll()
        if addressed and not self._place.thread:
            self._open(key)

    def _follows_up(self, text: str) -> bool:
        """Whether it goes on with what the assistant has said in this thread, and does not begin with somebody's name."""
        goes_on = bool(self._place.thread) and self._answered and not _TO_OTHERS.match(text)
        return goes_on and self._parts.follow_ups

    def _key(self, text: str, draft: str) -> str:
        """The key of a message, and its event's id: of one draft always the same one."""
        named = "\0".join((self._place.key, self._me.id, draft, text))
        return uuid.uuid5(uuid.NAMESPACE_OID, named).hex if draft else uuid.uuid4().hex

    def _open(self, thread: str) -> None:
        ui.navigate.to(f"/?{urlencode({'channel': self._place.channel, 'thread': thread})}")

    def _close(self) -> None:
        ui.navigate.to(f"/?{urlencode({'channel': self._place.channel})}")

    def _scroll(self, within: int | None = None) -> None:
        """To the end; with ``within`` only where somebody reads that near to it."""
        near = "true" if within is None else f"e.scrollHeight - e.scrollTop - e.clientHeight < {within}"
        ui.run_javascript(f"const e=getHtmlElement({self._list.id}); if(e && ({near})) e.scrollTop=e.scrollHeight")
