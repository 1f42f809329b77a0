"""Slack exports, as zips on disk."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import Unreadable
from retrieval.parsing.slack_text import plain
from retrieval.sources import slack_archive
from retrieval.sources.slack_export import SlackExportSource
from retrieval.stores import Store
from tests.unit.sources import counted, everything, sync

USERS = [
    {"id": "U1", "name": "mei", "profile": {"display_name": "Mei", "real_name": "Mei Lin"}},
    {"id": "U2", "name": "jo", "profile": {"display_name": "", "real_name": "Jo Berg"}},
]
CHANNELS = [{"id": "C1", "name": "design"}, {"id": "C2", "name": "general"}]
MARCH_1 = 1_772_359_200


def message(seconds: int, user: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "message", "ts": f"{MARCH_1 + seconds}.000100", "user": user, "text": text, **more}


def thread(seconds: int) -> str:
    return f"{MARCH_1 + seconds}.000100"


DAY_1 = [
    message(0, "U1", "Which blue for <#C2|general>, <@U2>?", thread_ts=thread(0), reply_count=2),
    message(60, "U2", "The dark one &amp; <https://x.example|this>.", thread_ts=thread(0)),
    message(120, "U1", "Lunch is here."),
    message(130, "U1", "<@U1> has joined", subtype="channel_join"),
    message(140, "", "Build passed", subtype="bot_message", username="robot"),
]
DAY_2 = [message(86_400, "U1", "Dark it is.", thread_ts=thread(0))]


def write(path: Path, extra: dict[str, Any] | None = None, **files: Any) -> Path:
    whole = {
        "users.json": USERS,
        "channels.json": CHANNELS,
        "design/2026-03-01.json": DAY_1,
        "design/2026-03-02.json": DAY_2,
        "general/": b"",
        **(extra or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, rows in whole.items():
            if rows is not None:
                file.writestr(name, rows if isinstance(rows, bytes) else json.dumps(rows))
    return path


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return tmp_path / "export.zip"


async def test_a_thread_is_a_document_and_so_is_the_rest_of_a_day(store: Store, export: Path) -> None:
    assert counted(await sync(store, SlackExportSource(write(export)))) == (2, 0, 0, 0)
    found = await everything(store)
    asked = found["#design: Which blue for #general, @Jo Berg?"]
    assert asked.text == (
        "Mei: Which blue for #general, @Jo Berg?\n\nJo Berg: The dark one & this (https://x.example).\n\nMei: Dark it is."
    )
    assert (asked.authors, asked.channel) == (("Mei", "Jo Berg"), "design")
    assert asked.modified == MARCH_1 + 86_400 + 0.0001
    assert asked.uri == f"https://slack.com/app_redirect?channel=C1&message_ts={thread(0)}"
    assert found["#design, 2026-03-01"].text == "Mei: Lunch is here.\n\nrobot: Build passed"


async def test_only_what_changed_is_read_again(store: Store, export: Path) -> None:
    await sync(store, SlackExportSource(write(export)))
    assert counted(await sync(store, SlackExportSource(export))) == (0, 0, 0, 2)
    day = {"general/2026-03-03.json": [message(172_800, "U2", "Welcome.")], "design/2026-03-02.json": None}
    assert counted(await sync(store, SlackExportSource(write(export, day)))) == (1, 1, 0, 1)


async def test_private_channels_and_conversations_are_left_out_and_that_is_said(store: Store, export: Path) -> None:
    private = {
        "groups.json": [{"id": "G1", "name": "secret"}],
        "dms.json": [{"id": "D1"}, {"id": "D2"}],
        "secret/2026-03-01.json": [message(0, "U1", "The secret plan.")],
        "D1/2026-03-01.json": [message(0, "U1", "The secret wish.")],
        "channels.json": [*CHANNELS, {"id": "C9", "name": "closed", "is_private": True}],
        "closed/2026-03-01.json": [message(0, "U1", "The secret door.")],
    }
    summary = await sync(store, SlackExportSource(write(export, private)))
    assert (
        summary.unreadable[0][1]
        == "1 private channels, 2 conversations are left out: who may see them is not known here"
    )
    assert "secret" not in "".join(one.text + one.title for one in (await everything(store)).values())


async def test_a_day_that_is_broken_is_named_and_takes_nothing_away(store: Store, export: Path) -> None:
    await sync(store, SlackExportSource(write(export)))
    broken = {"design/2026-03-01.json": b"{not json", "general/2026-03-01.json": [message(0, "U1", "Hello.")]}
    summary = await sync(store, SlackExportSource(write(export, broken)))
    assert "2026-03-01.json: this is no JSON" in summary.unreadable[0][1]
    assert {"#design, 2026-03-01", "#general, 2026-03-01"} <= set(await everything(store))


async def test_what_is_of_another_shape_stops_nothing(store: Store, export: Path) -> None:
    odd = [
        "a string",
        {"ts": "not a time", "text": "x"},
        {"ts": "9" * 400, "text": "x"},
        message(1, "U1", "Fine.", attachments=["odd"], files=None),
        {"ts": thread(2), "text": 5},
        message(3, "U9", "Who am I?", profile="odd"),
    ]
    files = {"general/2026-03-01.json": odd, "users.json": [*USERS, {"id": "U3", "profile": "odd"}, "odd"]}
    await sync(store, SlackExportSource(write(export, files)))
    assert (await everything(store))["#general, 2026-03-01"].text == "Mei: Fine.\n\nU9: Who am I?"


@pytest.mark.parametrize(
    "name", ["../evil.json", "/etc/evil.json", "design/../../evil.json", "..\\evil.json", "C:evil.json"]
)
async def test_a_zip_that_climbs_out_is_refused(store: Store, export: Path, name: str) -> None:
    write(export, {name: []})
    with pytest.raises(Unreadable, match="lead out of it"):
        await sync(store, SlackExportSource(export))


async def test_the_canvases_of_an_export_are_passed_over(store: Store, export: Path) -> None:
    canvas = [{"id": "F1", "name": "Plans", "url_private_download": "https://files.slack.example/F1"}]
    canvases = {"FC:F1:Plans/2026-03-01.json": DAY_2, "design/canvas_in_the_conversation.json": canvas}
    await sync(store, SlackExportSource(write(export, canvases)))
    assert set(await everything(store)) == {"#design, 2026-03-01", "#design: Which blue for #general, @Jo Berg?"}


async def test_a_bomb_is_refused_before_it_is_unpacked(store: Store, export: Path) -> None:
    write(export, {"design/2026-03-03.json": b" " * 40_000_000})
    with pytest.raises(Unreadable, match="far larger unpacked"):
        await sync(store, SlackExportSource(export))


async def test_an_entry_that_is_larger_than_the_bound_is_named(
    store: Store, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_archive, "MAX_ENTRY", 5_000)
    write(export, {"design/2026-03-02.json": b" " * 6_000})
    summary = await sync(store, SlackExportSource(export))
    assert "larger than 0 MB unpacked" in summary.unreadable[0][1]
    assert "#design, 2026-03-01" in await everything(store)


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"no zip", "no zip that can be read"), (b"", "no zip that can be read"), (None, "no such file")],
)
async def test_what_is_no_export_is_one_line_and_nothing_is_lost(
    store: Store, export: Path, data: bytes | None, reason: str
) -> None:
    await sync(store, SlackExportSource(write(export)))
    export.unlink() if data is None else export.write_bytes(data)
    with pytest.raises(Unreadable, match=reason):
        await sync(store, SlackExportSource(export))
    assert len(await everything(store)) == 2


async def test_a_zip_of_something_else_is_one_line(store: Store, export: Path) -> None:
    write(export, {"channels.json": None})
    with pytest.raises(Unreadable, match=r"channels\.json is missing"):
        await sync(store, SlackExportSource(export))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<!here> <!subteam^S1|@design>", "@here @design"),
        ("ask <!subteam^S1>", "ask a user group"),
        ("<@U7|old> <@U8>", "@old @U8"),
        ("<mailto:a@x.example|a@x.example> &lt;b&gt;", "a@x.example (mailto:a@x.example) <b>"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    ],
)
def test_marks_of_slack_become_words(text: str, words: str) -> None:
    assert plain(text, {}, {}) == words


@pytest.mark.parametrize(("name", "stored"), [("größe", "größe".encode()), ("große", "große".encode("cp437"))])
async def test_a_channel_is_found_whatever_way_the_zip_writes_its_name(
    store: Store, export: Path, name: str, stored: bytes
) -> None:
    """Slack's zips hold UTF-8 without saying so, others hold the old code page."""
    placeholder = "x" * len(stored)
    day = {"channels.json": [{"id": "C1", "name": name}], f"{placeholder}/2026-03-03.json": [message(0, "U1", "Hi.")]}
    write(export, day)
    export.write_bytes(export.read_bytes().replace(placeholder.encode(), stored))
    summary = await sync(store, SlackExportSource(export))
    assert (await everything(store))[f"#{name}, 2026-03-01"].text == "Mei: Hi."
    assert summary.unreadable == []


async def test_a_channel_that_the_zip_does_not_have_is_named_and_takes_nothing_away(store: Store, export: Path) -> None:
    await sync(store, SlackExportSource(write(export)))
    gone = {"design/2026-03-01.json": None, "design/2026-03-02.json": None}
    summary = await sync(store, SlackExportSource(write(export, gone)))
    assert [reason for _, reason in summary.unreadable] == ["the export has no folder for #design"]
    assert len(await everything(store)) == 2
