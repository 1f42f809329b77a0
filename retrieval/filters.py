"""What a question says about where to look: “since March”, “in #design”, “from Mei”, “in roadmap.md”.

A rule, for English, Chinese and Japanese. It says what the words could mean; whether anything is there is for the search to see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from retrieval.links import fold

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_UNITS = r"(?:hours?|days?|weeks?|months?|years?)"
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "couple of": 2, "three": 3, "few": 3, "four": 4, "five": 5, "six": 6}
_COUNT = rf"(?:\d{{1,3}}|{'|'.join(_COUNTS)})"
_SECONDS = {"hour": 3_600, "day": 86_400, "week": 7 * 86_400, "month": 30 * 86_400, "year": 365 * 86_400}
_DATE = (
    rf"(?:\d{{4}}-\d{{2}}-\d{{2}}|(?:the )?\d{{1,2}}(?:\.|st|nd|rd|th)? (?:of )?{_MONTH}(?: \d{{4}})?"
    rf"|(?:last )?{_MONTH}(?: \d{{1,2}}(?:st|nd|rd|th)?)?(?:,? \d{{4}})?"
    rf"|{_DAY}|yesterday|today|last (?:week|month|year|{_DAY})|{_COUNT} {_UNITS} ago|(?:19|20)\d{{2}})"
)
_HAN = r"(?:\d{1,2}|十[一二]?|[一二三四五六七八九])"
_EAST = (
    rf"(?:\d{{4}}年(?:\d{{1,2}}月)?(?:\d{{1,2}}日)?|{_HAN}月(?:\d{{1,2}}日)?|"
    r"昨天|今天|上周|上个月|去年|一昨日|昨日|今日|先週|先月|昨年)"
)
_SINCE = re.compile(
    rf"\b(?:ever )?(?:since|after)\s+({_DATE})\b|(?:自从?|从)?({_EAST})(?:以来|以后|之后|以降[に、の]?|から|起)",
    re.IGNORECASE,
)
_UNTIL = re.compile(rf"\b(?:before|until|till)\s+({_DATE})\b|({_EAST})(?:以前|之前|より前)", re.IGNORECASE)
_LATELY = re.compile(rf"\b(?:in|over|within|during) the (?:last|past) ({_COUNT} )?({_UNITS})\b", re.IGNORECASE)
_CHANNEL = re.compile(r"(?:\b(?:in|from|on)\s+|在|^|(?<=\s))#([\w\-]*[^\W\d_][\w\-]*)", re.IGNORECASE)
_NAME = r"@?([^\W\d_a-z][\w'’.-]{0,60}(?: [^\W\d_a-z][\w'’.-]{0,60}){0,2})"
_AUTHOR = re.compile(
    rf"\b(?:[Ff]rom|[Bb]y|[Aa]ccording to)\s+{_NAME}|\bdid\s+{_NAME}\s+(?:say|write|post|ask|decide|mention|think|suggest)\b"
    rf"|{_NAME}\s+(?:wrote|said|says|posted|asked|decided|mentioned|suggested)\b"
    rf"|([A-Z][\w'’.-]*?|[\u30a0-\u30ff\u4e00-\u9fff]{{1,10}})\s?さん|{_NAME}\s?(?:说|写了|提到)"
)
_ENDING = r"\.(?:md|markdown|mdx|html?|txt|pdf|docx)(?![A-Za-z0-9_])"
_OPENS, _CLOSES = "“\"'‘「『《", "”\"'’」』》"
_APART = rf"\s(（），。、：？{_OPENS}{_CLOSES}"
_FILE = re.compile(
    rf"(?<![^\s{_OPENS}])[{_OPENS}]([^{_OPENS}{_CLOSES}\n]{{1,200}}{_ENDING})[{_CLOSES}]"
    rf"|(?<![^{_APART}])([^{_APART}]{{1,200}}{_ENDING})",
    re.IGNORECASE,
)
"""A name in quotes may have spaces."""
_IN_FILE = re.compile(rf"(?:\b(?:in|from|of) (?:the (?:file|document) )?)?(?:{_FILE.pattern})", re.IGNORECASE)
_LANGUAGES = ["en", "zh", "ja"]


@dataclass(frozen=True, slots=True)
class Understood:
    """What a question holds its answer to; names folded, times in seconds since 1970, ``until`` not included."""

    authors: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    since: float | None = None
    until: float | None = None

    def __bool__(self) -> bool:
        return self != Understood()


def understood(question: str, now: float) -> Understood:
    """What the words of a question say, taken literally; imports dateparser where a date is in it."""
    since, until = _SINCE.search(question), _UNTIL.search(question)
    start = _parsed(since[1] or since[2], now) if since else _lately(question, now)
    end = _parsed(until[1] or until[2], now) if until else None
    return Understood(
        authors=frozenset(fold(name) for found in _AUTHOR.findall(question) for name in found if name),
        channels=frozenset(map(fold, _CHANNEL.findall(question))),
        files=frozenset(fold(max(names).rpartition(".")[0]) for names in _FILE.findall(question)) - {""},
        since=start,
        until=end if start is None or end is None or end > start else None,
    )


def without_place(question: str) -> str:
    """The question without the words that say where and of when, where anything else is left; names of people stay."""
    rest = question
    for pattern in (_SINCE, _UNTIL, _LATELY, _CHANNEL, _IN_FILE):
        rest = pattern.sub(" ", rest)
    rest = re.sub(r"\s+([?？.!,])", r"\1", " ".join(rest.split()))
    return rest if re.search(r"[^\W_]", rest) else question


def _lately(question: str, now: float) -> float | None:
    found = _LATELY.search(question)
    if found is None:
        return None
    many = _COUNTS.get((found[1] or "one").strip().lower()) or int(found[1])
    return now - many * _SECONDS[found[2].lower().rstrip("s")]


def _parsed(words: str, now: float) -> float | None:
    """When that was, the beginning of the day, month or year meant."""
    plain = re.sub(rf"^(?:the |last (?={_MONTH}\b))", "", words, flags=re.IGNORECASE)
    found = _reader(int(now // 3_600)).get_date_data(re.sub(r"^(\d{4})年$", r"\1", plain))
    when: datetime | None = found.date_obj
    if when is None:
        return None
    when = when.replace(tzinfo=UTC)
    if found.period != "time" and " hour" not in words:
        when = when.replace(hour=0, minute=0, second=0, microsecond=0)
    if found.period == "week":
        when -= timedelta(days=when.weekday())
    return when.timestamp()


@lru_cache(maxsize=2)
def _reader(hour: int) -> Any:
    """The library's reader of dates, as of this hour."""
    from dateparser.date import DateDataParser

    at = datetime.fromtimestamp(hour * 3_600, UTC).replace(tzinfo=None)
    settings = {
        "RELATIVE_BASE": at,
        "PREFER_DATES_FROM": "past",
        "PREFER_DAY_OF_MONTH": "first",
        "PREFER_MONTH_OF_YEAR": "first",
    }
    return DateDataParser(languages=_LANGUAGES, settings=settings)
