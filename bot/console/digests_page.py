"""The digests: who gets which, when it comes next, and the archive of all that was written, also as an Atom feed."""

from __future__ import annotations

import html

from fastapi import Response
from nicegui import ui

from agent.text import counted
from bot.console.layout import heading, page
from bot.console.markup import local_time, render
from bot.console.parts import Parts
from bot.digests import atom
from bot.digests.editions import Edition
from bot.digests.showing import messages
from bot.digests.subscriptions import Subscription

LISTED = 50
"""Editions shown; the feed has as many."""


async def digests_page(parts: Parts) -> None:
    """The page. What was written with the knowledge of a channel elsewhere stands there alone, and is counted here."""
    known = await parts.digests.subscriptions.all()
    listed = {one.id: one for one in known if atom.is_open(one)}
    with page(parts.chat, "Digests") as main:
        main.classes("sheet")
        heading(2, "Digests")
        if not known:
            ui.label(
                "Nobody gets one yet. Say “@footnote digest every weekday at 8, what's new on …” in the chat."
            ).classes("note")
        for one in listed.values():
            _show_subscription(parts, one)
        if closed := len(known) - len(listed):
            words = (
                "draws on what its channel knows, and is shown there alone" if closed == 1 else "draw on their channels"
            )
            ui.label(f"{counted(closed, 'digest')} more {words}.").classes("note")
        heading(3, "Archive")
        written = await parts.digests.editions.newest(limit=LISTED)
        for edition in written:
            if subscription := listed.get(edition.subscription):
                _show_edition(edition, subscription)


async def digest_feed(parts: Parts, id_: str, address: str) -> Response:
    """The Atom feed of a subscription; 404 where there is none that may be read here."""
    subscription = await parts.digests.subscriptions.get(id_)
    if subscription is None or not atom.is_open(subscription):
        return Response("There is no such digest.", 404, media_type="text/plain")
    editions = await parts.digests.editions.newest(id_, LISTED)
    return Response(atom.feed(subscription, editions, address), media_type=atom.MEDIA_TYPE)


def _show_subscription(parts: Parts, one: Subscription) -> None:
    reply = parts.digests.card(one)
    with ui.element("section").classes("source"):
        ui.html(render(reply.text), sanitize=False).classes("body")
        ui.html(f'<a href="/digests/{html.escape(one.id)}.atom">Atom feed</a>', sanitize=False)


def _show_edition(edition: Edition, subscription: Subscription) -> None:
    state = edition.refused or ("" if edition.delivered_at else "written, not posted yet")
    told = (html.escape(one) for one in (edition.title, state) if one)
    with ui.element("details").classes("edition"):
        ui.html(" · ".join((local_time(edition.written_at), *told)), tag="summary", sanitize=False)
        for _, reply in messages(edition, subscription.language):
            ui.html(render(reply.text, reply.footnotes), sanitize=False).classes("body")
            for note in reply.notes:
                ui.label(note).classes("note")
