"""The questions in a message, by rule: “When does it open? And who pays?”, a list of questions, two joined by “and”."""

from __future__ import annotations

import re

from agent.follow_ups import leans_back
from agent.text import content
from retrieval.sentences import sentences

_SPOKEN = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|‘[^’\n]*’|「[^」\n]*」|《[^》\n]*》|\([^()\n]*\)|（[^（）\n]*）")
_JOINT = re.compile(
    r"(?<=[?？])(?=[^\s?？])|,?\s+(?:and|;)\s+(?=(?:what|who|when|where|why|how|which|is|are|does|do|did|can|may|must|should)\b)",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^(?:[-*+•]|\d{1,2}[.)、]|\(\d{1,2}\))\s*(?:and\s+)?", re.IGNORECASE)


def questions(message: str) -> list[str]:
    """The questions of the message that can be looked for by themselves; what stands in quotes or brackets is left whole."""
    masked = _SPOKEN.sub(lambda match: " " * len(match.group()), message)
    asked: list[str] = []
    items: list[str] = []
    for start, end in sentences(masked):
        edges = [start, *(edge for joint in _JOINT.finditer(masked, start, end) for edge in joint.span()), end]
        parts = [message[a:b].strip() for a, b in zip(edges[::2], edges[1::2], strict=True)]
        if message[start:end].endswith(("?", "？")):
            asked += [_ITEM.sub("", part) for part in parts]
        elif _ITEM.match(message[start:end]):
            items.append(_ITEM.sub("", message[start:end]))
    return [one for one in asked or items if content(one) and not leans_back(one)]
