"""What a million tokens cost, in US dollars: (read, written). A model on this machine or its network costs nothing.

List prices of short prompts, as the providers' pages had them in November 2026: cohere.com/pricing,
developers.openai.com/api/docs/models, platform.claude.com/docs/en/models, ai.google.dev/gemini-api/docs/pricing.
Where a price is lowered for a time, this is the one it returns to. Another price is set with FOOTNOTE_MODEL_PRICE_IN
and FOOTNOTE_MODEL_PRICE_OUT.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

PRICES: dict[str, tuple[float, float]] = {
    "anthropic:claude-3-5-haiku": (0.80, 4.00),
    "anthropic:claude-3-haiku": (0.25, 1.25),
    "anthropic:claude-3-7-sonnet": (3.00, 15.00),
    "anthropic:claude-haiku-4-5": (1.00, 5.00),
    "anthropic:claude-haiku-5-5": (0.10, 0.50),
    "anthropic:claude-sonnet-4": (3.00, 15.00),
    "anthropic:claude-sonnet-4-5": (3.00, 15.00),
    "anthropic:claude-sonnet-4-6": (3.00, 15.00),
    "anthropic:claude-sonnet-5": (2.00, 10.00),
    "anthropic:claude-sonnet-5-5": (2.00, 10.00),
    "anthropic:claude-opus-4": (15.00, 75.00),
    "anthropic:claude-opus-4-1": (15.00, 75.00),
    "anthropic:claude-opus-4-5": (5.00, 25.00),
    "anthropic:claude-opus-4-6": (5.00, 25.00),
    "anthropic:claude-opus-5": (5.00, 25.00),
    "anthropic:claude-opus-5-5": (4.00, 20.00),
    "anthropic:claude-fable-5-1": (10.00, 50.00),
    "anthropic:claude-fable-5-2": (8.00, 40.00),
    "cohere:command-a": (2.50, 10.00),
    "cohere:command-a-reasoning": (2.50, 10.00),
    "cohere:command-r-plus": (2.50, 10.00),
    "cohere:command-r7b": (0.0375, 0.15),
    "cohere:command-r": (0.15, 0.60),
    "cohere:embed-english-light-v3.0": (0.10, 0.0),
    "cohere:embed-english-v3.0": (0.10, 0.0),
    "cohere:embed-multilingual-light-v3.0": (0.10, 0.0),
    "cohere:embed-multilingual-v3.0": (0.10, 0.0),
    "cohere:embed-v4.0": (0.12, 0.0),
    "google_genai:gemini-2.5-pro": (1.25, 10.00),
    "google_genai:gemini-2.5-flash": (0.30, 2.50),
    "google_genai:gemini-2.5-flash-lite": (0.10, 0.40),
    "google_genai:gemini-3-flash": (0.50, 3.00),
    "google_genai:gemini-3.1-pro": (2.00, 12.00),
    "google_genai:gemini-3.1-flash-lite": (0.25, 1.50),
    "google_genai:gemini-3.7-flash": (1.50, 7.50),
    "google_genai:gemini-3.8-flash": (1.50, 7.50),
    "openai:text-embedding-3-large": (0.13, 0.0),
    "openai:text-embedding-3-small": (0.02, 0.0),
    "openai:text-embedding-ada-002": (0.10, 0.0),
    "openai:gpt-4o-mini": (0.15, 0.60),
    "openai:gpt-4o": (2.50, 10.00),
    "openai:gpt-4.1-nano": (0.10, 0.40),
    "openai:gpt-4.1-mini": (0.40, 1.60),
    "openai:gpt-4.1": (2.00, 8.00),
    "openai:gpt-5-nano": (0.05, 0.40),
    "openai:gpt-5-mini": (0.25, 2.00),
    "openai:gpt-5": (1.25, 10.00),
    "openai:gpt-5.1": (1.25, 10.00),
    "openai:gpt-5.2": (1.75, 14.00),
    "openai:gpt-5.4-mini": (0.75, 4.50),
    "openai:gpt-5.4": (2.50, 15.00),
    "openai:gpt-5.5": (5.00, 30.00),
    "openai:gpt-5.6": (5.00, 30.00),
    "openai:gpt-5.6-luna": (0.20, 1.20),
    "openai:gpt-5.6-terra": (2.00, 12.00),
    "openai:gpt-5.6-sol": (5.00, 30.00),
    "openai:gpt-6-luna": (0.10, 0.50),
    "openai:gpt-6-sol": (2.00, 10.00),
    "openai:gpt-6-astra": (10.00, 50.00),
    "openai:gpt-6.1-sol": (2.00, 10.00),
    "openai:gpt-6.2-sol": (2.00, 10.00),
}
SEARCHES: dict[str, float] = {
    "cohere:rerank-v3.5": 0.0020,
    "cohere:rerank-v4.0-fast": 0.0020,
    "cohere:rerank-v4.0-pro": 0.0025,
}
"""What a search unit costs: one question with up to a hundred texts. Cohere's page names none for the fourth generation:
those are what openrouter.ai/cohere asks for it."""
_FREE = (0.0, 0.0)
_VERSION = re.compile(r"-(?:latest|preview|\d{2}-\d{4}|\d{4}-\d{2}-\d{2}|\d{8}|0\d\d|0)$")
"""How providers mark one version of a model; another ending names another model, with another price."""
_HERE = ("localhost", ".local", ".internal", ".lan", ".localhost")


def price(model: str, url: str = "") -> tuple[float, float] | None:
    """The price of a model, by its name and the URL it is reached at, if one is set; None where it is not known."""
    provider, _, name = model.partition(":")
    if provider in {"gguf", "ollama"} or model.startswith("scripted"):
        return _FREE
    if provider == "openai-compatible":
        host = _host(url)
        if _nearby(host):
            return _FREE
        provider = "openai" if f".{host}".endswith(".api.openai.com") else host
    asked = f"{provider}:{name}"
    while asked not in PRICES and _VERSION.search(asked):
        asked = _VERSION.sub("", asked)
    return PRICES.get(asked)


def embedding_price(embedder: str) -> float | None:
    """The price of a million tokens for an embedder by its name, as cohere:embed-v4.0@1024; None where it is not known."""
    known = price(embedder.removeprefix("langchain:").partition("@")[0])
    return None if known is None else known[0]


def unpriced(model: str, url: str = "") -> str:
    """One line for whoever runs it where the price is not known, so that no ceiling in dollars holds; else nothing."""
    if price(model, url) is not None:
        return ""
    return (
        f"{model}: its price is not known, so what it costs counts as $0 and no budget in dollars holds; "
        "set FOOTNOTE_MODEL_PRICE_IN and FOOTNOTE_MODEL_PRICE_OUT (dollars a million tokens)."
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # whoever opens the model is told
        return ""


def _nearby(host: str) -> bool:
    """Whether the host is this machine or one of its network: nobody charges for what runs there."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_HERE)
