"""conversations.* and users.conversations. docs.slack.dev/reference/methods."""

from __future__ import annotations

from tests.servers.slack import present
from tests.servers.slack.call import Answer, Call, method
from tests.servers.slack.limits import Tier
from tests.servers.slack.records import Channel, Message
from tests.servers.slack.refusals import Refused

TYPES = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}
NEEDS = {"public": "channels:read", "private": "groups:read", "im": "im:read", "mpim": "mpim:read"}
READ = tuple(NEEDS.values())
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
WINDOW = ("channel", "cursor", "include_all_metadata", "inclusive", "latest", "limit", "oldest")


@method("conversations.info", Tier.THREE, "channel", "include_locale", "include_num_members", scopes=READ)
def info(call: Call) -> Answer:
    channel = call.channel(family="read")
    shown = present.channel(channel, call.who.bot_user)
    if call.flag("include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


@method("conversations.members", Tier.FOUR, "channel", "cursor", "limit", scopes=READ)
def members(call: Call) -> Answer:
    channel = call.channel(family="read")
    page, cursor = call.page(channel.members, 100, 1000)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


@method("conversations.list", Tier.TWO, "cursor", "exclude_archived", "limit", "team_id", "types", scopes=READ)
def listing(call: Call) -> Answer:
    return _listed(call, [each for each in _of_types(call) if call.sees(each)])


@method(
    "users.conversations",
    Tier.THREE,
    *("cursor", "exclude_archived", "exclude_muted", "limit", "team_id", "types", "user"),
    scopes=READ,
)
def users_conversations(call: Call) -> Answer:
    whose = call.string("user") or call.who.bot_user
    shared = [each for each in _of_types(call) if whose in each.members and call.sees(each)]
    return _listed(call, shared)


def _of_types(call: Call) -> list[Channel]:
    asked = (call.string("types") or "public_channel").replace(" ", "").split(",")
    if any(each not in TYPES for each in asked):
        raise Refused("invalid_types")
    if call.who.team_id is None and call.string("team_id") is None:
        raise Refused("missing_argument")
    kinds = {TYPES[each] for each in asked}
    for kind in kinds:
        call.need(NEEDS[kind])
    archived = not call.flag("exclude_archived")
    return [c for c in call.slack.channels.values() if c.kind in kinds and (archived or not c.is_archived)]


def _listed(call: Call, channels: list[Channel]) -> Answer:
    page, cursor = call.page(channels, 100, 1000)
    shown = [present.channel(each, call.who.bot_user) for each in page]
    return {"channels": shown, "response_metadata": {"next_cursor": cursor}}


@method("conversations.open", Tier.THREE, "channel", "prevent_creation", "return_im", "users")
def opened(call: Call) -> Answer:
    call.need("im:write", "mpim:write", "channels:manage", "groups:write")
    if call.string("channel"):
        channel = call.channel()
        if channel.kind not in ("im", "mpim"):
            raise Refused("method_not_supported_for_channel_type")
        return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}
    users = [each for each in (call.string("users") or "").split(",") if each]
    if not users:
        raise Refused("users_list_not_supplied")
    if len(users) > 8:
        raise Refused("too_many_users")
    if any(each not in call.slack.users for each in users):
        raise Refused("user_not_found")
    if any(call.slack.users[each].deleted for each in users):
        raise Refused("user_disabled")
    return _found_or_made(call, users)


def _found_or_made(call: Call, users: list[str]) -> Answer:
    wanted = {*users, call.who.bot_user}
    known = next(
        (c for c in call.slack.channels.values() if c.kind in ("im", "mpim") and set(c.members) == wanted), None
    )
    if known is None and call.flag("prevent_creation"):
        raise Refused("channel_not_found")
    if known is None and len(users) == 1:
        known = call.slack.direct(users[0], call.who.bot_user)
    channel = known or call.slack.add_channel(
        "mpdm-" + "--".join(users), kind="mpim", members=(*users, call.who.bot_user), bot=False, team=call.team
    )
    shown = present.channel(channel, call.who.bot_user) if call.flag("return_im") else {"id": channel.id}
    return {"channel": shown}


@method("conversations.history", Tier.THREE, *WINDOW, scopes=HISTORY)
def history(call: Call) -> Answer:
    channel = call.channel(family="history")
    if call.who.bot_user not in channel.members:
        raise Refused("not_in_channel")
    tops = [m for m in _readable(call, channel) if m.thread_ts is None or m.reply_broadcast or m.thread_ts == m.ts]
    newest_first = list(reversed(_in_window(call, tops)))
    page, cursor = call.page(newest_first, 100, 999)
    answer: Answer = {"messages": [_with_thread(call, m) for m in page], "has_more": bool(cursor), "pin_count": 0}
    return {**answer, "response_metadata": {"next_cursor": cursor}} if cursor else answer


@method("conversations.replies", Tier.THREE, "ts", *WINDOW, scopes=HISTORY)
def replies(call: Call) -> Answer:
    channel = call.channel(family="history")
    if call.who.bot_user not in channel.members:
        raise Refused("not_in_channel")
    asked = call.slack.find(channel.id, call.string("ts"))
    if asked is None:
        raise Refused("thread_not_found")
    whole = [m for m in _readable(call, channel) if m.root == asked.root]
    parent = [m for m in whole if m.ts == asked.root]
    rest = _in_window(call, [m for m in whole if m.ts != asked.root])
    page, cursor = call.page(rest, 1000, 1000)
    shown = [_with_thread(call, m) for m in (*parent, *page)]
    answer: Answer = {"messages": shown, "has_more": bool(cursor)}
    return {**answer, "response_metadata": {"next_cursor": cursor}} if cursor else answer


def _readable(call: Call, channel: Channel) -> list[Message]:
    for message in call.slack.posted:
        call.slack.expire(message)
    there = [m for m in call.slack.posted if m.channel == channel.id and not m.deleted and m.ephemeral_to is None]
    return sorted(there, key=lambda m: m.ts)


def _in_window(call: Call, messages: list[Message]) -> list[Message]:
    oldest = float(call.timestamp_or_number("oldest", "invalid_ts_oldest") or 0)
    latest = float(call.timestamp_or_number("latest", "invalid_ts_latest") or "inf")
    if call.flag("inclusive"):
        return [m for m in messages if oldest <= float(m.ts) <= latest]
    return [m for m in messages if oldest < float(m.ts) < latest]


def _with_thread(call: Call, message: Message) -> Answer:
    """A parent tells how many replies it has."""
    shown = call.slack.shown(message)
    if not call.flag("include_all_metadata"):
        shown.pop("metadata", None)
    answers = [
        m for m in call.slack.posted if m.thread_ts == message.ts != m.ts and not m.deleted and not m.ephemeral_to
    ]
    if answers:
        users = list(dict.fromkeys(m.user for m in answers))
        shown |= {
            "thread_ts": message.ts,
            "reply_count": len(answers),
            "reply_users_count": len(users),
            "reply_users": users,
            "latest_reply": answers[-1].ts,
        }
    return shown
