"""Text made to hold everybody up: nothing that reads what people, models, pages or files say takes longer than it is long.

A regular expression lets no other thread run either, so that a thread is no way out.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from agent import commands, follow_ups, marks
from agent.support import support
from bot.digests import asking
from bot.discord import markup as discord
from evals.growing import impersonal
from retrieval import filters, links
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document, Passage
from retrieval.parsing import clippings, markdown
from retrieval.sentences import sentences

SECONDS = 2.0
"""Where it was bad, each of these took many times as long, some of them for ever."""
TITLE = "Deep Work (Newport)\n"


def clipped(about: str) -> list[clippings.Clipping]:
    return clippings.read("clippings.txt", f"{TITLE}- {about}\n\nRest.\n==========\n".encode())


def cut(source: str) -> list[Passage]:
    parsed = markdown.words_of(source)
    everyone = Audience.of("everyone")
    return chunk(Document("a", "s", "", "A", parsed.text, everyone, "", parsed.headings, anchors=parsed.anchors))


HOSTILE: dict[str, Callable[[], object]] = {
    "post and spaces": lambda: commands.parse("post" + " " * 3_000),
    "a channel and spaces": lambda: commands.parse("post x in #a" + " " * 60_000 + "x"),
    "a Chinese post and spaces": lambda: commands.parse("把x发到#a" + " " * 3_000 + "x"),
    "polite words behind a file": lambda: commands.parse("keep this file" + " please" * 60 + " x"),
    "polite words behind it": lambda: commands.parse("keep it" + " please" * 60 + " x", ["a.pdf"]),
    "code and spaces": lambda: commands.parse("calculate ```" + " " * 60_000),
    "an address and spaces": lambda: commands.parse("what does http://a " + " " * 60_000 + "x"),
    "brackets behind an address": lambda: commands.urls("http://a" + ")" * 200_000),
    "marks that do not end": lambda: marks.claims("[1†" * 12_000),
    "a talk of little words": lambda: follow_ups.with_talk(
        "and it " + "a cow the pig " * 2_000, ["cat the dog of " * 2_000]
    ),
    "a sentence of clauses": lambda: support("hi, " * 150, ["ho, hi " * 20, "hi, no " * 1_500]),
    "sentences of a letter": lambda: support("b! " * 100, ["a! " * 3_000]),
    "sentences that begin the same": lambda: support("a! " * 150 + "b!", ["a! " * 450] * 4),
    "exclamation marks": lambda: sentences("!" * 60_000 + "x"),
    "one long name": lambda: filters.understood("在" * 20_000, 0.0),
    "times of day": lambda: asking.when("0:00 " * 20_000, "UTC"),
    "a digest on commas": lambda: [asking.understood("x " + " ," * 2_000 + "y", "UTC") for _ in range(40)],
    "a title of spaces": lambda: links.names_of(" " * 40_000 + "x"),
    "a rule that is none": lambda: markdown.strip("-" * 80 + "x"),
    "a heading with a gap": lambda: markdown.strip("# a" + " " * 60_000 + "x"),
    "a heading for each letter": lambda: cut("# a\n" * 20_000),
    "a link for each letter": lambda: cut("# [a](b)\n" * 5_000 + "[a](b) " * 30_000),
    "a month without end": lambda: clipped("Your Highlight | " + "a" * 60_000),
    "an hour far away": lambda: clipped("Your Highlight | x" + " " * 60_000 + "x"),
    "an address of underscores": lambda: impersonal("_" * 60_000),
    "a quote in a quote": lambda: discord.pieces("> " * 2_000, 1_900),
    "half links": lambda: discord.pieces("[1" * 12_000, 1_900),
}


@pytest.mark.parametrize("read", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_holds_nobody_up(read: Callable[[], object]) -> None:
    with at_most(SECONDS):
        read()


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Break off what computes longer, in the middle of a regular expression too; a busy machine counts for nothing."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"longer than {seconds} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
