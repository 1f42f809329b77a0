"""What people are shown: words of others are never more than words."""

from __future__ import annotations

from agent.evidence import Citation, Sentence
from agent.state import Answer, Call
from bot.chat import Footnote
from bot.console.markup import render
from bot.rendering import action_line, answer_reply, refusal

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
    answer = Answer(text="", sentences=sentences, refused=False, searched=["x"], notes=[], actions=[])
    reply = answer_reply("run", answer)
    assert render(reply.text, reply.footnotes).count('class="fn"') == 1


def test_what_was_looked_for_is_shown_as_it_was_written() -> None:
    assert "<em>" not in render(refusal(["*urgent* [x](https://evil.example)"]))
    assert "<a" not in render(refusal(["[x](https://evil.example)"]))


def test_a_footnote_that_is_not_there_is_plain_text() -> None:
    assert "[7]" in render("Something [7].", [NOTE])
