"""`footnote digest`: one digest in the terminal, now. It is not kept, and counts for nobody as shown."""

from __future__ import annotations

import getpass
import time

import typer
from rich.console import Console
from rich.markdown import Markdown

from bot.app import open_app
from bot.chat import Person, Place
from bot.cron import CronInvalid
from bot.digests.asking import NotUnderstood, understood
from bot.digests.showing import messages
from bot.digests.subscriptions import Subscription
from bot.settings import load_settings

DAY = 86_400.0


async def run_digest(words: str, *, days: float) -> int:
    """Print what is new of the last days; returns the exit code."""
    settings = load_settings()
    try:
        wish = understood(words, settings.zone)
    except (NotUnderstood, CronInvalid) as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        return 2
    async with open_app(settings, _nothing_waits) as app:
        person = Person(f"terminal/{getpass.getuser()}", getpass.getuser())
        place, now = Place("terminal", "local", "terminal"), time.time()
        asked = Subscription(
            "now", place, person, wish.topics, wish.sources, wish.cron, wish.zone, now, wish.length, wish.language
        )
        edition = await app.digests.compose(asked, "now", now, now - days * DAY)
        console = Console()
        for _, reply in messages(edition, wish.language):
            console.print(Markdown(reply.text))
            for note in reply.footnotes:
                console.print(f"[{note.number}] {note.title}  {note.uri}", markup=False, style="dim")
            for line in reply.notes:
                console.print(line, markup=False, style="dim")
            console.print()
    return 0


async def _nothing_waits(run: str, place: str, cause: str) -> None:
    """No run is started here."""
