"""Machines with disks of their own share one store and one set of records: none forgets what lies on another's disk."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.chat import Person
from bot.knowledge import Knowledge
from bot.tables import sources
from bot.uploads import add_files
from retrieval.documents import Audience
from retrieval.errors import Unreadable
from retrieval.sources import Source
from retrieval.sources.folder import FolderSource
from retrieval.stores import Store

ANN = Person("console/ann", "Ann")
EVERYONE = Audience.everyone()
ROTA = b"<p>Ann has the early shift on Mondays.</p>"


def machine(store: Store, engine: AsyncEngine, name: str) -> Knowledge:
    def open_source(kind: str, location: str) -> Source:
        return FolderSource(Path(location))

    return Knowledge(store, None, engine, open_source, name * 32, lambda: 1_000_000.0)


async def test_a_dropped_file_that_can_not_be_read_is_said_once_and_replaces_nothing(
    store: Store, engine: AsyncEngine, tmp_path: Path
) -> None:
    knowledge, uploads = machine(store, engine, "a"), tmp_path / "uploads"
    await add_files(knowledge, uploads, [("rota.html", ROTA), ("menu.md", b"# Soup")], ANN)
    summary = await add_files(
        knowledge, uploads, [("rota.html", b"<p></p>"), ("disk.iso", b"\0"), ("plan.md", b"# Plan")], ANN
    )
    assert [what for what, _ in summary.unreadable] == ["rota.html", "disk.iso"]
    await knowledge.stop()
    (state,) = (await knowledge.state()).sources
    assert state.unreadable == []
    assert (await knowledge.sync(state.name)).unreadable == []
    assert sorted(path.name for path in uploads.iterdir()) == ["menu.md", "plan.md", "rota.html"]
    assert (tmp_path / "uploads" / "rota.html").read_bytes() == ROTA


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """What is written beyond it fails in the middle, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_dropped_file_that_the_disk_has_no_room_for_leaves_what_was_there_and_the_others_go_on(
    store: Store, engine: AsyncEngine, tmp_path: Path
) -> None:
    knowledge, uploads = machine(store, engine, "a"), tmp_path / "uploads"
    await add_files(knowledge, uploads, [("rota.html", ROTA)], ANN)
    (uploads / "taken.md").mkdir()
    with files_end_at(1_000_000):
        dropped = [("rota.html", ROTA * 50_000), ("taken.md", b"# Taken"), ("plan.md", b"# Plan")]
        summary = await add_files(knowledge, uploads, dropped, ANN)
    assert [what for what, _ in summary.unreadable] == ["rota.html", "taken.md"]
    assert all(f"it could not be kept in {uploads}: " in reason for _, reason in summary.unreadable)
    assert (uploads / "rota.html").read_bytes() == ROTA
    assert sorted(path.name for path in uploads.iterdir()) == ["plan.md", "rota.html", "taken.md"]
    assert await texts(knowledge) == ["Ann has the early shift on Mondays.", "Plan"]
    await knowledge.stop()


async def test_files_dropped_where_nothing_can_be_kept_are_refused_in_a_sentence(
    store: Store, engine: AsyncEngine, tmp_path: Path
) -> None:
    (tmp_path / "uploads").write_text("in the way")
    with pytest.raises(Unreadable, match="nothing can be kept there: file exists"):
        await add_files(machine(store, engine, "a"), tmp_path / "uploads", [("rota.html", ROTA)], ANN)


async def texts(knowledge: Knowledge) -> list[str]:
    found = [await knowledge.document(one.id, EVERYONE) for one in await knowledge.documents(EVERYONE)]
    return sorted(one.text.strip() for one in found if one)


async def test_what_was_added_on_one_machine_stays_when_another_reads_what_is_due(
    store: Store, engine: AsyncEngine, tmp_path: Path
) -> None:
    one, two = (machine(store, engine, name) for name in "ab")
    await add_files(one, tmp_path / "a" / "uploads", [("note.md", b"Kept on the first machine.")], ANN)
    await add_files(two, tmp_path / "b" / "uploads", [("note.md", b"Kept on the second machine.")], ANN)
    for here in (one, two):
        (mine,) = await here.due(at_once=True)
        await here.refresh(mine)
    assert await texts(one) == ["Kept on the first machine.", "Kept on the second machine."]
    await one.stop()
    await two.stop()


async def test_a_path_that_two_machines_have_is_a_source_of_each(
    store: Store, engine: AsyncEngine, tmp_path: Path
) -> None:
    one, two = (machine(store, engine, name) for name in "ab")
    path = tmp_path / "data"
    path.mkdir()
    names = []
    for here, words in ((one, "Kept on a."), (two, "Kept on b.")):
        (path / "note.md").write_text(words)
        names.append(await here.add("folder", str(path)))
        await here.sync(names[-1])
        assert await here.due(at_once=True) == names[-1:]
        assert await here.add("folder", str(path)) == await here.find("folder", str(path)) == names[-1]
    assert names == [f"folder:{path}", f"folder:{path}@bbbbbbbb"]
    assert await texts(one) == ["Kept on a.", "Kept on b."]
    (path / ".footnoteignore").write_text("note.md")
    await two.sync(names[1])
    assert await texts(one) == ["Kept on a."]


async def test_what_lies_on_another_machine_says_so_and_is_not_read(
    store: Store, engine: AsyncEngine, tmp_path: Path
) -> None:
    one, two = (machine(store, engine, name) for name in "ab")
    name = await one.add("folder", str(tmp_path))
    async with engine.begin() as connection:
        await connection.execute(update(sources).values(host="first.example"))
    with pytest.raises(Unreadable, match=r"it lies on first\.example, which reads it"):
        await two.sync(name)
    (mine,) = (await one.state()).sources
    (theirs,) = (await two.state()).sources
    assert (mine.elsewhere, theirs.elsewhere) == ("", "first.example")


async def test_what_has_an_address_belongs_to_no_machine(store: Store, engine: AsyncEngine, tmp_path: Path) -> None:
    one, two = (machine(store, engine, name) for name in "ab")
    names = {await here.add("web", str(tmp_path)) for here in (one, two)}
    assert [await here.due(at_once=True) for here in (one, two)] == [list(names)] * 2


async def test_what_was_added_before_machines_were_told_apart_belongs_to_whoever_adds_it_again(
    store: Store, engine: AsyncEngine, tmp_path: Path
) -> None:
    one, two = (machine(store, engine, name) for name in "ab")
    name = await one.add("folder", str(tmp_path))
    async with engine.begin() as connection:
        await connection.execute(update(sources).values(machine=None, host=None))
    assert await one.due(at_once=True) == await two.due(at_once=True) == [name]
    assert await two.add("folder", str(tmp_path)) == name
    assert (await one.due(at_once=True), await two.due(at_once=True)) == ([], [name])
