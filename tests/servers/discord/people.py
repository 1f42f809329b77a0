"""What people do, a line each. Everything is checked as their client would: who may not, gets PermissionError."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from tests.servers.discord import posting, threads, using
from tests.servers.discord.components import SELECTS
from tests.servers.discord.forms import Draft, Upload
from tests.servers.discord.membership import join
from tests.servers.discord.message_payloads import message_json
from tests.servers.discord.modals import answers
from tests.servers.discord.models import Channel, ChannelType, Interaction, Message, MessageType, Modal, User
from tests.servers.discord.payloads import Json, channel_json, member_json
from tests.servers.discord.permissions import P
from tests.servers.discord.world import World

T = TypeVar("T")
File = tuple[str, bytes]
"""A name and what is in it."""


class People:
    """Mixed into `Discord`; users, channels and messages may be given as objects, ids or names."""

    world: World

    async def say(
        self,
        user: User | str,
        channel: Channel | str | int,
        text: str,
        *,
        files: Sequence[File] = (),
        reference: Message | int | None = None,
    ) -> Message:
        """Write a message; with @everyone or @here in it everyone is pinged, if the writer may."""
        author, place = self.user(user), self.channel(channel)
        return await self._post(author, place, text, files, reference)

    async def mention(
        self,
        user: User | str,
        channel: Channel | str | int,
        text: str,
        *,
        files: Sequence[File] = (),
        reference: Message | int | None = None,
    ) -> Message:
        """The same, addressed to the application."""
        return await self.say(user, channel, f"{self.world.bot.mention} {text}", files=files, reference=reference)

    async def dm(self, user: User | str, text: str, *, files: Sequence[File] = ()) -> Message:
        author = self.user(user)
        return await self._post(author, self.world.dm_of(author), text, files, None)

    async def another_bot_says(self, channel: Channel | str | int, text: str) -> Message:
        place = self.channel(channel)
        found = next((one for one in self.world.users.values() if one.bot and one is not self.world.bot), None)
        bot = found or self.world.add_user("otherbot", bot=True)
        if place.guild is not None:
            self.world.join(place.guild, bot)
        return await self._post(bot, place, text, (), None)

    async def webhook_says(self, channel: Channel | str | int, text: str) -> Message:
        """A webhook of another integration: its messages have no member behind them, and name the webhook."""
        hook = self.world.add_user("deploys", bot=True)
        draft = Draft({"content"}, text)
        return await self._settled(
            posting.post(self.world, self.channel(channel), hook, draft, webhook=self.world.ids.next())
        )

    async def _post(
        self, author: User, place: Channel, text: str, files: Sequence[File], reference: Message | int | None
    ) -> Message:
        sending = P.SEND_MESSAGES_IN_THREADS if place.is_thread else P.SEND_MESSAGES
        if not self.world.permissions(author, place) & sending or place.type is ChannelType.FORUM:
            raise PermissionError(f"{author.name} may not write in {place.name}")
        if place.locked and not self.world.permissions(author, place) & P.MANAGE_THREADS:
            raise PermissionError(f"{place.name} is locked")
        draft = Draft({"content"}, text)
        draft.uploads = [(Upload(name, data, "application/octet-stream"), None) for name, data in files]
        target = self.message(reference) if reference is not None else None
        kind = MessageType.REPLY if target else MessageType.DEFAULT
        link = (target.channel.id, target.id) if target else None
        return await self._settled(posting.post(self.world, place, author, draft, kind=kind, reference=link))

    async def edit(self, message: Message | int, text: str) -> Message:
        """The writer changes the text."""
        found = self.message(message)
        posting.edit(self.world, found, Draft({"content"}, text, flags=found.flags))
        return await self._settled(found)

    async def delete(self, message: Message | int) -> None:
        posting.delete(self.world, self.message(message))
        await asyncio.sleep(0)

    async def react(self, user: User | str, message: Message | int, emoji: str) -> None:
        who, found = self.user(user), self.message(message)
        found.reactions.setdefault(emoji, []).append(who.id)
        data: Json = {"user_id": str(who.id), "channel_id": str(found.channel.id), "message_id": str(found.id)}
        data |= {"emoji": {"id": None, "name": emoji}, "burst": False, "type": 0}
        data["message_author_id"] = str(found.author.id)
        if (guild := found.channel.guild) is not None:
            data |= {"guild_id": str(guild.id), "member": member_json(guild.members[who.id])}
        self.world.emit("MESSAGE_REACTION_ADD", data, channel=found.channel)
        await asyncio.sleep(0)

    async def start_typing(self, user: User | str, channel: Channel | str | int) -> None:
        who, place = self.user(user), self.channel(channel)
        data: Json = {"channel_id": str(place.id), "user_id": str(who.id), "timestamp": int(self.world.clock.now())}
        self.world.emit("TYPING_START", data, channel=place)
        await asyncio.sleep(0)

    async def slash(
        self, user: User | str, channel: Channel | str | int, name: str, options: dict[str, Any] | None = None
    ) -> Interaction:
        """``/name``, with subcommands after spaces; users, channels and roles in the options as objects."""
        who, place = self.user(user), self.channel(channel)
        first, *rest = name.removeprefix("/").split()
        command = using.find_command(self.world, who, place, first, 1)
        reading = using.Options(self.world, place.guild, place)
        data: Json = {"id": str(command.id), "name": first, "type": 1}
        data["options"] = reading.read(command, rest, options or {})
        return await self._use(2, who, place, command.guild_id, data, reading, name=" ".join([first, *rest]))

    async def autocomplete(
        self, user: User | str, channel: Channel | str | int, name: str, options: dict[str, Any], focused: str
    ) -> Interaction:
        """While somebody types the option ``focused``; `Interaction.choices` has what was offered."""
        who, place = self.user(user), self.channel(channel)
        first, *rest = name.removeprefix("/").split()
        command = using.find_command(self.world, who, place, first, 1)
        reading = using.Options(self.world, place.guild, place)
        data: Json = {"id": str(command.id), "name": first, "type": 1}
        data["options"] = reading.read(command, rest, options, focused)
        return await self._use(4, who, place, command.guild_id, data, reading, name=first)

    async def context_menu(self, user: User | str, target: Message | User | int, name: str) -> Interaction:
        """A message command (a message or its id), or a user command (a `User`)."""
        who = self.user(user)
        about = target if isinstance(target, User) else self.message(target)
        place = self.general if isinstance(about, User) else about.channel
        command = using.find_command(self.world, who, place, name, 2 if isinstance(about, User) else 3)
        reading = using.Options(self.world, place.guild, place)
        data: Json = {"id": str(command.id), "name": name, "type": command.type, "target_id": str(about.id)}
        if isinstance(about, User):
            reading.add_user(about)
            return await self._use(2, who, place, command.guild_id, data, reading, name=name)
        using.may_see(self.world, who, about)
        reading.resolved["messages"] = {str(about.id): message_json(self.world, about)}
        return await self._use(2, who, place, command.guild_id, data, reading, name=name, target=about)

    async def _use(
        self,
        kind: int,
        who: User,
        place: Channel,
        scope: int | None,
        data: Json,
        reading: using.Options,
        *,
        name: str,
        target: Message | None = None,
    ) -> Interaction:
        if scope is not None:
            data["guild_id"] = str(scope)
        if reading.resolved:
            data["resolved"] = reading.resolved
        return await self._settled(using.begin(self.world, kind, who, place, data, name=name, target=target))

    async def press(self, user: User | str, message: Message | int, button: str) -> Interaction:
        """A button, by custom_id or by what it says."""
        who, found = self.user(user), self.message(message)
        using.may_see(self.world, who, found)
        one = using.find_component(found, button, (2,))
        data: Json = {"component_type": 2, "custom_id": one["custom_id"], "id": one["id"]}
        return await self._settled(using.begin(self.world, 3, who, found.channel, data, message=found))

    async def choose(self, user: User | str, message: Message | int, select: str, values: Sequence[Any]) -> Interaction:
        """In a select menu: the values of its options, or users, roles, channels."""
        who, found = self.user(user), self.message(message)
        using.may_see(self.world, who, found)
        one = using.find_component(found, select, SELECTS)
        reading = using.Options(self.world, found.channel.guild, found.channel)
        data: Json = {"component_type": one["type"], "custom_id": one["custom_id"], "id": one["id"]}
        if one["type"] == 3:
            offered = [option["value"] for option in one["options"]]
            if wrong := [value for value in values if value not in offered]:
                raise LookupError(f"no option {wrong}; there are {offered}")
            data["values"] = list(values)
        else:
            kind = {5: using.USER, 6: using.ROLE, 7: using.MENTIONABLE, 8: using.CHANNEL}[one["type"]]
            data["values"] = [str(reading._resolve(kind, select, value)) for value in values]
            data["resolved"] = reading.resolved
        return await self._settled(using.begin(self.world, 3, who, found.channel, data, message=found))

    async def submit(self, user: User | str, modal: Modal | str, values: dict[str, Any] | None = None) -> Interaction:
        """Send the form that is open before the user (by its custom_id); ``values`` by the fields' custom_ids."""
        who = self.user(user)
        custom_id = modal.custom_id if isinstance(modal, Modal) else modal
        found = [one for one in self.world.modals if one.user is who and one.custom_id == custom_id]
        if not found or found[-1].submitted:
            raise LookupError(f"no form {custom_id!r} is open before {who.name}")
        form = found[-1]
        data: Json = {"custom_id": custom_id, "components": answers(form.components, values or {})}
        form.submitted = True
        origin = form.interaction
        return await self._settled(using.begin(self.world, 5, who, origin.channel, data, message=origin.message))

    async def create_thread(
        self,
        user: User | str,
        channel: Channel | str | int,
        name: str,
        *,
        message: Message | int | None = None,
        private: bool = False,
    ) -> Channel:
        who, place = self.user(user), self.channel(channel)
        source = self.message(message) if message is not None else None
        kind = ChannelType.PRIVATE_THREAD if private else ChannelType.PUBLIC_THREAD
        if place.type is ChannelType.ANNOUNCEMENT:
            kind = ChannelType.ANNOUNCEMENT_THREAD
        return await self._settled(threads.start(self.world, place, who, name, kind=kind, source=source))

    async def forum_post(
        self, user: User | str, forum: Channel | str | int, title: str, text: str, *, tags: Sequence[int] = ()
    ) -> Channel:
        who, place = self.user(user), self.channel(forum)
        thread = threads.start(self.world, place, who, title, tags=tuple(tags))
        posting.post(self.world, thread, who, Draft({"content"}, text), message_id=thread.id)
        return await self._settled(thread)

    async def archive(self, thread: Channel, *, locked: bool = False) -> None:
        thread.archived, thread.locked, thread.archived_at = True, locked, self.world.clock.now()
        self.world.emit("THREAD_UPDATE", channel_json(thread, self.world.bot), channel=thread)
        await asyncio.sleep(0)

    async def add_to_thread(self, thread: Channel, user: User | str) -> None:
        join(self.world, thread, self.user(user))
        await asyncio.sleep(0)

    async def _settled(self, thing: T) -> T:
        """Give the sockets a turn before going on."""
        await asyncio.sleep(0)
        return thing

    # found by name, id or object

    @property
    def general(self) -> Channel:
        return self.channel("general")

    def user(self, user: User | str | int) -> User:
        if isinstance(user, User):
            return user
        return next(one for one in self.world.users.values() if user in (one.name, one.id))

    def channel(self, channel: Channel | str | int) -> Channel:
        """An object, an id, a name (of the first guild that has it), or a user's name for the conversation."""
        if isinstance(channel, Channel):
            return channel
        if isinstance(channel, int):
            return self.world.channels[channel]
        return next(one for one in self.world.channels.values() if one.name == channel)

    def message(self, message: Message | int) -> Message:
        found = message if isinstance(message, Message) else self.world.find_message(message)
        if found is None or found.deleted:
            raise LookupError(f"no message {message!r}")
        return found
