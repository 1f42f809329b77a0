"""What can go wrong in the knowledge room.

    RetrievalError
    ├── Unreadable        one document could not be read; the rest goes on
    │   └── Deleted       what a source consisted of is no longer there
    ├── EmbedderMismatch  the store was embedded with another model
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


class EmbedderMismatch(RetrievalError):
    """The store holds vectors of another embedder; the two must not be mixed."""


class StoreUnavailable(RetrievalError):
    """The store can't be opened, read or written (disk full, folder read-only, server away)."""
