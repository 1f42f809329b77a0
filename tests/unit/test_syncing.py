"""What `footnote sync` says of a source."""

from io import StringIO

import pytest
from rich.console import Console

from bot.syncing import tell
from retrieval.sync import Summary


def told(name: str, summary: Summary) -> list[str]:
    console = Console(file=StringIO(), width=200)
    tell(console, name, summary)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_a_folder_with_nothing_to_read_is_said_to_hold_nothing() -> None:
    assert told("folder:/home/mei/pictures", Summary()) == [
        "Nothing to read in /home/mei/pictures: it holds no Markdown, HTML, PDF, DOCX or text."
    ]


@pytest.mark.parametrize(
    "summary", [Summary(new=1), Summary(unchanged=3), Summary(gone=2), Summary(unreadable=[("a.pdf", "torn")])]
)
def test_what_was_read_is_counted(summary: Summary) -> None:
    assert told("folder:/home/mei/notes", summary)[0].endswith("unchanged in 0.0 s")


def test_another_source_with_nothing_in_it_is_counted() -> None:
    assert told("feed:https://example.org/feed", Summary())[0].startswith("0 new")
