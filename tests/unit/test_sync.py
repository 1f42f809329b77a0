import os
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retrieval import sync as syncing
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document, Passage
from retrieval.embedders.hashing import Hashing
from retrieval.errors import Unreadable
from retrieval.parsing.markdown import strip
from retrieval.sources.folder import FolderSource
from retrieval.sources.packages import PackagesSource
from retrieval.stores import Store, Vector
from retrieval.stores.lance import LanceStore
from retrieval.stores.memory import InMemoryStore
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


@pytest.mark.parametrize("left", [None, "NOT_MOUNTED", ".hidden.md"])
async def test_a_folder_that_is_empty_now_keeps_what_was_known(store: Store, vault: Path, left: str | None) -> None:
    await sync(store, FolderSource(vault))
    vault.rename(vault.with_name("not-mounted"))
    vault.mkdir()
    if left:
        (vault / left).write_text("no share here")
    with pytest.raises(Unreadable, match=r"nothing to read now.*footnote forget"):
        await sync(store, FolderSource(vault))
    assert (await store.counts()).documents == 2


async def test_what_the_ignore_file_of_a_folder_hides_is_gone_also_where_that_is_all(store: Store, vault: Path) -> None:
    await sync(store, FolderSource(vault))
    (vault / ".footnoteignore").write_text("*\n")
    assert counted(await sync(store, FolderSource(vault))) == (0, 0, 2, 0)


async def test_an_empty_folder_that_never_had_anything_is_no_error(store: Store, tmp_path: Path) -> None:
    assert counted(await sync(store, FolderSource(tmp_path))) == (0, 0, 0, 0)


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


async def test_links_that_go_in_a_circle_are_named_and_stop_nothing(store: Store, vault: Path) -> None:
    (vault / "loop.md").symlink_to("loop.md")
    (vault / "to.md").symlink_to("fro.md")
    (vault / "fro.md").symlink_to("to.md")
    (vault / "nowhere.md").symlink_to("missing.md")
    (vault / "gone.md").symlink_to(vault.parent / "elsewhere" / "gone.md")
    summary = await sync(store, FolderSource(vault))
    assert counted(summary) == (2, 0, 0, 0)
    reasons = {Path(what).name: reason for what, reason in summary.unreadable}
    assert reasons.keys() == {"loop.md", "to.md", "fro.md", "nowhere.md", "gone.md"}
    assert "symbolic links" in reasons["loop.md"]
    assert reasons["nowhere.md"] == reasons["gone.md"] == "it is a link to no such file"
    with pytest.raises(Unreadable, match="no such file or folder"):
        await sync(store, FolderSource(vault / "loop.md"))


async def test_a_file_whose_name_is_not_utf8_is_named_and_stops_nothing(store: Store, vault: Path) -> None:
    (Path(os.fsdecode(os.fsencode(vault) + b"/caf\xe9.md"))).write_text("Coffee is served at ten.")
    folder = Path(os.fsdecode(os.fsencode(vault) + b"/\xff"))
    folder.mkdir()
    (folder / "tea.md").write_text("Tea is served at four.")
    summary = await sync(store, FolderSource(vault))
    assert counted(summary) == (2, 0, 0, 0)
    assert sorted(what.removeprefix(f"{vault}/") for what, _ in summary.unreadable) == ["\\xff/tea.md", "caf\\xe9.md"]
    assert all("UTF-8" in reason for _, reason in summary.unreadable)
    assert counted(await sync(store, FolderSource(folder))) == (0, 0, 0, 0)


@pytest.mark.parametrize("pattern", ["!", "[z-a]", "deep\\"])
async def test_an_ignore_file_that_can_not_be_followed_is_named_and_nothing_is_read(
    store: Store, vault: Path, pattern: str
) -> None:
    (vault / ".footnoteignore").write_text(f"{pattern}\n")
    with pytest.raises(Unreadable, match=r"\.footnoteignore: it can't be followed"):
        await sync(store, FolderSource(vault))
    assert (await store.counts()).documents == 0


@pytest.mark.parametrize("folder_first", [True, False])
async def test_a_file_in_a_folder_that_was_added_too_stays_with_whom_it_was_first(
    store: Store, vault: Path, folder_first: bool
) -> None:
    folder, alone = FolderSource(vault), FolderSource(vault / "a.md")
    first, second = (folder, alone) if folder_first else (alone, folder)
    await sync(store, first)
    await sync(store, second)
    owned = await store.hashes(first.name)
    for source in (folder, alone, folder, alone):
        assert counted(await sync(store, source))[:3] == (0, 0, 0)
    assert await store.hashes(first.name) == owned
    (vault / "a.md").write_text("# Garden\n\nThe garden is closed.")
    assert counted(await sync(store, first))[:3] == (0, 1, 0)
    assert counted(await sync(store, second))[:3] == (0, 0, 0)
    (vault / "a.md").unlink()
    assert counted(await sync(store, first))[:3] == (0, 0, 1)
    assert (await store.counts()).documents == 1


async def test_a_document_that_its_source_gives_up_goes_over_to_another_that_has_it(store: Store, vault: Path) -> None:
    await sync(store, FolderSource(vault))
    await sync(store, FolderSource(vault / "a.md"))
    (vault / ".footnoteignore").write_text("a.md\n")
    assert counted(await sync(store, FolderSource(vault))) == (0, 0, 1, 1)
    assert counted(await sync(store, FolderSource(vault / "a.md"))) == (1, 0, 0, 0)
    assert counted(await sync(store, FolderSource(vault))) == (0, 0, 0, 1)


async def test_a_file_that_was_added_on_its_own_and_deleted_is_gone(store: Store, vault: Path) -> None:
    await sync(store, FolderSource(vault / "a.md"))
    (vault / "a.md").unlink()
    assert counted(await sync(store, FolderSource(vault / "a.md"))) == (0, 0, 1, 0)
    assert (await store.counts()).documents == 0
    with pytest.raises(Unreadable, match="no such file or folder"):
        await sync(store, FolderSource(vault / "a.md"))


async def test_a_file_in_a_folder_that_is_away_is_not_gone(store: Store, vault: Path) -> None:
    await sync(store, FolderSource(vault / "deep" / "b.txt"))
    (vault / "deep").rename(vault / "elsewhere")
    with pytest.raises(Unreadable, match="no such file or folder"):
        await sync(store, FolderSource(vault / "deep" / "b.txt"))
    assert (await store.counts()).documents == 1


async def test_a_file_whose_folder_is_empty_now_is_not_gone(store: Store, vault: Path) -> None:
    await sync(store, FolderSource(vault / "deep" / "b.txt"))
    (vault / "deep").rename(vault / "not-mounted")
    (vault / "deep").mkdir()
    with pytest.raises(Unreadable, match=r"no such file, and its folder is empty.*footnote forget"):
        await sync(store, FolderSource(vault / "deep" / "b.txt"))
    assert (await store.counts()).documents == 1


async def test_vectors_fill_in_with_progress(store: Store, vault: Path) -> None:
    await sync(store, FolderSource(vault))
    seen: list[Progress] = []
    assert await embed_pending(store, Hashing(), seen.append) == 2
    assert (seen[-1].done, seen[-1].total) == (2, 2)
    assert await embed_pending(store, Hashing(), seen.append) == 0


async def test_progress_counts_up_to_all_and_the_rate_is_that_of_this_run(store: Store, tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"note-{number}.md").write_text(f"The secret of drawer {number} is a key.")
    reading: list[Progress] = []
    await Syncer(store).sync(FolderSource(tmp_path), reading.append)
    reading = [one for one in reading if one.stage == "reading"]
    assert [one.done for one in reading] == list(range(1, 301))
    assert {one.total for one in reading} == {300}
    seen: list[Progress] = []
    started = time.monotonic()
    assert await embed_pending(store, Hashing(), seen.append) == 300
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert {one.total for one in seen} == {300}
    assert seen[-1].done == 300
    assert seen[-1].rate >= 300 / (time.monotonic() - started)
    assert seen[-1].seconds_left == 0


class Refusing(InMemoryStore):
    """Takes no vector for what speaks of a secret."""

    async def embed(self, vectors: Mapping[Passage, Vector]) -> None:
        await super().embed({one: vector for one, vector in vectors.items() if "secret" not in one.text})


async def test_passages_that_the_store_does_not_take_end_and_hold_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncing, "WINDOW", 4)
    store = Refusing()
    texts = [*(f"A secret of drawer {number}." for number in range(20)), *(f"Note {n}." for n in range(20))]
    for number, text in enumerate(texts):
        document = Document(f"d{number}", "s", "", f"D {number}", text, Audience.everyone(), "h")
        await store.put([(document, chunk(document))])
    assert await embed_pending(store, Hashing(), lambda progress: None) == 40
    assert (await store.counts()).embedded == 20


async def test_two_syncs_at_once_give_each_document_once(store: Store, vault: Path) -> None:
    import asyncio

    await asyncio.gather(*(sync(store, FolderSource(vault)) for _ in range(4)))
    assert (await store.counts()).documents == 2


async def test_the_installed_packages_document_themselves(store: Store) -> None:
    summary = await sync(store, PackagesSource())
    assert summary.new > 100
    assert summary.unreadable == []
    assert await store.named(["langgraph"], Audience.public()) == {"langgraph": ["package:langgraph"]}
    found = await store.full_text("interrupt human-in-the-loop resume langgraph", Audience.public(), 5)
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


async def test_a_note_says_itself_when_and_by_whom_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\nauthor: Mei Lin\ndate: 2024-03-05\n---\nRules.", encoding="utf-8")
    (tmp_path / "b.md").write_text("---\nauthors: [Mei Lin, Tom]\ndate: soon\n---\nRules.", encoding="utf-8")
    source = FolderSource(tmp_path)
    first, second = [await source.read(one) async for one in source.list()]
    assert (first.authors, first.modified) == (("Mei Lin",), datetime(2024, 3, 5, tzinfo=UTC).timestamp())
    assert (second.authors, second.modified) == (("Mei Lin", "Tom"), (tmp_path / "b.md").stat().st_mtime)
