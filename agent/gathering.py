"""What is searched for next: what waited for an answer that was just found, what is missing, or nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent import decisions, explaining, hops
from agent.decisions import Decider
from agent.evidence import Evidence
from agent.hops import SubQuestion
from agent.state import State

ROUNDS = 3
"""How often one question may be searched for."""


@dataclass(frozen=True, slots=True)
class Following:
    """The next searches, none where there is nothing to look for; ``steps`` say why."""

    enough: bool
    queries: list[str]
    plan: list[SubQuestion]
    steps: list[str] = field(default_factory=list)


async def following(decider: Decider, state: State, evidence: Sequence[Evidence], searched: Sequence[str]) -> Following:
    """What comes after a round of searches: the next hop of the plan before anything else."""
    plan, steps = list(state.get("plan", [])), list[str]()
    more = state["rounds"] + 1 < ROUNDS
    if more and (numbers := hops.wanted(plan)):
        asked = [plan[number - 1]["question"] for number in numbers]
        found = await asyncio.gather(*(decisions.bridge(decider, question, evidence) for question in asked))
        answers = [one.value.answer for one in found]
        steps += map(explaining.bridged, asked, answers)
        before, plan = plan, hops.fill(plan, dict(zip(numbers, answers, strict=True)))
        if ready := hops.ready(before, plan):
            return Following(enough=False, queries=ready, plan=plan, steps=steps)
    decision = (await decisions.enough(decider, state["standalone"], evidence, searched)).value
    queries = [] if decision.enough or decision.next_query in {"", *searched} else [decision.next_query]
    again = bool(queries) and more
    return Following(decision.enough, queries, plan, [*steps, explaining.judged(enough=decision.enough, again=again)])
