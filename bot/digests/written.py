"""What a model wrote of an item is written once, for all who follow the same topics in the same language."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from agent.evidence import Sentence
from bot.digests.items import Item
from bot.digests.writing import Prose

MOST = 2_000
"""Texts that are kept, those that were asked for last."""


class _Key(NamedTuple):
    """All that a text depends on; an item of a source stays as it was read."""

    item: str
    topics: str
    language: str


@dataclass(slots=True)
class _Text:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    sentences: list[Sentence] | None = None


class Written:
    """Keeps what was written in this process. Whoever asks first pays.

    A document of the knowledge base is in the digest of a place because that place may see it: what is written of it is not kept.
    """

    def __init__(self) -> None:
        self._texts: OrderedDict[_Key, _Text] = OrderedDict()

    async def sentences(self, prose: Prose, topics: str, item: Item) -> list[Sentence]:
        """Raises `AgentError` where the model fails; whoever asks next asks it again."""
        if item.document:
            return await prose.sentences(item, topics)
        text = self._of(_Key(item.id, topics, prose.language))
        async with text.turn:
            if text.sentences is None:
                text.sentences = await prose.sentences(item, topics)
            return text.sentences

    def _of(self, key: _Key) -> _Text:
        text = self._texts.setdefault(key, _Text())
        self._texts.move_to_end(key)
        if len(self._texts) > MOST:
            self._texts.popitem(last=False)
        return text
