"""A Form as a modal, and what was sent back as the form of a Press.

A modal has at most five fields and 45 characters of title and label, a field 4,000 characters
(docs.discord.com/developers/components/reference#label, #text-input).
"""

from __future__ import annotations

from typing import Any

import discord

from bot.chat import Button, Field, Form
from bot.discord.buttons import custom_id

MOST_FIELDS = 5
MOST_TEXT = 4_000
MOST_CHOICES = 25
_TITLE = 45
_HELP = 100


def modal(button: Button, form: Form) -> discord.ui.Modal:
    """What a button asks for. Fields that do not fit are left as they are, and it is said so."""
    shown = discord.ui.Modal(
        title=_cut(form.title, _TITLE), custom_id=custom_id(button.action, button.subject), timeout=900
    )
    fitting = [field for field in form.fields if len(str(field.value)) <= MOST_TEXT]
    if len(fitting) == len(form.fields) <= MOST_FIELDS:
        kept = fitting
    else:
        kept = fitting[: MOST_FIELDS - 1]
        left = [field.label for field in form.fields if field not in kept]
        words = f"Discord's forms hold no more; these stay as they are: {', '.join(left)}."
        shown.add_item(discord.ui.TextDisplay(discord.utils.escape_markdown(_cut(words, 1_000))))
    for field in kept:
        shown.add_item(
            discord.ui.Label(text=_cut(field.label, _TITLE), description=_help(field), component=_input(field))
        )
    return shown


def sent(data: dict[str, Any]) -> dict[str, Any]:
    """The values of a modal that was sent, by field."""
    values: dict[str, Any] = {}
    for row in data.get("components", ()):
        found = row.get("component")
        if isinstance(found, dict) and "custom_id" in found:
            chosen = found.get("values")
            values[str(found["custom_id"])] = (
                (chosen[0] if chosen else "") if chosen is not None else found.get("value")
            )
    return values


def submitted(data: dict[str, Any], form: Form | None) -> dict[str, Any]:
    """The same without what was left empty and need not be filled in, where that would not be a value of its kind."""
    empty = (
        {field.name for field in form.fields if field.kind in ("number", "choice") and not field.required}
        if form
        else set()
    )
    return {name: value for name, value in sent(data).items() if not (name in empty and value in ("", None))}


def _input(field: Field) -> discord.ui.Item[Any]:
    match field.kind:
        case "boolean":
            return discord.ui.Checkbox(custom_id=field.name, default=bool(field.value))
        case "choice" if 0 < len(field.choices) <= MOST_CHOICES:
            options = [
                discord.SelectOption(label=_cut(one, 100), value=_cut(one, 100), default=one == str(field.value))
                for one in field.choices
            ]
            least = 1 if field.required else 0
            return discord.ui.Select(custom_id=field.name, options=options, min_values=least, required=field.required)
        case _:
            style = discord.TextStyle.paragraph if field.kind == "multiline" else discord.TextStyle.short
            default = "" if field.value is None else str(field.value)
            if "\n" in default:
                style = discord.TextStyle.paragraph
            return discord.ui.TextInput(
                custom_id=field.name,
                style=style,
                default=default or None,
                required=field.required,
                max_length=MOST_TEXT,
            )


def _help(field: Field) -> str | None:
    return _cut(field.help, _HELP) if field.help else None


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
