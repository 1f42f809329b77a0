"""Evidence in, cited sentences out. The default quotes; with a model it writes prose."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Protocol

from agent.decisions import prompt
from agent.evidence import Citation, Evidence, Sentence, cite
from agent.models import ChatModel, Completion, Message, Request, SourceText, complete
from agent.support import support
from retrieval.sentences import sentences as split_sentences


class Writer(Protocol):
    """Writes the answer to a question, a sentence at a time; none at all where the evidence holds no answer."""

    def write(self, question: str, evidence: Sequence[Evidence]) -> AsyncIterator[Sentence]: ...

    async def mend(self, sentence: Sentence) -> Sentence | None:
        """The sentence, so that what it cites supports it; None where it can't be mended."""
        ...


_MARKS = re.compile(r"\s*((?:\[\d{1,2}\]\s*)+)([.。!?！？]?)")
_MARK = re.compile(r"\[(\d{1,2})\]")
_NO_ANSWER = "NO ANSWER"


class ProseWriter:
    """Writes prose with a model. A sentence without a mark of a passage it was given cites nothing, so no check passes it."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    async def write(self, question: str, evidence: Sequence[Evidence]) -> AsyncIterator[Sentence]:
        buffer, whole, marked = "", Completion(""), False
        async for piece in self._model.stream(self._request(question, evidence)):
            if isinstance(piece, Completion):
                whole = piece
                continue
            buffer += piece
            ready, buffer = _complete(buffer)
            for text, numbers in ready:
                marked = True
                yield _sentence(text, numbers, evidence)
        if whole.citations and not marked:
            for sentence in _provider_cited(whole, evidence):
                yield sentence
            return
        for text, numbers in _rest(buffer):
            yield _sentence(text, numbers, evidence)

    async def mend(self, sentence: Sentence) -> Sentence | None:
        quotes = "\n".join(citation["quote"] for citation in sentence["citations"])
        if not quotes:
            return None
        asked = f"<sentence>\n{sentence['text']}\n</sentence>\n<passage>\n{quotes}\n</passage>"
        messages = [Message("system", prompt("mend")), Message("user", asked)]
        text = (await complete(self._model, Request(messages, purpose="mend", max_tokens=200))).text.strip()
        return None if not text or text.startswith("DROP") else Sentence(text=text, citations=sentence["citations"])

    def _request(self, question: str, evidence: Sequence[Evidence]) -> Request:
        passages = [
            f"[{number}] {' > '.join((item['title'], *item['headings']))}\n{item['text']}"
            for number, item in enumerate(evidence, 1)
        ]
        asked = "<passages>\n" + "\n\n".join(passages) + f"\n</passages>\n\nQuestion: {question}"
        sources = [SourceText(str(number), f"{e['title']}\n{e['text']}") for number, e in enumerate(evidence, 1)]
        messages = [Message("system", prompt("write")), Message("user", asked)]
        return Request(messages, purpose="write", sources=sources, max_tokens=900)


def _complete(buffer: str) -> tuple[list[tuple[str, list[int]]], str]:
    """The sentences that have ended with their marks, and what is left. A mark at the very end may still grow."""
    ready: list[tuple[str, list[int]]] = []
    position = 0
    for match in _MARKS.finditer(buffer):
        if match.end() == len(buffer):
            break
        text = buffer[position : match.start()].strip()
        if text:
            ready.append((text + match[2], [int(number) for number in _MARK.findall(match[1])]))
        position = match.end()
    return ready, buffer[position:]


def _rest(buffer: str) -> list[tuple[str, list[int]]]:
    """What the answer ends with: marked sentences, then perhaps one that cites nothing."""
    ready, left = _complete(buffer + "\n")
    left = left.strip()
    return ready if not left or left.rstrip(".") == _NO_ANSWER else [*ready, (left, [])]


def _sentence(text: str, numbers: Sequence[int], evidence: Sequence[Evidence]) -> Sentence:
    citations = [_best_span(text, evidence[number - 1]) for number in numbers if 0 < number <= len(evidence)]
    return Sentence(text=text, citations=citations)


def _best_span(text: str, evidence: Evidence) -> Citation:
    """The sentence of the passage, or the two in a row, that carry the text best."""
    spans = split_sentences(evidence["text"]) or [(0, len(evidence["text"]))]
    windows = [*spans, *((a, d) for (a, _), (_, d) in pairwise(spans))]
    start, end = max(windows, key=lambda span: (support(text, [evidence["text"][slice(*span)]]), span[0] - span[1]))
    return cite(evidence, start, end)


def _provider_cited(completion: Completion, evidence: Sequence[Evidence]) -> list[Sentence]:
    """A provider's own citations, laid over the sentences of its answer."""
    written: list[Sentence] = []
    for start, end in split_sentences(completion.text):
        numbers = [
            int(source)
            for cited in completion.citations
            if cited.start < end and cited.end > start
            for source in cited.sources
            if source.isdigit()
        ]
        text = _MARK.sub("", completion.text[start:end]).strip()
        written.append(_sentence(text, list(dict.fromkeys(numbers)), evidence))
    return written
