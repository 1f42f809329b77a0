"""Nights and what came of each case, kept in the records: one that was cut off goes on, any two can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from evals.errors import NoSuchNight
from evals.outcomes import Outcome
from evals.tables import nights as table
from evals.tables import outcomes

GOES_ON_SECONDS = 20 * 3_600.0
"""A night that was cut off later than this ago is left as it is, and a new one begins."""
BASELINES = ("last", "release", "pinned")
LOOKED_AT = 200
"""Nights among which one of a kind is looked for, the newest."""


@dataclass(frozen=True, slots=True)
class Night:
    """One night. ``configuration`` is the hash of all that was examined and how; ``about`` says it in words.

    ``problems`` are lines about what did not go as it should, such as a case that could not be read.
    """

    id: str
    configuration: str
    version: str
    about: dict[str, Any]
    started_at: float
    finished_at: float | None = None
    is_baseline: bool = False
    problems: list[str] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    """What `evals.report.as_data` told, without the cases."""

    @property
    def is_regular(self) -> bool:
        """Whether it ran on all cases under the settings that hold, as each night does: none of --cases or --compare."""
        return not self.about.get("files") and not self.about.get("tried")

    @property
    def trusted_judge(self) -> str:
        """Whose figures may be compared with those of other nights; empty where it was not to be trusted that night."""
        distrusted = self.report.get("judge", {}).get("distrust")
        return "" if distrusted else str(self.about.get("judge", ""))

    @property
    def left(self) -> tuple[str, ...]:
        """The cases that it did not come to before its money or its time was over."""
        return tuple(self.report.get("left", ()))


class Nights:
    """Reads and writes the tables ``eval_nights`` and ``eval_outcomes``."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    async def begin(self, configuration: str, version: str, about: Mapping[str, Any]) -> Night:
        """A night of this configuration: the one that was cut off today, or a new one."""
        now = self._clock()
        cut = (
            table.c.configuration == configuration,
            table.c.finished_at.is_(None),
            table.c.started_at > now - GOES_ON_SECONDS,
        )
        if found := await self._first(*cut):
            return found
        night = Night(await self._free_id(now), configuration, version, dict(about), now)
        row = {
            "id": night.id,
            "configuration": configuration,
            "version": version,
            "about": dict(about),
            "started_at": now,
            "is_baseline": False,
            "problems": [],
        }
        async with self._engine.begin() as connection:
            await connection.execute(insert(table).values(row))
        return night

    async def keep(self, night: str, outcome: Outcome) -> None:
        """Keep what came of one case; a later outcome of the same case takes its place."""
        mine = (outcomes.c.night == night, outcomes.c.case == outcome.case)
        row = {
            "night": night,
            "case": outcome.case,
            "outcome": outcome.model_dump(mode="json"),
            "at": self._clock(),
        }
        async with self._engine.begin() as connection:
            await connection.execute(delete(outcomes).where(*mine))
            await connection.execute(insert(outcomes).values(row))

    async def finish(self, night: str, problems: Sequence[str], report: Mapping[str, Any]) -> None:
        """The night has ended; ``report`` is kept with it."""
        changed = {"finished_at": self._clock(), "problems": list(problems), "report": dict(report)}
        async with self._engine.begin() as connection:
            await connection.execute(update(table).where(table.c.id == night).values(changed))

    async def accept(self, night: str) -> None:
        """Pin a night as the baseline that all later ones are compared with. Raises `NoSuchNight`."""
        await self.get(night)
        async with self._engine.begin() as connection:
            await connection.execute(update(table).values(is_baseline=table.c.id == night))

    async def get(self, night: str) -> Night:
        """The night with this id. Raises `NoSuchNight`."""
        if found := await self._first(table.c.id == night):
            return found
        raise NoSuchNight(f"There is no night “{night}”; the console's page Nights lists them, as footnote eval does.")

    async def baseline(self, kind: str, before: Night) -> Night | None:
        """What a night is compared with: the ``last`` one, that of the last ``release``, or the ``pinned`` one, if any.

        The first two on the same files of cases, and none that only tried what other settings would do.
        """
        earlier = (table.c.finished_at.is_not(None), table.c.started_at < before.started_at)
        match kind:
            case "last":
                return await self._like(before, *earlier)
            case "release":
                return await self._like(before, *earlier, table.c.version != before.version)
            case "pinned":
                return await self._first(*earlier, table.c.is_baseline)
            case _:
                return await self.get(kind)

    async def outcomes(self, night: str) -> dict[str, Outcome]:
        """By the case's id."""
        query = select(outcomes.c.outcome).where(outcomes.c.night == night).order_by(outcomes.c.case)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).scalars()
            return {one.case: one for one in map(Outcome.model_validate, rows)}

    async def recent(self, limit: int = 30) -> list[Night]:
        """The nights that ended, newest first."""
        return await self._ended(limit)

    async def regular(self, limit: int) -> list[Night]:
        """Of them those that `Night.is_regular`."""
        return [night for night in await self._ended(LOOKED_AT) if night.is_regular][:limit]

    async def _ended(self, limit: int, *where: Any) -> list[Night]:
        ended = select(table).where(table.c.finished_at.is_not(None), *where)
        async with self._engine.connect() as connection:
            rows = await connection.execute(ended.order_by(table.c.started_at.desc()).limit(limit))
            return [_night(row) for row in rows]

    async def _like(self, night: Night, *where: Any) -> Night | None:
        files = night.about.get("files", [])
        found = await self._ended(LOOKED_AT, *where)
        return next((one for one in found if one.about.get("files", []) == files and not one.about.get("tried")), None)

    async def passes(self, nights: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Of each case, on how many of these nights it passed, and on how many it ran."""
        counted: dict[str, tuple[int, int]] = {}
        for night in nights:
            for case, outcome in (await self.outcomes(night)).items():
                passed, ran = counted.get(case, (0, 0))
                counted[case] = (passed + (outcome.figures.get("passed") == 1.0), ran + 1)
        return counted

    async def _first(self, *where: Any) -> Night | None:
        query = select(table).where(*where).order_by(table.c.started_at.desc()).limit(1)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _night(row)

    async def _free_id(self, now: float) -> str:
        """The minute it began, as 2026-03-01T0230; with a number where that is taken."""
        name = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H%M")
        async with self._engine.connect() as connection:
            query = select(func.count()).where(table.c.id.startswith(name))
            taken = int((await connection.execute(query)).scalar_one())
        return f"{name}-{taken + 1}" if taken else name


def _night(row: Row[Any]) -> Night:
    return Night(
        row.id,
        row.configuration,
        row.version,
        row.about,
        row.started_at,
        row.finished_at,
        bool(row.is_baseline),
        row.problems,
        row.report or {},
    )
