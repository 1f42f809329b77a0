"""How an answer was found, a line a step, in words for whoever asks.

No line repeats a sentence that the check left out: what no source supports is not shown anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent import hops
from agent.evidence import Citation, Evidence
from agent.packing import alike
from agent.state import State
from agent.text import counted, joined
from retrieval.search import Found

_WAYS = {
    "text": "its words",
    "meaning": "its meaning",
    "title": "its name, which the question mentions",
    "link": "what an earlier passage mentions or links to",
    "file": "being attached to the question",
}


def understood(question: str, whole: str) -> list[str]:
    """What is answered, where that is not what was written."""
    return [f"Understood, with the talk before it: “{whole}”"] if whole != question else []


def split(queries: Sequence[str], then: Sequence[str]) -> list[str]:
    """The sub-questions, where there are several."""
    if len(queries) + len(then) < 2:
        return []
    later = f", then with what that finds {_quoted(map(hops.blank, then))}" if then else ""
    return [f"Split it into {_quoted(queries)}{later}"]


def searched(query: str, found: Found) -> list[str]:
    """One search: what it was held to, what it gave, what was wider or plainer than usual."""
    held = f", {found.held}" if found.held else ""
    return [f"Searched for “{query}”{held}: {counted(len(found.hits), 'passage')}", *found.notes]


def bridged(question: str, answer: str) -> str:
    """What the next search takes for the answer to a sub-question."""
    return f"Took “{answer}” for the answer to “{question}”" if answer else f"Found no answer yet to “{question}”"


def judged(*, enough: bool, again: bool) -> str:
    """Why another search was made, or none."""
    if enough:
        return "Found that enough to answer from"
    return f"Found that too thin to answer from, {'so searched for more' if again else 'and stopped searching'}"


def read(given: Sequence[Evidence], found: Sequence[Evidence]) -> list[str]:
    """What was read for the answer of what was found."""
    if not found:
        return []
    of = f"{len(given)} of the {len(found)} passages" if len(given) < len(found) else counted(len(found), "passage")
    return [f"Read {of}, from {counted(len({item['document'] for item in given}), 'document')}"]


def checked(*, dropped: int, reworded: int) -> list[str]:
    """What became of the sentences that what they cite does not support."""
    lines = [f"Reworded {counted(reworded, 'sentence')} to what the source says"] if reworded else []
    return [*lines, *([f"Left out {counted(dropped, 'sentence')} that no source supports"] if dropped else [])]


def steps(state: State) -> list[str]:
    """The steps so far, what was done, and what led to each document that is cited."""
    done = [f"Ran {call['tool']}" for call in state["calls"] if call["state"] == "done"]
    return [*state.get("steps", []), *done, *_cited(state)]


def _cited(state: State) -> list[str]:
    """The documents that are cited, each with the ways that led to it and the others that say the same."""
    found: dict[str, str] = {}
    for citation in (one for draft in state["drafts"] for one in draft["sentence"]["citations"]):
        passage = next((item for item in state["evidence"] if _holds(item, citation)), None)
        if passage is not None:
            words = f"Found “{citation['title']}” by {_ways(passage)}{_also(passage, state['evidence'])}"
            found.setdefault(citation["document"], words)
    return list(found.values())


def _holds(item: Evidence, citation: Citation) -> bool:
    """Whether a citation, which may go on into the next passage, begins in this one."""
    return item["document"] == citation["document"] and item["start"] <= citation["start"] < item["end"]


def _also(passage: Evidence, evidence: Sequence[Evidence]) -> str:
    others = dict.fromkeys(
        item["title"] for item in evidence if item["document"] != passage["document"] and alike(item) == alike(passage)
    )
    return f"; the same stands in {_quoted(others)}" if others else ""


def _ways(item: Evidence) -> str:
    ways = [_WAYS[way] for way in item["via"].split("+") if way in _WAYS]
    return joined(ways) or "reading it"


def _quoted(texts: Iterable[str]) -> str:
    return joined([f"“{text}”" for text in texts])
