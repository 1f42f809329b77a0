"""Finding the passages that answer: words, meaning, names, and one hop along what the best ones mention.

The constants were chosen on one half of two multi-hop sets and hold on the other (docs/decisions/0002-fusion.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from retrieval.documents import ANYTHING, Audience, Filter, Hit
from retrieval.embedders import Embedder
from retrieval.errors import EmbedderAway, RerankerAway
from retrieval.links import Mention, fold, folded_words, linked, longest, mentions, names_in
from retrieval.ranking import Pool
from retrieval.rerankers import Reranker
from retrieval.stores import Store

CANDIDATES = 60
"""Hits taken from each half."""
NAMED = 0.8
"""What it is worth that the question names a passage's document; the halves together are worth 1."""
HOP = 0.9
"""What it is worth that a passage as good as the best one mentions it."""
SINGLE_NAMED, SINGLE_HOP = 0.7, 0.8
"""Names of one word are weaker evidence."""
FEW_NAMES = 2
"""A passage that mentions more names than this says less about each."""
SEEDS = 4
"""Passages whose mentions are followed."""
PER_NAME = 3
"""Documents that one name may lead to."""
FOLLOWED = 60
"""Documents that one search follows at most."""
SHARED = 0.8
"""What it is worth to share a rare name with a passage as good as the best one, where no document goes by that name."""
SINGLE_SHARED = 0.8
"""Of that, for a name of one word."""
COMMON = 60
"""A name that more passages mention says nothing."""
SHARING = 400
"""Passages that are looked at for shared names."""
RERANKED = 40
"""Passages that a reranker reads."""
READ_AGAIN = 0.5
"""What its score is worth; a passage that is the second hop answers nothing by itself, so not all."""
FIRST = 5
"""Passages among which the question's rarest word is wanted,"""
RARE = 2
"""where no more passages than this hold it,"""
LONG_WORD = 3
"""and it has more characters than this."""
WAITING = "Some documents are still being read in: until then they are found by their words alone."


Named = tuple[Mention, list[str]]
"""A name that was mentioned, and the documents that go by it."""


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first, what was plainer than usual, and what the search was held to, in words for a person."""

    hits: list[Hit]
    notes: tuple[str, ...] = ()
    held: str = ""


@dataclass(frozen=True, slots=True)
class _Within:
    """What one search is held to."""

    question: str
    vector: list[float]
    audience: Audience
    where: Filter
    near: list[Hit]
    """What lies nearest to the question, whatever it is named."""
    pending: bool
    """Whether some passages have no vector yet."""

    def held(self, **more: frozenset[str]) -> Filter:
        """The filter, narrowed by ``more`` of its fields."""
        where = replace(self.where, **more)  # type: ignore[arg-type]  # fields of a filter by name
        if self.where.documents is not None and where.documents is not None:
            return replace(where, documents=where.documents & self.where.documents)
        return where


class Searcher:
    """Searches one store with the embedder it is bound to, and reads the best again with a ``reranker``."""

    def __init__(self, store: Store, embedder: Embedder, reranker: Reranker | None = None) -> None:
        self._store = store
        self._embedder = embedder
        self._reranker = reranker

    async def search(self, question: str, audience: Audience, limit: int = 10, where: Filter = ANYTHING) -> Found:
        """What this audience may see, held to ``where``. Raises `StoreUnavailable` where the store can't be read."""
        if not question.strip():
            return Found([])
        try:
            vector = (await self._embedder.query(question)).tolist()
        except EmbedderAway as error:
            return Found(await self._store.full_text(question, audience, limit, where), (str(error),))
        words, near, pending, named = await asyncio.gather(
            self._store.full_text(question, audience, CANDIDATES, where),
            self._store.nearest(vector, audience, CANDIDATES, where),
            self._store.unembedded(1),
            self._named(question, audience),
        )
        waiting = await self._waiting(words, near) if pending else frozenset()
        pool = Pool(near, words, waiting)
        within = _Within(question, vector, audience, where, near, pending=bool(pending))
        await self._follow(pool, within, [(name, NAMED, SINGLE_NAMED) for name in named], "title")
        seeds = pool.ranked()[:SEEDS]
        hops = await self._hops(seeds, pool, named, audience)
        await self._follow(pool, within, hops, "link")
        await self._share(pool, within, question)
        ranked, plainer = await self._reranked(question, _with_rare_word(question, pool.ranked(), words))
        return Found(ranked[:limit], (*((WAITING,) if pending else ()), *plainer))

    async def _reranked(self, question: str, ranked: list[Hit]) -> tuple[list[Hit], tuple[str, ...]]:
        """The best once more in the order of what they were and what the reranker makes of them."""
        if self._reranker is None or not ranked:
            return ranked, ()
        best, rest = ranked[:RERANKED], ranked[RERANKED:]
        try:
            scores = await self._reranker.rerank(question, [hit.passage.embeddable for hit in best])
        except RerankerAway as error:
            return ranked, (str(error),)
        top = max(best[0].score, 1e-6)
        mixed = [
            replace(hit, score=(1 - READ_AGAIN) * hit.score + READ_AGAIN * top * score)
            for hit, score in zip(best, scores, strict=True)
        ]
        return [*sorted(mixed, key=lambda hit: -hit.score), *rest], ()

    async def documents_named(self, names: Collection[str], audience: Audience) -> frozenset[str]:
        """The documents that go by these folded names, a path by the last part that is a name."""
        short = {
            " ".join(parts[-count:]) for name in names for parts in [name.split()] for count in range(1, len(parts) + 1)
        }
        known = await self._store.named(short, audience)
        meant = [max((one for one in known if name.endswith(one)), key=len, default="") for name in names]
        return frozenset(document for name in meant for document in known.get(name, ()))

    async def _waiting(self, words: Sequence[Hit], near: Sequence[Hit]) -> frozenset[str]:
        """The passages that were found by their words and have no vector yet."""
        unknown = {hit.passage.id for hit in words} - {hit.passage.id for hit in near}
        return frozenset(unknown - (await self._store.vectors(unknown)).keys())

    async def _named(self, question: str, audience: Audience) -> list[Named]:
        """The longest names in a question that documents go by, written like names, with the documents."""
        known = await self._store.named(names_in(question), audience)
        return _leading(mentions(question, known), known)

    async def _hops(
        self, seeds: Sequence[Hit], pool: Pool, asked: Iterable[Named], audience: Audience
    ) -> list[tuple[Named, float, float]]:
        """What good passages mention or link to and the question does not, weighed by how good the passage is."""
        links = [linked(seed.passage.links) for seed in seeds]
        spoken = (names_in(seed.passage.text) for seed in seeds)
        known = await self._store.named({link.name for found in links for link in found}.union(*spoken), audience)
        old = {mention.name for mention, _ in asked}
        hops: list[tuple[Named, float, float]] = []
        for seed, followed in zip(seeds, links, strict=True):
            found = [*mentions(seed.passage.text, known), *(link for link in followed if link.name in known)]
            new = [
                (mention, documents)
                for mention, documents in _leading(found, known)
                if mention.name not in old | {fold(seed.passage.title)} and seed.passage.document not in documents
            ]
            weight = HOP * pool.share(seed) / max(1.0, len(new) / FEW_NAMES)
            hops.extend((one, weight, weight * SINGLE_HOP) for one in new)
        return hops

    async def _follow(
        self,
        pool: Pool,
        within: _Within,
        names: Sequence[tuple[Named, float, float]],
        via: str,
    ) -> None:
        """Give the best passage of each named document its bonus; of several names the best one counts."""
        bonus: dict[str, float] = {}
        several: list[list[str]] = []
        for (mention, documents), weight, single in names:
            worth = weight if mention.length > 1 else single
            for document in documents:
                bonus[document] = max(bonus.get(document, 0.0), worth)
            if len(documents) > PER_NAME:
                several.append(documents)
        followed = sorted(bonus, key=lambda document: (-bonus[document], document))[:FOLLOWED]
        if not followed:
            return
        best = await self._best_of_each(frozenset(followed), within)
        for documents in several:
            for document in [one for one in best if one in documents][PER_NAME:]:
                bonus.pop(document, None)
        for document, hit in best.items():
            if document in bonus:
                pool.add(hit, bonus[document], via, guarded=via == "link")

    async def _best_of_each(self, documents: frozenset[str], within: _Within) -> dict[str, Hit]:
        """The nearest passage of each document, the nearest document first; of one without vectors, the best by words."""
        best: dict[str, Hit] = {}
        for hit in within.near:
            if hit.passage.document in documents:
                best.setdefault(hit.passage.document, hit)
        if missing := documents - best.keys():
            for hit in await self._nearest(within, len(missing) * 4, documents=missing):
                best.setdefault(hit.passage.document, hit)
        if within.pending and (missing := documents - best.keys()):
            held = within.held(documents=missing)
            for hit in await self._store.full_text(within.question, within.audience, len(missing) * 4, held):
                best.setdefault(hit.passage.document, hit)
        return best

    async def _share(self, pool: Pool, within: _Within, question: str) -> None:
        """Raise what shares a rare name, one that the question does not say, with a good passage that mentions one it says.

        A question that names nothing needs no second hop, or does not tell from where.
        """
        asked = f" {fold(question)} "
        spoken = {
            hit: {name for name in hit.passage.mentions if f" {name} " not in asked} for hit in pool.ranked()[:SEEDS]
        }
        seeds = {hit: names for hit, names in spoken.items() if len(names) < len(hit.passage.mentions)}
        sharing = await self._sharing(frozenset[str]().union(*seeds.values()), within)
        bonus: dict[str, float] = {}
        for seed, names in seeds.items():
            for name in names & sharing.keys():
                others = [hit for hit in sharing[name] if hit.passage.id != seed.passage.id]
                worth = SHARED * pool.share(seed) ** 2 * _rarity(len(sharing[name]))
                worth *= 1.0 if " " in name else SINGLE_SHARED
                for rank, hit in enumerate(others):
                    bonus[hit.passage.id] = max(bonus.get(hit.passage.id, 0.0), worth / (1 + 0.3 * rank))
        hits = {hit.passage.id: hit for found in sharing.values() for hit in found}
        for passage, worth in bonus.items():
            pool.add(hits[passage], worth, "link", guarded=False)

    async def _sharing(self, names: frozenset[str], within: _Within) -> dict[str, list[Hit]]:
        """The passages that mention each of these names, the nearest first; without the names that are common."""
        for _ in range(2):
            if not names:
                return {}
            hits = await self._nearest(within, SHARING, mentions=names)
            found = {name: [hit for hit in hits if name in hit.passage.mentions] for name in names}
            rare = {name: sharing for name, sharing in found.items() if len(sharing) <= COMMON}
            if len(hits) < SHARING or len(rare) == len(found):
                return rare
            names = frozenset(rare)
        return rare

    async def _nearest(self, within: _Within, limit: int, **held: frozenset[str]) -> list[Hit]:
        """The nearest passages of those that the search and ``held`` allow."""
        return await self._store.nearest(within.vector, within.audience, limit, within.held(**held))


def _with_rare_word(question: str, ranked: list[Hit], words: Sequence[Hit]) -> list[Hit]:
    """``ranked``, with the best passage that holds the question's rarest word among the first, where none of them does.

    Who asks about Ollama means the one page that says Ollama, however near others are.
    """
    asked = {word for word in folded_words(question) if len(word) > LONG_WORD}
    asked -= {word for hit in ranked[:FIRST] for word in _words(hit)}
    holding: dict[str, list[Hit]] = {}
    for hit in words:
        if not asked:
            break
        for word in asked & _words(hit):
            holding.setdefault(word, []).append(hit)
            if len(holding[word]) > RARE:
                asked.remove(word)
                del holding[word]
    if not holding:
        return ranked
    rarest = min(holding, key=lambda word: (len(holding[word]), word))
    best = holding[rarest][0].passage.id
    kept = [hit for hit in ranked if hit.passage.id != best]
    lifted = next(hit for hit in ranked if hit.passage.id == best)
    return [*kept[: FIRST - 1], replace(lifted, score=kept[FIRST - 1].score), *kept[FIRST - 1 :]]


def _words(hit: Hit) -> frozenset[str]:
    return frozenset(folded_words(hit.passage.embeddable))


def _rarity(times: int) -> float:
    """1 for a name that two passages share, 0.7 for sixty."""
    return float((2 / max(2, times)) ** 0.1)


def _leading(found: Iterable[Mention], known: Mapping[str, list[str]]) -> list[Named]:
    kept = [one for one in longest(found) if one.length > 1 or one.proper]
    return [(one, known[one.name]) for one in kept]
