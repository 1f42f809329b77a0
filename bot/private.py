"""What was asked in a channel, answered once more to whoever wants to see it alone: from all that they may see.

Nothing of it is said into the transcript, so it is in nobody's history. A crash may show it twice, never not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph

from agent.ledger import Ledger
from agent.state import State
from bot.audiences import Audiences
from bot.chat import Chat, Place, Press, Reply
from bot.errors import broken_off
from bot.poster import tell
from bot.records import Records
from bot.rendering import answer_reply

FORGOTTEN = "I don't remember that question any more. Ask me directly."
TOLD = "You have that answer from me already, and only you could see it. Ask me directly to have it again."
CHANGES = "That would change something, which I do only where others see it. Ask for it in the channel."
log = structlog.get_logger()


class PrivateAnswers:
    """``chats`` by platform."""

    def __init__(
        self,
        graph: CompiledStateGraph[State, None, State, State],
        checkpointer: BaseCheckpointSaver[Any],
        records: Records,
        ledger: Ledger,
        chats: Mapping[str, Chat],
        audiences: Audiences,
        run_seconds: float,
    ) -> None:
        self._graph = graph
        self._checkpointer = checkpointer
        self._records = records
        self._ledger = ledger
        self._chats = chats
        self._audiences = audiences
        self._run_seconds = run_seconds

    async def answer(self, press: Press, run: str) -> None:
        """Answer the run that was pressed on in a run of this id, to whoever pressed; each person gets it once."""
        question = f"{press.subject}:{press.person.id}"
        taken = await self._records.taken(press.place, question)
        if taken not in ("", press.event_id):
            await tell(self._chats, press, Reply(TOLD))
            return
        await self._records.take_up(press.place, question, press.event_id)
        try:
            async with asyncio.timeout(self._run_seconds):
                reply = await self._reply(press, run)
        except Exception as error:  # noqa: BLE001  # whoever pressed is not left without a word
            reply = Reply(broken_off(error, run, self._run_seconds))
            await self._records.take_up(press.place, question, "")
        await tell(self._chats, press, reply)
        await self._checkpointer.adelete_thread(run)

    async def _reply(self, press: Press, run: str) -> Reply:
        asked = (await self._graph.aget_state(_config(press.subject))).values
        if not asked or Place.parse(asked["place"]).channel_key != press.place.channel_key:
            return Reply(FORGOTTEN)
        known = (await self._graph.aget_state(_config(run))).values
        entry = None if known else await self._entry(asked, press, run)
        await self._graph.ainvoke(entry, _config(run), durability="async")
        state = await self._graph.aget_state(_config(run))
        if state.next:
            await self._ledger.withdraw(run)
            return Reply(CHANGES)
        reply = answer_reply(run, state.values["answer"])
        whose = f"Only you see this answer to “{' '.join(asked['question'].split())[:200]}”."
        return replace(reply, notes=(whose, *reply.notes))

    async def _entry(self, asked: Mapping[str, Any], press: Press, run: str) -> State:
        """What was known of the question when it was asked, for another person's eyes."""
        sight = await self._audiences.alone(press.place, press.person)
        return State(
            run=run,
            event=press.event_id,
            message=asked["message"],
            place=asked["place"],
            channel=asked["channel"],
            audience=sorted(sight.audience.labels),
            person=press.person.id,
            person_name=press.person.name,
            question=asked["question"],
            transcript=asked["transcript"],
            attached=asked["attached"],
            files=asked["files"],
            notes=list(sight.notes),
        )


def _config(run: str) -> RunnableConfig:
    return {"configurable": {"thread_id": run}}
