"""A Kindle's clippings, in the languages that Kindles are set to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from retrieval.errors import Unreadable
from retrieval.sources.kindle import KindleSource
from retrieval.stores import Store
from tests.unit.sources import counted, everything, sync

MARCH_1 = datetime(2026, 3, 1, 22, 5, 9, tzinfo=UTC).timestamp()


def clipping(title: str, about: str, text: str) -> str:
    return f"{title}\r\n- {about}\r\n\r\n{text}\r\n==========\r\n"


@pytest.fixture
def clippings(tmp_path: Path) -> Path:
    return tmp_path / "My Clippings.txt"


@pytest.mark.parametrize(
    ("about", "is_note"),
    [
        ("Your Highlight on page 12 | Location 170-172 | Added on Sunday, March 1, 2026 10:05:09 PM", False),
        ("Your Note on Location 170 | Added on Sunday, 1 March 2026 22:05:09", True),
        ("Ihre Markierung auf Seite 12 | Position 170-172 | Hinzugefügt am Sonntag, 1. März 2026 22:05:09", False),
        ("Ihre Notiz auf Seite 12 | Hinzugefügt am Sonntag, 1. März 2026 22:05:09", True),
        ("您在位置 #170-172的标注 | 添加于 2026年3月1日星期日 下午10:05:09", False),
        ("您在第 12 页（位置 #170）的笔记 | 添加于 2026年3月1日星期日 下午10:05:09", True),
        ("12ページ|位置No. 170-172のハイライト |作成日: 2026年3月1日日曜日 22:05:09", False),
        ("Votre surlignement sur la page 12 | Ajouté le dimanche 1 mars 2026 22:05:09", False),
        ("La subrayado en la página 12 | Añadido el domingo, 1 de marzo de 2026 22:05:09", False),
    ],
)
async def test_the_line_about_a_clipping_is_understood(
    store: Store, clippings: Path, about: str, is_note: bool
) -> None:
    clippings.write_text("\ufeff" + clipping("Gardens (Lin, Mei;Jo Berg)", about, "Roses need sun."), encoding="utf-8")
    await sync(store, KindleSource(clippings))
    found = (await everything(store))["Gardens"]
    assert found.authors == ("Mei Lin", "Jo Berg")
    assert found.modified == MARCH_1
    assert found.text.startswith("Note: Roses need sun." if is_note else "Roses need sun. (1")


async def test_each_book_is_a_document_and_what_was_marked_longer_stands_once(store: Store, clippings: Path) -> None:
    english = "Your Highlight on page {} | Added on Sunday, March 1, 2026 10:00:00 AM"
    clippings.write_text(
        clipping("Gardens", english.format(1), "Roses need")
        + clipping("Gardens", english.format(1), "Roses need sun.")
        + clipping("Gardens", english.format(1), "Roses need sun.")
        + clipping("Gardens", english.format(3), "")
        + clipping("花园 (梅)", english.format(2), "玫瑰需要阳光。"),
        encoding="utf-8",
    )
    assert counted(await sync(store, KindleSource(clippings))) == (2, 0, 0, 0)
    found = await everything(store)
    assert found["Gardens"].text == "Roses need sun. (1)"
    assert found["花园"].authors == ("梅",)
    with clippings.open("a") as file:
        file.write(clipping("Gardens", english.format(4), "So do figs."))
    assert counted(await sync(store, KindleSource(clippings))) == (0, 1, 0, 1)


async def test_a_date_that_can_not_be_told_is_none(store: Store, clippings: Path) -> None:
    clippings.write_text(clipping("Gardens", "Highlight | Added on the 99th of Nevermber 2026", "Roses."))
    await sync(store, KindleSource(clippings))
    assert (await everything(store))["Gardens"].modified == 0.0


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty"), (b"Dear diary", "no My Clippings"), (b"\0\1" * 99, "binary"), (None, "no such file")],
)
async def test_what_is_no_clippings_is_one_line_and_nothing_is_lost(
    store: Store, clippings: Path, data: bytes | None, reason: str
) -> None:
    clippings.write_text(clipping("Gardens", "Your Highlight | Added on March 1, 2026", "Roses."))
    await sync(store, KindleSource(clippings))
    clippings.unlink() if data is None else clippings.write_bytes(data)
    with pytest.raises(Unreadable, match=reason):
        await sync(store, KindleSource(clippings))
    assert set(await everything(store)) == {"Gardens"}


async def test_a_file_that_is_too_large_is_named(store: Store, clippings: Path) -> None:
    clippings.write_text(clipping("Gardens", "Your Highlight | Added on March 1, 2026", "Roses."))
    with pytest.raises(Unreadable, match="FOOTNOTE_MAX_FILE_MB"):
        await sync(store, KindleSource(clippings, max_bytes=10))
