"""What a team keeps to itself: documents that only some people may see, put where the assistant finds them."""

from __future__ import annotations

from bot.app import App
from retrieval.chunking import chunk
from retrieval.documents import Audience, Document

SECRET = "On board trips hotels may cost 900 euros a night."


async def keep(app: App, text: str, audience: Audience) -> None:
    """A document for these people."""
    name = f"kept:{text}"
    document = Document(name, "kept", "", "Board trips", text, audience, name)
    await app.store.put([(document, chunk(document))])
    await app.knowledge.embed()
