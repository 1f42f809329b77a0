"""HTML: the main text of a page with its headings (trafilatura); where that finds little, all of its text (lxml)."""

from __future__ import annotations

import lxml.html
from lxml import etree

from retrieval.errors import Unreadable
from retrieval.parsing.markdown import strip
from retrieval.parsing.parsed import Parsed
from retrieval.parsing.plain import decode

_NOT_TEXT = "script|style|noscript|template|nav|header|footer|aside|form|svg|iframe|button"
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "li",
        "tr",
        "br",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "pre",
        "blockquote",
        "section",
        "article",
        "table",
        "dt",
        "dd",
        "td",
        "th",
    ]
)
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}


def read(name: str, data: bytes) -> Parsed:
    """Raises `Unreadable` where there is no text to be found."""
    source = decode(name, data)
    try:
        tree = lxml.html.fromstring(source.encode("utf-8"), parser=lxml.html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, ValueError) as error:
        raise Unreadable(name, f"this is no HTML that can be read ({error})") from error
    title = " ".join((tree.findtext(".//title") or "").split())
    links = tuple(dict.fromkeys(href for href in tree.xpath("//a/@href") if not href.startswith(("#", "javascript:"))))
    everything = _everything(tree)
    main = _main(source)
    text, headings, _ = strip(main if len(main) >= 0.5 * len(everything) else everything)
    if not text.strip():
        raise Unreadable(name, "the page has no text")
    heading = next((one.text for one in headings if one.level == 1), "")
    return Parsed(title or heading, text, headings, links)


def _main(source: str) -> str:
    import trafilatura

    return trafilatura.extract(source, output_format="markdown", favor_recall=True, include_comments=False) or ""


def _everything(tree: lxml.html.HtmlElement) -> str:
    """The visible text, headings marked as in Markdown, one block a line."""
    for element in tree.xpath("|".join(f"//{tag}" for tag in _NOT_TEXT.split("|"))):
        element.drop_tree()
    parts: list[str] = []
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag == "title":
            continue
        if event == "start":
            if tag in _BLOCKS:
                parts.append(f"\n\n{_HEADINGS[tag]} " if tag in _HEADINGS else "\n")
            if tag:
                parts.append(_folded(element.text, tag))
        else:
            if tag in _BLOCKS:
                parts.append("\n")
            parts.append(_folded(element.tail, tag))
    lines = ("".join(parts)).split("\n")
    kept = [line.strip() for line in lines]
    return "\n".join(line for line, before in zip(kept, ["x", *kept], strict=False) if line or before)


def _folded(text: str | None, tag: str) -> str:
    if not text:
        return ""
    if tag == "pre":
        return text
    return " ".join(text.split()).join((" " if text[0].isspace() else "", " " if text[-1].isspace() else ""))
