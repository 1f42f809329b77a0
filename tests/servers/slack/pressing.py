"""Finding a control among blocks, and what pressing it or filling it in makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
Control = tuple[Json, Json]
"""A block and the element in it."""

PARTS = ("elements", "actions", "child_blocks", "tasks")


def controls(blocks: list[Json]) -> Iterator[Control]:
    """Everything that has an action_id, wherever it is nested."""
    for block in blocks:
        nested = [part for name in PARTS for part in block.get(name) or []]
        for part in [*nested, block.get("accessory"), block.get("element")]:
            if not isinstance(part, dict):
                continue
            if "action_id" in part:
                yield block, part
            elif part.get("elements") or part.get("actions"):
                yield from controls([part])


def label(element: Json) -> str:
    return str((element.get("text") or {}).get("text", ""))


def find(blocks: list[Json], wanted: str, *, block_id: str | None = None, value: str | None = None) -> Control:
    """A control by its action_id, or by what is written on it."""
    there = list(controls(blocks))
    for by in ("action_id", "label"):
        for block, element in there:
            name = element["action_id"] if by == "action_id" else label(element)
            right_block = block_id is None or block.get("block_id") == block_id
            right_value = value is None or element.get("type") != "button" or element.get("value") == value
            if name == wanted and right_block and right_value:
                return block, element
    offered = [(element["action_id"], label(element)) for _, element in there]
    raise LookupError(f"no control {wanted!r}; there are {offered}")


def rating(blocks: list[Json]) -> Control:
    for block, element in controls(blocks):
        if element["type"] == "feedback_buttons":
            return block, element
    raise LookupError("no feedback buttons there")


def action(block: Json, element: Json, choice: Any, at: str) -> Json:
    """One entry of ``actions`` (docs.slack.dev/reference/interaction-payloads/block_actions-payload)."""
    kind = element["type"]
    made: Json = {"action_id": element["action_id"], "block_id": block.get("block_id"), "type": kind, "action_ts": at}
    if kind == "feedback_buttons":
        chosen = element["positive_button" if choice else "negative_button"]
        return {**made, "text": chosen["text"], "value": chosen["value"]}
    if kind in ("button", "icon_button"):
        kept: Json = {name: element[name] for name in ("text", "value", "style", "url") if name in element}
        return {**made, **kept}
    if kind == "overflow":
        return {**made, "selected_option": _options(element, [choice])[0]}
    return {**made, **entered(element, choice)}


def entered(element: Json, choice: Any) -> Json:
    """What ``state.values`` says of an element: ``choice`` is a text, an option's value or text, an id, or a list."""
    kind = element["type"]
    if kind in ("plain_text_input", "email_text_input", "url_text_input", "number_input"):
        return {"type": kind, "value": None if choice in (None, "") else str(choice)}
    if kind == "rich_text_input":
        return {"type": kind, "rich_text_value": choice}
    if kind in ("static_select", "radio_buttons", "external_select"):
        return {"type": kind, "selected_option": _options(element, [choice])[0] if choice is not None else None}
    if kind in ("checkboxes", "multi_static_select", "multi_external_select"):
        return {"type": kind, "selected_options": _options(element, list(choice or []))}
    if kind == "file_input":
        return {"type": kind, "files": choice or []}
    what = kind.removesuffix("_select").removeprefix("multi_")
    names = {
        "users": "user",
        "conversations": "conversation",
        "channels": "channel",
        "datepicker": "date",
        "timepicker": "time",
        "datetimepicker": "date_time",
    }
    plural = "s" if kind.startswith("multi_") else ""
    return {"type": kind, f"selected_{names[what]}{plural}": choice}


def initial(element: Json) -> Any:
    """What is filled in before anybody touches it."""
    for name in ("initial_value", "initial_user", "initial_conversation", "initial_channel", "initial_users"):
        if name in element:
            return element[name]
    for name in ("initial_date", "initial_time", "initial_date_time"):
        if name in element:
            return element[name]
    if "initial_option" in element:
        return element["initial_option"]["value"]
    return [each["value"] for each in element["initial_options"]] if "initial_options" in element else None


def _options(element: Json, wanted: list[Any]) -> list[Json]:
    groups = element.get("option_groups") or []
    offered = [*(element.get("options") or []), *(each for group in groups for each in group["options"])]
    found = []
    for each in wanted:
        match = next((o for o in offered if each in (o.get("value"), o["text"]["text"])), None)
        if match is None:
            raise LookupError(f"no option {each!r}; there are {[o['text']['text'] for o in offered]}")
        found.append(match)
    return found


def fill(blocks: list[Json], values: Json) -> dict[str, dict[str, Json]]:
    """``state.values`` of a form in which somebody entered these. Keys: block_id, action_id, or both nested.

    What the form would not let through (a missing or too long text) is a ValueError, as no payload would be sent.
    """
    state: dict[str, dict[str, Json]] = {}
    for block in blocks:
        element = block.get("element") if block.get("type") == "input" else None
        if element is None:
            continue
        choice = _given(block, element, values)
        if choice in (None, "", []) and not block.get("optional"):
            raise ValueError(f"{block['label']['text']!r} (block_id {block['block_id']}) must be filled in")
        _fits(element, choice)
        state[block["block_id"]] = {element["action_id"]: entered(element, choice)}
    return state


def _given(block: Json, element: Json, values: Json) -> Any:
    for key in (block["block_id"], element["action_id"]):
        if key in values:
            value = values[key]
            return value[element["action_id"]] if isinstance(value, dict) and element["action_id"] in value else value
    return initial(element)


def _fits(element: Json, choice: Any) -> None:
    if element["type"] == "plain_text_input" and isinstance(choice, str):
        least, most = element.get("min_length", 0), element.get("max_length", 3000)
        if not least <= len(choice) <= most and choice:
            raise ValueError(f"must be {least} to {most} characters, not {len(choice)}")
