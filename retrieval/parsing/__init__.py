"""Bytes in, text with headings out: Markdown, HTML, PDF, DOCX and plain text. One file a format.

Formats that can hang or eat memory (HTML, PDF, DOCX) are read in a process of their own, with a ceiling on its
memory and its time; the others in a thread.
"""

from __future__ import annotations

import asyncio
from pathlib import PurePath

from retrieval.parsing import markdown, plain, worker
from retrieval.parsing.parsed import Parsed

MARKDOWN = frozenset({".md", ".markdown", ".mdx"})
HTML = frozenset({".html", ".htm", ".xhtml"})
PLAIN = frozenset({".txt", ".text", ".rst", ".org", ".adoc", ".log", ".csv", ".tsv"})
SUFFIXES = MARKDOWN | HTML | PLAIN | {".pdf", ".docx"}
"""Endings of the files that can be read."""


async def parse(name: str, data: bytes) -> Parsed:
    """Read the bytes of a file of this name. Raises `Unreadable` with one reason in plain words."""
    suffix = PurePath(name).suffix.lower()
    if suffix in HTML or suffix in {".pdf", ".docx"}:
        reader = {".pdf": "pdf", ".docx": "docx"}.get(suffix, "html")
        return await worker.read(reader, name, data)
    read = markdown.read if suffix in MARKDOWN else plain.read
    return await asyncio.to_thread(read, name, data)


__all__ = ["SUFFIXES", "Parsed", "parse"]
