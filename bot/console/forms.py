"""A button of a reply in the browser; one with a form opens it as a dialog first, which stays open until it is right."""

from __future__ import annotations

from typing import Any, Protocol

from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement

from bot.chat import Button, Field, Form
from bot.edits import Wrong

FILLED = "unelevated no-caps color=fill"
"""How the button looks that one is most likely to press."""
_STYLES = {"primary": FILLED, "danger": "outline no-caps color=bad", "": "outline no-caps"}
_EMPTY = "This can't be empty."
Values = dict[str, Any]


class Presses(Protocol):
    """What becomes of a button."""

    async def wrong(self, button: Button, form: Values) -> Wrong | None:
        """What can't be as it is filled in; None where all is right."""
        ...

    async def press(self, button: Button, form: Values) -> None: ...


def show_button(button: Button, presses: Presses) -> ui.button:
    """The button; its form, where it has one, is filled in first."""

    async def click() -> None:
        with ui.context.client:  # the message may be shown anew while its form is filled in
            values = await ask(button, presses)
            if values is not None:
                await presses.press(button, values)

    return ui.button(button.label, on_click=click).props(_STYLES[button.style])


async def ask(button: Button, presses: Presses) -> Values | None:
    """What a person fills in, or None where they close it; nothing for a button without a form."""
    if button.form is None:
        return {}
    with ui.dialog().props("no-backdrop-dismiss") as dialog, ui.card().classes("form"):
        inputs = _inputs(button.form)

        async def submit() -> None:
            if await _is_right(button, presses, inputs):
                dialog.submit(True)

        with ui.element("div").classes("buttons"):
            ui.button(button.form.submit, on_click=submit).props(FILLED).classes("submit")
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat no-caps")
            ui.label("Ctrl+Enter sends").classes("note keys")
    sent = await dialog
    if not dialog.is_deleted:
        dialog.delete()
    return _values(inputs) if sent else None


def _inputs(form: Form) -> dict[str, tuple[Field, Any]]:
    ui.label(form.title).classes("title")
    return {field.name: (field, _input(field)) for field in form.fields}


def _values(inputs: dict[str, tuple[Field, Any]]) -> Values:
    return {name: shown.value for name, (_, shown) in inputs.items()}


async def _is_right(button: Button, presses: Presses, inputs: dict[str, tuple[Field, Any]]) -> bool:
    """Whether the form can be sent; otherwise its first wrong field says why."""
    for _, shown in inputs.values():
        _complain(shown, None)
    for field, shown in inputs.values():
        if field.required and field.kind != "boolean" and not str(shown.value or "").strip():
            _complain(shown, _EMPTY)
            return False
    wrong = await presses.wrong(button, _values(inputs))
    if wrong is None:
        return True
    _, shown = inputs.get(wrong.field) or next(iter(inputs.values()))
    _complain(shown, wrong.why)
    return False


def _complain(shown: Any, words: str | None) -> None:
    if isinstance(shown, ValidationElement):
        shown.error = words


def _input(field: Field) -> Any:
    label = f"{field.label} *" if field.required else field.label
    match field.kind:
        case "boolean":
            shown: Any = ui.checkbox(label, value=bool(field.value))
        case "number":
            shown = ui.number(label, value=field.value or None).props("outlined")
        case "choice":
            shown = ui.select(list(field.choices), label=label, value=field.value or None).props("outlined")
        case "multiline":
            shown = ui.textarea(label, value=str(field.value)).props("outlined autogrow autofocus")
        case _:
            shown = ui.input(label, value=str(field.value)).props("outlined")
    if field.help:
        shown.props["hint"] = field.help
    return shown.classes("wide-input")
