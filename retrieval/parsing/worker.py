"""Reading in a process of its own: one that hangs is killed, one that eats memory dies alone."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import sys
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from weakref import WeakKeyDictionary

from retrieval.errors import Unreadable
from retrieval.parsing.parsed import Parsed

SECONDS = 60.0
MEMORY = 2 << 30
"""Bytes of address space of a reader, where the system can hold it to that."""
PROCESSES = 2
"""Readers at work at once."""
_places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
"""A semaphore belongs to one event loop."""
_idle: list[ProcessPoolExecutor] = []
"""Readers with nothing to do, each a pool of one process: killing it disturbs no other file."""


async def read(reader: str, name: str, data: bytes) -> Parsed:
    """What ``retrieval.parsing.READER.read`` gives. Raises `Unreadable`, also at the ceiling of time or memory.

    A read that is cancelled ends its process: nobody waits for what it may still do.
    """
    async with _places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(PROCESSES)):
        pool, future = _started(reader, name, data)
        done = False
        try:
            result = await asyncio.wait_for(asyncio.wrap_future(future), SECONDS)
            done = True
        except TimeoutError as error:
            raise Unreadable(name, f"reading it took more than {SECONDS:.0f} seconds") from error
        except (BrokenProcessPool, MemoryError) as error:
            raise Unreadable(name, "reading it took more memory than a document should") from error
        finally:
            _idle.append(pool) if done else _kill(pool)
    if isinstance(result, str):
        raise Unreadable(name, result)
    return result


def _started(reader: str, name: str, data: bytes) -> tuple[ProcessPoolExecutor, Future[Parsed | str]]:
    """The read, under way in an idle process; in a new one where there is none, or where it died meanwhile."""
    try:
        pool = _idle.pop()
        return pool, pool.submit(_read, reader, name, data)
    except (IndexError, BrokenProcessPool):
        pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_limit)
        return pool, pool.submit(_read, reader, name, data)


def _read(reader: str, name: str, data: bytes) -> Parsed | str:
    """In the worker: the parsed file, or the reason it can't be read (exceptions with two arguments don't pickle)."""
    try:
        parsed: Parsed = importlib.import_module(f"retrieval.parsing.{reader}").read(name, data)
    except Unreadable as error:
        return error.reason
    except RecursionError:
        return "it is nested too deeply"
    return parsed


def _kill(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(wait=False, cancel_futures=True)


def _limit() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
