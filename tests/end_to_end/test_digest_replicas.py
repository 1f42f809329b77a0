"""Three replicas on one PostgreSQL, killed and started again: every digest comes once, and no story twice in one place."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.year import Year, run, subscriptions
from tests.servers.postgres import binaries, postgres


@pytest.mark.timeout(400)
def test_some_days_of_digests_come_once_each(tmp_path: Path) -> None:
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: install the package postgresql")
    with postgres() as url:
        address = url.replace("postgresql://", "postgresql+psycopg://")
        year = Year(tmp_path, address, subscriptions(24), random.Random(3))
        try:
            (row,), _, _ = run(year, 3, 2)
        finally:
            for process in year.running.values():
                process.kill()
                process.wait()
    assert row.figures["digests"] > 15
    wrong = ("doubled", "missing", "early", "repeated items", "not expected", "alerts")
    assert {name: row.figures[name] for name in wrong} == dict.fromkeys(wrong, 0.0)
