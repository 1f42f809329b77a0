"""Chat models by name, for the setting FOOTNOTE_MODEL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from agent.errors import ModelMisconfigured
from agent.models import ChatModel

_NO_KEY = SecretStr("")


def open_model(name: str, *, url: str = "", key: SecretStr = _NO_KEY) -> ChatModel | None:
    """The model of this name; None for ``none``. Raises `ModelMisconfigured` with what to do.

    none | cohere:NAME | openai-compatible:NAME (with a url) | gguf:PATH | PROVIDER:NAME as LangChain has it
    """
    provider, _, model = name.partition(":")
    if provider in {"", "none"}:
        return None
    if not model:
        raise ModelMisconfigured(
            f"FOOTNOTE_MODEL: “{name}” is no model; write PROVIDER:NAME, as cohere:command-a-03-2025."
        )
    if (url or provider == "openai-compatible") and not _is_address(url):
        raise ModelMisconfigured("FOOTNOTE_MODEL_URL: say where it is, as http://127.0.0.1:11434/v1.")
    try:
        return _open(provider, model, url, key)
    except ImportError as error:
        extra = provider if provider in {"cohere", "gguf"} else "langchain"
        advice = f"needs the package {error.name}; run pip install 'footnote[{extra}]'."
        if error.name is None:  # LangChain's own words, which name the package of that provider
            advice = f"can't be opened: {' '.join(str(error).split())[:200]}"
        raise ModelMisconfigured(f"FOOTNOTE_MODEL: {name} {advice}") from error
    except ValueError as error:
        raise ModelMisconfigured(
            f"FOOTNOTE_MODEL: {name} can't be opened: {' '.join(str(error).split())[:200]}"
        ) from error


def _is_address(url: str) -> bool:
    """Whether it can be one: a host, and a port that there is."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and " " not in parts.netloc
        )
    except ValueError:
        return False


def _open(provider: str, model: str, url: str, key: SecretStr) -> ChatModel:
    match provider:
        case "cohere":
            if not key.get_secret_value():
                raise ModelMisconfigured(
                    "FOOTNOTE_MODEL_KEY: Cohere wants a key; make one at dashboard.cohere.com/api-keys."
                )
            from agent.models.cohere import Cohere

            return Cohere(model, key, url)
        case "openai-compatible":
            from agent.models.openai import OpenAICompatible

            return OpenAICompatible(model, url, key)
        case "gguf":
            path = Path(model).expanduser()
            if not path.is_file():
                raise ModelMisconfigured(f"FOOTNOTE_MODEL: there is no file {path}.")
            from agent.models.gguf import Gguf

            return Gguf(path)
        case _:
            from agent.models.langchain import LangChain

            options = {"base_url": url} if url else {}
            secret = {"api_key": key.get_secret_value()} if key.get_secret_value() else {}
            return LangChain.named(f"{provider}:{model}", **options, **secret)
