"""Vectors that were paid for, in a file: the same words cost nothing the second time.

The store keeps the vectors of what it holds; this keeps them past it: when it is thrown away and filled again, when
two documents have one text, when a question is asked again or a file is attached again.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

MOST = 100_000
"""Vectors that are kept, the newest; with 1,024 numbers each that is some 450 MB."""
_TOGETHER = 500
_TABLE = "CREATE TABLE IF NOT EXISTS vectors (written INTEGER PRIMARY KEY, key BLOB UNIQUE, vector BLOB)"

log = structlog.get_logger()


class VectorCache:
    """Vectors by key. Several processes may use one file; one that can't be used costs money, and stops nothing."""

    def __init__(self, path: Path, most: int = MOST) -> None:
        self._path = path
        self._most = most

    async def get(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Those of the keys that are there."""
        try:
            return await asyncio.to_thread(self._get, keys)
        except sqlite3.Error as error:
            log.warning("vectors can't be kept", file=str(self._path), reason=str(error))
            return {}

    async def put(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        try:
            await asyncio.to_thread(self._put, vectors)
        except sqlite3.Error as error:
            log.warning("vectors can't be kept", file=str(self._path), reason=str(error))

    def _get(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        found: dict[bytes, NDArray[np.float32]] = {}
        with closing(self._open()) as file:
            for start in range(0, len(keys), _TOGETHER):
                group = keys[start : start + _TOGETHER]
                marks = ",".join("?" * len(group))
                rows = file.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", group)  # noqa: S608
                found.update((key, np.frombuffer(vector, np.float32)) for key, vector in rows)
        return found

    def _put(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        with closing(self._open()) as file, file:
            rows = [(key, vector.tobytes()) for key, vector in vectors.items()]
            file.executemany("INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)", rows)
            file.execute("DELETE FROM vectors WHERE written <= (SELECT max(written) FROM vectors) - ?", [self._most])

    def _open(self) -> sqlite3.Connection:
        file = sqlite3.connect(self._path, timeout=30)
        file.execute(_TABLE)
        return file
