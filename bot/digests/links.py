"""The canonical form of a link: one story behind however many ways of linking to it."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

_TRACKING = re.compile(
    r"utm_\w+|(?:fb|g|dc|ms|tw|yc|igsh|gbra|wbra)cl?id|mc_[ce]id|_hs(?:enc|mi)|ref(?:errer|_src|_url)?|source|src|cmp(?:id)?|campaign"
    r"|share(?:d|_?id)?|spm|at_(?:medium|campaign)|s_?cid|ocid|ncid|mkt_tok|oly_(?:anon|enc)_id|vero_id|__twitter_impression|smid|sr_share",
    re.IGNORECASE,
)
_FRONT = re.compile(r"^(?:www\d?|m|mobile|amp)\.")
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)
_AMP = re.compile(r"/amp/?$|\.amp(?=\.html$)")
_ARXIV = re.compile(r"^/(?:abs|pdf|html)/(\d{4}\.\d{4,5}|[a-z-]+/\d{7})(?:v\d+)?(?:\.pdf)?$")


def canonical(link: str) -> str:
    """Without tracking, scheme, ``www.``, fragment and the order of what follows the ``?``; empty for what is no web address.

    A hash-bang (``#!``) is part of an address. Papers on arXiv go by their number, in whatever form and version.
    """
    try:
        parts = urlsplit(link.strip())
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return ""
    host = _FRONT.sub("", host.lower()) if host.count(".") > 1 else host.lower()
    path = _AMP.sub("", _INDEX.sub("/", re.sub(r"/{2,}", "/", unquote(parts.path)))).rstrip("/")
    if host.endswith("arxiv.org") and (paper := _ARXIV.match(path)):
        return f"arxiv.org/abs/{paper[1]}"
    query = sorted(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0]))
    shown_port = f":{port}" if port not in {None, 80, 443} else ""
    anchor = f"#{parts.fragment}" if parts.fragment.startswith("!") else ""
    return f"{host}{shown_port}{path}{'?' * bool(query)}{urlencode(query)}{anchor}"


def link_key(link: str, title: str) -> str:
    """What a story is remembered by: its canonical link; where it has none its title."""
    known = canonical(link) or " ".join(title.casefold().split())
    return hashlib.blake2b(known.encode(), digest_size=16).hexdigest()
