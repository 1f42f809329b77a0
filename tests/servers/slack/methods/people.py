"""users.*, team.info, reactions.*. docs.slack.dev/reference/methods."""

from __future__ import annotations

from tests.servers.slack import present
from tests.servers.slack.call import TS, Answer, Call, method
from tests.servers.slack.limits import Tier
from tests.servers.slack.records import Message, User
from tests.servers.slack.refusals import Refused


def _visible(call: Call, user: User) -> bool:
    """People of the workspace, and strangers met in a shared channel."""
    if user.team_id == call.team.id or call.who.team_id is None:
        return True
    return any(user.id in channel.members and call.sees(channel) for channel in call.slack.channels.values())


@method("users.info", Tier.FOUR, "user", "include_locale", scopes=("users:read",))
def users_info(call: Call) -> Answer:
    user = call.slack.users.get(call.string("user") or "")
    if user is None:
        raise Refused("user_not_found")
    if not _visible(call, user):
        raise Refused("user_not_visible")
    return {"user": present.user(user, call.team.id, email="users:read.email" in call.who.scopes)}


@method("users.list", Tier.TWO, "cursor", "limit", "include_locale", "team_id", scopes=("users:read",))
def users_list(call: Call) -> Answer:
    email = "users:read.email" in call.who.scopes
    users = [user for user in call.slack.users.values() if _visible(call, user)]
    page, cursor = call.page(users, 1000, 1000)
    members = [present.user(user, call.team.id, email=email) for user in page]
    return {"members": members, "cache_ts": int(call.slack.clock.now()), "response_metadata": {"next_cursor": cursor}}


@method("team.info", Tier.THREE, "team", "domain", scopes=("team:read",))
def team_info(call: Call) -> Answer:
    team = call.slack.teams.get(call.string("team") or call.team.id)
    if team is None:
        raise Refused("team_not_found")
    shown: Answer = {
        "id": team.id,
        "name": team.name,
        "domain": team.domain,
        "url": f"https://{team.domain}.slack.com/",
        "email_domain": "",
        "icon": {"image_default": True},
    }
    if team.enterprise_id:
        shown |= {"enterprise_id": team.enterprise_id, "enterprise_name": team.enterprise_name}
    return {"team": shown}


def _target(call: Call) -> Message:
    channel = call.channel()
    if channel.is_archived:
        raise Refused("is_archived")
    stamp = call.string("timestamp")
    if stamp is None:
        raise Refused("no_item_specified")
    if not TS.fullmatch(stamp):
        raise Refused("bad_timestamp")
    message = call.slack.find(channel.id, stamp)
    if message is None:
        raise Refused("message_not_found")
    return message


@method("reactions.add", Tier.THREE, "channel", "name", "timestamp", scopes=("reactions:write",))
def react(call: Call) -> Answer:
    message = _target(call)
    name = (call.string("name") or "").strip(":")
    if not name or " " in name:
        raise Refused("invalid_name")
    users = message.reactions.setdefault(name, [])
    if call.who.bot_user in users:
        raise Refused("already_reacted")
    users.append(call.who.bot_user)
    return {}


@method(
    "reactions.remove",
    Tier.TWO,
    *("channel", "name", "timestamp", "file", "file_comment"),
    scopes=("reactions:write",),
)
def unreact(call: Call) -> Answer:
    message = _target(call)
    name = (call.string("name") or "").strip(":")
    if call.who.bot_user not in message.reactions.get(name, []):
        raise Refused("no_reaction")
    message.reactions[name].remove(call.who.bot_user)
    if not message.reactions[name]:
        del message.reactions[name]
    return {}
