"""The judge over a real connection: its grades, its nonsense, its silence; and a biased one is caught."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import ModelMisconfigured
from agent.models import ChatModel
from agent.models.open import open_model
from agent.tables import metadata, usage
from bot.grading import grading
from bot.records import open_engine, sqlite_url
from bot.settings import load_settings
from evals.cases import Case
from evals.grading_the_judge import grade, kappa, kappa_interval, read_pairs
from evals.judge import opened
from evals.outcomes import Outcome
from evals.running import channel
from tests.servers.providers import KEY, Fail, Garbage, Say, Step, Thinking
from tests.servers.running import running

CASE = Case.model_validate({"id": "c1", "question": "What may a hotel cost?", "good": "150 euros a night."})
OUTCOME = Outcome(
    case="c1", text="Hotels may cost 150 euros a night.", contexts=("Hotels may cost 150 euros a night.",)
)
PAIRS = read_pairs()
Body = dict[str, Any]


@asynccontextmanager
async def judged_by(mind: Callable[[Body], Step | str]) -> AsyncIterator[ChatModel]:
    with running(Thinking(mind).app) as url:
        model = open_model("openai-compatible:judge", url=f"{url}/v1", key=SecretStr(KEY))
        assert model is not None
        yield model
        await model.close()


def shape(body: Body) -> str:
    """The name of what DeepEval asks for."""
    return str(body.get("response_format", {}).get("json_schema", {}).get("schema", {}).get("title", ""))


def well(body: Body) -> str:
    """What a judge says who finds everything right."""
    return {
        "Truths": '{"truths": ["Hotels may cost 150 euros."]}',
        "Claims": '{"claims": ["Hotels may cost 150 euros."]}',
        "Statements": '{"statements": ["Hotels may cost 150 euros."]}',
        "Verdicts": '{"verdicts": [{"verdict": "yes", "reason": "It says so."}]}',
        "ReasonScore": '{"reason": "It says so.", "score": 9}',
    }.get(shape(body), "?")


async def test_deepeval_s_metrics_are_graded_through_the_model_that_is_configured() -> None:
    async with judged_by(well) as model:
        graded, not_graded = await (await opened(model)).grade(CASE, OUTCOME)
    assert not_graded == {}
    assert graded == {
        "judge_faithfulness": 1.0,
        "judge_relevancy": 1.0,
        "judge_precision": 1.0,
        "judge_recall": 1.0,
        "judge_correctness": 0.9,
    }


async def test_a_judge_that_answers_nonsense_leaves_that_metric_ungraded_and_says_so() -> None:
    async with judged_by(lambda body: "Well…" if shape(body) == "Statements" else well(body)) as model:
        graded, not_graded = await (await opened(model)).grade(CASE, OUTCOME)
    assert not_graded == {"judge_relevancy": "the judge's answer is no Statements in JSON"}
    assert len(graded) == 4


@pytest.mark.parametrize("step", [Fail(400), Garbage()])
async def test_a_judge_that_does_not_answer_leaves_all_ungraded(step: Step) -> None:
    async with judged_by(lambda body: step) as model:
        graded, not_graded = await (await opened(model)).grade(CASE, OUTCOME)
    assert graded == {}
    assert len(not_graded) == 5
    assert all("\n" not in line and KEY not in line for line in not_graded.values())


async def test_an_action_is_graded_by_its_tools_and_a_refusal_not_at_all() -> None:
    action = Case.model_validate({"id": "c2", "question": "remember x", "expects": "action", "tools": ["remember"]})
    refusal = Case.model_validate({"id": "c3", "question": "Who?", "expects": "refusal"})
    async with judged_by(well) as model:
        judge = await opened(model)
        assert await judge.grade(action, Outcome(case="c2", effects=("remember",))) == ({"judge_tools": 1.0}, {})
        assert await judge.grade(action, Outcome(case="c2")) == ({"judge_tools": 0.0}, {})
        assert await judge.grade(refusal, Outcome(case="c3", refused=True)) == ({}, {})


def asked(body: Body) -> tuple[str, list[str]]:
    """The evidence, and the answer or both of them."""
    lines = dict(line.split(": ", 1) for line in body["messages"][0]["content"].splitlines() if ": " in line)
    return lines["Source"], [lines[name] for name in ("Answer", "Answer 1", "Answer 2") if name in lines]


GOOD = {pair.good for pair in PAIRS}


def decide(good: Callable[[str], float]) -> Callable[[Body], str]:
    """A judge to whom the better answer is the one that a function gives more; above 0.5 it is good."""

    def mind(body: Body) -> str:
        _, answers = asked(body)
        if len(answers) == 1:
            return json.dumps({"good": good(answers[0]) > 0.5})
        return json.dumps({"better": 1 if good(answers[0]) >= good(answers[1]) else 2})

    return mind


async def test_a_judge_who_knows_is_trusted() -> None:
    async with judged_by(decide(lambda answer: float(answer in GOOD))) as model:
        made = await grade(model, PAIRS)
    assert (made.kappa, made.repeat, made.swapped, made.silent) == (1.0, 1.0, 1.0, 0)
    assert made.distrust == ""


@pytest.mark.parametrize(
    ("bias", "said"),
    [
        (lambda answer: min(len(answer) / 120, 1.0), "agrees with people by kappa"),
        (lambda answer: 1.0, "agrees with people by kappa 0.00"),
        (lambda answer: 1.0 - float(answer in GOOD), "agrees with people by kappa -1.00"),
    ],
    ids=["prefers long answers", "always says yes", "says the contrary"],
)
async def test_a_biased_judge_is_caught(bias: Callable[[str], float], said: str) -> None:
    async with judged_by(decide(bias)) as model:
        made = await grade(model, PAIRS)
    assert made.distrust.startswith("The judge is not to be trusted tonight: ")
    assert said in made.distrust


async def test_a_judge_who_prefers_what_comes_first_is_caught_by_swapping() -> None:
    knows = decide(lambda answer: float(answer in GOOD))
    async with judged_by(lambda body: knows(body) if len(asked(body)[1]) == 1 else '{"better": 1}') as model:
        made = await grade(model, PAIRS)
    assert made.swapped == 0.0
    assert "with the order swapped it chooses the same answer 0% of the time" in made.distrust
    assert "kappa" not in made.distrust


async def test_a_judge_who_changes_its_mind_is_caught_by_asking_again() -> None:
    times: dict[str, int] = {}

    def moody(body: Body) -> str:
        prompt = body["messages"][0]["content"]
        times[prompt] = times.get(prompt, 0) + 1
        right = json.loads(decide(lambda answer: float(answer in GOOD))(body))
        return json.dumps({"good": right["good"] ^ (times[prompt] == 2)} if "good" in right else right)

    async with judged_by(moody) as model:
        made = await grade(model, PAIRS)
    assert made.repeat == 0.0
    assert "asked again it says the same 0% of the time" in made.distrust


async def test_a_silent_judge_is_not_trusted() -> None:
    async with judged_by(lambda body: "I'd rather not say.") as model:
        made = await grade(model, PAIRS)
    assert made.silent == made.asked
    assert "it gave a verdict on 0 answers only" in made.distrust


async def test_the_judge_that_the_settings_name_is_graded_and_its_calls_are_on_the_ledger(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    with running(Thinking(decide(lambda answer: 1.0)).app) as url:
        settings = load_settings(judge="openai-compatible:judge", judge_url=f"{url}/v1", judge_key=KEY)
        async with grading(settings, engine, "tonight") as made:
            assert made.judging is not None
            assert "agrees with people by kappa 0.00" in made.distrust
    async with engine.connect() as connection:
        query = select(func.count(), func.sum(usage.c.input_tokens)).where(usage.c.channel == channel("tonight"))
        calls, tokens = (await connection.execute(query)).one()
    assert calls == 6 * len(PAIRS)
    assert tokens == 11 * calls
    await engine.dispose()


async def test_a_judge_that_hangs_is_said_not_to_be_graded_and_the_night_goes_on_without_it(
    engine: AsyncEngine,
) -> None:
    hanging = Thinking(lambda body: Say("yes", hold=0))
    with running(hanging.app) as url:
        settings = load_settings(judge="openai-compatible:judge", judge_url=f"{url}/v1", judge_key=KEY)
        async with asyncio.timeout(20), grading(settings, engine, "tonight", seconds=0.6) as made:
            assert (made.judging, made.metrics) == (None, ())
        hanging.go.set()
    assert made.distrust == (
        "The judge was not graded and is not to be trusted tonight: its own grading did not end in 0.01 minutes, "
        "so it graded no answer."
    )


async def test_a_judge_that_can_t_be_opened_is_named_by_its_setting(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    with pytest.raises(ModelMisconfigured, match="FOOTNOTE_JUDGE_URL: say where it is"):
        async with grading(load_settings(judge="openai-compatible:x"), engine, "tonight"):
            raise AssertionError
    async with grading(load_settings(), engine, "tonight") as made:
        assert made.judging is None
    await engine.dispose()


def test_kappa() -> None:
    assert kappa([(True, True), (False, False)]) == 1.0
    assert kappa([(True, True), (False, True)]) == 0.0
    # Cohen's own measure on 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no
    table = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert kappa(table) == pytest.approx(0.4)
    low, high = kappa_interval(table)
    assert 0.1 < low < 0.2
    assert 0.6 < high < 0.7


def test_deepeval_opens_no_socket_and_writes_no_file(tmp_path: Any) -> None:
    """In a process of its own, where every connection and every lookup of a name raises and is noted."""
    watched = """
import asyncio, socket, sys
opened = []
def watch(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        opened.append((event, args[1:]))
sys.addaudithook(watch)
from agent.models.scripted import ScriptedModel
from evals.cases import Case
from evals.judge import opened as open_judge
from evals.outcomes import Outcome
from evals.running import channel
async def main():
    judge = await open_judge(ScriptedModel(lambda request: '{"statements": ["a"], "verdicts": [{"verdict": "yes"}]}'))
    case = Case.model_validate({"id": "c1", "question": "What?", "good": "x"})
    return await judge.grade(case, Outcome(case="c1", text="It is x.", contexts=("x is so",)))
graded, _ = asyncio.run(main())
import time
time.sleep(1)
assert graded.get("judge_relevancy") == 1.0, graded
assert not opened, opened
"""
    done = subprocess.run(
        [sys.executable, "-c", watched], capture_output=True, text=True, cwd=tmp_path, env=_bare(tmp_path)
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def _bare(home: Any) -> dict[str, str]:
    """No variable that an earlier test, or the machine, has set for DeepEval."""
    import os

    root = str(Path(__file__).resolve().parents[2])
    kept = {name: value for name, value in os.environ.items() if "DEEPEVAL" not in name and name != "ERROR_REPORTING"}
    return {**kept, "PYTHONPATH": root, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
