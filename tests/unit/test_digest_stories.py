"""Which items tell one story."""

from __future__ import annotations

from bot.digests.items import Item
from bot.digests.stories import Sameness, clusters
from retrieval.embedders.hashing import Hashing

RIVER = "The river Sava rose to nine metres on Friday and the ferries to Zemun stopped."
TRAMS = "Trams of Zemun are late on Friday."


def item(name: str, title: str, text: str, link: str = "") -> Item:
    return Item(name, "feed", link or f"https://example.org/{name}", title, text, 0.0)


async def told(*items: Item) -> list[set[str]]:
    sameness = await Sameness.of(Hashing())
    return [{one.id for one in story.items} for story in clusters(await sameness.embedded(items), sameness)]


async def test_a_story_that_was_told_by_two_is_one_whoever_comes_first() -> None:
    """The portal's item alone could belong to the first story as well; the paper's, which it was taken from, settles it."""
    other = item("other", "Sava bridges closed | Portal", "The Sava bridges were closed on Friday, and cars wait.")
    portal = item("portal", "Sava ferries stopped | Portal", RIVER)
    paper = item("paper", "Sava ferries stopped", RIVER)
    sameness = await Sameness.of(Hashing())
    one, two, three = await sameness.embedded([other, portal, paper])
    assert [sameness.is_one_story(*pair) for pair in ((one, two), (one, three), (two, three))] == [True, False, True]
    assert await told(other, portal, paper) == [{"other"}, {"portal", "paper"}]


async def test_the_same_address_is_one_story_whatever_is_said_of_it() -> None:
    link = "https://example.org/sava?utm_source=a"
    assert await told(
        item("a", "Flood", RIVER, link), item("b", "Trams", TRAMS), item("c", "Zoo", "A panda.", link)
    ) == [
        {"a", "c"},
        {"b"},
    ]


async def test_of_nothing_there_is_no_story() -> None:
    assert await told() == []
