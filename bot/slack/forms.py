"""A `Form` as a modal, and what was filled in as the form's values. docs.slack.dev/surfaces/modals."""

from __future__ import annotations

import json
from typing import Any

from bot.chat import Button, Field, Form, Place
from bot.edits import Wrong
from bot.slack.blocks import value_of
from bot.slack.calls import Json
from bot.slack.markup import clean

CALLBACK = "press"
TITLE = 24
TEXT = 3_000
"""Characters that a text input holds (docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element)."""
VALUE = "value"
CHECKED = "yes"


def modal(button: Button, form: Form, place: Place) -> Json:
    """The view that asks for what a button needs; it carries what the press will be."""
    asked = [field for field in form.fields if not _is_too_long(field)]
    left = [field.label for field in form.fields if _is_too_long(field)]
    blocks = [_input(field) for field in asked]
    if left or not blocks:
        words = f"Too long to change here, and kept as it is: {', '.join(left)}." if left else "Nothing else is needed."
        blocks.append({"type": "section", "text": _plain(words)})
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps({"press": value_of(button), "place": place.key}),
        "title": _plain(_short(form.title)),
        "submit": _plain(_short(form.submit)),
        "close": _plain("Cancel"),
        "blocks": blocks,
    }


def values(view: Json) -> dict[str, Any]:
    """What somebody filled in, by the names of the fields."""
    return {name: _value(next(iter(given.values()))) for name, given in view["state"]["values"].items()}


def errors(view: Json, wrong: Wrong) -> dict[str, str]:
    """What is wrong under the field that it is about, or under the first one."""
    inputs = [str(block["block_id"]) for block in view["blocks"] if block["type"] == "input"]
    field = wrong.field if wrong.field in inputs else next(iter(inputs), "")
    return {field: wrong.why[:2_000]} if field else {}


def _input(field: Field) -> Json:
    made: Json = {
        "type": "input",
        "block_id": field.name,
        "label": _plain(field.label or field.name),
        "element": {"action_id": VALUE, **_element(field)},
        "optional": not field.required or field.kind == "boolean",
    }
    return {**made, "hint": _plain(field.help[:2_000])} if field.help else made


def _element(field: Field) -> Json:
    match field.kind:
        case "number":
            given = {} if field.value in ("", None) else {"initial_value": str(field.value)}
            return {"type": "number_input", "is_decimal_allowed": not isinstance(field.value, int), **given}
        case "boolean":
            yes = {"text": _plain("Yes"), "value": CHECKED}
            return {"type": "checkboxes", "options": [yes], **({"initial_options": [yes]} if field.value else {})}
        case "choice" if field.choices:
            options = [{"text": _plain(choice[:75]), "value": choice[:150]} for choice in field.choices[:100]]
            chosen = next((option for option in options if option["value"] == str(field.value)), None)
            return {"type": "static_select", "options": options, **({"initial_option": chosen} if chosen else {})}
        case _:
            text = clean(str(field.value or ""))
            given = {"initial_value": text} if text else {}
            return {"type": "plain_text_input", "multiline": field.kind == "multiline", "max_length": TEXT, **given}


def _value(given: Json) -> Any:
    match given["type"]:
        case "checkboxes":
            return bool(given.get("selected_options"))
        case "static_select":
            return (given.get("selected_option") or {}).get("value", "")
        case "number_input":
            text = str(given.get("value") or "")
            return "" if not text else float(text) if "." in text else int(text)
        case _:
            return given.get("value") or ""


def _is_too_long(field: Field) -> bool:
    return field.kind in ("text", "multiline") and len(str(field.value or "")) > TEXT


def _short(text: str) -> str:
    return text if len(text) <= TITLE else text[: TITLE - 1] + "…"


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def press_of(view: Json) -> tuple[str, Place]:
    """What the press of a modal carries, and where its message stands."""
    kept = json.loads(view["private_metadata"])
    return str(kept["press"]), Place.parse(kept["place"])
