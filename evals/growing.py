"""Cases that grow: from questions whose answers people marked, and from new documents.

Both are proposed only: nothing runs before a person accepted it. What a question says that tells of a person (addresses,
numbers, handles) is taken out; names in plain words are not found that way, and whoever accepts a case sees it first.

Without a model a question is made by template from a sentence that defines something (“X is a …” → “What is X?”). Such
questions are plain and repeat the document's words: they test that what is new is found, quoted and told from what is not there,
no more.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from pydantic import BaseModel, Field, ValidationError

from agent.models import ChatModel, Message, Request, complete
from evals.cases import Case, Expected, Quoted, Standing
from evals.running import located
from retrieval.documents import Document
from retrieval.sentences import sentences

_PERSONAL = (
    (re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+"), "[address]"),
    (re.compile(r"https?://\S+"), "[link]"),
    (re.compile(r"<[@#!][^>]{1,80}>|(?<!\w)@[\w.-]{2,}"), "[somebody]"),
    (re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,3})?\b"), "[number]"),
    (re.compile(r"(?<!\w)\+?\d(?:[\s().-]?\d){6,}(?!\w)"), "[number]"),
)
_DEFINES = re.compile(
    r"^(?P<what>(?:The |A |An )?[A-Z][\w.+-]*(?: [\w.+-]+){0,3}?) (?:is|are) (?:an?|the|used|one)\s+\w"
)
_PRONOUNS = {"it", "this", "that", "there", "he", "she", "they", "we", "you", "these", "those", "here", "what", "which"}
SHORTEST, LONGEST = 30, 300
PER_DOCUMENT = 2
_ASKING = """Write {count} questions that somebody of this team may ask, each answered by one sentence of the text below.
Do not use the text's own words where others say the same. Reply with JSON:
{{"cases": [{{"question": "…", "quote": "the sentence, word for word"}}]}}

{text}"""


_ASKING_ACROSS = """Write one question that only somebody who has read both texts below can answer, with the sentence of each
that it rests on; and one that somebody of this team may ask about the same subject and that neither text answers. Do not use the
texts' own words where others say the same. Reply with JSON:
{{"question": "…", "first": "the sentence of the first text, word for word", "second": "that of the second", "unanswered": "…"}}

The first text:

{first}

The second text:

{second}"""


@dataclass(frozen=True, slots=True)
class Marked:
    """An answer that somebody marked; ``quotes`` are what it cited, ``question`` as it was understood."""

    run: str
    question: str
    quotes: tuple[Quoted, ...]
    helpful: bool
    reason: str = ""


class _Asked(BaseModel):
    question: str = Field(min_length=8, max_length=400)
    quote: str = Field(min_length=8, max_length=1_000)


class _Many(BaseModel):
    cases: list[_Asked]


class _Across(BaseModel):
    question: str = Field(min_length=8, max_length=400)
    first: str = Field(min_length=8, max_length=1_000)
    second: str = Field(min_length=8, max_length=1_000)
    unanswered: str = Field(min_length=8, max_length=400)


def impersonal(text: str) -> str:
    """The text without what tells of a person: e-mail addresses, links, handles, telephone and account numbers."""
    for pattern, word in _PERSONAL:
        text = pattern.sub(word, text)
    return text


def from_mark(marked: Marked) -> Case:
    """A case of a marked answer: what was liked is what a good answer rests on, what was not waits for a person's word."""
    good = "" if marked.helpful else f"Not what was answered. {impersonal(marked.reason)}".strip()
    return Case(
        id=f"marked-{marked.run[:16].lower()}",
        question=impersonal(marked.question),
        evidence=marked.quotes if marked.helpful else (),
        good=good or ("" if marked.quotes else "What was answered; a person liked it."),
        tags=("marked",),
        provenance="a marked answer: " + ("helpful" if marked.helpful else "not helpful"),
        state=Standing.PROPOSED,
    )


def from_documents(documents: Sequence[Document]) -> list[Case]:
    """By template: what is this (one hop), what are these two (two hops), and what is a thing that nobody named."""
    known = " ".join(document.text for document in documents).casefold()
    defined = [(document, *found) for document in documents for found in _defined(document.text)]
    made = [_asking(f"What is {what}?", [(document, quote)], "one-hop") for document, what, quote in defined]
    for (first, what, quote), (second, other, also) in pairwise(defined):
        if first.id != second.id:
            both = [(first, quote), (second, also)]
            made.append(_asking(f"What is {what}, and what is {other}?", both, "multi-hop"))
        nobody = f"{_bare(what).split()[0]} {_bare(other).split()[-1]}"
        if nobody.casefold() not in known:
            made.append(_asking(f"What is {nobody}?", [], "unanswerable"))
    return list({case.id: case for case in made}.values())


def mixed(cases: Sequence[Case]) -> list[Case]:
    """The same cases, one of each kind in turn: however few are taken, there are some of every kind among them."""
    kinds: dict[tuple[str, ...], list[Case]] = {}
    for case in cases:
        kinds.setdefault(case.tags, []).append(case)
    return [case for turn in zip_longest(*kinds.values()) for case in turn if case is not None]


async def asked_of_model(model: ChatModel, document: Document, count: int = PER_DOCUMENT) -> list[Case]:
    """What a model asks of a document; a question whose quote is not in it is dropped. Raises `ModelUnavailable`."""
    prompt = _ASKING.format(count=count, text=document.text[:8_000])
    request = Request([Message("user", prompt)], purpose="cases", schema=_Many.model_json_schema())
    said = (await complete(model, request)).text
    try:
        asked = _Many.model_validate(json.loads(said)).cases
    except (ValidationError, ValueError):
        return []
    held = [one for one in asked if located(document.id, document.text, one.quote)]
    return [_asking(one.question, [(document, one.quote)], f"asked by {model.name}") for one in held[:count]]


async def asked_across(model: ChatModel, first: Document, second: Document) -> list[Case]:
    """A question of a model's that needs both documents, and one that neither answers. Raises `ModelUnavailable`.

    The first is dropped where a quote is not in its document, and so is the other then: who makes up the one has not read.
    """
    prompt = _ASKING_ACROSS.format(first=first.text[:6_000], second=second.text[:6_000])
    request = Request([Message("user", prompt)], purpose="cases", schema=_Across.model_json_schema())
    try:
        asked = _Across.model_validate(json.loads((await complete(model, request)).text))
    except (ValidationError, ValueError):
        return []
    evidence = [(first, asked.first), (second, asked.second)]
    if not all(located(document.id, document.text, quote) for document, quote in evidence):
        return []
    return [_asking(asked.question, evidence, "multi-hop"), _asking(asked.unanswered, [], "unanswerable")]


def _defined(text: str) -> Iterator[tuple[str, str]]:
    """What is defined in a text, and the sentence that does."""
    found = 0
    for start, end in sentences(text):
        quote = text[start:end]
        match = _DEFINES.match(quote) if SHORTEST <= len(quote) <= LONGEST and "\n\n" not in quote else None
        if match and _bare(match["what"]).split()[0].casefold() not in _PRONOUNS:
            yield match["what"], quote
            found += 1
            if found == PER_DOCUMENT:
                return


def _bare(what: str) -> str:
    return re.sub(r"^(?:The|A|An) ", "", what)


def _asking(question: str, evidence: Sequence[tuple[Document, str]], tag: str) -> Case:
    name = hashlib.blake2b("\0".join((question, *(one.id for one, _ in evidence))).encode(), digest_size=8).hexdigest()
    return Case(
        id=f"grown-{name}",
        question=question,
        expects=Expected.ANSWER if evidence else Expected.REFUSAL,
        evidence=tuple(Quoted(document=one.id, quote=quote) for one, quote in evidence),
        tags=("grown", tag),
        provenance=f"made from {', '.join(one.title for one, _ in evidence) or 'what no document holds'}"[:300],
        state=Standing.PROPOSED,
    )
