"""The approvals: what waits for a person, and the log of all that was decided and done."""

from __future__ import annotations

import html

from nicegui import ui

from agent.approvals import WAITING, Approval
from bot.chat import Place, Reply
from bot.console.forms import show_button
from bot.console.layout import heading, me, page
from bot.console.markup import local_time, localised
from bot.console.message import show_card
from bot.console.parts import Parts
from bot.console.presses import PressesOf
from bot.rendering import card_reply, outcome_line

_COLUMNS = ("When", "What", "Asked by", "State", "Outcome", "Fingerprint")


async def approvals_page(parts: Parts) -> None:
    """The page; it follows live."""
    with page(parts.chat, "Approvals") as main:
        main.classes("sheet")
        heading(2, "Approvals")
        waiting = ui.element("div").classes("waiting").props('aria-live="polite"')
        heading(3, "Log")
        log = ui.element("div")
    presses = PressesOf(parts, me())
    shown: list[list[Approval]] = []

    async def refresh() -> None:
        rows = await parts.ledger.log()
        if shown == [rows]:
            return
        shown[:] = [rows]
        pending = await parts.ledger.pending()
        cards = [await _card(parts, approval) for approval in pending]
        waiting.clear()
        with waiting:
            for approval, reply in zip(pending, cards, strict=True):
                _show_pending(approval, reply, presses)
            if not pending:
                ui.label("Nothing waits for a decision.").classes("note")
        log.clear()
        with log:
            _show_log([row for row in rows if row.state not in WAITING])

    await refresh()
    ui.timer(1.0, refresh)


async def _card(parts: Parts, approval: Approval) -> Reply:
    names = await parts.chats.names(Place.parse(approval.place), approval.deciders.people)
    return card_reply(approval, parts.toolbox.find(approval.tool), names)


def _show_pending(approval: Approval, reply: Reply, presses: PressesOf) -> None:
    with ui.element("div"):
        asked = (
            f"{html.escape(approval.asker_name)} asked for this{_where(approval)}, {local_time(approval.proposed_at)}"
        )
        ui.html(f'<p class="note">{asked}</p>', sanitize=False)
        if reply.card:
            show_card(reply.card)
        with ui.element("div").classes("buttons"):
            for button in reply.buttons:
                show_button(button, presses)


def _where(approval: Approval) -> str:
    place = Place.parse(approval.place)
    return {"console": f" in #{html.escape(place.channel)}", "terminal": " in the terminal"}.get(
        place.platform, f" on {html.escape(place.platform.title())}"
    )


def _show_log(rows: list[Approval]) -> None:
    if not rows:
        ui.label("Nothing was decided yet.").classes("note")
        return
    head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    ui.html(f'<table class="log"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>', sanitize=False)


def _cells(row: Approval) -> str:
    cells = (
        local_time(row.proposed_at),
        html.escape(row.summary),
        html.escape(row.asker_name),
        f'<span class="state {row.state.value}">{row.state.value}</span>',
        localised(outcome_line(row)),
        f"<code>{html.escape(row.fingerprint)}</code>",
    )
    return "".join(f'<td data-name="{name}">{cell}</td>' for name, cell in zip(_COLUMNS, cells, strict=True))
