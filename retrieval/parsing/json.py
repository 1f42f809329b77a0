"""JSON of others."""

from __future__ import annotations

import json
from typing import Any

from retrieval.errors import Unreadable


def read(name: str, data: bytes) -> Any:
    """The value, in which half a character (a lone surrogate, which nothing can keep) is a question mark."""
    try:
        value = json.loads(data)
        if b"\\ud" in data.lower():
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(name, "this is no JSON") from error
    return value
