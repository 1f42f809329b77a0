"""Whatever a model, a document or a person wrote: on Slack it calls nobody, leads nowhere else, and fits."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Card, Footnote, Reply
from bot.rendering import escape_markdown
from bot.slack.blocks import Links
from bot.slack.markup import split
from bot.slack.streaming import Asked
from tests.contract.stages import ANSWER, NOTE, WAITING, words
from tests.contract.stages.slack import OnSlack, on_slack
from tests.end_to_end.on_slack import team, workspace

CALLS = "<!channel> <!here|all> <@UBEN> <!subteam^S1|staff> <#C1|general> @here, @channel and @everyone"
CALL = re.compile(r"<[@#]|<!(?!date\^)|@(here|channel|everyone)\b", re.IGNORECASE)
LITERAL = {"plain_text", "text"}
"""Elements whose text Slack shows as it is: plain text, and text in rich_text."""
UNSEEN = {"metadata", "value", "block_id", "action_id"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[OnSlack]:
    async with on_slack(tmp_path) as made:
        yield made


def read_as_markup(value: Any, name: str = "") -> Iterator[str]:
    """Every text of a call's arguments in which Slack looks for markup."""
    match value:
        case {"type": kind} if kind in LITERAL:
            return
        case dict():
            for key, each in value.items():
                if key not in UNSEEN:
                    yield from read_as_markup(each, key)
        case list():
            for each in value:
                yield from read_as_markup(each, name)
        case str():
            yield value


def calling(stage: OnSlack) -> list[str]:
    return [text for call in stage.slack.calls for text in read_as_markup(call.arguments) if CALL.search(text)]


async def test_nothing_that_is_shown_anywhere_calls_anybody(stage: OnSlack) -> None:
    await stage.slack.until(lambda: stage.chat.asker(stage.place))
    stage.chat.asked(stage.place, Asked(stage.people[0].id.rpartition("/")[2], stage.slack.team.id, CALLS, "e", "m"))
    note = Footnote(1, CALLS, CALLS, f"https://docs.example/{CALLS}", 0, 9, CALLS)
    said = Reply(f"{CALLS} [1]", (note,), notes=(CALLS,))
    await stage.chat.status(stage.place, CALLS)
    await stage.say("answer", replace(said, final=False))
    await stage.chat.status(stage.place, f"more {CALLS}")
    await stage.say("answer", said)
    await stage.say("escaped", replace(said, text=f"{escape_markdown(CALLS)} `{CALLS}` [1]"))
    await stage.say("card", replace(WAITING, text=CALLS, card=Card(CALLS, ((CALLS, CALLS),), CALLS, "proposed", CALLS)))
    await stage.chat.whisper(stage.place, stage.people[0], Reply(CALLS))
    assert calling(stage) == []
    assert {"chat.startStream", "chat.postMessage", "chat.postEphemeral", "assistant.threads.setStatus"} <= {
        call.method for call in stage.slack.calls if call.ok
    }


async def test_a_question_that_calls_everybody_is_shown_without_the_call(tmp_path: Path) -> None:
    async with workspace() as slack, team(slack, tmp_path) as here:
        await slack.slash("ada", "general", "/ask", f"how much may hotels cost? {CALLS}")
        await here.answered("general", times=2)
        await here.settled()
        assert [text for call in slack.calls for text in read_as_markup(call.arguments) if CALL.search(text)] == []


@pytest.mark.parametrize(
    "uri",
    [
        "https://a.example/<!channel>",
        "https://a.example/x|<!here>",
        "https://a.example/(x) [y] <z>",
        "https://good.example@evil.example/",
        "https://a.example/\ud800",
    ],
)
def test_an_address_stays_one_address(uri: str) -> None:
    address = Links().of(replace(NOTE, uri=uri))
    assert re.fullmatch(r"https://[^\s<>()|@\"]+", address)
    address.encode()


def test_an_address_that_is_good_stays_as_it_is() -> None:
    for uri in ("https://a.example/b_c-d/e.html?f=1&g=%20h#i", "http://[::1]:80/~x"):
        assert Links().of(replace(NOTE, uri=uri)) == uri


def test_a_link_is_never_cut_in_two() -> None:
    text = "长" * 400 + "[\\[1\\]](https://a.example/" + "x" * 300 + ")" + "长" * 400
    parts = split(text, 500)
    assert "".join(parts) == text
    assert all(part.count("](") == part.count(")") for part in parts)


@pytest.mark.parametrize("length", [3, 30, 100])
async def test_however_much_there_is_it_fits_and_no_word_is_lost(stage: OnSlack, length: int) -> None:
    notes = tuple(
        Footnote(n, f"d{n}", f"Title {n} " + "<&>" * 200, f"https://a.example/{n}?" + "x=&" * 600, 0, 9, "q")
        for n in range(1, length + 1)
    )
    text = "\n\n".join(f"Sentence {note.number} says something of it. [{note.number}]" * 3 for note in notes)
    said = replace(ANSWER, text=text, footnotes=notes, notes=tuple(f"note {n} " + "x&" * 2_000 for n in range(12)))
    await stage.say("answer", replace(said, final=False))
    await stage.say("answer", said)
    shown = await stage.messages()
    assert [word for one in shown for word in one.words] == list(words(text))
    assert sum(len(one.footnotes) for one in shown) == length
    assert [call.error for call in stage.slack.calls if not call.ok] == []


async def test_a_card_and_a_whisper_fit_whatever_is_in_them(stage: OnSlack) -> None:
    fields = tuple((f"Field {n} " + "y" * 100, "<&>" * 3_000) for n in range(20))
    card = Card("t&" * 500, fields, "f00d", "proposed", "Waits. " + "&" * 5_000)
    await stage.say("card", replace(WAITING, card=card, text="<&>" * 5_000))
    await stage.chat.whisper(stage.place, stage.people[0], Reply("w&" * 20_000))
    await stage.chat.status(stage.place, "s&" * 500)
    assert [call.error for call in stage.slack.calls if not call.ok] == []
    assert (await stage.messages())[0].buttons == ("approve",)
