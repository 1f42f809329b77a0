"""Words without their endings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from string import ascii_lowercase

import pytest

from retrieval.stemming import stem


@pytest.fixture
def taking_turns() -> Iterator[None]:
    """Threads take turns in the middle of everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("taking_turns")
def test_several_threads_at_once_are_told_what_one_is() -> None:
    words = [
        f"{start}{letter}nesses" for start in ("relation", "hope", "care", "form") for letter in ascii_lowercase
    ] * 3
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(stem.__wrapped__, words, chunksize=1))
    assert found == [stem(word) for word in words]
    assert found[0] == "relationa"
