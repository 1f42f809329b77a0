"""The ledger of actions: which tool calls wait for a person, what was decided and by whom, what was done.

Every change of state is one conditional UPDATE: whoever's statement changes the row has won, everyone else is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from agent.approvals import WAITING, Approval, Deciders, State, Verdict, arguments_hash, from_row
from agent.errors import NotAllowed, NotPending
from agent.tables import approval_events as events
from agent.tables import approvals as table

LEASE_SECONDS = 120.0
"""Longer than any tool may run: a call that started before that, and has not ended, died with its process."""
_CUT_OFF = "it was cut off while it ran"


class Ledger:
    """Reads and writes the table ``approvals``; every change is told in ``approval_events`` too.

    ``runner`` names the process that runs what was approved; no two that live at the same time may share it.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Callable[[], float],
        expires_after: float = 7 * 86_400.0,
        runner: str = "footnote",
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._expires_after = expires_after
        self._runner = runner

    async def propose(
        self,
        *,
        run: str,
        call: str,
        tool: str,
        arguments: dict[str, Any],
        summary: str,
        place: str,
        asker: str,
        asker_name: str,
        deciders: Deciders,
    ) -> Approval:
        """Put a call on the ledger. The same call of the same run again gives the row that is there already."""
        now = self._clock()
        identity = _identity(run, call)
        digest = arguments_hash(tool, arguments)
        row = {
            "id": identity,
            "run": run,
            "call": call,
            "tool": tool,
            "arguments": arguments,
            "arguments_hash": digest,
            "summary": summary,
            "place": place,
            "asker": asker,
            "asker_name": asker_name,
            "deciders": {"rule": deciders.rule, "people": list(deciders.people)},
            "state": State.PROPOSED,
            "edited": False,
            "proposed_at": now,
            "expires_at": now + self._expires_after,
        }
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(table).values(row))
                await self._tell(connection, identity, State.PROPOSED, asker, digest, summary)
        except IntegrityError:
            pass
        return await self._get(identity)

    async def approve(self, approval: str, verdict: Verdict) -> Approval:
        """Raises `NotAllowed`, or `NotPending` where somebody decided first or it expired."""
        return await self._decide(approval, verdict, State.APPROVED, {})

    async def approve_edited(
        self, approval: str, verdict: Verdict, arguments: dict[str, Any], summary: str
    ) -> Approval:
        """Approve other arguments than were proposed; they and their hash are what runs. Raises as `approve`."""
        tool = (await self._get(approval)).tool
        edit = {"arguments": arguments, "arguments_hash": arguments_hash(tool, arguments), "summary": summary}
        return await self._decide(approval, verdict, State.APPROVED, {**edit, "edited": True})

    async def reject(self, approval: str, verdict: Verdict) -> Approval:
        """Raises as `approve`."""
        return await self._decide(approval, verdict, State.REJECTED, {})

    async def retry(self, approval: str, verdict: Verdict) -> Approval:
        """Let a call that was cut off run again. Raises as `approve`."""
        return await self._decide(approval, verdict, State.APPROVED, {}, State.UNKNOWN)

    async def abandon(self, approval: str, verdict: Verdict) -> Approval:
        """Leave a call that was cut off as it is. Raises as `approve`."""
        return await self._decide(approval, verdict, State.ABANDONED, {}, State.UNKNOWN)

    async def withdraw(self, run: str) -> None:
        """The asker does not want it any more: what has not begun of a run's calls never will."""
        for row in await self.by_run(run):
            values = {"decided_by": row.asker, "decided_by_name": row.asker_name, "decided_at": self._clock()}
            open_ = {State.PROPOSED, State.APPROVED}
            await self._move(row.id, open_, State.ABANDONED, values, by=row.asker, note="withdrawn")

    async def begin(self, approval: str, arguments: Mapping[str, Any]) -> bool:
        """Take an approved call up for running, once; True if this caller is to run it.

        Only the arguments that were decided on are taken up. One that nobody decided in time expires. One that this runner,
        or one that must be dead by now, started and never ended becomes unknown: it is not run again by itself.
        """
        row = await self._get(approval)
        digest = arguments_hash(row.tool, arguments)
        now = self._clock()
        started = {"started_at": now, "runner": self._runner}
        if await self._move(approval, {State.APPROVED}, State.STARTED, started, where=table.c.arguments_hash == digest):
            return True
        await self.expire(approval)
        died = or_(table.c.runner == self._runner, table.c.started_at <= now - LEASE_SECONDS)
        await self._move(approval, {State.STARTED}, State.UNKNOWN, {}, note=_CUT_OFF, where=died)
        return False

    async def finish(self, approval: str, result: str) -> Approval:
        return await self._end(approval, State.DONE, result)

    async def fail(self, approval: str, error: str) -> Approval:
        return await self._end(approval, State.FAILED, error)

    async def cut(self, approval: str) -> Approval:
        """A call was stopped while it ran: a person is asked."""
        await self._move(approval, {State.STARTED}, State.UNKNOWN, {}, note=_CUT_OFF)
        return await self._get(approval)

    async def overdue(self) -> list[Approval]:
        """What waits for its first decision, and nobody decided in time."""
        late = table.c.expires_at <= self._clock()
        return await self._select(select(table).where(table.c.state == State.PROPOSED, late))

    async def expire(self, approval: str) -> None:
        """Close it to decisions, if nobody decided in time."""
        now = self._clock()
        late = table.c.expires_at <= now
        await self._move(approval, {State.PROPOSED}, State.EXPIRED, {"decided_at": now}, where=late)

    async def died(self) -> list[Approval]:
        """What began, has not ended, and can't be running any more."""
        since = self._clock() - LEASE_SECONDS
        return await self._select(select(table).where(table.c.state == State.STARTED, table.c.started_at <= since))

    async def left(self) -> list[Approval]:
        """What was approved a while ago and nobody took up: its run was lost on the way."""
        since = self._clock() - LEASE_SECONDS
        return await self._select(select(table).where(table.c.state == State.APPROVED, table.c.decided_at <= since))

    async def proposed(self, run: str, call: str) -> Approval | None:
        """The row of this call of a run, whatever its state."""
        return await self.get(_identity(run, call))

    async def get(self, approval: str) -> Approval | None:
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(table).where(table.c.id == approval))).mappings().first()
        return from_row(row) if row else None

    async def by_run(self, run: str) -> list[Approval]:
        """Every call of a run that went onto the ledger, in order."""
        return await self._select(select(table).where(table.c.run == run).order_by(table.c.proposed_at))

    async def pending(self) -> list[Approval]:
        """What waits for a person, oldest first: undecided, or cut off."""
        waiting = table.c.state.in_(WAITING)
        return await self._select(select(table).where(waiting).order_by(table.c.proposed_at))

    async def unfinished(self) -> list[Approval]:
        """What has not ended: it waits for a person, or is to run, or runs."""
        open_ = [State.PROPOSED, State.APPROVED, State.STARTED, State.UNKNOWN]
        return await self._select(select(table).where(table.c.state.in_(open_)))

    async def log(self, limit: int = 200) -> list[Approval]:
        """The newest rows, whatever their state."""
        return await self._select(select(table).order_by(table.c.proposed_at.desc()).limit(limit))

    async def _end(self, approval: str, to: State, result: str) -> Approval:
        """How a call ended is known to whoever ran it, also where others gave it up meanwhile."""
        values = {"result": result, "finished_at": self._clock()}
        await self._move(approval, {State.STARTED, State.UNKNOWN}, to, values, note=result)
        return await self._get(approval)

    async def _decide(
        self, approval: str, verdict: Verdict, to: State, values: dict[str, Any], since: State = State.PROPOSED
    ) -> Approval:
        row = await self.get(approval)
        if row is None:
            raise NotPending("This is no longer known here, so it can't be decided.")
        if verdict.is_bot or not row.deciders.allows(verdict.person, row.asker, verdict.in_place):
            raise NotAllowed("You can't decide this.")
        now = self._clock()
        if since is State.PROPOSED:
            await self.expire(approval)
        decided = {
            "decided_by": verdict.person,
            "decided_by_name": verdict.person_name,
            "press": verdict.press,
            "reason": verdict.reason or None,
            "decided_at": now,
        }
        won = await self._move(approval, {since}, to, {**decided, **values}, by=verdict.person, note=verdict.reason)
        row = await self._get(approval)
        if won or row.press == verdict.press:
            return row
        raise NotPending(_too_late(row))

    async def _move(
        self,
        approval: str,
        since: Collection[State],
        to: State,
        values: dict[str, Any],
        *,
        by: str = "footnote",
        note: str = "",
        where: ColumnElement[bool] | None = None,
    ) -> bool:
        """The one conditional UPDATE: True if this call changed the state."""
        only = [table.c.id == approval, table.c.state.in_(list(since)), *(() if where is None else (where,))]
        async with self._engine.begin() as connection:
            changed = await connection.execute(update(table).where(*only).values(state=to, **values))
            if changed.rowcount != 1:
                return False
            await self._tell(connection, approval, to, by, values.get("arguments_hash", ""), note)
        return True

    async def _tell(
        self, connection: AsyncConnection, approval: str, state: State, by: str, digest: str, note: str
    ) -> None:
        row = {"approval": approval, "state": state, "by": by, "fingerprint": digest[:8], "note": note}
        await connection.execute(insert(events).values(**row, at=self._clock()))

    async def _get(self, approval: str) -> Approval:
        row = await self.get(approval)
        if row is None:
            raise NotPending("This is no longer known here, so it can't be decided.")
        return row

    async def _select(self, query: Any) -> list[Approval]:
        async with self._engine.connect() as connection:
            return [from_row(row) for row in (await connection.execute(query)).mappings()]


def _identity(run: str, call: str) -> str:
    return hashlib.sha256(f"{run}\0{call}".encode()).hexdigest()[:32]


def _too_late(row: Approval) -> str:
    who = row.decided_by_name or row.decided_by or "somebody"
    match row.state:
        case State.REJECTED:
            return f"{who} has rejected this already."
        case State.EXPIRED:
            return "This has expired: nobody decided in time, so it was not done. Ask again if it is still wanted."
        case State.ABANDONED:
            return f"{who} has left this as it is already."
        case State.UNKNOWN:
            return "This was cut off while it ran: choose whether to run it again."
        case State.PROPOSED:
            return "This waits for its first decision."
        case State.APPROVED | State.STARTED | State.DONE | State.FAILED:
            return f"{who} has approved this already."
