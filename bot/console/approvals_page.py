"""The approvals: what waits for a person, and the log of all that was decided and done."""

from __future__ import annotations

import html
import time
import uuid
from datetime import datetime
from typing import Any

from nicegui import ui

from agent.approvals import Approval
from bot.chat import Button, Person, Place, Press
from bot.console.forms import show_button
from bot.console.layout import me, page
from bot.console.message import show_card
from bot.console.parts import Parts
from bot.rendering import card_reply, outcome_line


async def approvals_page(parts: Parts) -> None:
    """The page; it follows live."""
    with page("Approvals") as main:
        main.classes("sheet")
        person = me()
        ui.html("<h2>Approvals</h2>", sanitize=False)
        waiting = ui.element("div").props('aria-live="polite"')
        ui.html("<h3>Log</h3>", sanitize=False)
        log = ui.element("div")
    shown: list[list[Approval]] = []

    async def refresh() -> None:
        rows = await parts.ledger.log()
        if shown == [rows]:
            return
        shown[:] = [rows]
        pending = await parts.ledger.pending()
        waiting.clear()
        with waiting:
            for approval in pending:
                _show_pending(parts, approval, person)
            if not pending:
                ui.label("Nothing waits for a decision.").classes("note")
        log.clear()
        with log:
            _show_log(rows)

    await refresh()
    ui.timer(1.0, refresh)


def _show_pending(parts: Parts, approval: Approval, person: Person) -> None:
    reply = card_reply(approval, parts.toolbox.find(approval.tool))
    place = Place.parse(approval.place)

    async def pressed(button: Button, form: dict[str, Any]) -> None:
        press = Press(uuid.uuid4().hex, place, person, button.action, button.subject, time.time(), form)
        await parts.accept(press)

    if reply.card:
        show_card(reply.card)
    with ui.element("div").classes("buttons"):
        for button in reply.buttons:
            show_button(button, pressed)


def _show_log(rows: list[Approval]) -> None:
    body = "".join(
        f"<tr><td>{datetime.fromtimestamp(row.proposed_at):%d %b %H:%M}</td><td>{html.escape(row.summary)}</td>"
        f"<td>{html.escape(row.asker_name)}</td><td><span class='state {row.state.value}'>{row.state.value}</span></td>"
        f"<td>{html.escape(outcome_line(row))}</td><td><code>{row.fingerprint}</code></td></tr>"
        for row in rows
    )
    head = "<tr><th>When</th><th>What</th><th>Asked by</th><th>State</th><th>Outcome</th><th>Fingerprint</th></tr>"
    ui.html(
        f'<div class="scroll"><table class="log"><thead>{head}</thead><tbody>{body}</tbody></table></div>',
        sanitize=False,
    )
