import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from retrieval.documents import Audience
from retrieval.embedders.hashing import Hashing
from retrieval.errors import Unreadable
from retrieval.parsing.markdown import strip
from retrieval.sources.folder import FolderSource
from retrieval.sources.packages import PackagesSource
from retrieval.stores import Store
from retrieval.stores.lance import LanceStore
from retrieval.sync import Progress, Summary, Syncer, embed_pending


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await LanceStore.open(tmp_path / "knowledge")
    await opened.bind(Hashing.name, Hashing.dimensions)
    yield opened
    await opened.close()


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    (folder / "deep").mkdir(parents=True)
    (folder / ".obsidian").mkdir()
    (folder / ".obsidian" / "hidden.md").write_text("hidden")
    (folder / "a.md").write_text("# Garden\n\nThe garden opens at nine. See [[b]].")
    (folder / "deep" / "b.txt").write_text("出差必须提前三天申请。")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    return folder


async def sync(store: Store, source: FolderSource | PackagesSource) -> Summary:
    return await Syncer(store).sync(source, lambda progress: None)


def counted(summary: Summary) -> tuple[int, int, int, int]:
    return summary.new, summary.changed, summary.gone, summary.unchanged


async def test_only_what_is_new_changed_or_gone_is_touched(store: Store, vault: Path) -> None:
    assert counted(await sync(store, FolderSource(vault))) == (2, 0, 0, 0)
    assert counted(await sync(store, FolderSource(vault))) == (0, 0, 0, 2)
    (vault / "a.md").write_text("# Garden\n\nThe garden is closed.")
    (vault / "c.md").write_text("New here.")
    (vault / "deep" / "b.txt").unlink()
    assert counted(await sync(store, FolderSource(vault))) == (1, 1, 1, 0)
    assert (await store.counts()).documents == 2


async def test_every_file_of_a_larger_folder_arrives_with_the_first_sync(store: Store, tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"note-{number}.md").write_text(f"The secret of drawer {number} is a key.")
    assert counted(await sync(store, FolderSource(tmp_path))) == (40, 0, 0, 0)
    assert (await store.counts()).documents == 40


async def test_a_folder_that_can_not_be_listed_keeps_what_was_known(
    store: Store, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sync(store, FolderSource(vault))
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    summary = await sync(store, FolderSource(vault))
    assert summary.gone == 0
    assert any("permission denied" in reason for _, reason in summary.unreadable)
    assert (await store.counts()).documents == 2


async def test_a_source_that_is_away_is_an_error_and_removes_nothing(store: Store, vault: Path) -> None:
    await sync(store, FolderSource(vault))
    vault.rename(vault.with_name("moved"))
    with pytest.raises(Unreadable, match="no such file or folder"):
        await sync(store, FolderSource(vault))
    assert (await store.counts()).documents == 2


async def test_a_file_that_turns_bad_keeps_its_last_good_version(store: Store, vault: Path) -> None:
    await sync(store, FolderSource(vault))
    (vault / "a.md").write_bytes(b"\0\1\2" * 1_000)
    summary = await sync(store, FolderSource(vault))
    assert len(summary.unreadable) == 1
    assert await store.full_text("garden", Audience.everyone(), 5)


async def test_patterns_of_the_ignore_file_are_left_out(store: Store, vault: Path) -> None:
    (vault / ".footnoteignore").write_text("deep/\n")
    assert counted(await sync(store, FolderSource(vault))) == (1, 0, 0, 0)


async def test_a_pipe_named_like_a_note_does_not_hang(store: Store, vault: Path) -> None:
    os.mkfifo(vault / "pipe.md")
    summary = await sync(store, FolderSource(vault))
    assert summary.unreadable == [(str(vault / "pipe.md"), "it is no ordinary file")]


async def test_vectors_fill_in_with_progress(store: Store, vault: Path) -> None:
    await sync(store, FolderSource(vault))
    seen: list[Progress] = []
    assert await embed_pending(store, Hashing(), seen.append) == 2
    assert (seen[-1].done, seen[-1].total) == (2, 2)
    assert await embed_pending(store, Hashing(), seen.append) == 0


async def test_two_syncs_at_once_give_each_document_once(store: Store, vault: Path) -> None:
    import asyncio

    await asyncio.gather(*(sync(store, FolderSource(vault)) for _ in range(4)))
    assert (await store.counts()).documents == 2


async def test_the_installed_packages_document_themselves(store: Store) -> None:
    summary = await sync(store, PackagesSource())
    assert summary.new > 100
    assert summary.unreadable == []
    assert await store.named(["langgraph"], Audience.everyone()) == {"langgraph": ["package:langgraph"]}
    found = await store.full_text("interrupt human-in-the-loop resume langgraph", Audience.everyone(), 5)
    assert any("langgraph" in hit.passage.title for hit in found)


@pytest.mark.parametrize("piece", ["*a ", "_a ", "<!--", " ", "\n ", "[a](", "[[a|", "`", "<a ", "> ", "- ", "| --- "])
def test_hostile_markdown_of_half_a_megabyte_is_read(piece: str) -> None:
    started = time.process_time()
    strip(piece * (500_000 // len(piece)))
    assert time.process_time() - started < 20


def test_tags_in_code_stay_and_comments_go() -> None:
    text, _, _ = strip("Hello <b>there</b> <!-- secret\nsecret --> you\n\n```\nList<T> x;\n```\n")
    assert "secret" not in text
    assert "Hello there" in text
    assert "List<T> x;" in text
