"""A digest asked for in plain words: when, about what, from where; and the link of a story, however it is written."""

from __future__ import annotations

import pytest

from bot.chat import Person, Place, Press
from bot.commands import Invocation
from bot.cron import CronInvalid
from bot.digests.asking import DEFAULT_SOURCES, NotUnderstood, in_words, sources, understood, when
from bot.digests.command import asks_for_digest, digest_command
from bot.digests.links import canonical, link_key


@pytest.mark.parametrize(
    ("text", "cron", "zone", "topics"),
    [
        (
            "every weekday at 8, tell us what's new on retrieval evaluation",
            "0 8 * * mon-fri",
            "UTC",
            "retrieval evaluation",
        ),
        (
            "every day at 7:30 Europe/Berlin what's new on vector databases",
            "30 7 * * *",
            "Europe/Berlin",
            "vector databases",
        ),
        (
            "Mondays and Thursdays at 4 pm: agents, memory and tools",
            "0 16 * * mon,thu",
            "UTC",
            "agents, memory and tools",
        ),
        ("LangGraph releases daily at 9am in Asia/Kolkata", "0 9 * * *", "Asia/Kolkata", "LangGraph releases"),
        ("retrieval-augmented generation", "0 8 * * mon-fri", "UTC", "retrieval-augmented generation"),
        ("tell me about TCP/IP and CI/CD on fridays at noon", "0 12 * * fri", "UTC", "TCP/IP and CI/CD"),
        ("每个工作日8点半 检索评测", "30 8 * * mon-fri", "UTC", "检索评测"),
        ("12:15 am every day, Python 3.14", "15 0 * * *", "UTC", "Python 3.14"),
        ("what's new on Python 3.11 every weekday at 9", "0 9 * * mon-fri", "UTC", "Python 3.11"),
        ("what's new on LangGraph 1.10", "0 8 * * mon-fri", "UTC", "LangGraph 1.10"),
        ("weekdays 8.30 Europe/Berlin: rerankers", "30 8 * * mon-fri", "Europe/Berlin", "rerankers"),
        ("what's new on the sun and its spots every day at 7", "0 7 * * *", "UTC", "the sun and its spots"),
        ("what's new on Sun Microsystems", "0 8 * * mon-fri", "UTC", "Sun Microsystems"),
        ("mon, wed and fri at 9: agents", "0 9 * * mon,wed,fri", "UTC", "agents"),
        ("agents fri 16:00", "0 16 * * fri", "UTC", "agents"),
    ],
)
def test_words_become_a_schedule_and_topics(text: str, cron: str, zone: str, topics: str) -> None:
    wish = understood(text, "UTC")
    assert (wish.cron, wish.zone, wish.topics, wish.sources) == (cron, zone, topics, DEFAULT_SOURCES)


def test_sources_are_found_among_the_words() -> None:
    wish = understood(
        "every weekday at 8 what's new on rerankers from arxiv:cs.IR, github:langchain-ai/langgraph, Hacker News and "
        "https://example.org/feed.xml with a weekly summary",
        "Europe/Berlin",
    )
    assert wish.topics == "rerankers"
    assert wish.sources == (
        "arxiv:cs.IR",
        "github:langchain-ai/langgraph",
        "hackernews",
        "feed:https://example.org/feed.xml",
    )
    assert (wish.weekly, wish.zone) == (True, "Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "length", "language", "topics"),
    [
        ("every weekday at 8, what's new on rerankers, short, in German", "short", "Deutsch", "rerankers"),
        ("what's new on rerankers from arxiv:cs.IR, in Chinese, long", "long", "中文", "rerankers"),
        (
            "every day at 7 in German, what's new on agents, memory and tools",
            "normal",
            "Deutsch",
            "agents, memory and tools",
        ),
        ("rerankers from hackernews in English", "normal", "English", "rerankers"),
        ("rerankers daily at 9, short and in German", "short", "Deutsch", "rerankers"),
        ("every weekday at 8 a short digest on rerankers, in German", "short", "Deutsch", "rerankers"),
        ("rerankers, long, with a weekly summary", "long", "", "rerankers"),
        ("every weekday at 8, what's new on short stories in German", "normal", "", "short stories in German"),
        ("what's new on long context, short circuits", "normal", "", "long context, short circuits"),
        ('cooking from search:"art, short, film"', "normal", "", "cooking"),
    ],
)
def test_length_and_language_are_said_apart_from_what_it_is_about(
    text: str, length: str, language: str, topics: str
) -> None:
    wish = understood(text, "UTC")
    assert (wish.length.value, wish.language, wish.topics) == (length, language, topics)


def test_what_is_said_of_a_schedule_is_read_again_as_the_same() -> None:
    for cron in ("0 8 * * mon-fri", "5 16 * * *", "0 9 * * mon,thu", "30 7 * * sat,sun", "0 0 * * sun"):
        assert when(in_words(cron, "America/New_York"), "UTC") == (cron, "America/New_York")


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("every weekday at 8 Europe/Atlantis: things", CronInvalid, "There is no time zone “Europe/Atlantis”"),
        ("every weekday at 25:00: things", NotUnderstood, "no time of day"),
        ("every weekday at 8", NotUnderstood, "Say what it is to be about"),
        ("every weekday at 8, things, in French", NotUnderstood, "is written in English, Deutsch, 中文; not in French"),
    ],
)
def test_what_is_not_understood_is_one_line(text: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=r"^[^\n]+$") as caught:
        understood(text, "UTC")
    assert words in str(caught.value)


def test_a_source_that_is_none_is_named() -> None:
    with pytest.raises(NotUnderstood, match="ftp://x"):
        sources("hackernews, ftp://x")


@pytest.mark.parametrize(
    "link",
    [
        "http://www.example.org/news/story/?utm_source=x&utm_medium=mail",
        "https://example.org/news/story#comments",
        "https://EXAMPLE.org:443//news/story/index.html?fbclid=1&ref=hn",
        "https://m.example.org/news/story/amp",
        "https://example.org/news/st%6Fry?gclid=7",
    ],
)
def test_one_story_has_one_link(link: str) -> None:
    assert canonical(link) == "example.org/news/story"


def test_what_differs_stays_apart() -> None:
    links = [
        "https://example.org/a?id=1",
        "https://example.org/a?id=2",
        "https://example.org/b?id=1",
        "https://other.example.org/a?id=1",
        "https://example.org:8443/a?id=1",
        "https://example.org/a/#!/page",
    ]
    assert len({canonical(link) for link in links}) == len(links)
    assert canonical("https://example.org/a?b=1&a=2") == canonical("https://example.org/a?a=2&b=1")
    assert canonical("https://arxiv.org/pdf/2501.00001v2.pdf") == canonical("http://export.arxiv.org/abs/2501.00001")


@pytest.mark.parametrize("link", ["", "javascript:alert(1)", "mailto:a@b.c", "http://[::1", "https://"])
def test_what_is_no_web_address_has_no_link_and_goes_by_its_title(link: str) -> None:
    assert canonical(link) == ""
    assert link_key(link, "One  Title") == link_key("", "one title") != link_key("", "another")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("every weekday at 8, tell us what's new on rerankers", "every weekday at 8, tell us what's new on rerankers"),
        ("digest on rerankers", "on rerankers"),
        ("/digest", ""),
        ("What is new in Python 3.14?", None),
        ("what does every day at 8 mean in the rota?", None),
        ("digestion of beans", None),
    ],
)
def test_a_mention_that_asks_for_a_digest_is_told_from_a_question(text: str, words: str | None) -> None:
    assert asks_for_digest(text) == words


async def test_a_command_that_is_handled_again_subscribes_once() -> None:
    """As a crash before its answer was told leaves it; without an id every use is one of its own."""
    presses: list[Press] = []

    async def accept(press: Press) -> None:
        presses.append(press)

    run = digest_command(None, accept, "UTC", lambda: 1.0)  # type: ignore[arg-type]  # it is only asked what there is
    place, person = Place("slack", "T", "C"), Person("slack/T/U", "Ada")
    for id_ in ("slack:T:1", "slack:T:1", "slack:T:2", "", ""):
        await run(Invocation(place, person, "every day at 8 what's new on retrieval", id_))
    assert [one.event_id for one in presses[:2]] == [presses[0].event_id] * 2
    assert len({one.subject for one in presses}) == 4
