"""What those do who run the server: invite and kick the application, take channels and permissions away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.servers.discord.models import Channel, ChannelType, Guild, Overwrite, User
from tests.servers.discord.payloads import channel_json, guild_json, member_json, role_json, user_json
from tests.servers.discord.permissions import USUAL, P
from tests.servers.discord.removing import remove_channel

if TYPE_CHECKING:
    from tests.servers.discord.gateway import Gateway
    from tests.servers.discord.world import World


class Managing:
    """Mixed into `Discord`. Everything may be done before the application connects, and while it is there."""

    world: World
    gateway: Gateway

    def add_user(self, name: str, *guilds: Guild, bot: bool = False) -> User:
        """Somebody new, a member of these guilds (of the first one, if none is named)."""
        user = self.world.add_user(name, bot=bot)
        for guild in guilds or tuple(self.world.guilds.values())[:1]:
            member = self.world.join(guild, user)
            self.world.emit("GUILD_MEMBER_ADD", member_json(member) | {"guild_id": str(guild.id)}, guild=guild)
        return user

    def add_guild(
        self, name: str, owner: User | None = None, *, permissions: P = USUAL, commands: bool = True
    ) -> Guild:
        """A server that the application is invited to with these permissions, and with ``commands`` the scope for them.
        Guilds made one after another fall on shard after shard."""
        owner = owner or next(one for one in self.world.users.values() if not one.bot)
        guild = self.world.add_guild(name, owner, permissions)
        guild.has_commands = commands
        self._tell_of(guild)
        return guild

    def _tell_of(self, guild: Guild) -> None:
        for session in self.world.sessions:
            if session.wants("GUILD_CREATE", guild):
                session.push("GUILD_CREATE", self.gateway.guild_create(guild, session), tidy=True)

    def add_channel(
        self, name: str, kind: ChannelType = ChannelType.TEXT, guild: Guild | None = None, *, tags: tuple[str, ...] = ()
    ) -> Channel:
        place = guild or next(iter(self.world.guilds.values()))
        channel = self.world.add_channel(place, name, kind)
        channel.tags = {self.world.ids.next(): tag for tag in tags}
        self.world.emit("CHANNEL_CREATE", channel_json(channel), channel=channel)
        return channel

    async def delete_channel(self, channel: Channel) -> None:
        remove_channel(self.world, channel)
        await asyncio.sleep(0)

    async def kick_bot(self, guild: Guild) -> None:
        """GUILD_DELETE without ``unavailable``; every call about the guild is refused with 50001 from then on."""
        guild.has_bot = False
        guild.members.pop(self.world.bot.id, None)
        self.world.emit("GUILD_DELETE", {"id": str(guild.id)}, guild=guild)
        await asyncio.sleep(0)

    async def invite_bot(self, guild: Guild) -> None:
        """Back again, with the role it had."""
        guild.has_bot = True
        role = next(one.id for one in guild.roles.values() if one.bot_id == self.world.bot.id)
        self.world.join(guild, self.world.bot).roles = [role]
        self._tell_of(guild)
        await asyncio.sleep(0)

    async def lose_guild(self, guild: Guild) -> None:
        """An outage: GUILD_DELETE with ``unavailable``; the application is still a member."""
        self.world.emit("GUILD_DELETE", {"id": str(guild.id), "unavailable": True}, guild=guild)
        await asyncio.sleep(0)

    async def remove_permission(
        self, where: Channel | Guild, *permissions: P, user: User | None = None, role: int = 0
    ) -> None:
        """From the application, or from ``user``: in one channel, or in the whole guild (for everybody)."""
        if isinstance(where, Guild):
            for role in where.roles.values():
                for one in permissions:
                    role.permissions &= ~one
                data = {"guild_id": str(where.id), "role": role_json(role)}
                self.world.emit("GUILD_ROLE_UPDATE", data, guild=where)
        else:
            overwrite = self._overwrite(where, user, role)
            for one in permissions:
                overwrite.deny, overwrite.allow = overwrite.deny | one, overwrite.allow & ~one
            self.world.emit("CHANNEL_UPDATE", channel_json(where), channel=where)
        await asyncio.sleep(0)

    async def give_permission(self, where: Channel, *permissions: P, user: User | None = None) -> None:
        overwrite = self._overwrite(where, user)
        for one in permissions:
            overwrite.allow, overwrite.deny = overwrite.allow | one, overwrite.deny & ~one
        self.world.emit("CHANNEL_UPDATE", channel_json(where), channel=where)
        await asyncio.sleep(0)

    def _overwrite(self, channel: Channel, user: User | None, role: int = 0) -> Overwrite:
        if role:
            return channel.overwrites.setdefault(role, Overwrite(role, 0))
        who = user or self.world.bot
        return channel.overwrites.setdefault(who.id, Overwrite(who.id, 1))

    async def remove_member(self, guild: Guild, user: User) -> None:
        guild.members.pop(user.id, None)
        data = {"guild_id": str(guild.id), "user": user_json(user)}
        self.world.emit("GUILD_MEMBER_REMOVE", data, guild=guild)
        await asyncio.sleep(0)

    async def rename_guild(self, guild: Guild, name: str) -> None:
        guild.name = name
        self.world.emit("GUILD_UPDATE", guild_json(guild), guild=guild)
        await asyncio.sleep(0)
