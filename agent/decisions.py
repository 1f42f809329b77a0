"""The routine decisions: small questions that the agent answers all day, each one function with a typed answer.

Each is answered by a teacher (the language model, asked with the prompt of the same name in agent/prompts/) or,
without one, by a rule; each is logged with its confidence and, later, with what came of it, so that a small model can
learn it. A teacher that fails or answers nonsense is replaced by the rule, and the run's notes say so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from agent import commands
from agent.answerability import THRESHOLD, answerability
from agent.decision_log import Decided, DecisionLog
from agent.errors import ModelUnavailable
from agent.evidence import Evidence, Sentence
from agent.follow_ups import leans_back, with_talk
from agent.hops import needs
from agent.models import ChatModel, Message, Request, complete
from agent.splitting import questions
from agent.state import Turn
from agent.support import support
from agent.text import phrases, words

LONGEST_QUESTION = 4_000
MOST_QUERIES = 4


def _sure(said: object) -> float:
    """How sure a teacher says it is; what is no share, nor a percentage, says nothing."""
    if not isinstance(said, int | float) or not 0 <= said <= 100:
        return 0.5
    return said if said <= 1 else said / 100


def _first_queries(said: object) -> object:
    """The first few different ones."""
    if not isinstance(said, list):
        return said
    return list(dict.fromkeys(one for one in said if isinstance(one, str) and one.strip()))[:MOST_QUERIES]


Confidence = Annotated[float, BeforeValidator(_sure), Field(ge=0, le=1)]


class Route(BaseModel):
    """What a message asks for: an answer, an action, or a word about the assistant itself."""

    route: Literal["answer", "act", "greet"]
    confidence: Confidence = 1.0


class Standalone(BaseModel):
    """The question as one would ask it with no talk before it."""

    question: str = Field(min_length=1, max_length=LONGEST_QUESTION)
    confidence: Confidence = 1.0


class Split(BaseModel):
    """The searches that the question needs: ``queries`` at once, ``then`` those that need what an earlier one finds.

    In ``then``, {n} stands for the answer to the nth of them all, counted from 1.
    """

    queries: Annotated[list[str], BeforeValidator(_first_queries)] = Field(min_length=1, max_length=MOST_QUERIES)
    then: Annotated[list[str], BeforeValidator(_first_queries)] = Field(default=[], max_length=MOST_QUERIES - 1)
    confidence: Confidence = 1.0

    @model_validator(mode="after")
    def _only_earlier_ones(self) -> Self:
        """A search that needs none, itself or a later one can't be one of ``then``."""
        for number, query in enumerate(self.then, len(self.queries) + 1):
            if not all(0 < needed < number for needed in needs(query) or [0]):
                raise ValueError(f"“{query}” needs what no earlier search finds")
        return self


class Bridge(BaseModel):
    """The answer to a sub-question, as few words as a search needs; empty where the evidence does not say it."""

    answer: Annotated[str, BeforeValidator(lambda said: said or "")] = Field(default="", max_length=200)
    confidence: Confidence = 1.0


class Enough(BaseModel):
    """Whether the evidence answers the question; if not, what to look for next."""

    enough: bool
    next_query: Annotated[str, BeforeValidator(lambda said: said or "")] = Field(default="", max_length=1_000)
    confidence: Confidence = 1.0


class Supported(BaseModel):
    """Whether a sentence follows from the text it cites."""

    supported: bool
    confidence: Confidence = 1.0


Value = TypeVar("Value", Route, Standalone, Split, Bridge, Enough, Supported)


@dataclass(frozen=True, slots=True)
class Decision(Generic[Value]):
    """A decided value, how sure whoever decided is (0 to 1), and who that was."""

    name: str
    value: Value
    confidence: float
    by: str


@dataclass(slots=True)
class Decider:
    """Who decides in one run: the teacher if there is one, else the rules. ``notes`` collects what was plainer.

    What is decided in its ``async with`` is on the log when that ends.
    """

    run: str
    log: DecisionLog
    model: ChatModel | None = None
    notes: list[str] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await asyncio.shield(self.log.write(self.decided))


async def route(decider: Decider, question: str, attached: Sequence[str] = ()) -> Decision[Route]:
    """Answer, act, or greet? ``attached`` are the names of the files that came with the question."""
    command, asks_back = commands.parse(question, attached), bool(commands.asks_back(question))
    if command or commands.is_greeting(question) or (asks_back and not commands.is_pointing(question)):
        fixed = Route(route="act" if command else "greet", confidence=0.95)
        return _settle(decider, "route", {"question": question}, fixed, "rule")
    otherwise = Route(route="greet" if asks_back else "answer", confidence=0.8)
    return await _decide(decider, "route", {"question": question}, Route, lambda: otherwise)


async def standalone(decider: Decider, question: str, transcript: Sequence[Turn]) -> Decision[Standalone]:
    """What is asked, with what the talk before it adds."""
    asked = {"question": question, "transcript": [f"{turn['who']}: {turn['text'][:500]}" for turn in transcript[-8:]]}
    if not transcript:
        return _settle(decider, "standalone", asked, Standalone(question=question[:LONGEST_QUESTION]), "rule")
    return await _decide(decider, "standalone", asked, Standalone, lambda: _standalone_rule(question, transcript))


async def split(decider: Decider, question: str) -> Decision[Split]:
    """Which searches does it need?"""
    return await _decide(decider, "split", {"question": question}, Split, lambda: _split_rule(question))


async def bridge(decider: Decider, question: str, evidence: Sequence[Evidence]) -> Decision[Bridge]:
    """What answers a sub-question, so that the next one can be asked? No rule knows: without a teacher nothing does."""
    asked = {"question": question, "evidence": _told(evidence)}
    if not evidence:
        return _settle(decider, "bridge", asked, Bridge(confidence=0.5), "rule")
    return await _decide(decider, "bridge", asked, Bridge, lambda: Bridge(confidence=0.5))


async def enough(
    decider: Decider, question: str, evidence: Sequence[Evidence], searched: Sequence[str]
) -> Decision[Enough]:
    """Does what was found answer the question, or what should be looked for next?"""
    asked = {"question": question, "searched": list(searched), "evidence": _told(evidence)}
    if not evidence:
        rule = _enough_rule(question, evidence, searched)
        return _settle(decider, "enough", asked, rule, "rule")
    return await _decide(decider, "enough", asked, Enough, lambda: _enough_rule(question, evidence, searched))


async def supported(decider: Decider, sentence: Sentence) -> Decision[Supported]:
    """Does the sentence follow from what it cites? Words and numbers decide the clear cases, the teacher the rest."""
    quotes = [citation["quote"] for citation in sentence["citations"]]
    asked = {"quotes": quotes, "sentence": sentence["text"]}
    share = support(sentence["text"], quotes)
    rule = Supported(supported=share >= 0.5, confidence=min(1.0, 0.5 + abs(share - 0.5)))
    if share in (0.0, 1.0) or decider.model is None:
        return _settle(decider, "supported", asked, rule, "rule")
    return await _decide(decider, "supported", asked, Supported, lambda: rule)


async def _decide(
    decider: Decider, name: str, asked: dict[str, Any], answer: type[Value], rule: Callable[[], Value]
) -> Decision[Value]:
    if decider.model is None:
        return _settle(decider, name, asked, rule(), "rule")
    try:
        value = await _ask_teacher(decider.model, name, asked, answer)
    except (ModelUnavailable, ValidationError) as error:
        reason = str(error) if isinstance(error, ModelUnavailable) else "its answer was not of the form asked for"
        note = f"Decided by rule where {decider.model.name} could not: {reason}"
        if note not in decider.notes:
            decider.notes.append(note)
        return _settle(decider, name, asked, rule(), "rule")
    return _settle(decider, name, asked, value, decider.model.name)


async def _ask_teacher(model: ChatModel, name: str, asked: dict[str, Any], answer: type[Value]) -> Value:
    request = Request(
        messages=[Message("system", prompt(name)), Message("user", _plain(asked))],
        purpose=name,
        schema=answer.model_json_schema(),
        max_tokens=400,
    )
    return answer.model_validate_json(_json((await complete(model, request)).text))


def _json(said: str) -> str:
    """The JSON object in what a teacher said, however it introduced or fenced it."""
    start, end = said.find("{"), said.rfind("}")
    return said[start : end + 1] if 0 <= start < end else said


def _settle(decider: Decider, name: str, asked: dict[str, Any], value: Value, by: str) -> Decision[Value]:
    decision = Decision(name, value, value.confidence, by)
    said = value.model_dump(exclude={"confidence"})
    decider.decided.append(Decided(decider.run, name, asked, said, value.confidence, by))
    return decision


def prompt(name: str) -> str:
    """The text of agent/prompts/NAME.md."""
    return (files("agent") / "prompts" / f"{name}.md").read_text(encoding="utf-8")


def _plain(asked: dict[str, Any]) -> str:
    lines: list[str] = []
    for key, value in asked.items():
        lines.append(f"<{key}>")
        lines.extend(value if isinstance(value, list) else [str(value)])
        lines.append(f"</{key}>")
    return "\n".join(lines)


def _told(evidence: Sequence[Evidence]) -> list[str]:
    """What a teacher reads of the evidence."""
    return [f"{item['title']}: {item['text'][:800]}" for item in evidence[:8]]


def _standalone_rule(question: str, transcript: Sequence[Turn]) -> Standalone:
    """A follow-up takes with it what the questions before it were about."""
    before = [t["text"] for t in transcript if not t["assistant"] and not commands.is_greeting(t["text"])]
    if not before or not leans_back(question):
        return Standalone(question=question[:LONGEST_QUESTION], confidence=0.7)
    return Standalone(question=with_talk(question, before)[:LONGEST_QUESTION], confidence=0.6)


def _split_rule(question: str) -> Split:
    parts = questions(question)
    return Split(queries=[question, *parts[: MOST_QUERIES - 1]] if len(parts) > 1 else [question], confidence=0.6)


def _enough_rule(question: str, evidence: Sequence[Evidence], searched: Sequence[str]) -> Enough:
    """The measured answerability of the best passages against its threshold; next, the question's bare words."""
    score = answerability(question, evidence)
    keywords = " ".join(phrases(question))
    known = {" ".join(words(query)) for query in searched}
    return Enough(
        enough=score >= THRESHOLD,
        next_query=keywords if " ".join(words(keywords)) not in known else "",
        confidence=min(1.0, abs(score - THRESHOLD) + 0.5),
    )
