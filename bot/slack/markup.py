"""Markdown as Slack shows it, and nothing in it that calls people: what goes out; and what people wrote: what comes in.

A `markdown` block and a stream take standard Markdown (docs.slack.dev/reference/block-kit/blocks/markdown-block);
everything else takes Slack's own mrkdwn, in which only ``& < >`` must be escaped
(docs.slack.dev/messaging/formatting-message-text#escaping).
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

PART = 11_500
"""Characters of Markdown in one message: a little under the 12,000 of all its markdown blocks together."""
FALLBACK = 3_000
"""Characters of the plain text beside the blocks; chat.update refuses more than 4,000."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CALL = re.compile(r"(<)(?=[@!#])|(@)(?=(?:here|channel|everyone|group)\b)", re.IGNORECASE)
_MARKUP = re.compile(r"\\([^\w\s])|\*\*(.+?)\*\*|^\*(.+)\*$", re.MULTILINE)
"""A sign with its backslash, bold words, a line in italics."""
_APART = "\u2060"
_MARK = re.compile(r"\[(\d+)\](?!\()")
_FENCE = re.compile(r"^(`{3,}|~{3,})", re.MULTILINE)
_REFERENCE = re.compile(r"<([@#!])?([^<>|]*)(?:\|([^<>]*))?>")


def clean(text: str) -> str:
    """Without control characters, which Slack refuses or drops."""
    return _CONTROL.sub("", text)


def harmless(text: str) -> str:
    """Markdown that calls nobody: an invisible joiner parts what Slack would read as a mention, in code as well."""
    return _CALL.sub(lambda found: found[0] + _APART, clean(text))


def escaped(text: str) -> str:
    """Text as itself in mrkdwn, on one line."""
    return html.escape(" ".join(harmless(text).split()), quote=False)


def fallback(text: str) -> str:
    """The plain text that notifications and screen readers tell in place of the blocks; they read no Markdown."""
    return escaped(_MARKUP.sub(r"\1\2\3", text[:FALLBACK]))[:FALLBACK]


def linked(text: str, links: Mapping[int, str]) -> str:
    """Markdown in which each [n] leads to where its footnote does."""

    def link(mark: re.Match[str]) -> str:
        address = links.get(int(mark[1]))
        return f"[\\[{mark[1]}\\]]({address})" if address else mark[0]

    return _MARK.sub(link, harmless(text))


def split(text: str, most: int = PART) -> list[str]:
    """Parts of at most ``most`` characters, between paragraphs where that is possible and never inside a block of code."""
    parts = [""]
    for paragraph in _paragraphs(text):
        for piece in _pieces(paragraph, most):
            joined = f"{parts[-1]}\n\n{piece}" if parts[-1] else piece
            if len(joined) <= most:
                parts[-1] = joined
            else:
                parts.append(piece)
    return parts


def _paragraphs(text: str) -> list[str]:
    """Paragraphs; a fenced block of code is one, whatever empty lines are in it."""
    found: list[str] = []
    open_fence = ""
    for paragraph in text.split("\n\n"):
        if open_fence:
            found[-1] = f"{found[-1]}\n\n{paragraph}"
        else:
            found.append(paragraph)
        for fence in _FENCE.findall(paragraph):
            if not open_fence:
                open_fence = fence
            elif fence.startswith(open_fence):
                open_fence = ""
    return [paragraph for paragraph in found if paragraph]


def _pieces(paragraph: str, most: int) -> list[str]:
    """A paragraph that is too long, cut at line ends, then between words, then anywhere; code stays code."""
    if len(paragraph) <= most:
        return [paragraph]
    fence = _FENCE.match(paragraph)
    room = most - 2 * (len(fence[0]) + 1) if fence else most
    body = paragraph.strip("`~\n") if fence else paragraph
    pieces = []
    while body:
        cut = len(body) if len(body) <= room else _cut(body, room)
        pieces.append(body[:cut])
        body = body[cut:].lstrip("\n")
    return [f"{fence[0]}\n{piece}\n{fence[0]}" for piece in pieces] if fence else pieces


def _cut(text: str, room: int) -> int:
    for mark in ("\n", " "):
        if (at := text.rfind(mark, room // 2, room)) > 0:
            return at
    link = text.rfind("[\\[", room // 2, room)
    return link if link > text.rfind(")", 0, room) else room


def readable(text: str, names: Mapping[str, str]) -> str:
    """What somebody wrote, with ``names`` in place of the user ids in it, and no other of Slack's references."""

    def shown(found: re.Match[str]) -> str:
        kind, target, label = found[1], found[2], found[3]
        match kind:
            case "@":
                return f"@{label or names.get(target, target)}"
            case "#":
                return f"#{label or target}"
            case "!" if target.startswith("subteam^") and not label:
                return "a user group"  # its name takes a scope of its own
            case "!":
                return f"@{label or target.partition('^')[0]}".replace("@@", "@")
            case _:
                return f"{label} ({target})" if label and label not in target else target

    return html.unescape(_REFERENCE.sub(shown, text)).strip()


def users_in(text: str) -> list[str]:
    """The ids of people who are mentioned in it, in order."""
    return [found[2] for found in _REFERENCE.finditer(text) if found[1] == "@"]


def without(text: str, user: str) -> str:
    """The text without the mentions of a user."""
    return re.sub(rf"<@{re.escape(user)}(\|[^<>]*)?>[:,]?\s*", "", text).strip()


def is_to_others(text: str) -> bool:
    """Whether it begins with the name of somebody or of a group, or calls everybody: @here, @channel, @everyone."""
    return text.lstrip().startswith(("<@", "<!subteam^")) or bool(re.search(r"<!(here|channel|everyone)\b", text))
