"""Whose turn it is on the one thread that a model computes on: people who wait go before what runs behind them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from queue import Empty, PriorityQueue
from typing import TypeVar

Result = TypeVar("Result")
_Turn = tuple[bool, int, int, Callable[[], object], "Future[object]"]


class Turns:
    """One thread. A piece of work that has begun is done to its end, so whoever waits, waits for one piece at most."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: PriorityQueue[_Turn] = PriorityQueue()
        self._order = itertools.count()

    async def take(self, work: Callable[[], Result], *, behind: bool, place: int = 0) -> Result:
        """What ``work`` returns, or raises.

        What is ``behind`` comes when nothing else waits. Of the rest, and of what is behind, the first pieces of what
        was asked for (``place`` 0) come first, so that a little is not held up by much.
        """
        future: Future[Result] = Future()
        self._waiting.put((behind, place, next(self._order), work, future))  # type: ignore[arg-type]  # of any result
        self._thread.submit(self._next)
        return await asyncio.wrap_future(future)

    async def groups(
        self, work: Callable[[Sequence[str]], Result], texts: Sequence[str], size: int, *, behind: bool
    ) -> list[Result]:
        """What ``work`` makes of groups of so many texts, in their order, a turn for each group."""
        groups = [texts[start : start + size] for start in range(0, len(texts), size)]
        turns = [self.take(partial(work, group), behind=behind, place=place) for place, group in enumerate(groups)]
        return await asyncio.gather(*turns)

    def close(self) -> None:
        """What has not begun is cancelled."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        with suppress(Empty):
            while True:
                self._waiting.get_nowait()[-1].cancel()

    def _next(self) -> None:
        *_, work, future = self._waiting.get_nowait()
        if not future.set_running_or_notify_cancel():
            return  # whoever asked has left
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  # it is raised where the work was asked for
            future.set_exception(error)
