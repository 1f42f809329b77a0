"""What was fetched, kept with its validators (ETag, Last-Modified): what did not change is not sent again."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import structlog

MOST_BYTES = 500_000_000
"""Packed bytes that are kept, those asked for last."""
_KEPT = ("content-type", "etag", "last-modified", "link")
_TABLE = "CREATE TABLE IF NOT EXISTS copies (key TEXT PRIMARY KEY, url TEXT, headers TEXT, body BLOB, size INT, asked_at REAL)"
_OLDEST = (
    "DELETE FROM copies WHERE key IN (SELECT key FROM (SELECT key, sum(size) OVER (ORDER BY asked_at DESC) AS upto FROM copies)"
    " WHERE upto > ?)"
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Copy:
    """What came from an address, and when it was asked for last."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    asked_at: float


class Copies:
    """Copies by key, in a file. One that can't be used costs requests, and stops nothing."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes

    async def get(self, key: str) -> Copy | None:
        try:
            return await asyncio.to_thread(self._get, key)
        except (sqlite3.Error, zlib.error, ValueError) as error:
            log.warning("copies can't be read", file=str(self._path), reason=str(error))
            return None

    async def put(self, key: str, copy: Copy) -> None:
        try:
            await asyncio.to_thread(self._put, key, copy)
        except sqlite3.Error as error:
            log.warning("copies can't be kept", file=str(self._path), reason=str(error))

    def _get(self, key: str) -> Copy | None:
        with closing(self._open()) as file:
            row = file.execute("SELECT url, headers, body, asked_at FROM copies WHERE key = ?", [key]).fetchone()
        return Copy(row[0], json.loads(row[1]), zlib.decompress(row[2]), row[3]) if row else None

    def _put(self, key: str, copy: Copy) -> None:
        body = zlib.compress(copy.body)
        headers = json.dumps({name: copy.headers[name] for name in _KEPT if name in copy.headers})
        with closing(self._open()) as file, file:
            row = [key, copy.url, headers, body, len(body), copy.asked_at]
            file.execute("INSERT OR REPLACE INTO copies VALUES (?, ?, ?, ?, ?, ?)", row)
            file.execute(_OLDEST, [self._most_bytes])

    def _open(self) -> sqlite3.Connection:
        file = sqlite3.connect(self._path, timeout=30)
        file.execute(_TABLE)
        return file
