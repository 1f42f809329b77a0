"""Where one writes. Words that are not sent yet are kept in the browser (`page.js`), for each place apart."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from nicegui import ui

from bot.chat import Place


class Composer:
    """``send`` is awaited with what was written; it calls `sent` once that is kept."""

    def __init__(self, place: Place, hint: str, send: Callable[[str], Awaitable[None]]) -> None:
        self._place = place
        self._send = send
        self._sending = False
        with ui.element("form").classes("composer").props('onsubmit="return false"') as form:
            form.props["data-place"] = place.key
            self._input = ui.textarea(placeholder=hint).props('autogrow outlined dense rows=1 aria-label="Message"')
            self._input.classes("wide-input").on("keydown.enter.exact.prevent", self._submit)
            ui.button(icon="send", on_click=self._submit).props('round unelevated color=fill aria-label="Send"')

    def focus(self) -> None:
        self._input.run_method("focus")

    def sent(self) -> None:
        """What was written is kept by the server: the box is for the next words."""
        self._input.value = ""
        ui.run_javascript(f"footnote.sent({json.dumps(self._place.key)})")

    async def _submit(self) -> None:
        text = (self._input.value or "").strip()
        if not text or self._sending:
            return
        self._sending = True
        try:
            await self._send(text)
        finally:
            self._sending = False
