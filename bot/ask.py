"""`footnote ask`: one question in the terminal, with approvals at the prompt, or one JSON object."""

from __future__ import annotations

import getpass
import json
import os
import signal
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.prompt import Prompt
from rich.text import Text

from agent.approvals import WAITING, Approval
from agent.evidence import Citation
from agent.models.metering import cost_of
from agent.state import Answer
from bot.app import App, open_app
from bot.chat import Button, Field, Mention, Person, Place, Press, Reply
from bot.desk import run_id
from bot.leaving import leave
from bot.rendering import EXPLAIN, may_decide, outcome_line
from bot.settings import load_settings
from bot.terminal import Terminal

FEW = 64
"""Passages without a vector that are embedded before leaving, such as those of a note."""
TRIES = 3
_LONG = 60


async def run_ask(question: str, *, as_json: bool, how: bool) -> None:
    """Ask, show, and wait at the prompt for each approval. In JSON an action stays proposed: nobody approved it."""
    started = time.monotonic()
    async with open_app(load_settings(), _resumed_here) as app:
        console = Console(quiet=as_json)
        terminal = Terminal(console)
        app.chats[terminal.platform] = terminal
        user = getpass.getuser()
        place = Place(terminal.platform, "local", "terminal", uuid.uuid4().hex[:12])
        mention = Mention(uuid.uuid4().hex, place, Person(f"terminal/{user}", user), _legible(question), time.time())
        await app.desk.mention(mention)
        if as_json:
            told = json.dumps(await _as_json(app, terminal, mention, started), ensure_ascii=False)
            typer.echo(told.encode())  # JSON is UTF-8, whatever the terminal is
        else:
            await _approve_at_prompt(app, terminal, mention, console)
            if how and (answer := await app.desk.answer(run_id(mention.event_id))):
                await terminal.whisper(place, mention.person, Reply(f"\n{EXPLAIN}", notes=tuple(answer["steps"])))
            await _tell_if_empty(app, mention, console)
        await app.desk.forget(mention.event_id)
        await _embed_few(app)
        embedding = (await app.knowledge.state()).embedding
    if embedding:
        leave(0)


def _legible(typed: str) -> str:
    """What was typed, without the bytes in it that are no text: nothing could keep them."""
    try:
        typed.encode()
    except UnicodeEncodeError:
        return os.fsencode(typed).decode("utf-8", "replace")
    return typed


async def _approve_at_prompt(app: App, terminal: Terminal, mention: Mention, console: Console) -> None:
    run = run_id(mention.event_id)
    while waiting := await _waiting(app, run):
        buttons = terminal.replies[f"{run}:{waiting[0].id[:12]}"].buttons
        chosen = _decide(waiting[0], mention.person, buttons, console)
        if chosen is None:
            await _leave(app, waiting[0], console)
            return
        button, form = chosen
        press = Press(uuid.uuid4().hex, mention.place, mention.person, button.action, button.subject, time.time(), form)
        await app.desk.press(press)
        await app.desk.resume(run)


async def _waiting(app: App, run: str) -> list[Approval]:
    return [approval for approval in await app.ledger.by_run(run) if approval.state in WAITING]


def _decide(
    approval: Approval, person: Person, buttons: Sequence[Button], console: Console
) -> tuple[Button, dict[str, Any]] | None:
    """What the person at the prompt decides; None where they may not, or leave it (Ctrl+C, Ctrl+D, no clear word)."""
    if not approval.deciders.allows(person.id, approval.asker, in_place=True):
        return None
    try:
        with _interruptible():
            button = _choose(buttons, console)
            return (button, _fill(button, console)) if button else None
    except (KeyboardInterrupt, EOFError):
        console.print()
        return None


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl+C ends a prompt: asyncio would only cancel the task that waits for it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _choose(buttons: Sequence[Button], console: Console) -> Button | None:
    words = [button.label.split()[0].lower() for button in buttons]
    for _ in range(TRIES):
        said = Prompt.ask(Text(f"Decide ({', '.join(words)})"), console=console, default="", show_default=False)
        fits = [one for one, word in zip(buttons, words, strict=True) if said and word.startswith(said.lower().strip())]
        if len(fits) == 1:
            return fits[0]
        help_ = f"One of {', '.join(words)}, or its first letter. Ctrl+D leaves it waiting."
        console.print(help_, style="dim", soft_wrap=True)
    return None


def _fill(button: Button, console: Console) -> dict[str, Any]:
    return {} if button.form is None else {field.name: _ask(field, console) for field in button.form.fields}


def _ask(field: Field, console: Console) -> str:
    value = str(field.value)
    is_long = len(value) > _LONG or "\n" in value
    label = Text(f"{field.label} (Enter keeps it as it is)" if is_long else field.label)
    return Prompt.ask(label, console=console, default=value, show_default=bool(value) and not is_long)


async def _leave(app: App, approval: Approval, console: Console) -> None:
    at = f"http://{app.settings.host}:{app.settings.port}/approvals"
    names = await app.chats.names(Place.parse(approval.place), approval.deciders.people)
    who = "" if approval.deciders.rule == "place" else f" {may_decide(approval, names)}"
    console.print(
        f"Nothing was done, and this still waits.{who} It can be decided on the console's Approvals page, {at} "
        "(footnote up starts the console).",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


async def _tell_if_empty(app: App, mention: Mention, console: Console) -> None:
    """That nothing is known is no wonder where nothing was ever read."""
    answer = await app.desk.answer(run_id(mention.event_id))
    if answer and answer["refused"] and not (await app.knowledge.counts()).documents:
        words = "Nothing is indexed yet: footnote sync FOLDER reads one."
        console.print(words, style="yellow", highlight=False, soft_wrap=True)


async def _embed_few(app: App) -> None:
    """Let what was just remembered be found by its meaning too."""
    counts = await app.knowledge.counts()
    if 0 < counts.passages - counts.embedded <= FEW:
        await app.knowledge.embed()


async def _as_json(app: App, terminal: Terminal, mention: Mention, started: float) -> dict[str, Any]:
    run = run_id(mention.event_id)
    answer = await app.desk.answer(run)
    actions = [*map(_action, await app.ledger.by_run(run)), *_read(answer)]
    said = terminal.replies.get(run)
    return {
        "question": mention.text,
        "refused": not actions and (answer is None or answer["refused"]),
        "text": said.text if said else "",
        "sentences": [
            {"text": one["text"], "citations": [_without_uri(cited) for cited in one["citations"]]}
            for one in (answer["sentences"] if answer else [])
        ],
        "actions": actions,
        "searched": answer["searched"] if answer else [],
        "steps": answer["steps"] if answer else [],
        "seconds": round(time.monotonic() - started, 3),
        "cost": await cost_of(app.records.engine, run),
    }


def _action(approval: Approval) -> dict[str, Any]:
    """An action that waits for somebody, or waited."""
    told = {"id": approval.id, "tool": approval.tool, "arguments": approval.arguments, "state": approval.state.value}
    return {**told, "outcome": outcome_line(approval)}


def _read(answer: Answer | None) -> list[dict[str, Any]]:
    """What was done without asking, because it changes nothing."""
    calls = [call for call in (answer["actions"] if answer else []) if not call["approval"]]
    return [
        {"id": call["id"], **{key: call[key] for key in ("tool", "arguments", "state", "outcome")}} for call in calls
    ]


def _without_uri(citation: Citation) -> dict[str, Any]:
    return {key: value for key, value in citation.items() if key != "uri"}


async def _resumed_here(run: str, place: str, cause: str) -> None:
    """The prompt itself goes on with the run after each decision."""
