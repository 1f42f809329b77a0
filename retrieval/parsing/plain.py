"""Plain text, in whatever encoding it is."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

from retrieval.errors import Unreadable
from retrieval.parsing.parsed import Parsed

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read(name: str, data: bytes) -> Parsed:
    """The text as it is. Raises `Unreadable` where it is no text or empty."""
    return Parsed(title="", text=decode(name, data))


def decode(name: str, data: bytes) -> str:
    """The text of these bytes, line ends made equal. Raises `Unreadable` for what is no text, or nothing."""
    text = _decoded(name, data).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise Unreadable(name, "the file is empty")
    return text


def _decoded(name: str, data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" in data[:65_536]:
        raise Unreadable(name, "this is not text but binary data, whatever its name says")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        guess = from_bytes(data[:200_000]).best()
    text = data.decode(guess.encoding if guess else "latin-1", errors="replace")
    strange = sum(not (char.isprintable() or char in "\n\t\r\f") for char in text[:65_536])
    if strange > len(text[:65_536]) * 0.05:
        raise Unreadable(name, "this is not text but binary data, whatever its name says")
    return text
