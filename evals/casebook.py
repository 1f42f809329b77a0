"""Cases that grew: proposed from what happened, accepted, edited and retired by people. The same table for every replica."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import ColumnElement, Row, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from evals.cases import Case, Standing
from evals.tables import cases as table


class CaseBook:
    """Reads and writes the table ``eval_cases``."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    async def propose(self, case: Case, origin: str) -> bool:
        """Keep a case for a person to look at; whether it is new. What was decided on before stays decided."""
        row = {
            "id": case.id,
            "state": Standing.PROPOSED.value,
            "origin": origin,
            "case": case.model_dump(mode="json"),
            "at": self._clock(),
        }
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(table).values(row))
        except IntegrityError:
            return False
        return True

    async def decide(self, case: str, standing: Standing, by: str) -> bool:
        """Accept or retire a case; whether it is there and stood otherwise."""
        return await self._change(case, table.c.state != standing.value, state=standing.value, decided_by=by)

    async def edit(self, case: Case, by: str) -> bool:
        """Put another wording in its place, which is thereby accepted; whether it is there."""
        wording = case.model_dump(mode="json")
        return await self._change(case.id, case=wording, state=Standing.ACCEPTED.value, decided_by=by)

    async def cases(self, *standings: Standing) -> list[Case]:
        """Those that stand so, or all; newest first."""
        query = select(table).order_by(table.c.at.desc(), table.c.id)
        if standings:
            query = query.where(table.c.state.in_([one.value for one in standings]))
        async with self._engine.connect() as connection:
            return [_case(row) for row in await connection.execute(query)]

    async def origins(self) -> set[str]:
        """From what cases were grown already."""
        async with self._engine.connect() as connection:
            return set((await connection.execute(select(table.c.origin))).scalars())

    async def _change(self, name: str, *where: ColumnElement[bool], **columns: object) -> bool:
        statement = update(table).where(table.c.id == name, *where).values(columns)
        async with self._engine.begin() as connection:
            return (await connection.execute(statement)).rowcount > 0


def _case(row: Row[tuple[object, ...]]) -> Case:
    return Case.model_validate({**row.case, "state": row.state})
