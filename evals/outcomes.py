"""What came of one case, as plain data that is kept and compared."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Place = tuple[str, int, int]
"""A document, and characters ``start:end`` of it."""


class Outcome(BaseModel):
    """``found`` and ``cited`` in order, best first; ``effects`` are the writing tools that the agent wanted to run.

    ``failed`` says why there is no answer: it hung and was cut, or broke; empty where there is one.
    """

    model_config = ConfigDict(frozen=True)

    case: str
    text: str = ""
    refused: bool = False
    found: tuple[Place, ...] = ()
    contexts: tuple[str, ...] = ()
    """The words of what was found, for the judge."""
    cited: tuple[Place, ...] = ()
    effects: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    tokens: int = 0
    cost: float = 0.0
    failed: str = ""
    figures: dict[str, float] = {}
    graded: dict[str, float] = {}
    """The judge's figures, 0 to 1."""
    not_graded: dict[str, str] = {}
    """Why a figure of the judge's is missing."""
