"""Reading in a process of its own: one that hangs is killed, one that eats memory dies alone."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from retrieval.errors import Unreadable
from retrieval.parsing.parsed import Parsed

SECONDS = 60.0
MEMORY = 2 << 30
"""Bytes of address space of a reader, where the system can hold it to that."""
PROCESSES = 2
_pool: ProcessPoolExecutor | None = None
_places = threading.BoundedSemaphore(PROCESSES)


async def read(reader: str, name: str, data: bytes) -> Parsed:
    """What ``retrieval.parsing.READER.read`` gives. Raises `Unreadable`, also at the ceiling of time or memory."""
    await asyncio.to_thread(_places.acquire)
    try:
        try:
            return await _read_once(reader, name, data)
        except BrokenProcessPool:
            # Perhaps it was the file beside it that broke the pool: it gets one chance of its own.
            return await _read_once(reader, name, data)
    except BrokenProcessPool as error:
        raise Unreadable(name, "reading it took more memory than a document should") from error
    finally:
        _places.release()


async def _read_once(reader: str, name: str, data: bytes) -> Parsed:
    global _pool
    if _pool is None:
        context = multiprocessing.get_context("spawn")
        _pool = ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=_limit)
    pool = _pool
    try:
        future = asyncio.get_running_loop().run_in_executor(pool, _read, reader, name, data)
        result = await asyncio.wait_for(future, SECONDS)
    except TimeoutError as error:
        _discard(pool)
        raise Unreadable(name, f"reading it took more than {SECONDS:.0f} seconds") from error
    except BrokenProcessPool:
        _discard(pool)
        raise
    except MemoryError as error:
        raise Unreadable(name, "reading it took more memory than a document should") from error
    if isinstance(result, str):
        raise Unreadable(name, result)
    return result


def _read(reader: str, name: str, data: bytes) -> Parsed | str:
    """In the worker: the parsed file, or the reason it can't be read (exceptions with two arguments don't pickle)."""
    try:
        parsed: Parsed = importlib.import_module(f"retrieval.parsing.{reader}").read(name, data)
    except Unreadable as error:
        return error.reason
    except RecursionError:
        return "it is nested too deeply"
    return parsed


def _discard(pool: ProcessPoolExecutor) -> None:
    global _pool
    if _pool is pool:
        _pool = None
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(wait=False, cancel_futures=True)


def _limit() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
