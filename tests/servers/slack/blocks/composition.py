"""Composition objects: texts, options, confirmations. docs.slack.dev/reference/block-kit/composition-objects."""

from __future__ import annotations

from typing import Any

from tests.servers.slack.blocks.schema import (
    Check,
    Problems,
    at,
    both,
    by_type,
    flag,
    listing,
    not_both,
    one_of,
    shape,
    some_of,
    string,
    url,
)

ACTION_ID = string(255)
BLOCK_ID = string(255)


def text(most: int = 3000, *, mrkdwn: bool = True) -> Check:
    """A text object: 1 to ``most`` characters."""
    kinds = {"plain_text": shape({"text": string(most, 1)}, {"emoji": flag})}
    if mrkdwn:
        kinds["mrkdwn"] = shape({"text": string(most, 1)}, {"verbatim": flag})
    inner = by_type(kinds)

    def check(value: Any, path: str, problems: Problems) -> None:
        found: Problems = []
        inner(value, path, found)
        if found:
            problems.append(at("failed to match all allowed schemas", path))
            problems += found

    return check


def plain(most: int) -> Check:
    return text(most, mrkdwn=False)


CONFIRM = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)


def option(*, mrkdwn: bool = False, links: bool = False) -> Check:
    """Text 75, value 150, description 75 (docs.slack.dev/reference/block-kit/composition-objects/option-object)."""
    optional: dict[str, Check] = {"description": text(75, mrkdwn=mrkdwn)}
    if links:
        optional["url"] = url()
    return shape({"text": text(75, mrkdwn=mrkdwn), "value": string(150)}, optional)


OPTION_GROUP = shape({"label": plain(75), "options": listing(option(), 100, 1)})

FILTER = both(
    shape(
        {},
        {
            "include": listing(one_of("im", "mpim", "private", "public"), 4, 1),
            "exclude_external_shared_channels": flag,
            "exclude_bot_users": flag,
        },
    ),
    some_of("include", "exclude_external_shared_channels", "exclude_bot_users"),
)

DISPATCH = shape({"trigger_actions_on": listing(one_of("on_enter_pressed", "on_character_entered"), 2, 1)})

SLACK_FILE = both(shape({}, {"id": string(), "url": url()}), some_of("id", "url"))

IMAGE = both(
    shape({"alt_text": string(2000)}, {"image_url": url(), "slack_file": SLACK_FILE}),
    some_of("image_url", "slack_file"),
    not_both("image_url", "slack_file"),
)

URL_SOURCE = by_type({"url": shape({"url": url(), "text": string()})})
