"""What can go wrong in the room that grades.

    EvalError
    ├── CasesInvalid   a file of cases can't be read at all; the message names the file, the line and what to write
    ├── NoSuchNight    there is no night of this name to compare with
    └── NotGraded      the judge gave no grade: it was away, or its answer was none

Every message is one line: what, where, and what to do next.
"""


class EvalError(Exception):
    """Base of all errors of this room."""


class CasesInvalid(EvalError):
    """A file of cases that can't be read at all."""


class NoSuchNight(EvalError):
    """A night that was asked for and is not there."""


class NotGraded(EvalError):
    """One metric of one case has no grade; the others have theirs."""
