"""What people do with digests and see of them, the same on every platform; the tests of each have its own ``rooms``."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from bot.digests.subscriptions import State
from bot.schedule import AGAIN_SECONDS
from tests.end_to_end.newsroom import CRITICS, RERANKER, TEST_SET, Newsroom

Rooms = Callable[[], AbstractAsyncContextManager[Newsroom]]
"""Opens the assistant in front of the same workspace, once or again."""
BUTTONS = ("More like this", "Less", "Mute source", "Research this", "Remember")
EVERY_DAY = "every day at 8, what's new on retrieval evaluation from"


class DigestDays:
    async def test_a_command_subscribes_the_channel_and_a_preview_comes_at_once(self, rooms: Rooms) -> None:
        async with rooms() as room:
            address = room.feed("/a", RERANKER)
            assert "digest every weekday at 8" in await room.slash("")
            told = await room.slash(f"{EVERY_DAY} {address}")
            assert "Subscribed: retrieval evaluation, every day at 08:00 UTC." in told
            card = await room.message("Digest on retrieval evaluation")
            assert "Every day at 08:00 UTC" in card.text
            assert card.buttons == ("Edit", "Pause", "Delete")
            story = await room.message("Why it matters here")
            assert "A reranker that halves retrieval errors" in story.text
            assert "The team measured retrieval evaluation on 12 public sets." in story.text
            assert "Errors of retrieval fell by half with the new reranker." in story.text
            assert "Lunch" not in story.text
            assert set(story.links) == {RERANKER[1]}
            assert story.buttons == BUTTONS
            listed = await room.slash("")
            assert "retrieval evaluation, every day at 08:00 UTC, for" in listed

    async def test_plain_words_subscribe_the_channel_they_are_said_in(self, rooms: Rooms) -> None:
        async with rooms() as room:
            address = room.feed("/a", RERANKER)
            await room.say(f"every weekday at 8, tell us what's new on retrieval evaluation from {address}")
            card = await room.message("Digest on retrieval evaluation")
            assert "Weekdays at 08:00 UTC" in card.text
            assert (await room.message("Why it matters here")).buttons == BUTTONS
            await room.say("digest")
            assert "Say what it is to be about" in await room.hears(room.owner, "to be about")

    async def test_what_can_not_be_understood_is_told_to_whoever_asked_alone(self, rooms: Rooms) -> None:
        async with rooms() as room:
            assert "no time of day" in await room.slash("every day at 25:00 on reranking")
            assert "Nowhere/Land" not in await room.slash("every day at 8")
            assert room.shown() == []

    async def test_a_digest_is_paused_by_anyone_resumed_and_deleted_by_whoever_subscribed(self, rooms: Rooms) -> None:
        async with rooms() as room:
            card = await room.subscribed(f"{EVERY_DAY} {room.feed('/a', RERANKER)}")
            await room.press(room.other, card, "Pause")
            card = await room.message("⏸️ Paused.")
            assert card.buttons == ("Edit", "Resume", "Delete")
            room.feed("/a", TEST_SET)
            await room.morning()
            await room.press(room.other, card, "Resume")
            assert "Only whoever subscribed" in await room.hears(room.other, "subscribed")
            await room.press(room.owner, card, "Resume")
            card = await room.message("Next:")
            assert len(await room.editions()) == 1
            await room.press(room.owner, card, "Delete")
            assert (await room.message("was deleted")).buttons == ()
            await room.morning()
            assert len(await room.editions()) == 1
            assert len([one for one in room.shown() if "🗞️" in one.text or "🗑️" in one.text]) == 1

    async def test_edit_opens_a_form_with_what_there_is_and_changes_it(self, rooms: Rooms) -> None:
        async with rooms() as room:
            address = room.feed("/a", RERANKER)
            card = await room.subscribed(f"{EVERY_DAY} {address}")
            await room.press(room.owner, card, "Edit")
            before = await room.fill(room.owner, topics="reranking", when="mondays at 7:30 am", length="short")
            assert before["topics"] == "retrieval evaluation"
            assert before["sources"] == f"feed:{address}"
            assert before["when"] == "every day at 08:00 UTC"
            card = await room.message("Digest on reranking")
            assert "Monday at 07:30 UTC, short length, in English." in card.text
            (kept,) = await room.app.digests.subscriptions.all()
            assert (kept.topics, kept.sources, kept.cron) == ("reranking", (f"feed:{address}",), "30 7 * * mon")
            await room.press(room.owner, card, "Edit")
            await room.fill(room.owner, when="whenever it rains at 99:99")
            assert "no time of day" in await room.hears(room.owner, "no time of day")

    async def test_each_morning_brings_what_is_new_and_a_day_without_anything_a_line(self, rooms: Rooms) -> None:
        async with rooms() as room:
            await room.subscribed(f"{EVERY_DAY} {room.feed('/a', RERANKER)}")
            preview = len(room.shown())
            room.feed("/a", RERANKER, TEST_SET, CRITICS)
            await room.morning()
            await room.delivered(2)
            head, *stories = room.shown()[preview:]
            date = datetime.fromtimestamp(room.clock(), UTC)
            assert f"Digest no. 2 of {date:%Y-%m-%d}: retrieval evaluation" in head.text
            assert head.buttons == ()
            assert [one.buttons for one in stories] == [BUTTONS, BUTTONS]
            told = " ".join(one.text for one in stories)
            assert "The set has 40 questions on retrieval evaluation." in told
            assert "It is open to everybody from today on." in told
            assert "They say that retrieval evaluation needs people who read along." in told
            assert {link for one in stories for link in one.links} == {"https://example.org/set?a=1&b=2", CRITICS[1]}
            assert "halves" not in told
            before = len(room.shown())
            await room.morning()
            await room.delivered(3)
            (quiet,) = room.shown()[before:]
            assert "Nothing new on retrieval evaluation since the last digest." in quiet.text

    async def test_a_source_that_fails_is_named_at_the_foot(self, rooms: Rooms) -> None:
        async with rooms() as room:
            good = room.feed("/a", RERANKER)
            room.host.fail("/b", 404)
            await room.subscribed(f"{EVERY_DAY} {good} {room.host.address}/b")
            foot = room.shown()[-1]
            assert f"Not read: feed:{room.host.address}/b: " in foot.text
            assert "404" in foot.text
            assert "A reranker" not in foot.text
            await room.morning()
            await room.delivered(2)
            quiet = room.shown()[-1]
            assert "Nothing new on" in quiet.text
            assert f"Not read: feed:{room.host.address}/b: " in quiet.text

    async def test_what_is_marked_is_noted_and_a_source_that_is_muted_comes_no_more(self, rooms: Rooms) -> None:
        async with rooms() as room:
            mine, others = room.feed("/a", TEST_SET), room.feed("/b", CRITICS)
            await room.subscribed(f"{EVERY_DAY} {mine} {others}")
            liked, disliked = await room.message("The set has 40"), await room.message("They say that")
            await room.press(room.owner, liked, "More like this")
            await room.hears(room.owner, "Noted: more like this.")
            await room.press(room.other, disliked, "Less")
            await room.hears(room.other, "Noted: less of this.")
            (edition,) = await room.editions()
            marks = await room.app.digests.editions.marks(edition.place)
            assert sorted((mark.more, mark.source) for mark in marks) == [
                (False, f"feed:{others}"),
                (True, f"feed:{mine}"),
            ]
            await room.press(room.owner, disliked, "Mute source")
            assert others in await room.hears(room.owner, "Muted here")
            room.feed("/a", RERANKER)
            room.feed(
                "/b", ("More critics of retrieval evaluation", "https://other.example/2", "They are many people.")
            )
            await room.morning()
            await room.delivered(2)
            assert "A reranker that halves" in (await room.message("12 public sets")).text
            assert not [one for one in room.shown() if "More critics" in one.text]

    async def test_a_story_is_researched_and_remembered_in_its_own_thread(self, rooms: Rooms) -> None:
        story = (
            "Hotels may cost more",
            "https://example.org/hotels",
            "Hotels may cost 150 euros a night, it is said now.",
        )
        async with rooms() as room:
            await room.subscribed(f"every day at 8, what's new on hotels from {room.feed('/a', story)}")
            shown = await room.message("it is said now")
            before = len(room.shown())
            await room.press(room.other, shown, "Research this")
            assert "Hotels may cost 150 euros a night." in (await room.message("Expense policy", shown)).text
            await room.press(room.owner, shown, "Remember")
            card = await room.message("Hotels may cost more https://example.org/hotels", shown)
            assert card.buttons == ("Approve", "Edit", "Reject")
            assert len(room.shown()) == before
            assert room.thread_name(shown) in (story[0], "")

    async def test_a_channel_that_was_left_pauses_its_digest_and_whoever_subscribed_is_told(self, rooms: Rooms) -> None:
        async with rooms() as room:
            await room.subscribed(f"{EVERY_DAY} {room.feed('/a', RERANKER)}")
            await room.lose_channel()
            await room.morning()
            told = await room.hears(room.owner, "is paused")
            assert "Your digest on “retrieval evaluation” is paused: I was removed from that channel" in told
            (kept,) = await room.app.digests.subscriptions.all()
            assert kept.state is State.PAUSED
            await room.morning()
            assert len(await room.editions()) == 2
            assert len([one for one in room.told(room.owner) if "is paused" in one]) == 1

    async def test_what_was_written_while_the_platform_was_away_is_posted_later_as_it_was(self, rooms: Rooms) -> None:
        async with rooms() as room:
            await room.subscribed(f"{EVERY_DAY} {room.feed('/a', RERANKER)}")
            room.feed("/a", TEST_SET)
            room.cut()
            await room.morning()
            written = (await room.written(2))[0]
            room.feed("/a", CRITICS)
        room.mend()
        later = room.clock.passed + AGAIN_SECONDS
        async with rooms() as room:
            room.clock.passed = later
            await room.app.schedule.tick(room.inbox)
            posted = (await room.delivered(2))[0]
            assert (posted.id, posted.written_at, posted.content) == (written.id, written.written_at, written.content)
            assert len([one for one in room.shown() if "The set has 40" in one.text]) == 1
            assert not [one for one in room.shown() if "They say that" in one.text]

    async def test_the_longest_digest_fits(self, rooms: Rooms) -> None:
        rng = random.Random(5)

        def words(count: int) -> str:
            return " ".join("".join(rng.choices("abcdefghijklmnop", k=9)) for _ in range(count))

        long = [
            (
                f"Retrieval evaluation {words(30)}",
                f"https://example.org/{n}?{'q' * 900}",
                f"It says {words(35)}. And {words(35)}.",
            )
            for n in range(40)
        ]
        async with rooms() as room:
            topics = "retrieval evaluation, " + "of the longest kind there is, " * 30
            card = await room.subscribed(f"every day at 8, what's new on {topics} from {room.feed('/a', RERANKER)}")
            await room.press(room.owner, card, "Edit")
            await room.fill(room.owner, length="long")
            await room.message("long length")
            room.feed("/a", *long)
            before = len(room.shown())
            await room.morning()
            (edition, _) = await room.delivered(2)
            told = "\n".join(one.text for one in room.shown()[before:])
            assert len(edition.entries) > 20
            assert all(" ".join(entry["title"].split())[:60] in told for entry in edition.entries)
