"""What Weaviate says it could not delete, as a server of several nodes may: one alone deletes all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import pytest
from weaviate.classes.query import Filter
from weaviate.collections.classes.batch import DeleteManyReturn

from retrieval.errors import StoreUnavailable
from retrieval.stores.weaviate_client import MOST, TRIES, delete

WHERE = Filter.by_property("key").equal("some")


@dataclass
class Objects:
    """A collection that deletes as it is told: how many it matches, and of how many it fails, one call after another."""

    answers: list[tuple[int, int]]
    calls: int = 0

    @property
    def data(self) -> Self:
        return self

    async def delete_many(self, where: Any) -> DeleteManyReturn[None]:
        matches, failed = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        return DeleteManyReturn(failed=failed, matches=matches, objects=None, successful=matches - failed)


async def test_what_was_left_is_deleted_when_it_is_asked_for_again() -> None:
    objects = Objects([(5, 2), (2, 0)])
    await delete(objects, WHERE)
    assert objects.calls == 2


async def test_what_can_not_be_deleted_is_said() -> None:
    objects = Objects([(MOST, MOST)])
    with pytest.raises(StoreUnavailable, match=f"did not delete {MOST} objects"):
        await delete(objects, WHERE)
    assert objects.calls == TRIES


async def test_more_than_weaviate_deletes_at_once_is_deleted() -> None:
    objects = Objects([(MOST, 0), (MOST, 0), (3, 0)])
    await delete(objects, WHERE)
    assert objects.calls == 3
