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
    """The fields of the form, filled in with these values. Long text is ``multiline`` (json_schema_extra or length)."""
    fields = []
    for name, info in arguments.model_fields.items():
        kind, choices = _kind(info.annotation)
        value = values.get(name, "" if info.is_required() else info.get_default(call_default_factory=True))
        extra = info.json_schema_extra
        if kind == "text" and ((isinstance(extra, dict) and extra.get("multiline")) or len(str(value)) > 120):
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
        where = ".".join(map(str, first["loc"])) or "the arguments"
        raise ToolFailed(f"{where}: {first['msg'].lower()}") from None


def _kind(annotation: Any) -> tuple[str, tuple[str, ...]]:
    if annotation is bool:
        return "boolean", ()
    if annotation in (int, float):
        return "number", ()
    if get_origin(annotation) is not None and str(get_origin(annotation)).endswith("Literal"):
        return "choice", tuple(map(str, get_args(annotation)))
    return "text", ()
