"""JSON from an API that a source reads: an answer of another kind, or of another shape, is one line."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from retrieval.errors import Unreadable
from retrieval.fetching import Fetched, shown
from retrieval.parsing import json

MAX_BYTES = 20_000_000
Model = TypeVar("Model", bound=BaseModel)


async def decoded(got: Fetched) -> Any:
    """Raises `Unreadable` where it is no JSON."""
    return await asyncio.to_thread(json.read, shown(got.url), got.body)


def shaped(model: type[Model], value: Any, what: str) -> Model:
    """Raises `Unreadable` where the value is of another shape."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the whole"
        raise Unreadable(what, f"it is not as the API promises ({where})") from error
