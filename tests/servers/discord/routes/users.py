"""The application itself, users, guilds and their members."""

from __future__ import annotations

from typing import Any

from tests.servers.discord.errors import ApiError, Form, refusal
from tests.servers.discord.payloads import Json, channel_json, guild_json, member_json, role_json, user_json
from tests.servers.discord.permissions import in_guild
from tests.servers.discord.router import Call, route


@route("GET", "/gateway")
async def gateway(call: Call) -> Any:
    return {"url": call.world.base.replace("http", "ws", 1) + "/gateway"}


@route("GET", "/gateway/bot")
async def gateway_bot(call: Call) -> Any:
    settings = call.world.settings
    limit = {
        "total": settings.session_start_limit,
        "remaining": call.world.session_starts_left,
        "reset_after": 86_400_000,
        "max_concurrency": settings.max_concurrency,
    }
    return await gateway(call) | {"shards": settings.shards, "session_start_limit": limit}


@route("GET", "/users/@me")
async def me(call: Call) -> Any:
    return user_json(call.world.bot) | {"verified": True, "mfa_enabled": True, "email": None, "flags": 0}


@route("GET", "/users/{user_id}")
async def user(call: Call) -> Any:
    return user_json(call.user())


@route("GET", "/users/@me/guilds")
async def my_guilds(call: Call) -> Any:
    found: list[Json] = []
    for guild in call.world.guilds.values():
        if guild.has_bot:
            permissions = str(int(in_guild(guild, guild.members[call.world.bot.id])))
            found.append({"id": str(guild.id), "name": guild.name, "icon": None, "banner": None, "features": []})
            found[-1] |= {"owner": False, "permissions": permissions}
    return found


@route("POST", "/users/@me/channels")
async def open_dm(call: Call) -> Any:
    recipient = call.world.users.get(int(call.fields.get("recipient_id") or 0))
    if recipient is None:
        raise refusal(10013)
    if recipient.bot:
        raise refusal(50007)
    return channel_json(call.world.dm_of(recipient))


@route("GET", "/oauth2/applications/@me")
async def oauth_application(call: Call) -> Any:
    world = call.world
    owner = next(one for one in world.users.values() if not one.bot)
    return world.application_json() | {
        "name": world.bot.name,
        "icon": None,
        "description": "Answers with footnotes.",
        "summary": "",
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "00" * 32,
        "owner": user_json(owner),
        "team": None,
        "rpc_origins": [],
        "hook": True,
        "interactions_endpoint_url": None,
        "integration_types_config": {"0": {"oauth2_install_params": None}},
    }


@route("GET", "/applications/@me")
async def application(call: Call) -> Any:
    return await oauth_application(call) | {"bot": user_json(call.world.bot)}


@route("GET", "/guilds/{guild_id}")
async def guild(call: Call) -> Any:
    found = call.guild()
    data = guild_json(found)
    if call.query.get("with_counts") in ("1", "true", "True"):
        data |= {"approximate_member_count": len(found.members), "approximate_presence_count": len(found.members)}
    return data


@route("GET", "/guilds/{guild_id}/channels")
async def guild_channels(call: Call) -> Any:
    return [channel_json(one) for one in call.guild().channels.values()]


@route("GET", "/guilds/{guild_id}/roles")
async def guild_roles(call: Call) -> Any:
    return [role_json(one) for one in call.guild().roles.values()]


@route("GET", "/guilds/{guild_id}/members/{user_id}")
async def guild_member(call: Call) -> Any:
    found = call.guild().members.get(call.user().id)
    if found is None:
        raise refusal(10007)
    return member_json(found)


@route("GET", "/guilds/{guild_id}/members")
async def guild_members(call: Call) -> Any:
    """Needs the members intent to be switched on (events/gateway#http-restrictions)."""
    if not call.world.settings.members_intent:
        raise refusal(50001)
    after = int(call.query.get("after") or 0)
    found = sorted(one for one in call.guild().members if one > after)[: call.limit(1, 1000)]
    return [member_json(call.guild().members[one]) for one in found]


@route("GET", "/guilds/{guild_id}/members/search")
async def search_members(call: Call) -> Any:
    form = Form()
    query = form.text(call.query.get("query"), "query", 100, shortest=1, required=True).lower()
    form.check()
    found = [one for one in call.guild().members.values() if (one.nick or one.user.name).lower().startswith(query)]
    return [member_json(one) for one in found[: call.limit(1, 1000)]]


@route("DELETE", "/users/@me/guilds/{guild_id}")
async def leave_guild(call: Call) -> Any:
    found = call.guild()
    if found.owner_id == call.world.bot.id:
        raise ApiError(400, 50055, "Invalid Guild")
    found.has_bot = False
    found.members.pop(call.world.bot.id, None)
    call.world.emit("GUILD_DELETE", {"id": str(found.id)}, guild=found)
