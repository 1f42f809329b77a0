"""Text on its way to Slack and from it."""

from __future__ import annotations

import pytest

from bot.slack.markup import escaped, harmless, is_to_others, linked, readable, split, without
from bot.slack.pace import Pace


@pytest.mark.parametrize("text", ["<!channel>", "<@U012AB>", "<#C012AB>", "`<!here>`", "@everyone", "mail@here"])
def test_nothing_calls_anybody(text: str) -> None:
    shown = harmless(text)
    assert not any(call in shown for call in ("<!", "<@", "<#", "@everyone", "@here"))
    assert shown.replace("\u2060", "") == text


def test_a_mark_leads_to_its_footnote_and_one_without_stays() -> None:
    assert linked("One [1][2]. [3](x)", {1: "https://a.b"}) == "One [\\[1\\]](https://a.b)[2]. [3](x)"


def test_what_people_wrote_is_read_without_slacks_references() -> None:
    text = "<@U1> ask <@U2> in <#C1|general> &amp; see <https://a.b|there> <!here>"
    assert readable(without(text, "U1"), {"U2": "Ben"}) == "ask @Ben in #general & see there (https://a.b) @here"
    assert escaped("a <b>\n& c") == "a &lt;b&gt; &amp; c"


@pytest.mark.parametrize(
    ("text", "others"),
    [
        (" <@U1> what of hotels?", True),
        ("<@U1|ada> what of hotels?", True),
        ("<!subteam^S012345|@ops> what of hotels?", True),
        ("<!subteam^S012345> what of hotels?", True),
        ("what of hotels? <!here>", True),
        ("what does <@U1> say of hotels?", False),
        ("what does <!subteam^S012345|@ops> say of hotels?", False),
        ("<#C1|general> says so?", False),
        ("what of hotels?", False),
    ],
)
def test_what_begins_with_others_or_calls_everybody_is_said_to_them(text: str, others: bool) -> None:
    assert is_to_others(text) is others


@pytest.mark.parametrize(
    ("text", "words"),
    [("ask <!subteam^S012345>", "ask a user group"), ("ask <!subteam^S012345|@ops>", "ask @ops"), ("<!here>", "@here")],
)
def test_a_group_that_slack_does_not_name_is_not_called_subteam(text: str, words: str) -> None:
    assert readable(text, {}) == words


def test_code_is_never_cut_open() -> None:
    code = "```\n" + "\n\n".join(f"line {number}" for number in range(300)) + "\n```"
    parts = split(f"before\n\n{code}\n\nafter", 1_000)
    assert all(len(part) <= 1_000 for part in parts)
    assert all(part.count("```") % 2 == 0 for part in parts)
    assert "line 299" in parts[-1]
    assert split("x" * 2_500, 1_000) == ["x" * 1_000, "x" * 1_000, "x" * 500]
    assert split("") == [""]


async def test_what_has_no_room_is_left_out_and_who_waits_goes_in_turn() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    taken = sum(pace.take("T", "chat.startStream") for _ in range(50))
    assert taken == 18
    assert pace.take("T2", "chat.startStream"), "another workspace has its own budget"
    now = 60.0
    assert pace.take("T", "chat.startStream", count=18)
    pace.hold("T", "views.open", 30)
    assert not pace.take("T", "views.open")
    now = 91.0
    assert pace.take("T", "views.open")
