"""Leaving at once. A thread that computes can't be stopped; what it was at is taken up by the next sync."""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing import util
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End the process without waiting for its threads. Call when all that must be closed is closed."""
    for reader in multiprocessing.active_children():
        reader.kill()
    util._run_finalizers(0)  # type: ignore[attr-defined]  # as Python does, or it warns of semaphores that leaked
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
