"""What shows, with no model, that a sentence says something else than its source, though it uses the same words.

`contradicts` is sure: another number, another unit, a lost or an added negation. `doubtful` is not: a word's opposite,
another month, weekday or number word, two names in each other's place; somebody should look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, auto
from functools import lru_cache
from itertools import pairwise

from agent.quantities import named, numbers, units
from agent.text import content, words

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without)\b|n['’]t\b|[不没非未无勿]", re.IGNORECASE
)
_NO_NEGATION = re.compile(
    r"\b(?:not only|no(?:t)? (?:later|earlier|more|less|fewer) than)\b|不仅|不但|不过|不同|不断|不久|不超过|不少于|不得不|"
    r"差不多|非常|除非|无论|未来",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[.,:](?!\d)|[;!?()\n，；：。！？、（）]|\b(?:and|but|or|while|whereas|although|though|however|if|because)\b|"
    r"但是?|并且|而且|如果|因为",
    re.IGNORECASE,
)
_OPPOSITES = """
allow:forbid allow:forbidden allow:prohibit allow:ban allow:refuse permit:forbid permit:forbidden permit:prohibit
accept:reject accept:refuse approve:reject before:after earlier:later early:late more:less more:fewer most:least
maximum:minimum max:min above:below over:under higher:lower longer:shorter larger:smaller increase:decrease
rise:fall open:close start:end begin:end first:last include:exclude mandatory:optional required:optional
required:forbidden enable:disable buy:sell bought:sold win:lose won:lost import:export internal:external true:false
success:failure left:right north:south east:west always:sometimes
允许:禁止 可以:禁止 必须:可选 之前:之后 以前:以后 以上:以下 大于:小于 高于:低于 多于:少于 最多:最少 最多:至少 最大:最小
最高:最低 增加:减少 上升:下降 开门:关门 开始:结束 包括:除外 买:卖
"""
_PREFIX = re.compile(r"(?:un|in|im|il|ir|dis|non)(.{4,})")
CLOSE = 0.6
"""The share of a clause's words from which on another clause is taken to speak of the same thing."""
MOST_SAID, MOST_CITED = 30, 200
"""Clauses of a sentence, and of what it cites, that are held against each other: a list of thousands would take minutes."""


def contradicts(sentence: str, cited: str) -> bool:
    """Whether the sentence surely says something else than what it cites."""
    there = numbers(cited)
    if not numbers(sentence, words_too=False) <= there:
        return True
    measured = units(cited)
    if any(measured.get(number) and not unit & measured[number] for number, unit in units(sentence).items()):
        return True
    return _negated(sentence) != _negated(cited) and Turn.NEGATED in _turns(sentence, cited)


def doubtful(sentence: str, cited: str) -> bool:
    """Whether the sentence may well say something else than what it cites."""
    there = numbers(cited)
    if there and not numbers(sentence) <= there:
        return True
    if any(found and not said <= found for said, found in zip(named(sentence), named(cited), strict=True)):
        return True
    turns = _turns(sentence, cited)
    lost = Turn.UNKNOWN in turns and _negated(sentence) != _negated(cited)
    return lost or Turn.OPPOSITE in turns or _swapped(sentence, cited)


class Turn(Enum):
    """How a clause turns what another says."""

    UNKNOWN = auto()
    NOT = auto()
    NEGATED = auto()
    OPPOSITE = auto()


def _turns(sentence: str, cited: str) -> set[Turn]:
    """How the sentence's clauses turn those of the source that are nearest; where several are, the kindest reading."""
    found = set()
    sources = _clauses(cited)[:MOST_CITED]
    for clause in _clauses(sentence)[:MOST_SAID]:
        near = [(_nearness(clause, source), _turn(clause, source)) for source in sources]
        best = max((share for share, _ in near), default=0.0)
        turns = {turn for share, turn in near if share == best}
        found |= {Turn.UNKNOWN} if best < CLOSE else {Turn.NOT} if Turn.NOT in turns else turns
    return found


def _nearness(clause: str, source: str) -> float:
    """The share of the clause's words that the source has, or the opposite of which it has."""
    says, holds = _content(clause), frozenset(_content(source))
    return min(1.0, (sum(word in holds for word in says) + _opposites(clause, source)) / len(says))


@lru_cache(maxsize=4_096)
def _content(clause: str) -> tuple[str, ...]:
    return tuple(content(clause))


def _turn(clause: str, source: str) -> Turn:
    opposites = _opposites(clause, source)
    turned = (_negated(clause) != _negated(source)) ^ (opposites % 2 == 1)
    if not turned:
        return Turn.NOT
    return Turn.OPPOSITE if opposites else Turn.NEGATED


def _clauses(text: str) -> list[str]:
    return [clause for clause in dict.fromkeys(map(str.strip, _CLAUSE.split(text))) if content(clause)]


@lru_cache(maxsize=4_096)
def _negated(text: str) -> bool:
    return bool(_NEGATION.search(_NO_NEGATION.sub(" ", text)))


def _opposites(one: str, other: str) -> int:
    """How many words of the one have their opposite, and not themselves, in the other."""
    mine, theirs = _forms(one), _forms(other)
    only_mine, only_theirs = mine - theirs, theirs - mine
    known = sum(opposite in only_theirs for word in only_mine for opposite in _OPPOSITE.get(word, ()))
    return known + bool(_bare(only_mine) & only_theirs or _bare(only_theirs) & only_mine)


@lru_cache(maxsize=4_096)
def _forms(text: str) -> frozenset[str]:
    """The words and their stems; of Chinese, all pairs of neighbours and single characters."""
    plain = words(text)
    wide = ["".join(pair) for pair in pairwise(plain) if not pair[0].isascii()]
    return frozenset([*plain, *content(text), *wide])


def _bare(forms: Iterable[str]) -> set[str]:
    return {bare for form in forms if (bare := _without_prefix(form))}


@lru_cache(maxsize=100_000)
def _without_prefix(form: str) -> str:
    match = _PREFIX.fullmatch(form)
    return match[1] if match else ""


def _swapped(sentence: str, cited: str) -> bool:
    """Whether three neighbouring words stand the other way round: “Mei pays Ann” for “Ann pays Mei”."""
    if ("by" in words(sentence)) != ("by" in words(cited)):
        return False
    said, found = _triples(sentence), _triples(cited)
    return any(triple[::-1] in found and triple not in found for triple in said)


def _triples(text: str) -> set[tuple[str, ...]]:
    says = content(text)
    triples = (tuple(says[start : start + 3]) for start in range(len(says) - 2))
    return {triple for triple in triples if triple[0] != triple[2] and not any(word.isdigit() for word in triple)}


def _opposite() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for left, _, right in (pair.partition(":") for pair in _OPPOSITES.split()):
        found.setdefault(_one(left), []).append(_one(right))
        found.setdefault(_one(right), []).append(_one(left))
    return found


def _one(word: str) -> str:
    stems = content(word)
    return stems[0] if word.isascii() and stems else word


_OPPOSITE = _opposite()
