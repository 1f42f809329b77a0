"""The port `Chat` on Discord: what is final stands as messages of components, what goes on as one draft a place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from weakref import WeakValueDictionary

import discord
import structlog

from bot.chat import ChatError, ChatGone, ChatRefused, File, Membership, Page, Person, Place, Readers, Reply, Said
from bot.discord import components, history, membership
from bot.discord.components import MessageView
from bot.discord.errors import FEW, MessageGone, persistently
from bot.discord.pace import Pace
from bot.discord.places import DIRECT, PLATFORM, WRITTEN, person_of, place_in, replied_to, text_of
from bot.discord.posting import Poster, nonce_of
from bot.discord.rooms import Rooms
from bot.discord.streaming import PATIENCE, Draft, draft_key
from bot.discord.whispers import Whispers
from bot.posts import Post, Posts
from bot.records import Records

_STARTER = discord.MessageType.thread_starter_message
_WRITABLE = discord.Permissions(view_channel=True, send_messages=True)
log = structlog.get_logger()


class DiscordChat:
    """Over a client that is logged in. ``max_bytes`` is the size of the largest file that is read."""

    platform = PLATFORM

    def __init__(
        self,
        client: discord.Client,
        records: Records,
        pace: Pace,
        *,
        public_url: str = "",
        max_bytes: int = 50_000_000,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._pace = pace
        self._public_url = public_url
        self._max_bytes = max_bytes
        self._patience = patience
        self._rooms = Rooms(client, records)
        self._posts = Posts(records.engine)
        self._poster = Poster(client, self._rooms, self._posts)
        self.clock = clock
        self.whispers = Whispers(client, clock)
        self.drafts: dict[str, Draft] = {}
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def status(self, place: Place, text: str) -> None:
        if text:
            self._draft(place).say(text)
            return
        try:
            await self._drop_draft(place)
        except ChatError as error:
            log.info("status not cleared", place=place.channel_key, why=str(error))

    async def show(self, place: Place, key: str, reply: Reply) -> None:
        if not reply.final:
            self._draft(place).write(key, reply)
            return
        async with self._turn(place, key):
            try:
                await self._illustrated(place, key, reply)
            except ChatGone:
                self._rooms.forget(place)
                raise

    async def retract(self, place: Place, key: str) -> None:
        async with self._turn(place, key):
            if (draft := self.drafts.get(place.key)) and draft.key in ("", key):
                await self._drop_draft(place)
            for post in await self._posts.of(place, key):
                if post.address is not None:
                    await self._poster.remove(post.address)
            await self._posts.remove(place, key)

    async def whisper(self, place: Place, person: Person, reply: Reply) -> None:
        await self.whispers.tell(place, person, components.whisper(reply, self._public_url))

    async def channel(self, near: Place, name: str, person: Person) -> Place | None:
        """By name, or by id as `<#id>` and as itself; of several channels of one name the one beside ``near``."""
        guild = self._client.get_guild(int(near.workspace)) if near.workspace != DIRECT else None
        if guild is None:
            return None
        wanted = name.strip("<#>").casefold()
        alike = [one for one in guild.text_channels if wanted in (one.name.casefold(), str(one.id))]
        member = await membership.member_of(guild, person) if alike else None
        if member is None:
            return None
        both = (guild.me, member)
        open_ones = [one for one in alike if all(one.permissions_for(who).is_superset(_WRITABLE) for who in both)]
        if len(open_ones) > 1:
            here = guild.get_channel(int(near.channel))
            open_ones = [one for one in open_ones if here is not None and one.category_id == here.category_id]
        return place_in(open_ones[0], "") if len(open_ones) == 1 else None

    async def name(self, near: Place, person: str) -> str:
        user = person.rpartition("/")[2]
        if not user.isdecimal():
            return ""
        if known := self._client.get_user(int(user)):
            return known.display_name
        try:
            return (await persistently(lambda: self._client.fetch_user(int(user)), FEW)).display_name
        except ChatError:
            return ""

    async def readers(self, place: Place) -> Readers:
        return membership.readers(self._client, place)

    async def membership(self, near: Place, person: Person, channels: Collection[str]) -> Membership:
        return await membership.membership(self._client, near, person, channels)

    async def history(self, place: Place, before: float, limit: int) -> list[Said]:
        """What people said in the thread; where the place is only now opened on a message, the message that it answers."""
        me = self._client.user.id if self._client.user is not None else 0
        thread = self._rooms.thread(place)
        if thread is None:
            asked = next((one for one in self._client.cached_messages if str(one.id) == place.thread), None)
            found = [answered] if asked is not None and (answered := replied_to(asked)) is not None else []
        else:
            found = await self._newest(thread, before, limit)
        return [
            Said(str(one.id), person_of(one.author), text_of(one, me), one.created_at.timestamp())
            for one in found
            if one.content and one.author.id != me
        ]

    async def talk(self, place: Place, cursor: str = "") -> Page:
        return await history.page(self._client, place, cursor)

    async def read(self, place: Place, file: File) -> bytes:
        channel, message, wanted = map(int, file.reference.split("/"))
        try:
            # A link to a file is good for a day, so the message is asked for a fresh one.
            found = await persistently(
                self._client.get_partial_messageable(channel).get_partial_message(message).fetch, FEW
            )
        except ChatError:
            raise ChatRefused("the message it came with is gone") from None
        attachment = next((one for one in found.attachments if one.id == wanted), None)
        if attachment is None:
            raise ChatRefused("it is gone from its message")
        if attachment.size > self._max_bytes:
            raise ChatRefused(f"it has {attachment.size / 1e6:,.0f} MB and I read {self._max_bytes / 1e6:,.0f} at most")
        return await persistently(attachment.read, FEW)

    async def close(self) -> None:
        """Take away what is unfinished."""
        for place in [draft.place for draft in self.drafts.values()]:
            await self.status(place, "")

    def _draft(self, place: Place) -> Draft:
        if place.key not in self.drafts:
            self.drafts[place.key] = Draft(place, self._poster, self._posts, self._pace, self._typing, self._patience)
        return self.drafts[place.key]

    async def _typing(self, place: Place) -> None:
        room = await self._rooms.of(place)
        await self._client.http.send_typing(room.channel)

    async def _illustrated(self, place: Place, key: str, reply: Reply) -> None:
        """Show it with its picture; where that may not be, without."""
        try:
            await self._publish(place, key, components.pages(reply, key, self._public_url))
        except (ChatGone, ChatRefused) as error:
            if reply.chart is None:
                raise
            log.warning("a picture was not shown", place=place.channel_key, why=str(error))
            await self._publish(place, key, components.pages(replace(reply, chart=None), key, self._public_url))

    async def _publish(self, place: Place, key: str, views: list[MessageView]) -> None:
        known = {post.part: post for post in await self._posts.of(place, key)}
        for part, view in enumerate(views):
            await self._put(place, key, part, view, known.get(part))
        if len(known) > len(views):
            for post in list(known.values())[len(views) :]:
                if post.address is not None:
                    await self._poster.remove(post.address)
            await self._posts.remove(place, key, len(views))

    async def _put(self, place: Place, key: str, part: int, view: MessageView, known: Post | None) -> None:
        digest = components.digest(view)
        if known is not None and known.digest == digest:
            return
        address = await self._standing(place, key, part, known)
        found = address is not None
        if address is None:
            await self._posts.begin(place, key, part)
            address, found = await self._poster.post(place, key, part, view, begun=False)
        await self._posts.stands(place, key, part, address, "")
        if found:
            address = await self._change(place, key, part, address, view, finished=bool(known and known.digest))
        await self._posts.stands(place, key, part, address, digest)

    async def _standing(self, place: Place, key: str, part: int, known: Post | None) -> str | None:
        """Where the part stands: by the records, by its mark after a crash, or as the draft whose place it takes."""
        if known is not None and (address := known.address or await self._poster.find(place, key, part)):
            return address
        if part == 0 and (address := await self._end_draft(place)):
            await self._posts.move(place, draft_key(place), key, address)
            return address
        return None

    async def _change(
        self, place: Place, key: str, part: int, address: str, view: MessageView, *, finished: bool
    ) -> str:
        """The address it then has. What somebody deleted is not written again, unless it was never finished."""
        try:
            await self._poster.change(address, view)
        except MessageGone:
            if finished:
                return address
            await self._posts.remove(place, key, part)
            await self._posts.begin(place, key, part)
            nonce = nonce_of(place, f"{key}:again", part)  # the first one's is the deleted message's
            address, _ = await self._poster.post(place, key, part, view, begun=False, nonce=nonce)
        return address

    async def _end_draft(self, place: Place) -> str | None:
        """Write no more of the draft of a place; its address, where it stands."""
        draft, key = self.drafts.pop(place.key, None), draft_key(place)
        address = await draft.finish() if draft is not None else None
        if address is None and (row := next(iter(await self._posts.of(place, key)), None)):
            # Left by a crash, or written although Discord's answer was lost.
            address = row.address or await self._poster.find(place, key, 0)
        return address

    async def _drop_draft(self, place: Place) -> None:
        if address := await self._end_draft(place):
            await self._poster.remove(address)
        await self._posts.remove(place, draft_key(place))

    async def _newest(self, thread: discord.Thread, before: float, limit: int) -> list[discord.Message]:
        """Oldest first, with the message that the thread was opened on."""
        try:
            found = await persistently(lambda: _listed(thread, before, limit), FEW)
        except ChatError:
            return []
        opened = [one for message in found if message.type is _STARTER and (one := replied_to(message)) is not None]
        return [*opened, *(one for one in found if one.type in WRITTEN)]

    def _turn(self, place: Place, key: str) -> asyncio.Lock:
        """Whoever shows one message shows it after whoever came before."""
        return self._turns.setdefault((place.channel_key, key), asyncio.Lock())


async def _listed(thread: discord.Thread, before: float, limit: int) -> list[discord.Message]:
    until = discord.Object(discord.utils.time_snowflake(datetime.fromtimestamp(before, UTC)))
    return [message async for message in thread.history(limit=limit, before=until)][::-1]
