"""What a person at a page of the console does with a button: checked here, then handed to the inbox."""

from __future__ import annotations

import time
import uuid
from typing import Any

from agent.approvals import Approval
from bot.chat import Action, Button, Person, Place, Press
from bot.console.adapter import ConsoleChat, channel
from bot.console.notices import notice
from bot.console.parts import Parts
from bot.edits import Wrong, wrong_in
from bot.rendering import may_decide

HERE = (ConsoleChat.platform, "terminal")
"""Platforms whose places are open to everybody at this console."""
CHECKING = 5.0
"""Seconds in which a changed action is looked at while its form is open."""
_MARKS = (Action.HELPFUL, Action.UNHELPFUL)


class PressesOf:
    """The presses of one person. ``place`` is where its buttons stand; without it, where each approval was asked for."""

    def __init__(self, parts: Parts, person: Person, place: Place | None = None) -> None:
        self._parts = parts
        self._person = person
        self._place = place

    async def wrong(self, button: Button, form: dict[str, Any]) -> Wrong | None:
        """The argument that the tool would not take, and why not."""
        if button.action is not Action.EDIT:
            return None
        parts = self._parts
        return await wrong_in(parts.toolbox, parts.ledger, button.subject, form, self._person.id, CHECKING)

    async def press(self, button: Button, form: dict[str, Any]) -> None:
        """Hand it to the inbox; whoever may not decide is told so at once."""
        place = self._place or channel("general")
        if button.action not in _MARKS:
            approval = await self._parts.ledger.get(button.subject)
            if approval is not None and not self._may(approval):
                names = await self._parts.chats.names(Place.parse(approval.place), approval.deciders.people)
                notice(f"You can't decide this. {may_decide(approval, names)}", "warning")
                return
            if approval is not None and self._place is None and self._is_here(approval):
                place = Place.parse(approval.place)
        event = uuid.uuid4().hex
        await self._parts.accept(Press(event, place, self._person, button.action, button.subject, time.time(), form))

    def _may(self, approval: Approval) -> bool:
        return approval.deciders.allows(self._person.id, approval.asker, self._is_here(approval))

    @staticmethod
    def _is_here(approval: Approval) -> bool:
        return Place.parse(approval.place).platform in HERE
