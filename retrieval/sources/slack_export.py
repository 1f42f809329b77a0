"""A Slack export: each thread is a document, and each day's stretch of a channel outside threads.

Only public channels are read. Who may see a private channel or a conversation stands nowhere in an export in a way that
could be kept to, so these are left out, and that is said.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Unreadable
from retrieval.parsing.slack_text import plain
from retrieval.sources import READING, Listed
from retrieval.sources.slack_archive import SlackArchive
from retrieval.sources.talk import Message, Stretch, stretches

_SAID = frozenset({"", "thread_broadcast", "bot_message", "me_message", "file_share", "file_comment"})
"""Subtypes of messages in which somebody says something; the others are joins, topics and the like."""
_PRIVATE = (("groups.json", "private channels"), ("dms.json", "conversations"), ("mpims.json", "group conversations"))


class SlackExportSource:
    """A `Source`: one zip, as Slack makes it."""

    keeps = False

    def __init__(self, path: Path, audience: Audience | None = None) -> None:
        self._path = path
        self._audience = audience or Audience.everyone()
        self._stretches: dict[str, Stretch] = {}
        self.name = f"slack-export:{path}"

    async def list(self) -> AsyncIterator[Listed]:
        self._stretches = {}
        for one in await asyncio.to_thread(lambda: [*self._look(), *self._listed()]):
            yield one

    async def read(self, listed: Listed) -> Document:
        return self._stretches[listed.id].document(listed, self.name, self._audience)

    def _listed(self) -> Iterator[Listed]:
        for id_, stretch in self._stretches.items():
            yield Listed(id_, f"{READING}:{content_hash(repr(stretch).encode())}", len(stretch.text))

    def _look(self) -> Sequence[Listed]:
        """Fill in the stretches; returns what was left out, each with its reason."""
        wrong = []
        with SlackArchive(self._path) as archive:
            people = {str(row.get("id")): _called(row) for row in archive.rows("users.json")}
            rows = [row for row in archive.rows("channels.json") if row.get("id") and row.get("name")]
            channels = {str(row["id"]): str(row["name"]) for row in rows if not row.get("is_private")}
            for id_, name in channels.items():
                if not archive.has(name):
                    wrong.append(Listed(f"{self.name}#{id_}/", "", away=f"the export has no folder for #{name}"))
                messages: dict[str, Message] = {}
                for day in archive.days(name):
                    try:
                        found = _messages(id_, archive.rows(day), people, channels)
                        messages.update((one.key, one) for one in found)
                    except Unreadable as error:
                        wrong.append(Listed(f"{self.name}#{id_}/", "", away=f"{day}: {error.reason}"))
                for key, stretch in stretches(name, messages.values()):
                    self._stretches[f"{self.name}#{id_}/{key}"] = stretch
            private = [(len(archive.rows(file)), words) for file, words in _PRIVATE]
        if left_out := ", ".join(f"{count:,} {words}" for count, words in private if count):
            reason = f"{left_out} are left out: who may see them is not known here"
            wrong.append(Listed(f"{self.name}#private", "", away=reason))
        return wrong


def _messages(
    channel: str, rows: list[dict[str, Any]], people: Mapping[str, str], channels: Mapping[str, str]
) -> Iterator[Message]:
    for row in rows:
        ts = str(row.get("ts", ""))
        text = plain(_text(row), people, channels).strip()
        if text and str(row.get("subtype") or "") in _SAID and _is_time(ts):
            thread = str(row.get("thread_ts") or "")
            uri = f"https://slack.com/app_redirect?channel={channel}&message_ts={ts}"
            yield Message(ts, thread, _author(row, people), text, float(ts), uri)


def _is_time(ts: str) -> bool:
    return re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,6})?", ts) is not None


def _text(row: dict[str, Any]) -> str:
    """What a message says: its words, those of what is attached, the names of its files."""
    said = [row.get("text")]
    for attached in _objects(row.get("attachments")):
        said.append(attached.get("text") or attached.get("fallback"))
    said += [f"[{file.get('title') or file.get('name')}]" for file in _objects(row.get("files")) if file.get("name")]
    return "\n".join(words for words in said if isinstance(words, str) and words)


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _author(row: dict[str, Any], people: Mapping[str, str]) -> str:
    user = str(row.get("user") or "")
    return people.get(user) or str(row.get("username") or "") or user or "somebody"


def _called(user: dict[str, Any]) -> str:
    """What a person is called: the name they chose, or else their whole one."""
    found = user.get("profile")
    profile = found if isinstance(found, dict) else {}
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    return next((str(name) for name in names if name), "")
