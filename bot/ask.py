"""`footnote ask`: one question in the terminal, with approvals at the prompt, or one JSON object."""

from __future__ import annotations

import asyncio
import getpass
import json
import time
import uuid
from typing import Any

import typer
from rich.console import Console
from rich.prompt import Prompt

from agent.approvals import State
from agent.evidence import Citation
from agent.models.metering import cost_of
from bot.app import App, open_app
from bot.chat import Action, Button, Mention, Person, Place, Press, Reply
from bot.desk import run_id
from bot.settings import load_settings
from bot.terminal import Terminal


async def run_ask(question: str, *, as_json: bool) -> None:
    """Ask, show, and wait at the prompt for each approval. In JSON an action stays proposed: nobody approved it."""
    console = Console(stderr=as_json)
    started = time.monotonic()
    async with open_app(load_settings(), _resumed_here) as app:
        terminal = Terminal(Console(quiet=True) if as_json else console)
        app.chats[terminal.platform] = terminal
        user = getpass.getuser()
        place = Place(terminal.platform, "local", "terminal", uuid.uuid4().hex[:12])
        mention = Mention(uuid.uuid4().hex, place, Person(f"terminal/{user}", user), question, time.time())
        await app.desk.mention(mention)
        if as_json:
            typer.echo(json.dumps(await _as_json(app, mention, started), ensure_ascii=False))
        else:
            await _approve_at_prompt(app, terminal, mention, console)
        await app.desk.forget(mention.event_id)


async def _approve_at_prompt(app: App, terminal: Terminal, mention: Mention, console: Console) -> None:
    run = run_id(mention.event_id)
    while waiting := [a for a in await app.ledger.by_run(run) if a.state in {State.PROPOSED, State.UNKNOWN}]:
        card = terminal.replies[f"{run}:{waiting[0].id[:12]}"]
        button = await asyncio.to_thread(_choose, card, console)
        form = await asyncio.to_thread(_fill, button, console)
        press = Press(uuid.uuid4().hex, mention.place, mention.person, button.action, button.subject, time.time(), form)
        await app.desk.press(press)
        await app.desk.resume(run)


def _choose(card: Reply, console: Console) -> Button:
    labels = {button.label.split()[0].lower(): button for button in card.buttons}
    return labels[Prompt.ask("Decide", console=console, choices=list(labels))]


def _fill(button: Button, console: Console) -> dict[str, Any]:
    if button.action is Action.APPROVE or button.form is None:
        return {}
    fields = button.form.fields
    return {field.name: Prompt.ask(field.label, console=console, default=str(field.value)) for field in fields}


async def _as_json(app: App, mention: Mention, started: float) -> dict[str, Any]:
    answer = await app.desk.answer(run_id(mention.event_id))
    return {
        "question": mention.text,
        "refused": answer is None or answer["refused"],
        "sentences": [
            {"text": one["text"], "citations": [_without_uri(cited) for cited in one["citations"]]}
            for one in (answer["sentences"] if answer else [])
        ],
        "searched": answer["searched"] if answer else [],
        "seconds": round(time.monotonic() - started, 3),
        "cost": await cost_of(app.records.engine, run_id(mention.event_id)),
    }


def _without_uri(citation: Citation) -> dict[str, Any]:
    return {key: value for key, value in citation.items() if key != "uri"}


async def _resumed_here(run: str, place: str, cause: str) -> None:
    """The prompt itself goes on with the run after each decision."""
