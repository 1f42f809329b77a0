"""HTML: the main text of a page with its headings (trafilatura); where that loses text or headings, all of it (lxml)."""

from __future__ import annotations

import re

import lxml.html
from lxml import etree

from retrieval.errors import Unreadable
from retrieval.parsing.markdown import strip
from retrieval.parsing.parsed import Parsed
from retrieval.parsing.plain import decode

_NOT_TEXT = (
    "script",
    "style",
    "noscript",
    "template",
    "nav",
    "header",
    "footer",
    "aside",
    "form",
    "svg",
    "iframe",
    "button",
)
_BLOCKS = frozenset(
    "p div li tr br h1 h2 h3 h4 h5 h6 pre blockquote section article table ul ol dl dt dd figcaption".split()  # noqa: SIM905
)
_BEGINS = {"li": "- ", **{f"h{level}": f"{'#' * level} " for level in range(1, 7)}}
_AROUND = re.compile(
    r"(?:^|[\s_-])(?:nav(?:bar|igation|header|footer)?|side-?bar|bread-?crumbs?|menu|toc|cookies?|headerlink|skip)(?:[\s_-]|$)",
    re.IGNORECASE,
)
"""Classes and ids of what stands around a text: its way through the site, marks that link a heading to itself."""
_ROLES = frozenset({"navigation", "banner", "contentinfo", "search"})


def read(name: str, data: bytes) -> Parsed:
    """Raises `Unreadable` where there is no text to be found."""
    source = decode(name, data)
    try:
        tree = lxml.html.fromstring(source.encode("utf-8"), parser=lxml.html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, ValueError) as error:
        raise Unreadable(name, f"this is no HTML that can be read ({error})") from error
    title = " ".join((tree.findtext(".//title") or "").split())
    links = tuple(dict.fromkeys(href for href in tree.xpath("//a/@href") if not href.startswith(("#", "javascript:"))))
    _without_surroundings(tree)
    text, headings, _ = strip(_everything(tree))
    main = strip(_main(lxml.html.tostring(tree, encoding="unicode")))
    if len(main[0]) >= 0.5 * len(text) and len(main[1]) >= 0.8 * len(headings):
        text, headings, _ = main
    if not text.strip():
        raise Unreadable(name, "the page has no text")
    heading = next((one.text for one in headings if one.level == 1), "")
    return Parsed(title or heading, text, headings, links)


def _main(source: str) -> str:
    import trafilatura

    return trafilatura.extract(source, output_format="markdown", favor_recall=True, include_comments=False) or ""


def _without_surroundings(tree: lxml.html.HtmlElement) -> None:
    """Drop what is no text, and what is named like the way through a site, unless it holds much of the page."""
    most = 0.3 * len(tree.text_content())
    for element in [one for one in tree.iter() if isinstance(one.tag, str) and one.getparent() is not None]:
        named = f"{element.get('class', '')} {element.get('id', '')}"
        around = element.get("role") in _ROLES or _AROUND.search(named)
        if element.tag in _NOT_TEXT or (around and len(element.text_content()) < most):
            element.drop_tree()


def _everything(tree: lxml.html.HtmlElement) -> str:
    """The visible text in Markdown's form: headings and list items marked, one block a line, a table's cells apart."""
    parts: list[str] = []
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag == "title":
            continue
        if event == "start":
            if tag in _BLOCKS:
                parts.append(f"\n\n{_BEGINS[tag]}" if tag in _BEGINS else "\n")
            elif tag in {"td", "th"} and element.getprevious() is not None:
                parts.append(" | ")
            if tag:
                parts.append(_folded(element.text, tag))
        else:
            if tag in _BLOCKS:
                parts.append("\n")
            parts.append(_folded(element.tail, tag))
    lines = [line.strip() for line in "".join(parts).split("\n")]
    return "\n".join(line for line, before in zip(lines, ["x", *lines], strict=False) if line or before)


def _folded(text: str | None, tag: str) -> str:
    if not text:
        return ""
    if tag == "pre":
        return text
    return " ".join(text.split()).join((" " if text[0].isspace() else "", " " if text[-1].isspace() else ""))
