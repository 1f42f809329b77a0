"""The figures that need no model."""

from __future__ import annotations

import pytest

from evals.cases import Case, Expected, Quoted
from evals.metrics import Span, figures, ndcg, recall, reciprocal_rank, touches
from evals.outcomes import Outcome

EVIDENCE = (Span("a", 0, 100), Span("b", 50, 80))


def case(expects: Expected = Expected.ANSWER, **more: object) -> Case:
    evidence = (Quoted(document="a", quote="x"),) if expects is Expected.ANSWER else ()
    return Case.model_validate({"id": "c1", "question": "What?", "expects": expects, "evidence": evidence, **more})


def test_ranking() -> None:
    assert recall(["x", "a", "b"], ["a", "b"], 2) == 0.5
    assert reciprocal_rank(["x", "a"], ["a"]) == 0.5
    assert ndcg(["a", "b"], ["a", "b"], 10) == 1.0
    assert ndcg(["x", "a"], ["a"], 10) == pytest.approx(0.6309, abs=1e-4)


def test_spans_touch_where_they_share_half_of_the_shorter_one() -> None:
    assert touches(Span("a", 0, 10), Span("a", 5, 100))
    assert not touches(Span("a", 0, 10), Span("a", 6, 100))
    assert not touches(Span("a", 0, 10), Span("b", 0, 10))


def test_an_answer_by_its_spans() -> None:
    outcome = Outcome(
        case="c1",
        text="It does.",
        found=(("x", 0, 9), ("b", 40, 200), ("b", 200, 300), ("a", 0, 400)),
        cited=(("a", 10, 60), ("x", 0, 9), ("x", 0, 9), ("x", 0, 9)),
    )
    made = figures(case(), EVIDENCE, outcome)
    assert made["recall"] == 1.0
    assert made["mrr"] == 0.5
    assert made["citation_precision"] == 0.25
    assert made["citation_recall"] == 0.5
    assert made["passed"] == 1.0


def test_one_passage_that_holds_all_the_evidence_counts_it_once() -> None:
    outcome = Outcome(case="c1", found=(("a", 0, 400), ("a", 0, 400)), cited=(("a", 0, 400),))
    made = figures(case(), EVIDENCE[:1], outcome)
    assert (made["recall"], made["ndcg"]) == (1.0, 1.0)


def test_a_refusal_is_right_or_wrong() -> None:
    refused = Outcome(case="c1", refused=True)
    assert figures(case(Expected.REFUSAL), (), refused)["passed"] == 1.0
    wrong = figures(case(), EVIDENCE, refused)
    assert (wrong["refused_wrongly"], wrong["passed"]) == (1.0, 0.0)
    assert "citation_precision" not in wrong


def test_words_that_a_right_answer_holds() -> None:
    made = figures(case(says=["interrupts", "v3.1"]), (), Outcome(case="c1", text="It interrupted at v3.1."))
    assert (made["says"], made["passed"]) == (1.0, 1.0)
    assert figures(case(says=["interrupts"]), (), Outcome(case="c1", text="It goes on."))["passed"] == 0.0


def test_an_action_that_nobody_asked_for_fails_the_case() -> None:
    made = figures(case(), EVIDENCE, Outcome(case="c1", cited=(("a", 0, 100),), effects=("post_message",)))
    assert (made["effects_unwanted"], made["passed"]) == (1.0, 0.0)
    asked = case(Expected.ACTION, tools=["remember"])
    assert figures(asked, (), Outcome(case="c1", effects=("remember",)))["passed"] == 1.0
    assert figures(asked, (), Outcome(case="c1"))["passed"] == 0.0


def test_what_was_cut_has_no_other_figure() -> None:
    made = figures(case(), EVIDENCE, Outcome(case="c1", failed="Cut after 5 seconds."))
    assert (made["cut"], made["passed"]) == (1.0, 0.0)
    assert "recall" not in made
