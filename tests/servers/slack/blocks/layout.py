"""The blocks, one shape each. docs.slack.dev/reference/block-kit/blocks."""

from __future__ import annotations

from typing import Any

from tests.servers.slack.blocks.composition import BLOCK_ID, IMAGE, URL_SOURCE, plain, text
from tests.servers.slack.blocks.elements import BUTTON, IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT, IN_SECTION
from tests.servers.slack.blocks.rich_text import RICH_TEXT
from tests.servers.slack.blocks.schema import (
    Check,
    Problems,
    anything,
    at,
    both,
    by_type,
    flag,
    listing,
    number,
    one_of,
    shape,
    some_of,
    string,
    url,
    whole,
)

ID: dict[str, Check] = {"block_id": BLOCK_ID}
ONE_RICH_TEXT = by_type({"rich_text": RICH_TEXT})
STATUS = one_of("pending", "in_progress", "complete", "error")

TASK_CARD = shape(
    {"task_id": string(), "title": string(None, 1)},
    {
        "details": ONE_RICH_TEXT,
        "output": ONE_RICH_TEXT,
        "sources": listing(URL_SOURCE),
        "status": STATUS,
        "hide_title": flag,
        **ID,
    },
)


def _distinct_tasks(value: Any, path: str, problems: Problems) -> None:
    ids = [task.get("task_id") for task in value.get("tasks") or [] if isinstance(task, dict)]
    if len(ids) != len(set(ids)):
        problems.append(at("task_id must be unique", f"{path}/tasks"))


PLAN = both(shape({"title": string(None, 1)}, {"tasks": listing(TASK_CARD, 50), **ID}), _distinct_tasks)

RAW_TEXT = shape({"text": string(None, 1)})
RAW_NUMBER = shape({"value": number, "text": string(None, 1)})
CELL = by_type({"raw_text": RAW_TEXT, "raw_number": RAW_NUMBER, "rich_text": RICH_TEXT})


def _cells(value: Any) -> int:
    """How many characters are in a table."""
    if isinstance(value, dict):
        return sum(len(v) if k == "text" and isinstance(v, str) else _cells(v) for k, v in value.items())
    return sum(_cells(entry) for entry in value) if isinstance(value, list) else 0


def _data_table(value: Any, path: str, problems: Problems) -> None:
    rows = value.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return
    if len({len(row) for row in rows}) > 1:
        problems.append(at("all rows must have the same number of cells", f"{path}/rows"))
    for index, cell in enumerate(rows[0] if rows else []):
        if isinstance(cell, dict) and cell.get("type") == "rich_text":
            problems.append(at("unsupported type: rich_text", f"{path}/rows/0/{index}"))
    if _cells(rows) > 10_000:
        problems.append(at("must be less than 10001 characters", f"{path}/rows"))


TABLE = shape(
    {"rows": listing(listing(CELL, 20, 1), 100, 1)},
    {
        "column_settings": listing(
            shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": flag}),
            20,
        ),
        **ID,
    },
)
DATA_TABLE = both(
    shape(
        {"caption": string(None, 1), "rows": listing(listing(CELL, 20, 1), 201, 2)},
        {"page_size": whole(1, 100), "row_header_column_index": whole(0), **ID},
    ),
    _data_table,
)

CARD = both(
    shape(
        {},
        {
            "hero_image": IMAGE,
            "icon": IMAGE,
            "slack_icon": anything,
            "title": text(150),
            "subtitle": text(150),
            "body": text(200),
            "actions": listing(by_type({"button": BUTTON}), 3),
            **ID,
        },
    ),
    some_of("hero_image", "title", "actions", "body"),
)

SECTION = both(
    shape(
        {}, {"text": text(3000), "fields": listing(text(2000), 10, 1), "accessory": IN_SECTION, "expand": flag, **ID}
    ),
    some_of("text", "fields"),
)
IMAGE_BLOCK = both(
    shape({"alt_text": string(2000)}, {"image_url": url(), "slack_file": anything, "title": plain(2000), **ID}),
    some_of("image_url", "slack_file"),
)

PLAIN_BLOCKS: dict[str, Check] = {
    "section": SECTION,
    "header": shape({"text": plain(150)}, ID),
    "divider": shape({}, ID),
    "context": shape(
        {
            "elements": listing(
                by_type(
                    {
                        "image": IMAGE,
                        "mrkdwn": shape({"text": string(3000, 1)}, {"verbatim": flag}),
                        "plain_text": shape({"text": string(3000, 1)}, {"emoji": flag}),
                    }
                ),
                10,
                1,
            )
        },
        ID,
    ),
    "actions": shape({"elements": listing(IN_ACTIONS, 25, 1)}, ID),
    "context_actions": shape({"elements": listing(IN_CONTEXT_ACTIONS, 5, 1)}, ID),
    "image": IMAGE_BLOCK,
    "input": shape(
        {"label": plain(2000), "element": IN_INPUT},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag, **ID},
    ),
    "rich_text": RICH_TEXT,
    "markdown": shape({"text": string(12_000, 1)}, ID),
    "video": shape(
        {"alt_text": string(), "title": plain(199), "thumbnail_url": url(), "video_url": url()},
        {
            "author_name": string(49),
            "description": plain(200),
            "provider_icon_url": url(),
            "provider_name": string(),
            "title_url": url(),
            **ID,
        },
    ),
    "file": shape({"external_id": string(), "source": one_of("remote")}, ID),
    "task_card": TASK_CARD,
    "plan": PLAN,
    "table": TABLE,
    "data_table": DATA_TABLE,
    "data_visualization": shape({"title": string(50), "chart": anything}, ID),
    "alert": shape({"text": text()}, {"level": one_of("default", "info", "warning", "error", "success"), **ID}),
    "card": CARD,
    "carousel": shape({"elements": listing(by_type({"card": CARD}), 10, 1)}, ID),
}

CONTAINER = both(
    shape(
        {"child_blocks": listing(by_type(PLAIN_BLOCKS), 10, 1)},
        {
            "title": plain(150),
            "rich_text_title": ONE_RICH_TEXT,
            "subtitle": text(150),
            "width": one_of("narrow", "standard", "wide", "full"),
            "icon": anything,
            "is_collapsible": flag,
            "default_collapsed": flag,
            "has_header_divider": flag,
            **ID,
        },
    ),
    some_of("title", "rich_text_title"),
)

BLOCKS: dict[str, Check] = {**PLAIN_BLOCKS, "container": CONTAINER}
