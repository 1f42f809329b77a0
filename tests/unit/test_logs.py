"""What a log says of a failure: what broke and where, and not a word that people wrote."""

from __future__ import annotations

import logging

import pytest
import structlog

from bot.logs import configure_logs


def test_a_failure_is_logged_without_the_words_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    secret = "the code of the safe is 1234"
    try:
        raise ValueError(secret)
    except ValueError:
        structlog.get_logger().exception("run broke", run="r1")
        logging.getLogger("library").exception("it failed")
    said = capsys.readouterr().err
    assert "1234" not in said
    assert "ValueError at test_logs.py" in said
    assert len(said.splitlines()) == 2


def test_the_setting_decides_how_much_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("error")
    structlog.get_logger().warning("nobody should read this")
    assert "nobody" not in capsys.readouterr().err
