"""A tool's arguments as a form that a person can edit, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from agent.errors import ToolFailed


@dataclass(frozen=True, slots=True)
class FormField:
    """One argument: ``kind`` is text, multiline, number, boolean or choice."""

    name: str
    label: str
    kind: str
    value: Any
    required: bool
    choices: tuple[str, ...] = ()
    help: str = ""


def fields_of(arguments: type[BaseModel], values: Mapping[str, Any]) -> list[FormField]:
    """The fields of the form, filled in with these values: a list has a line for each of its items.

    Long text is ``multiline`` (json_schema_extra or length); what is ``hidden`` is no field.
    """
    fields = []
    for name, info in arguments.model_fields.items():
        kind, choices = _kind(info.annotation)
        value = values.get(name, "" if info.is_required() else info.get_default(call_default_factory=True))
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        if extra.get("hidden"):
            continue
        is_list = isinstance(value, list)
        value = "\n".join(map(str, value)) if is_list else value
        if kind == "text" and (is_list or extra.get("multiline") or len(str(value)) > 120):
            kind = "multiline"
        label = info.title or name.replace("_", " ").capitalize()
        fields.append(FormField(name, label, kind, value, info.is_required(), choices, info.description or ""))
    return fields


def validated(arguments: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    """The arguments as the tool takes them. Raises `ToolFailed` naming the first field that is wrong."""
    try:
        return arguments.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        why = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"].lower()
        raise ToolFailed(f"{where or 'the arguments'}: {why}", field=str(first["loc"][0]) if where else "") from None


def _kind(annotation: Any) -> tuple[str, tuple[str, ...]]:
    if annotation is bool:
        return "boolean", ()
    if annotation in (int, float):
        return "number", ()
    if get_origin(annotation) is not None and str(get_origin(annotation)).endswith("Literal"):
        return "choice", tuple(map(str, get_args(annotation)))
    return "text", ()
