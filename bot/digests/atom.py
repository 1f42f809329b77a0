"""The archive of a subscription as an Atom feed. RFC 4287: https://www.rfc-editor.org/rfc/rfc4287."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

from bot.digests.asking import KNOWLEDGE
from bot.digests.editions import Edition, Entry
from bot.digests.subscriptions import Subscription

MEDIA_TYPE = "application/atom+xml"
_NAMESPACE = "http://www.w3.org/2005/Atom"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_open(subscription: Subscription) -> bool:
    """Whether its archive may be read beyond its place: what the knowledge base says there is for those who are there."""
    return KNOWLEDGE not in subscription.sources or subscription.place.platform == "console"


def feed(subscription: Subscription, editions: Sequence[Edition], address: str) -> bytes:
    """The feed that lies at ``address``; the editions newest first."""
    root = ElementTree.Element("feed", {"xmlns": _NAMESPACE})
    _text(root, "id", f"urn:footnote:digest:{subscription.id}")
    _text(root, "title", f"Digest on {subscription.topics or 'its sources'}")
    newest = max((one.written_at for one in editions), default=subscription.created_at)
    _text(root, "updated", _date(newest))
    ElementTree.SubElement(root, "link", {"rel": "self", "type": MEDIA_TYPE, "href": address})
    author = ElementTree.SubElement(root, "author")
    _text(author, "name", "Footnote")
    for edition in editions:
        entry = ElementTree.SubElement(root, "entry")
        _text(entry, "id", f"urn:footnote:digest:{edition.id}")
        _text(entry, "title", edition.title or edition.content["heading"])
        _text(entry, "updated", _date(edition.written_at))
        _text(entry, "content", _body(edition)).set("type", "html")
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _body(edition: Edition) -> str:
    content = edition.content
    parts = [f"<p>{html.escape(content['quiet'] or content['heading'])}</p>"]
    for entry in content["items"]:
        said = " ".join(html.escape(one["text"]) for one in entry.get("sentences", []))
        parts.append(f"<h3>{_link(entry)}</h3><p>{said}</p><p><em>{html.escape(entry.get('why', ''))}</em></p>")
    if content["rest"]:
        parts.append(f"<ul>{''.join(f'<li>{_link(entry)}</li>' for entry in content['rest'])}</ul>")
    parts += [f"<p>{html.escape(note)}</p>" for note in content["notes"]]
    return "".join(parts)


def _link(entry: Entry) -> str:
    title, link = html.escape(entry["title"]), entry["link"]
    return f'<a href="{html.escape(link)}">{title}</a>' if link.startswith(("http://", "https://")) else title


def _text(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    made = ElementTree.SubElement(parent, name)
    made.text = _NOT_XML.sub("", text)
    return made


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
