"""Before each night: cases are proposed from what people marked and from documents that are new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import AgentError
from agent.models import ChatModel
from agent.tables import decisions
from bot.chat import Action, Place, Reply
from bot.records import Records
from bot.tables import feedback, messages
from evals.casebook import CaseBook
from evals.cases import Case, Quoted
from evals.growing import Marked, asked_across, asked_of_model, from_documents, from_mark, mixed
from evals.running import AUDIENCE
from retrieval.documents import Document
from retrieval.stores import Store

MOST = 20
"""Cases proposed before one night."""
NEWEST = 400
"""Documents that are looked at for what they define: many define nothing, and would hide those behind them for ever."""
READ_BY_MODEL = 3
log = structlog.get_logger()


async def grow(engine: AsyncEngine, store: Store, clock: Callable[[], float], model: ChatModel | None = None) -> int:
    """Propose what is new; returns how much. What was proposed once is not proposed again, whatever became of it.

    With a ``model`` a few documents are asked about in other words than their own, too.
    """
    book = CaseBook(engine, clock)
    known = await book.origins()
    proposed = 0
    for run, mark, reason in await _marks(engine):
        if proposed == MOST:
            return proposed
        origin = f"run:{run}"
        if origin not in known and (marked := await _marked(engine, store, run, mark, reason)):
            proposed += await book.propose(from_mark(marked), origin)
    return proposed + await _from_documents(book, known, store, MOST - proposed, model)


async def _from_documents(book: CaseBook, known: set[str], store: Store, most: int, model: ChatModel | None) -> int:
    listed = sorted(await store.documents(AUDIENCE, limit=10_000), key=lambda one: -one.modified)
    fresh = [one for one in listed if _origin(one.content_hash) not in known][:NEWEST]
    read = [document for one in fresh if (document := await store.document(one.id, AUDIENCE))]
    hashes = {document.id: document.content_hash for document in read}
    proposed = 0
    for case in mixed([*await _asked(model, read[:READ_BY_MODEL]), *from_documents(read)])[:most]:
        of = hashes[case.evidence[0].document] if case.evidence else hashes[read[0].id]
        proposed += await book.propose(case, _origin(of))
    return proposed


async def _asked(model: ChatModel | None, documents: Sequence[Document]) -> list[Case]:
    """What the model asks of them; nothing where it is away: the templates ask all the same."""
    if model is None:
        return []
    try:
        alone = [case for document in documents for case in await asked_of_model(model, document)]
        return alone + [case for one, two in pairwise(documents) for case in await asked_across(model, one, two)]
    except AgentError as error:
        log.warning("the model asked nothing of what is new", reason=str(error))
        return []


def _origin(content: str) -> str:
    return f"document:{content}"[:64]


async def _marks(engine: AsyncEngine) -> list[tuple[str, str, str]]:
    """Run, mark and reason, the newest first."""
    query = select(feedback.c.run, feedback.c.mark, feedback.c.reason).order_by(feedback.c.at.desc()).limit(500)
    async with engine.connect() as connection:
        return [(row.run, row.mark, row.reason or "") for row in await connection.execute(query)]


async def _marked(engine: AsyncEngine, store: Store, run: str, mark: str, reason: str) -> Marked | None:
    """The marked answer; None where a document that it cites is not for everyone, or its question is not known.

    An answer that cites nothing may have been asked anywhere, so only what everyone may see anyway becomes a case.
    """
    question = select(decisions.c.value).where(decisions.c.run == run, decisions.c.name == "standalone").limit(1)
    said = select(messages.c.channel, messages.c.key).where(messages.c.key == run).limit(1)
    async with engine.connect() as connection:
        value, where = (await connection.execute(question)).scalar(), (await connection.execute(said)).first()
    if not value or where is None:
        return None
    reply = await _reply(engine, where.channel, run)
    notes = reply.footnotes if reply else ()
    if not notes or any([await store.document(note.document, AUDIENCE) is None for note in notes]):
        return None
    quotes = tuple(Quoted(document=note.document, quote=note.quote) for note in notes)
    return Marked(run, str(value["question"]), quotes, mark == Action.HELPFUL.value, reason)


async def _reply(engine: AsyncEngine, channel: str, run: str) -> Reply | None:
    entry = await Records(engine).message(Place.parse(f"{channel}/"), run)
    return entry.reply if entry else None
