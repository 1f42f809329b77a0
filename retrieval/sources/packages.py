"""The documentation of the Python packages installed beside Footnote, and the language reference of Python itself.

For the very versions installed: each package's long description, the docstrings of the public API of the packages
Footnote is built on (read as text, nothing is imported), the topics of pydoc, and Footnote's own pages.
"""

from __future__ import annotations

import ast
import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from retrieval.documents import Audience, Document
from retrieval.errors import Unreadable
from retrieval.parsing.markdown import strip
from retrieval.sources import READING, Listed

DOCSTRINGS_OF = ("langgraph", "dbos", "lancedb", "apscheduler", "pydantic-settings", "typer", "structlog", "stamina")
"""Packages whose docstrings are read too: those a developer of an assistant asks about."""
SHORTEST_DOCSTRING = 200
_PUBLIC_FILES = 400


@dataclass(frozen=True, slots=True)
class _Page:
    id: str
    title: str
    uri: str
    version: str
    read: Callable[[], str]
    aliases: tuple[str, ...] = ()


class PackagesSource:
    """A `Source`; what it lists changes when packages are installed, upgraded or removed."""

    name = "packages"
    keeps = False

    def __init__(self, audience: Audience | None = None) -> None:
        self._audience = audience or Audience.public()
        self._pages: dict[str, _Page] = {}

    async def list(self) -> AsyncIterator[Listed]:
        self._pages = {page.id: page for page in await asyncio.to_thread(lambda: list(_pages()))}
        for page in self._pages.values():
            yield Listed(page.id, f"{READING}:{page.version}")

    async def read(self, listed: Listed) -> Document:
        page = self._pages[listed.id]
        source = await asyncio.to_thread(page.read)
        text, headings, links = await asyncio.to_thread(strip, source)
        if not text.strip():
            raise Unreadable(page.title, "it has no documentation")
        return Document(
            id=page.id,
            source=self.name,
            uri=page.uri,
            title=page.title,
            text=text,
            audience=self._audience,
            content_hash=listed.content_hash,
            headings=headings,
            links=links,
            aliases=page.aliases,
        )


def _pages() -> Iterator[_Page]:
    yield from _own_pages()
    yield from _topics()
    seen: set[str] = set()
    for distribution in metadata.distributions():
        name = (distribution.metadata["Name"] or "").lower().replace("_", "-")
        if not name or name in seen or name == "footnote":
            continue
        seen.add(name)
        page = _description(name, distribution)
        if page:
            yield page
        if name in DOCSTRINGS_OF:
            yield from _docstrings(name, distribution)


def _description(name: str, distribution: metadata.Distribution) -> _Page | None:
    about = distribution.metadata
    description = about.get_payload() or about["Description"]  # type: ignore[attr-defined]  # an email.message.Message
    if not isinstance(description, str) or len(description.strip()) < 80:
        return None
    summary = about["Summary"] or ""
    text = f"{summary}\n\n{description}" if summary and summary not in description else description
    return _Page(
        id=f"package:{name}",
        title=f"{about['Name']} {distribution.version}",
        uri=f"https://pypi.org/project/{name}/{distribution.version}/",
        version=distribution.version,
        read=partial(str, text),
        aliases=(name,),
    )


def _topics() -> Iterator[_Page]:
    """The language reference: https://docs.python.org/3/reference/ as pydoc carries it."""
    from pydoc_data.topics import topics

    version = ".".join(map(str, sys.version_info[:3]))
    for name, text in topics.items():
        lines = [line for line in text.splitlines() if line.strip("* \t")]
        title = lines[0].strip() if lines and len(lines[0]) < 80 else name
        yield _Page(
            id=f"python:{name}",
            title=f"Python {version}: {title}",
            uri="https://docs.python.org/3/reference/",
            version=_digest(version, text),
            read=partial(str, text),
            aliases=(title, name),
        )


def _own_pages() -> Iterator[_Page]:
    root = Path(__file__).resolve().parents[2]
    for path in [root / "README.md", root / "CHANGELOG.md", *sorted((root / "docs").rglob("*.md"))]:
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            title = next((line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("# ")), path.stem)
            relative = path.relative_to(root).as_posix()
            name = title if title.startswith("Footnote") else f"Footnote: {title}"
            yield _Page(f"footnote:{relative}", name, path.as_uri(), _digest(text), partial(str, text), (title,))


def _docstrings(name: str, distribution: metadata.Distribution) -> Iterator[_Page]:
    """One page a public module: the docstrings of its public functions and classes."""
    files = [file for file in distribution.files or () if file.suffix == ".py" and _is_public(file.parts)]
    for file in files[:_PUBLIC_FILES]:
        path = Path(str(distribution.locate_file(file)))
        module = ".".join(part.removesuffix(".py") for part in file.parts if part != "__init__.py")
        text = _api_page(path)
        if not text:
            continue
        yield _Page(
            id=f"api:{module}",
            title=f"{module} ({name} {distribution.version})",
            uri=f"https://pypi.org/project/{name}/{distribution.version}/",
            version=distribution.version,
            read=partial(str, text),
            aliases=(module,),
        )


def _is_public(parts: tuple[str, ...]) -> bool:
    names = [part for part in parts if part != "__init__.py"]
    hidden = ("_", "test", "conftest", "vendor", "migration", "cli", "alembic")
    return bool(names) and not any(name.startswith(hidden) or name == ".." for name in names)


def _api_page(path: Path) -> str:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
    except (SyntaxError, ValueError, OSError, RecursionError):
        return ""
    parts: list[str] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        documentation = ast.get_docstring(node) or ""
        if len(documentation) >= SHORTEST_DOCSTRING:
            parts.append(f"## {node.name}\n\n{documentation}")
    return "\n\n".join(parts)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
