"""What people are shown: words of others are never more than words."""

from __future__ import annotations

from dataclasses import replace
from pydoc_data.topics import topics

import pytest

from agent.approvals import Approval, Deciders, State
from agent.evidence import Citation, Sentence
from agent.state import Answer, Call
from agent.support import support
from agent.text import content, laid_out
from agent.tools.remember import Arguments
from bot.chat import Action, Footnote
from bot.console.markup import localised, render
from bot.rendering import action_line, answer_reply, card_reply, counted, may_decide, refusal, steps_reply
from retrieval.sentences import sentences

NOTE = Footnote(1, "file:a.md", "A", "file:///a.md", 0, 5, "Hello")


def call(outcome: str, state: str = "done") -> Call:
    return Call(id="r:0", tool="run_python", arguments={}, approval="", outcome=outcome, found="", state=state)


def test_a_link_that_a_tool_printed_is_no_link() -> None:
    shown = render(action_line(call("[Sign in](https://evil.example/?d=secret) <b>now</b>")))
    assert "<a" not in shown
    assert "<b>" not in shown
    assert "Sign in" in shown


def test_several_lines_of_a_tool_stand_as_code_that_they_cannot_end() -> None:
    shown = render(action_line(call("one\n```\n[x](https://evil.example)")))
    assert "<a" not in shown
    assert shown.count("<pre>") == 1


def test_a_mark_in_quoted_words_is_no_footnote() -> None:
    cited = Citation(document="file:a.md", title="A", uri="", start=0, end=5, quote="x")
    sentences = [Sentence(text="See [1] in the manual.", citations=[cited])]
    answer = Answer(text="", sentences=sentences, refused=False, searched=["x"], notes=[], actions=[], steps=[])
    reply = answer_reply("run", answer)
    assert render(reply.text, reply.footnotes).count('class="fn"') == 1


LIST = "A run waits for a human:\n\n* The node interrupts [x](https://evil.example),\n  and is saved.\n* Somebody resumes it."


def test_a_quoted_list_is_shown_as_a_list_and_supported_word_for_word() -> None:
    text = laid_out(LIST)
    assert text == (
        "A run waits for a human:\n* The node interrupts [x](https://evil.example), and is saved.\n* Somebody resumes it."
    )
    assert support(text, [LIST]) == 1.0
    cited = Citation(document="file:a.md", title="A", uri="", start=0, end=len(LIST), quote=LIST)
    told = Answer(
        text="",
        sentences=[Sentence(text=text, citations=[cited])],
        refused=False,
        searched=["x"],
        notes=[],
        actions=[],
        steps=[],
    )
    reply = answer_reply("run", told)
    shown = render(reply.text, reply.footnotes)
    assert shown.count("<li>") == 2
    assert shown.startswith("<p>A run waits for a human:</p>")
    assert 'href="https://evil.example' not in shown
    assert shown.count('class="fn"') == 1


def test_of_one_item_alone_the_words_are_shown() -> None:
    assert laid_out("-  Somebody\n   resumes it.") == "Somebody resumes it."


def test_a_number_before_a_bracket_is_no_mark_of_a_list() -> None:
    said = "David Smith (28 October 1872 – 25 April 1930) was a director of the silent era, born in York (see p. 12.)  He left."
    assert laid_out(said) == " ".join(said.split())


def test_whatever_is_quoted_is_supported_by_itself() -> None:
    quotes = [text[start:end] for text in topics.values() for start, end in sentences(text)]
    lost = [quote for quote in quotes if content(quote) and support(laid_out(quote), [quote]) < 1.0]
    assert len(quotes) > 1_000
    assert lost == []


def test_what_was_looked_for_is_shown_as_it_was_written() -> None:
    assert "<em>" not in render(refusal(["*urgent* [x](https://evil.example)"]))
    assert "<a" not in render(refusal(["[x](https://evil.example)"]))


def test_a_footnote_that_is_not_there_is_plain_text() -> None:
    assert "[7]" in render("Something [7].", [NOTE])


def answer(*, refused: bool = False, text: str = "", actions: list[Call] | None = None) -> Answer:
    return Answer(text=text, sentences=[], refused=refused, searched=["x"], notes=[], actions=actions or [], steps=[])


@pytest.mark.parametrize(
    ("given", "judged"),
    [
        (answer(refused=True), True),
        (answer(actions=[call("4")]), True),
        (answer(text="Hello!"), False),
        (answer(actions=[call("Ann rejected it.", "rejected")]), False),
        (answer(actions=[call("Nobody decided.", "expired")]), False),
    ],
)
def test_marks_stand_where_there_is_something_to_judge(given: Answer, judged: bool) -> None:
    assert [button.action for button in answer_reply("run", given).buttons] == [
        Action.HELPFUL,
        Action.UNHELPFUL,
        Action.EXPLAIN,
    ] * judged


def test_what_nothing_was_searched_for_has_no_way_to_explain() -> None:
    done = answer(actions=[call("4")])
    assert Action.EXPLAIN not in [button.action for button in answer_reply("run", {**done, "searched": []}).buttons]


def test_steps_are_a_numbered_list_of_words_that_are_no_more_than_words() -> None:
    text = steps_reply(["Searched for “*all* [x](https://evil.example)\n# now”", "Read " + "x" * 1_000]).text
    shown = render(text)
    assert "<a" not in shown
    assert "<em>" not in shown
    assert "<h1>" not in shown
    assert shown.count("<li>") == 2
    assert len(text) < 1_000


def test_of_steps_that_are_not_known_it_says_so() -> None:
    assert (
        steps_reply(()).text == "How I found that is not kept any more. Ask again, and it is kept with the new answer."
    )


def test_the_wordings_that_were_tried_are_counted_not_listed() -> None:
    words = refusal(["who pays?", "pays", "who"])
    assert words == "I don't know. I looked for “who pays?” and 2 other wordings and found nothing that answers it."


def test_quotation_marks_within_others_are_single() -> None:
    assert (
        action_line(call("Ann rejected “Remember “doors””: no", "rejected")) == "🚫 Ann rejected “Remember ‘doors’”: no"
    )


def test_numbers_agree_with_their_nouns() -> None:
    assert [counted(number, "file") for number in (0, 1, 2_000)] == ["0 files", "1 file", "2,000 files"]


WAITING = Approval(
    id="a",
    run="r",
    call="c",
    tool="remember",
    arguments={"text": "doors close\nat six"},
    arguments_hash="f00d" * 16,
    summary="Remember “doors close at six”",
    place="console/local/general/t",
    asker="console/ann",
    asker_name="Ann",
    deciders=Deciders("place"),
    state=State.PROPOSED,
    edited=False,
    decided_by=None,
    decided_by_name=None,
    press=None,
    reason=None,
    result=None,
    proposed_at=0.0,
    expires_at=1_800_000_000.0,
    decided_at=None,
)


@pytest.mark.parametrize(
    ("deciders", "words"),
    [
        (Deciders("place"), "Anyone in the channel may decide."),
        (Deciders("asker"), "Only Ann, who asked, may decide."),
        (Deciders("others"), "Anyone in the channel but Ann, who asked, may decide."),
        (Deciders("named", ("console/mei-lin", "slack/T1/U2")), "Only Mei Lin or Ben may decide."),
    ],
)
def test_a_card_says_who_may_decide(deciders: Deciders, words: str) -> None:
    names = {"console/mei-lin": "Mei Lin", "slack/T1/U2": "Ben"}
    assert may_decide(replace(WAITING, deciders=deciders), names) == words


def test_a_card_says_each_thing_once_and_when_on_the_reader_s_clock() -> None:
    class Remember:
        arguments = Arguments

    card = card_reply(WAITING, Remember(), {}).card  # type: ignore[arg-type]  # of a tool only its fields are shown
    assert card is not None
    assert (card.title, card.fields) == ("Remember", (("Text", "doors close\nat six"),))
    assert '<local-time datetime="2027-01-15T08:00:00+00:00">' in localised(card.outcome)
