"""The fixed words of a digest, in the languages it may be asked for in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words in braces are filled in."""

    heading: str
    quiet: str
    quiet_preview: str
    everything: str
    why: str
    on_topic: str
    liked: str
    told: str
    chosen: str
    also: str
    rest: str
    left_out: str
    unread: str
    weekly: str

    @classmethod
    def of(cls, language: str) -> Phrases:
        """Those of a language; English where it is none of those there are."""
        return _PHRASES.get(language, _PHRASES["English"])


_PHRASES = {
    "English": Phrases(
        heading="Digest no. {number} of {date}: {topics}",
        quiet="Nothing new on {topics} since the last digest.",
        quiet_preview="Nothing new on {topics} in the last seven days.",
        everything="everything that was asked for",
        why="Why it matters here: {reasons}.",
        on_topic="it is on “{topic}”",
        liked="it is near to what was marked “More like this”",
        told="{count} sources tell of it",
        chosen="it is from a source that was asked for",
        also="Also told here",
        rest="And the rest",
        left_out="{count} more were left out.",
        unread="Not read: {source}: {reason}.",
        weekly="The week to {date}: {topics}",
    ),
    "Deutsch": Phrases(
        heading="Digest Nr. {number} vom {date}: {topics}",
        quiet="Nichts Neues zu {topics} seit dem letzten Digest.",
        quiet_preview="Nichts Neues zu {topics} in den letzten sieben Tagen.",
        everything="allem, was bestellt ist",
        why="Warum es hier zählt: {reasons}.",
        on_topic="es betrifft „{topic}“",
        liked="es ist nah an dem, was als „More like this“ markiert wurde",
        told="{count} Quellen berichten davon",
        chosen="es kommt aus einer bestellten Quelle",
        also="Auch hier",
        rest="Und der Rest",
        left_out="{count} weitere sind weggelassen.",
        unread="Nicht gelesen: {source}: {reason}.",
        weekly="Die Woche bis {date}: {topics}",
    ),
    "中文": Phrases(
        heading="{date} 第 {number} 期:{topics}",
        quiet="自上一期以来,{topics} 没有新消息。",
        quiet_preview="最近七天,{topics} 没有新消息。",
        everything="所订阅的内容",
        why="为何值得关注:{reasons}。",
        on_topic="与“{topic}”有关",
        liked="与标记为“More like this”的内容相近",
        told="有 {count} 个来源报道",
        chosen="来自所订阅的来源",
        also="另见",
        rest="其余",
        left_out="另有 {count} 条未列出。",
        unread="未能读取:{source}:{reason}。",
        weekly="截至 {date} 的一周:{topics}",
    ),
}
LANGUAGES = tuple(_PHRASES)
