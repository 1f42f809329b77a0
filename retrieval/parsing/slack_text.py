"""The words of a Slack message: ids of people and channels replaced by their names, addresses and marks made plain."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

_MARK = re.compile(r"<((?:[@#!]|[a-z]+:)[^<>]*)>")


def plain(text: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """``<@U1>`` becomes @Mei, ``<#C1|old>`` #its name, ``<https://x|here>`` here (https://x)."""

    def replaced(match: re.Match[str]) -> str:
        target, _, shown = match[1].partition("|")
        match target[:1]:
            case "@":
                return f"@{people.get(target[1:]) or shown or target[1:]}"
            case "#":
                return f"#{channels.get(target[1:]) or shown or target[1:]}"
            case "!" if target.startswith("!subteam^") and not shown:
                return "a user group"
            case "!":
                return shown or f"@{target[1:].partition('^')[0]}"
            case _:
                return f"{shown} ({target})" if shown and shown != target else target

    return html.unescape(_MARK.sub(replaced, text))
