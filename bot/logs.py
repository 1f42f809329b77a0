"""What is logged and how: one line to standard error, never the words of a message, an argument or an exception."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from agent.errors import place_of


def configure_logs(level: str) -> None:
    """Log our own events from this level on, and libraries' from ``warning`` on. Call once, at start."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_traceback,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


class _Line(logging.Formatter):
    """One line a record; of an exception its kind and place."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        what = place_of(error) if error else " ".join(record.getMessage().split())[:300]
        return f"{self.formatTime(record)} {record.levelname.lower()} {record.name}: {what}"


def _without_traceback(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    raised = event.pop("exc_info", None)
    error = sys.exc_info()[1] if raised is True else raised
    return {**event, "what": place_of(error)} if isinstance(error, BaseException) else event
