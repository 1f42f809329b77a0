"""A folder of documents, or one file: an Obsidian vault, a handbook, a download."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Unreadable
from retrieval.parsing import SUFFIXES, parse
from retrieval.sources import Listed

IGNORE_FILE = ".footnoteignore"
_SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
_TOO_LARGE = "too-large"
_FORBIDDEN = "forbidden"


class FolderSource:
    """Everything readable under a path. Hidden folders, links out of it and what .footnoteignore names are left out."""

    def __init__(self, path: Path, audience: Audience | None = None, max_bytes: int = 50_000_000) -> None:
        self._root = path.expanduser().resolve()
        self._audience = audience or Audience.everyone()
        self._max_bytes = max_bytes
        self._away: list[tuple[str, str]] = []
        self.name = f"folder:{self._root}"

    async def list(self) -> AsyncIterator[Listed]:
        """Raises `Unreadable` where the path is away."""
        for one in await asyncio.to_thread(lambda: [self._listed(path) for path in self._paths()]):
            yield one
        for folder, reason in self._away:
            yield Listed(f"file:{folder}/", _FORBIDDEN, away=reason)

    async def read(self, listed: Listed) -> Document:
        path = Path(listed.id.removeprefix("file:"))
        if listed.content_hash.startswith(_TOO_LARGE):
            size, limit = listed.size / 1e6, self._max_bytes / 1e6
            raise Unreadable(str(path), f"it has {size:,.0f} MB and the limit is {limit:,.0f} (FOOTNOTE_MAX_FILE_MB)")
        if listed.content_hash == _FORBIDDEN:
            raise Unreadable(str(path), await asyncio.to_thread(_why_not, path))
        try:
            data = await asyncio.to_thread(path.read_bytes)
            modified = (await asyncio.to_thread(path.stat)).st_mtime
        except OSError as error:
            raise Unreadable(str(path), (error.strerror or str(error)).lower()) from error
        parsed = await parse(str(path), data)
        relative = path.name if path == self._root else path.relative_to(self._root).as_posix()
        title = parsed.title or path.stem.replace("_", " ")
        return Document(
            id=listed.id,
            source=self.name,
            uri=path.as_uri(),
            title=title,
            text=parsed.text,
            audience=self._audience,
            content_hash=listed.content_hash,
            headings=parsed.headings,
            links=parsed.links,
            aliases=tuple(dict.fromkeys((*parsed.aliases, path.stem))),
            modified=modified,
            metadata={**parsed.metadata, "path": relative},
        )

    def _paths(self) -> Sequence[Path]:
        if self._root.is_file():
            return [self._root]
        if not self._root.is_dir():
            raise Unreadable(str(self._root), "there is no such file or folder")
        try:
            next(os.scandir(self._root), None)
        except OSError as error:
            raise Unreadable(str(self._root), (error.strerror or str(error)).lower()) from error
        return sorted(self._walk())

    def _walk(self) -> Iterator[Path]:
        ignored = self._ignored()
        self._away = []

        def away(error: OSError) -> None:
            self._away.append((str(error.filename), (error.strerror or str(error)).lower()))

        for folder, folders, files in os.walk(self._root, onerror=away):
            here = Path(folder)
            folders[:] = [
                name
                for name in folders
                if not name.startswith(".") and name not in _SKIPPED and not ignored(here / name, True)
            ]
            for name in files:
                path = here / name
                if name.startswith(".") or path.suffix.lower() not in SUFFIXES or ignored(path, False):
                    continue
                if not path.is_symlink() or path.resolve().is_relative_to(self._root):
                    yield path

    def _ignored(self) -> Callable[[Path, bool], bool]:
        """What the patterns of the ignore file match (as in a .gitignore)."""
        rules = self._root / IGNORE_FILE
        if not rules.is_file():
            return lambda path, is_folder: False
        from pathspec import GitIgnoreSpec

        spec = GitIgnoreSpec.from_lines(rules.read_text(encoding="utf-8", errors="replace").splitlines())
        return lambda path, is_folder: spec.match_file(path.relative_to(self._root).as_posix() + "/" * is_folder)

    def _listed(self, path: Path) -> Listed:
        document = f"file:{path}"
        try:
            about = path.stat()
            size = about.st_size
            if not stat.S_ISREG(about.st_mode):
                return Listed(document, _FORBIDDEN)
            if size > self._max_bytes:
                return Listed(document, f"{_TOO_LARGE}:{size}", size)
            return Listed(document, content_hash(path.read_bytes()), size)
        except OSError:
            return Listed(document, _FORBIDDEN)


def _why_not(path: Path) -> str:
    """Why a file can't be opened, in words."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return "it is no ordinary file"
        with path.open("rb"):
            return "it could not be read when it was looked at; sync again"
    except OSError as error:
        return (error.strerror or str(error)).lower()
