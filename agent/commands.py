"""Actions and greetings that are recognised without a model: plain imperative sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Command:
    """A tool call that a sentence spells out."""

    tool: str
    arguments: dict[str, Any]


_LEAD = r"^\s*(?:please\s+|can you\s+|could you\s+|请\s*)*"
_URL = re.compile(r"https?://[^\s<>()\[\]\"'，。）]+")
_REMEMBER = re.compile(
    _LEAD
    + r"(?:remember|note down|take a note|make a note|记住|记下)(?:\s+that\b|\s*[:：,，]|\s+this\s*[:：])?\s*(?P<text>.+)",
    re.IGNORECASE | re.DOTALL,
)
_POST_IN = re.compile(
    _LEAD
    + r"(?:post|write|announce|say|send)\s+(?:in|into|to)\s+#(?P<channel>[\w-]+)\s*(?:that\b|[:：,，])?\s*(?P<text>.+)",
    re.IGNORECASE | re.DOTALL,
)
_TELL = re.compile(
    _LEAD + r"tell\s+#(?P<channel>[\w-]+)\s*(?:that\b|[:：,，])?\s*(?P<text>.+)", re.IGNORECASE | re.DOTALL
)
_POST_TO = re.compile(
    _LEAD + r"(?:post|write|announce|say|send)\s+(?P<text>.+?)\s+(?:in|into|to)\s+#(?P<channel>[\w-]+)\s*[.!]?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_PYTHON = re.compile(
    _LEAD + r"(?:run|execute|evaluate|calculate|compute)\s*(?:this|python|code|the following)*\s*[:：]?\s*(?P<code>.+)",
    re.IGNORECASE | re.DOTALL,
)
_FENCE = re.compile(r"```(?:python|py)?\s*\n?(.*?)```", re.DOTALL)
_CODE = re.compile(r"^[\w\s.,+\-*/%()\[\]{}=<>:'\"#!&|^~@\\\n]+$")
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|hola|good (?:morning|afternoon|evening)|thanks?|thank you|thx|help|help me|what can you do|"
    r"who are you|how do you work|你好|您好|谢谢|帮助)(?:\s+(?:there|footnote|all|so much|a lot))?\W*$",
    re.IGNORECASE,
)


def parse(text: str) -> Command | None:
    """The command that the text is, or None where it is a question or a statement."""
    if match := _POST_IN.match(text) or _TELL.match(text) or _POST_TO.match(text):
        said = match["text"].strip().strip("\"“”'")
        return Command("post_message", {"channel": match["channel"], "text": said}) if said else None
    if match := _REMEMBER.match(text):
        return (
            None
            if match["text"].rstrip().endswith(("?", "？"))
            else Command("remember", {"text": match["text"].strip()})
        )
    if match := _PYTHON.match(text):
        fence = _FENCE.search(match["code"])
        code = (fence[1] if fence else match["code"]).strip().strip("`")
        if fence or (_CODE.match(code) and re.search(r"\d|\(", code)):
            return Command("run_python", {"code": code})
    if match := _URL.search(text):
        return Command("read_page", {"url": match.group().rstrip(".,;:!?")})
    return None


def urls(text: str) -> list[str]:
    """Every web address in a text."""
    return [match.rstrip(".,;:!?") for match in _URL.findall(text)]


def is_greeting(text: str) -> bool:
    """Whether the message says nothing but hello, thanks or help."""
    return bool(_GREETING.match(text))
