"""Does the nightly eval find what got worse, and nothing else? Regressions are planted, nights are drawn, alarms counted.

    make bench-planted DATA=FOLDER

The real graph answers questions of HotpotQA, each once as it is and once with its supporting passages dropped, under the
configuration that ships and under each planted one. What is recorded is the outcome of a case under a *weather*: a tenth of
the passages that no question needs is missing, another tenth for each weather, as a team's knowledge changes between two
nights. A night is then drawn: for each of its cases one of the recorded weathers of its configuration, at random and
independently. So what is resampled is the weather of each case, never a figure; two nights of one configuration differ as they
do when the knowledge around a question changes, and a night of another one is compared with a night of the one that ships.

Citations are shuffled in recorded outcomes: each answer gets those of another answer of the same night. The writer of the
worse prompt is played by a function (no language model runs here): it no longer answers from the passages that fit best, but
retells the last ones, with true marks, so that nothing but the evidence tells. It is compared with the same writer under the
better prompt.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.agent import Limits
from agent.models import ChatModel, Request
from agent.models.scripted import ScriptedModel
from agent.tools.registry import Toolbox
from benchmarks.answering import Asked, Without, asked_of, opened
from benchmarks.remembering import Remembering
from benchmarks.report import Row, publish
from evals.cases import Case
from evals.comparing import ALARMS, compare
from evals.metrics import Span, figures
from evals.outcomes import Outcome
from evals.running import Subject
from evals.running import opened as examiner_of
from retrieval.embedders.choose import open_embedder
from retrieval.errors import EmbedderAway
from retrieval.search import Searcher

SET = "hotpotqa"
MISSING = 0.1
STALE = 0.3
"""The share of documents that a stale index has not read yet."""
Figures = dict[str, float]
Recorded = dict[str, list[Outcome]]
"""Of each case its outcome under each weather."""


class Away(Remembering):
    """Vectors off."""

    async def query(self, text: str) -> NDArray[np.float32]:
        raise EmbedderAway("The embedder is away.")


@dataclass(frozen=True, slots=True)
class Planted:
    """One configuration: its subject and what it lacks of the knowledge beside the weather's."""

    subject: Subject
    lacks: frozenset[str] = frozenset()


def cases_of(questions: Sequence[Asked]) -> dict[str, tuple[Case, Asked]]:
    """A case a question; what answers it are whole documents."""
    made = {}
    for number, asked in enumerate(questions):
        expects = {"expects": "answer", "good": "?"} if asked.relevant else {"expects": "refusal"}
        case = Case.model_validate({"id": f"case-{number}", "question": asked.question, **expects})
        made[case.id] = (case, asked)
    return made


def prose(*, answers: bool) -> ChatModel:
    """A writer played by a function: it retells three passages, the first ones if its prompt says to answer the question."""

    def play(request: Request) -> str:
        if request.purpose != "write":
            return "{}"
        told = request.sources[:3] if answers else request.sources[-3:]
        texts = [(source.id, source.text.partition("\n")[2].split(". ")[0].strip(". ")) for source in told]
        return " ".join(f"{text}. [{number}]" for number, text in texts)

    return ScriptedModel(play)


async def record(
    name: str,
    planted: Planted,
    store: Without,
    asked: Mapping[str, tuple[Case, Asked]],
    weathers: int,
    pool: Sequence[str],
) -> Recorded:
    """Run every case under every weather."""
    made: Recorded = {case: [] for case in asked}
    async with examiner_of(planted.subject) as examiner:
        for weather in range(weathers):
            gone = frozenset(random.Random(f"{weather}").sample(pool, int(MISSING * len(pool)))) | planted.lacks
            for number, (case, question) in enumerate(asked.values()):
                store.dropped = gone | question.dropped
                outcome = await examiner.examine(case, f"{name}-{weather}")
                evidence = [Span(document, 0, 1_000_000) for document in sorted(question.relevant)]
                outcome = outcome.model_copy(update={"contexts": ()})
                made[case.id].append(outcome.model_copy(update={"figures": figures(case, evidence, outcome)}))
                if number % 20 == 19:
                    print(f"{name}, weather {weather + 1}: {number + 1} asked", file=sys.stderr, flush=True)
    return made


def night(recorded: Recorded, seed: str) -> dict[str, Outcome]:
    """One recorded outcome of each case."""
    luck = random.Random(seed)
    return {case: luck.choice(outcomes) for case, outcomes in recorded.items()}


def shuffled(outcomes: Mapping[str, Outcome], asked: Mapping[str, tuple[Case, Asked]], seed: str) -> dict[str, Outcome]:
    """Each answer with the citations of another one."""
    cited = [one.cited for one in outcomes.values()]
    random.Random(seed).shuffle(cited)
    made = {}
    for (name, outcome), other in zip(outcomes.items(), cited, strict=True):
        case, question = asked[name]
        evidence = [Span(document, 0, 1_000_000) for document in sorted(question.relevant)]
        changed = outcome.model_copy(update={"cited": other})
        made[name] = changed.model_copy(update={"figures": figures(case, evidence, changed)})
    return made


def alarms(
    before: Callable[[str], Mapping[str, Outcome]], after: Callable[[str], Mapping[str, Outcome]], nights: int
) -> int:
    """On how many nights something got worse by more than chance."""

    def of(outcomes: Mapping[str, Outcome]) -> dict[str, Figures]:
        return {name: one.figures for name, one in outcomes.items()}

    return sum(
        compare(of(before(f"before {n}")), of(after(f"after {n}")), comparisons=3, seed=n).is_worse
        for n in range(nights)
    )


async def run(arguments: argparse.Namespace) -> list[Row]:
    embedder = Remembering(open_embedder(arguments.embedder))
    async with opened(arguments.data, SET, embedder, arguments.cache) as (store, searcher, questions):
        asked = cases_of(asked_of(questions[: 2 * arguments.questions], 1))
        needed = {document for _, one in asked.values() for document in one.relevant | one.dropped}
        documents = sorted(await store.hashes("benchmark"))
        pool = [document for document in documents if document not in needed]
        base = Subject(store, searcher, embedder, Toolbox([]), lambda _: None)
        away = Away(embedder)
        stale = frozenset(random.Random(0).sample(documents, int(STALE * len(documents))))
        writes, retells = prose(answers=True), prose(answers=False)
        planted = {
            "vectors off": Planted(replace(base, searcher=Searcher(store, away), embedder=None)),
            "top-1 only": Planted(replace(base, limits=Limits(passages=1, evidence=1))),
            "a stale index": Planted(base, stale),
            "a worse prompt": Planted(replace(base, model_for=lambda _: retells)),
        }
        many = dict.fromkeys(planted, 2) | {"as it ships": arguments.weathers, "as it ships, with a writer": 2}
        planted |= {
            "as it ships": Planted(base),
            "as it ships, with a writer": Planted(replace(base, model_for=lambda _: writes)),
        }
        kept = {name: await record(name, one, store, asked, many[name], pool) for name, one in planted.items()}
    return rows(kept, asked, arguments)


def rows(
    kept: Mapping[str, Recorded], asked: Mapping[str, tuple[Case, Asked]], arguments: argparse.Namespace
) -> list[Row]:
    """Of each planted regression on how many first nights it was found; and false alarms where nothing changed."""
    ships, writer = kept["as it ships"], kept["as it ships, with a writer"]
    found = {
        name: alarms(
            lambda seed, base=writer if name == "a worse prompt" else ships: night(base, seed),  # type: ignore[misc]
            lambda seed, other=kept[name]: night(other, seed),  # type: ignore[misc]
            arguments.repeats,
        )
        for name in kept
        if not name.startswith("as it ships")
    }
    found["citations shuffled"] = alarms(
        lambda seed: night(ships, seed), lambda seed: shuffled(night(ships, seed), asked, seed), arguments.repeats
    )
    made = [Row(name, {"found on the first night": count, "of": arguments.repeats}) for name, count in found.items()]
    false = alarms(lambda seed: night(ships, seed), lambda seed: night(ships, seed), arguments.nights)
    return [*made, Row("nothing changed", {"alarms": false, "of": arguments.nights})]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="keep vectors here between runs")
    parser.add_argument("--embedder", default="auto")
    parser.add_argument("--questions", type=int, default=50, help="each once answerable and once not")
    parser.add_argument("--weathers", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--nights", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/planted.json"))
    arguments = parser.parse_args()
    started = time.monotonic()
    made = asyncio.run(run(arguments))
    about: dict[str, Any] = {
        "questions": f"{arguments.questions} of HotpotQA, each once answerable and once not",
        "resampled": "the weather of each case: which tenth of the passages that no question needs is missing",
        "level": f"{ALARMS:.0%} of the nights without a change, over all metrics and three comparisons",
        "embedder": open_embedder(arguments.embedder).name,
        "seconds": time.monotonic() - started,
    }
    publish("Planted regressions", made, about, arguments.out)


if __name__ == "__main__":
    main()
