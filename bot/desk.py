"""What happens to a Mention and to a Press, the same on every platform.

Everything here may be called again for the same event after a crash, and then goes on where it was: runs are
checkpointed under an id made from the event, messages are shown under keys, the ledger decides and does once.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from agent.approvals import Approval, Ledger, Verdict
from agent.approvals import State as ApprovalState
from agent.decision_log import DecisionLog
from agent.errors import AgentError, ApprovalError, CeilingReached, ToolFailed
from agent.state import Answer, State, Turn
from agent.tools.registry import Toolbox
from bot.attachments import Attachments
from bot.chat import ASSISTANT, Action, Chat, ChatError, ChatGone, Mention, Person, Place, Press, Reply, Withdrawal
from bot.errors import may_pass, place_of
from bot.records import Records
from bot.rendering import answer_reply, card_reply, partial_reply

HISTORY = 20
LEFT_SECONDS = 600.0
"""How often a run that an approval waits for is taken up again."""
_ADDRESS = re.compile(r"@footnote\b[:,]?\s*", re.IGNORECASE)
Graph = CompiledStateGraph[State, None, State, State]
Resume = Callable[[str, str, str], Awaitable[None]]
log = structlog.get_logger()


class Desk:
    """``chats`` by platform; ``resume(run, place, cause)`` puts a run that waited back into the inbox."""

    def __init__(
        self,
        graph: Graph,
        checkpointer: BaseCheckpointSaver[Any],
        records: Records,
        ledger: Ledger,
        toolbox: Toolbox,
        decisions: DecisionLog,
        chats: Mapping[str, Chat],
        attachments: Attachments,
        resume: Resume,
        clock: Callable[[], float],
        *,
        run_seconds: float,
        max_question_chars: int,
    ) -> None:
        self._graph = graph
        self._checkpointer = checkpointer
        self._records = records
        self._ledger = ledger
        self._toolbox = toolbox
        self._decisions = decisions
        self._chats = chats
        self._attachments = attachments
        self._resume = resume
        self._clock = clock
        self._run_seconds = run_seconds
        self._max_question_chars = max_question_chars
        self._running: dict[str, asyncio.Event] = {}
        self._muted: set[str] = set()
        self._left: set[asyncio.Task[None]] = set()

    async def mention(self, mention: Mention) -> None:
        """Answer a mention, or say why not."""
        if mention.person.is_bot or await self._is_settled(mention):
            return
        run = run_id(mention.event_id)
        problem = self._refuse(mention)
        try:
            await self._hear(mention)
            if problem:
                await self._show(mention.place, run, Reply(problem))
                return
            await self._show_status(mention.place, "Reading")
            known = await self._graph.aget_state(_config(run))
            fresh = None if known.values else await self._fresh(mention, run)
        except ChatGone:
            await self._tell_elsewhere(mention.place, mention.person)
            return
        await self._go(mention.place, run, fresh, mention)

    async def withdraw(self, withdrawal: Withdrawal) -> None:
        """The message of a mention is gone: what stands there unfinished is taken away, and nothing more is said to it."""
        run = run_id(withdrawal.of)
        if await self._records.message(withdrawal.place, run):
            return
        await self._records.withdraw(withdrawal.of, self._clock())
        if withdrawn := self._running.get(run):
            self._muted.add(run)
            withdrawn.set()
            await self._chat(withdrawal.place).retract(withdrawal.place, run)

    async def _is_settled(self, mention: Mention) -> bool:
        """Whether a mention was withdrawn, or is the edited text of one that has its answer."""
        if await self._records.withdrawn(mention.event_id):
            return True
        return bool(mention.replaces and await self._records.message(mention.place, run_id(mention.replaces)))

    async def press(self, press: Press) -> None:
        """Mark an answer, or decide an approval and show on every card of it what became of it."""
        match press.action:
            case Action.HELPFUL | Action.UNHELPFUL:
                reason = str(press.form.get("reason", ""))[:2_000]
                await self._records.mark(press.subject, press.person, press.action.value, reason, self._clock())
                await self._decisions.settle(press.subject, {"mark": press.action.value})
            case Action.APPROVE | Action.EDIT | Action.REJECT | Action.RETRY | Action.ABANDON:
                await self._decide(press)

    async def resume(self, run: str) -> None:
        """Go on with a run whose approval was decided, has expired, or was cut off."""
        known = await self._graph.aget_state(_config(run))
        if not known.values:
            return
        place = Place.parse(known.values["place"])
        waits = [stop for task in known.tasks for stop in task.interrupts]
        await self._go(place, run, Command(resume={stop.id: True for stop in waits}) if waits else None)

    async def expire(self) -> None:
        """Expire what nobody decided in time and go on with its runs, also with those whose approval nobody took up."""
        for approval in await self._ledger.cut_off():
            await self._show_cards(approval)
        for approval in await self._ledger.expire_due():
            await self._show_cards(approval)
            await self._resume(approval.run, approval.place, f"{approval.id}:expired")
        for approval in await self._ledger.left():
            await self._resume(approval.run, approval.place, f"{approval.id}:left:{int(self._clock() // LEFT_SECONDS)}")

    async def forget(self, event_id: str) -> None:
        """Forget the steps of the run that an event started, unless it still waits for somebody."""
        run = run_id(event_id)
        if not (await self._graph.aget_state(_config(run))).next:
            await self._checkpointer.adelete_thread(run)

    async def _hear(self, mention: Mention) -> None:
        """Keep what was said, and before it what people had said in a thread that the assistant was not in."""
        key = _said_key(mention)
        place = replace(mention.place, thread="") if key == mention.place.thread else mention.place
        if place.thread and not await self._records.transcript(place, 1):
            for said in await self._chat(place).history(place, HISTORY):
                if said.at < mention.at:
                    here = replace(place, thread="") if said.key == place.thread else place
                    await self._records.say(here, said.key, said.person, said.text[:20_000], said.at)
        if mention.replaces or await self._records.message(place, key) is None:
            await self._records.say(place, key, mention.person, mention.text[:20_000], mention.at)

    async def answer(self, run: str) -> Answer | None:
        """What a run delivered; None while it waits, or where it ended with a plain line."""
        state = await self._graph.aget_state(_config(run))
        return state.values.get("answer") if not state.next else None

    def _refuse(self, mention: Mention) -> str:
        if not mention.text.strip() and not mention.files:
            return "You mentioned me without a question. Ask me something, or say “help”."
        if len(mention.text) > self._max_question_chars:
            return (
                f"That message has {len(mention.text):,} characters and I read {self._max_question_chars:,} at most. "
                "Send the text as a file and ask about it."
            )
        return ""

    async def _fresh(self, mention: Mention, run: str) -> State:
        attached = await self._attachments.read(self._chat(mention.place), mention)
        earlier = [e for e in await self._records.transcript(mention.place, HISTORY) if e.key != _said_key(mention)]
        turns = [
            Turn(who=entry.author.name, text=_ADDRESS.sub("", entry.text)[:2_000], assistant=entry.kind == "assistant")
            for entry in earlier
            if entry.at <= mention.at and entry.text
        ]
        return State(
            run=run,
            place=mention.place.key,
            channel=mention.place.channel_key,
            audience=sorted(mention.place.audience(outsiders=mention.outsiders).labels),
            person=mention.person.id,
            person_name=mention.person.name,
            question=mention.text.strip() or f"What does {mention.files[0].name} say?",
            transcript=turns,
            attached=attached.evidence,
            notes=attached.notes,
        )

    async def _go(
        self, place: Place, run: str, entry: State | Command[Any] | None, mention: Mention | None = None
    ) -> None:
        """Run the graph until it ends or waits, showing what streams out; whatever breaks, the person is told."""
        self._running[run] = asyncio.Event()
        try:
            async with asyncio.timeout(self._run_seconds):
                await self._unless_withdrawn(run, self._stream(place, run, entry))
            if run not in self._muted:
                await self._show_outcome(place, run)
        except ChatGone:
            await self._tell_elsewhere(place, await self._asker(run) if mention is None else mention.person)
        except CeilingReached as reached:
            await self._show(place, run, Reply(str(reached)))
        except TimeoutError:
            words = f"I stopped after {self._run_seconds:.0f} seconds without an answer. Ask something narrower?"
            await self._show(place, run, Reply(words))
        except AgentError as error:
            await self._show(place, run, Reply(f"I could not finish this: {error}"))
        except Exception as error:
            # The last line of defence: nobody who addressed the assistant is left without a word.
            if may_pass(error):
                raise
            log.error("run broke", run=run, what=place_of(error))
            words = f"Something broke on my side, and it is logged under {run[:8]}. Try again?"
            await self._show(place, run, Reply(words))
        finally:
            self._running.pop(run, None)
            await self._show_status(place, "")

    async def _unless_withdrawn(self, run: str, work: Coroutine[Any, Any, None]) -> None:
        """Wait for the run, or for its mention to be withdrawn: then it ends by itself, unseen.

        It is not cancelled: a call to SQLite that is cut off twice can leave a task that never ends.
        """
        task, stop = asyncio.create_task(work), asyncio.create_task(self._running[run].wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                await task
                return
            self._left.add(task)
            task.add_done_callback(lambda ended: self._forget_left(run, ended))
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            stop.cancel()

    def _forget_left(self, run: str, ended: asyncio.Task[None]) -> None:
        self._left.discard(ended)
        self._muted.discard(run)
        if not ended.cancelled() and (error := ended.exception()):
            log.info("withdrawn run broke", run=run, what=place_of(error))

    async def _asker(self, run: str) -> Person:
        state = (await self._graph.aget_state(_config(run))).values
        return Person(state["person"], state["person_name"])

    async def _tell_elsewhere(self, place: Place, person: Person) -> None:
        """Whoever asked in a place that is closed to the assistant by now is told so directly."""
        log.info("place is gone", place=place.channel_key)
        words = (
            "I can't answer you there: I was removed from that channel, or it is gone. Ask me here, or invite me again."
        )
        with contextlib.suppress(ChatError):
            await self._chat(place).whisper(place, person, words)

    async def _stream(self, place: Place, run: str, entry: State | Command[Any] | None) -> None:
        """Show what streams out. A platform that fails meanwhile ends the showing, never the run in its middle."""
        failed: ChatError | None = None
        async for event in self._graph.astream(entry, _config(run), stream_mode="custom", durability="async"):
            if failed or run in self._muted:
                continue
            try:
                if status := event.get("status"):
                    await self._show_status(place, status)
                if sentences := event.get("sentences"):
                    await self._chat(place).show(place, run, partial_reply(sentences))
            except ChatError as error:
                failed = error
        if isinstance(failed, ChatGone):
            raise failed

    async def _show_outcome(self, place: Place, run: str) -> None:
        for approval in await self._ledger.by_run(run):
            await self._records.pin(approval.id, place, f"{run}:{approval.id[:12]}")
            await self._show_cards(approval)
        state = await self._graph.aget_state(_config(run))
        if not state.next:
            await self._show(place, run, answer_reply(run, state.values["answer"]))
            await self._checkpointer.aprune([run])

    async def _decide(self, press: Press) -> None:
        try:
            approval = await self._ruled(press)
        except (ApprovalError, ToolFailed) as error:
            with contextlib.suppress(ChatError):
                await self._chat(press.place).whisper(press.place, press.person, str(error))
            known = await self._ledger.get(press.subject)
            if known is None:
                return
            await self._show_cards(known)
            if known.state is ApprovalState.EXPIRED:
                await self._resume(known.run, known.place, f"{known.id}:expired")
            return
        await self._show_cards(approval)
        await self._resume(approval.run, approval.place, press.event_id)

    async def _ruled(self, press: Press) -> Approval:
        """The ledger's answer to a press. Raises `ApprovalError`, or `ToolFailed` for an edit that can't be."""
        row = await self._ledger.get(press.subject)
        in_place = row is not None and Place.parse(row.place).channel_key == press.place.channel_key
        reason = str(press.form.get("reason", "")).strip()[:2_000]
        verdict = Verdict(press.event_id, press.person.id, press.person.name, in_place, press.person.is_bot, reason)
        match press.action:
            case Action.EDIT if row is not None:
                tool = self._toolbox.get(row.tool)
                arguments = self._toolbox.validate(row.tool, {**row.arguments, **press.form})
                edited = arguments.model_dump(mode="json")
                return await self._ledger.approve_edited(press.subject, verdict, edited, tool.summary(arguments))
            case Action.REJECT:
                return await self._ledger.reject(press.subject, verdict)
            case Action.RETRY:
                return await self._ledger.retry(press.subject, verdict)
            case Action.ABANDON:
                return await self._ledger.abandon(press.subject, verdict)
            case _:
                return await self._ledger.approve(press.subject, verdict)

    async def _show_cards(self, approval: Approval) -> None:
        reply = card_reply(approval, self._toolbox.find(approval.tool))
        for place, key in await self._records.pinned(approval.id):
            await self._show(place, key, reply)

    async def _show(self, place: Place, key: str, reply: Reply) -> None:
        if key in self._muted:
            return
        await self._records.say(place, key, ASSISTANT, reply.text, self._clock(), reply)
        await self._chat(place).show(place, key, reply)

    async def _show_status(self, place: Place, text: str) -> None:
        await self._chat(place).status(place, text)

    def _chat(self, place: Place) -> Chat:
        return self._chats[place.platform]


def run_id(event_id: str) -> str:
    """The run that answers an event: always the same one."""
    return hashlib.blake2b(event_id.encode(), digest_size=12).hexdigest()


def _said_key(mention: Mention) -> str:
    return mention.message or mention.event_id


def _config(run: str) -> RunnableConfig:
    return {"configurable": {"thread_id": run}}
