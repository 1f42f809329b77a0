"""`pytest tests/contract --platforms-table FILE` writes down which case passed on which platform."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.contract.platforms import PASSED, SUITES, page, words


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--platforms-table", type=Path, metavar="FILE", help="write which case passed on which platform")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--platforms-table", None) is not None:
        config.pluginmanager.register(Table())


class Table:
    """How the cases of each suite ended: passed, or why not. Of one that has several variants the worst counts."""

    def __init__(self) -> None:
        self._ended: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        platform = _platform(item)
        if item.path.stem in SUITES and platform and (report.when == "call" or not report.passed):
            ended = self._ended[item.path.stem][words(item.originalname)]
            if ended.get(platform, PASSED) == PASSED:
                ended[platform] = _told(report)
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        session.config.getoption("--platforms-table").write_text(page(self._ended), encoding="utf-8")


def _platform(item: pytest.Function) -> str:
    """The platform that a case is tried on; empty where it is of none."""
    chosen = item.callspec.params if hasattr(item, "callspec") else {}
    return str(chosen.get("stage") or chosen.get("platform") or "")


def _told(report: pytest.TestReport) -> str:
    if report.skipped and isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return PASSED if report.passed else "failed"
