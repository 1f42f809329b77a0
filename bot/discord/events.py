"""What happens on Discord as Mentions, Presses and Withdrawals.

In: the gateway's events, some of them twice or out of order. Out: events under ids that make each happen once. Nothing
is answered here; what works on an answer is never waited for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import discord
import structlog

from agent.errors import place_of as broken_at
from bot.chat import Action, ChatError, Mention, Place, Press, Withdrawal
from bot.discord import components, forms
from bot.discord.buttons import PressButton, named
from bot.discord.catching_up import CatchingUp
from bot.discord.errors import acknowledged
from bot.discord.history import Overhearing
from bot.discord.intake import Intake
from bot.discord.places import (
    event_of,
    is_to_others,
    is_written,
    mention_of,
    names_us,
    person_of,
    place_in,
    place_of,
    replied_to,
    text_of,
)
from bot.discord.posting import QUIET
from bot.discord.whispers import Whispers
from bot.errors import STORAGE
from bot.posts import Posts
from bot.records import Records

log = structlog.get_logger()


class Listener(discord.AutoShardedClient):
    """Call `prepare` before it connects."""

    intake: Intake
    whispers: Whispers

    def __init__(self, records: Records, *, follow_ups: bool, **options: Any) -> None:
        super().__init__(allowed_mentions=QUIET, **options)
        self._records = records
        self._posts = Posts(records.engine)
        self._follow_ups = follow_ups
        self.add_dynamic_items(PressButton)

    def prepare(self, intake: Intake, whispers: Whispers, overhearing: Overhearing, catching_up: CatchingUp) -> None:
        """Say where to keep what happens, and who looks for what was missed (calling `hear`)."""
        self.intake, self.whispers = intake, whispers
        self._overhearing, self._catching_up = overhearing, catching_up

    @property
    def me(self) -> int:
        return self.user.id if self.user is not None else 0

    # messages

    async def on_message(self, message: discord.Message) -> None:
        if not is_written(message):
            return
        if self._addresses(message) or await self._follows_up(message):
            await self.intake.keep_patiently(mention_of(message, self.me, event_id=event_of(message.id)))
        elif await self._is_in(message):
            await self._overhear(message)
        await self._overhearing.hear(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """An edit by a person; links that unfold and threads that open change messages too, but not their time of edit."""
        message, before = event.message, event.cached_message
        if message.edited_at is None or not is_written(message):
            return
        if before is None or event_of(before) != event_of(message):
            await self._edited(message, before is not None and self._addresses(before))
        await self._overhearing.hear(message)

    async def _edited(self, message: discord.Message, was_addressed: bool) -> bool:
        """Whether the edit of a message is any business of the assistant's; if so it is kept."""
        this, place = event_of(message), place_of(message, self.me)
        addressed = self._addresses(message) or await self._follows_up(message)
        if not (addressed or was_addressed) and await self._records.message(place, str(message.id)) is None:
            return False
        events: list[Mention | Withdrawal] = [
            Withdrawal(f"{this}:edited", place, str(message.id), stands=this if addressed else "")
        ]
        if addressed:
            events.append(mention_of(message, self.me, event_id=this, edited=True))
        await self.intake.keep_patiently(*events)
        return True

    async def hear(self, message: discord.Message, was_addressed: bool) -> None:
        """A message as it stands now, be it new, edited or heard before."""
        edited = message.edited_at is not None and is_written(message)
        if not (edited and await self._edited(message, was_addressed)):
            await self.on_message(message)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        await self._gone(event.channel_id, event.guild_id, event.message_id, event.cached_message)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        cached = {message.id: message for message in event.cached_messages}
        for message in event.message_ids:
            await self._gone(event.channel_id, event.guild_id, message, cached.get(message))

    async def _gone(self, channel: int, guild: int | None, message: int, known: discord.Message | None) -> None:
        await self._deleted(channel, guild, message, known)
        if known is None or is_written(known):
            await self._overhearing.lose(channel, guild, message)

    async def _deleted(self, channel: int, guild: int | None, message: int, known: discord.Message | None) -> None:
        where = self.get_channel(channel) or self.get_partial_messageable(channel, guild_id=guild)
        place = place_of(known, self.me) if known is not None else place_in(where, message)
        if known is None and await self._records.message(place, str(message)) is None:
            return
        if known is not None and (known.author.bot or not (self._addresses(known) or await self._follows_up(known))):
            return
        await self.intake.keep_patiently(Withdrawal(f"{event_of(message)}:deleted", place, str(message)))

    def _addresses(self, message: discord.Message) -> bool:
        """Whether it is said to the assistant: directly, by name, or as a reply to what it said."""
        answered = replied_to(message)
        to_us = answered is not None and answered.author.id == self.me
        return message.guild is None or to_us or names_us(message, self.me)

    async def _follows_up(self, message: discord.Message) -> bool:
        """Whether it goes on, without a mention, with what the assistant has said in a thread, and is said to nobody else."""
        if not self._follow_ups or not isinstance(message.channel, discord.Thread):
            return False
        if is_to_others(message) or not (message.content or message.attachments):
            return False
        return await self._is_in(message, before=message.id)

    async def _is_in(self, message: discord.Message, before: int = sys.maxsize) -> bool:
        """Whether the assistant has opened the thread of a message, or had spoken there before the one with this id."""
        if not isinstance(message.channel, discord.Thread):
            return False
        first = await self._posts.first(place_of(message, self.me))
        return message.channel.owner_id == self.me or (first is not None and int(first.rpartition("/")[2]) < before)

    async def _overhear(self, message: discord.Message) -> None:
        """What people say to each other in a thread of ours belongs to what is asked there next."""
        if words := text_of(message, self.me):
            place, at = place_of(message, self.me), message.created_at.timestamp()
            await self._records.say(place, str(message.id), person_of(message.author), words[:20_000], at)

    # buttons and forms

    async def pressed(self, interaction: discord.Interaction[Any], action: Action, subject: str, *, asks: bool) -> None:
        """A button: its form is shown, or the press is kept and then acknowledged."""
        place = _place_of(interaction)
        button = await self._button(place, action, subject) if asks else None
        if button is not None and button.form is not None:
            shown = forms.modal(button, button.form)
            await acknowledged(lambda: interaction.response.send_modal(shown))
        elif not asks or await acknowledged(interaction.response.defer) is not None:
            # A form that is asked for no more may stand before the person all the same: then this was answered before.
            await self._press(interaction, place, action, subject, {})

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """A form that was sent; buttons and commands have their own ways."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        data: Any = interaction.data
        found = named(str(data["custom_id"]))
        if found is None:
            return
        place = _place_of(interaction)
        button = await self._button(place, *found)
        filled = forms.submitted(data, button.form if button is not None else None)
        await self._press(interaction, place, *found, filled)

    async def _press(
        self, interaction: discord.Interaction[Any], place: Place, action: Action, subject: str, form: dict[str, Any]
    ) -> None:
        person, at = person_of(interaction.user), interaction.created_at.timestamp()
        self.whispers.expect(place, person)
        await self.intake.keep(Press(event_of(interaction.id), place, person, action, subject, at, form, place.thread))
        if action in (Action.HELPFUL, Action.UNHELPFUL) and not interaction.response.is_done():
            thanks = components.plain("Thanks, noted.")[0]
            await acknowledged(lambda: interaction.response.send_message(view=thanks, ephemeral=True))
        elif not interaction.response.is_done():
            await acknowledged(interaction.response.defer)
        self.whispers.remember(place, person, interaction)

    async def _button(self, place: Place, action: Action, subject: str) -> Any:
        """The button as it was shown: an answer is kept under its run, a card under every place where it stands."""
        entries = [await self._records.message(place, subject)]
        entries += [await self._records.message(*where) for where in await self._records.pinned(subject)]
        shown: Iterable[Any] = (one for entry in entries if entry and entry.reply for one in entry.reply.buttons)
        return next((one for one in shown if (one.action, one.subject) == (action, subject)), None)

    async def on_guild_channel_update(self, before: object, after: discord.abc.GuildChannel) -> None:
        await self._overhearing.changed(after)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._overhearing.changed(channel)

    # the connection

    async def on_shard_ready(self, shard: int) -> None:
        """A new session: the gateway repeats nothing of what came before it."""
        self._catching_up.begin(shard)

    async def on_shard_disconnect(self, shard: int) -> None:
        self._catching_up.lost(shard)

    async def on_shard_resumed(self, shard: int) -> None:
        self._catching_up.resumed(shard)

    async def close(self) -> None:
        await self._catching_up.stop()
        await super().close()

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, STORAGE) and "message" in event_method:
            self._catching_up.missed()
        if isinstance(error, ChatError):
            log.info("event not answered", event_name=event_method, why=str(error))
        else:
            log.error("event broke", event_name=event_method, what=broken_at(error) if error is not None else "")


def _place_of(interaction: discord.Interaction[Any]) -> Place:
    """Where the message of a button stands."""
    message = interaction.message
    if message is None:
        return place_in(interaction.channel, interaction.id)
    root = message.reference.message_id if message.reference is not None else None
    return place_in(interaction.channel, root or message.id)
