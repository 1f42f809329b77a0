"""What a person is told for a moment: at the top, where it covers nothing that one writes."""

from __future__ import annotations

from typing import Literal

from nicegui import ui

SECONDS = 8.0
_ICONS = {"positive": "check_circle", "negative": "error_outline", "warning": "info"}


def notice(text: str, kind: Literal["positive", "negative", "warning"]) -> None:
    """Tell whoever is at the page of the present slot. A fault stays until it is closed."""
    stays = kind == "negative"
    ui.notify(
        text,
        icon=_ICONS[kind],
        color="ink",
        textColor="paper",
        position="top",
        multi_line=True,
        timeout=0 if stays else SECONDS * 1_000,
        close_button="Close" if stays else False,
    )
