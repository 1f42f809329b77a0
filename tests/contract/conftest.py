"""`pytest tests/contract/test_chat.py --platforms-table FILE` writes down which case passed on which platform."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.contract.platforms import PASSED, page, words


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--platforms-table", type=Path, metavar="FILE", help="write which case passed on which platform")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--platforms-table", None) is not None:
        config.pluginmanager.register(Table())


class Table:
    """How the cases ended: passed, or why not. Of one that has several variants the worst counts."""

    def __init__(self) -> None:
        self._ended: dict[str, dict[str, str]] = defaultdict(dict)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if "stage" in item.fixturenames and (report.when == "call" or not report.passed):
            platform = str(item.callspec.params["stage"])
            ended = self._ended[words(item.originalname)]
            if ended.get(platform, PASSED) == PASSED:
                ended[platform] = _told(report)
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        platforms = list(dict.fromkeys(platform for ended in self._ended.values() for platform in ended))
        session.config.getoption("--platforms-table").write_text(page(self._ended, platforms), encoding="utf-8")


def _told(report: pytest.TestReport) -> str:
    if report.skipped and isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return PASSED if report.passed else "failed"
