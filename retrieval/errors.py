"""What can go wrong in the knowledge room.

    RetrievalError
    ├── Unreadable        one document could not be read; the rest goes on
    │   ├── Deleted       what a source consisted of is no longer there
    │   ├── Empty         a source has nothing, which may be meant or not
    │   └── Away          whoever has it does not answer, or not now
    ├── EmbedderMismatch  the store was embedded with another model
    ├── EmbedderAway      no vectors are to be had now; words are searched all the same
    ├── RerankerAway      nothing can be reranked now; what was found keeps its order
    └── StoreUnavailable  the store can't be opened, read or written

Every message is one line: what, where, and what to do next.
"""


class RetrievalError(Exception):
    """Base of all errors of this room."""


class Unreadable(RetrievalError):
    """A document that could not be read, with the reason in words for a person."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.what = what
        self.reason = reason


class Deleted(Unreadable):
    """A source is not merely away: the file that it was is gone from a folder that is there."""


class Empty(Unreadable):
    """A source on a disk has nothing, as where the disk is not mounted: an error only if it ever had something."""


class Away(Unreadable):
    """A host that gives no answer, or another one than what was asked for; what was read from it before stays.

    ``status`` is what it answered, 0 where it did not. ``wait``: the seconds it wants to be left alone, where it says so.
    """

    def __init__(self, what: str, reason: str, status: int = 0, wait: float | None = None) -> None:
        super().__init__(what, reason)
        self.status = status
        self.wait = wait


class EmbedderMismatch(RetrievalError):
    """The store holds vectors of another embedder; the two must not be mixed."""


class EmbedderAway(RetrievalError):
    """The embedder gave no vectors, or none that can be used; full text finds without them.

    ``wait``: the seconds after which asking again may help; None where it can't.
    """

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(f"{what}; until it gives vectors again, words alone are searched.")
        self.wait = wait


class RerankerAway(RetrievalError):
    """The reranker gave no scores, or none that can be used; the order of the search stands."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; the search goes on without it.")


class StoreUnavailable(RetrievalError):
    """The store can't be opened, read or written (disk full, folder read-only, server away)."""


def why(error: OSError) -> str:
    """What the system says of it, as the end of a sentence."""
    return (error.strerror or str(error)).lower()
