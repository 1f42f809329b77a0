"""DOCX through mammoth, its headings kept. A zip bomb is refused by what it says, and by what it holds."""

from __future__ import annotations

import io
import zipfile

import mammoth

from retrieval.errors import Unreadable
from retrieval.parsing import html
from retrieval.parsing.parsed import Parsed

MAX_UNPACKED = 200_000_000
"""Bytes that a document may unpack to."""
_MAX_RATIO = 200


def read(name: str, data: bytes) -> Parsed:
    """Raises `Unreadable` where it is no DOCX, or unpacks to far more than a document does."""
    _refuse_bombs(name, data)
    try:
        page = mammoth.convert_to_html(io.BytesIO(data)).value
    except (zipfile.BadZipFile, KeyError, ValueError, AttributeError, OSError) as error:
        raise Unreadable(name, f"the DOCX is broken ({type(error).__name__})") from error
    if not page.strip():
        raise Unreadable(name, "the DOCX holds no text")
    return html.read(name, f"<html><body><main>{page}</main></body></html>".encode())


def _refuse_bombs(name: str, data: bytes) -> None:
    """Unpacks each part in small pieces and counts, since a bomb lies about its size."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "word/document.xml" not in archive.namelist():
                raise Unreadable(name, "this is no DOCX, whatever its name says")
            unpacked = 0
            for part in archive.infolist():
                with archive.open(part) as stream:
                    while piece := stream.read(1 << 20):
                        unpacked += len(piece)
                        if unpacked > min(MAX_UNPACKED, max(20_000_000, len(data) * _MAX_RATIO)):
                            raise Unreadable(name, "it unpacks to far more than a document does (a zip bomb?)")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise Unreadable(name, f"this is no DOCX that can be read ({type(error).__name__})") from error
