"""Cases that grew: a person accepts them, words them better, or retires them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui
from pydantic import ValidationError

from bot.console.forms import FILLED
from bot.console.layout import heading, me
from bot.console.notices import notice
from evals.casebook import CaseBook
from evals.cases import Case, Expected, Standing

Refresh = Callable[[], Awaitable[None]]


async def show_cases(book: CaseBook) -> None:
    """The cases that wait, then those that run; each with what can be done about it."""
    heading(3, "Cases")
    listed = ui.element("div").classes("cases").props('aria-live="polite"')

    async def refresh() -> None:
        waiting, running = await book.cases(Standing.PROPOSED), await book.cases(Standing.ACCEPTED)
        listed.clear()
        with listed:
            if not waiting and not running:
                words = "None has grown yet: they come of questions whose answers were marked, and of new documents."
                ui.label(words).classes("note")
            for case in (*waiting, *running):
                _show(book, case, refresh)

    await refresh()


def _show(book: CaseBook, case: Case, refresh: Refresh) -> None:
    async def decide(standing: Standing) -> None:
        await book.decide(case.id, standing, me().id)
        await refresh()

    with ui.element("section").classes("source"):
        with ui.element("div").classes("of"):
            ui.label(case.question)
            good = case.good or " … ".join(one.quote for one in case.evidence) or case.expects.value
            ui.label(good).classes("note")
            ui.label(f"{case.state.value} · {case.provenance}").classes("note")
        if case.state is Standing.PROPOSED:
            ui.button("Accept", on_click=lambda: decide(Standing.ACCEPTED)).props(FILLED)
        ui.button("Edit", on_click=lambda: _edit(book, case, refresh)).props("outline no-caps")
        ui.button("Retire", on_click=lambda: decide(Standing.RETIRED)).props("flat no-caps")


def _edit(book: CaseBook, case: Case, refresh: Refresh) -> None:
    async def keep() -> None:
        wording = {
            "question": question.value or "",
            "expects": expects.value,
            "good": good.value or "",
            "says": [line.strip() for line in (says.value or "").splitlines() if line.strip()],
        }
        try:
            changed = Case.model_validate({**case.model_dump(mode="json"), **wording})
        except ValidationError as error:
            notice(error.errors()[0]["msg"].removeprefix("Value error, "), "negative")
            return
        await book.edit(changed, me().id)
        dialog.close()
        await refresh()

    with ui.dialog() as dialog, ui.card().classes("form"):
        ui.label("Edit, then accept").classes("title")
        question = ui.textarea("Question", value=case.question).props("outlined autogrow").classes("wide-input")
        expects = ui.select([one.value for one in Expected], value=case.expects.value, label="A good answer is")
        good = ui.textarea("What a good answer says", value=case.good).props("outlined autogrow").classes("wide-input")
        says = ui.textarea("Words it must hold, one a line", value="\n".join(case.says)).props("outlined autogrow")
        with ui.element("div").classes("buttons"):
            ui.button("Accept with changes", on_click=keep).props(FILLED)
            ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
    dialog.open()
