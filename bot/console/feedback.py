"""What a person thought of an answer: two thumbs that show which was given, and may be changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nicegui import ui

from bot.chat import Action, Button
from bot.console.forms import Presses, ask

_SHOWN = {
    Action.HELPFUL: ("thumb_up", "This helped"),
    Action.UNHELPFUL: ("thumb_down", "This did not help"),
}


class Feedback:
    """The thumbs under an answer; ``mark`` and ``reason`` are what this person gave before."""

    def __init__(self, buttons: Sequence[Button], presses: Presses, mark: str = "", reason: str = "") -> None:
        self._presses = presses
        self._reason = reason
        with ui.element("div").classes("feedback"):
            self._thumbs = {button.action: self._thumb(button) for button in buttons}
            self._said = ui.label("").classes("note").props('role="status"')
        self._show(mark)

    def _thumb(self, button: Button) -> ui.button:
        icon, words = _SHOWN[button.action]
        shown = ui.button(icon=icon, on_click=lambda: self._press(button))
        return shown.props(f'flat dense size=sm aria-label="{words}"').classes("mark")

    async def _press(self, button: Button) -> None:
        with ui.context.client:
            values = await ask(self._with_reason(button), self._presses)
            if values is None:
                return
            await self._presses.press(button, values)
        self._reason = str(values.get("reason") or "").strip()
        self._show(button.action.value)

    def _with_reason(self, button: Button) -> Button:
        """The form says what was written into it before."""
        if button.form is None:
            return button
        fields = tuple(replace(field, value=self._reason) for field in button.form.fields)
        return replace(button, form=replace(button.form, fields=fields))

    def _show(self, mark: str) -> None:
        for action, thumb in self._thumbs.items():
            chosen = action.value == mark
            thumb.classes(add="chosen" if chosen else "", remove="" if chosen else "chosen")
            thumb.props(f'aria-pressed="{str(chosen).lower()}"')
        given = "Noted, with your reason." if self._reason else "Noted. Thank you."
        self._said.text = given if mark else ""


def is_mark(button: Button) -> bool:
    """Whether a button says what somebody thought of an answer."""
    return button.action in _SHOWN
