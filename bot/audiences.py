"""Who may see what: the audience of a run by its place and person, and of a document by where it was said.

Who is where is asked of the platform, kept for a minute, and where it can't be asked nobody is. How the labels relate:
docs/decisions/0008-audiences.md.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.chat import Chat, ChatError, Membership, Openness, Person, Place
from retrieval.documents import EVERYONE, PUBLIC, Audience
from retrieval.errors import RetrievalError
from retrieval.stores import Holdings, Store

ASKED_SECONDS = 60.0
"""For how long an answer of the platform counts."""
KEPT = 5_000
HELD_SECONDS = 600.0
"""For how long it is believed that the same number of documents carries the same labels. Labels open nothing by themselves."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What may be searched for a run, and what to say where the platform could not be asked for more."""

    audience: Audience
    notes: tuple[str, ...] = ()


def said_in(place: Place, openness: Openness) -> Audience:
    """Who may see a document that was said in this channel. Where a thread has members of its own, it is the channel.

    Of a channel that other organisations share it is the same: their people are in the channel, and not of the workspace.
    """
    match openness:
        case Openness.WORKSPACE:
            return Audience.of(f"workspace:{place.workspace_key}", f"channel:{place.channel_key}")
        case Openness.MEMBERS:
            return Audience.of(f"channel:{place.channel_key}")
        case Openness.DIRECT:
            return Audience.of(f"direct:{place.channel_key}")


class Audiences:
    """``chats`` by platform; ``clock`` in seconds, from anywhere."""

    def __init__(self, store: Store, chats: Mapping[str, Chat], clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._chats = chats
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], tuple[float, Membership]] = OrderedDict()
        self._held: tuple[int, float, Holdings] = (0, float("-inf"), {})

    async def of(self, place: Place, person: Person, *, outsiders: bool = False) -> Sight:
        """For an answer in this place: what everyone there may see, and in a direct conversation what its owner may."""
        try:
            readers = await self._chats[place.platform].readers(place)
        except ChatError:
            here = Audience.of(PUBLIC, f"channel:{place.channel_key}")
            return Sight(here, (_unasked(place, "what is public and what was said here"),))
        if readers.openness is Openness.DIRECT:
            alone = await self.alone(place, person)
            return Sight(alone.audience | said_in(place, Openness.DIRECT), alone.notes)
        here = Audience.of(PUBLIC, f"channel:{place.channel_key}")
        if readers.openness is Openness.MEMBERS and place.thread:
            here |= Audience.of(f"channel:{place.workspace_key}/{place.thread}")
        if outsiders or readers.outsiders:
            return Sight(here)
        return Sight(here | Audience.of(EVERYONE, f"workspace:{place.workspace_key}"))

    async def alone(self, near: Place, person: Person) -> Sight:
        """For an answer that nobody but this person sees: all that the platform says they may see."""
        own = Audience.of(PUBLIC, f"person:{person.id}")
        try:
            membership = await self._membership(near, person)
        except ChatError:
            return Sight(own, (_unasked(near, "what is public and what is yours"),))
        except RetrievalError:
            return Sight(own)  # the search itself says that it finds nothing there
        labels = {f"workspace:{one}" for one in membership.workspaces}
        labels |= {f"channel:{one}" for one in membership.channels}
        return Sight(own | Audience(frozenset(labels | ({EVERYONE} if membership.workspaces else set()))))

    async def more(self, place: Place, audience: Audience) -> bool:
        """Whether there is anything at all that somebody in this place may see and an answer there may not use.

        It does not depend on what was asked, so that whoever is told this learns nothing of what there is.
        """
        if any(label.startswith("person:") for label in audience.labels):
            return False  # it is for one person already
        theirs = (f"channel:{place.workspace_key}/", f"person:{place.platform}/")
        all_of_it = {EVERYONE, f"workspace:{place.workspace_key}"}
        try:
            unseen = {label for label in await self._labels() if label not in audience.labels}
        except RetrievalError:
            return False
        return any(label in all_of_it or label.startswith(theirs) for label in unseen)

    async def holdings(self) -> Holdings:
        """What the store holds for whom, as it lately was. Raises `RetrievalError`."""
        documents = (await self._store.counts()).documents
        known, at, held = self._held
        if known != documents or self._clock() - at > HELD_SECONDS:
            held = await self._store.holdings()
            self._held = (documents, self._clock(), held)
        return held

    async def _labels(self) -> frozenset[str]:
        return frozenset[str]().union(*(audience.labels for _, audience in await self.holdings()))

    async def _membership(self, near: Place, person: Person) -> Membership:
        key = (near.workspace_key, person.id)
        at, known = self._known.get(key, (0.0, None))
        if known is not None and self._clock() - at < ASKED_SECONDS:
            return known
        labels = await self._labels()
        channels = {label.removeprefix("channel:") for label in labels if label.startswith(f"channel:{near.platform}/")}
        asked = self._clock()
        found = await self._chats[near.platform].membership(near, person, channels)
        self._known.pop(key, None)
        self._known[key] = (asked, membership := Membership(found.workspaces, found.channels & channels))
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return membership


def _unasked(place: Place, searched: str) -> str:
    return f"I could not ask {place.platform.title()} who may see more, so I searched only {searched}."
