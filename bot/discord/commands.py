"""Slash commands and the message command on Discord; sent to it only when they changed.

Names are lower case and at most 32 characters (docs.discord.com/developers/interactions/application-commands).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.chat import ChatError, Mention
from bot.commands import Command, Invocation
from bot.discord import components
from bot.discord.errors import FEW, ONCE, acknowledged, persistently
from bot.discord.events import Listener
from bot.discord.intake import Question
from bot.discord.places import DIRECT, event_of, person_of, place_in, text_of
from bot.errors import reason
from bot.rendering import escape_markdown

REMEMBER = "Remember this"
CHANGED = "This command has changed since your Discord read it. Reload Discord (Ctrl+R) and use it again."
_KEPT = ("type", "name", "description", "required", "min_length", "max_length")
Run = Callable[[Invocation], Awaitable[str]]
Question_ = app_commands.Range[str, 1, 6000]
Words = app_commands.Range[str, 0, 1000]
log = structlog.get_logger()


class Tree(app_commands.CommandTree[Listener]):
    """Every command."""

    def __init__(self, client: Listener, listed: Iterable[Command]) -> None:
        super().__init__(client)
        for command in listed:
            self.add_command(_made(command))
        self.add_command(app_commands.ContextMenu(name=REMEMBER, callback=_remember))

    async def on_error(
        self, interaction: discord.Interaction[Listener], error: app_commands.AppCommandError, /
    ) -> None:
        """Whoever used the command is told why nothing came of it; what was kept before Discord failed is answered."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        match cause:
            case ChatError():
                said = str(cause)
                log.info("command not answered", why=said)
                if not interaction.response.is_done():
                    return
            case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
                said = CHANGED
            case _:
                said = reason(cause, command=interaction.command.name if interaction.command else "")
        try:
            await _tell(interaction, said)
        except ChatError as failed:
            log.info("nobody was told", why=str(failed))

    async def sync_if_changed(self, application: int) -> bool:
        """Tell Discord the commands, unless it knows them; returns whether it had to be told."""
        http = self.client.http
        known = await persistently(lambda: http.get_global_commands(application), FEW)
        ours = [command.to_dict(self) for command in self.get_commands()]
        if _shapes(known) == _shapes(ours):
            return False
        await persistently(self.sync, FEW)
        return True


def _made(command: Command) -> app_commands.Command[Any, ..., None] | app_commands.Group:
    if command.run is None:
        return _asking(command)
    telling = _telling(command, command.run)
    if not command.subcommand:
        return telling
    group = app_commands.Group(name=command.name, description=command.description[:100])
    group.add_command(telling)
    return group


def _asking(command: Command) -> app_commands.Command[Any, ..., None]:
    """A command behind which a question is written."""

    async def ask(interaction: discord.Interaction[Listener], text: Question_) -> None:
        await _ask(interaction, text)

    return app_commands.Command(
        name=command.name, description=command.description[:100], callback=_option(command, ask)
    )


def _option(command: Command, callback: Any) -> Any:
    """The callback with its option called as what a person writes there."""
    option = re.sub(r"\W+", "-", command.argument.casefold()).strip("-")[:32]
    return app_commands.rename(text=option)(app_commands.describe(text=command.argument[:100])(callback))


def _telling(command: Command, run: Run) -> app_commands.Command[Any, ..., None]:
    """A command whose answer only its user sees."""

    async def tell(interaction: discord.Interaction[Listener], text: Words | None = None) -> None:
        ours = await acknowledged(lambda: interaction.response.defer(ephemeral=True, thinking=True))
        place, person = place_in(interaction.channel, interaction.id), person_of(interaction.user)
        said = await run(Invocation(place, person, text or ""))
        first, *more = components.plain(said)
        await persistently(lambda: interaction.edit_original_response(view=first), FEW)
        for view in more if ours else ():
            await persistently(lambda view=view: interaction.followup.send(view=view, ephemeral=True), ONCE)  # type: ignore[misc]

    async def tell_alone(interaction: discord.Interaction[Listener]) -> None:
        await tell(interaction)

    callback: Any = _option(command, tell) if command.argument else tell_alone
    name = command.subcommand or command.name
    return app_commands.Command(name=name, description=command.description[:100], callback=callback)


async def _ask(interaction: discord.Interaction[Listener], text: str) -> None:
    """Keep the question, then name it where it was asked; at the top of a channel its thread is opened on that."""
    place, person = place_in(interaction.channel, ""), person_of(interaction.user)
    at, intake = interaction.created_at.timestamp(), interaction.client.intake
    view = components.plain(f"❓ **{escape_markdown(' '.join(text[:1_500].split()))}**")[0]
    if place.thread or place.workspace == DIRECT:
        await intake.keep(Mention(event_of(interaction.id), place, person, text, at))
        await acknowledged(lambda: interaction.response.send_message(view=view))
        return
    named = await intake.keep_question(
        Question(
            *(
                interaction.id,
                interaction.application_id,
                interaction.token,
                place.key,
                person.id,
                person.name,
                text,
                at,
            )
        )
    )
    message = None
    try:
        answer = await acknowledged(lambda: interaction.response.send_message(view=view))
        message = answer.message_id if answer is not None else None
    finally:
        named.set_result(message)


async def _remember(interaction: discord.Interaction[Listener], message: discord.Message) -> None:
    """Propose to remember a message, in the thread on it."""
    client = interaction.client
    words = text_of(message, client.me)
    if not words:
        await _tell(interaction, "There are no words in it to remember.")
        return
    place, person = place_in(interaction.channel, message.id), person_of(interaction.user)
    at = interaction.created_at.timestamp()
    await client.intake.keep(Mention(event_of(interaction.id), place, person, f"remember that: {words}", at))
    await _tell(interaction, "I ask in the thread on that message before I remember it.")
    client.whispers.remember(place, person, interaction)


async def _tell(interaction: discord.Interaction[Listener], text: str) -> None:
    """Tell whoever used the command alone; what is still thinking becomes this."""
    view = components.plain(text)[0]
    if interaction.response.is_done():
        await persistently(lambda: interaction.followup.send(view=view, ephemeral=True), ONCE)
        return
    await acknowledged(lambda: interaction.response.send_message(view=view, ephemeral=True))


def _shapes(commands: Sequence[Any]) -> list[Any]:
    """What of commands people see, in an order of its own; the rest is Discord's."""
    return sorted((_shape(one) for one in commands), key=lambda one: (one["type"], one["name"]))


def _shape(command: Any) -> dict[str, Any]:
    kept = {name: command.get(name) or None for name in _KEPT}
    options = [_shape(one) for one in command.get("options") or ()]
    return kept | {"type": int(command.get("type") or 1), "options": options}
