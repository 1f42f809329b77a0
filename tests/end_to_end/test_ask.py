"""`footnote ask` and `footnote sync`, as processes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from retrieval.documents import Audience
from retrieval.embedders.hashing import Hashing
from retrieval.stores.lance import LanceStore
from tests.end_to_end.conftest import footnote, served
from tests.servers.providers import Fail, Playing, Provider, Say
from tests.servers.running import running

QUESTION = "how much may hotels cost a night?"


async def ask(*question: str, **environment: str) -> dict[str, Any]:
    code, out, err = await footnote("ask", "--json", *question, **environment)
    assert code == 0, err
    answer: dict[str, Any] = json.loads(out)
    return answer


async def test_an_answer_as_json_quotes_exact_spans(home: Path, handbook: Path) -> None:
    await footnote("sync", str(handbook))
    answer = await ask(QUESTION)
    assert set(answer) == {
        "question",
        "refused",
        "text",
        "sentences",
        "actions",
        "searched",
        "steps",
        "seconds",
        "cost",
    }
    assert not answer["refused"]
    assert answer["steps"][0].startswith(f"Searched for “{QUESTION}”: ")
    citation = answer["sentences"][0]["citations"][0]
    assert set(citation) == {"document", "title", "start", "end", "quote"}
    store = await LanceStore.open(home / "knowledge")
    await store.bind(Hashing.name, Hashing.dimensions)
    document = await store.document(citation["document"], Audience.everyone())
    assert document is not None
    assert document.text[citation["start"] : citation["end"]] == citation["quote"]
    assert "150 euros" in citation["quote"]
    await store.close()


async def test_how_an_answer_was_found_is_told_on_request(home: Path, handbook: Path) -> None:
    await footnote("sync", str(handbook))
    _, explained, _ = await footnote("ask", "--how", QUESTION)
    assert "Found “Expense policy” by " in explained.split("How I found this")[1]


async def test_quotes_around_the_question_are_optional(home: Path, handbook: Path) -> None:
    await footnote("sync", str(handbook))
    answer = await ask(*QUESTION.split())
    assert answer["question"] == QUESTION
    assert "150 euros" in answer["text"]


async def test_words_that_are_not_in_utf_8_are_a_question_all_the_same(home: Path, handbook: Path) -> None:
    await footnote("sync", str(handbook))
    answer = await ask(QUESTION + " \udcff")
    assert answer["question"] == f"{QUESTION} \ufffd"
    assert "150 euros" in answer["text"]


async def test_a_terminal_with_few_letters_gets_what_it_can_show_and_json_is_utf_8(home: Path) -> None:
    question = "备份保存多少天？"
    assert (await ask(question, PYTHONIOENCODING="latin-1"))["question"] == question
    code, out, err = await footnote("ask", question, PYTHONIOENCODING="latin-1")
    assert (code, err.count("Traceback")) == (0, 0)
    assert "I don't know" in out


@pytest.mark.parametrize("options", [(), ("--json",)])
async def test_an_answer_that_can_t_be_written_is_said_in_a_line(
    home: Path, handbook: Path, options: tuple[str, ...]
) -> None:
    await footnote("sync", str(handbook))
    command = [sys.executable, "-m", "bot", "ask", *options, QUESTION]
    with Path("/dev/full").open("w") as full:
        process = await asyncio.create_subprocess_exec(*command, stdout=full, stderr=asyncio.subprocess.PIPE)
    _, err = await process.communicate()
    assert process.returncode == 1
    assert err.decode().splitlines()[-1] == "No space left on device."
    assert b"Traceback" not in err


async def test_json_tells_of_a_greeting_and_of_what_waits(home: Path) -> None:
    greeting = await ask("hello")
    assert (greeting["refused"], greeting["actions"]) == (False, [])
    assert greeting["text"].startswith("Hello!")
    proposed = await ask("remember that doors close at 6")
    assert not proposed["refused"]
    (action,) = proposed["actions"]
    assert (action["tool"], action["state"]) == ("remember", "proposed")
    assert action["arguments"] == {"text": "doors close at 6"}


async def test_in_a_pipe_every_line_is_whole(home: Path, handbook: Path) -> None:
    name = f"{'a-very-long-name-' * 8}.docx"
    (handbook / name).write_bytes(b"no DOCX")
    (handbook / "long.md").write_text(f"The quarterly audit looks at {'every single invoice and ' * 8}nothing else.\n")
    _, _, err = await footnote("sync", str(handbook))
    (line,) = [line for line in err.splitlines() if line.startswith("Not read:")]
    assert f"{name}: this is no DOCX" in line
    _, out, _ = await footnote("ask", "what does the quarterly audit look at?")
    assert [line for line in out.splitlines() if "quarterly audit" in line and "nothing else. [1]" in line]


async def test_a_misspelt_setting_is_named_by_doctor(home: Path) -> None:
    code, out, _ = await footnote("doctor", FOOTNOTE_EMBEDER="minilm")
    assert code == 1
    (line,) = [line for line in out.splitlines() if "FOOTNOTE_EMBEDER" in line]
    assert line.startswith("✗ Settings")
    assert line.endswith("FOOTNOTE_EMBEDDER is one.")


async def test_nothing_known_is_said_where_nothing_is_indexed(home: Path) -> None:
    _, out, _ = await footnote("ask", QUESTION)
    assert "Nothing is indexed yet: footnote sync FOLDER" in out


async def test_what_is_not_there_is_refused_with_what_was_looked_for(home: Path, handbook: Path) -> None:
    await footnote("sync", str(handbook))
    answer = await ask("who painted the ceiling of the chapel?")
    assert answer["refused"]
    assert answer["sentences"] == []
    assert "who painted the ceiling of the chapel?" in answer["searched"]


async def test_a_model_writes_and_what_no_source_supports_is_left_out(home: Path, handbook: Path) -> None:
    await footnote("sync", str(handbook))
    prose = "Hotels may cost up to 150 euros a night [1]. Breakfast costs 99 euros [1]. Everyone likes it."
    with running(Playing(prose, QUESTION).app) as url:
        answer = await ask(QUESTION, **served(url))
    assert [sentence["text"] for sentence in answer["sentences"]] == ["Hotels may cost up to 150 euros a night."]
    assert answer["sentences"][0]["citations"][0]["quote"] == "Hotels may cost 150 euros a night."


async def test_without_its_provider_it_quotes_and_says_so(home: Path, handbook: Path) -> None:
    await footnote("sync", str(handbook))
    with running(Provider(Fail(500, {"retry-after": "0"})).app) as url:
        code, out, _ = await footnote("ask", QUESTION, **served(url))
    assert code == 0
    assert "Hotels may cost 150 euros a night." in out
    assert "Quoted instead of written" in out


async def test_a_budget_that_is_used_up_is_said_plainly(home: Path, handbook: Path) -> None:
    await footnote("sync", str(handbook))
    with running(Provider(Say("x")).app) as url:
        _, out, _ = await footnote("ask", QUESTION, **served(url), FOOTNOTE_BUDGET_DAY="0")
    assert "I stopped: the whole budget of $0.00 for today is used up" in " ".join(out.split())


def at_prompt(*words: str, **environment: str) -> subprocess.Popen[str]:
    """`footnote ask` with somebody at its prompt."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    settings = {**os.environ, "COLUMNS": "80", **environment}
    return subprocess.Popen([sys.executable, "-m", "bot", "ask", *words], **pipes, text=True, env=settings)


async def test_an_action_is_approved_at_the_prompt_and_known_by_its_meaning(home: Path) -> None:
    out, _ = at_prompt("remember that doors close at 6").communicate("approve\n", timeout=60)
    assert "✅ Remembered: doors close at 6" in out
    assert out.count("fingerprint") == 1
    assert [path.suffix for path in (home / "notes").iterdir()] == [".md"]
    assert (await ask("when do doors close?"))["sentences"][0]["text"] == "doors close at 6"
    store = await LanceStore.open(home / "knowledge")
    await store.bind(Hashing.name, Hashing.dimensions)
    counts = await store.counts()
    assert counts.passages == counts.embedded == 1
    await store.close()


async def test_a_rejection_s_reason_is_optional_at_the_prompt(home: Path) -> None:
    out, _ = at_prompt("remember that doors close at 6").communicate("r\n\n", timeout=60)
    assert "Why? (optional): " in out
    assert "rejected “Remember ‘doors close at 6’”" in out


@pytest.mark.parametrize("said", ["", "what\nwhat\nwhat\n", "reject\n"])
async def test_who_decides_nothing_at_the_prompt_is_told_where_it_waits(home: Path, said: str) -> None:
    process = at_prompt("remember that doors close at 6")
    out, _ = process.communicate(said, timeout=60)
    assert process.returncode == 0
    assert "Nothing was done, and this still waits." in out
    assert "http://127.0.0.1:8765/approvals" in out
    assert not (home / "notes").exists()


async def test_who_may_not_decide_is_not_asked(home: Path) -> None:
    process = at_prompt("remember that doors close at 6", FOOTNOTE_APPROVERS="console/mei")
    out, _ = process.communicate("approve\n", timeout=60)
    assert "Decide" not in out
    assert "this still waits. Only Mei may decide." in " ".join(out.split())


async def test_ctrl_c_at_the_prompt_leaves_at_once(home: Path) -> None:
    process = at_prompt("remember that doors close at 6")
    assert process.stdout
    shown = ""
    while not shown.endswith("Decide"):
        shown += await asyncio.to_thread(process.stdout.read, 1)
    await asyncio.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=5)
    assert process.returncode == 0
    assert "this still waits" in out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_sync_that_embeds_says_so_without_a_terminal_and_is_left_at_once(
    home: Path, handbook: Path, number: signal.Signals, code: int
) -> None:
    (handbook / "page.html").write_text("<p>Doors close at six.</p>")  # a process of its own reads it
    slow = (
        "import asyncio, time\nfrom retrieval.embedders.hashing import Hashing\n"
        "async def passages(self, texts, **_):\n    print('embedding', flush=True)\n    await asyncio.to_thread(time.sleep, 30)\n"
        "Hashing.passages = passages\nfrom bot.cli import main\nmain()"
    )
    # A shell's job in the background ignores Ctrl+C, and so would what it starts.
    heard = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    arguments = [sys.executable, "-c", heard + slow, "sync", str(handbook)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert await asyncio.to_thread(process.stdout.readline) == "embedding\n"
        started = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert time.monotonic() - started < 5
    assert re.search(r"^Embedding [\d,]+ passages; words are searched already\.$", err, re.MULTILINE)
    assert "leaked" not in err
    assert "the rest goes on at the next footnote sync" in " ".join(err.split())


async def test_a_sync_without_a_terminal_says_how_far_it_is(home: Path, handbook: Path) -> None:
    often = "import bot.syncing\nbot.syncing.SAID_EVERY = 0.0\nfrom bot.cli import main\nmain()"
    arguments = [sys.executable, "-c", often, "sync", str(handbook)]
    done = await asyncio.to_thread(subprocess.run, arguments, capture_output=True, text=True, timeout=60, check=True)
    assert re.search(r"^Embedded (\d+) of \1(, about \d+ minutes? left)?\.$", done.stderr, re.MULTILINE)


async def test_bad_files_are_named_and_stop_nothing(home: Path, handbook: Path) -> None:
    (handbook / "binary.md").write_bytes(os.urandom(3_000))
    (handbook / "broken.pdf").write_bytes(b"%PDF-1.4 nonsense")
    (handbook / "loop").symlink_to(handbook)
    with (handbook / "huge.txt").open("wb") as huge:
        huge.truncate(2_000_000_000)
    code, _, err = await footnote("sync", str(handbook), COLUMNS="300")
    assert code == 0
    assert "3 new" in err
    for name, reason in (("binary.md", "binary"), ("broken.pdf", "PDF"), ("huge.txt", "2,000 MB")):
        assert any(name in line and reason in line for line in err.splitlines()), name
    (handbook / "travel.md").unlink()
    _, _, err = await footnote("sync")
    assert "0 new, 0 changed, 1 gone, 2 unchanged" in err


async def test_a_folder_that_is_away_removes_nothing(home: Path, handbook: Path) -> None:
    await footnote("sync", str(handbook))
    handbook.rename(handbook.with_name("moved"))
    code, _, err = await footnote("sync", COLUMNS="300")
    assert code == 1
    assert "there is no such file or folder" in err
    assert not (await ask(QUESTION))["refused"]


async def test_a_folder_is_forgotten_and_a_mistyped_one_never_remembered(home: Path, handbook: Path) -> None:
    question = "how much may hotels cost a night?"
    code, _, err = await footnote("sync", f"{handbook}x", COLUMNS="400")
    assert (code, err.strip().count("\n")) == (1, 0)
    assert "no such file or folder" in err
    await footnote("sync", str(handbook))
    assert not (await ask(question))["refused"]
    code, _, err = await footnote("forget", str(handbook), str(handbook.parent), COLUMNS="400")
    assert code == 1
    assert f"{handbook.parent} was never added" in err
    assert (await ask(question))["refused"]
    assert (await footnote("sync"))[0] == 1, "nothing is left to sync"
    assert (handbook / "expenses.md").exists()


async def test_an_empty_mention_and_a_far_too_long_one_get_a_line(home: Path) -> None:
    _, out, _ = await footnote("ask", "  ")
    assert "without a question" in out
    _, out, _ = await footnote("ask", "x" * 100_000, COLUMNS="300")
    assert "100,000 characters and I read 8,000 at most" in out


async def test_wrong_settings_and_homes_are_one_line(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for environment, words in (
        ({"FOOTNOTE_PORT": "many"}, "FOOTNOTE_PORT"),
        ({"FOOTNOTE_MODEL": "gguf:/no/such"}, "FOOTNOTE_MODEL"),
        ({"FOOTNOTE_EMBEDDER": "magic"}, "FOOTNOTE_EMBEDDER"),
        ({"FOOTNOTE_HOME": str(tmp_path / "file" / "home")}, "FOOTNOTE_HOME"),
        ({"FOOTNOTE_DATABASE_URL": "mysql://x"}, "FOOTNOTE_DATABASE_URL"),
    ):
        code, _, err = await footnote("ask", "hello", **environment)
        assert code == 1
        assert words in err
        assert len(err.strip().splitlines()) == 1, err
