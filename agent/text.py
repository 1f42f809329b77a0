"""Words of a text, in any language: what the rules that need no model compare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set

from retrieval.stemming import stem

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ITEM = re.compile(r"(?:[-*+•]|\d{1,2}[.)])\s+(?=\S)")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_PART = re.compile(rf"{_CJK.pattern}|(?:(?!{_CJK.pattern}).)+")
_STOPWORDS = """
a about after all also am an and any are as at be because been before being between both but by can could did do
does doing don't during each few for from further get give had has have having he her here hers him his how i
i'm if in into is it it's its itself just let let's like make me more most my no nor not of off on once only or
other our out over please same say she should so some such tell than that the their them then there these they
this those through to too under until up upon us use using very want was we were what what's when where which
while who whom whose why will with would you your
的 了 是 在 我 你 他 们 吗 呢 什 么 怎 样 如 何 请 和 与 有 这 那
"""
STOPWORDS = frozenset(_STOPWORDS.split())


def words(text: str) -> list[str]:
    """Lower-cased words; Chinese, Japanese and Korean characters count one by one."""
    found: list[str] = []
    for match in _WORD.finditer(text.lower()):
        word = match.group().replace("’", "'")
        found.extend(_PART.findall(word))
    return found


def content(text: str) -> list[str]:
    """The stems that carry meaning, in order, stop words left out."""
    return [stem(word) for word in words(text) if word not in STOPWORDS]


def held(asked: Set[str], texts: Iterable[str]) -> Iterator[Set[str]]:
    """Which of these stems are in the `content` of each text; of many long ones that is told a good deal sooner."""
    known: dict[str, Set[str]] = {}
    for text in texts:
        found = set[str]()
        for word in set(_WORD.findall(text.lower())):
            if word not in known:
                known[word] = asked & set(content(word))
            found |= known[word]
        yield found


def laid_out(text: str) -> str:
    """The text as it reads: its lines joined, the items of a list on lines of their own; of one item alone the words."""
    lines: list[str] = []
    for line in filter(None, (" ".join(one.split()) for one in text.splitlines())):
        if lines and not _ITEM.match(line):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return "\n".join(lines) if len(lines) > 1 else "".join(line for _, line in items("".join(lines)))


def items(text: str) -> list[tuple[str, str]]:
    """The lines of what is `laid_out`: a list mark, empty where it has none, and the words behind it."""
    found = [(_ITEM.match(line), line) for line in text.splitlines()]
    return [(mark[0].strip(), line[mark.end() :]) if mark else ("", line) for mark, line in found]


def is_wide(text: str) -> bool:
    """Whether it is written, at least in part, in Chinese, Japanese or Korean."""
    return bool(_CJK.search(text))


def phrases(text: str) -> list[str]:
    """The words that carry meaning as they stand in the text; neighbours stay together."""
    spans: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        for part in _PART.finditer(match.group()):
            if part.group().lower().replace("’", "'") in STOPWORDS:
                continue
            start, end = match.start() + part.start(), match.start() + part.end()
            if spans and not text[spans[-1][1] : start].strip(" -"):
                start = spans.pop()[0]
            spans.append((start, end))
    return [text[start:end] for start, end in spans]


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 document, 2,000 documents."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def joined(parts: Sequence[str]) -> str:
    """Several things in a sentence: A, B and C."""
    return " and ".join((", ".join(parts[:-1]), parts[-1]) if len(parts) > 1 else parts)
