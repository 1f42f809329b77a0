"""Follow-up questions by rule: which ones lean on the talk before them, and what of it goes with them.

A question that can be looked for by itself stays as it is. One leans on the talk where it says too little
(“why?”, “and in winter?”, “那日本呢？”) or where a pronoun has nothing in the question that it could mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.text import content, is_wide, phrases

CARRIED = 12
"""Words that are carried at most."""
TURNS = 4
"""Earlier questions that are looked at, where the last ones lean on those before them."""

_ASKING = re.compile(
    r"@[\w.-]+|\bhow (?:many|much|long|often|far|old|late|early|big)\b|\b(?-i:may|might|must|shall)\b|"
    r"什么时候|为什么|什么|多(?:少[天个人次钱]?|久|长|大|远)|几[点天个号次]?|哪[里儿]?|谁|怎么样?|如何|[吗呢吧啊]",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^\W*(?:(?:and|but|or|so|then|also|plus|et|und|y)\b|那么?|还有|另外|然后|以及)[\s,，]*", re.IGNORECASE
)
_ELLIPTIC = re.compile(
    r"^\W*(?:what|how)\s+(?:about|else)\b|^\W*(?:how come|why not|like what|such as)\W*$|[^?？]{1,12}呢\W*$",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|may|must|should|will|would|"
    r"has|have|had)\b|什么|多[少久长大远]|几|哪|谁|怎|如何|吗",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"^\W*(?:in|on|at|for|with|without|during|by|from|to|after|before|if|while|instead|only|not)\b", re.IGNORECASE
)
_THAT = re.compile(
    r"\bthat(?=\W*$|\s*[,.;?!]|\s+(?:is|was|does|did|will|would|can|could|too|then|in|on|for|at|to|with|mean|work)\b)"
    r"|\b(?:these|those)\b(?!\s+(?:days|who)\b)"
    r"|\bthis\b(?!\s+(?:year|quarter|month|week|morning|afternoon|evening|time|company|team|office|channel)\b)"
    r"|\b(?:that|this|which|other|another)\s+ones?\b"
    r"|(?<!is )(?<!are )(?<!was )(?<!were )(?<!be )(?<!will )\bthere\b(?!['’]s|\s+(?:is|are|was|were|will|be|any|a|an)\b)"
    r"|[这那](?:是|个(?!月|星期|季)|些|样|里|儿|种|件|次)",
    re.IGNORECASE,
)
_VAGUE = re.compile(r"\b(?:else|instead|the same|former|latter|that\s+\w+)\b", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?P<whose>[Ii]ts|[Tt]heir|[Hh]is|[Hh]er)\b|\b(?:[Ii]t|[Tt]hey|[Tt]hem|[Hh]e|[Ss]he|[Hh]im)\b|(?<!其)[他她它]们?(?!人)"
)
_EMPTY_IT = re.compile(r"\bit\s+(?:\w+\s+)*?(?:to|that|if|whether)\s+\w|\bit\s+(?:rains?|snows?)\b", re.IGNORECASE)
_NOUN = re.compile(
    r"\b(?:the|a|an|our|my|your|each|every|any|all|is|are|was|were|do|does|did|can|could|may|should|must|will|of|in|for|with|"
    r"from|at|on|about)\s+(\w+)",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(
    r"[,;，；]|\b(?:and|or|but|if|when|where|who|what|which|why|how|whether|because|while|until|after|before|once|that|to)\b",
    re.IGNORECASE,
)


def leans_back(question: str) -> bool:
    """Whether the question can't be looked for without the talk before it."""
    rest = _LEAD.sub("", question)
    led, says = rest != question, content(_ASKING.sub(" ", rest))
    few = len(says) <= (3 if is_wide(rest) else 1)
    if not says or _ELLIPTIC.search(rest):
        return True
    if not _ASKS.search(rest):
        return led or few or bool(_PREPOSITION.match(rest))
    if (led and few) or _THAT.search(rest) or (_VAGUE.search(rest) and len(says) <= 2):
        return True
    pronoun = _PRONOUN.search(rest)
    return pronoun is not None and not _EMPTY_IT.search(rest) and not _explained(rest, pronoun)


def with_talk(question: str, before: Sequence[str]) -> str:
    """The question and, in brackets, what it is about: the words of the questions before it, the oldest first."""
    carried: list[str] = []
    for earlier in reversed(before[-TURNS:]):
        said = set(content("\n".join([question, *carried])))
        new = [one for one in phrases(_ASKING.sub("\n", earlier)) if not set(content(one)) <= said]
        carried = [*new, *carried]
        if not leans_back(earlier):
            break
    carried = _first_words(carried)
    if not carried:
        return question
    wide = is_wide(question)
    about = "、".join(carried) if wide else ", ".join(carried)
    return f"{question.rstrip()}（{about}）" if wide else f"{question.rstrip()} (about: {about})"


def _explained(rest: str, pronoun: re.Match[str]) -> bool:
    """Whether something before the pronoun, in another clause or as its owner, is what it means."""
    before = rest[: pronoun.start()]
    if is_wide(rest):
        return bool(_BOUNDARY.search(before)) and len(content(before)) >= 2
    nouns = [match for match in _NOUN.finditer(before) if content(match[1])]
    return any(pronoun["whose"] or _BOUNDARY.search(before, match.end()) for match in nouns)


def _first_words(found: Sequence[str]) -> list[str]:
    """The phrases as far as they are few words."""
    kept: list[str] = []
    for one in found:
        if len(content(" ".join([*kept, one]))) > CARRIED:
            break
        kept.append(one)
    return kept
