"""What was said, edited and deleted while the bot was away: a new session of the gateway begins where it begins.

Only channels in which something was said lately are asked, so a quiet server costs nothing. What was heard before is
heard twice, which changes nothing. The first direct message of somebody who never wrote before is not found.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime

import discord
import structlog

from agent.errors import place_of
from bot.chat import ChatError, Mention, Withdrawal
from bot.discord.errors import FEW, persistently
from bot.discord.intake import Intake
from bot.discord.places import DIRECT, PLATFORM, event_of, is_message
from bot.discord.rooms import opens_threads
from bot.errors import STORAGE, may_pass
from bot.heard import LONGEST_AWAY, Heard
from bot.records import Records

BACK_SECONDS = 15 * 60.0
"""How far before the connection was lost it looks."""
GAP = 300.0
"""Seconds after which the machine must have slept, though no connection was lost that anybody noticed."""
MOST_CHANNELS = 1_000
ASLEEP_AFTER = 3_600.0
"""Seconds without a message after which a thread may be archived (docs.discord.com/developers/topics/threads)."""
MOST_PARENTS = 200
"""Channels that are asked for archived threads, those with the latest message or post first."""
MOST_ASLEEP = 100
"""Of the threads of one channel that were archived meanwhile, the latest."""
MOST_DIRECT = 25
MOST_MESSAGES = 1_000
"""Of one channel, the newest; a request brings a hundred of them."""
AGAIN_SECONDS = 15.0
"""Between tries where the records can't be read or written."""
PATIENT = (1.0, 2.0, 5.0, 10.0, 30.0)
FIRST_SHARD = 0
"""The one that direct messages come to."""
Spoken = discord.TextChannel | discord.Thread | discord.VoiceChannel
Room = Spoken | discord.PartialMessageable
_SEEN = discord.Permissions(view_channel=True, read_message_history=True)
Hear = Callable[[discord.Message, bool], Awaitable[None]]
log = structlog.get_logger()


class CatchingUp:
    """``hear(message, was_accepted)`` takes a message as it stands now, and bears being called again for it.

    ``away_since`` is until when everything was ``heard`` before this process listens; 0 where that is not known.
    """

    def __init__(
        self,
        client: discord.AutoShardedClient,
        records: Records,
        intake: Intake,
        hear: Hear,
        heard: Heard,
        away_since: float,
    ) -> None:
        self._client = client
        self._records = records
        self._intake = intake
        self._hear = hear
        self._heard = heard
        self._away_since = away_since
        self._lost: dict[int, float] = {}
        """When the connection of a shard was lost."""
        self._begun: dict[int, float] = {}
        """When the session of a shard began."""
        self._behind: dict[int, float] = {}
        """Since when a shard may have missed something."""
        self._task: asyncio.Task[None] | None = None

    def begin(self, shard: int) -> None:
        """A session of this shard began; also while what another one missed is caught up with."""
        away = time.time() if shard in self._begun else self._away_since
        self._behind[shard] = min(self._lost.pop(shard, away), self._behind.get(shard, math.inf))
        self._begun[shard] = time.time()
        self._start()

    def lost(self, shard: int) -> None:
        """The connection of this shard was lost, or is still."""
        self._lost.setdefault(shard, time.time())

    def resumed(self, shard: int) -> None:
        """The gateway repeats what this shard has missed."""
        self._lost.pop(shard, None)

    def missed(self) -> None:
        """What came just now could not be kept, and the gateway does not repeat it: it is looked for once that can be done."""
        for shard in self._begun:
            self._behind[shard] = min(time.time(), self._behind.get(shard, math.inf))
        if self._begun:
            self._start()

    def since(self) -> float | None:
        """Since when all shards listen and nothing is looked for; None where that is not so."""
        busy = self._task is None or not self._task.done()
        return None if busy or not self._all_listen() else max(self._begun.values())

    async def again(self, since: float) -> None:
        """Look for what any shard may have missed since."""
        for shard in self._begun:
            self._behind[shard] = min(since, self._behind.get(shard, math.inf))
        await asyncio.shield(self._start())

    def _all_listen(self) -> bool:
        return not self._lost and len(self._begun) >= (self._client.shard_count or 1)

    def _start(self) -> asyncio.Task[None]:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(_tell)
        return self._task

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        await self._client.wait_until_ready()
        while self._behind:
            shards, self._behind = self._behind, {}
            try:
                await self._catch_up(shards.keys(), min(shards.values()))
                if not self._behind and self._all_listen():
                    await self._heard.note(time.time())
            except STORAGE as error:
                if not may_pass(error):
                    raise
                log.error("caught up later", what=place_of(error))
                self._behind |= shards
                await asyncio.sleep(AGAIN_SECONDS)

    async def _catch_up(self, shards: Collection[int], away: float) -> None:
        """First where something is being answered or waits to be: perhaps it need not be any more."""
        earliest = max((away or time.time()) - BACK_SECONDS, time.time() - LONGEST_AWAY)
        since = discord.utils.time_snowflake(datetime.fromtimestamp(earliest, UTC))
        accepted: dict[Room, list[Mention]] = defaultdict(list)
        try:
            for mention in await self._intake.unhandled():
                room = _room_of(self._client, mention)
                if room is not None and _is_in(room, shards) and int(mention.message) > since:
                    accepted[room].append(mention)
            for room, mentions in accepted.items():
                await self._look(room, since, mentions)
        finally:
            self._intake.release()
        seen = {room.id for room in accepted}
        lively: list[Room] = [*_lively(self._client, shards, since), *await self._conversations(shards)]
        for room in lively:
            if room.id not in seen:
                await self._look(room, since, ())
        if time.time() - (away or time.time()) > ASLEEP_AFTER:
            for thread in await _archived(self._client, shards, since):
                if thread.id not in seen:
                    await self._look(thread, since, ())

    async def _look(self, room: Room, since: int, accepted: Sequence[Mention]) -> None:
        """Compare what stands in a room with what was accepted there, and hear the rest of it, oldest first."""
        try:
            found = await persistently(lambda: _listed(room, since), PATIENT)
        except ChatError as error:
            log.warning("not caught up", channel=room.id, why=str(error))
            return
        await self._withdraw(accepted, found)
        known = {int(mention.message) for mention in accepted}
        for one in found:
            await self._hear(one, one.id in known)

    async def _withdraw(self, accepted: Sequence[Mention], found: Sequence[discord.Message]) -> None:
        """What says something else by now, or nothing, is not answered as it was: noted at once, before it is handed out."""
        standing = {message.id: message for message in found}
        since = found[0].id if len(found) == MOST_MESSAGES else 0
        for mention in accepted:
            number, place = int(mention.message), mention.place
            if message := standing.get(number):
                if event_of(message) != mention.event_id:
                    await self._records.withdraw(place, mention.message, event_of(message))
            elif number > since:
                await self._records.withdraw(place, mention.message, "")
                gone = Withdrawal(f"{event_of(number)}:deleted", place, mention.message)
                await self._intake.keep_patiently(gone)

    async def _conversations(self, shards: Collection[int]) -> list[Room]:
        """The direct conversations there have been."""
        if FIRST_SHARD not in shards:
            return []
        known = [place.channel for place in await self._records.channels(PLATFORM) if place.workspace == DIRECT]
        newest = sorted(map(int, known), reverse=True)[:MOST_DIRECT]
        return [_conversation(self._client, channel) for channel in newest]


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("not caught up", what=place_of(error))


def _lively(client: discord.Client, shards: Collection[int], since: int) -> list[Room]:
    """Channels and threads with a message that is newer than this, the newest first."""
    spoken: list[Spoken] = []
    for guild in client.guilds:
        if guild.shard_id in shards:
            spoken += [*guild.text_channels, *guild.threads, *guild.voice_channels]
    found = [one for one in spoken if (one.last_message_id or 0) > since and _readable(one)]
    newest = sorted(found, key=lambda channel: channel.last_message_id or 0, reverse=True)
    if len(newest) > MOST_CHANNELS:
        log.warning("catching up in part", channels=len(newest), most=MOST_CHANNELS)
    return list(newest[:MOST_CHANNELS])


async def _archived(client: discord.Client, shards: Collection[int], since: int) -> list[discord.Thread]:
    """Threads with a message that is newer than this, which have gone to sleep since: of these the gateway does not tell."""
    found: list[discord.Thread] = []
    parents: list[discord.TextChannel | discord.ForumChannel] = []
    for guild in client.guilds:
        if guild.shard_id in shards:
            parents += [*guild.text_channels, *guild.forums]
    readable = [one for one in parents if one.permissions_for(one.guild.me).is_superset(_SEEN)]
    latest = sorted(readable, key=lambda channel: channel.last_message_id or 0, reverse=True)
    if len(latest) > MOST_PARENTS:
        log.warning("catching up in part", parents=len(latest), most=MOST_PARENTS)
    for channel in latest[:MOST_PARENTS]:
        try:
            found += await persistently(lambda channel=channel: _archived_in(channel, since), FEW)  # type: ignore[misc]
        except ChatError as error:
            log.warning("not caught up", channel=channel.id, why=str(error))
    return found


async def _archived_in(channel: discord.TextChannel | discord.ForumChannel, since: int) -> list[discord.Thread]:
    found = []
    async for thread in channel.archived_threads(limit=MOST_ASLEEP):
        if discord.utils.time_snowflake(thread.archive_timestamp) < since:
            break
        if (thread.last_message_id or 0) > since:
            found.append(thread)
    return found


def _room_of(client: discord.Client, mention: Mention) -> Room | None:
    """Where the message of a mention stands; None where that is not certain, or can't be read."""
    place = mention.place
    if not is_message(mention):
        return None
    if place.workspace == DIRECT:
        return _conversation(client, int(place.channel))
    guild = client.get_guild(int(place.workspace))
    if guild is None:
        return None
    channel, thread = guild.get_channel(int(place.channel)), guild.get_thread(int(place.thread))
    replied = thread is None and channel is not None and not opens_threads(channel)
    in_channel = not isinstance(channel, discord.ForumChannel) and (mention.message == place.thread or replied)
    room = channel if in_channel else thread
    return room if isinstance(room, Spoken) and _readable(room) else None


def _conversation(client: discord.Client, channel: int) -> discord.PartialMessageable:
    return client.get_partial_messageable(channel, type=discord.ChannelType.private)


def _is_in(room: Room, shards: Collection[int]) -> bool:
    return (room.guild.shard_id if room.guild is not None else FIRST_SHARD) in shards


def _readable(room: Spoken) -> bool:
    """Without the permission Discord says that nothing stands there."""
    return room.permissions_for(room.guild.me).read_message_history


async def _listed(room: Room, since: int) -> list[discord.Message]:
    after = discord.Object(since)
    found = [message async for message in room.history(limit=MOST_MESSAGES, after=after, oldest_first=False)]
    if len(found) == MOST_MESSAGES:
        log.warning("catching up in part", channel=room.id, most=MOST_MESSAGES)
    return found[::-1]
