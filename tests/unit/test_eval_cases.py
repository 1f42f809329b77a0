"""Cases are read from YAML; a mistake names its line and leaves the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.cases import Expected, load
from evals.errors import CasesInvalid

GOOD = """\
sources: [package:langgraph]
cases:
  - id: waits
    question: How does a graph wait for a person?
    evidence:
      - document: package:langgraph
        quote: call interrupt
  - id: unknown
    question: Who won the race of 1921?
    expects: refusal
"""


async def read(tmp_path: Path, *texts: str) -> list[tuple[list[str], list[str]]]:
    paths = []
    for number, text in enumerate(texts):
        paths.append(tmp_path / f"{number}.yaml")
        paths[-1].write_text(text, encoding="utf-8")
    return [([case.id for case in one.cases], one.problems) for one in await load(paths)]


async def test_cases_and_what_they_are_asked_of(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(GOOD, encoding="utf-8")
    (found,) = await load([path])
    assert found.sources == ("package:langgraph",)
    assert [case.expects for case in found.cases] == [Expected.ANSWER, Expected.REFUSAL]
    assert found.problems == []


async def test_a_mistake_names_its_line_and_the_others_run(tmp_path: Path) -> None:
    wrong = GOOD.replace("        quote: call interrupt\n", "        qoute: call interrupt\n")
    (ids, problems) = (await read(tmp_path, wrong))[0]
    assert ids == ["unknown"]
    assert problems == ["0.yaml:6: “waits”: evidence.0.quote: Field required."]


async def test_an_answer_that_says_nothing_of_what_is_good_is_no_case(tmp_path: Path) -> None:
    (ids, problems) = (await read(tmp_path, "cases:\n  - id: empty\n    question: What?\n"))[0]
    assert ids == []
    assert problems[0].startswith("0.yaml:2: “empty”: an answer needs evidence")


async def test_a_day_that_is_not_is_one_line_and_the_others_run(tmp_path: Path) -> None:
    (ids, problems) = (await read(tmp_path, GOOD + "    asked_at: 2026-02-30\n"))[0]
    assert ids == ["waits"]
    assert problems == ["0.yaml:8: day is out of range for month"]


async def test_an_id_that_is_taken_is_named_also_across_files(tmp_path: Path) -> None:
    first, second = await read(tmp_path, GOOD, GOOD.replace("id: unknown", "id: other"))
    assert first == (["waits", "unknown"], [])
    assert second[0] == ["other"]
    assert second[1] == ["1.yaml:3: the id “waits” is taken by 0.yaml:3; give this case one of its own."]


@pytest.mark.parametrize(
    ("text", "said"),
    [("cases: [", ":1: no YAML"), ("- a\n", ":1: a file of cases is a mapping"), ("cases: 3\n", "list under “cases”")],
)
async def test_a_file_that_is_none_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CasesInvalid, match=said):
        await read(tmp_path, text)


async def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CasesInvalid, match=r"gone.yaml: can't be read \(No such file"):
        await load([tmp_path / "gone.yaml"])
