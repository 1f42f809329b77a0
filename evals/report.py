"""What a night says: three sentences for people, JSON and JUnit for machines, and whether the gate holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as Xml

from evals.cases import Case
from evals.comparing import FEWEST, Change, Comparison
from evals.metrics import METRICS, Metric
from evals.outcomes import Outcome
from evals.results import Night

NAMED = 5
"""Cases that a sentence names before it counts the others."""
_BARS = "▁▂▃▄▅▆▇█"
EXAMINED = ("model", "embedder", "reranker", "judge", "knowledge")
"""What of a night is named where the night that it is compared with had another one."""
KINDS = {"last": "last night", "release": "the last release", "pinned": "the baseline"}


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison and what it is with: ``last night``, or the night's own name."""

    label: str
    night: Night
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class NightReport:
    """A night in full. ``distrust`` says why the judge is not to be trusted tonight; empty where it is, or there is none."""

    night: Night
    cases: Mapping[str, Case]
    outcomes: Mapping[str, Outcome]
    compared: Sequence[Compared] = ()
    problems: Sequence[str] = ()
    judged: str = ""
    distrust: str = ""
    metrics: Sequence[Metric] = field(default=METRICS)
    left: Sequence[str] = ()
    """The cases that it did not come to."""

    @property
    def is_worse(self) -> bool:
        return any(one.comparison.is_worse for one in self.compared)

    @property
    def holds(self) -> bool:
        """Whether a gate lets it pass: nothing got worse, and every case could be read and run."""
        return not self.is_worse and not self.problems and bool(self.outcomes)

    def means(self) -> dict[str, float]:
        """The mean of each figure over the cases that have it."""
        made: dict[str, float] = {}
        for metric in self.metrics:
            values = [value for one in self.outcomes.values() if (value := scores(one).get(metric.name)) is not None]
            if values:
                made[metric.name] = sum(values) / len(values)
        return made


def scores(outcome: Outcome) -> dict[str, float]:
    """The figures that need no model and those of the judge, by metric."""
    return {**outcome.figures, **outcome.graded}


def not_graded(outcomes: Iterable[Outcome]) -> str:
    """How many grades the judge did not give, and why for the most part; empty where it gave all."""
    reasons = Counter(reason for one in outcomes for reason in one.not_graded.values())
    if not reasons:
        return ""
    ((reason, _),) = reasons.most_common(1)
    return f"{reasons.total()} grades are missing, mostly because {reason}."


def sentences(report: NightReport) -> tuple[str, str, str]:
    """How it went, what changed, and which cases; each is complete in itself."""
    ran, passed = len(report.outcomes), sum(one.figures.get("passed") == 1.0 for one in report.outcomes.values())
    share = f"{passed / ran:.0%}" if ran else "none"
    first = f"{passed} of {ran} cases passed ({share})."
    return first, _changes(report), _flipped(report)


def _changes(report: NightReport) -> str:
    if not report.compared:
        return "There is no earlier night to compare with."
    worse = [(one.label, change) for one in report.compared for change in one.comparison.changes if change.is_worse]
    better = [
        (one.label, change)
        for one in report.compared
        for change in one.comparison.changes
        if change.counts and not change.is_worse
    ]
    said = [f"Worse than {label}: {shown_change(change)}." for label, change in worse]
    said += [f"Better than {label}: {shown_change(change)}." for label, change in better]
    told = [one.label for one in report.compared if one.comparison.pairs >= FEWEST]
    if told and not said:
        said.append(f"Nothing changed by more than chance since {', '.join(told)}.")
    said += [_few(one) for one in report.compared if one.comparison.pairs < FEWEST]
    said += [line for one in report.compared if (line := _examined(one, report.night))]
    return " ".join(said)


def _few(one: Compared) -> str:
    """Where a comparison can say nothing, that is no good news."""
    pairs = f"{one.comparison.pairs} cases can be compared, of {FEWEST} at least"
    return f"What changed since {one.label} can't be told from chance: {pairs}."


def _examined(one: Compared, night: Night) -> str:
    """What was not the same on the other night, in one line; empty where all was, or it is not known."""
    then, now = one.night.about, night.about
    other = [name for name in EXAMINED if name in then and then[name] != now.get(name)]
    return f"What is examined changed since {one.label}: {', '.join(other)}." if other else ""


def _flipped(report: NightReport) -> str:
    if not report.compared:
        failed = [case for case, one in report.outcomes.items() if one.figures.get("passed") == 0.0]
        return f"Failed: {named(failed)}." if failed else "No case failed."
    first = report.compared[0]
    broke, healed = first.comparison.broke, first.comparison.healed
    if not broke and not healed:
        return f"The same cases passed as {first.label}."
    return f"Since {first.label} broke: {named(broke)}; healed: {named(healed)}."


def named(cases: Sequence[str]) -> str:
    """The first few by name."""
    rest = len(cases) - NAMED
    return ", ".join(cases[:NAMED]) + (f" and {rest} more" if rest > 0 else "") if cases else "none"


def shown(metric: Metric, value: float, *, signed: bool = False) -> str:
    """A figure with its unit."""
    sign = "+" if signed else ""
    match metric.unit:
        case "%":
            return f"{100 * value:{sign}.1f}{' points' if signed else ' %'}"
        case "$":
            return f"{'-' if value < 0 else sign}${abs(value):.4f}"
        case unit:
            return f"{value:{sign}.2f}{f' {unit}' if unit else ''}"


def shown_change(change: Change) -> str:
    """Before, after, and the interval of the difference."""
    metric = change.metric
    low, high = shown(metric, change.low, signed=True), shown(metric, change.high, signed=True)
    return f"{metric.label} {shown(metric, change.before)} → {shown(metric, change.after)} ({low} to {high})"


def trend(shares: Sequence[float]) -> str:
    """The share of cases passed on each night, oldest first, as a line of bars."""
    return "".join(_BARS[min(int(share * len(_BARS)), len(_BARS) - 1)] for share in shares)


def as_json(report: NightReport) -> str:
    """The report with what came of each case, but for the words of documents."""
    cases = {name: one.model_dump(mode="json", exclude={"contexts"}) for name, one in report.outcomes.items()}
    return json.dumps({**as_data(report), "cases": cases}, indent=1, ensure_ascii=False) + "\n"


def as_data(report: NightReport) -> dict[str, Any]:
    """The report as plain data, without the cases."""
    night = report.night
    return {
        "night": night.id,
        "version": night.version,
        "about": night.about,
        "holds": report.holds,
        "sentences": list(sentences(report)),
        "means": report.means(),
        "judge": {"agreement": report.judged, "distrust": report.distrust},
        "problems": list(report.problems),
        "left": list(report.left),
        "compared": [_as_data(one) for one in report.compared],
    }


def _as_data(one: Compared) -> dict[str, Any]:
    changes = {
        change.metric.name: {
            "pairs": change.pairs,
            "before": change.before,
            "after": change.after,
            "interval": [change.low, change.high],
            "counts": change.counts,
            "worse": change.is_worse,
        }
        for change in one.comparison.changes
    }
    flipped = {"broke": list(one.comparison.broke), "healed": list(one.comparison.healed)}
    return {"with": one.label, "night": one.night.id, "changes": changes, **flipped}


def as_junit(report: NightReport) -> str:
    """One test a case, one more for each change for the worse and for each problem, as CI systems read them."""
    suites = Xml.Element("testsuites", name="footnote eval")
    suite = Xml.SubElement(suites, "testsuite", name=f"night {report.night.id}")
    failures = 0
    for name, outcome in report.outcomes.items():
        test = Xml.SubElement(suite, "testcase", classname="cases", name=name, time=f"{outcome.seconds:.3f}")
        if outcome.figures.get("passed") == 1.0:
            continue
        # One case alone is no regression: what fails the build is a change that counts.
        Xml.SubElement(test, "system-out").text = _printable(outcome.failed or f"failed: {outcome.text[:500]}")
    told = [
        (f"{change.metric.name} since {one.label}", shown_change(change))
        for one in report.compared
        for change in one.comparison.changes
        if change.is_worse
    ]
    told += [(f"problem {number}", line) for number, line in enumerate(report.problems, 1)]
    for name, line in told:
        test = Xml.SubElement(suite, "testcase", classname="changes", name=name)
        Xml.SubElement(test, "failure", message=_printable(line))
        failures += 1
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(failures))
    return Xml.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """Without the characters that XML can't hold."""
    return "".join(char for char in text if char in "\t\n" or char >= " ")
