"""What an empty channel says: what can be asked here, or how to bring in something to ask about."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from bot.console.forms import FILLED
from bot.console.layout import heading, me, reader
from bot.console.parts import Parts
from bot.knowledge import Knowledge
from retrieval.documents import Audience

Examples = Sequence[str]
"""Questions that the demo's documents answer."""
_DEMO = "packages"
_TITLE = re.compile(r"[^\W\d_][^<>\[\]/\\“”]{3,50}")
_NOTE = "remember that the office closes at six on Fridays"


async def show_welcome(parts: Parts, examples: Examples, send: Callable[[str], Awaitable[None]]) -> ui.element:
    """The welcome; a press on an example sends it."""
    known = (await parts.knowledge.counts()).documents
    with ui.element("div").classes("welcome") as shown:
        if known:
            _say("Ask what your documents know", "Every claim comes with a footnote. Try:")
            offered = await _offered(parts.knowledge, examples, reader(me()))
        else:
            _say(
                "Bring in something to ask about",
                "Nothing is indexed yet. Add files here, or run footnote sync FOLDER.",
            )
            add = ui.button("Add files", icon="upload_file", on_click=lambda: ui.navigate.to("/knowledge"))
            add.props(FILLED)
            ui.label("Or have a note kept:")
            offered = [_NOTE]
        for example in offered:
            ui.button(example, on_click=lambda text=example: send(f"@footnote {text}")).props("outline no-caps")
    return shown


def _say(title: str, words: str) -> None:
    heading(3, title)
    ui.label(words)


async def _offered(knowledge: Knowledge, examples: Examples, audience: Audience) -> list[str]:
    """The demo's questions where the demo's documents are known, otherwise questions after titles that are."""
    if _DEMO in await knowledge.names():
        return list(examples)
    titles = [one.title for one in await knowledge.documents(audience, limit=100) if _TITLE.fullmatch(one.title)]
    return [*(f"What does “{title}” say?" for title in titles[:2]), _NOTE]
