"""The judge, graded: does it agree with people, with itself, and with itself when the order is swapped?

Three shares, each with a bar. Below one of them the judge's figures raise no alarm that night. Agreement with people is
Cohen's kappa (Educ. Psychol. Meas. 1960), so that a judge who calls everything good, or goes by length, gets nothing
for it; its interval is a bootstrap's over the answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import yaml
from pydantic import BaseModel, TypeAdapter

from agent.errors import AgentError
from agent.models import ChatModel, Message, Request, complete
from evals.errors import EvalError

ANCHORS = Path(__file__).parent / "anchors" / "judge.yaml"
LEAST_KAPPA = 0.4
"""The lower end of kappa's interval must reach it: moderate agreement (Landis and Koch, Biometrics 1977)."""
LEAST_REPEAT = 0.9
LEAST_SWAPPED = 0.8
FEWEST = 20
"""Answers that the judge must have given a verdict on."""
DRAWS = 2_000
AT_ONCE = 4

_VERDICT = """Does the answer say what the source says in reply to the question? Length and style do not count.

Question: {question}
Source: {evidence}
Answer: {answer}

Reply with JSON: {{"good": true}} or {{"good": false}}."""
_CHOICE = """Which of two answers says what the source says in reply to the question? Length and style do not count.

Question: {question}
Source: {evidence}
Answer 1: {first}
Answer 2: {second}

Reply with JSON: {{"better": 1}} or {{"better": 2}}."""


Shape = TypeVar("Shape", bound=BaseModel)


class Pair(BaseModel):
    """A question with what answers it, and two answers that people marked."""

    question: str
    evidence: str
    good: str
    bad: str


class _Verdict(BaseModel):
    good: bool


class _Choice(BaseModel):
    better: int


@dataclass(frozen=True, slots=True)
class JudgeGrade:
    """``kappa`` with its interval; shares 0 to 1. ``silent`` of the ``asked`` calls had no answer that could be read."""

    kappa: float
    low: float
    high: float
    repeat: float
    swapped: float
    answers: int
    asked: int
    silent: int

    @property
    def distrust(self) -> str:
        """Why the judge is not to be trusted tonight, in one line; empty where it is."""
        reasons = []
        if self.answers < FEWEST:
            reasons.append(f"it gave a verdict on {self.answers} answers only, of {FEWEST} at least")
        elif self.low < LEAST_KAPPA:
            interval = f"{self.low:.2f} to {self.high:.2f}"
            reasons.append(f"it agrees with people by kappa {self.kappa:.2f} ({interval}), below {LEAST_KAPPA}")
        if self.repeat < LEAST_REPEAT:
            reasons.append(f"asked again it says the same {self.repeat:.0%} of the time, below {LEAST_REPEAT:.0%}")
        if self.swapped < LEAST_SWAPPED:
            said = f"with the order swapped it chooses the same answer {self.swapped:.0%} of the time"
            reasons.append(f"{said}, below {LEAST_SWAPPED:.0%}")
        return f"The judge is not to be trusted tonight: {'; '.join(reasons)}." if reasons else ""

    @property
    def sentence(self) -> str:
        """How it agrees, in one line."""
        return (
            f"The judge agrees with people by kappa {self.kappa:.2f} ({self.low:.2f} to {self.high:.2f}, "
            f"{self.answers} answers), with itself on a repeat {self.repeat:.0%}, with the order swapped {self.swapped:.0%}."
        )


def read_pairs(path: Path = ANCHORS) -> list[Pair]:
    """The pairs of a file. Raises `EvalError` where it can't be read."""
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TypeAdapter(list[Pair]).validate_python(told["pairs"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise EvalError(f"{path}: no pairs to grade the judge on can be read there.") from error


async def grade(model: ChatModel, pairs: Sequence[Pair]) -> JudgeGrade:
    """Ask the judge about every answer twice and about every pair in both orders. A call without an answer is counted."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def verdict(pair: Pair, answer: str) -> bool | None:
        prompt = _VERDICT.format(question=pair.question, evidence=pair.evidence, answer=answer)
        found = await _asked(model, prompt, _Verdict, turns)
        return None if found is None else found.good

    async def choice(pair: Pair, first: str, second: str) -> int | None:
        prompt = _CHOICE.format(question=pair.question, evidence=pair.evidence, first=first, second=second)
        found = await _asked(model, prompt, _Choice, turns)
        return None if found is None else found.better

    marked = [(pair, answer, answer is pair.good) for pair in pairs for answer in (pair.good, pair.bad)]
    once = await asyncio.gather(*(verdict(pair, answer) for pair, answer, _ in marked))
    again = await asyncio.gather(*(verdict(pair, answer) for pair, answer, _ in marked))
    as_is = await asyncio.gather(*(choice(pair, pair.good, pair.bad) for pair in pairs))
    swapped = await asyncio.gather(*(choice(pair, pair.bad, pair.good) for pair in pairs))
    said = [(mark, one) for (_, _, mark), one in zip(marked, once, strict=True) if one is not None]
    low, high = kappa_interval(said)
    every: list[object] = [*once, *again, *as_is, *swapped]
    return JudgeGrade(
        kappa(said),
        low,
        high,
        _share([one == other for one, other in zip(once, again, strict=True) if None not in (one, other)]),
        _share([one != other for one, other in zip(as_is, swapped, strict=True) if None not in (one, other)]),
        len(said),
        len(every),
        every.count(None),
    )


def kappa(said: Sequence[tuple[bool, bool]]) -> float:
    """Cohen's kappa of pairs of verdicts; 0 where one of the two always says the same."""
    if not said:
        return 0.0
    table = np.array(said, dtype=float)
    agreed = float((table[:, 0] == table[:, 1]).mean())
    yes, also = table.mean(axis=0)
    by_chance = float(yes * also + (1 - yes) * (1 - also))
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0


def kappa_interval(said: Sequence[tuple[bool, bool]], seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of kappa: the percentile bootstrap over the answers."""
    if not said:
        return 0.0, 0.0
    random = np.random.default_rng(seed)
    table = np.array(said)
    drawn = [kappa(table[random.integers(len(said), size=len(said))].tolist()) for _ in range(DRAWS)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


async def _asked(model: ChatModel, prompt: str, shape: type[Shape], turns: asyncio.Semaphore) -> Shape | None:
    """The judge's answer in this shape, or None where there is none."""
    request = Request([Message("user", prompt)], purpose="judge", schema=shape.model_json_schema(), max_tokens=64)
    async with turns:
        try:
            return shape.model_validate_json((await complete(model, request)).text)
        except (AgentError, ValueError):
            return None


def _share(agreed: Sequence[bool]) -> float:
    return sum(agreed) / len(agreed) if agreed else 0.0
