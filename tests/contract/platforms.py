"""The page docs/platforms.md: which case of the contract suites passed on which platform."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import ModuleType

PASSED = "✓"
SUITES = {
    "test_chat": "What the assistant shows, asked of each adapter by itself.",
    "test_conversation": "What people do, and what comes of it: the same on each, with one `footnote up` behind all of them.",
}
"""The suites by the names of their files, and what each is about."""
_EACH = {"stage", "talk", "strict_talk"}
"""The fixtures that a case is tried on every platform with."""
_HEAD = """# Platforms

<!-- Made from a run of the suites by `make docs`. -->

What every platform promises, and whether it keeps it: the cases of the contract suites, as they ended when they were run
last. Slack and Discord are spoken to through their own libraries, over sockets, against servers that refuse what the
real ones refuse. Where a platform can't do what a case is about, its cell says why.
"""
Ended = Mapping[str, Mapping[str, Mapping[str, str]]]
"""How each case of each suite ended on each platform."""


def cases(suite: ModuleType) -> list[str]:
    """The names of the cases that are tried on every platform, in their order."""
    tests = [test for name, test in vars(suite).items() if name.startswith("test_")]
    return [words(test.__name__) for test in tests if _EACH & inspect.signature(test).parameters.keys()]


def words(test: str) -> str:
    return test.removeprefix("test_").replace("_", " ")


def page(ended: Ended) -> str:
    return "\n".join([_HEAD, *(_section(suite, ended[suite]) for suite in SUITES if suite in ended)])


def _section(suite: str, ended: Mapping[str, Mapping[str, str]]) -> str:
    platforms = list(dict.fromkeys(platform for on in ended.values() for platform in on))
    lines = ["| case | " + " | ".join(platforms) + " |", "|---" * (len(platforms) + 1) + "|"]
    lines += [f"| {case} | " + " | ".join(on[one] for one in platforms) + " |" for case, on in ended.items()]
    return f"## tests/contract/{suite}.py\n\n{SUITES[suite]}\n\n" + "\n".join(lines) + "\n"


def tables(text: str) -> Ended:
    """What `page` was given."""
    _, *sections = text.split("\n## tests/contract/")
    return {section.partition(".py")[0]: _table(section) for section in sections}


def _table(text: str) -> dict[str, dict[str, str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    (_, *platforms), _, *found = rows
    return {case: dict(zip(platforms, cells, strict=True)) for case, *cells in found}
