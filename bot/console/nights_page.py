"""The nights: how the assistant did, what changed and for which cases, and the cases that wait for a person."""

from __future__ import annotations

import html
import time
from collections.abc import Sequence
from typing import Any

from nicegui import ui

from bot.console.cases_panel import show_cases
from bot.console.charts import line
from bot.console.forms import FILLED
from bot.console.layout import heading, page
from bot.console.markup import local_time
from bot.console.notices import notice
from bot.console.parts import Parts
from bot.nightly import answer_of, broken_since
from evals.casebook import CaseBook
from evals.errors import NoSuchNight
from evals.judge import METRICS as JUDGED
from evals.metrics import METRICS
from evals.report import shown
from evals.results import Night, Nights

CHARTS = (
    ("passed", "Cases passed"),
    ("recall", "Evidence found"),
    ("citation_precision", "Citations that rest on the evidence"),
)
TREND = 30


async def nights_page(parts: Parts, name: str) -> None:
    """The page of one night, or of the last one."""
    nights = Nights(parts.records.engine, time.time)
    recent = await nights.recent(TREND)
    with page(parts.chat, "Nights") as main:
        main.classes("sheet")
        heading(2, "Nights")
        if not recent:
            words = "No night has run yet: footnote eval runs one now, footnote up runs one every night."
            ui.label(words).classes("note")
        else:
            _show_trend(await nights.regular(TREND))
            try:
                night = await nights.get(name) if name else recent[0]
            except NoSuchNight as error:
                ui.label(str(error)).classes("wrong")
                night = recent[0]
            await _show_night(nights, night)
            _show_list(recent, night)
        await show_cases(CaseBook(parts.records.engine, time.time))


def _show_trend(recent: Sequence[Night]) -> None:
    means = [(night.id, night.report.get("means", {})) for night in reversed(recent)]
    drawn = [line(label, [(name, one[key]) for name, one in means if key in one]) for key, label in CHARTS]
    ui.html("".join(drawn), sanitize=False)


async def _show_night(nights: Nights, night: Night) -> None:
    heading(3, f"The night {night.id}")
    ui.html(f'<p class="note">{local_time(night.started_at)}{_about(night)}</p>', sanitize=False)
    judge = night.report.get("judge", {})
    for said in (*night.report.get("sentences", []), judge.get("agreement"), judge.get("distrust")):
        if said:
            ui.label(said)
    for problem in night.problems:
        ui.label(problem).classes("wrong")

    async def accept() -> None:
        await nights.accept(night.id)
        notice(f"{night.id} is the baseline from now on.", "positive")
        button.disable()

    button = ui.button("Accept as baseline", on_click=accept).props(FILLED)
    if night.is_baseline:
        button.disable()
    ui.html(_table(night.report), sanitize=False)
    await _show_broken(nights, night)


def _about(night: Night) -> str:
    told = {name: value for name, value in night.about.items() if name in {"model", "embedder", "judge", "cases"}}
    return "".join(f" · {html.escape(name)}: {html.escape(str(value))}" for name, value in told.items())


def _table(report: dict[str, Any]) -> str:
    """Each metric tonight, and as it was in each night that this one is compared with."""
    compared = report.get("compared", [])
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("", "Tonight", *(one["with"] for one in compared)))
    rows = []
    for metric in (*METRICS, *JUDGED):
        if metric.name not in report.get("means", {}):
            continue
        cells = [f"<th>{html.escape(metric.label)}</th>", f"<td>{shown(metric, report['means'][metric.name])}</td>"]
        for one in compared:
            change = one["changes"].get(metric.name)
            mark = {(True, True): ' class="wrong"', (True, False): ' class="better"'}
            kind = mark.get((change["counts"], change["worse"]), "") if change else ""
            cells.append(f"<td{kind}>{shown(metric, change['before']) if change else ''}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table class="log"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


async def _show_broken(nights: Nights, night: Night) -> None:
    """What was answered before and now, side by side, for each case that broke."""
    found = broken_since(night)
    if found is None:
        return
    earlier, broke = found
    then, now = await nights.outcomes(earlier), await nights.outcomes(night.id)
    heading(3, "Broken cases")
    rows = "".join(
        f"<tr><th>{html.escape(case)}</th>"
        + "".join(
            f"<td>{html.escape(answer_of(one[case])) if case in one else 'did not run'}</td>" for one in (then, now)
        )
        + "</tr>"
        for case in broke
    )
    head = f"<th></th><th>{html.escape(earlier)}</th><th>{html.escape(night.id)}</th>"
    ui.html(f'<table class="log broken"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>', sanitize=False)


def _show_list(recent: Sequence[Night], night: Night) -> None:
    heading(3, "All nights")
    items = "".join(
        f'<li><a href="/nights?night={html.escape(one.id)}"{" aria-current=page" if one.id == night.id else ""}>'
        f"{html.escape(one.id)}</a> {_share(one)}{' · the baseline' if one.is_baseline else ''}</li>"
        for one in recent
    )
    ui.html(f'<ul class="documents">{items}</ul>', sanitize=False)


def _share(night: Night) -> str:
    passed = night.report.get("means", {}).get("passed")
    return "" if passed is None else f"{passed:.0%} passed"
