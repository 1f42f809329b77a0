"""HTML: what is seen of a page; its main text alone (trafilatura) where that is a good part of it, headings and all."""

from __future__ import annotations

import re

import lxml.html
from lxml import etree

from retrieval.errors import Unreadable
from retrieval.parsing.markdown import strip
from retrieval.parsing.parsed import Parsed
from retrieval.parsing.plain import decode
from retrieval.parsing.visible import visible

_NOT_TEXT = frozenset(
    {
        "script",
        "style",
        "noscript",
        "template",
        "nav",
        "footer",
        "svg",
        "iframe",
        "button",
        "select",
        "textarea",
        "title",
    }
)
_AROUND = re.compile(
    r"(?:^|[\s_-])(?:nav(?:bar|igation|header|footer)?|bread-?crumbs?|menu|toc|cookies?|headerlink|skip)(?:[\s_-]|$)",
    re.IGNORECASE,
)
"""Classes and ids of what stands around a text: its way through the site, marks that link a heading to itself."""
_ROLES = frozenset({"navigation", "banner", "contentinfo", "search"})
_BESIDE = re.compile(r"(?:^|[\s_-])side-?bar(?:[\s_-]|$)", re.IGNORECASE)
"""Where either the way through a site stands, or a remark: it goes if it is mostly links."""
MOSTLY_LINKS = 0.5
MOST = 0.3
"""The part of a page's text that is no surroundings any more, whatever it is named."""
_SAID = {
    "author": "author",
    "dc.creator": "author",
    "article:modified_time": "modified",
    "article:published_time": "date",
    "dc.date": "date",
    "date": "date",
}
"""What a page's head says of it, and under which name it is kept."""
LEAST_MAIN, MOST_MAIN = 0.5, 0.9
"""Less of the text, and the main text has lost some; more, and the page says it better: code and headings as they are."""


def read(name: str, data: bytes) -> Parsed:
    """Raises `Unreadable` where there is no text to be found."""
    source = decode(name, data)
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = lxml.html.fromstring(source.encode("utf-8"), parser=parser)
    except (etree.ParserError, ValueError) as error:
        raise Unreadable(name, f"this is no HTML that can be read ({error})") from error
    title = " ".join((tree.findtext(".//title") or "").split())
    links = tuple(dict.fromkeys(href for href in tree.xpath("//a/@href") if not href.startswith(("#", "javascript:"))))
    said = _said(tree)
    _without_surroundings(tree)
    text, headings = visible(tree)
    main = strip(_main(lxml.html.tostring(tree, encoding="unicode")))
    # A heading too many was a comment in a piece of code.
    whole = 0.8 * len(headings) <= len(main[1]) <= len(headings)
    if whole and LEAST_MAIN <= len(main[0]) / max(1, len(text)) <= MOST_MAIN:
        text, headings, _ = main
    if not text.strip():
        too_deep = any(one.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for one in parser.error_log)
        raise Unreadable(name, "its elements are nested too deeply to be read" if too_deep else "the page has no text")
    heading = next((one.text for one in headings if one.level == 1), "")
    return Parsed(title or heading, text, headings, links, metadata=said)


def _said(tree: lxml.html.HtmlElement) -> dict[str, str]:
    """By whom and when a page says that it was written."""
    said: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = _SAID.get((meta.get("name") or meta.get("property") or "").lower())
        words = " ".join((meta.get("content") or "").split())
        if name and words:
            said.setdefault(name, words)
    return said


def _main(source: str) -> str:
    import trafilatura

    return trafilatura.extract(source, output_format="markdown", favor_recall=True, include_comments=False) or ""


def _without_surroundings(tree: lxml.html.HtmlElement) -> None:
    """Drop what is no text, and what is the way through a site by its name, unless it holds much of the page."""
    most = MOST * len(tree.text_content())
    for element in [one for one in tree.iter() if one.getparent() is not None]:
        named = f"{element.get('class', '')} {element.get('id', '')}"
        around = element.get("role") in _ROLES or _AROUND.search(named)
        beside = element.tag in {"header", "aside"} or _BESIDE.search(named)
        if element.tag in _NOT_TEXT or (around and len(element.text_content()) < most):
            element.drop_tree()
        elif beside and not _mostly_links(element):
            element.tag = "div"
            element.attrib.clear()  # or trafilatura drops it for its name
        elif beside:
            element.drop_tree()


def _mostly_links(element: lxml.html.HtmlElement) -> bool:
    within = sum(len(link.text_content()) for link in element.iter("a"))
    return within >= MOSTLY_LINKS * len(element.text_content().strip())
