"""Where one writes. Words that are not sent yet are kept in the browser (`page.js`), for each place apart."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import GenericEventArguments

from bot.chat import Place


class Composer:
    """``send`` is awaited with what was written and with what the browser calls this draft until it is told `sent`.

    A draft that is sent again, after a crash, has the same name. ``send`` calls `sent` once what was written is kept.
    """

    def __init__(self, place: Place, hint: str, send: Callable[[str, str], Awaitable[None]]) -> None:
        self._place = place
        self._send = send
        self._sending = False
        named = f"() => emit(footnote.draft({json.dumps(place.key)}))"
        with ui.element("form").classes("composer").props('onsubmit="return false"') as form:
            form.props["data-place"] = place.key
            self._input = ui.textarea(placeholder=hint).props('autogrow outlined dense rows=1 aria-label="Message"')
            self._input.classes("wide-input").on("keydown.enter.exact.prevent", self._submit, js_handler=named)
            send_it = ui.button(icon="send").props('round unelevated color=fill aria-label="Send"')
            send_it.on("click", self._submit, js_handler=named)

    def sent(self) -> None:
        """What was written is kept by the server: the box is for the next words."""
        self._input.value = ""
        ui.run_javascript(f"footnote.sent({json.dumps(self._place.key)})")

    async def _submit(self, event: GenericEventArguments) -> None:
        text = (self._input.value or "").strip()
        if not text or self._sending:
            return
        self._sending = True
        try:
            await self._send(text, str(event.args or ""))
        finally:
            self._sending = False
