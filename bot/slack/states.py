"""The states of installations under way: each is good once, for ten minutes, in whichever process the browser comes back.

docs.slack.dev/authentication/installing-with-oauth.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from sqlalchemy import delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.tables import oauth_states as table

SECONDS = 600.0
MOST = 10_000
"""States that are kept: anybody may begin an installation, and the newest count."""


class States(AsyncOAuthStateStore):
    """Raises what the database raises."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    async def async_issue(self, *args: object, **kwargs: object) -> str:
        now, state = self._clock(), secrets.token_urlsafe(32)
        ends = table.c.expires_at
        too_many = select(ends).order_by(ends.desc()).offset(MOST - 1).limit(1).scalar_subquery()
        async with self._engine.begin() as connection:
            await connection.execute(delete(table).where(or_(ends <= now, ends <= too_many)))
            await connection.execute(insert(table).values(state=state, expires_at=now + SECONDS))
        return state

    async def async_consume(self, state: str) -> bool:
        good = (table.c.state == state, table.c.expires_at > self._clock())
        async with self._engine.begin() as connection:
            return (await connection.execute(delete(table).where(*good))).rowcount == 1
