"""The zip of a Slack export, opened with care: nothing is unpacked to disk, and no more is read than an export has."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from retrieval.errors import Unreadable
from retrieval.parsing import json

MAX_UNPACKED = 2_000_000_000
MAX_ENTRY = 100_000_000
MAX_ENTRIES = 500_000
MAX_RATIO = 200
"""Times that a whole export may be larger unpacked than packed; JSON of messages is about ten times larger."""
SMALL = 10_000_000
"""Bytes that are never too many, however well they were packed."""


class SlackArchive:
    """Rows of JSON by name. Raises `Unreadable` for a zip that is none, that climbs out, or that is a bomb."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = _opened(path)
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            reason = (error.strerror or "").lower() if isinstance(error, OSError) else "this is no zip that can be read"
            raise Unreadable(str(path), reason or "it can't be opened") from error
        try:
            self._check()
        except Unreadable:
            self._zip.close()
            raise

    def __enter__(self) -> SlackArchive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The objects in one file of it; empty where there is no such file."""
        try:
            with self._zip.open(self._root + name) as entry:
                data = entry.read(MAX_ENTRY + 1)
        except KeyError:
            return []
        except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
            raise Unreadable(f"{self._path.name}/{name}", "it can't be unpacked") from error
        if len(data) > MAX_ENTRY:
            raise Unreadable(f"{self._path.name}/{name}", f"it is larger than {MAX_ENTRY // 1_000_000} MB unpacked")
        rows = json.read(f"{self._path.name}/{name}", data)
        if not isinstance(rows, list):
            raise Unreadable(f"{self._path.name}/{name}", "this is no list as in a Slack export")
        return [row for row in rows if isinstance(row, dict)]

    def days(self, channel: str) -> Iterator[str]:
        """The names of a channel's files, oldest first."""
        start = f"{self._root}{channel}/"
        names = (name for name in self._names if name.startswith(start) and name.endswith(".json"))
        return (name.removeprefix(self._root) for name in sorted(names) if "/" not in name.removeprefix(start))

    def has(self, channel: str) -> bool:
        """Whether there is a folder for a channel, be it empty."""
        return any(name.startswith(f"{self._root}{channel}/") for name in self._names)

    def _check(self) -> None:
        entries = self._zip.infolist()
        self._names = [one.filename for one in entries]
        if len(entries) > MAX_ENTRIES or sum(one.file_size for one in entries) > self._most(entries):
            raise Unreadable(str(self._path), "it is far larger unpacked than an export is, and is not read")
        for name in self._names:
            if name.startswith("/") or "\\" in name or name[1:2] == ":" or ".." in PurePosixPath(name).parts:
                raise Unreadable(str(self._path), "it has paths that lead out of it, and is not read")
        roots = [
            name.removesuffix("channels.json") for name in self._names if PurePosixPath(name).name == "channels.json"
        ]
        roots = [root for root in roots if root.count("/") <= 1 and not root.startswith("__MACOSX")]
        if not roots:
            raise Unreadable(str(self._path), "this is no Slack export: channels.json is missing")
        self._root = min(roots, key=len)

    def _most(self, entries: list[zipfile.ZipInfo]) -> int:
        packed = sum(one.compress_size for one in entries)
        return min(MAX_UNPACKED, max(SMALL, packed * MAX_RATIO))


def _opened(path: Path) -> zipfile.ZipFile:
    """Slack writes names in UTF-8 and does not say so."""
    try:
        return zipfile.ZipFile(path, metadata_encoding="utf-8")
    except UnicodeDecodeError:
        return zipfile.ZipFile(path)
