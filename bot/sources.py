"""The kinds of sources: how a person names one, how it is opened, and how often it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote_plus

from bot.settings import Settings
from retrieval.errors import Unreadable
from retrieval.fetching import shown
from retrieval.sources import Source
from retrieval.sources.arxiv import ArxivSource
from retrieval.sources.copies import Copies
from retrieval.sources.feed import FeedSource
from retrieval.sources.fetcher import Fetcher
from retrieval.sources.folder import FolderSource
from retrieval.sources.github import GitHubSource
from retrieval.sources.hackernews import HackerNewsSource
from retrieval.sources.kindle import KindleSource
from retrieval.sources.packages import PackagesSource
from retrieval.sources.readwise import ReadwiseSource
from retrieval.sources.slack_export import SlackExportSource
from retrieval.sources.web import WebSource
from retrieval.sources.web_search import WebSearchSource

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
EVERY: Mapping[str, float] = {
    "folder": 15 * MINUTE,
    "packages": DAY,
    "web": DAY,
    "feed": HOUR,
    "github": HOUR,
    "arxiv": DAY,
    "readwise": HOUR,
    "kindle": 15 * MINUTE,
    "slack-export": DAY,
    "channel": HOUR,
}
"""Seconds from one reading of a source to the next, by its kind."""
ON_DISK = frozenset({"folder", "packages", "kindle", "slack-export"})
"""Kinds that lie on this machine: reading them is free, and only whoever runs the assistant may name one."""
IN_CHAT = frozenset({"channel"})
"""Kinds that a chat platform tells of, where it is connected; people add one in itself."""
ON_THE_WEB = frozenset(EVERY) - ON_DISK - IN_CHAT
"""Kinds whose hosts may be slow, or away."""
_CATEGORY = re.compile(r"[a-z-]+(?:\.[A-Za-z-]{2,})?")
NAMED = "https://ADDRESS, feed:ADDRESS, github:OWNER/REPOSITORY, arxiv:QUERY, readwise"


def named(text: str) -> tuple[str, str]:
    """The kind and the location of what a person wrote. Raises `Unreadable` for what can be none."""
    text = text.strip()
    kind, colon, location = text.partition(":")
    if re.match(r"https?://", text):
        return "web", text
    if text == "readwise":
        return text, ""
    if not colon or kind not in EVERY:
        return "folder", str(Path(text).expanduser().resolve())
    if not location:
        raise Unreadable(text, f"what is to be read is missing behind the colon; written are {NAMED}")
    return kind, str(Path(location).expanduser().resolve()) if kind in ON_DISK else location


def label(kind: str, location: str) -> str:
    """What a source is called where there is one line for it."""
    match kind:
        case "packages":
            return "Installed Python packages"
        case "readwise":
            return "Readwise"
        case "folder":
            return location
        case "web":
            return shown(location)
        case _:
            return f"{kind}: {shown(location)}"


class Opener:
    """Makes a source of its kind and location, as the settings have it; ``channel`` makes that of a channel's key."""

    def __init__(self, settings: Settings, channel: Callable[[str], Source] | None = None) -> None:
        self._settings = settings
        self._channel = channel
        self._fetcher = Fetcher(Copies(settings.home / "copies.sqlite"), settings.private_hosts)

    def __call__(self, kind: str, location: str) -> Source:
        """Raises `Unreadable` where the location can be none of this kind."""
        settings, max_bytes = self._settings, self._settings.max_file_mb * 1_000_000
        match kind:
            case "packages":
                return PackagesSource()
            case "web":
                return WebSource(location, self._fetcher)
            case "feed":
                return FeedSource(location, self._fetcher)
            case "github":
                return GitHubSource(location, settings.github_token, settings.github_url, self._fetcher)
            case "arxiv":
                return ArxivSource(location, settings.arxiv_url, self._fetcher)
            case "readwise":
                return ReadwiseSource(settings.readwise_key, settings.readwise_url, self._fetcher)
            case "kindle":
                return KindleSource(Path(location), max_bytes=max_bytes)
            case "slack-export":
                return SlackExportSource(Path(location))
            case "channel":
                if self._channel is None:
                    raise Unreadable(location, "no chat platform runs here that could tell of it")
                return self._channel(location)
            case _:
                return FolderSource(Path(location), max_bytes=max_bytes)

    def news(self, name: str) -> Source:
        """A source of a digest by its name (`bot.digests.asking`). Raises `Unreadable` where it can be none."""
        settings = self._settings
        kind, _, location = name.partition(":")
        match kind:
            case "feed":
                return FeedSource(location, self._fetcher)
            case "arxiv":
                asked = f"cat:{location}" if _CATEGORY.fullmatch(location) else f"all:{location}"
                return ArxivSource(asked, settings.arxiv_url, self._fetcher)
            case "github":
                token, url = settings.github_token, settings.github_url
                return GitHubSource(location, token, url, self._fetcher, parts={"releases"})
            case "hackernews":
                return HackerNewsSource(settings.hackernews_url, self._fetcher)
            case "search":
                return WebSearchSource(unquote_plus(location), settings.search_url, self._fetcher)
            case _:
                raise Unreadable(shown(name), "there is no source of this kind for digests")
