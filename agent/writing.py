"""Evidence in, cited sentences out. The default quotes; with a model it writes prose."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from itertools import pairwise
from typing import Protocol

from agent.decisions import prompt
from agent.evidence import Citation, Evidence, Sentence, cite
from agent.marks import Claim, claims
from agent.models import ChatModel, Completion, Message, Request, SourceText, complete
from agent.models.tokens import asked_tokens
from agent.packing import Block, pack
from agent.support import support
from agent.text import content, held
from retrieval.sentences import Span
from retrieval.sentences import sentences as split_sentences


class Writer(Protocol):
    """Writes the answer to a question, a sentence at a time; none at all where the evidence holds no answer."""

    def reads(self, question: str, evidence: Sequence[Evidence]) -> list[Evidence]:
        """What of the evidence, which is best first, it reads to write this."""
        ...

    def write(self, question: str, evidence: Sequence[Evidence]) -> AsyncGenerator[Sentence]: ...

    async def mend(self, sentence: Sentence) -> Sentence | None:
        """The sentence, so that what it cites supports it; None where it can't be mended."""
        ...


ANSWER_TOKENS = 900
"""What an answer may take."""
SURE = 0.8
"""The share of a model's window that is planned with: its tokens are estimated, and code takes more of them."""
_REMINDER = "Answer in short whole sentences, each with the number of its passage in square brackets at its end."
"""Said last, since small models heed the end of a long message most."""
_NO_ANSWER = re.compile(r"\W*no answer\b", re.IGNORECASE)


class ProseWriter:
    """Writes prose with a model. A sentence without a mark of a passage it was given cites nothing, so no check passes it.

    ``window`` is how many tokens the model takes in at once, with what it writes.
    """

    def __init__(self, model: ChatModel, window: int = 8_192) -> None:
        self._model = model
        self._window = window

    def reads(self, question: str, evidence: Sequence[Evidence]) -> list[Evidence]:
        return [piece for block in self._blocks(question, evidence) for piece in block.pieces]

    async def write(self, question: str, evidence: Sequence[Evidence]) -> AsyncGenerator[Sentence]:
        blocks = self._blocks(question, evidence)
        told = _Told(blocks)
        async with aclosing(self._model.stream(self._request(question, blocks))) as pieces:
            async for piece in pieces:
                for sentence in told.take(piece):
                    yield sentence
        for sentence in told.end():
            yield sentence

    async def mend(self, sentence: Sentence) -> Sentence | None:
        quotes = "\n".join(citation["quote"] for citation in sentence["citations"])
        if not quotes:
            return None
        asked = f"<sentence>\n{sentence['text']}\n</sentence>\n<passage>\n{quotes}\n</passage>"
        messages = [Message("system", prompt("mend")), Message("user", asked)]
        said = (await complete(self._model, Request(messages, purpose="mend", max_tokens=200))).text
        text = " ".join(claim.text for claim in claims(said)[0])
        return None if not text or text.startswith("DROP") else Sentence(text=text, citations=sentence["citations"])

    def _blocks(self, question: str, evidence: Sequence[Evidence]) -> list[Block]:
        taken = ANSWER_TOKENS + asked_tokens(self._request(question, []))
        return pack(evidence, int(self._window * SURE) - taken)

    def _request(self, question: str, blocks: Sequence[Block]) -> Request:
        passages = [f"[{number}] {block.heading}\n{block.text}" for number, block in enumerate(blocks, 1)]
        asked = "<passages>\n" + "\n\n".join(passages) + f"\n</passages>\n\nQuestion: {question}\n\n{_REMINDER}"
        sources = [
            SourceText(str(number), f"{one.pieces[0]['title']}\n{one.text}") for number, one in enumerate(blocks, 1)
        ]
        messages = [Message("system", prompt("write")), Message("user", asked)]
        return Request(messages, purpose="write", sources=sources, max_tokens=ANSWER_TOKENS)


class _Told:
    """What a model has told so far. Its first sentences wait for a mark: where none comes, the provider's citations count."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._buffer = ""
        self._waiting: list[Claim] = []
        self._marked = False
        self._over = False
        self._whole = Completion("")

    def take(self, piece: str | Completion) -> list[Sentence]:
        """The sentences that are complete with this piece."""
        if isinstance(piece, Completion):
            self._whole = piece
            return []
        ready, self._buffer = claims(self._buffer + piece, more=True)
        return self._ready(ready)

    def end(self) -> list[Sentence]:
        """The sentences that were left."""
        last = self._ready(claims(self._buffer)[0])
        if self._whole.citations and not self._marked:
            return _provider_cited(self._whole, self._blocks)
        return [*last, *(_sentence(claim, self._blocks) for claim in self._waiting)]

    def _ready(self, found: Sequence[Claim]) -> list[Sentence]:
        for claim in found:
            self._over = self._over or bool(_NO_ANSWER.match(claim.text))
            if not self._over and not _introduces(claim):
                self._waiting.append(claim)
                self._marked = self._marked or bool(claim.numbers)
        if not self._marked:
            return []
        ready, self._waiting = self._waiting, []
        return [_sentence(claim, self._blocks) for claim in ready]


def _introduces(claim: Claim) -> bool:
    """Whether it only leads to what follows, and claims nothing itself."""
    return not claim.numbers and claim.text.endswith((":", "：", ":**"))


def _sentence(claim: Claim, blocks: Sequence[Block]) -> Sentence:
    cited = [blocks[number - 1] for number in claim.numbers if 0 < number <= len(blocks)]
    return Sentence(text=claim.text, citations=[_best_span(claim.text, block) for block in cited])


def _best_span(text: str, block: Block) -> Citation:
    """The sentence of the block's pieces, or the two in a row of one, that carry the text best."""

    windows = [(piece, span) for piece in block.pieces for span in _windows(piece["text"])]
    says = content(text)
    holds = held(set(says), (piece["text"][start:end] for piece, (start, end) in windows))
    shared = [sum(word in one for word in says) for one in holds]
    most = max(shared)
    best = [window for window, many in zip(windows, shared, strict=True) if many == most]

    def carries(found: tuple[Evidence, Span]) -> tuple[float, int]:
        piece, (start, end) = found
        return support(text, [piece["text"][start:end]]), start - end

    piece, span = max(best, key=carries)
    return cite(piece, *span)


def _windows(text: str) -> list[Span]:
    spans = split_sentences(text) or [(0, len(text))]
    return [*spans, *((a, d) for (a, _), (_, d) in pairwise(spans))]


def _provider_cited(completion: Completion, blocks: Sequence[Block]) -> list[Sentence]:
    """A provider's own citations, laid over the sentences of its answer."""
    written: list[Sentence] = []
    for start, end in split_sentences(completion.text):
        numbers = dict.fromkeys(
            int(source)
            for cited in completion.citations
            if cited.start < end and cited.end > start
            for source in cited.sources
            if source.isdigit()
        )
        written.append(_sentence(Claim(completion.text[start:end], tuple(numbers)), blocks))
    return written
