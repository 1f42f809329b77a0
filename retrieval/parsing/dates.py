"""Dates as files and feeds write them, in seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def timestamp(written: str) -> float:
    """ISO 8601 or as in a letter (RFC 822), in UTC where no zone is named; 0 for what is neither."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            when = read(written.strip())
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            continue
    return 0.0
