"""What a person does with commands, buttons and forms, as the INTERACTION_CREATE that comes of it
(docs.discord.com/developers/interactions/receiving-and-responding#interaction-object)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from tests.servers.discord.message_payloads import attachment_json, message_json, owners
from tests.servers.discord.models import (
    Attachment,
    Channel,
    ChannelType,
    Command,
    Guild,
    Interaction,
    Message,
    User,
    walk,
)
from tests.servers.discord.payloads import Json, channel_json, member_json, role_json, user_json
from tests.servers.discord.permissions import P

if TYPE_CHECKING:
    from tests.servers.discord.world import World

USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 6, 7, 8, 9, 10, 11
PLAIN: dict[int, tuple[type, ...]] = {3: (str,), 4: (int,), 5: (bool,), NUMBER: (int, float)}


def begin(
    world: World,
    kind: int,
    user: User,
    channel: Channel,
    data: Json,
    *,
    name: str = "",
    message: Message | None = None,
    target: Message | None = None,
) -> Interaction:
    """Make the interaction and send it to the application."""
    if channel.guild is not None and not channel.guild.has_bot:
        raise LookupError("the application is not in this server")
    interaction = Interaction(
        *(world.ids.next(), kind, secrets.token_urlsafe(120), user, channel, data, world.clock.now(), name),
        message=message,
        target=target,
    )
    world.interactions[interaction.id] = interaction
    world.emit("INTERACTION_CREATE", _payload(world, interaction), guild=channel.guild)
    return interaction


def _payload(world: World, interaction: Interaction) -> Json:
    user, channel, message = interaction.user, interaction.channel, interaction.message
    payload: Json = {
        "id": str(interaction.id),
        "application_id": str(world.bot.id),
        "type": interaction.type,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": channel_json(channel, world.bot) | {"permissions": str(int(world.permissions(user, channel)))},
        "app_permissions": str(int(world.mine(channel))),
        "locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": owners(channel),
        "context": 0 if channel.guild is not None else 1,
        "attachment_size_limit": world.settings.attachment_limit,
    }
    if message is not None:
        payload["message"] = message_json(world, message)
    return payload | _who(world, user, channel)


def _who(world: World, user: User, channel: Channel) -> Json:
    guild = channel.guild
    if guild is None:
        return {"user": user_json(user)}
    permissions = world.permissions(user, channel)
    return {
        "guild_id": str(guild.id),
        "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
        "guild_locale": "en-US",
        "member": member_json(guild.members[user.id], permissions=permissions),
    }


def find_command(world: World, user: User, channel: Channel, name: str, kind: int) -> Command:
    """The command as this person sees it here: the server's own before the global one."""
    guild = channel.guild.id if channel.guild is not None else None
    scopes = [guild, None] if guild is not None else [None]
    for scope in scopes:
        for command in world.commands:
            if (command.guild_id, command.type, command.name) == (scope, kind, name) and _offered(command, channel):
                _allowed(world, user, channel, command)
                return command
    there = sorted(one.name for one in world.commands if one.type == kind)
    raise LookupError(f"no command {name!r} here; there are {there}")


def _offered(command: Command, channel: Channel) -> bool:
    contexts = command.data.get("contexts")
    if channel.guild is not None:
        return contexts is None or 0 in contexts
    return 1 in contexts if contexts is not None else bool(command.data.get("dm_permission", True))


def _allowed(world: World, user: User, channel: Channel, command: Command) -> None:
    """USE_APPLICATION_COMMANDS, and the permissions that the command asks of members by default ("0": nobody)."""
    mine = world.permissions(user, channel)
    needed = int(command.data.get("default_member_permissions") or 0)
    closed = command.data.get("default_member_permissions") == "0" or int(mine) & needed != needed
    if not mine & P.USE_APPLICATION_COMMANDS or (closed and channel.guild and not mine & P.ADMINISTRATOR):
        raise PermissionError(f"{user.name} is not offered {command.name!r} in {channel.name}")


class Options:
    """What a person typed after a slash command, checked as the client does, with what it names resolved."""

    def __init__(self, world: World, guild: Guild | None, channel: Channel) -> None:
        self.world = world
        self.guild = guild
        self.channel = channel
        self.resolved: dict[str, dict[str, Json]] = {}

    def read(self, command: Command, words: list[str], given: dict[str, Any], focused: str | None = None) -> list[Json]:
        """Nested for subcommands: ``words`` are their names."""
        specs = command.data.get("options") or []
        if not words:
            if any(one["type"] in (1, 2) for one in specs):
                raise LookupError(f"{command.name} needs a subcommand: {[one['name'] for one in specs]}")
            return self._values(specs, given, focused)
        spec = next((one for one in specs if one["name"] == words[0] and one["type"] in (1, 2)), None)
        if spec is None:
            raise LookupError(f"{command.name} has no subcommand {words[0]!r}")
        inner = Command(command.id, command.guild_id, 0, spec)
        return [{"name": words[0], "type": spec["type"], "options": self.read(inner, words[1:], given, focused)}]

    def _values(self, specs: list[Json], given: dict[str, Any], focused: str | None) -> list[Json]:
        known = {one["name"]: one for one in specs}
        if unknown := set(given) - set(known):
            raise LookupError(f"no options {sorted(unknown)}; there are {sorted(known)}")
        missing = [one["name"] for one in specs if one.get("required") and one["name"] not in given]
        if missing and focused is None:
            raise ValueError(f"the options {missing} are required")
        return [self._value(known[name], value, focused == name) for name, value in given.items()]

    def _value(self, spec: Json, value: Any, focused: bool) -> Json:
        kind, name = spec["type"], spec["name"]
        option: Json = {"name": name, "type": kind, "value": value}
        if focused:
            return option | {"focused": True}
        if kind in PLAIN:
            if not isinstance(value, PLAIN[kind]) or (isinstance(value, bool) and kind != 5):
                raise ValueError(f"{name} takes {PLAIN[kind][0].__name__}, not {value!r}")
            self._within(spec, value)
        else:
            option["value"] = str(self._resolve(kind, name, value))
        return option

    def _within(self, spec: Json, value: Any) -> None:
        choices = [one["value"] for one in spec.get("choices") or []]
        if choices and value not in choices:
            raise ValueError(f"{spec['name']} takes one of {choices}")
        size = len(value) if isinstance(value, str) else value
        least = spec.get("min_length" if isinstance(value, str) else "min_value")
        most = spec.get("max_length" if isinstance(value, str) else "max_value")
        if (least is not None and size < least) or (most is not None and size > most):
            raise ValueError(f"{spec['name']} takes {least} to {most}, not {size}")

    def _resolve(self, kind: int, name: str, value: Any) -> int:
        if isinstance(value, User) and kind in (USER, MENTIONABLE):
            self.add_user(value)
        elif isinstance(value, Channel) and kind == CHANNEL:
            self._put("channels", value.id, channel_json(value, self.world.bot) | {"permissions": "0"})
        elif isinstance(value, Attachment) and kind == ATTACHMENT:
            self._put("attachments", value.id, attachment_json(self.world, value))
        elif kind in (ROLE, MENTIONABLE) and self.guild is not None and value.id in self.guild.roles:
            self._put("roles", value.id, role_json(value))
        else:
            raise ValueError(f"{name} does not take {value!r}")
        return int(value.id)

    def add_user(self, user: User) -> None:
        self._put("users", user.id, user_json(user))
        if self.guild is not None and user.id in self.guild.members:
            permissions = self.world.permissions(user, self.channel)
            member = member_json(self.guild.members[user.id], with_user=False, permissions=permissions)
            self._put("members", user.id, member)

    def _put(self, key: str, number: int, data: Json) -> None:
        self.resolved.setdefault(key, {})[str(number)] = data


def find_component(message: Message, which: str, kinds: tuple[int, ...]) -> Json:
    """By custom_id, or by the label that people read; LookupError if it isn't there or can't be used."""
    there = [one for one in walk(message.components) if one["type"] in kinds]
    for key in ("custom_id", "label", "placeholder"):
        for one in there:
            if one.get(key) == which:
                if one.get("disabled") or one.get("url"):
                    raise LookupError(f"{which!r} can't be used: it is disabled, or a link")
                return one
    names = [one.get("label") or one.get("custom_id") for one in there]
    raise LookupError(f"the message has no {which!r}; it has {names}")


def may_see(world: World, user: User, message: Message) -> None:
    if message.viewer is not None and message.viewer is not user:
        raise PermissionError(f"{user.name} does not see this ephemeral message")
    if message.channel.type is not ChannelType.DM and not world.permissions(user, message.channel) & P.VIEW_CHANNEL:
        raise PermissionError(f"{user.name} does not see this channel")
