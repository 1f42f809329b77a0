"""The cards of approvals: shown wherever they stand, and what a press on one decides."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from agent.approvals import WAITING, Approval, State, Verdict
from agent.errors import ApprovalError, NotAllowed, ToolFailed
from agent.ledger import Ledger
from agent.tools.registry import Toolbox
from bot.chat import Action, ChatError, ChatGone, ChatRefused, Place, Press, Reply
from bot.chats import Chats
from bot.edits import edited
from bot.records import Records
from bot.rendering import card_reply, may_decide

Show = Callable[[Place, str, Reply], Awaitable[None]]
Resume = Callable[[str, str, str], Awaitable[None]]


class Cards:
    """``show(place, key, reply)`` shows a message; ``resume(run, place, cause)`` puts a run that waited back into the inbox."""

    def __init__(
        self, records: Records, ledger: Ledger, toolbox: Toolbox, chats: Chats, show: Show, resume: Resume
    ) -> None:
        self._records = records
        self._ledger = ledger
        self._toolbox = toolbox
        self._chats = chats
        self._show = show
        self._resume = resume

    async def decide(self, press: Press) -> None:
        """Decide an approval, show on every card of it what became of it, and go on with its run."""
        try:
            approval = await self._ruled(press)
        except (ApprovalError, ToolFailed) as error:
            known = await self._ledger.get(press.subject)
            words = str(error)
            if known is not None and isinstance(error, NotAllowed):
                words = f"{error} {may_decide(known, await self._deciders(known))}"
            with contextlib.suppress(ChatError):
                await self._chats[press.place.platform].whisper(press.place, press.person, Reply(words))
            if known is None:
                return
            await self.show(known)
            if known.state is State.EXPIRED:
                await self._resume(known.run, known.place, f"{known.id}:expired")
            return
        await self.show(approval)
        await self._resume(approval.run, approval.place, press.event_id)

    async def _ruled(self, press: Press) -> Approval:
        """The ledger's answer to a press. Raises `ApprovalError`, or `ToolFailed` for an edit that can't be."""
        row = await self._ledger.get(press.subject)
        in_place = row is not None and Place.parse(row.place).channel_key == press.place.channel_key
        reason = str(press.form.get("reason", "")).strip()[:2_000]
        if row is not None and row.deciders.rule in ("place", "others") and await self._from_outside(press):
            raise NotAllowed("Guests and people of other organisations can't decide this.")
        verdict = Verdict(press.event_id, press.person.id, press.person.name, in_place, press.person.is_bot, reason)
        match press.action:
            case Action.EDIT if row is not None and row.state in WAITING:
                tool = self._toolbox.get(row.tool)
                arguments = await edited(self._toolbox, row, press.form, press.person.id)
                changed = arguments.model_dump(mode="json")
                return await self._ledger.approve_edited(press.subject, verdict, changed, tool.summary(arguments))
            case Action.REJECT:
                return await self._ledger.reject(press.subject, verdict)
            case Action.RETRY:
                return await self._ledger.retry(press.subject, verdict)
            case Action.ABANDON:
                return await self._ledger.abandon(press.subject, verdict)
            case _:  # also what is changed too late: of that the ledger says what became of it
                return await self._ledger.approve(press.subject, verdict)

    async def _from_outside(self, press: Press) -> bool:
        """Whether who pressed is no full member of the workspace. Who can't be told is none."""
        chat = self._chats.get(press.place.platform)
        if chat is None:
            return False
        try:
            if not (await chat.readers(press.place)).outsiders:
                return False
            known = await chat.membership(press.place, press.person, ())
        except (ChatGone, ChatRefused):
            return True
        return press.place.workspace_key not in known.workspaces

    async def stand(self, run: str) -> bool:
        """Whether a card of this run stands anywhere: what was proposed and never shown, nobody has seen."""
        return any([await self._records.pinned(row.id) for row in await self._ledger.by_run(run)])

    async def put_up(self, run: str, place: Place) -> bool:
        """Show every card of this run here too; False where a place is gone."""
        there = True
        for approval in await self._ledger.by_run(run):
            await self._records.pin(approval.id, place, f"{run}:{approval.id[:12]}")
            there &= await self.show(approval)
        return there

    async def show(self, approval: Approval) -> bool:
        """Show it wherever its card stands; False where a place is gone."""
        reply = card_reply(approval, self._toolbox.find(approval.tool), await self._deciders(approval))
        there = True
        for place, key in await self._records.pinned(approval.id):
            try:
                await self._show(place, key, reply)
            except ChatGone:
                there = False
        return there

    async def _deciders(self, approval: Approval) -> dict[str, str]:
        """The names of those who alone may decide, by id."""
        return await self._chats.names(Place.parse(approval.place), approval.deciders.people)
