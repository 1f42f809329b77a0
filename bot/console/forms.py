"""A button of a reply in the browser; one with a form opens it as a dialog first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from bot.chat import Action, Button, Field, Form

Pressed = Callable[[Button, dict[str, Any]], Awaitable[None]]
_STYLES = {"primary": "unelevated color=primary", "danger": "outline color=negative", "": "outline"}
_QUIET = {
    Action.HELPFUL: ("thumb_up", "This helped"),
    Action.UNHELPFUL: ("thumb_down", "This did not help"),
}


def show_button(button: Button, pressed: Pressed) -> ui.button:
    """The button; ``pressed(button, form values)`` is awaited once it is used."""

    async def click() -> None:
        values = await _ask(button.form) if button.form else {}
        if values is not None:
            await pressed(button, values)

    if button.action in _QUIET:
        icon, words = _QUIET[button.action]
        return ui.button(icon=icon, on_click=click).props(f'flat dense size=sm aria-label="{words}"').classes("mark")
    return ui.button(button.label, on_click=click).props(f"no-caps {_STYLES[button.style]}")


async def _ask(form: Form) -> dict[str, Any] | None:
    """What a person fills in, or None where they close it."""
    with ui.dialog() as dialog, ui.card().classes("form"):
        ui.label(form.title).classes("title")
        inputs = {field.name: _input(field) for field in form.fields}
        with ui.row():
            ui.button(form.submit, on_click=lambda: dialog.submit(True)).props("unelevated no-caps")
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat no-caps")
    sent = await dialog
    dialog.delete()
    return {name: shown.value for name, shown in inputs.items()} if sent else None


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
        shown.tooltip(field.help)
    return shown.classes("wide-input")
