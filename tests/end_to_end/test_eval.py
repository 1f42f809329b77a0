"""`footnote eval` from outside: a night, another one beside it, what CI reads, and a gate."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.end_to_end.conftest import footnote
from tests.servers.running import running

CASES = """\
cases:
  - id: hotel-limit
    question: What may hotels cost a night?
    evidence:
      - document: Expense policy
        quote: Hotels may cost 150 euros a night.
    says: ["150"]
  - id: receipts
    question: When are receipts due?
    says: [30 days]
  - id: pirate-king
    question: Which submarine did the emperor of Atlantis sink?
    expects: refusal
  - id: keep-a-note
    question: remember that hotels are dear in June
    expects: action
    tools: [remember]
"""


def write_cases(tmp_path: Path, more: str = "") -> Path:
    path = tmp_path / "cases.yaml"
    path.write_text(CASES + more, encoding="utf-8")
    return path


async def test_two_nights_and_what_ci_reads(tmp_path: Path, handbook: Path, home: Path) -> None:
    await footnote("sync", str(handbook))
    cases = write_cases(tmp_path)
    made = [str(tmp_path / "night.json"), str(tmp_path / "night.xml")]
    code, out, err = await footnote("eval", "--cases", str(cases), "--json", made[0], "--junit", made[1], "--gate")
    assert code == 0, out + err
    assert "4 of 4 cases passed (100%)." in out
    assert "There is no earlier night to compare with." in out
    told = json.loads(Path(made[0]).read_text())
    assert told["cases"]["keep-a-note"]["effects"] == ["remember"]
    assert not (home / "notes").exists(), "nothing that was wanted was done"
    assert (home / "evals" / f"{told['night']}.json").exists()
    suite = ElementTree.fromstring(Path(made[1]).read_text())[0]
    assert (suite.get("tests"), suite.get("failures")) == ("4", "0")
    code, out, err = await footnote("eval", "--cases", str(cases), "--baseline", made[0], "--baseline", "last")
    assert code == 0, out + err
    assert "What changed since night.json can't be told from chance: 4 cases can be compared, of 10" in " ".join(
        out.split()
    )


async def test_a_duplicate_id_is_one_line_the_rest_runs_and_the_gate_does_not_hold(
    tmp_path: Path, handbook: Path
) -> None:
    await footnote("sync", str(handbook))
    cases = write_cases(tmp_path, "  - id: receipts\n    question: Again?\n    says: [x]\n")
    code, out, _ = await footnote("eval", "--cases", str(cases), "--gate")
    assert code == 1
    assert "4 of 4 cases passed" in out
    assert "cases.yaml:18: the id “receipts” is taken by cases.yaml:8" in " ".join(out.split())


async def test_two_configurations_side_by_side(tmp_path: Path, handbook: Path) -> None:
    await footnote("sync", str(handbook))
    cases = write_cases(tmp_path)
    code, out, err = await footnote("eval", "--cases", str(cases), "--compare", "now", "run_steps=3")
    assert code == 0, out + err
    assert "cases passed" in out
    code, _, err = await footnote("eval", "--cases", str(cases), "--compare", "now", "colour=red")
    assert code == 1
    assert "“colour” is no setting" in err


async def test_another_embedder_is_tried_on_a_copy_and_the_team_s_own_vectors_stay(
    tmp_path: Path, handbook: Path, home: Path
) -> None:
    await footnote("sync", str(handbook))
    cases = write_cases(tmp_path)
    bound = (home / "knowledge" / "embedder.json").read_text()
    code, out, err = await footnote("eval", "--cases", str(cases), "--compare", "now", "embedder=minilm")
    assert code == 0, out + err
    assert "4 of 4 cases passed" in out
    assert "embedder" in out.partition("What is examined changed since")[2]
    assert (home / "knowledge" / "embedder.json").read_text() == bound
    code, out, err = await footnote("ask", "What may hotels cost a night?")
    assert "150 euros" in out, err


async def test_langsmith_is_told_by_its_own_variables_and_nobody_without_them(tmp_path: Path, handbook: Path) -> None:
    told: list[str] = []

    async def take(request: Request) -> JSONResponse:
        told.append(request.url.path)
        await request.body()
        return JSONResponse({})

    await footnote("sync", str(handbook))
    cases = write_cases(tmp_path)
    with running(Starlette(routes=[Route("/{path:path}", take, methods=["GET", "POST", "PATCH"])])) as url:
        there = {"LANGSMITH_ENDPOINT": url, "LANGSMITH_API_KEY": "key"}
        await footnote("eval", "--cases", str(cases), **there)
        assert told == []
        code, out, err = await footnote("eval", "--cases", str(cases), LANGSMITH_TRACING="true", **there)
        assert code == 0, out + err
    assert any(path.startswith("/runs") for path in told), told


async def test_a_file_that_is_no_yaml_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("cases: [", encoding="utf-8")
    code, _, err = await footnote("eval", "--cases", str(tmp_path / "broken.yaml"))
    assert code == 1
    assert err.strip().endswith("no YAML: expected the node content, but found '<stream end>'.")
    assert "Traceback" not in err
