"""What can go wrong in the agent room.

    AgentError
    ├── ModelError
    │   ├── ModelUnavailable   the provider is away, refuses the key, or answers garbage; take the plainer way
    │   └── ModelMisconfigured the model's name or setting is wrong; say so at start
    ├── CeilingReached         a ceiling (money, tokens, steps, seconds) ends the run with a plain sentence
    │   └── BudgetSpent        of a person, a channel or the day: no other run could go on either
    ├── ToolFailed             a tool could not do what it was asked
    │   └── ToolCutOff         it was stopped while it ran: it may or may not have done it
    └── ApprovalError
        ├── NotAllowed         this person may not decide this
        └── NotPending         decided, expired or gone already

Every message is one line: what, where, and what to do next; it may be shown to a person as it is.
"""

from __future__ import annotations

import traceback


class AgentError(Exception):
    """Base of all errors of this room."""


class ModelError(AgentError):
    """Base of what goes wrong with a language model."""


class ModelUnavailable(ModelError):
    """The provider could not answer this call. The caller goes on in the plainer way and says so."""


class ModelMisconfigured(ModelError):
    """A model's name, key or address can't work. Raised when it is opened, before any run."""


class CeilingReached(AgentError):
    """A ceiling was reached; the message is the sentence to show."""


class BudgetSpent(CeilingReached):
    """What a person, a channel or everything may cost a day is used up, whatever this run took."""


class ToolFailed(AgentError):
    """A tool did not do its work; the message is what the agent and the person read.

    ``field`` names the argument that it is about, where it is about one.
    """

    def __init__(self, message: str = "", *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class ToolCutOff(ToolFailed):
    """A tool was stopped while it ran, so that nobody knows whether it did its work."""


class ApprovalError(AgentError):
    """Base of what a press on a card can run into."""


class NotAllowed(ApprovalError):
    """This person may not decide this approval."""


class NotPending(ApprovalError):
    """The approval waits no longer; the message says what became of it and by whom."""


def place_of(error: BaseException) -> str:
    """What broke and where, for a log: never the words of the error, which may quote what people wrote."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {where}"
