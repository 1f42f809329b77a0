"""The port `Embedder`: texts in, unit vectors out. One file an adapter.

What every adapter promises (tests/contract/test_embedder.py): vectors have `dimensions` numbers and
length 1; the order is the texts'; the same text gives the same vector alone or in company; an empty
text, a very long one and any language are no error; the event loop is never blocked. One that is asked over the network
raises `EmbedderAway` where it gives none, in bounded time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Embedder(Protocol):
    name: str
    """Model and version; vectors of two names must never be compared."""
    dimensions: int

    async def passages(self, texts: Sequence[str], *, behind: bool = False) -> NDArray[np.float32]:
        """Vectors of texts that are to be found: shape (len(texts), dimensions).

        ``behind`` says that nobody waits for them: whoever asks meanwhile goes first, as far as the adapter has turns.
        """
        ...

    async def query(self, text: str) -> NDArray[np.float32]:
        """The vector of a question: shape (dimensions,)."""
        ...

    async def close(self) -> None: ...
