"""Actions and greetings that are recognised without a model: plain imperative sentences. A question is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.computing import computable


@dataclass(frozen=True, slots=True)
class Command:
    """A tool call that a sentence spells out."""

    tool: str
    arguments: dict[str, Any]


_FLAGS = re.IGNORECASE | re.DOTALL
_PLEASE = r"(?:please|kindly|(?:can|could|would|will)\s+you)\s+|(?:请|麻烦|帮我|你?能不?能?)\s*"
_LEAD = rf"^\s*(?P<polite>(?:{_PLEASE})*+)"  # taken whole: given back in pieces, thirty such words took minutes
_CHANNEL = r"#(?P<channel>[a-z0-9_-]++|(?![a-z0-9_-])[\w-]+)"
_STOP = r"\s*+[。.!?？]?\s*+$"
_THAT = r"(?:\s*(?:频道|里|中))*(?P<marked>\s*\bthat\b|\s*[:：,，])?\s*+(?P<text>(?=[\s.,:!?。，：！？]*+\S).+)"
_POSTS = (
    rf"(?:post|write|announce|say|send)\s+(?:in|into|to)\s+{_CHANNEL}{_THAT}",
    rf"(?:tell|notify|inform|message|ping)\s+{_CHANNEL}{_THAT}",
    rf"let\s+{_CHANNEL}\s+know{_THAT}",
    rf"(?:post|write|announce|say|send)\s++(?P<text>.+?)(?<!\s)\s++(?:in|into|to)\s+{_CHANNEL}{_STOP}",
    rf"在\s*{_CHANNEL}\s*(?:频道)?[里中上]?(?:发布|发|说|宣布|公告|通知)(?:一下|消息|一条消息)?{_THAT}",
    rf"(?:发到|发布到|发送到|通知|告诉)\s*{_CHANNEL}{_THAT}",
    rf"把(?P<text>.+?)(?:发|发布|发送)到\s*{_CHANNEL}\s*+(?:频道)?{_STOP}",
)
_POST = [re.compile(_LEAD + form, _FLAGS) for form in _POSTS]
_REMEMBER = re.compile(
    _LEAD + r"(?:(?:remember|note down|take a note|make a note)\b|记住|记下|记一下)(?:\s+(?:this|of))?" + _THAT, _FLAGS
)
_KEEP = r"(?:remember|memori[sz]e|keep|save|store|archive|index|add|put)\s+"
_THESE = r"(?:(?:all|both)(?:\s+of)?\s+)?(?:this|that|these|those|the|my|our|all|both)"
_FILES = r"(?:file|document|doc|attachment|upload|pdf|docx)s?"
_KINDS = (
    rf"(?:{_FILES}|(?:report|note|paper|page|list|plan|policy|manual|handbook|guide|slide|contract|invoice|minute|agenda|"
    r"table|sheet|spreadsheet|text|article|memo|proposal|summary|letter|form|rota|schedule)s?)"
)
_WHERE = (
    r"(?:\s*(?:,\s*)?(?:please|too|as well|for\s+(?:me|us|later|everyone|the\s+team)|(?:in|into|to)\s+(?:the|our|your|my)\s+"
    r"(?:team['’]?s?\s+)?(?:knowledge(?:\s*base)?|notes|memory|library|archive|wiki|index)))*+\s*+"
)
_ALSO = r"(?:[.!;:,。！–—].*)?[?？]?\s*$"
_IN_CHINESE = r"(?:这[个份些篇]|上面的|所有的?)?(?:附件|文件|文档)"
_KEEP_FILES = [
    re.compile(_LEAD + form, _FLAGS)
    for form in (
        rf"{_KEEP}{_THESE}\s+(?:[\w-]+\s+){{0,3}}?{_FILES}\b{_WHERE}{_ALSO}",
        rf"{_KEEP}{_THESE}\s+(?:attached|uploaded|enclosed)\s+[\w-]+(?:\s+[\w-]+){{0,4}}?{_WHERE}{_ALSO}",
        rf"(?:记住|保存|保留|存下|收录)(?:一下)?{_IN_CHINESE}[。.!！?？]*\s*$",
        rf"把{_IN_CHINESE}(?:存|保存|加|放|添加|收录)[到进入](?:知识库|资料库)[里中]?[。.!！?？]*\s*$",
    )
]
_KEEP_THESE = re.compile(
    _LEAD + rf"{_KEEP}(?:it|them|{_THESE}(?:\s+(?:[\w-]+\s+){{0,2}}?{_KINDS})?)\b{_WHERE}[.!?]*\s*$", _FLAGS
)
"""Where files came along, this means them."""
_KEEP_NAMED = re.compile(_LEAD + rf"{_KEEP}(?P<what>.+)$", _FLAGS)
_FILE = re.compile(
    r"(?<![\w.-])[\w-][\w.-]*\.(?:md|txt|html?|pdf|docx?|csv|tsv|rst|org|log|xlsx?|pptx?|json|ya?ml|png|jpe?g|zip)\b",
    re.IGNORECASE,
)
_BESIDE_FILES = re.compile(
    rf"(?:and|of|this|that|these|those|the|my|our|your|all|both|attached|uploaded|called|{_KINDS}|please|too|for|me|us|later|"
    r"everyone|in|into|to|team|knowledge|base|knowledgebase|memory|library|archive|wiki|index)",
    re.IGNORECASE,
)
_PYTHON = re.compile(
    _LEAD + r"(?:(?:run|execute|evaluate|calculate|compute)\b|计算|运行|执行)"
    r"(?:\s*(?:this|the|following|python|code|program|script|expression|一下)\b)*\s*[:：]?\s*(?P<code>.+)",
    _FLAGS,
)
_SUM = re.compile(
    _LEAD + r"(?:tell\s+me\s+)?(?:what(?:['’]s|\s+is)?\s+|how\s+much\s+is\s+)?"
    r"(?P<code>[\d.(](?:[\d\s.,()+*/×÷%–−-]|of\b|per\s?cent\b)*+)(?:is|等于|是)?(?:多少|几)?[\s=?？.。]*+$",
    _FLAGS,
)
_WORKS_OUT = re.compile(r"(?:[\d.)]\s*(?:[+×÷]|\*{1,2})|\s[-–−/]\s|(?:%|per\s?cent)\s+of\s)\s*[\d.(]", re.IGNORECASE)
"""What makes numbers a sum: 24/7, 2026-10-11 and 1984 are none."""
_FENCE = re.compile(r"```(?:python|py)?[ \t]*+\n?(.*?)```", re.DOTALL)
_NOTHING_ELSE = re.compile(r"\s*```(?P<python>python|py)?[ \t]*\n(?P<code>(?:(?!```).)*)```\s*", _FLAGS)
"""A block of code without a word; where it does not say of what, it may be anything."""
_URL = re.compile(r"https?://[^\s<>\[\]\"'“”‘’，。；：！？、（）【】「」《》]+")
_READ = re.compile(
    _LEAD + r"(?:(?:read|open|fetch|load|visit|browse|summari[sz]e|sum up|check|look at)\b|阅读|读|打开|总结|概括|看)",
    _FLAGS,
)
_WHAT_SAYS = re.compile(r"^\s*what(?:\s+does|['’]s\s+(?:in|on|at)|\s+is\s+(?:in|on|at))\s+$", re.IGNORECASE)
_RECALL = re.compile(r"(?:who|whom|what|when|where|why|which|how|if|whether)\b", re.IGNORECASE)
_QUOTES = ('""', "“”", "''", "‘’", "「」", "『』")
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|hola|good (?:morning|afternoon|evening)|thanks?|thank you|thx|help|help me|what can you do|"
    r"who are you|how do you work|你好|您好|谢谢|帮助)(?:\s+(?:there|footnote|all|so much|a lot))?\W*$",
    re.IGNORECASE,
)


_BARE = re.compile(
    _LEAD + r"(?:(?P<remember>remember|note down|take a note|make a note|记住|记下|记一下)|(?P<post>post|announce))"
    r"(?P<pointing>\s+(?:this|that|it)|\s*[这那]个?)?\W*$",
    _FLAGS,
)


def parse(text: str, attached: Sequence[str] = ()) -> Command | None:
    """The command that the text is, or None where it is a question or a statement.

    ``attached`` are the names of the files that came with it.
    """
    return _post(text) or _remember_file(text, attached) or _remember(text) or _python(text) or _read(text)


def urls(text: str) -> list[str]:
    """Every web address in a text, whole, without the punctuation that follows it."""
    return [_trimmed(match) for match in _URL.findall(text)]


def is_greeting(text: str) -> bool:
    """Whether the message says nothing but hello, thanks or help."""
    return bool(_GREETING.match(text))


def is_pointing(text: str) -> bool:
    """Whether it names an action on “this” or “it”: only who knows the talk before it can tell what that is."""
    match = _BARE.match(text)
    return match is not None and match["pointing"] is not None


def asks_back(text: str) -> str:
    """What to ask of somebody who names an action and nothing to do it with; empty where there is nothing to ask."""
    if not (match := _BARE.match(text)):
        return ""
    if match["remember"]:
        return "Remember what? Write it behind: “remember that the office closes at six”."
    return "Post what, and where? Write: “post the office closes at six in #general”."


def _post(text: str) -> Command | None:
    match = next((found for form in _POST if (found := form.match(text))), None)
    if match is None or (_asks(text) and not match["polite"] and not _colon(match)):
        return None
    said = _said(match)
    return Command("post_message", {"channel": match["channel"], "text": said}) if said else None


def _remember_file(text: str, attached: Sequence[str]) -> Command | None:
    """Files that came with it are to be kept: those that are named, or else all of them."""
    text = " ".join(text.split())
    if match := _KEEP_NAMED.match(text):
        named, rest = _files(match["what"], attached)
        is_all = all(map(_BESIDE_FILES.fullmatch, re.findall(r"\w+", rest)))
        if named and is_all and (match["polite"] or not _asks(text)):
            return Command("remember_file", {"files": named})
    forms = [*_KEEP_FILES, *([_KEEP_THESE] if attached else [])]
    match = next((found for form in forms if (found := form.match(text))), None)
    if match is None or (_asks(text) and not match["polite"]):
        return None
    return Command("remember_file", {"files": []})


def _files(text: str, attached: Sequence[str]) -> tuple[list[str], str]:
    """The files that a text names, attached or not, and what else it says."""
    found = []
    for name in sorted(attached, key=len, reverse=True):
        named = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
        if named.search(text):
            found.append(name)
            text = named.sub(" ", text)
    others = _FILE.findall(text)
    return [*(name for name in attached if name in found), *others], _FILE.sub(" ", text)


def _remember(text: str) -> Command | None:
    match = _REMEMBER.match(text)
    if match is None or (not match["marked"] and _RECALL.match(match["text"])):
        return None
    if _asks(text) and not (match["polite"] and match["marked"]) and not _colon(match):
        return None
    said = _said(match)
    return Command("remember", {"text": said}) if said and not _BARE.match(text) else None


def _python(text: str) -> Command | None:
    if block := _NOTHING_ELSE.fullmatch(text):
        code = computable(block["code"], program=bool(block["python"]))
        return Command("run_python", {"code": code}) if code else None
    match = _PYTHON.match(text)
    if match is None:
        return _sum(text)
    fence = _FENCE.search(match["code"])
    code = computable(fence[1] if fence else match["code"].strip().strip("`").rstrip("?？=。 "), program=bool(fence))
    return Command("run_python", {"code": code}) if code else None


def _sum(text: str) -> Command | None:
    """A question of nothing but numbers: what is 15% of 200?"""
    match = _SUM.match(text)
    if match is None or not _WORKS_OUT.search(match["code"]):
        return None
    code = computable(match["code"].strip(" .,"))
    return Command("run_python", {"code": code}) if code else None


def _read(text: str) -> Command | None:
    match = _URL.search(text)
    if match is None:
        return None
    before, url = text[: match.start()], _trimmed(match.group())
    after = text[match.start() + len(url) :]
    alone = not re.search(r"\w", before + after)
    asked = _WHAT_SAYS.match(before) and re.fullmatch(r"\W*+(?:say)?\W*+", after, re.IGNORECASE)
    return Command("read_page", {"url": url}) if alone or asked or _READ.match(before) else None


def _said(match: re.Match[str]) -> str:
    """What is to be kept or posted; a polite question's mark and quotation marks around all of it are not part of it."""
    said: str = match["text"].strip()
    if match["polite"]:
        said = said.rstrip("?？ ")
    for pair in _QUOTES:
        inner = said[1:-1]
        if inner and said[0] + said[-1] == pair and not set(pair) & set(inner):
            return inner.strip()
    return said


def _colon(match: re.Match[str]) -> bool:
    """Whether a colon says that what follows is to be taken as it stands, a question too."""
    return (match.groupdict().get("marked") or "").strip() in {":", "："}


def _asks(text: str) -> bool:
    return text.rstrip(" \"'”’」").endswith(("?", "？"))


def _trimmed(url: str) -> str:
    """Without trailing punctuation, and without a closing bracket that the address did not open."""
    end, unopened = len(url), url.count(")") - url.count("(")
    while url[end - 1] in ".,;:!?*_~|" or (url[end - 1] == ")" and unopened > 0):
        unopened -= url[end - 1] == ")"
        end -= 1
    return url[:end]


_THANKS = re.compile(r"^\W*(?:(?:many )?thanks?|thank you|thx|谢谢|多谢)\b.{0,40}$", re.IGNORECASE)


def is_thanks(text: str) -> bool:
    """Whether a greeting is a word of thanks."""
    return bool(_THANKS.match(text))
