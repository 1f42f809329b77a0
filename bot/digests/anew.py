"""What was kept with the vectors of another embedder is embedded anew, from its words, before it is compared with anything.

An embedder changes with its setting, or with what ``auto`` means in a new version; its vectors compare with its own alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.chat import Place
from bot.digests.editions import Edition, Editions, Entry
from bot.digests.items import LEAD, Item, Items
from bot.digests.stories import Sameness

AT_ONCE = 7
"""Editions of a place that one digest embeds anew, the newest; until the others' turn, what they told is known by its link."""


class Anew:
    """``sameness`` is of the embedder that ``items`` and ``editions`` are read with. All of it may raise `EmbedderAway`."""

    def __init__(self, items: Items, editions: Editions, sameness: Callable[[], Awaitable[Sameness]]) -> None:
        self._items = items
        self._editions = editions
        self._sameness = sameness

    async def items(self, found: Sequence[Item]) -> list[Item]:
        """The same items, each with its vector."""
        foreign = [item for item in found if item.vector is None]
        if not foreign:
            return list(found)
        anew = {item.id: item for item in await (await self._sameness()).embedded(foreign)}
        await self._items.reembed(list(anew.values()))
        return [anew.get(item.id, item) for item in found]

    async def shown(self, place: Place) -> None:
        """What a place was shown, and what was marked of it."""
        editions = await self._editions.foreign(place, AT_ONCE)
        if not editions:
            return
        embedder = (await self._sameness()).embedder
        entries = [entry for edition in editions for entry in edition.entries]
        kept = await self._items.linked({one["source"] for one in entries}, {one["link"] for one in entries} - {""})
        for edition in editions:
            await self._editions.reembed(edition, await embedder.passages(_texts(edition, kept), behind=True))


def _texts(edition: Edition, kept: Mapping[tuple[str, str], Item]) -> list[str]:
    """Of each story of an edition what its vector was made of; where its item is gone, what is quoted of it."""
    items = [(entry, kept.get((entry["link"], entry["title"]))) for entry in edition.entries]
    return [item.embeddable if item else _quoted(entry) for entry, item in items]


def _quoted(entry: Entry) -> str:
    quotes = " ".join(one["quote"] for one in entry.get("sentences", ()))
    return f"{entry['title']}\n{quotes[:LEAD]}"
