"""Block elements: buttons, menus, inputs. docs.slack.dev/reference/block-kit/block-elements."""

from __future__ import annotations

from typing import Any

from tests.servers.slack.blocks.composition import (
    ACTION_ID,
    CONFIRM,
    DISPATCH,
    FILTER,
    IMAGE,
    OPTION_GROUP,
    option,
    plain,
)
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
    not_both,
    one_of,
    shape,
    some_of,
    string,
    url,
    whole,
)

COMMON: dict[str, Check] = {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": flag}
TYPED: dict[str, Check] = {
    "action_id": ACTION_ID,
    "focus_on_load": flag,
    "placeholder": plain(150),
    "dispatch_action_config": DISPATCH,
}

BUTTON = shape(
    {"text": plain(75)},
    {
        "action_id": ACTION_ID,
        "url": url(),
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "visible_to_user_ids": listing(string(), 10),
        "agent_prompt": string(4000),
        "agent_prompt_display": string(),
    },
)

RATING = shape({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})
FEEDBACK = shape({"positive_button": RATING, "negative_button": RATING}, {"action_id": ACTION_ID})
ICON_BUTTON = shape(
    {"icon": one_of("trash"), "text": plain(75)},
    {
        "action_id": ACTION_ID,
        "value": string(2000),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "visible_to_user_ids": listing(string(), 10),
    },
)


def _menu(optional: dict[str, Check], *, many: bool = False) -> Check:
    fields = {**COMMON, "placeholder": plain(150), **optional}
    if many:
        fields["max_selected_items"] = whole(1)
    return shape({}, fields)


def _static(*, many: bool) -> Check:
    initial = {"initial_options": listing(option(), 100, 1)} if many else {"initial_option": option()}
    fields: dict[str, Check] = {
        "options": listing(option(), 100, 1),
        "option_groups": listing(OPTION_GROUP, 100, 1),
        **initial,
    }
    return both(
        _menu(fields, many=many), some_of("options", "option_groups"), not_both("options", "option_groups"), _initial
    )


def _initial(value: Any, path: str, problems: Problems) -> None:
    """What is preselected must be one of the options."""
    groups = value.get("option_groups") or []
    offered = [*(value.get("options") or []), *(each for group in groups for each in group.get("options", []))]
    chosen = value.get("initial_options") or ([value["initial_option"]] if value.get("initial_option") else [])
    if any(each not in offered for each in chosen):
        problems.append(at("initial option must exactly match one of the options", path))


CONVERSATIONS: dict[str, Check] = {"default_to_current_conversation": flag, "filter": FILTER}
CHOICES = {"options": listing(option(mrkdwn=True), 10, 1)}

MENUS: dict[str, Check] = {
    "static_select": _static(many=False),
    "external_select": _menu({"initial_option": option(), "min_query_length": whole(0)}),
    "users_select": _menu({"initial_user": string()}),
    "conversations_select": _menu({"initial_conversation": string(), "response_url_enabled": flag, **CONVERSATIONS}),
    "channels_select": _menu({"initial_channel": string(), "response_url_enabled": flag}),
    "multi_static_select": _static(many=True),
    "multi_external_select": _menu({"initial_options": listing(option()), "min_query_length": whole(0)}, many=True),
    "multi_users_select": _menu({"initial_users": listing(string())}, many=True),
    "multi_conversations_select": _menu({"initial_conversations": listing(string()), **CONVERSATIONS}, many=True),
    "multi_channels_select": _menu({"initial_channels": listing(string())}, many=True),
}

PICKERS: dict[str, Check] = {
    "checkboxes": both(shape(CHOICES, {**COMMON, "initial_options": listing(option(mrkdwn=True), 10, 1)}), _initial),
    "radio_buttons": both(shape(CHOICES, {**COMMON, "initial_option": option(mrkdwn=True)}), _initial),
    "datepicker": shape({}, {**COMMON, "placeholder": plain(150), "initial_date": string(10, 10)}),
    "timepicker": shape({}, {**COMMON, "placeholder": plain(150), "initial_time": string(5, 5), "timezone": string()}),
    "datetimepicker": shape({}, {**COMMON, "initial_date_time": whole(0)}),
}

TYPING: dict[str, Check] = {
    "plain_text_input": shape(
        {},
        {
            **TYPED,
            "initial_value": string(3000),
            "multiline": flag,
            "min_length": whole(0, 3000),
            "max_length": whole(1, 3000),
        },
    ),
    "email_text_input": shape({}, {**TYPED, "initial_value": string()}),
    "url_text_input": shape({}, {**TYPED, "initial_value": string()}),
    "number_input": shape(
        {"is_decimal_allowed": flag},
        {**TYPED, "initial_value": string(), "min_value": string(), "max_value": string()},
    ),
    "rich_text_input": shape(
        {},
        {
            **TYPED,
            "initial_value": by_type({"rich_text": RICH_TEXT}),
            "min_lines": whole(1),
            "max_lines": whole(1),
        },
    ),
}

FILE_INPUT: dict[str, Check] = {
    "file_input": shape({}, {"action_id": ACTION_ID, "filetypes": listing(string()), "max_files": whole(1, 10)})
}

OVERFLOW = shape(
    {"options": listing(option(links=True), 5, 1)},
    {"action_id": ACTION_ID, "confirm": CONFIRM},
)
WORKFLOW_BUTTON = shape(
    {"text": plain(75), "workflow": anything},
    {"action_id": ACTION_ID, "style": one_of("primary", "danger"), "accessibility_label": string(75)},
)

PRESSED: dict[str, Check] = {"button": BUTTON, "overflow": OVERFLOW, "workflow_button": WORKFLOW_BUTTON}
IN_ACTIONS = by_type({**PRESSED, **MENUS, **PICKERS})
IN_SECTION = by_type({**PRESSED, **MENUS, **PICKERS, "image": IMAGE})
IN_INPUT = by_type({**MENUS, **PICKERS, **TYPING, **FILE_INPUT})
IN_CONTEXT_ACTIONS = by_type({"feedback_buttons": FEEDBACK, "icon_button": ICON_BUTTON})
