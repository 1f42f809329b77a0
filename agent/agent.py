"""What the graph's nodes work with: search, tools, the ledger, writers and deciders, for the run at hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent import commands, decisions
from agent.answerability import comparable
from agent.approvals import Approval, Deciders
from agent.approvals import State as ApprovalState
from agent.decision_log import DecisionLog
from agent.decisions import Decider, prompt
from agent.errors import ModelUnavailable, NotPending, ToolCutOff, ToolFailed
from agent.evidence import Evidence, from_hit
from agent.ledger import Ledger
from agent.models import ChatModel, Message, Request, ToolCall, complete
from agent.quoting import QuotingWriter
from agent.reading import fitting
from agent.state import Answer, Call, Draft, State, attached_names
from agent.tools import Effect, ToolContext
from agent.tools.registry import Toolbox
from agent.writing import ProseWriter, Writer
from retrieval.documents import Audience
from retrieval.embedders import Embedder
from retrieval.filters import Understood, understood
from retrieval.narrowing import search_where
from retrieval.search import Found, Searcher

MAX_READ = 6_000
"""Characters of what a tool read that the model is told."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings of one run: passages a search, passages kept, tool calls, tokens that the model takes in at once."""

    passages: int = 10
    evidence: int = 12
    steps: int = 8
    window: int = 8_192


class Agent:
    """``model_for`` gives the metered model of a run, or None where there is none."""

    def __init__(
        self,
        searcher: Searcher,
        embedder: Embedder | None,
        toolbox: Toolbox,
        ledger: Ledger,
        log: DecisionLog,
        model_for: Callable[[State], ChatModel | None],
        deciders: Deciders,
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        self.limits = limits
        self._searcher = searcher
        self._toolbox = toolbox
        self._ledger = ledger
        self._log = log
        self._model_for = model_for
        self._deciders = deciders
        self._clock = clock
        self._comparable = comparable(embedder)
        self._embedder = embedder
        self._quoting = QuotingWriter(embedder)

    def decider(self, state: State) -> Decider:
        return Decider(state["run"], self._log, self._model_for(state), list(state.get("notes", [])))

    def writers(self, state: State) -> list[Writer]:
        """Who may write the answer, the plainer one last."""
        model = self._model_for(state)
        return [self._quoting] if model is None else [ProseWriter(model, self.limits.window), self._quoting]

    async def quoted(self, state: State) -> list[Draft]:
        """The plainer answer: quotes, which need no check."""
        written = self._quoting.write(state["standalone"], state["evidence"])
        return [Draft(sentence=sentence, supported=True) async for sentence in written]

    async def told(self, state: State) -> Understood:
        """Where the question says to look, and of when."""
        return await asyncio.to_thread(understood, state.get("whole", state["standalone"]), self._clock())

    async def search(self, query: str, state: State, told: Understood) -> tuple[list[Evidence], Found]:
        """Evidence that everyone in the run's place may see, and what the search says of itself."""
        audience = Audience(frozenset(state["audience"]))
        found = await search_where(self._searcher, query, audience, self.limits.passages, told)
        return [from_hit(hit, comparable=self._comparable) for hit in found.hits], found

    async def next_call(self, state: State, decider: Decider) -> Call | None:
        """The next tool call, proposed on the ledger if it writes; None when there is nothing left to do."""
        calls = state["calls"]
        if len(calls) >= self.limits.steps:
            decider.notes.append(f"I stopped after {self.limits.steps} steps, which is as many as one answer may take.")
            return None
        number = f"{state['run']}:{len(calls)}"
        if known := await self._ledger.proposed(state["run"], number):
            return _pending(number, known.tool, known.arguments, known.id)
        wanted = await self._wanted(state, decider)
        return None if wanted is None else await self._propose(number, wanted, state)

    async def _propose(self, number: str, wanted: ToolCall, state: State) -> Call:
        call = _pending(number, wanted.name, wanted.arguments)
        try:
            tool = self._toolbox.get(wanted.name)
            self._toolbox.validate(wanted.name, wanted.arguments)
        except ToolFailed as error:
            return Call(**{**call, "outcome": str(error), "state": "failed"})
        if tool.effect is Effect.READ:
            return call
        try:
            arguments = await self._toolbox.prepare(wanted.name, wanted.arguments, self._context(state, call))
        except ToolFailed as error:
            return Call(**{**call, "outcome": str(error), "state": "refused"})
        approval = await self._ledger.propose(
            run=state["run"],
            call=number,
            tool=tool.name,
            arguments=arguments.model_dump(mode="json"),
            summary=tool.summary(arguments),
            place=state["place"],
            asker=state["person"],
            asker_name=state["person_name"],
            deciders=self._deciders,
        )
        return _pending(number, approval.tool, approval.arguments, approval.id)

    async def execute(self, state: State) -> tuple[Call, list[Evidence]]:
        """Run the last call: at once if it reads, only with its approval if it writes."""
        call = state["calls"][-1]
        if call["approval"]:
            return await self._execute_approved(call, state), []
        try:
            result = await self._toolbox.run(call["tool"], call["arguments"], self._context(state, call))
        except ToolFailed as error:
            return Call(**{**call, "outcome": str(error), "state": "failed"}), []
        hits = await fitting(state["standalone"], result.hits, self._embedder, self.limits.passages)
        evidence = [from_hit(hit, comparable=self._comparable) for hit in hits]
        read = "\n\n".join(f"{item['title']}: {item['text']}" for item in evidence)[:MAX_READ]
        return Call(**{**call, "outcome": result.text, "found": read, "state": "done"}), evidence

    async def _execute_approved(self, call: Call, state: State) -> Call:
        """Do what was approved, once. The ledger, not the checkpoint, says what to do and whether it was done."""
        row = await self._ledger.get(call["approval"])
        if row is None:
            raise NotPending("What was approved is gone from the ledger, so it was not done.")
        call = Call(**{**call, "arguments": row.arguments})
        if await self._ledger.begin(row.id, row.arguments):
            row = await self._do(row, self._context(state, call))
        else:
            row = await self._ledger.get(row.id) or row
        return _settled(call, row)

    async def _do(self, row: Approval, context: ToolContext) -> Approval:
        """Run what was taken up, and say on the ledger how it ended; unknown where it was stopped, whyever."""
        try:
            result = await self._toolbox.run(row.tool, row.arguments, context)
        except ToolCutOff:
            return await self._ledger.cut(row.id)
        except ToolFailed as error:
            return await self._ledger.fail(row.id, str(error))
        except BaseException:
            await asyncio.shield(self._ledger.cut(row.id))
            raise
        return await self._ledger.finish(row.id, result.text)

    def _context(self, state: State, call: Call) -> ToolContext:
        found = (address for item in state["evidence"] for address in (item["uri"], *commands.urls(item["text"])))
        return ToolContext(
            run=state["run"],
            key=call["id"],
            person=state["person"],
            person_name=state["person_name"],
            place=state["place"],
            audience=Audience(frozenset(state["audience"])),
            addresses=frozenset((*commands.urls(state["question"]), *found)),
            files=tuple(state.get("files", [])),
        )

    async def mend(self, draft: Draft, state: State, decider: Decider) -> Draft | None:
        """The sentence mended once and found supported, or None: it is dropped."""
        writer = self.writers(state)[0]
        try:
            sentence = await writer.mend(draft["sentence"])
        except ModelUnavailable as error:
            decider.notes.append(f"Could not mend a sentence: {error}")
            return None
        if sentence is None or not (await decisions.supported(decider, sentence)).value.supported:
            return None
        return Draft(sentence=sentence, supported=True)

    async def finish(self, state: State, answer: Answer) -> Answer:
        """Settle the run's decisions with what came of them."""
        outcome = {"refused": answer["refused"], "sentences": len(answer["sentences"]), "notes": len(answer["notes"])}
        await self._log.settle(state["run"], outcome)
        return answer

    async def _wanted(self, state: State, decider: Decider) -> ToolCall | None:
        model = decider.model
        if model is not None:
            try:
                completion = await complete(
                    model, Request(self._talk(state), purpose="act", tools=self._toolbox.specs())
                )
            except ModelUnavailable as error:
                decider.notes.append(f"Acted by rule: {error}")
            else:
                return completion.tool_calls[0] if completion.tool_calls else None
        command = commands.parse(state["question"], attached_names(state))
        if command is None or state["calls"]:
            return None
        return ToolCall(id="", name=command.tool, arguments=command.arguments)

    def _talk(self, state: State) -> list[Message]:
        """The messages of the acting loop: what was asked, what was called, what came of it."""
        talk = [Message("system", prompt("act"))]
        before = "\n".join(f"{turn['who']}: {turn['text']}" for turn in state["transcript"][-6:])
        around = {"talk": before, "attached": "\n".join(attached_names(state))}
        told = [f"<{name}>\n{text}\n</{name}>" for name, text in around.items() if text]
        talk.append(Message("user", "\n\n".join([*told, state["question"]])))
        for call in state["calls"]:
            asked = ToolCall(call["id"], call["tool"], call["arguments"])
            talk.append(Message("assistant", "", tool_calls=(asked,)))
            came = f"{call['state']}: {call['outcome']}\n\n{call['found']}".strip()
            talk.append(Message("tool", came, tool_call=call["id"]))
        return talk


def _pending(number: str, tool: str, arguments: Mapping[str, Any], approval: str = "") -> Call:
    return Call(
        id=number, tool=tool, arguments=dict(arguments), approval=approval, outcome="", found="", state="pending"
    )


def _settled(call: Call, row: Approval) -> Call:
    """The call with what became of its approval; still pending where a person is to decide again."""
    who = row.decided_by_name or "Somebody"
    match row.state:
        case ApprovalState.DONE:
            return Call(**{**call, "outcome": row.result or "Done.", "state": "done"})
        case ApprovalState.FAILED:
            return Call(**{**call, "outcome": row.result or "It failed.", "state": "failed"})
        case ApprovalState.REJECTED:
            reason = f": {row.reason}" if row.reason else "."
            return Call(**{**call, "outcome": f"{who} rejected “{row.summary}”{reason}", "state": "rejected"})
        case ApprovalState.EXPIRED:
            words = f"Nobody decided on “{row.summary}” in time, so it was not done."
            return Call(**{**call, "outcome": words, "state": "expired"})
        case ApprovalState.ABANDONED:
            words = f"{who} left “{row.summary}” as it is; it may or may not have happened."
            return Call(**{**call, "outcome": words, "state": "abandoned"})
        case ApprovalState.PROPOSED | ApprovalState.APPROVED | ApprovalState.STARTED | ApprovalState.UNKNOWN:
            return call
