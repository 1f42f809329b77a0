"""A folder of documents, or one file: an Obsidian vault, a handbook, a download."""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Deleted, Empty, Unreadable, why
from retrieval.parsing import SUFFIXES, parse
from retrieval.sources import READING, Listed

IGNORE_FILE = ".footnoteignore"
_SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
_TOO_LARGE = "too-large"
_FORBIDDEN = "forbidden"
_ILL_NAMED = "ill-named"
_KEPT = "as where a disk is not mounted; what was read before is kept, until it is removed (footnote forget, or Remove)"


class FolderSource:
    """Everything readable under a path. Hidden folders, links out of it and what .footnoteignore names are left out."""

    def __init__(self, path: Path, audience: Audience | None = None, max_bytes: int = 50_000_000) -> None:
        self._root = _led_to(path.expanduser())
        self._audience = audience or Audience.everyone()
        self._max_bytes = max_bytes
        self._away: list[tuple[str, str]] = []
        self.name = f"folder:{_shown(self._root)}"
        self.keeps = False

    async def list(self) -> AsyncIterator[Listed]:
        """Raises `Unreadable` where the path is away, `Deleted` where it was one file of a folder that has others.

        `Empty` where there is nothing, unless an ignore file is there: then the folder is, and what it hides is meant.
        """
        for one in await asyncio.to_thread(self._found):
            yield one
        for folder, reason in self._away:
            yield Listed(f"file:{_shown(folder)}/", _FORBIDDEN, away=reason)

    async def read(self, listed: Listed) -> Document:
        path = Path(listed.id.removeprefix("file:"))
        await self._refuse(listed, path)
        try:
            data = await asyncio.to_thread(path.read_bytes)
            modified = (await asyncio.to_thread(path.stat)).st_mtime
        except OSError as error:
            raise Unreadable(str(path), why(error)) from error
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
            modified=parsed.written or modified,
            metadata={**parsed.metadata, "path": relative},
            anchors=parsed.anchors,
            authors=parsed.authors,
        )

    async def _refuse(self, listed: Listed, path: Path) -> None:
        """Raise what was found out about a file when it was listed."""
        if listed.content_hash.startswith(_TOO_LARGE):
            size, limit = listed.size / 1e6, self._max_bytes / 1e6
            raise Unreadable(str(path), f"it has {size:,.0f} MB and the limit is {limit:,.0f} (FOOTNOTE_MAX_FILE_MB)")
        if listed.content_hash == _ILL_NAMED:
            raise Unreadable(str(path), "its name is not in UTF-8; give it another one")
        if listed.content_hash == _FORBIDDEN:
            raise Unreadable(str(path), await asyncio.to_thread(_why_not, path))

    def _found(self) -> Sequence[Listed]:
        found = [self._listed(path) for path in self._paths()]
        if not found and not self._away and not (self._root / IGNORE_FILE).exists():
            raise Empty(_shown(self._root), f"it has nothing to read now, {_KEPT}")
        return found

    def _paths(self) -> Sequence[Path]:
        try:
            if self._root.is_file():
                return [self._root]
            if self._root.is_dir():
                next(os.scandir(self._root), None)
                return sorted(self._walk())
            was_file = self._root.suffix.lower() in SUFFIXES and self._root.parent.is_dir()
            if was_file and not any(self._root.parent.iterdir()):
                raise Unreadable(_shown(self._root), f"there is no such file, and its folder is empty, {_KEPT}")
        except OSError as error:
            raise Unreadable(_shown(self._root), why(error)) from error
        raise (Deleted if was_file else Unreadable)(_shown(self._root), "there is no such file or folder")

    def _walk(self) -> Iterator[Path]:
        ignored = self._ignored()
        self._away = []

        def away(error: OSError) -> None:
            self._away.append((str(error.filename), why(error)))

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
                if not path.is_symlink() or _leads_nowhere(path) or _led_to(path).is_relative_to(self._root):
                    yield path

    def _ignored(self) -> Callable[[Path, bool], bool]:
        """What the patterns of the ignore file match (as in a .gitignore)."""
        rules = self._root / IGNORE_FILE
        if not rules.is_file():
            return lambda path, is_folder: False
        from pathspec import GitIgnoreSpec

        try:
            spec = GitIgnoreSpec.from_lines(rules.read_text(encoding="utf-8", errors="replace").splitlines())
        except (OSError, ValueError, re.error) as error:  # what it hides must not be read instead
            raise Unreadable(_shown(rules), f"it can't be followed ({error})") from error
        return lambda path, is_folder: spec.match_file(path.relative_to(self._root).as_posix() + "/" * is_folder)

    def _listed(self, path: Path) -> Listed:
        document = f"file:{_shown(path)}"
        if _shown(path) != str(path):
            return Listed(document, _ILL_NAMED)
        try:
            about = path.stat()
            size = about.st_size
            if not stat.S_ISREG(about.st_mode):
                return Listed(document, _FORBIDDEN)
            if size > self._max_bytes:
                return Listed(document, f"{_TOO_LARGE}:{size}", size)
            return Listed(document, f"{READING}:{content_hash(path.read_bytes())}", size)
        except OSError:
            return Listed(document, _FORBIDDEN)


def _led_to(path: Path) -> Path:
    """Where a path leads in the end; links that go round in a circle lead nowhere else."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def _leads_nowhere(link: Path) -> bool:
    """Whether there is nothing at a link's end."""
    try:
        link.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _shown(path: Path | str) -> str:
    """A path that can be printed and kept: bytes of it that are not UTF-8 are spelt out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _why_not(path: Path) -> str:
    """Why a file can't be opened, in words."""
    if path.is_symlink() and _leads_nowhere(path):
        return "it is a link to no such file"
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return "it is no ordinary file"
        with path.open("rb"):
            return "it could not be read when it was looked at; sync again"
    except OSError as error:
        return why(error)
