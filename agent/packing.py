"""Evidence packed for a model: what repeats once, neighbours together, no more tokens than there is room for.

The order is best first from both ends, the weakest in the middle: models use what stands at the beginning or the end of a
long context, and overlook what stands between (Liu et al. 2023, Lost in the Middle, arXiv 2307.03172).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from agent.evidence import Evidence
from agent.models.tokens import tokens

GAP = 16
"""Characters between two passages that are read as one block; what a cut leaves out is white space."""
MARK = 4
"""Tokens for a block's number and the lines around it."""


@dataclass(frozen=True, slots=True)
class Block:
    """What is read under one number: ``pieces`` of one document in the order of its text, each with its exact span.

    ``also`` are the titles of other documents that say the same.
    """

    pieces: tuple[Evidence, ...]
    also: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """The title with the headings above the first piece, and who else says so."""
        also = f" (also in: {', '.join(self.also)})" if self.also else ""
        return " > ".join((self.pieces[0]["title"], *self.pieces[0]["headings"])) + also

    @property
    def text(self) -> str:
        return "\n".join(piece["text"] for piece in self.pieces)


def pack(evidence: Sequence[Evidence], room: int) -> list[Block]:
    """The blocks of ``evidence``, which is best first, that fit into ``room`` tokens; the same input gives the same.

    Each citation of a piece is one of its document: a piece's text is the document's from its start to its end. A passage
    that does not fit leaves its place to the next one that does.
    """
    kept: dict[str, Block] = {}
    for item in evidence:
        if any(_within(item, block.pieces[0]) for block in kept.values()):
            continue
        same = kept.get(alike(item))
        block = Block((item,)) if same is None else _said_too(same, item["title"])
        took = cost(block) - (cost(same) if same else 0)
        if took <= room:
            room -= took
            kept[alike(item)] = block
    return _ends_first(_neighbours(list(kept.values())))


def cost(block: Block) -> int:
    """About how many tokens a block is, with its number and heading."""
    return MARK + tokens(block.heading) + sum(tokens(piece["text"]) + 1 for piece in block.pieces)


def alike(item: Evidence) -> str:
    """What is the same for passages that say the same, word for word."""
    return hashlib.blake2b(" ".join(item["text"].split()).encode(), digest_size=16).hexdigest()


def _said_too(block: Block, title: str) -> Block:
    return block if title in {block.pieces[0]["title"], *block.also} else Block(block.pieces, (*block.also, title))


def _within(item: Evidence, known: Evidence) -> bool:
    """Whether a passage is a part of one that is there already."""
    same = item["document"] == known["document"]
    return same and known["start"] <= item["start"] and item["end"] <= known["end"]


def _neighbours(blocks: Sequence[Block]) -> list[Block]:
    """Blocks of one document that follow each other as one, at the place of the best of them."""
    joined: list[tuple[int, Block]] = []
    for rank, block in sorted(enumerate(blocks), key=lambda one: _place(one[1])):
        best, before = joined[-1] if joined else (rank, None)
        if before is not None and _follows(before.pieces[-1], block.pieces[0]):
            joined[-1] = (min(best, rank), _joined(before, block))
        else:
            joined.append((rank, block))
    return [block for _, block in sorted(joined, key=lambda one: one[0])]


def _place(block: Block) -> tuple[str, int]:
    return block.pieces[0]["document"], block.pieces[0]["start"]


def _follows(before: Evidence, after: Evidence) -> bool:
    """Whether one goes on where the other ends; where they overlap they must be of the same version of the document."""
    if before["document"] != after["document"] or after["start"] - before["end"] > GAP:
        return False
    shared = before["text"][max(0, after["start"] - before["start"]) :]
    return shared[: len(after["text"])] == after["text"][: len(shared)]


def _joined(block: Block, other: Block) -> Block:
    """One after the other; where they touch or overlap, the two pieces are one."""
    last, first = block.pieces[-1], other.pieces[0]
    also = tuple(dict.fromkeys((*block.also, *other.also)))
    if first["start"] > last["end"]:
        return Block((*block.pieces, *other.pieces), also)
    more = first["text"][max(0, last["end"] - first["start"]) :]
    whole = Evidence(**{**last, "text": last["text"] + more, "end": max(last["end"], first["end"])})
    return Block((*block.pieces[:-1], whole, *other.pieces[1:]), also)


def _ends_first(blocks: Sequence[Block]) -> list[Block]:
    return [*blocks[::2], *reversed(blocks[1::2])]
