"""What a million tokens cost, in US dollars: (read, written). Local models cost nothing.

From the providers' price pages as of November 2026: cohere.com/pricing, openai.com/api/pricing, claude.com/pricing.
Another price is set with FOOTNOTE_MODEL_PRICE_IN and FOOTNOTE_MODEL_PRICE_OUT.
"""

from __future__ import annotations

PRICES: dict[str, tuple[float, float]] = {
    "cohere:command-a": (2.50, 10.00),
    "cohere:command-r-plus": (2.50, 10.00),
    "cohere:command-r7b": (0.0375, 0.15),
    "cohere:command-r": (0.15, 0.60),
    "openai:gpt-4o-mini": (0.15, 0.60),
    "openai:gpt-4o": (2.50, 10.00),
    "openai:gpt-4.1-mini": (0.40, 1.60),
    "openai:gpt-4.1": (2.00, 8.00),
}


def price(model: str) -> tuple[float, float] | None:
    """The price of the model whose name begins so, the longest match first; None where it is not known."""
    if model.startswith(("gguf:", "openai-compatible:", "scripted")):
        return (0.0, 0.0)
    known = [name for name in PRICES if model.startswith(name)]
    return PRICES[max(known, key=len)] if known else None
