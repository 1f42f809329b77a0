"""The routine decisions: small questions that the agent answers all day, each one function with a typed answer.

Each is answered by a teacher (the language model, asked with the prompt of the same name in agent/prompts/) or,
without one, by a rule; each is logged with its confidence and, later, with what came of it, so that a small model can
learn it. A teacher that fails or answers nonsense is replaced by the rule, and the run's notes say so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, Field, ValidationError

from agent import commands
from agent.answerability import answerability, threshold
from agent.decision_log import Decided, DecisionLog
from agent.errors import ModelUnavailable
from agent.evidence import Evidence, Sentence
from agent.models import ChatModel, Message, Request, complete
from agent.state import Turn
from agent.support import support
from agent.text import STOPWORDS, content, words


class Route(BaseModel):
    """What a message asks for: an answer, an action, or a word about the assistant itself."""

    route: Literal["answer", "act", "greet"]
    confidence: float = Field(default=1.0, ge=0, le=1)


class Standalone(BaseModel):
    """The question as one would ask it with no talk before it."""

    question: str = Field(min_length=1, max_length=4_000)
    confidence: float = Field(default=1.0, ge=0, le=1)


class Split(BaseModel):
    """The searches that the question needs."""

    queries: list[str] = Field(min_length=1, max_length=4)
    confidence: float = Field(default=1.0, ge=0, le=1)


class Enough(BaseModel):
    """Whether the evidence answers the question; if not, what to look for next."""

    enough: bool
    next_query: str = Field(default="", max_length=1_000)
    confidence: float = Field(default=1.0, ge=0, le=1)


class Supported(BaseModel):
    """Whether a sentence follows from the text it cites."""

    supported: bool
    confidence: float = Field(default=1.0, ge=0, le=1)


Value = TypeVar("Value", Route, Standalone, Split, Enough, Supported)


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
        await self.log.write(self.decided)


async def route(decider: Decider, question: str) -> Decision[Route]:
    """Answer, act, or greet?"""
    command = commands.parse(question)
    if command or commands.is_greeting(question):
        fixed = Route(route="act" if command else "greet", confidence=0.95)
        return _settle(decider, "route", {"question": question}, fixed, "rule")
    return await _decide(decider, "route", {"question": question}, Route, lambda: Route(route="answer", confidence=0.8))


async def standalone(decider: Decider, question: str, transcript: Sequence[Turn]) -> Decision[Standalone]:
    """What is asked, with what the talk before it adds."""
    asked = {"question": question, "transcript": [f"{turn['who']}: {turn['text'][:500]}" for turn in transcript[-8:]]}
    if not transcript:
        return _settle(decider, "standalone", asked, Standalone(question=question[:4_000]), "rule")
    return await _decide(decider, "standalone", asked, Standalone, lambda: _standalone_rule(question, transcript))


async def split(decider: Decider, question: str) -> Decision[Split]:
    """Which searches does it need?"""
    return await _decide(decider, "split", {"question": question}, Split, lambda: _split_rule(question))


async def enough(
    decider: Decider, question: str, evidence: Sequence[Evidence], searched: Sequence[str]
) -> Decision[Enough]:
    """Does what was found answer the question, or what should be looked for next?"""
    asked = {
        "question": question,
        "searched": list(searched),
        "evidence": [f"{item['title']}: {item['text'][:800]}" for item in evidence[:8]],
    }
    if not evidence:
        rule = _enough_rule(question, evidence, searched)
        return _settle(decider, "enough", asked, rule, "rule")
    return await _decide(decider, "enough", asked, Enough, lambda: _enough_rule(question, evidence, searched))


async def supported(decider: Decider, sentence: Sentence) -> Decision[Supported]:
    """Does the sentence follow from what it cites? Words and numbers decide the clear cases, the teacher the rest."""
    quotes = [citation["quote"] for citation in sentence["citations"]]
    asked = {"sentence": sentence["text"], "quotes": quotes}
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
    return answer.model_validate_json((await complete(model, request)).text)


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


_POINTING = re.compile(
    r"\b(it|its|that|this|these|those|they|them|their|he|she|him|her|there|one|ones|else|instead|same|former|latter)\b"
    r"|^(and|but|or|so|then|what about|how about|why|really|more|which|when|where|who)\b|[它他她那这其]",
    re.IGNORECASE,
)


def _standalone_rule(question: str, transcript: Sequence[Turn]) -> Standalone:
    """A follow-up that points back, or says little, takes the words of the last question with it."""
    previous = next((turn["text"] for turn in reversed(transcript) if not turn["assistant"]), "")
    says = content(question)
    points_back = bool(_POINTING.search(question)) and len(says) <= 6
    if not previous or (not points_back and len(says) > 2):
        return Standalone(question=question, confidence=0.7)
    new = [word for word in words(question) if word not in STOPWORDS]
    carried = [word for word in words(previous) if word not in STOPWORDS and word not in new]
    # The new words stand twice, so that they weigh more than what is carried over.
    whole = f"{question.rstrip('?？ ')}: {' '.join([*new, *carried[:12]])}"
    return Standalone(question=whole if carried else question, confidence=0.6)


_JOINT = re.compile(
    r"(?<=[?？])\s+|\s+(?:and|;)\s+(?=(?:what|who|when|where|why|how|which|is|are|does|do|can)\b)", re.I
)


def _split_rule(question: str) -> Split:
    parts = [part.strip() for part in _JOINT.split(question) if len(content(part)) >= 2]
    return Split(queries=[question, *parts[:3]] if len(parts) > 1 else [question], confidence=0.6)


def _enough_rule(question: str, evidence: Sequence[Evidence], searched: Sequence[str]) -> Enough:
    """The measured answerability of the best passages against its threshold; next, the bare content words."""
    score = answerability(question, evidence)
    keywords = " ".join(dict.fromkeys(word for word in words(question) if word not in STOPWORDS))
    following = keywords if keywords and keywords not in searched else ""
    return Enough(
        enough=score >= threshold(), next_query=following, confidence=min(1.0, abs(score - threshold()) + 0.5)
    )
