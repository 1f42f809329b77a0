"""The rules for application commands (docs.discord.com/developers/interactions/application-commands)."""

from __future__ import annotations

import unicodedata
from typing import Any

from tests.servers.discord.errors import Form

MOST = {1: 100, 2: 15, 3: 15}
"""How many commands of each type an application may have in one scope."""
DEFAULTS: dict[str, Any] = {
    "type": 1,
    "description": "",
    "name_localizations": None,
    "description_localizations": None,
    "default_member_permissions": None,
    "dm_permission": True,
    "nsfw": False,
    "integration_types": [0],
    "contexts": None,
}
KEYS = {*DEFAULTS, "name", "options", "default_permission", "handler"}
NESTED = (1, 2)
STRING, INTEGER, NUMBER = 3, 4, 10


def check_command(form: Form, data: Any, path: str = "") -> dict[str, Any]:
    """One command, filled up with the defaults; what is wrong is noted under ``path``."""
    dot = f"{path}." if path else ""
    if not isinstance(data, dict):
        form.wrong(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return {}
    kind = data.get("type") or 1
    if form.one_of(kind, f"{dot}type", (1, 2, 3)) and kind == 1:
        _slash_name(form, data.get("name"), f"{dot}name")
        form.text(data.get("description"), f"{dot}description", 100, shortest=1, required=True)
        _options(form, data.get("options"), f"{dot}options", (1, 2, *range(3, 12)))
    else:
        form.text(data.get("name"), f"{dot}name", 32, shortest=1, required=True)
        if data.get("description") or data.get("options"):
            message = "Context menu commands cannot have description or options"
            form.wrong(f"{dot}description", "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_NOT_ALLOWED", message)
    if _size(data) > 8000:
        form.wrong(path, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
    command = DEFAULTS | {key: value for key, value in data.items() if key in KEYS}
    if command["default_member_permissions"] is not None:
        command["default_member_permissions"] = str(command["default_member_permissions"])
    return command | {"type": kind}


def _slash_name(form: Form, name: Any, path: str) -> None:
    text = form.text(name, path, 32, shortest=1, required=True)
    if text and (text != text.lower() or not all(_allowed(one) for one in text)):
        form.wrong(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _allowed(one: str) -> bool:
    if one in "-_'" or unicodedata.category(one)[0] in "LN":
        return True
    return unicodedata.name(one, "").startswith(("DEVANAGARI", "THAI"))


def _options(form: Form, options: Any, path: str, allowed: tuple[int, ...]) -> None:
    found = form.objects(options, path, 25)
    names: set[str] = set()
    optional = False
    kinds = {one.get("type") in NESTED for one in found if isinstance(one, dict)}
    if kinds == {True, False}:
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        form.wrong(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    for number, option in enumerate(found):
        here = f"{path}.{number}"
        _option(form, option, here, allowed)
        name = str(option.get("name"))
        if name in names:
            message = "Option names must be unique"
            form.wrong(f"{here}.name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message)
        names.add(name)
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            form.wrong(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional = optional or not option.get("required")


def _option(form: Form, option: dict[str, Any], path: str, allowed: tuple[int, ...]) -> None:
    if not form.one_of(option.get("type"), f"{path}.type", allowed):
        return
    kind = option["type"]
    _slash_name(form, option.get("name"), f"{path}.name")
    form.text(option.get("description"), f"{path}.description", 100, shortest=1, required=True)
    if kind in NESTED:
        inner = (1,) if kind == 2 else tuple(range(3, 12))
        _options(form, option.get("options"), f"{path}.options", inner)
        return
    choices = form.objects(option.get("choices"), f"{path}.choices", 25)
    if choices and option.get("autocomplete"):
        message = "Autocomplete cannot be set while choices are present"
        form.wrong(f"{path}.autocomplete", "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES", message)
    if (choices or option.get("autocomplete")) and kind not in (STRING, INTEGER, NUMBER):
        form.wrong(f"{path}.choices", "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "Choices are not allowed here")
    check_choices(form, choices, f"{path}.choices", kind)
    if kind == STRING:
        form.number(option.get("min_length"), f"{path}.min_length", 0, 6000)
        form.number(option.get("max_length"), f"{path}.max_length", 1, 6000)


def check_choices(form: Form, choices: list[Any], path: str, kind: int) -> None:
    """Choices of an option, or of an autocomplete answer."""
    for number, choice in enumerate(choices):
        here = f"{path}.{number}"
        form.text(choice.get("name"), f"{here}.name", 100, shortest=1, required=True)
        value = choice.get("value")
        if kind == STRING:
            form.text(value, f"{here}.value", 100, required=True)
        elif isinstance(value, bool) or not isinstance(value, int if kind == INTEGER else int | float):
            form.wrong(f"{here}.value", "NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')


def _size(data: dict[str, Any]) -> int:
    """Names, descriptions and values together."""
    own = sum(len(str(data.get(key) or "")) for key in ("name", "description", "value"))
    lists = [data[key] for key in ("options", "choices") if isinstance(data.get(key), list)]
    inner = [one for found in lists for one in found if isinstance(one, dict)]
    return own + sum(_size(one) for one in inner)
