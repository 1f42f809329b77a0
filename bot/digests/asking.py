"""What somebody asks for, in words: “every weekday at 8, tell us what's new on retrieval evaluation from arxiv:cs.IR”.

Sources are named as ``feed:https://…`` (or any https address), ``arxiv:CATEGORY`` (or words to search there),
``github:OWNER/REPOSITORY`` for its releases, ``search:WORDS`` for what a search of the web finds (several words in quotes, or
with + between), ``hackernews``, and ``knowledge`` for what is new in the knowledge base. Length and language stand between
commas: “…, short, in German”; within what it is about, as of short stories, they are words like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_plus
from zoneinfo import available_timezones

from bot.cron import Cron
from bot.digests.phrases import LANGUAGES
from bot.digests.subscriptions import Length
from retrieval.fetching import shown

KNOWLEDGE = "knowledge"
HACKER_NEWS = "hackernews"
DEFAULT_SOURCES = (HACKER_NEWS, KNOWLEDGE)
NAMED = "feed:ADDRESS, arxiv:CATEGORY, github:OWNER/REPOSITORY, search:WORDS, hackernews, knowledge"
MOST_SOURCES = 30
MOST_TOPICS = 1_000
MOST_WORDS = 3_000
"""Characters of what is said that are read, sources left out."""
_CONTINENTS = frozenset({"Europe", "America", "Asia", "Africa", "Australia", "Pacific", "Atlantic", "Etc"})
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:days?|s)?"
_ZONE = re.compile(r"\b[A-Za-z]+(?:/[A-Za-z0-9_+-]+){1,2}|\bUTC\b|\bGMT\b")
_TIME = re.compile(
    r"\bat\s+(?P<word>noon|midday|midnight)\b|(?:\bat\s+)?\b(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))\s*(?P<half>[ap]\.?m\b\.?)?"
    r"|\bat\s+(?P<hour2>\d{1,2})\s*(?P<half2>[ap]\.?m\b\.?)?|\b(?P<hour3>\d{1,2})\s*(?P<half3>[ap]\.?m\b\.?)"
    r"|(?P<hour4>\d{1,2})\s*[点點时](?P<half4>半)?",
    re.IGNORECASE,
)
_EVERY = re.compile(
    rf"\b(?:(?:every|each|on)\s+)?(?P<weekdays>(?:week|work(?:ing)?\s*)days?)\b|\b(?P<daily>(?:every|each)\s+(?:day|morning|evening)|daily)\b"
    rf"|\b(?P<weekends>(?:every\s+)?weekends?)\b"
    rf"|\b(?:(?:every|each|on)\s+)?(?P<days>{_DAY}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*){_DAY})*)\b"
    r"|(?P<weekdays2>每个?工作日)|(?P<daily2>每[天日早]|每天早上)",
    re.IGNORECASE,
)
_ENDS_WITH_DAYS = re.compile(rf"(?:^|{_EVERY.pattern})$", re.IGNORECASE)
_BEFORE_TIME = re.compile(r"[\s,]*(?:at\b|\d|[:;.]|$)")
_SEARCH = r"search:(?:\"[^\"]*\"|“[^”]*”|„[^“”\"]*[“”\"]|[^\s,;\"“”„]+)"
_SOURCE = re.compile(
    rf"(?<![\w/])(?:{_SEARCH}|feed:https?://\S+|https?://\S+|arxiv:[\w.-]+|github:[\w.-]+/[\w.-]+|hacker\s?news\b|knowledge\s?base\b|knowledge\b)",
    re.IGNORECASE,
)
_QUOTES = '"“„'
_SPACE = re.compile(r"(?<=[^+])\+(?=[^+])")
"""Between two words; a + beside another one is of a name, such as C++."""
_NOT_IN_A_WORD = re.compile(r"[%+&,;\"“”„]")
_FIELD = re.compile(rf"{_SEARCH}|hacker\s+news\b|[^,\s]+", re.IGNORECASE)
_LEAD = re.compile(
    r"^\W*(?:(?:please|can you|could you)\W+)?(?:(?:tell|send|show|give|post|brief)\s+(?:us|me)\s+)?"
    r"(?:a\s+digest\s+(?:of|on|about)\s+)?(?:what(?:['’]?s|\s+is)\s+new\s+)?(?:(?:on|about|in|of|for)\s+)?"
    r"|^\W*(?:告诉我们?|发给?我们?)?",
    re.IGNORECASE,
)
_TAIL = re.compile(r"\b(?:from|in|at|with|on|and|using|via|time)$", re.IGNORECASE)
_SIGNS = " \t\n,;."
_BEFORE = 100
"""Characters before a word in which it is seen what it stands behind."""
_LANGUAGES = {"english": "English", "german": "Deutsch", "deutsch": "Deutsch", "chinese": "中文", "中文": "中文"}
_OTHERS = "french|spanish|italian|portuguese|dutch|polish|russian|ukrainian|turkish|arabic|hindi|japanese|korean"
_IN = rf"(?:(?:written\s+)?in\s+(?P<language>{'|'.join(_LANGUAGES)}|{_OTHERS})(?!\w))"
_LONG = r"(?:(?:a\s+|keep\s+it\s+)?(?P<length>short|normal|long)(?:\s+(?:one|version|length))?(?!\w))"
_MANNER = re.compile(
    rf"(?:{_LONG}(?:\s+(?:and\s+)?{_IN})?|{_IN.replace('<language>', '<language2>')})"
    r"(?=\s*(?:[,;，.]|$|(?:and|from|every|each|daily|at|with)\b))",
    re.IGNORECASE,
)
_BEHIND_BREAK = re.compile(
    rf"(?:^|[,;，.:]|{_EVERY.pattern}|{_TIME.pattern}|{_ZONE.pattern})\s*(?:and\s+)?$", re.IGNORECASE
)
_SHORT_DIGEST = re.compile(r"\b(?P<length>short|normal|long)\s+(?=digest\b)", re.IGNORECASE)
_WEEKLY = re.compile(
    r"(?<![,;\s])[,;\s]*+\b(?:and|with|plus)?\s*a?\s*weekly\s+summary(?:\s+on\s+fridays?)?", re.IGNORECASE
)
_FRONT = re.compile(r"^[\s,;:]*(?:(?:and|then|from|on|in)\s+)*", re.IGNORECASE)


class NotUnderstood(ValueError):
    """What can't be subscribed to; the message is one line that says how to write it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked for; ``cron`` on the clock of ``zone``."""

    topics: str
    sources: tuple[str, ...]
    cron: str
    zone: str
    weekly: bool = False
    length: Length = Length.NORMAL
    language: str = ""


def understood(text: str, zone: str) -> Wish:
    """``zone`` holds where the words name none. Raises `NotUnderstood` or `CronInvalid`."""
    sources = tuple(source(found[0]) for found in _SOURCE.finditer(text))
    length, language, rest = _manner(_SOURCE.sub(" , ", text))
    weekly = bool(_WEEKLY.search(rest))
    cron, zone, rest = _when(_WEEKLY.sub(" ", rest), zone)
    topics = _FRONT.sub("", _LEAD.sub("", _FRONT.sub("", " ".join(rest.split()))))
    topics = _without_tail(topics).strip(" ,;:.，。")[:MOST_TOPICS]
    if not topics and not sources:
        raise NotUnderstood(
            "Say what it is to be about: /digest every weekday at 8, what's new on retrieval evaluation."
        )
    named = tuple(dict.fromkeys(sources))[:MOST_SOURCES] or DEFAULT_SOURCES
    return Wish(topics, named, cron, zone, weekly, length, language)


def when(text: str, zone: str) -> tuple[str, str]:
    """The cron expression and time zone of words such as “weekdays at 8:30 Europe/Berlin”. Raises `CronInvalid`."""
    cron, zone, _ = _when(text, zone)
    return cron, zone


def sources(text: str) -> tuple[str, ...]:
    """The sources in a field of a form, with commas, spaces or lines between. Raises `NotUnderstood`."""
    found = (source(word) for word in _FIELD.findall(text))
    return tuple(dict.fromkeys(found))[:MOST_SOURCES] or DEFAULT_SOURCES


def source(word: str) -> str:
    """The name of one source as somebody wrote it. Raises `NotUnderstood`."""
    word = word.strip().rstrip(",;.")
    folded = word.casefold().replace(" ", "")
    if folded in {HACKER_NEWS, "hn"}:
        return HACKER_NEWS
    if folded in {KNOWLEDGE, "knowledgebase"}:
        return KNOWLEDGE
    if re.match(r"https?://", word):
        return f"feed:{word}"
    if re.fullmatch(_SEARCH, word, re.IGNORECASE):
        return _search(word.partition(":")[2])
    if re.fullmatch(r"feed:https?://\S+|arxiv:[\w.-]+|github:[\w.-]+/[\w.-]+", word):
        return word
    raise NotUnderstood(f"“{word[:80]}” is no source I know; write {NAMED}.")


def named(name: str) -> str:
    """A source as people are shown it; what follows the ``?`` of an address may be a secret, of a search it is not."""
    kind, _, said = name.partition(":")
    return f'search:"{unquote_plus(said)}"' if kind == "search" else shown(name)


def _search(said: str) -> str:
    """A search as one word: with + for a space, and with what would end the word as %2C. Raises `NotUnderstood`."""
    wanted = said[1:-1] if said[0] in _QUOTES else unquote(_SPACE.sub(" ", said))
    words = " ".join(wanted.split())
    if not words.strip("+ "):
        raise NotUnderstood('Say what is to be searched for, in quotes: search:"vector databases".')
    escaped = _NOT_IN_A_WORD.sub(lambda sign: quote(sign[0]), words)
    return f"search:{escaped.replace(' ', '+')}"


def in_words(cron: str, zone: str) -> str:
    """When a subscription comes, as people say it, and as `when` reads it again: weekdays at 08:00 Europe/Berlin."""
    minute, hour, _, _, days = cron.split()
    named = {"*": "every day", "mon-fri": "weekdays", "sat,sun": "weekends"}.get(days)
    listed = (
        [next(day for day in _DAYS if day.startswith(short)).capitalize() for short in days.split(",")]
        if not named
        else []
    )
    return f"{named or ' and '.join(listed)} at {int(hour):02}:{int(minute):02} {zone}"


def _manner(text: str) -> tuple[Length, str, str]:
    """Length, language, and what is left of the words. Raises `NotUnderstood` for a language that no digest is written in."""
    length, language = Length.NORMAL, ""
    text = " ".join(text.split())[:MOST_WORDS]
    while found := _said_of_manner(text):
        said = found.groupdict()
        length = Length(said["length"].lower()) if said["length"] else length
        if wanted := said.get("language") or said.get("language2"):
            if wanted.lower() not in _LANGUAGES:
                raise NotUnderstood(f"A digest is written in {', '.join(LANGUAGES)}; not in {wanted}.")
            language = _LANGUAGES[wanted.lower()]
        text = f"{text[: found.start()]} {text[found.end() :]}"
    return length, language, text


def _said_of_manner(text: str) -> re.Match[str] | None:
    apart = (one for one in _MANNER.finditer(text) if _BEHIND_BREAK.search(_near(text, one.start())))
    return _SHORT_DIGEST.search(text) or next(apart, None)


def _near(text: str, at: int) -> str:
    """What stands just before: enough for any name of a day, a time or a zone."""
    return text[max(0, at - _BEFORE) : at]


def _without_tail(topics: str) -> str:
    """Without the little words and signs at the end."""
    topics = topics.rstrip(_SIGNS)
    while found := _TAIL.search(topics, max(0, len(topics) - 8)):
        topics = topics[: found.start()].rstrip(_SIGNS)
    return topics


def _when(text: str, zone: str) -> tuple[str, str, str]:
    """Cron, zone, and what is left of the words."""
    text = text[:MOST_WORDS]
    if found := _ZONE.search(text):
        known = (
            found[0].upper() in {"UTC", "GMT"}
            or found[0] in available_timezones()
            or found[0].partition("/")[0] in _CONTINENTS
        )
        if known:
            zone = "UTC" if found[0].upper() == "GMT" else found[0]
            text = text[: found.start()] + " " + text[found.end() :]
    time, every = _time(text), _every(text)
    hour, minute = _clock(time) if time else (8, 0)
    days = _days(every) if every else "mon-fri"
    for said in sorted((one for one in (time, every) if one), key=lambda one: -one.start()):
        text = text[: said.start()] + " " + text[said.end() :]
    cron = f"{minute} {hour} * * {days}"
    Cron(cron, zone)
    return cron, zone, text


def _time(text: str) -> re.Match[str] | None:
    """What says the time of day: “Python 3.11” does not, though “weekdays 8.30” does."""
    found = list(_TIME.finditer(text))
    sure = [one for one in found if not one["hour"] or one["half"] or ":" in one[0] or one[0][:2].lower() == "at"]
    behind = [one for one in found if _ENDS_WITH_DAYS.search(_near(text, one.start()).rstrip(" ,"))]
    return next(iter([*sure, *behind]), None)


def _every(text: str) -> re.Match[str] | None:
    """What says the days: of “the sun, every weekday” the second. A short name alone must stand before a time, or first."""
    found = list(_EVERY.finditer(text))
    sure = [one for one in found if not one["days"] or one[0][:2].lower() in {"ev", "ea"}]
    long = [one for one in found if re.search(r"day|,|&|\band\b", one["days"] or "", re.IGNORECASE)]
    timed = [one for one in found if not text[: one.start()].strip() or _BEFORE_TIME.match(text, one.end())]
    return next(iter([*sure, *long, *timed]), None)


def _clock(time: re.Match[str]) -> tuple[int, int]:
    if time["word"]:
        return (0 if time["word"].lower() == "midnight" else 12), 0
    hour = int(time["hour"] or time["hour2"] or time["hour3"] or time["hour4"])
    minute = 30 if time["half4"] else int(time["minute"] or 0)
    half = (time["half"] or time["half2"] or time["half3"] or "").lower()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59:
        raise NotUnderstood(f"“{time[0].strip()}” is no time of day; write one like 8:30 or 4 pm.")
    return hour, minute


def _days(every: re.Match[str]) -> str:
    if every["daily"] or every["daily2"]:
        return "*"
    if every["weekends"]:
        return "sat,sun"
    if every["days"]:
        found = [word[:3].lower() for word in re.findall(_DAY, every["days"], re.IGNORECASE)]
        return ",".join(dict.fromkeys(sorted(found, key=[day[:3] for day in _DAYS].index)))
    return "mon-fri"
