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

from bot.chat import Mention, Place
from bot.commands import Command, Invocation
from bot.discord import components
from bot.discord.errors import FEW, persistently
from bot.discord.events import Listener
from bot.discord.intake import Question
from bot.discord.places import DIRECT, event_of, person_of, place_in, text_of
from bot.errors import place_of as broken_at
from bot.rendering import escape_markdown

GROUP = "footnote"
"""The command whose argument names its subcommands: Discord has no free words behind a name."""
REMEMBER = "Remember this"
_KEPT = ("type", "name", "description", "required", "min_length", "max_length")
Run = Callable[[Invocation], Awaitable[str]]
Question_ = app_commands.Range[str, 1, 6000]
log = structlog.get_logger()


class Tree(app_commands.CommandTree[Listener]):
    """Every command. ``hint`` is added to what help says."""

    def __init__(self, client: Listener, listed: Iterable[Command], hint: str = "") -> None:
        super().__init__(client)
        self._hint = hint
        for command in listed:
            self.add_command(self._made(command))
        self.add_command(app_commands.ContextMenu(name=REMEMBER, callback=_remember))

    async def on_error(
        self, interaction: discord.Interaction[Listener], error: app_commands.AppCommandError, /
    ) -> None:
        log.error("command broke", what=broken_at(error.__cause__ or error))

    async def sync_if_changed(self, application: int) -> bool:
        """Tell Discord the commands, unless it knows them; returns whether it had to be told."""
        http = self.client.http
        known = await persistently(lambda: http.get_global_commands(application), FEW)
        ours = [command.to_dict(self) for command in self.get_commands()]
        if _shapes(known) == _shapes(ours):
            return False
        await persistently(self.sync, FEW)
        return True

    def _made(self, command: Command) -> app_commands.Command[Any, ..., None] | app_commands.Group:
        if command.name == GROUP and command.run is not None:
            group = app_commands.Group(name=command.name, description=command.description)
            for word in command.argument.split():
                group.add_command(self._told(command, command.run, word, with_text=False))
            return group
        if command.run is not None:
            return self._told(command, command.run, command.name, with_text=bool(command.argument))

        async def ask(interaction: discord.Interaction[Listener], text: Question_) -> None:
            await _ask(interaction, text)

        return _named(command, command.name, ask)

    def _told(self, command: Command, run: Run, name: str, *, with_text: bool) -> app_commands.Command[Any, ..., None]:
        """A command whose answer only its user sees."""

        async def tell(interaction: discord.Interaction[Listener], text: str = "") -> None:
            await self._tell(interaction, run, text)

        async def tell_plainly(interaction: discord.Interaction[Listener]) -> None:
            await self._tell(interaction, run, name)

        return _named(command, name, tell if with_text else tell_plainly)

    async def _tell(self, interaction: discord.Interaction[Listener], run: Run, text: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        place = place_in(interaction.channel, interaction.id)
        said = await run(Invocation(place, person_of(interaction.user), text))
        if (
            isinstance(interaction.command, app_commands.Command)
            and interaction.command.parent is not None
            and self._hint
        ):
            said = f"{said}\n\n{self._hint}"
        for view in components.plain(said):
            await interaction.followup.send(view=view, ephemeral=True)


async def _ask(interaction: discord.Interaction[Listener], text: str) -> None:
    """Keep the question, then name it where it was asked; at the top of a channel its thread is opened on that."""
    place, person = place_in(interaction.channel, ""), person_of(interaction.user)
    at, intake = interaction.created_at.timestamp(), interaction.client.intake
    view = components.plain(f"❓ **{escape_markdown(' '.join(text[:1_500].split()))}**")[0]
    if place.thread or place.workspace == DIRECT:
        await intake.keep(Mention(event_of(interaction.id), place, person, text, at))
        await interaction.response.send_message(view=view)
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
        answer = await interaction.response.send_message(view=view)
        message = answer.message_id
    finally:
        named.set_result(message)


async def _remember(interaction: discord.Interaction[Listener], message: discord.Message) -> None:
    """Propose to remember a message, in the thread on it."""
    client = interaction.client
    words = text_of(message, client.me)
    if not words:
        await interaction.response.send_message(
            view=components.plain("There are no words in it to remember.")[0], ephemeral=True
        )
        return
    place, person = place_in(interaction.channel, message.id), person_of(interaction.user)
    at = interaction.created_at.timestamp()
    await client.intake.keep(Mention(event_of(interaction.id), place, person, f"remember that: {words}", at))
    told = "I ask in the thread on that message before I remember it."
    await interaction.response.send_message(view=components.plain(told)[0], ephemeral=True)
    client.whispers.remember(_top(place), person, interaction)


def _top(place: Place) -> Place:
    return Place(place.platform, place.workspace, place.channel)


def _named(command: Command, name: str, callback: Any) -> app_commands.Command[Any, ..., None]:
    if "text" in callback.__annotations__:
        option = re.sub(r"\W+", "-", command.argument.casefold()).strip("-")[:32]
        callback = app_commands.rename(text=option)(app_commands.describe(text=command.argument[:100])(callback))
    return app_commands.Command(name=name, description=command.description[:100], callback=callback)


def _shapes(commands: Sequence[Any]) -> list[Any]:
    """What of commands people see, in an order of its own; the rest is Discord's."""
    return sorted((_shape(one) for one in commands), key=lambda one: (one["type"], one["name"]))


def _shape(command: Any) -> dict[str, Any]:
    kept = {name: command.get(name) or None for name in _KEPT}
    options = [_shape(one) for one in command.get("options") or ()]
    return kept | {"type": int(command.get("type") or 1), "options": options}
