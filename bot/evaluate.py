"""`footnote eval`: grade the assistant on its cases, compare with earlier nights, and say what changed."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import TaskID
from rich.table import Table

from bot.examining import Examined, examined
from bot.grading import Grading, grading
from bot.settings import Settings, SettingsInvalid, load_settings
from evals.cases import Case
from evals.comparing import compare
from evals.drawing import panel
from evals.errors import NoSuchNight
from evals.metrics import METRICS
from evals.nights import Bounds, Ended, run
from evals.outcomes import Outcome
from evals.report import KINDS, Compared, NightReport, as_data, as_json, as_junit, not_graded, scores, sentences, shown
from evals.results import BASELINES, Night, Nights
from retrieval.sync import Progress

HISTORY = 14
"""Nights that say how certain a case's outcome is."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    cases: tuple[Path, ...] = ()
    baselines: tuple[str, ...] = BASELINES
    junit: Path | None = None
    json: Path | None = None
    gate: bool = False
    tried: str = ""
    """The configuration that is only tried, as --compare does."""


async def run_eval(wanted: Wanted) -> int:
    """One night; the exit code is 1 where a gate was asked for and does not hold."""
    console = Console(stderr=True)
    report = await evaluated(load_settings(), wanted, console)
    await asyncio.to_thread(_write, report, wanted)
    _show(report, Console())
    return int(wanted.gate and not report.holds)


async def run_compare(first: str, second: str, wanted: Wanted) -> int:
    """Two configurations on the same cases; the exit code is 1 where a gate was asked for and the second one is worse."""
    console = Console(stderr=True)
    before = await evaluated(_configured(first), Wanted(wanted.cases, (), tried=first), console)
    after = await evaluated(_configured(second), Wanted(wanted.cases, (before.night.id,), tried=second), console)
    await asyncio.to_thread(_write, after, wanted)
    _show(after, Console())
    return int(wanted.gate and not after.holds)


def end_with_input() -> None:
    """End this process as soon as its standard input ends: whoever started it is gone."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1_024):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _configured(text: str) -> Settings:
    """Settings as “embedder=hashing,reranker=none”; “now” for those of the environment. Raises `SettingsInvalid`."""
    if text == "now":
        return load_settings()
    pairs = [pair.partition("=") for pair in text.split(",")]
    if strange := [name for name, equals, _ in pairs if not equals or name not in Settings.model_fields]:
        raise SettingsInvalid(
            f"--compare: “{strange[0]}” is no setting; write now, or as embedder=hashing,reranker=none."
        )
    return load_settings(**{name: value for name, _, value in pairs})


async def evaluated(settings: Settings, wanted: Wanted, console: Console) -> NightReport:
    """Run a night, or what is left of one that was cut off, and keep it. Raises what its parts raise, one line each."""
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        bars = stack.enter_context(Bars(console=console, transient=True))
        shown_bar = _Bar(bars)
        subject = await stack.enter_async_context(
            examined(settings, wanted.cases, shown_bar.synced, time.time, tried=wanted.tried)
        )
        engine = subject.app.records.engine
        nights = Nights(engine, time.time)
        night = await nights.begin(subject.configuration, subject.version, subject.about)
        judge = await stack.enter_async_context(grading(settings, engine, night.id))
        passes = await nights.passes([one.id for one in await nights.regular(HISTORY)])
        ended = await run(
            night,
            subject.groups,
            nights,
            passes=passes,
            bounds=Bounds(dollars=settings.budget_night),
            judging=judge.judging,
            report=shown_bar.asked,
            clock=time.monotonic,
            began=began,
        )
        ended = Ended(subject.problems + ended.problems, ended.left)
        report = await _report(night, subject, nights, judge, ended, wanted.baselines)
        await nights.finish(night.id, ended.problems, as_data(report))
        await asyncio.to_thread(_keep, settings.home / "evals" / f"{night.id}.json", as_json(report))
        return report


async def _report(
    night: Night, subject: Examined, nights: Nights, judge: Grading, ended: Ended, baselines: Sequence[str]
) -> NightReport:
    cases, outcomes = subject.cases, await nights.outcomes(night.id)
    found = [one for kind in baselines if (one := await _baseline(kind, night, nights)) is not None]
    distinct = list({earlier.id: (label, earlier, then) for label, earlier, then in reversed(found)}.values())[::-1]
    compared = []
    for label, earlier, then in distinct:
        both = panel(list(cases.values()), outcomes.keys() & then.keys(), {*ended.left, *earlier.left})
        made = compare(
            {name: scores(then[name]) for name in both},
            {name: scores(outcomes[name]) for name in both},
            metrics=(*METRICS, *judge.metrics) if _is_one_judge(judge, night, earlier) else METRICS,
            comparisons=len(distinct),
        )
        compared.append(Compared(label, earlier, made))
    judged = " ".join(filter(None, (judge.agreement, not_graded(outcomes.values()))))
    metrics = (*METRICS, *judge.metrics)
    return NightReport(night, cases, outcomes, compared, ended.problems, judged, judge.distrust, metrics, ended.left)


def _is_one_judge(judge: Grading, night: Night, earlier: Night) -> bool:
    """Whether what the judge said on two nights can be compared: the same judge, and to be trusted on both."""
    return not judge.distrust and earlier.trusted_judge == night.about.get("judge")


async def _baseline(kind: str, night: Night, nights: Nights) -> tuple[str, Night, dict[str, Outcome]] | None:
    """What to compare with, and what came of its cases: an earlier night, or a file that --json wrote."""
    if kind.endswith(".json"):
        return await asyncio.to_thread(_read, Path(kind))
    earlier = await nights.baseline(kind, night)
    if earlier is None:
        return None
    return KINDS.get(kind, f"the night {earlier.id}"), earlier, await nights.outcomes(earlier.id)


def _read(path: Path) -> tuple[str, Night, dict[str, Outcome]]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        outcomes = {name: Outcome.model_validate(one) for name, one in told["cases"].items()}
        return path.name, Night(told["night"], "", told["version"], told["about"], 0.0, report=told), outcomes
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        reason = getattr(error, "strerror", None) or "footnote eval --json has not written it"
        raise NoSuchNight(f"--baseline: {path} can't be read: {reason}.") from error


class _Bar:
    """One line of progress: what is read for the cases, then which case is asked."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID = bars.add_task("Reading", total=None)

    def synced(self, progress: Progress) -> None:
        self._bars.update(
            self._task, description=progress.stage.capitalize(), completed=progress.done, total=progress.total
        )

    def asked(self, done: int, total: int, case: Case) -> None:
        self._bars.update(self._task, description=f"Asking {case.id[:40]}", completed=done, total=total)


def _write(report: NightReport, wanted: Wanted) -> None:
    for path, text in ((wanted.json, as_json), (wanted.junit, as_junit)):
        if path is not None:
            _keep(path, text(report))


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _show(report: NightReport, console: Console) -> None:
    """The table for the terminal, the three sentences, and a line for each thing that went otherwise."""
    table = Table("", "tonight", *(one.label for one in report.compared), title=f"Night {report.night.id}")
    means = report.means()
    for metric in report.metrics:
        if metric.name in means:
            then = [
                next((c for c in one.comparison.changes if c.metric.name == metric.name), None)
                for one in report.compared
            ]
            cells = [f"{shown(metric, c.before)}{' *' if c.counts else ''}" if c else "" for c in then]
            table.add_row(metric.label, shown(metric, means[metric.name]), *cells)
    console.print(table)
    for line in sentences(report):
        console.print(line, highlight=False, markup=False)
    if any(one.comparison.changes for one in report.compared):
        console.print("* more than chance explains, all metrics together", style="dim", highlight=False)
    for line in (report.judged, report.distrust):
        if line:
            console.print(line, highlight=False, markup=False)
    for line in report.problems:
        console.print(line, style="yellow", highlight=False, markup=False)
