"""A file has its name only when it is whole: a crash or a full disk leaves what had the name before."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def draft(folder: Path, data: bytes) -> Iterator[Path]:
    """The bytes under a passing, hidden name in the folder, which is made where it is missing. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{uuid.uuid4().hex}"
    try:
        path.write_bytes(data)
        yield path
    finally:
        path.unlink(missing_ok=True)


def put(path: Path, data: bytes) -> None:
    """The bytes under this name, in place of what had it before. Raises `OSError`."""
    with draft(path.parent, data) as whole:
        whole.replace(path)
