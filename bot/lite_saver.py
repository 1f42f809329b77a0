"""LangGraph's SQLite checkpointer, which can also forget all but the last step of a run, as its PostgreSQL one can."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

_OLDER = (
    "FROM {table} WHERE thread_id = ? AND checkpoint_id < (SELECT MAX(latest.checkpoint_id) FROM checkpoints latest "
    "WHERE latest.thread_id = {table}.thread_id AND latest.checkpoint_ns = {table}.checkpoint_ns)"
)


class LiteSaver(AsyncSqliteSaver):
    """`AsyncSqliteSaver` with ``aprune``. Its checkpoints hold the whole state each, so the last one is enough."""

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        if strategy != "keep_latest":
            raise ValueError(f"Unknown prune strategy: {strategy!r}")
        async with self.lock:
            for thread in thread_ids:
                for table in ("writes", "checkpoints"):
                    await self.conn.execute(f"DELETE {_OLDER.format(table=table)}", (thread,))
            await self.conn.commit()
