"""The gateway: who connects, and what may be done to the connections (docs.discord.com/developers/events/gateway)."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.discord.clock import iso
from tests.servers.discord.connection import Connection
from tests.servers.discord.models import Guild
from tests.servers.discord.payloads import channel_json, guild_json, member_json, user_json
from tests.servers.discord.permissions import P
from tests.servers.discord.sessions import KNOWN_INTENTS, MEMBERS, PRIVILEGED, Deliveries, Refused, Session

if TYPE_CHECKING:
    from tests.servers.discord.world import World

QUIET_CLOSE = (1000, 1001)
"""A client that closes with these gives its session up."""


class Gateway:
    def __init__(self, world: World) -> None:
        self.world = world
        self.deliveries = Deliveries()
        self.connections: list[Connection] = []
        self.identified: dict[int, float] = {}
        """When each bucket of shards identified last."""
        self.resumed = 0
        """How many sessions were resumed."""
        self.refuse_next = 0
        """So many of the next connections are refused with HTTP 502."""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_next > 0:
            self.refuse_next -= 1
            return web.Response(status=502, text="502 Bad Gateway")
        socket = web.WebSocketResponse(max_msg_size=0, compress=False, timeout=0.2)
        await socket.prepare(request)
        connection = Connection(self, socket, request)
        self.connections.append(connection)
        try:
            await connection.run()
        finally:
            self.connections.remove(connection)
            self._leave(connection)
        return socket

    def _leave(self, connection: Connection) -> None:
        session = connection.session
        if session is None or session.queue is not connection.queue:
            return
        session.queue, session.lost_at = None, self.world.clock.now()
        if connection.client_code in QUIET_CLOSE and session in self.world.sessions:
            self.world.sessions.remove(session)
        self.world.changed()

    def identify(self, data: dict[str, Any]) -> Session | None:
        """A new session; None if identifications follow each other too fast, `Refused` for the rest."""
        settings = self.world.settings
        if str(data.get("token", "")).removeprefix("Bot ") != settings.token:
            raise Refused(4004)
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            raise Refused(4013)
        if intents & PRIVILEGED & ~self.world.granted():
            raise Refused(4014)
        shard = data.get("shard", [0, 1])
        if len(shard) != 2 or not 0 <= shard[0] < shard[1]:
            raise Refused(4010)
        if not isinstance(data.get("properties"), dict):
            raise Refused(4002)
        now, bucket = self.world.clock.now(), shard[0] % settings.max_concurrency
        if not self.world.session_starts_left:  # the real one resets the token then
            raise Refused(4004)
        if now - self.identified.get(bucket, 0.0) < settings.identify_every:
            return None
        self.identified[bucket] = now
        self.world.session_starts += 1
        session = Session(secrets.token_hex(16), intents, (shard[0], shard[1]), self.deliveries)
        self.world.sessions.append(session)
        return session

    def welcome(self, session: Session) -> None:
        """READY, and then the guilds one by one."""
        world = self.world
        guilds = [one for one in world.guilds.values() if one.has_bot and session.holds(one)]
        ready = {
            "v": 10,
            "user": user_json(world.bot) | {"verified": True, "mfa_enabled": True, "email": None, "flags": 0},
            "guilds": [{"id": str(one.id), "unavailable": True} for one in guilds],
            "session_id": session.id,
            "resume_gateway_url": world.base.replace("http", "ws", 1) + "/gateway/resume",
            "shard": list(session.shard),
            "application": world.application_json(),
        }
        session.push("READY", ready, tidy=True)
        for guild in guilds:
            if session.wants("GUILD_CREATE", guild):
                session.push("GUILD_CREATE", self.guild_create(guild, session), tidy=True)

    def guild_create(self, guild: Guild, session: Session) -> dict[str, Any]:
        world = self.world
        threads = [one for one in world.channels.values() if one.guild is guild and one.is_thread and not one.archived]
        members = list(guild.members.values())
        if not session.intents & MEMBERS:
            members = [one for one in members if one.user is world.bot]
        empty = ("voice_states", "presences", "stage_instances", "guild_scheduled_events", "soundboard_sounds")
        return guild_json(guild) | {
            "joined_at": iso(guild.members[world.bot.id].joined_at),
            "large": False,
            "unavailable": False,
            "member_count": len(guild.members),
            "members": [member_json(one) for one in members],
            "channels": [channel_json(one) for one in guild.channels.values()],
            "threads": [channel_json(one, world.bot) for one in threads if world.mine(one) & P.VIEW_CHANNEL],
            **{key: [] for key in empty},
        }

    def resume(self, data: dict[str, Any], queue: asyncio.Queue[str]) -> Session | None:
        """The session goes on where the client says it was; None if it is gone."""
        if str(data.get("token", "")).removeprefix("Bot ") != self.world.settings.token:
            raise Refused(4004)
        now = self.world.clock.now()
        for session in self.world.sessions:
            expired = session.queue is None and now - session.lost_at > self.world.settings.session_lifetime
            if session.id == data.get("session_id") and not expired:
                break
        else:
            return None
        after = data.get("seq")
        if not isinstance(after, int) or after > session.last:
            raise Refused(4007)
        for frame in session.replay(after):
            queue.put_nowait(frame)
        session.queue = queue
        session.push("RESUMED", {"_trace": []}, tidy=True)
        self.resumed += 1
        return session

    def chunk(self, session: Session, data: dict[str, Any]) -> None:
        """Request guild members: all of them need the members intent, else by prefix or by id."""
        guild = self.world.guilds.get(int(data.get("guild_id") or 0))
        if guild is None or not guild.has_bot:
            return
        members = list(guild.members.values())
        if data.get("user_ids"):
            ids = data["user_ids"] if isinstance(data["user_ids"], list) else [data["user_ids"]]
            members = [one for one in members if str(one.user.id) in map(str, ids)]
        elif data.get("query"):
            members = [one for one in members if one.user.name.startswith(data["query"])][: data.get("limit") or 100]
        elif not session.intents & MEMBERS:
            members = []
        chunk: dict[str, Any] = {
            "guild_id": str(guild.id),
            "members": [member_json(one) for one in members],
            "chunk_index": 0,
            "chunk_count": 1,
        }
        session.push("GUILD_MEMBERS_CHUNK", chunk | ({"nonce": data["nonce"]} if data.get("nonce") else {}), tidy=True)

    # what can be done to it

    def drop(self, code: int | None = None, *, forget: bool = False, shard: int | None = None) -> None:
        """Cut every connection, or those of one shard: with no word, or with a close code. What is forgotten can't be resumed."""
        sessions = [one for one in self.world.sessions if shard in (None, one.shard[0])]
        if forget:
            self.world.sessions[:] = [one for one in self.world.sessions if one not in sessions]
        for connection in list(self.connections):
            if shard is None or connection.session in sessions:
                connection.cut(code)

    def fall_silent(self) -> None:
        """On the sockets of now nothing more is sent, acknowledgements neither, and they stay open; a new one works."""
        for connection in self.connections:
            connection.speaking.clear()

    def speak(self) -> None:
        for connection in self.connections:
            connection.speaking.set()

    def ask_reconnect(self) -> None:
        for connection in self.connections:
            connection.send(7, None)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Invalid Session to all; the sessions are forgotten unless they may be resumed."""
        for connection in self.connections:
            connection.send(9, resumable)
        if not resumable:
            self.world.sessions.clear()
