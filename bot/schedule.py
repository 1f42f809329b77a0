"""What runs when. A job's moments come from its `Cron`; the inbox makes each happen once, on however many replicas.

Registering a job, as the nightly one does::

    app.schedule.add(Job("nightly", Cron("30 2 * * *", settings.zone, jitter=60), run=nightly.run, deliver=nightly.post))

``run(moment)`` does the work and keeps what came of it; after a crash it is called again for the same moment. ``deliver()``
shows whatever was kept and is not shown yet; where a platform is away it raises `ChatAway`, and is called again every
ten minutes without the work being done again. Where a platform refused it for good, it raises `ChatRefused`: that
counts as a failure, and is not tried again. A job that has nothing to show needs none. With ``again=True`` a moment that
failed is run again every ten minutes, for three hours.

Everybody looks, and everybody puts a moment that is due into the inbox under one key, ``job:NAME:MOMENT``, unless another
process has done so meanwhile: each looks in an order of its own. After downtime the latest moment that was missed is caught up,
those before it are left out. Whoever runs the assistant is told of a job's first failure and of its recovery; after ten failures
in a row it is paused, and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import place_of
from agent.tables import upsert
from bot.chat import Action, Button, ChatAway, ChatError, ChatRefused, Reply
from bot.errors import STORAGE, may_pass, sentence, storage_reason
from bot.jobs import Job, Jobs, JobState, Queue, iso
from bot.tables import jobs as table

LOOK_SECONDS = 5.0
MOST_FAILURES = 10
AGAIN_SECONDS = 600.0
"""How often it is tried to deliver what could not be delivered, and to run a moment that failed, of a job that wants that."""
WRONG_SECONDS = 2 * 86_400.0
"""What was put into the inbox for so far ahead was put there while a clock was wrong."""
AGAIN_FOR = 3 * 3_600.0
"""How long after its moment it is tried."""
Tell = Callable[[str, Reply], Awaitable[None]]
"""Shows whoever runs the assistant a message under a key. Raises `ChatError`."""
log = structlog.get_logger()


class Schedule:
    """``clock`` is handed in, so that a year takes minutes."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], float], tell: Tell) -> None:
        self._engine = engine
        self._clock = clock
        self._tell = tell
        self._fixed: dict[str, Job] = {}
        self._changing: list[Jobs] = []
        self._following: dict[str, tuple[tuple[str, str, float], float]] = {}

    def add(self, job: Job) -> None:
        """Register a job that is always there. Call before the schedule is kept."""
        self._fixed[job.name] = job

    def add_all(self, jobs: Jobs) -> None:
        """Register jobs that come and go."""
        self._changing.append(jobs)

    async def tick(self, queue: Queue) -> None:
        """Put into the inbox what is due by now, and what is still to be delivered."""
        states = await self.states()
        found = [*self._fixed.values(), *[one for jobs in self._changing for one in await jobs.jobs()]]
        now = self._clock()
        for job in sorted(found, key=lambda one: hash(one.name)):  # in each process another order
            try:
                await self._look(job, states.get(job.name), queue, now)
            except STORAGE as error:
                log.warning("job was not looked at, and is the next time", job=job.name, reason=storage_reason(error))

    async def run(self, name: str, moment: float) -> None:
        """What the inbox calls for each entry; ``moment`` 0 only delivers."""
        job, state = await self._find(name), await self.state(name)
        if job is None or state is None:
            return
        if moment > state.ran and not state.paused:
            if not await self._has_run(job, state, moment):
                return
            state = replace(state, ran=moment)
        await self._deliver(job, state)

    async def resume(self, name: str) -> bool:
        """Go on with a job that was paused, from its next moment; whether there is such a job."""
        fresh = {"paused": False, "failures": 0, "error": "", "alert": None}
        return await self._change(name, **fresh, scheduled=self._clock())

    async def restart(self, name: str) -> None:
        """Its times were changed: no moment before now is due by the new ones."""
        await self._change(name, scheduled=self._clock())

    async def state(self, name: str) -> JobState | None:
        return (await self._states(table.c.name == name)).get(name)

    async def states(self) -> dict[str, JobState]:
        """All of them, by name."""
        return await self._states()

    async def _states(self, *where: ColumnElement[bool]) -> dict[str, JobState]:
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(table).where(*where))).mappings().all()
        return {row["name"]: JobState(**row) for row in rows}

    async def _look(self, job: Job, state: JobState | None, queue: Queue, now: float) -> None:
        if state is None:
            since = now if job.since is None else job.since
            await self._begin(job.name, since)
            state = JobState.fresh(job.name, since)
        if state.scheduled > now + WRONG_SECONDS:
            state = await self._set_right(state, now)
        may_be_due = not state.paused and self._next(job, state) <= now
        if may_be_due and (moment := job.cron.latest(state.scheduled, now, job.name)) is not None:
            await self._put(job, moment, queue)
            return
        if job.again and state.has_failed and now - state.failed < AGAIN_FOR:
            key = f"job:{job.name}:{iso(state.failed)}:again:{int(now // AGAIN_SECONDS)}"
            await queue.job(key, job.turns, job.name, state.failed)
        if state.is_undelivered and (state.ran_at is None or state.ran_at < now - AGAIN_SECONDS / 2):
            await queue.job(f"job:{job.name}:deliver:{int(now // AGAIN_SECONDS)}", job.turns, job.name, 0.0)

    async def _set_right(self, state: JobState, now: float) -> JobState:
        """Go on from now: until the time comes that a wrong clock told, nothing would come. What was put has its key."""
        log.warning("a clock was ahead", job=state.name, of=iso(state.scheduled))
        told = {name: min(getattr(state, name), now) for name in ("scheduled", "ran", "delivered", "failed")}
        await self._change(state.name, table.c.scheduled == state.scheduled, **told)
        return replace(state, **told)

    async def _put(self, job: Job, moment: float, queue: Queue) -> None:
        """Put a moment into the inbox, unless another process has done so since this one began to look."""
        state = await self.state(job.name)
        if state is None or state.scheduled >= moment:
            return
        if job.cron.after(state.scheduled) < moment:
            log.warning("missed, and only the latest is caught up", job=job.name, since=iso(state.scheduled))
        await queue.job(f"job:{job.name}:{iso(moment)}", job.turns, job.name, moment)
        await self._change(job.name, table.c.scheduled < moment, scheduled=moment)

    def _next(self, job: Job, state: JobState) -> float:
        """The moment that follows the last one; it is worked out once."""
        of = (job.cron.expression, job.cron.zone.key, state.scheduled)
        known = self._following.get(job.name)
        if known is None or known[0] != of:
            known = self._following[job.name] = (of, job.cron.after(state.scheduled))
        return known[1]

    async def _has_run(self, job: Job, state: JobState, moment: float) -> bool:
        await self._change(job.name, started_at=self._clock())
        try:
            await job.run(moment)
        except Exception as error:  # whatever broke must not end the jobs to come, and is told
            if may_pass(error):
                raise
            await self._note_failure(job, state, moment, error)
            return False
        done = {"ran": moment, "ran_at": self._clock(), "started_at": None}
        await self._change(job.name, table.c.ran < moment, **done)
        return True

    async def _deliver(self, job: Job, state: JobState) -> None:
        """Show what was run and is not shown, then what somebody must be told."""
        try:
            if job.deliver is not None and state.ran > state.delivered:
                await job.deliver()
        except ChatAway as error:
            log.warning("could not be delivered, and is tried again", job=job.name, reason=str(error))
        except ChatRefused as error:
            await self._note_failure(job, state, state.ran, error)
            await self._change(job.name, table.c.delivered < state.ran, delivered=state.ran)
        except Exception as error:
            if may_pass(error):
                raise
            await self._note_failure(job, state, state.ran, error)
        else:
            await self._note_success(job, state)
        if state.failures or state.alert:
            await self._alert(job.name)

    async def _note_success(self, job: Job, state: JobState) -> None:
        if state.ran <= state.delivered and not state.failures:
            return
        works = state.ran >= state.failed and not state.paused  # whoever is told that it works may rely on it
        healed: dict[str, Any] = {"failures": 0, "error": ""} if works else {}
        if healed and state.failures:
            words = f"✅ {_called(job)} works again, after {state.failures} in a row that failed."
            healed["alert"] = _alert(f"job:{job.name}:{iso(state.ran)}:works", words)
        done = {"delivered": state.ran, "delivered_at": self._clock()} if state.ran > state.delivered else {}
        await self._change(job.name, **done, **healed)

    async def _note_failure(self, job: Job, state: JobState, moment: float, error: Exception) -> None:
        """Count it, once for each moment; the first one and the one that pauses the job are told."""
        reason = sentence(error) or place_of(error)
        log.error("job failed", job=job.name, reason=reason)
        count = state.failures + 1
        changed: dict[str, Any] = {"failures": count, "failed": moment, "error": reason, "started_at": None}
        key = f"job:{job.name}:{iso(moment)}:failed"
        if count == 1:
            changed["alert"] = _alert(key, f"⚠️ {_called(job)} failed: {reason}")
        if count >= MOST_FAILURES:
            words = f"⏸️ {_called(job)} failed {count} times in a row and is paused: {reason} Mend that, then resume it."
            changed |= {"paused": True, "alert": _alert(key, words, job.name)}
        await self._change(job.name, table.c.failed < moment, **changed)
        await self._alert(job.name)

    async def _alert(self, name: str) -> None:
        """Tell what is to be told; where that can't be now, the next delivery tries again."""
        state = await self.state(name)
        if state is None or state.alert is None:
            return
        told = state.alert
        buttons = (Button(Action.RESUME, f"job:{told['resumes']}", "Resume"),) if told["resumes"] else ()
        try:
            await self._tell(told["key"], Reply(told["text"], buttons=buttons))
        except ChatError as error:
            log.warning("an alert could not be told, and is tried again", job=name, reason=str(error))
            return
        await self._change(name, alert=None)

    async def _find(self, name: str) -> Job | None:
        if name in self._fixed:
            return self._fixed[name]
        for jobs in self._changing:
            if found := await jobs.job(name):
                return found
        return None

    async def _begin(self, name: str, since: float) -> None:
        row = {"name": name, "scheduled": since}
        async with self._engine.begin() as connection:
            await connection.execute(upsert(self._engine.dialect)(table).values(row).on_conflict_do_nothing())

    async def _change(self, name: str, *where: Any, **columns: Any) -> bool:
        """One conditional UPDATE; whether it changed something."""
        statement = update(table).where(table.c.name == name, *where).values(columns)
        if not columns:
            return False
        async with self._engine.begin() as connection:
            return (await connection.execute(statement)).rowcount > 0


async def keep_time(schedule: Schedule, queue: Queue) -> None:
    """Run until cancelled."""
    while True:
        try:
            await schedule.tick(queue)
        except Exception as error:  # noqa: BLE001  # whatever broke once must not end all that is due later
            reason = storage_reason(error) if isinstance(error, STORAGE) else place_of(error)
            log.warning("the schedule was not looked at, and is the next time", reason=reason)
        await asyncio.sleep(LOOK_SECONDS)


def _alert(key: str, text: str, resumes: str = "") -> dict[str, Any]:
    return {"key": key, "text": text, "resumes": resumes}


def _called(job: Job) -> str:
    return job.label or f"The job “{job.name}”"
