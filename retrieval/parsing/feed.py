"""A feed (RSS 0.9 to 2.0, Atom): its title, and what it has now, newest as it comes.

It is read with the XML reader that sitemaps need too; a library for feeds would be one more way of reading XML.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from retrieval.parsing import xml
from retrieval.parsing.dates import timestamp

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


@dataclass(frozen=True, slots=True)
class Item:
    """One entry; ``content`` is HTML, or plain text where ``is_html`` is false."""

    id: str
    link: str
    title: str
    content: str
    is_html: bool
    authors: tuple[str, ...]
    modified: float


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says of itself, and its entries that can be told apart."""

    title: str
    items: tuple[Item, ...]


def read(name: str, data: bytes) -> Feed:
    """Raises `Unreadable` for what is no feed."""
    root = xml.tree(name, data, "feed (RSS, Atom)", ("rss", "feed", "RDF"))
    if root.tag == "feed":
        return Feed(xml.text(root, "title"), tuple(filter(None, map(_entry, root.iterchildren("entry")))))
    channel = root.find("channel")
    items = list(root.iterchildren("item")) + (list(channel.iterchildren("item")) if channel is not None else [])
    title = xml.text(channel, "title") if channel is not None else ""
    return Feed(title, tuple(filter(None, map(_item, items))))


def _item(element: etree._Element) -> Item | None:
    link = xml.text(element, "link")
    guid = xml.text(element, "guid")
    link = link or (guid if guid.startswith("http") else "")
    identity = guid or link or element.get(f"{{{_RDF}}}about", "")
    content = next((_whole(one) for name in ("encoded", "description") for one in element.iterchildren(name)), "")
    authors = [_person(words) for words in (xml.text(element, "creator"), xml.text(element, "author")) if words][:1]
    modified = timestamp(xml.text(element, "pubDate", "date"))
    return (
        Item(identity, link, xml.text(element, "title"), content, True, tuple(authors), modified) if identity else None
    )


def _entry(element: etree._Element) -> Item | None:
    links = {one.get("rel", "alternate"): one.get("href", "") for one in reversed(list(element.iterchildren("link")))}
    link = links.get("alternate", "")
    identity = xml.text(element, "id") or link
    body = next((one for name in ("content", "summary") for one in element.iterchildren(name) if _whole(one)), None)
    is_html = body is not None and body.get("type", "text") != "text"
    authors = filter(None, (xml.text(one, "name") for one in element.iterchildren("author")))
    modified = timestamp(xml.text(element, "updated", "published"))
    content = "" if body is None else _whole(body)
    title = xml.text(element, "title")
    return Item(identity, link, title, content, is_html, tuple(authors), modified) if identity else None


def _whole(element: etree._Element) -> str:
    """What is in an element: its text, or its own elements as they are (XHTML)."""
    if len(element):
        return "".join(etree.tostring(child, encoding="unicode") for child in element)
    return (element.text or "").strip()


def _person(words: str) -> str:
    """RSS writes an author as ``mei@example.org (Mei Lin)``."""
    _, bracket, name = words.partition("(")
    return name.rstrip(") ") if bracket else words
