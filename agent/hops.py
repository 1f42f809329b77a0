"""Sub-questions one after another: what an earlier one finds is put into a later one, which then can be searched for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from typing_extensions import TypedDict

_HOLE = re.compile(r"\{(\d{1,2})\}")


class SubQuestion(TypedDict):
    """One of a plan. Where it ``needs`` answers, {n} in it stands for the one to the nth of the plan, counted from 1."""

    question: str
    needs: list[int]


def needs(question: str) -> list[int]:
    """The numbers of the sub-questions whose answers stand in it as {n}."""
    return sorted({int(number) for number in _HOLE.findall(question)})


def blank(question: str) -> str:
    """The question for a person: with … for what is not known yet."""
    return _HOLE.sub("…", question)


def plan(queries: Sequence[str], then: Sequence[str]) -> list[SubQuestion]:
    """The sub-questions of a split; none where nothing waits for anything."""
    if not then:
        return []
    at_once = [SubQuestion(question=query, needs=[]) for query in queries]
    return [*at_once, *(SubQuestion(question=query, needs=needs(query)) for query in then)]


def wanted(planned: Sequence[SubQuestion]) -> list[int]:
    """The numbers of those that can be answered by now and that others wait for."""
    waited_for = {number for one in planned for number in one["needs"]}
    return sorted(number for number in waited_for if not planned[number - 1]["needs"])


def fill(planned: Sequence[SubQuestion], answers: Mapping[int, str]) -> list[SubQuestion]:
    """The plan with these answers put in; an empty one leaves what needs it waiting."""
    known = {number: " ".join(answer.split()) for number, answer in answers.items() if answer.strip()}

    def put(match: re.Match[str]) -> str:
        return known.get(int(match[1]), match[0])

    return [
        SubQuestion(
            question=_HOLE.sub(put, one["question"]) if one["needs"] else one["question"],
            needs=[number for number in one["needs"] if number not in known],
        )
        for one in planned
    ]


def ready(before: Sequence[SubQuestion], after: Sequence[SubQuestion]) -> list[str]:
    """What waited and need not any more."""
    return [now["question"] for then, now in zip(before, after, strict=True) if then["needs"] and not now["needs"]]
