"""Rerankers by name, for the setting FOOTNOTE_RERANKER."""

from __future__ import annotations

from pydantic import SecretStr

from retrieval.errors import RetrievalError
from retrieval.metering import Meter
from retrieval.rerankers import Reranker
from retrieval.rerankers.remembering import Remembering


class RerankerUnknown(RetrievalError):
    """No reranker of this name can be opened here; the message says what can."""


def open_reranker(name: str, *, key: SecretStr, url: str = "", meter: Meter | None = None) -> Reranker | None:
    """The reranker of this name; None for ``none``. ``meter`` is told what its calls take. Raises `RerankerUnknown`.

    none | cohere:NAME
    """
    if name in {"", "none"}:
        return None
    provider, _, model = name.partition(":")
    if provider != "cohere" or not model:
        raise RerankerUnknown(
            f"FOOTNOTE_RERANKER: there is no reranker “{name}”; take none, or cohere:NAME as cohere:rerank-v4.0-fast."
        )
    if not key.get_secret_value():
        raise RerankerUnknown("FOOTNOTE_COHERE_KEY: Cohere wants a key; make one at dashboard.cohere.com/api-keys.")
    try:
        from retrieval.rerankers.cohere import CohereReranker
    except ImportError as error:
        raise RerankerUnknown(
            f"FOOTNOTE_RERANKER: {name} needs the package {error.name}; run pip install 'footnote[cohere]'."
        ) from error
    return Remembering(CohereReranker(model, key, url, meter))
