"""The whole graph on one page.

    decide -> gather -> (enough? no: gather again) -> write -> check -> deliver
    decide -> act -> (writing tool: approve) -> execute -> act ... -> write

`approve` holds nothing but the interrupt, so that a resumed run never repeats an effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import aclosing
from functools import wraps
from itertools import chain
from typing import Any, Literal, Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import interrupt

from agent import commands, decisions, explaining, hops
from agent.agent import Agent
from agent.errors import ModelUnavailable
from agent.evidence import Sentence, merge
from agent.gathering import ROUNDS, following
from agent.models.metering import Scope
from agent.models.retrieval_meter import charged_to
from agent.state import Answer, Draft, State, attached_names
from retrieval.filters import without_place

GREETING = (
    "Hello! Mention me with a question and I answer from what this team has indexed, with a footnote behind every "
    "claim, or say that I don't know. I can also remember a note (“remember that …”), keep a file you attach (“keep this "
    "file”), post for you (“post … in #channel”), read a page you link and run a calculation. Whatever changes something "
    "waits for your approval."
)

WELCOME = "You're welcome."
NOT_SUPPORTED = "No source supports what was written, so it was left out; what there is, is quoted."
NOTHING_READ = "Nothing in what I read answers that."


def build_graph(agent: Agent, checkpointer: BaseCheckpointSaver[Any]) -> CompiledStateGraph[State, None, State, State]:
    """The compiled graph; a run's id is its thread id."""
    graph = StateGraph(State)
    nodes = Nodes(agent)
    for node in (nodes.decide, nodes.gather, nodes.act, nodes.approve, nodes.execute):
        graph.add_node(node.__name__, charged(node))
    for node in (nodes.write, nodes.check, nodes.deliver):
        graph.add_node(node.__name__, charged(node))
    graph.add_edge(START, "decide")
    graph.add_conditional_edges("decide", after_decide)
    graph.add_conditional_edges("gather", after_gather)
    graph.add_conditional_edges("act", after_act)
    graph.add_edge("approve", "execute")
    graph.add_conditional_edges("execute", after_execute)
    graph.add_edge("write", "check")
    graph.add_edge("check", "deliver")
    graph.add_edge("deliver", END)
    return graph.compile(checkpointer=checkpointer)


class Node(Protocol):
    """From the state to what changes in it."""

    def __call__(self, state: State) -> Awaitable[State]: ...


def charged(node: Node) -> Node:
    """The node, with what it embeds and reranks on its run's bill."""

    @wraps(node)
    async def run(state: State) -> State:
        with charged_to(Scope(state["run"], state["person"], state["channel"])):
            return await node(state)

    return run


def after_decide(state: State) -> Literal["gather", "act", "deliver"]:
    match state["route"]:
        case "act":
            return "act"
        case "greet":
            return "deliver"
        case _:
            return "gather"


def after_gather(state: State) -> Literal["gather", "write"]:
    again = not state["enough"] and state["rounds"] < ROUNDS and state["queries"]
    return "gather" if again else "write"


def after_act(state: State) -> Literal["act", "approve", "execute", "gather", "write", "deliver"]:
    calls = state["calls"]
    if state["acting"]:
        if calls[-1]["state"] != "pending":
            return "act"
        return "approve" if calls[-1]["approval"] else "execute"
    if all(call["state"] == "failed" and call["approval"] == "" for call in calls):
        return "gather"
    return "write" if state["evidence"] else "deliver"


def after_execute(state: State) -> Literal["approve", "act"]:
    """A call that may or may not have run waits for a person again."""
    return "approve" if state["calls"][-1]["state"] == "pending" else "act"


class Nodes:
    """The nodes: each from the state to what changes in it."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    async def decide(self, state: State) -> State:
        _status("Thinking")
        async with self._agent.decider(state) as decider:
            whole = await decisions.standalone(decider, state["question"], state["transcript"])
            route = await decisions.route(decider, state["question"], attached_names(state))
            question = without_place(whole.value.question)
            found: State = {
                "whole": whole.value.question,
                "standalone": question,
                "route": route.value.route,
                "queries": [],
                "plan": [],
                "steps": explaining.understood(state["question"], whole.value.question),
            }
            if route.value.route == "answer":
                split = (await decisions.split(decider, question)).value
                found["queries"], found["plan"] = split.queries, hops.plan(split.queries, split.then)
                found["steps"] += explaining.split(split.queries, split.then)
        return {**found, "notes": decider.notes, "searched": [], "rounds": 0, "evidence": [], "calls": [], "drafts": []}

    async def gather(self, state: State) -> State:
        queries = [query for query in state["queries"] if query not in state["searched"]] or [state["standalone"]]
        _status(f"Searching for “{_short(queries[0])}”" + (f" and {len(queries) - 1} more" if queries[1:] else ""))
        told = await self._agent.told(state)
        found = await asyncio.gather(*(self._agent.search(query, state, told) for query in queries))
        read = [*state.get("attached", []), *(item for items, _ in found for item in items)]
        evidence = merge(state["evidence"], read)
        searched = [*state["searched"], *queries]
        async with self._agent.decider(state) as decider:
            after = await following(decider, state, evidence, searched)
        made = [explaining.searched(query, one) for query, (_, one) in zip(queries, found, strict=True)]
        return {
            "evidence": evidence[: self._agent.limits.evidence],
            "searched": searched,
            "enough": after.enough,
            "queries": after.queries,
            "plan": after.plan,
            "rounds": state["rounds"] + 1,
            "notes": _add(decider.notes, *(note for _, one in found for note in one.notes)),
            "steps": _add(_steps(state), *chain(*made), *after.steps),
        }

    async def act(self, state: State) -> State:
        async with self._agent.decider(state) as decider:
            call = await self._agent.next_call(state, decider)
        calls = state["calls"] if call is None else [*state["calls"], call]
        return {"calls": calls, "acting": call is not None, "queries": [state["standalone"]], "notes": decider.notes}

    async def approve(self, state: State) -> State:
        interrupt({"approval": state["calls"][-1]["approval"]})
        return {}

    async def execute(self, state: State) -> State:
        last = state["calls"][-1]
        _status("Going on" if last["approval"] else f"Running {last['tool']}")
        call, evidence = await self._agent.execute(state)
        return {"calls": [*state["calls"][:-1], call], "evidence": merge(state["evidence"], evidence)}

    async def write(self, state: State) -> State:
        _status("Writing")
        drafts: list[Draft] = []
        async with self._agent.decider(state) as decider:
            for writer in self._agent.writers(state):
                drafts = []
                read = explaining.read(writer.reads(state["standalone"], state["evidence"]), state["evidence"])
                try:
                    async with aclosing(writer.write(state["standalone"], state["evidence"])) as written:
                        async for sentence in written:
                            verdict = await decisions.supported(decider, sentence)
                            drafts.append(Draft(sentence=sentence, supported=verdict.value.supported))
                            _show([draft["sentence"] for draft in drafts if draft["supported"]])
                except ModelUnavailable as error:
                    decider.notes = _add(decider.notes, f"Quoted instead of written: {error}")
                    _show([])
                    continue
                break
        return {"drafts": drafts, "notes": decider.notes, "steps": [*_steps(state), *read]}

    async def check(self, state: State) -> State:
        kept: list[Draft] = []
        async with self._agent.decider(state) as decider:
            for draft in state["drafts"]:
                mended = draft if draft["supported"] else await self._agent.mend(draft, state, decider)
                if mended is not None:
                    kept.append(mended)
        dropped = len(state["drafts"]) - len(kept)
        reworded = sum(draft not in state["drafts"] for draft in kept)
        steps = [*_steps(state), *explaining.checked(dropped=dropped, reworded=reworded)]
        if dropped and not kept:
            kept = await self._agent.quoted(state)
            return {"drafts": kept, "notes": _add(decider.notes, NOT_SUPPORTED), "steps": steps}
        note = f"Left out {dropped} sentence{'s' * (dropped > 1)} that no source supports." if dropped else ""
        return {"drafts": kept, "notes": _add(decider.notes, note), "steps": steps}

    async def deliver(self, state: State) -> State:
        sentences = [draft["sentence"] for draft in state["drafts"]]
        done = [call for call in state["calls"] if call["state"] != "pending"]
        text = _words(state, read_in_vain=not sentences and any(call["found"] for call in done))
        answer = Answer(
            text=text,
            sentences=sentences,
            refused=not (sentences or done or text),
            searched=state["searched"],
            notes=state["notes"],
            actions=done,
            steps=explaining.steps(state),
        )
        return {"answer": await self._agent.finish(state, answer)}


def _words(state: State, *, read_in_vain: bool) -> str:
    """What is said beside quotes and actions, if anything."""
    if state["route"] == "greet":
        welcome = WELCOME if commands.is_thanks(state["question"]) else GREETING
        return commands.asks_back(state["question"]) or welcome
    return NOTHING_READ if read_in_vain else ""


def _status(text: str) -> None:
    get_stream_writer()({"status": text})


def _show(sentences: list[Sentence]) -> None:
    get_stream_writer()({"sentences": sentences})


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59].rstrip() + "…"


def _steps(state: State) -> list[str]:
    """The steps so far; a run that an earlier version began has none."""
    return state.get("steps", [])


def _add(notes: list[str], *more: str) -> list[str]:
    return list(dict.fromkeys((*notes, *(note for note in more if note))))
