"""Nobody is shown what is not for them: every document, place and person there can be, on every store.

What is right is said twice below, in plain words and without a label: `may_see` for one person, `shown_in` for a place.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest

from bot.audiences import ASKED_SECONDS, Audiences, Sight, said_in
from bot.chat import ChatAway, Membership, Openness, Person, Place, Readers
from bot.chats import Unconnected
from bot.commands import Invocation, commands
from bot.knowledge import Knowledge
from bot.records import open_engine, sqlite_url
from bot.tables import metadata
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document
from retrieval.embedders.hashing import Hashing
from retrieval.search import Searcher
from retrieval.sources import Listed
from retrieval.stores import Store
from retrieval.stores.memory import InMemoryStore
from retrieval.sync import embed_pending
from tests.contract.test_store import opened_store

ANN, BOB, GUS, OLGA, TOM, DAN = (
    Person(f"slack/T1/{name}", name) if name not in ("tom", "dan") else Person(f"{at}/{name}", name)
    for name, at in zip(
        ("ann", "bob", "gus", "olga", "tom", "dan"), ("", "", "", "", "slack/T2", "discord"), strict=True
    )
)
PEOPLE = (ANN, BOB, GUS, OLGA, TOM, DAN)
MEMBERS = {"slack/T1": {ANN, BOB}, "slack/T2": {TOM}, "discord/G1": {DAN}}
"""Full members. Gus is a guest of T1, Olga is of another organisation."""


@dataclass(frozen=True)
class Channel:
    place: Place
    openness: Openness
    people: frozenset[Person]
    """Who is in it. Every full member of the workspace may read a public one as well."""

    @property
    def outsiders(self) -> bool:
        return not self.people <= MEMBERS.get(self.place.workspace_key, set())

    def read_by(self, person: Person) -> bool:
        public = self.openness is Openness.WORKSPACE and person in MEMBERS[self.place.workspace_key]
        return public or person in self.people


def channel(key: str, openness: Openness, *people: Person) -> Channel:
    return Channel(Place.parse(f"{key}/"), openness, frozenset(people))


CHANNELS = {
    "general": channel("slack/T1/C1", Openness.WORKSPACE, ANN, BOB),
    "lobby": channel("slack/T1/C2", Openness.WORKSPACE, ANN, BOB, GUS),
    "board": channel("slack/T1/C3", Openness.MEMBERS, ANN),
    "partners": channel("slack/T1/C4", Openness.MEMBERS, ANN, OLGA),
    "fair": channel("slack/T1/C5", Openness.WORKSPACE, BOB, OLGA),
    "ann's": channel("slack/T1/D1", Openness.DIRECT, ANN),
    "bob's": channel("slack/T1/D2", Openness.DIRECT, BOB),
    "gus's": channel("slack/T1/D3", Openness.DIRECT, GUS),
    "far": channel("slack/T2/C1", Openness.WORKSPACE, TOM),
    "far board": channel("slack/T2/C3", Openness.MEMBERS, TOM),
    "server": channel("discord/G1/7", Openness.WORKSPACE, DAN),
    "staff": channel("discord/G1/8", Openness.MEMBERS),
    "dan's": channel("discord/@me/9", Openness.DIRECT, DAN),
}
WRITTEN: dict[str, Audience] = {
    "public": Audience.public(),
    "everyone": Audience.everyone(),
    **{f"said in {name}": said_in(one.place, one.openness) for name, one in CHANNELS.items()},
    **{f"of {one.name}": Audience.of(f"person:{one.id}") for one in PEOPLE},
}
"""Every kind of document, and how it is kept."""
NAMES = dict(
    zip(
        WRITTEN,
        (
            f"{first} {second}"
            for first, second in product(
                ("Amber", "Basalt", "Cedar", "Dune", "Ember"), ("Falcon", "Heron", "Ibis", "Kestrel", "Lark")
            )
        ),
        strict=False,
    )
)


def may_see(person: Person, document: str) -> bool:
    """Whether one person may see a document, wherever they are. What is said to the assistant directly stays there."""
    match document.split(" ", 1):
        case ["public"]:
            return True
        case ["everyone"]:
            return any(person in members for members in MEMBERS.values())
        case ["of", name]:
            return person.name == name
        case ["said", where]:
            one = CHANNELS[where.removeprefix("in ")]
            return one.openness is not Openness.DIRECT and one.read_by(person)
    raise AssertionError(document)


def shown_in(where: Channel, person: Person, document: str) -> bool:
    """Whether an answer in a channel may use a document: where it was said, and in front of full members what they all see."""
    if document in [f"said in {name}" for name, one in CHANNELS.items() if one == where]:
        return True
    if where.openness is Openness.DIRECT:
        return may_see(person, document)
    match document.split(" ", 1):
        case ["public"]:
            return True
        case ["everyone"]:
            return not where.outsiders
        case ["said", other]:
            one = CHANNELS[other.removeprefix("in ")]
            home = one.place.workspace_key == where.place.workspace_key
            return home and one.openness is Openness.WORKSPACE and not where.outsiders
    return False


class Company(Unconnected):
    """A platform that knows who is where; ``away`` is one that can't be asked."""

    def __init__(self, platform: str) -> None:
        super().__init__(platform)
        self.away = False
        self.asked = 0

    async def readers(self, place: Place) -> Readers:
        if self.away:
            raise ChatAway("it does not answer")
        one = next(one for one in CHANNELS.values() if one.place.channel_key == place.channel_key)
        return Readers(one.openness, one.openness is not Openness.DIRECT and one.outsiders)

    async def membership(self, near: Place, person: Person, channels: Collection[str]) -> Membership:
        if self.away:
            raise ChatAway("it does not answer")
        self.asked += 1
        here = {near.workspace_key} if near.workspace != "@me" else {"discord/G1"}
        inside = {
            one.place.channel_key
            for one in CHANNELS.values()
            if person in one.people and one.openness is not Openness.DIRECT and one.place.workspace_key in here
        }
        workspaces = {key for key in here if person in MEMBERS.get(key, set())}
        return Membership(frozenset(workspaces), frozenset(inside & set(channels)))


def written(name: str) -> Document:
    """A document that leads to all others: by links, by their names, and by a rare name that it shares with them."""
    others = [title for other, title in NAMES.items() if other != name]
    text = f"The rota of the harbour. Ask Quentin Zephyrine. See {', '.join(others)}."
    links = tuple(others)
    return Document(name, f"kept:{name}", f"file:///{name}", NAMES[name], text, WRITTEN[name], name, links=links)


async def filled(store: Store, documents: Collection[str]) -> None:
    await store.bind(Hashing.name, Hashing.dimensions)
    await store.put([(made := written(name), chunk(made)) for name in documents])
    await embed_pending(store, Hashing(), lambda progress: None)


@dataclass
class Here:
    store: Store
    audiences: Audiences
    knowledge: Knowledge
    chats: dict[str, Company]
    now: list[float]


@pytest.fixture(params=["lance", "memory", "weaviate"])
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Here]:
    store = await opened_store(request, tmp_path / "knowledge")
    await filled(store, WRITTEN)
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    chats = {name: Company(name) for name in ("slack", "discord")}
    now = [0.0]
    knowledge = Knowledge(store, None, engine, Kept, "here", lambda: 0.0)
    for name in WRITTEN:
        await knowledge.add("web", name)
    yield Here(store, Audiences(store, chats, lambda: now[0]), knowledge, chats, now)
    await store.close()
    await engine.dispose()


class Kept:
    """Where documents of one kind came from."""

    keeps = False

    def __init__(self, kind: str, location: str) -> None:
        self.name = f"kept:{location}"

    async def list(self) -> AsyncIterator[Listed]:
        for one in ():
            yield one

    async def read(self, listed: Listed) -> Document:
        raise LookupError(listed.id)


async def sights(here: Here) -> AsyncIterator[tuple[str, Sight, set[str]]]:
    """Every viewer: who and where, what may be searched for them, and what they are to see."""
    for person, (name, where), thread in product(PEOPLE, CHANNELS.items(), ("", "t1")):
        place = replace(where.place, thread=thread)
        alone = {document for document in WRITTEN if may_see(person, document) and is_near(document, place, person)}
        yield f"{person.name} alone, {name} {thread}", await here.audiences.alone(place, person), alone
        if where.read_by(person):
            guest = person not in MEMBERS.get(place.workspace_key, (person,))
            sight = await here.audiences.of(place, person, outsiders=guest)
            shown = {document for document in WRITTEN if shown_in(where, person, document)}
            if where.openness is Openness.DIRECT:
                shown = {one for one in shown if is_near(one, place, person) or one == f"said in {name}"}
            yield f"{person.name} in {name} {thread}", sight, shown


def is_near(document: str, place: Place, person: Person) -> bool:
    """What belongs to a workspace is searched from there alone; who talks with it directly on Discord is in each server."""
    at = {"discord/G1"} if place.workspace == "@me" else {place.workspace_key}
    if document == "everyone":
        return any(person in MEMBERS[key] for key in at)
    return not document.startswith("said in ") or CHANNELS[document.removeprefix("said in ")].place.workspace_key in at


async def test_everybody_sees_exactly_what_is_for_them(here: Here) -> None:
    searcher, tried = Searcher(here.store, Hashing()), 0
    for who, sight, right in [one async for one in sights(here)]:
        audience = sight.audience
        found = await searcher.search("the rota of the harbour", audience, 100)
        assert {hit.passage.document for hit in found.hits} == right, who
        assert {one.id for one in await here.knowledge.documents(audience)} == right, who
        assert {one.id for one in await here.knowledge.documents(audience, "a")} <= right, who
        opened = {name for name in WRITTEN if await here.knowledge.document(name, audience) is not None}
        assert opened == right, who
        assert {one.document for one in await here.store.passages(list(WRITTEN), audience)} == right, who
        tried += 1
    assert tried > 150


async def test_what_an_answer_in_a_channel_uses_every_reader_of_it_may_see(here: Here) -> None:
    for where, asker in product(CHANNELS.values(), PEOPLE):
        if where.openness is Openness.DIRECT or not where.read_by(asker):
            continue
        sight = await here.audiences.of(where.place, asker)
        used = {name for name, audience in WRITTEN.items() if sight.audience.sees(audience.labels)}
        for reader in filter(where.read_by, PEOPLE):
            assert [name for name in used if not may_see(reader, name)] == [], (where.place.key, reader.name)


async def test_what_is_unseen_leads_to_nothing_and_is_noticed_nowhere(here: Here) -> None:
    """Named in the question, linked to, or sharing a rare name: found is what would be if it did not exist."""
    seen: dict[frozenset[str], Audience] = {}
    for _, sight, right in [one async for one in sights(here)]:
        seen.setdefault(frozenset(right), sight.audience)
    questions = ["Who is Quentin Zephyrine?", *(f"What does {title} say of the harbour?" for title in NAMES.values())]
    for right, audience in seen.items():
        alone = InMemoryStore() if isinstance(here.store, InMemoryStore) else None
        if alone is not None:
            await filled(alone, [name for name in WRITTEN if name in right])
        for question in questions:
            found = await Searcher(here.store, Hashing()).search(question, audience, 100)
            assert {hit.passage.document for hit in found.hits} <= right, question
            if alone is not None:
                assert found == await Searcher(alone, Hashing()).search(question, audience, 100), question
        named = await here.store.named([title.casefold() for title in NAMES.values()], audience)
        assert {document for documents in named.values() for document in documents} == right


async def test_the_command_counts_and_names_only_what_is_seen(here: Here) -> None:
    async def digest(invocation: Invocation) -> str:
        return ""

    known = next(one.run for one in commands(here.knowledge, here.audiences, digest) if one.name == "knowledge")
    assert known is not None
    for person, where in product(PEOPLE, CHANNELS.values()):
        if not where.read_by(person):
            continue
        right = {name for name in WRITTEN if may_see(person, name) and is_near(name, where.place, person)}
        said = await known(Invocation(where.place, person, ""))
        assert re.findall(r"^\*\*(\d+) documents?\.\*\*", said) == [str(len(right))], (person.name, where.place.key)
        assert set(re.findall(r"- (.*): 1 document", said)) == right
        assert [name for name in WRITTEN if f": {name}:" in said and name not in right] == []


async def test_a_platform_that_can_not_be_asked_opens_nothing_and_it_is_said(here: Here) -> None:
    for chat in here.chats.values():
        chat.away = True
    for where, person in product(CHANNELS.values(), PEOPLE):
        for sight in (
            await here.audiences.of(where.place, person),
            await here.audiences.alone(where.place, person),
        ):
            seen = {name for name, audience in WRITTEN.items() if sight.audience.sees(audience.labels)}
            assert seen <= {
                "public",
                f"of {person.name}",
                *(f"said in {n}" for n, one in CHANNELS.items() if one == where),
            }
            platform = where.place.platform.title()
            assert sight.notes[0].startswith(f"I could not ask {platform} who may see more, so I searched only ")


async def test_an_answer_of_the_platform_counts_for_a_minute_and_a_failure_not_at_all(here: Here) -> None:
    board, company = CHANNELS["board"].place, here.chats["slack"]
    label = f"channel:{board.channel_key}"
    company.away = True
    assert label not in (await here.audiences.alone(board, ANN)).audience.labels
    company.away = False
    for _ in range(3):
        assert label in (await here.audiences.alone(board, ANN)).audience.labels
    assert company.asked == 1
    company.away = True
    here.now[0] = ASKED_SECONDS - 1
    assert label in (await here.audiences.alone(board, ANN)).audience.labels
    here.now[0] = ASKED_SECONDS
    assert label not in (await here.audiences.alone(board, ANN)).audience.labels


async def test_that_there_is_more_is_said_wherever_it_may_be_and_never_where_one_is_alone(here: Here) -> None:
    for (name, where), person in product(CHANNELS.items(), PEOPLE):
        if where.read_by(person):
            sight = await here.audiences.of(where.place, person)
            assert await here.audiences.more(where.place, sight.audience) == (where.openness is not Openness.DIRECT), (
                name
            )
    bare = InMemoryStore()
    await filled(bare, ["public", "everyone", "said in far board"])
    audiences = Audiences(bare, here.chats)
    for name, more in (("general", False), ("lobby", True), ("far", True), ("server", False)):
        where = CHANNELS[name]
        person = next(one for one in PEOPLE if where.read_by(one))
        sight = await audiences.of(where.place, person)
        assert await audiences.more(where.place, sight.audience) == more, name
