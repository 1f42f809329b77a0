"""XML of others: no entity, no file and no address in it is followed. Feeds, sitemaps."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection
from contextlib import suppress
from io import BytesIO

from lxml import etree

from retrieval.errors import Unreadable

MAX_BYTES = 50_000_000
"""After decompression."""


def tree(name: str, data: bytes, kind: str, roots: Collection[str]) -> etree._Element:
    """The root, which has one of these names; all elements without namespace and prefix. Raises `Unreadable`: this is no KIND."""
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(_unpacked(name, data).strip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise Unreadable(name, f"this is no {kind}, and no XML at all")
    for element in root.iter(etree.Element):
        with suppress(ValueError):  # a name that is none stays as it came
            element.tag = str(element.tag).rpartition("}")[2].rpartition(":")[2]
    if (found := str(root.tag)) not in roots:
        raise Unreadable(name, f"this is no {kind} but {found[:40]}")
    return root


def text(element: etree._Element, *names: str) -> str:
    """What the first of these children that says something says, in one line."""
    for name in names:
        for child in element.iterchildren(name):
            if words := " ".join("".join(child.itertext()).split()):
                return words
    return ""


def _unpacked(name: str, data: bytes) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        with gzip.open(BytesIO(data)) as file:
            plain = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(name, "it can't be unpacked") from error
    if len(plain) > MAX_BYTES:
        raise Unreadable(name, f"it is larger than {MAX_BYTES // 1_000_000} MB when unpacked")
    return plain
