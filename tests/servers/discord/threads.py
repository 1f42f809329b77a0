"""Threads begin, gain members, are archived and locked (docs.discord.com/developers/topics/threads)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.discord.errors import Form, refusal
from tests.servers.discord.models import Channel, ChannelType, Flag, Message, MessageType, User
from tests.servers.discord.payloads import channel_json
from tests.servers.discord.permissions import P
from tests.servers.discord.posting import announce

if TYPE_CHECKING:
    from tests.servers.discord.world import World

ARCHIVE_AFTER = (60, 1440, 4320, 10080)


def start(
    world: World,
    parent: Channel,
    owner: User,
    name: str,
    *,
    kind: ChannelType = ChannelType.PUBLIC_THREAD,
    source: Message | None = None,
    auto_archive: int = 1440,
    tags: tuple[int, ...] = (),
    invitable: bool = True,
) -> Channel:
    """A new thread; one from a message shares its id, and the message then says so."""
    if source is not None and (source.thread is not None or source.id in world.channels):
        raise refusal(160004)
    thread = Channel(source.id if source else world.ids.next(), kind, name, parent.guild, parent, owner_id=owner.id)
    thread.auto_archive, thread.applied_tags, thread.invitable = auto_archive, list(tags), invitable
    thread.archived_at = world.clock.now()
    thread.thread_members[owner.id] = world.clock.now()
    world.channels[thread.id] = thread
    world.emit("THREAD_CREATE", channel_json(thread, world.bot) | {"newly_created": True}, channel=thread)
    if source is not None:
        source.thread = thread
        source.flags |= Flag.HAS_THREAD
        announce(world, "MESSAGE_UPDATE", source)
        starter = Message(world.ids.next(), thread, source.author, type=MessageType.THREAD_STARTER_MESSAGE)
        starter.reference = (parent.id, source.id)
        thread.messages[starter.id] = starter
        announce(world, "MESSAGE_CREATE", starter)
    elif kind is ChannelType.PUBLIC_THREAD and parent.type is not ChannelType.FORUM:
        told = Message(world.ids.next(), parent, owner, name, type=MessageType.THREAD_CREATED)
        told.reference = (thread.id, 0)  # docs.discord.com/developers/resources/message#message-reference
        parent.messages[told.id] = told
        announce(world, "MESSAGE_CREATE", told)
    return thread


def change(world: World, thread: Channel, body: dict[str, Any]) -> None:
    """What PATCH may do to a thread, and who may: its owner or whoever manages threads."""
    manages = bool(world.mine(thread) & P.MANAGE_THREADS)
    owns = thread.owner_id == world.bot.id
    form = Form()
    if set(body) & {"locked", "rate_limit_per_user"} and not manages:
        raise refusal(50013)
    reopens = body.get("archived") is False and set(body) <= {"archived"} and not thread.locked
    if not manages and not owns and not (reopens and world.bot.id in thread.thread_members):
        raise refusal(50013)
    if thread.archived and body.get("archived") is not False and set(body) - {"locked"}:
        raise refusal(50083)
    if "name" in body:
        thread.name = form.text(body["name"], "name", 100, shortest=1, required=True) or thread.name
    if "auto_archive_duration" in body:
        form.one_of(body["auto_archive_duration"], "auto_archive_duration", ARCHIVE_AFTER)
    form.check()
    thread.auto_archive = body.get("auto_archive_duration", thread.auto_archive)
    thread.locked = bool(body.get("locked", thread.locked))
    thread.slow = int(body.get("rate_limit_per_user") or thread.slow)
    if "archived" in body:
        thread.archived = bool(body["archived"])
        thread.archived_at = world.clock.now()
    world.emit("THREAD_UPDATE", channel_json(thread, world.bot), channel=thread)


def read_thread(body: dict[str, Any]) -> tuple[str, int]:
    """The name and the archive duration of a new thread, checked."""
    form = Form()
    name = form.text(body.get("name"), "name", 100, shortest=1, required=True)
    duration = body.get("auto_archive_duration") or 1440
    form.one_of(duration, "auto_archive_duration", ARCHIVE_AFTER)
    form.number(body.get("rate_limit_per_user"), "rate_limit_per_user", 0, 21_600)
    form.check()
    return name, duration


def writable(world: World, thread: Channel) -> None:
    """Refuse to write into a locked thread; an archived one is revived by the message itself."""
    if thread.locked and not world.mine(thread) & P.MANAGE_THREADS:
        raise refusal(160005)


def active(world: World, thread: Channel) -> None:
    """Refuse to change what is in an archived thread."""
    if thread.is_thread and thread.archived:
        raise refusal(50083)
