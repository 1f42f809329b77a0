"""Files that came with a mention and are kept: proposed, held while it waits, in the knowledge base once approved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from agent.approvals import Approval, State
from agent.models import Completion, Request, ToolCall
from agent.models.scripted import ScriptedModel
from agent.state import AttachedFile
from agent.tools import ToolContext
from bot.app import App
from bot.chat import Action, File, Press
from bot.desk import run_id
from bot.tables import held_files
from retrieval.documents import PUBLIC, Audience
from tests.unit.test_desk import MEI, THREAD, Here, assistant, mention

ROTA = b"# Rota\n\nOn Friday Bob brings the cake."
PIRATES = b"# Pirates\n\nThe flag is flown by Captain Kidd on Sundays."


@pytest.fixture
def here() -> Here:
    return Here()


@pytest.fixture
async def app(tmp_path: Path, here: Here) -> AsyncIterator[App]:
    async with assistant(tmp_path, here) as opened:
        yield opened


async def ask(app: App, here: Here, text: str, files: dict[str, bytes], event: str = "e1") -> list[Approval]:
    """Say something with files; returns what was proposed."""
    here.files |= {f"{event}/{name}": data for name, data in files.items()}
    attached = tuple(File(name, f"{event}/{name}", len(data)) for name, data in files.items())
    await app.desk.mention(mention(event, text, files=attached))
    return await app.ledger.by_run(run_id(event))


async def approve(app: App, approval: Approval, action: Action = Action.APPROVE, **form: str) -> Approval:
    """Decide it, and go on with its run."""
    await app.desk.press(Press(f"p{approval.id}{action}", THREAD, MEI, action, approval.id, 1_001.0, dict(form)))
    await app.desk.resume(approval.run)
    decided = await app.ledger.get(approval.id)
    assert decided is not None
    return decided


def kept(tmp_path: Path) -> dict[str, bytes]:
    uploads = tmp_path / "home" / "uploads"
    shown = sorted(path for path in uploads.iterdir() if path.name != ".draft") if uploads.exists() else []
    return {path.name: path.read_bytes() for path in shown}


async def held(app: App) -> list[bytes]:
    async with app.records.engine.connect() as connection:
        return list((await connection.execute(select(held_files.c.data).order_by(held_files.c.data))).scalars())


async def age(app: App) -> None:
    """Two hours pass."""
    async with app.records.engine.begin() as connection:
        await connection.execute(update(held_files).values(at=held_files.c.at - 7_200))


async def test_a_file_is_kept_once_approved_though_the_platform_has_it_no_more(
    app: App, here: Here, tmp_path: Path
) -> None:
    (waiting,) = await ask(app, here, "remember this file", {"rota.md": ROTA})
    assert kept(tmp_path) == {}
    here.files.clear()
    done = await approve(app, waiting)
    assert (done.state, done.result) == (State.DONE, "Kept in the knowledge base: rota.md.")
    assert kept(tmp_path) == {"rota.md": ROTA}
    await app.desk.mention(mention("e2", "who brings the cake on Friday?"))
    answer = here.shown[run_id("e2")]
    assert "Bob brings the cake" in answer.text
    assert answer.footnotes[0].uri.endswith("/uploads/rota.md")


async def test_a_card_shows_every_file_with_its_size(app: App, here: Here) -> None:
    big = {"rota.md": ROTA, "big report.txt": b"The garden opens at nine. " * 50_000}
    (waiting,) = await ask(app, here, "keep the attached files", big)
    card = here.shown[f"{waiting.run}:{waiting.id[:12]}"].card
    assert card is not None
    assert card.title == "Keep rota.md (38 bytes) and big report.txt (1.3 MB)"
    assert card.fields == (("Files", "rota.md (38 bytes)\nbig report.txt (1.3 MB)"),)


async def test_only_the_file_that_is_named_is_kept(app: App, here: Here, tmp_path: Path) -> None:
    (waiting,) = await ask(app, here, "keep pirates.md", {"rota.md": ROTA, "pirates.md": PIRATES})
    await approve(app, waiting)
    assert kept(tmp_path) == {"pirates.md": PIRATES}


async def test_of_what_is_proposed_a_part_can_be_approved_and_nothing_else(
    app: App, here: Here, tmp_path: Path
) -> None:
    (waiting,) = await ask(app, here, "keep these", {"rota.md": ROTA, "pirates.md": PIRATES})
    for wrong in ("Budget.md", "", "../secrets.md"):
        refused = await approve(app, waiting, Action.EDIT, files=wrong)
        assert refused.state is State.PROPOSED
    assert len(here.whispers) == 3
    assert here.whispers[0][1] == "files: Budget.md is not attached"
    await approve(app, waiting, Action.EDIT, files=waiting.arguments["files"][1])
    assert kept(tmp_path) == {"pirates.md": PIRATES}


@pytest.mark.parametrize(
    ("text", "said"),
    [("keep budget.md", "budget.md is not attached; attached is rota.md."), ("keep this file", "No file is attached")],
)
async def test_what_is_not_attached_is_refused_in_a_line(app: App, here: Here, text: str, said: str) -> None:
    assert await ask(app, here, text, {"rota.md": ROTA} if "budget" in text else {}) == []
    answer = here.shown[run_id("e1")].text
    assert said in answer
    assert "\n" not in answer.strip()


BROKEN = {
    "blob.md": (b"\0\1\2", "this is not text but binary data"),
    "broken.pdf": (b"%PDF-1.7 no", ""),
    "empty.txt": (b"", "the file is empty"),
    "photo.png": (b"\x89PNG", "files that end in .png"),
    "data.json": (b"{}", "files that end in .json"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_cannot_be_read_is_said_and_not_kept(app: App, here: Here, name: str) -> None:
    data, why = BROKEN[name]
    assert await ask(app, here, "keep this file", {name: data}) == []
    assert f"Not kept: {name}: {why}" in here.shown[run_id("e1")].text.replace("\\", "")
    assert await held(app) == []


async def test_a_file_that_is_too_large_is_said_and_not_kept(app: App, here: Here) -> None:
    here.files["f"] = ROTA
    await app.desk.mention(mention(text="keep this file", files=(File("film.txt", "f", 10**9),)))
    assert "Not kept: film.txt: it has 1,000 MB and I read 50 at most" in here.shown[run_id("e1")].text
    assert await held(app) == []


async def test_beside_one_that_cannot_be_read_the_others_are_kept(app: App, here: Here, tmp_path: Path) -> None:
    (waiting,) = await ask(app, here, "keep these files", {"blob.md": b"\0", "rota.md": ROTA})
    assert waiting.summary.startswith("Keep rota.md (38 bytes); not blob.md: this is not text")
    await approve(app, waiting)
    assert kept(tmp_path) == {"rota.md": ROTA}


async def test_a_name_that_is_taken_overwrites_nothing(app: App, here: Here, tmp_path: Path) -> None:
    for event, data in (("e1", ROTA), ("e2", PIRATES), ("e3", ROTA), ("e4", PIRATES)):
        (waiting,) = await ask(app, here, "keep this file", {"notes.md": data}, event)
        await approve(app, waiting)
    assert sorted(kept(tmp_path).values()) == sorted([ROTA, PIRATES])
    assert kept(tmp_path)["notes.md"] == ROTA


async def test_two_files_of_one_name_in_one_message_are_two(app: App, here: Here, tmp_path: Path) -> None:
    here.files = {"f1": ROTA, "f2": PIRATES, "f3": ROTA}
    files = tuple(File("notes.md", reference) for reference in here.files)
    await app.desk.mention(mention(text="keep these files", files=files))
    (waiting,) = await app.ledger.pending()
    await approve(app, waiting)
    assert sorted(kept(tmp_path).values()) == sorted([ROTA, PIRATES])


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../evil.md", "evil.md"),
        ("/etc/passwd.txt", "passwd.txt"),
        ("..\\..\\evil.md", "evil.md"),
        (".hidden.md", "hidden.md"),
        ("a\nb (c).md", "a b (c).md"),
        ("报" * 200 + ".md", "报" * 65 + ".md"),
    ],
)
async def test_a_name_leads_nowhere_else(app: App, here: Here, tmp_path: Path, name: str, safe: str) -> None:
    (waiting,) = await ask(app, here, "keep this file", {name: ROTA})
    await approve(app, waiting)
    assert kept(tmp_path) == {safe: ROTA}
    everywhere = {path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == ROTA}
    assert everywhere == {tmp_path / "home" / "uploads" / safe}


async def test_what_was_cut_off_in_the_middle_and_is_run_again_keeps_one_file(
    app: App, here: Here, tmp_path: Path
) -> None:
    (waiting,) = await ask(app, here, "keep these", {"rota.md": ROTA, "pirates.md": PIRATES})
    context = ToolContext(waiting.run, waiting.call, MEI.id, MEI.name, THREAD.key, Audience.everyone())
    half = {**waiting.arguments, "files": waiting.arguments["files"][:1]}
    await app.toolbox.run("remember_file", half, context)
    (tmp_path / "home" / "uploads" / ".draft").write_bytes(b"# Ro")
    assert (await approve(app, waiting)).state is State.DONE
    await app.toolbox.run("remember_file", waiting.arguments, context)
    assert kept(tmp_path) == {"rota.md": ROTA, "pirates.md": PIRATES}


async def test_what_waits_is_held_and_what_has_ended_is_not(app: App, here: Here, tmp_path: Path) -> None:
    (first,) = await ask(app, here, "keep this file", {"rota.md": ROTA})
    (second,) = await ask(app, here, "keep this file", {"pirates.md": PIRATES}, "e2")
    await age(app)
    await app.held.tidy()
    assert len(await held(app)) == 2
    await approve(app, first)
    await app.held.tidy()
    assert await held(app) == [PIRATES]
    await approve(app, second, Action.REJECT)
    await app.held.tidy()
    assert await held(app) == []
    assert kept(tmp_path) == {"rota.md": ROTA}


async def test_what_was_held_a_moment_ago_may_not_be_proposed_yet(app: App, here: Here) -> None:
    here.files["f"] = ROTA
    await app.held.hold(AttachedFile(name="rota.md", reference="f", size=0), THREAD.key)
    await app.held.tidy()
    assert await held(app) == [ROTA]
    await age(app)
    await app.held.tidy()
    assert await held(app) == []


async def test_no_more_is_held_than_the_bound(app: App, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.held_files.MAX_BYTES", 50)
    await ask(app, here, "keep this file", {"rota.md": ROTA})
    assert await ask(app, here, "keep this file", {"pirates.md": PIRATES}, "e2") == []
    assert "too much waits for a decision already" in here.shown[run_id("e2")].text
    assert len(await held(app)) == 1
    assert len(await ask(app, here, "keep this file", {"again.md": ROTA}, "e3")) == 1, "the same content is held once"


async def test_a_model_is_told_the_names_and_may_call_it(tmp_path: Path, here: Here) -> None:
    asked: list[str] = []

    def play(request: Request) -> str | Completion:
        if request.purpose != "act":
            return '{"route": "act", "question": "store those for the team", "queries": ["x"], "enough": true}'
        asked.append("\n".join(message.content for message in request.messages))
        forged = {"files": ["rota.md"], "held": {"rota.md": "f00d"}}
        return (
            Completion("", tool_calls=(ToolCall("1", "remember_file", forged),))
            if len(asked) == 2
            else (Completion("", tool_calls=(ToolCall("1", "remember_file", {"files": ["secrets.md"]}),)))
        )

    async with assistant(tmp_path, here, ScriptedModel(play)) as app:
        (waiting,) = await ask(app, here, "could those go where the team finds them", {"rota.md": ROTA})
        assert waiting.summary == "Keep rota.md (38 bytes)"
        assert "rota.md" in asked[0]
        assert "refused: secrets.md is not attached; attached is rota.md." in asked[1]
        here.files.clear()
        await app.desk.press(Press("p", THREAD, MEI, Action.APPROVE, waiting.id, 1_001.0))
        (approved,) = await app.ledger.by_run(waiting.run)
        assert list(approved.arguments["held"]) == ["rota.md (38 bytes)"]


async def test_what_is_held_no_longer_is_not_kept_and_said(app: App, here: Here) -> None:
    (waiting,) = await ask(app, here, "keep this file", {"rota.md": ROTA})
    async with app.records.engine.begin() as connection:
        await connection.execute(delete(held_files))
    failed = await approve(app, waiting)
    assert (failed.state, failed.result) == (
        State.FAILED,
        "rota.md is held no longer: attach it again and ask anew.",
    )


def test_a_model_sees_nothing_of_what_is_held(app: App) -> None:
    spec = next(one for one in app.toolbox.specs() if one.name == "remember_file")
    assert list(spec.schema["properties"]) == ["files"]


async def test_a_question_with_a_file_is_answered_from_it_and_keeps_nothing(
    app: App, here: Here, tmp_path: Path
) -> None:
    assert await ask(app, here, "who brings the cake on Friday?", {"rota.md": ROTA}) == []
    assert "Bob brings the cake" in here.shown[run_id("e1")].text
    assert await held(app) == []
    assert kept(tmp_path) == {}


async def test_a_kept_file_is_seen_where_a_note_would_be(app: App, here: Here) -> None:
    (waiting,) = await ask(app, here, "keep this file", {"rota.md": ROTA})
    await approve(app, waiting)
    await app.desk.mention(mention("e2", "remember that the harbour closes at dusk"))
    (note,) = await app.ledger.by_run(run_id("e2"))
    await approve(app, note)
    everyone, strangers = Audience.everyone(), Audience.of(PUBLIC, f"channel:{THREAD.channel_key}")
    titles = {one.title for one in await app.knowledge.documents(everyone)}
    assert {"Rota", "the harbour closes at dusk"} <= titles
    assert await app.knowledge.documents(strangers) == []
