"""How an answer was found, a line a step, in words for whoever asks."""

from __future__ import annotations

from agent.evidence import Citation, Evidence
from agent.state import State

_WAYS = {
    "text": "its words",
    "meaning": "its meaning",
    "title": "its name, which the question mentions",
    "link": "what an earlier passage mentions or links to",
    "file": "being attached to the question",
}


def steps(state: State) -> list[str]:
    """What was understood, what was searched for, what led to each document that is cited, what was done."""
    lines = []
    whole = state.get("whole", state["standalone"])  # an earlier version kept none
    if whole != state["question"]:
        lines.append(f"Understood, with the talk before it: “{whole}”")
    held = f", {state['held']}" if state.get("held") else ""
    lines += [f"Searched for “{query}”{held}" for query in state["searched"]]
    lines += [f"Ran {call['tool']}" for call in state["calls"] if call["state"] == "done"]
    return [*lines, *_cited(state)]


def _cited(state: State) -> list[str]:
    """The documents that are cited, each with the ways that led to it."""
    found: dict[str, str] = {}
    for citation in (one for draft in state["drafts"] for one in draft["sentence"]["citations"]):
        passage = next((item for item in state["evidence"] if _holds(item, citation)), None)
        if passage is not None:
            found.setdefault(citation["document"], f"Found “{citation['title']}” by {_ways(passage)}")
    return list(found.values())


def _holds(item: Evidence, citation: Citation) -> bool:
    within = item["start"] <= citation["start"] and citation["end"] <= item["end"]
    return within and item["document"] == citation["document"]


def _ways(item: Evidence) -> str:
    ways = [_WAYS[way] for way in item["via"].split("+") if way in _WAYS]
    return " and ".join((", ".join(ways[:-1]), ways[-1]) if len(ways) > 1 else ways) or "reading it"
