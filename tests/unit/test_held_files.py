"""How a held file gets its name in the folder of the knowledge base."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.approvals import State
from bot.app import App
from tests.unit.test_desk import Here, assistant
from tests.unit.test_remember_file import PIRATES, ROTA, approve, ask, kept


@pytest.fixture
def here() -> Here:
    return Here()


@pytest.fixture
async def app(tmp_path: Path, here: Here) -> AsyncIterator[App]:
    async with assistant(tmp_path, here) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("bot.held_files.os.link", link)


async def test_on_a_disk_without_hard_links_files_are_kept_and_nothing_is_overwritten(
    app: App, here: Here, tmp_path: Path
) -> None:
    for event, data in (("e1", ROTA), ("e2", PIRATES), ("e3", ROTA)):
        (waiting,) = await ask(app, here, "keep this file", {"notes.md": data}, event)
        assert (await approve(app, waiting)).state is State.DONE
    assert sorted(kept(tmp_path).values()) == sorted([ROTA, PIRATES])
    assert kept(tmp_path)["notes.md"] == ROTA


async def test_a_name_is_given_back_where_the_file_could_not_take_it(
    app: App, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "replace", replace)
    (waiting,) = await ask(app, here, "keep this file", {"notes.md": ROTA})
    failed = await approve(app, waiting)
    assert failed.state is State.FAILED
    assert "notes.md could not be kept" in (failed.result or "")
    assert kept(tmp_path) == {}
