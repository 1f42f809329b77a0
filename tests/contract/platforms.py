"""The page docs/platforms.md: which case of the contract suite passed on which platform."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import ModuleType

PASSED = "✓"
_HEAD = """# Platforms

<!-- Made from a run of the suite by `make docs`. -->

What every platform promises, and whether it keeps it: the cases of `tests/contract/test_chat.py`, as they ended when they were
run last. Slack and Discord are spoken to through their own libraries, over sockets, against servers that refuse what the
real ones refuse.

"""


def cases(suite: ModuleType) -> list[str]:
    """The names of the cases that are tried on every platform, in their order."""
    tests = [test for name, test in vars(suite).items() if name.startswith("test_")]
    return [words(test.__name__) for test in tests if "stage" in inspect.signature(test).parameters]


def words(test: str) -> str:
    return test.removeprefix("test_").replace("_", " ")


def page(ended: Mapping[str, Mapping[str, str]], platforms: Sequence[str]) -> str:
    """``ended`` says of each case how it ended on each platform."""
    lines = ["| case | " + " | ".join(platforms) + " |", "|---" * (len(platforms) + 1) + "|"]
    lines += [f"| {case} | " + " | ".join(on[one] for one in platforms) + " |" for case, on in ended.items()]
    return _HEAD + "\n".join(lines) + "\n"


def table(text: str) -> dict[str, dict[str, str]]:
    """What `page` was given."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    (_, *platforms), _, *found = rows
    return {case: dict(zip(platforms, cells, strict=True)) for case, *cells in found}
