"""Where one writes. Words that are not sent yet are kept in the browser (`page.js`), for each place apart."""

from __future__ import annotations

import asyncio
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
        self._in_order = asyncio.Lock()
        taken = f"() => {{ const taken = footnote.take({json.dumps(place.key)}); if (taken) emit(taken); }}"
        with ui.element("form").classes("composer").props('onsubmit="return false"') as form:
            form.props["data-place"] = place.key
            box = ui.textarea(placeholder=hint).props('autogrow outlined dense rows=1 aria-label="Message"')
            box.classes("wide-input").on("keydown.enter.exact.prevent", self._submit, js_handler=taken)
            send_it = ui.button(icon="send").props('round unelevated color=fill aria-label="Send"')
            send_it.on("click", self._submit, js_handler=taken)

    def sent(self, draft: str) -> None:
        """What was written is kept by the server."""
        ui.run_javascript(f"footnote.sent({json.dumps(self._place.key)}, {json.dumps(draft)})")

    async def _submit(self, event: GenericEventArguments) -> None:
        try:
            async with self._in_order:
                await self._send(str(event.args["text"]).strip(), str(event.args["draft"]))
        except Exception:
            ui.run_javascript("footnote.restore()")
            raise
