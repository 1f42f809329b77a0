"""What a mention brings into a run: what was said, what came with it, and what the graph starts with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from agent.models.metering import Scope
from agent.models.retrieval_meter import charged_to
from agent.state import AttachedFile, State, Turn
from bot.attachments import MAX_FILES, Attachments
from bot.audiences import Audiences
from bot.chat import Chat, Mention
from bot.records import Records

HISTORY = 20
_ADDRESS = re.compile(r"@footnote\b[:,]?\s*", re.IGNORECASE)


class Hearing:
    """``chats`` by platform."""

    def __init__(
        self,
        records: Records,
        chats: Mapping[str, Chat],
        attachments: Attachments,
        audiences: Audiences,
        max_question_chars: int,
    ) -> None:
        self._records = records
        self._chats = chats
        self._attachments = attachments
        self._audiences = audiences
        self._max_question_chars = max_question_chars

    async def hear(self, mention: Mention) -> None:
        """Keep what was said, and before it what people had said in a thread that the assistant was not in."""
        key = mention.key
        place = replace(mention.place, thread="") if key == mention.place.thread else mention.place
        if place.thread and not await self._records.transcript(place, 1):
            for said in await self._chats[place.platform].history(place, mention.at, HISTORY):
                here = replace(place, thread="") if said.key == place.thread else place
                await self._records.say(here, said.key, said.person, said.text[:20_000], said.at)
        if mention.edited or await self._records.message(place, key) is None:
            await self._records.say(place, key, mention.person, mention.text[:20_000], mention.at)

    def problem(self, mention: Mention) -> str:
        """Why a mention can't be answered, in a sentence; empty where it can."""
        if not mention.text.strip() and not mention.files:
            return "You mentioned me without a question. Ask me something, or say “help”."
        if len(mention.text) > self._max_question_chars:
            return (
                f"That message has {len(mention.text):,} characters and I read {self._max_question_chars:,} at most. "
                "Send the text as a file and ask about it."
            )
        return ""

    async def state(self, mention: Mention, run: str) -> State:
        """What the graph starts with."""
        with charged_to(Scope(run, mention.person.id, mention.place.channel_key)):
            attached = await self._attachments.read(self._chats[mention.place.platform], mention)
        sight = await self._audiences.of(mention.place, mention.person, outsiders=mention.outsiders)
        earlier = [e for e in await self._records.transcript(mention.place, HISTORY) if e.key != mention.key]
        turns = [
            Turn(who=entry.author.name, text=_ADDRESS.sub("", entry.text)[:2_000], assistant=entry.kind == "assistant")
            for entry in earlier
            if entry.at <= mention.at and entry.text
        ]
        return State(
            run=run,
            event=mention.event_id,
            message=mention.key,
            place=mention.place.key,
            channel=mention.place.channel_key,
            audience=sorted(sight.audience.labels),
            person=mention.person.id,
            person_name=mention.person.name,
            question=mention.text.strip() or f"What does {mention.files[0].name} say?",
            transcript=turns,
            attached=attached.evidence,
            files=[AttachedFile(name=f.name, reference=f.reference, size=f.size) for f in mention.files[:MAX_FILES]],
            notes=[*attached.notes, *sight.notes],
        )
