"""What happens to a Mention and to a Press, the same on every platform.

Everything here may be called again for the same event after a crash, and then goes on where it was: runs are
checkpointed under an id made from the event, messages are shown under keys, the ledger decides and does once.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from agent.decision_log import DecisionLog
from agent.errors import place_of
from agent.ledger import Ledger
from agent.state import Answer, State
from agent.tools.registry import Toolbox
from bot.attachments import Attachments
from bot.audiences import Audiences
from bot.cards import Cards, Resume
from bot.chat import (
    Action,
    Chat,
    ChatError,
    ChatGone,
    Mention,
    Person,
    Place,
    Press,
    Reply,
    Withdrawal,
)
from bot.chats import Chats
from bot.errors import broken_off
from bot.hearing import Hearing
from bot.poster import post, tell
from bot.private import PrivateAnswers
from bot.records import Records
from bot.rendering import answer_reply, partial_reply, steps_reply
from retrieval.documents import Audience

LEFT_SECONDS = 600.0
"""How often a run that an approval waits for is taken up again."""
Graph = CompiledStateGraph[State, None, State, State]
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
        chats: Chats,
        attachments: Attachments,
        audiences: Audiences,
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
        self._decisions = decisions
        self._chats = chats
        self._resume = resume
        self._clock = clock
        self._run_seconds = run_seconds
        self._audiences = audiences
        self._hearing = Hearing(records, chats, attachments, audiences, max_question_chars)
        self._private = PrivateAnswers(graph, checkpointer, records, ledger, chats, audiences, run_seconds)
        self._cards = Cards(records, ledger, toolbox, chats, self._show, resume)
        self._running: dict[str, asyncio.Event] = {}
        self._muted: set[str] = set()
        self._left: dict[str, asyncio.Task[None]] = {}

    async def mention(self, mention: Mention) -> None:
        """Answer a mention, or say why not."""
        if mention.person.is_bot:
            return
        run = run_id(mention.event_id)
        with self._begun(run):
            if await self._take_up(mention):
                await self._answer(mention, run)
            else:  # what a crash left of an answer that is not wanted any more
                await self._chat(mention.place).status(mention.place, "")
                await self._drop(mention.place, run)

    async def _answer(self, mention: Mention, run: str) -> None:
        problem = self._hearing.problem(mention)
        try:
            await self._hearing.hear(mention)
            if problem:
                await self._show(mention.place, run, Reply(problem))
                return
            await self._chat(mention.place).status(mention.place, "Reading")
            known = (await self._graph.aget_state(_config(run))).values
            fresh = None if known else await self._hearing.state(mention, run)
        except ChatGone:
            await self._tell_elsewhere(mention.place, mention.person)
            return
        await self._go(mention.place, run, fresh, mention)

    async def withdraw(self, withdrawal: Withdrawal) -> None:
        """The message of a mention is gone: what stands there unfinished is taken away, and nothing more is said to it."""
        place, message, stands = withdrawal.place, withdrawal.message, withdrawal.stands
        if await self._has_spoken(place, run_id(await self._records.taken(place, message))):
            return
        taken = await self._records.withdraw(place, message, stands)
        if taken != stands and (withdrawn := self._running.get(run := run_id(taken))):
            self._muted.add(run)
            withdrawn.set()
            await self._chat(place).retract(place, run)

    async def _take_up(self, mention: Mention) -> bool:
        """Whether a mention is to be answered: it was not withdrawn, and no other version of it has its answer."""
        first = mention.event_id.rpartition(":")[0] if mention.edited else ""  # perhaps from before versions were kept
        taken = await self._records.taken(mention.place, mention.key) or first
        if taken not in ("", mention.event_id) and await self._has_spoken(mention.place, run_id(taken)):
            return False
        return await self._records.take_up(mention.place, mention.key, mention.event_id)

    async def _has_spoken(self, place: Place, run: str) -> bool:
        """Whether a run has shown its answer, or a card."""
        return await self._records.message(place, run) is not None or await self._cards.stand(run)

    async def _drop(self, place: Place, run: str) -> None:
        """Nothing that an unseen run has proposed can be approved any more, and nothing takes the run up again."""
        if not await self._has_spoken(place, run):
            await self._ledger.withdraw(run)
            await self._checkpointer.adelete_thread(run)

    async def press(self, press: Press) -> None:
        """Mark an answer, or decide an approval and show on every card of it what became of it."""
        match press.action:
            case Action.HELPFUL | Action.UNHELPFUL:
                reason = str(press.form.get("reason", ""))[:2_000]
                await self._records.mark(press.subject, press.person, press.action.value, reason, self._clock())
                await self._decisions.mark(press.subject, press.action.value)
            case Action.APPROVE | Action.EDIT | Action.REJECT | Action.RETRY | Action.ABANDON:
                await self._cards.decide(press)
            case Action.ALONE:
                await self._private.answer(press, run_id(press.event_id))
            case Action.EXPLAIN:
                await self._explain(press)

    async def _explain(self, press: Press) -> None:
        """Show whoever pressed, alone, how an answer that stands there was found."""
        entry = await self._records.message(press.place, press.subject)
        reply = steps_reply(entry.reply.steps if entry and entry.reply else ())
        await tell(self._chats, press, reply)

    async def resume(self, run: str) -> None:
        """Go on with a run whose approval was decided, has expired, or was cut off."""
        if not (known := await self._graph.aget_state(_config(run))).values:
            return
        place = Place.parse(known.values["place"])
        message, event = known.values.get("message", ""), known.values.get("event", "")
        if not (await self._records.stands(place, message, event) or await self._has_spoken(place, run)):
            await self._drop(place, run)
            return
        waits = [stop for task in known.tasks for stop in task.interrupts]
        entry: Command[Any] | None = None
        if waits:  # perhaps for a week, and others read along by now
            asker = Person(known.values["person"], known.values["person_name"])
            now = (await self._audiences.of(place, asker)).audience.labels
            audience = [label for label in known.values["audience"] if label in now]
            entry = Command(resume={stop.id: True for stop in waits}, update={"audience": audience})
        with self._begun(run):
            await self._go(place, run, entry)

    async def expire(self) -> None:
        """Expire what nobody decided in time, and go on with its runs and with those whose call nobody took up or ended.

        A run comes back first, and shows its cards: what a crash keeps from being written here is found the next time.
        """
        now = int(self._clock() // LEFT_SECONDS)
        for approval in await self._ledger.overdue():
            await self._resume(approval.run, approval.place, f"{approval.id}:expired")
            await self._ledger.expire(approval.id)
        for approval in await self._ledger.died():
            await self._resume(approval.run, approval.place, f"{approval.id}:died:{now}")
            await self._ledger.cut(approval.id)
        for approval in await self._ledger.left():
            await self._resume(approval.run, approval.place, f"{approval.id}:left:{now}")

    async def forget(self, event_id: str) -> None:
        """Forget the steps of the run that an event started, unless it still waits for somebody."""
        run = run_id(event_id)
        if not (await self._graph.aget_state(_config(run))).next:
            await self._checkpointer.adelete_thread(run)

    async def answer(self, run: str) -> Answer | None:
        """What a run delivered; None while it waits, or where it ended with a plain line."""
        state = await self._graph.aget_state(_config(run))
        return state.values.get("answer") if not state.next else None

    async def _go(
        self, place: Place, run: str, entry: State | Command[Any] | None, mention: Mention | None = None
    ) -> None:
        """Run the graph until it ends or waits, showing what streams out; whatever breaks, the person is told."""
        try:
            async with asyncio.timeout(self._run_seconds):
                if run not in self._muted:
                    await self._unless_withdrawn(place, run, self._stream(place, run, entry))
            if not await self._is_dropped(run, mention) and run not in self._muted:
                await self._show_outcome(place, run)
        except ChatGone:
            await self._tell_elsewhere(place, await self._asker(run) if mention is None else mention.person)
        except Exception as error:  # noqa: BLE001  # nobody who addressed the assistant is left without a word
            words = broken_off(error, run, self._run_seconds)
            if not await self._is_dropped(run, mention):
                await self._show(place, run, Reply(words))
        finally:
            await self._chat(place).status(place, "")

    async def _is_dropped(self, run: str, mention: Mention | None) -> bool:
        """Whether another replica has heard that this version of a mention counts no more: then nothing of it stays."""
        if mention is None or await self._records.stands(mention.place, mention.key, mention.event_id):
            return False
        await self._chat(mention.place).retract(mention.place, run)
        await self._drop(mention.place, run)
        return True

    @contextlib.contextmanager
    def _begun(self, run: str) -> Iterator[None]:
        """Within it a withdrawal stops the run."""
        self._running[run] = asyncio.Event()
        try:
            yield
        finally:
            self._running.pop(run, None)
            if run not in self._left:
                self._muted.discard(run)

    async def _unless_withdrawn(self, place: Place, run: str, work: Coroutine[Any, Any, None]) -> None:
        """Wait for the run, or for its mention to be withdrawn: then it ends by itself, unseen.

        It is not cancelled: a call to SQLite that is cut off twice can leave a task that never ends.
        """
        task, stop = asyncio.create_task(work), asyncio.create_task(self._running[run].wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return await task
            self._left[run] = asyncio.create_task(self._let_end(place, run, task))
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            stop.cancel()

    async def _let_end(self, place: Place, run: str, work: asyncio.Task[None]) -> None:
        try:
            await asyncio.wait({work})
            if error := work.exception():
                log.info("withdrawn run broke", run=run, what=place_of(error))
            await self._drop(place, run)
        finally:
            del self._left[run]
            self._muted.discard(run)

    async def _asker(self, run: str) -> Person:
        state = (await self._graph.aget_state(_config(run))).values
        return Person(state["person"], state["person_name"])

    async def _tell_elsewhere(self, place: Place, person: Person) -> None:
        """Whoever asked in a place that is closed to the assistant by now is told so directly."""
        log.info("place is gone", place=place.channel_key)
        words = (
            "I can't answer you there: I was removed from that channel, may not post in it, or it is gone. "
            "Ask me here, or invite me again."
        )
        with contextlib.suppress(ChatError):
            await self._chat(place).whisper(place, person, Reply(words))

    async def _stream(self, place: Place, run: str, entry: State | Command[Any] | None) -> None:
        """Show what streams out. A platform that fails meanwhile ends the showing, never the run in its middle."""
        failed: ChatError | None = None
        async for event in self._graph.astream(entry, _config(run), stream_mode="custom", durability="async"):
            if failed or run in self._muted:
                continue
            try:
                if status := event.get("status"):
                    await self._chat(place).status(place, status)
                if sentences := event.get("sentences"):
                    await self._chat(place).show(place, run, partial_reply(sentences))
            except ChatError as error:
                failed = error
        if isinstance(failed, ChatGone):
            raise failed

    async def _show_outcome(self, place: Place, run: str) -> None:
        state = await self._graph.aget_state(_config(run))
        there = not state.values["calls"] or await self._cards.put_up(run, place)
        if state.next and not there:
            raise ChatGone("a card that waits can't be shown")
        if not state.next:
            more = await self._audiences.more(place, Audience(frozenset(state.values["audience"])))
            await self._show(place, run, answer_reply(run, state.values["answer"], more=more))
            await self._checkpointer.aprune([run])

    async def _show(self, place: Place, key: str, reply: Reply) -> None:
        if key in self._muted:
            return
        await post(self._records, self._chats, place, key, reply, self._clock())

    def _chat(self, place: Place) -> Chat:
        return self._chats[place.platform]


def run_id(event_id: str) -> str:
    """The run that answers an event: always the same one."""
    return hashlib.blake2b(event_id.encode(), digest_size=12).hexdigest()


def _config(run: str) -> RunnableConfig:
    return {"configurable": {"thread_id": run}}
