"""What the tests of sources share: a sync, and what it brought."""

from __future__ import annotations

from retrieval.documents import Audience, Document
from retrieval.sources import Source
from retrieval.stores import Store
from retrieval.sync import Summary, Syncer


async def sync(store: Store, source: Source) -> Summary:
    return await Syncer(store).sync(source, lambda progress: None)


def counted(summary: Summary) -> tuple[int, int, int, int]:
    return summary.new, summary.changed, summary.gone, summary.unchanged


async def everything(store: Store) -> dict[str, Document]:
    """Every document with its text, by title."""
    found: dict[str, Document] = {}
    for one in await store.documents(Audience.everyone()):
        whole = await store.document(one.id, Audience.everyone())
        assert whole is not None
        found[whole.title] = whole
    return found
