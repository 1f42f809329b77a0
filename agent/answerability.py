"""Whether what was found answers the question at all, with no model: a score and the threshold it is held against."""

from __future__ import annotations

from collections.abc import Sequence

from agent.evidence import Evidence
from agent.text import content


def threshold() -> float:
    """The score from which on a question is answered; below it the assistant says that it does not know."""
    return 0.5


def answerability(question: str, evidence: Sequence[Evidence]) -> float:
    """How likely, 0 to 1, the passages hold an answer: the share of the question's words they cover, and their nearness."""
    asked = set(content(question))
    if not evidence or not asked:
        return 0.0
    coverage = max(
        len(asked & set(content(f"{e['title']} {' '.join(e['headings'])} {e['text']}"))) for e in evidence[:5]
    )
    share = coverage / len(asked)
    near = max((e["similarity"] or 0.0 for e in evidence[:5]), default=0.0)
    return min(1.0, max(0.0, 0.65 * share + 0.35 * min(1.0, max(0.0, (near - 0.78) / 0.10))))
