"""Evidence packed for a model: spans stay exact, the budget holds, nothing is lost that fits."""

from __future__ import annotations

import random

import pytest

from agent.evidence import Evidence
from agent.models import Completion, Request
from agent.models.scripted import ScriptedModel
from agent.models.tokens import asked_tokens, tokens
from agent.packing import Block, cost, pack
from agent.writing import ANSWER_TOKENS, SURE, ProseWriter

TEXTS = {
    name: " ".join(f"{name.title()} sentence {n} tells of {n * 7} things." for n in range(60))
    for name in ("a", "b", "c")
}
PLENTY = 100_000


def passage(document: str, start: int, end: int, score: float = 1.0, text: str = "") -> Evidence:
    return Evidence(
        passage=f"{document}#{start}-{end}",
        document=document,
        title=f"Title of {document}",
        headings=["Part"],
        text=text or TEXTS[document][start:end],
        start=start,
        end=end,
        uri="",
        score=score,
        similarity=None,
        via="text",
    )


def spans(blocks: list[Block]) -> list[list[tuple[str, int, int]]]:
    return [[(piece["document"], piece["start"], piece["end"]) for piece in block.pieces] for block in blocks]


def characters(item: Evidence) -> set[tuple[str, int]]:
    return {(item["document"], n) for n in range(item["start"], item["end"])}


def read(blocks: list[Block]) -> set[tuple[str, int]]:
    """Every character of a document that is in one of the blocks."""
    return set[tuple[str, int]]().union(*(characters(piece) for block in blocks for piece in block.pieces))


def test_a_passage_is_not_left_out_for_a_larger_one_that_does_not_fit() -> None:
    assert spans(pack([passage("a", 0, 900), passage("a", 100, 200)], 60)) == [[("a", 100, 200)]]


def random_evidence(seed: int, count: int = 12) -> list[Evidence]:
    """Passages here and there, many of them overlapping, touching or the same; best first."""
    made = random.Random(seed)
    found = []
    for _ in range(count):
        start = made.randrange(0, 1_500, 50)
        found.append(passage(made.choice("abc"), start, start + made.randrange(50, 500, 50), made.random()))
    return sorted(found, key=lambda item: -item["score"])


def test_the_same_passage_is_read_once() -> None:
    assert spans(pack([passage("a", 0, 100), passage("a", 0, 100), passage("a", 20, 60)], PLENTY)) == [[("a", 0, 100)]]


def test_overlapping_passages_are_one_piece_with_each_character_once() -> None:
    [block] = pack([passage("a", 100, 300), passage("a", 0, 150)], PLENTY)
    assert spans([block]) == [[("a", 0, 300)]]
    assert block.text == TEXTS["a"][0:300]


def test_neighbours_are_one_block_at_the_place_of_the_best_and_what_is_far_off_is_not() -> None:
    found = [passage("b", 0, 50), passage("a", 101, 200), passage("a", 0, 100), passage("a", 900, 1_000)]
    assert spans(pack(found, PLENTY)) == [[("b", 0, 50)], [("a", 900, 1_000)], [("a", 0, 100), ("a", 101, 200)]]


def test_of_two_documents_that_say_the_same_the_better_one_is_cited_and_the_other_named() -> None:
    said = "Trains are preferred to planes."
    found = [passage("a", 0, 31, text=said), passage("b", 50, 83, text="Trains are  preferred\nto planes.")]
    [block] = pack(found, PLENTY)
    assert spans([block]) == [[("a", 0, 31)]]
    assert block.heading == "Title of a > Part (also in: Title of b)"


def test_two_versions_of_a_document_are_not_laid_over_each_other() -> None:
    found = [passage("a", 0, 100), passage("a", 50, 150, text="x" * 100)]
    assert sorted(spans(pack(found, PLENTY))) == [[("a", 0, 100)], [("a", 50, 150)]]


def test_the_best_stand_at_the_ends() -> None:
    found = [passage("a", n * 200, n * 200 + 50, 1 - n / 10) for n in range(5)]
    assert [block.pieces[0]["start"] // 200 for block in pack(found, PLENTY)] == [0, 2, 4, 3, 1]


@pytest.mark.parametrize("seed", range(20))
def test_every_piece_is_its_document_s_text(seed: int) -> None:
    for block in pack(random_evidence(seed), PLENTY):
        for piece in block.pieces:
            assert piece["text"] == TEXTS[piece["document"]][piece["start"] : piece["end"]]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("room", [0, 40, 150, 400, 900])
def test_the_budget_holds_and_nothing_is_lost_that_fits(seed: int, room: int) -> None:
    found = random_evidence(seed)
    blocks = pack(found, room)
    shown = "\n\n".join(f"[{n}] {block.heading}\n{block.text}" for n, block in enumerate(blocks, 1))
    assert tokens(shown) <= room
    there = [item for item in found if characters(item) <= read(blocks)]
    left = room - sum(cost(Block((item,))) for item in there)
    assert all(cost(Block((item,))) > left for item in found if item not in there)


@pytest.mark.parametrize("seed", range(10))
def test_without_a_limit_nothing_is_lost(seed: int) -> None:
    found = random_evidence(seed)
    assert read(pack(found, PLENTY)) == set().union(*map(characters, found))


def test_the_order_is_the_same_every_time() -> None:
    assert pack(random_evidence(3), 500) == pack(random_evidence(3), 500)


@pytest.mark.parametrize("window", [2_048, 4_096])
async def test_what_the_model_is_sent_fits_its_window_and_its_citations_are_exact(window: int) -> None:
    found = [passage(name, start, start + 900, 1.0) for name in "abc" for start in (0, 900)]
    model = ScriptedModel(_cites_all)
    writer = ProseWriter(model, window)
    written = [sentence async for sentence in writer.write("Which things?", found)]
    assert asked_tokens(model.requests[0]) + ANSWER_TOKENS <= window * SURE
    for citation in (cited for sentence in written for cited in sentence["citations"]):
        assert citation["quote"] == TEXTS[citation["document"]][citation["start"] : citation["end"]]
    cited = {citation["document"] for sentence in written for citation in sentence["citations"]}
    assert cited == {item["document"] for item in writer.reads("Which things?", found)}
    assert cited


def _cites_all(request: Request) -> str | Completion:
    marks = "".join(f"[{source.id}]" for source in request.sources)
    return f"A sentence 20 tells of 140 things {marks}."
