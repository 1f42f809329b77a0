"""Accept once, run in order, survive a crash: the inbox on DBOS, in SQLite or PostgreSQL.

An event is accepted under its id, so a second delivery changes nothing. Mentions of one place run one after
another, places side by side. What a kill -9 cut off runs again at the next start, and the desk makes that harmless.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import logging
import re
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID
from pydantic import TypeAdapter

from bot.chat import Mention, Press, Withdrawal
from bot.databases import explained
from bot.errors import may_pass, storage_reason

Handler = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]

Event = Mention | Press | Withdrawal
QUEUE = "places"
AT_ONCE = 32
"""Answers that are worked on at the same time."""
TAKEN = 512
"""Events that a process holds at the same time: what waits for a platform that is away, or its turn, keeps no press waiting."""
JOBS = "jobs"
JOBS_AT_ONCE = 8
"""A queue of their own: however many jobs are due at eight, questions are answered meanwhile."""
LOOKED_AT = {QUEUE: 0.1, JOBS: 0.5}
"""Seconds between looks at a queue: whoever asked is waiting, and a job is not."""
UNHANDLED = ("ENQUEUED", "PENDING")
NOTED_SECONDS = 60.0
"""The longest that an edited mention waits for the note that its version stands."""
WAITS = (2.0, 10.0, 60.0, 300.0, *([900.0] * 96))
"""Seconds between tries where the records can't be read or written: for a day."""
_mention = TypeAdapter(Mention)
_press = TypeAdapter(Press)
_withdrawal = TypeAdapter(Withdrawal)
_OF = re.compile(r"(?:slack:[^:]*:[^:]*|discord):([^:]+)")
_EDIT = re.compile(r"(.+?):(?:edited$|withdrawn:)")
_handlers: dict[str, Handler] = {}
log = structlog.get_logger()


@DBOS.workflow(name="handle")
async def _handle(kind: str, event: dict[str, Any]) -> None:
    """Handle an event; where records or platform are away, or the disk is full, wait and try again for a day at most."""
    for wait in WAITS:
        try:
            return await _once(kind, event)
        except Exception as error:
            if not may_pass(error):
                raise
            log.warning("waits for what is away", reason=storage_reason(error), again_in=wait)
            await asyncio.sleep(wait)
    return await _once(kind, event)


async def _once(kind: str, event: dict[str, Any]) -> None:
    # A context of its own: what the handler starts is no part of DBOS's workflow, whose replay must not depend on it.
    await asyncio.get_running_loop().create_task(_handlers[kind](event), context=contextvars.Context())


def _writable(value: Any) -> Any:
    """Without what no database keeps: NUL, and halves of surrogate pairs."""
    match value:
        case str():
            return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {key: _writable(item) for key, item in value.items()}
        case list():
            return [_writable(item) for item in value]
        case _:
            return value


def _withdrawn(event: dict[str, Any]) -> Withdrawal:
    """A withdrawal as it was kept: before messages had versions, with the event that it was ``of``."""
    if found := _OF.match(event.get("of", "")):
        edit = _EDIT.match(event["event_id"])
        event = {**event, "message": found[1], "stands": edit[1] if edit else ""}
    return _withdrawal.validate_python(event)


def _not_said_twice(record: logging.LogRecord) -> bool:
    """A launch that fails is raised, and logged by DBOS as well."""
    return "failed to launch" not in str(record.msg)


class Inbox:
    """One a process, ``replica`` by name.

    ``on_mention``, ``on_press``, ``on_resume`` and ``on_job`` must bear being called again for the same event.
    """

    def __init__(
        self,
        database_url: str,
        replica: str,
        on_mention: Callable[[Mention], Coroutine[Any, Any, None]],
        on_press: Callable[[Press], Coroutine[Any, Any, None]],
        on_resume: Callable[[str], Coroutine[Any, Any, None]],
        on_withdrawal: Callable[[Withdrawal], Coroutine[Any, Any, None]],
        on_job: Callable[[str, float], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        self._database_url = database_url
        self._replica = replica
        self._turns: Iterator[int | None] = iter(())
        self._ready = asyncio.Event()
        self._held: dict[str, asyncio.Event] = {}

        at_work = asyncio.Semaphore(AT_ONCE)

        async def mention(event: dict[str, Any]) -> None:
            mention = _mention.validate_python(event)
            if held := self._held.get(mention.place.platform):
                await held.wait()
            if mention.edited:
                await self._noted(mention.event_id)
            async with at_work:
                await on_mention(mention)

        async def resume(event: dict[str, Any]) -> None:
            async with at_work:
                await on_resume(event["run"])

        _handlers["mention"] = mention
        _handlers["press"] = lambda event: on_press(_press.validate_python(event))
        _handlers["withdrawal"] = lambda event: on_withdrawal(_withdrawn(event))
        _handlers["resume"] = resume
        if on_job is not None:
            _handlers["job"] = lambda event: on_job(event["name"], event["moment"])
        self._queues = {QUEUE: TAKEN, **({JOBS: JOBS_AT_ONCE} if on_job is not None else {})}

    async def start(self) -> None:
        """Open the database and take up what an earlier process left. Call from the loop that handlers run in."""
        config = DBOSConfig(
            name="footnote",
            system_database_url=self._database_url,
            application_version="footnote",
            executor_id=self._replica,
            enable_otlp=False,
            log_level="ERROR",
            console_log_level="ERROR",
        )
        with explained(self._database_url):
            logging.getLogger("dbos").addFilter(_not_said_twice)
            # Beside the loop: PostgreSQL makes some of its indexes only once every transaction of ours has ended.
            await asyncio.to_thread(DBOS.migrate, self._database_url)
            DBOS(config=config)
            DBOS.launch()
        for queue, at_once in self._queues.items():
            await DBOS.register_queue_async(
                queue,
                partition_concurrency=1,
                worker_concurrency=at_once,
                polling_interval_sec=LOOKED_AT[queue],
                on_conflict="always_update",
            )
        self._turns = await self._numbered()
        self._ready.set()

    async def _numbered(self) -> Iterator[int | None]:
        """The turn of each event to come. DBOS sorts by time, in SQLite by whole seconds; there a number decides."""
        if not self._database_url.startswith("sqlite"):
            return itertools.repeat(None)
        left = await DBOS.list_workflows_async(queue_name=QUEUE, status=list(UNHANDLED), load_input=False)
        return itertools.count(max((one.priority or 0 for one in left), default=0) + 1)

    async def stop(self) -> None:
        """Stop taking; what runs is given a moment, the rest waits for the next start."""
        self._ready.clear()  # what comes from now on waits where it is kept, for the next start
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=5)
        # DBOS had lent the loop its own pool of threads and has closed it.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="footnote"))

    async def accept(self, event: Event) -> None:
        """Keep an event for handling; when this returns it survives a crash. An event that was there changes nothing."""
        match event:
            case Mention():
                kept = _writable(_mention.dump_python(event, mode="json"))
                await self._enqueue(event.event_id, event.place.key, "mention", kept)
            case Press():
                kept = _writable(_press.dump_python(event, mode="json"))
                await self._enqueue(event.event_id, f"press:{event.subject}", "press", kept)
            case Withdrawal():
                kept = _writable(_withdrawal.dump_python(event, mode="json"))
                lane = f"withdrawal:{event.place.channel_key}:{event.message}"
                await self._enqueue(event.event_id, lane, "withdrawal", kept)

    async def _noted(self, event_id: str) -> None:
        """Wait until it is noted that this version of a message stands: that is in a lane of its own, and may come later."""
        with suppress(TimeoutError):
            async with asyncio.timeout(NOTED_SECONDS):
                while (one := await DBOS.get_workflow_status_async(f"{event_id}:edited")) and one.status in UNHANDLED:  # noqa: ASYNC110  # DBOS tells nobody
                    await asyncio.sleep(0.05)

    async def unhandled(self, platform: str) -> list[Mention]:
        """The mentions of a platform that were accepted and are not handled to their end."""
        await self._ready.wait()
        found = await DBOS.list_workflows_async(
            queue_name=QUEUE,
            status=list(UNHANDLED),
            workflow_id_prefix=f"{platform}:",
            limit=1_000,
            load_output=False,
        )
        given = [one.input["args"] for one in found if one.input is not None]
        return [_mention.validate_python(event) for kind, event in given if kind == "mention"]

    def hold(self, platform: str) -> Callable[[], None]:
        """Hand out no mention of a platform until what this gives is called. Call before `start`."""
        self._held[platform] = asyncio.Event()
        return self._held[platform].set

    async def resume(self, run: str, place: str, cause: str) -> None:
        """Take up a run that waited, in its place's order; once for each cause."""
        await self._enqueue(f"{cause}:resume", place, "resume", {"run": run})

    async def job(self, key: str, lane: str, name: str, moment: float) -> None:
        """Run a job for a moment (`bot.schedule`), once for each key, one after another in a lane."""
        await self._enqueue(key, lane, "job", {"name": name, "moment": moment}, JOBS)

    async def take_over(self, replicas: list[str]) -> None:
        """Put what dead replicas were handling back into its order."""
        await asyncio.to_thread(DBOS._recover_pending_workflows, replicas)  # the only door to it in the library

    async def ended(self, before: float) -> list[str]:
        """The ids of up to 1,000 events that were handled and came before this time."""
        done = await DBOS.list_workflows_async(
            queue_name=list(self._queues),
            status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            end_time=datetime.fromtimestamp(before, UTC).isoformat(),
            limit=1_000,
            load_input=False,
            load_output=False,
        )
        return [one.workflow_id for one in done]

    async def forget(self, events: list[str]) -> None:
        """Forget that these events came; one of them delivered again would be handled again."""
        await DBOS.delete_workflows_async(events)

    async def _enqueue(self, event_id: str, lane: str, kind: str, event: dict[str, Any], queue: str = QUEUE) -> None:
        await self._ready.wait()
        with SetWorkflowID(event_id), SetEnqueueOptions(queue_partition_key=lane, priority=next(self._turns)):
            await DBOS.enqueue_workflow_async(queue, _handle, kind, event)
