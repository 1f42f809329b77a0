"""Posting, changing and deleting messages. docs.slack.dev/reference/methods/chat.postMessage and its siblings."""

from __future__ import annotations

from typing import Any

from tests.servers.slack import blocks as block_kit
from tests.servers.slack.call import Answer, Call, method
from tests.servers.slack.limits import Tier
from tests.servers.slack.records import Channel, Message
from tests.servers.slack.refusals import Refused, invalid

TEXT_KEPT = 40_000
"""chat.postMessage cuts longer text off; chat.update refuses more than 4,000."""
TEXT_OF_UPDATE = 4_000
MARKDOWN = 12_000
LOOK = ("username", "icon_emoji", "icon_url")
WORDS = ("text", "blocks", "attachments", "markdown_text")


@method(
    "chat.postMessage",
    Tier.POSTING,
    *("channel", "thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media", "unfurl_app_links"),
    *("as_user", "link_names", "parse", "mrkdwn", "metadata", "current_draft_last_updated_ts", *WORDS, *LOOK),
    scopes=("chat:write",),
)
def post_message(call: Call) -> Answer:
    channel = destination(call)
    content = words(call)
    message = Message(call.slack.clock.ts(), channel.id, call.who.bot_user, **content)
    message.text = message.text[:TEXT_KEPT]
    message.thread_ts = thread(call, channel)
    message.reply_broadcast = call.flag("reply_broadcast")
    message.metadata = metadata(call)
    for name in ("unfurl_links", "unfurl_media"):
        setattr(message, name, call.flag(name) if name in call.args else None)
    dress(call, message)
    call.slack.publish(message)
    answer: Answer = {"channel": channel.id, "ts": message.ts, "message": call.slack.shown(message)}
    if len(content["text"]) > TEXT_KEPT:
        answer["response_metadata"] = {"warnings": ["message_truncated"]}
    return answer


@method(
    "chat.postEphemeral",
    Tier.FOUR,
    *("channel", "user", "thread_ts", "as_user", "link_names", "parse", "metadata", *WORDS, *LOOK),
    scopes=("chat:write",),
)
def post_ephemeral(call: Call) -> Answer:
    channel = destination(call)
    reader = call.require("user")
    if reader not in channel.members:
        raise Refused("user_not_in_channel")
    content = words(call)
    if len(content["text"]) > TEXT_KEPT:
        raise Refused("msg_too_long")
    message = Message(call.slack.clock.ts(), channel.id, call.who.bot_user, ephemeral_to=reader, **content)
    message.thread_ts = thread(call, channel)
    dress(call, message)
    call.slack.publish(message, silently=True)
    return {"message_ts": message.ts}


@method(
    "chat.update",
    Tier.THREE,
    *("channel", "ts", "as_user", "file_ids", "link_names", "parse", "metadata", "reply_broadcast"),
    *("unfurled_attachments", *WORDS),
    scopes=("chat:write",),
)
def update(call: Call) -> Answer:
    channel = call.channel()
    if channel.is_archived:
        raise Refused("is_inactive")
    message = call.own(channel, "cant_update_message")
    call.slack.expire(message)
    if message.stream and message.stream.state == "in_progress":
        raise Refused("streaming_state_conflict")
    content = words(call)
    if len(call.string("text") or "") > TEXT_OF_UPDATE:
        raise Refused("msg_too_long")
    changed = metadata(call)
    before = call.slack.shown(message)
    _rewrite(call, message, content)
    message.metadata = changed if "metadata" in call.args else message.metadata
    call.slack.changed(message, before)
    shown = call.slack.shown(message)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def _rewrite(call: Call, message: Message, content: dict[str, Any]) -> None:
    """Text without blocks takes the blocks away; blocks without text leave the text; only text marks as edited."""
    message.versions.append(message.text)
    if call.args.get("blocks") is not None or "markdown_text" in call.args:
        message.blocks = content["blocks"]
    elif call.string("text") is not None:
        message.blocks = []
        message.edited = {"user": message.user, "ts": call.slack.clock.ts()}
    if call.string("text") is not None or "markdown_text" in call.args:
        message.text = content["text"]
    if call.args.get("attachments") is not None:
        message.attachments = content["attachments"]


@method("chat.delete", Tier.THREE, "channel", "ts", "as_user", scopes=("chat:write",))
def delete(call: Call) -> Answer:
    channel = call.channel()
    message = call.own(channel, "cant_delete_message")
    call.slack.expire(message)
    if message.stream and message.stream.state == "in_progress":
        raise Refused("cant_delete_message")
    call.slack.removed(message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.getPermalink", Tier.NONE, "channel", "message_ts")
def permalink(call: Call) -> Answer:
    channel = call.channel()
    message = call.slack.find(channel.id, call.string("message_ts"))
    if message is None:
        raise Refused("message_not_found")
    where = f"https://{call.team.domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    query = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
    return {"channel": channel.id, "permalink": where + query}


def destination(call: Call) -> Channel:
    """Where to post: an id, a #name, or a person's id for the direct conversation."""
    asked = call.require("channel")
    if asked in call.slack.users:
        return call.slack.direct(asked, call.who.bot_user)
    name = asked.removeprefix("#")
    by_name = next((each for each in call.slack.channels.values() if each.name == name and name), None)
    channel = by_name if by_name and call.sees(by_name) else call.channel()
    if channel.is_archived:
        raise Refused("is_archived")
    if channel.kind == "im" and not call.slack.app.messages_tab:
        raise Refused("messages_tab_disabled")
    if call.who.bot_user not in channel.members and "chat:write.public" not in call.who.scopes:
        raise Refused("not_in_channel")
    return channel


def words(call: Call) -> dict[str, Any]:
    """The text, blocks and attachments of a call, checked."""
    text, markdown = call.string("text"), call.string("markdown_text")
    blocks = checked_blocks(call)
    attachments = call.structure("attachments", "invalid_attachments") or []
    if markdown is not None:
        if text is not None or blocks:
            raise Refused("markdown_text_conflict")
        if len(markdown) > MARKDOWN:
            raise Refused("msg_too_long")
        return {"text": markdown, "blocks": [{"type": "markdown", "text": markdown}], "attachments": attachments}
    if text is None and not blocks and not attachments:
        raise Refused("no_text")
    if not isinstance(attachments, list):
        raise Refused("invalid_attachments")
    if len(attachments) > 100:
        raise Refused("too_many_attachments")
    shown = text if text is not None else "\n".join(block_kit.texts(blocks))
    return {"text": shown, "blocks": blocks, "attachments": attachments}


def checked_blocks(call: Call, name: str = "blocks") -> list[dict[str, Any]]:
    blocks = call.structure(name, "invalid_blocks_format")
    if blocks is None:
        return []
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    if problems := block_kit.check_message(blocks, f"/{name}"):
        raise invalid("invalid_blocks", problems)
    if block_kit.too_long(blocks):
        raise Refused("msg_blocks_too_long")
    return numbered(call, blocks)


def numbered(call: Call, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Blocks and actions without an id get one."""
    made = []
    for block in blocks:
        block = {**block, "block_id": block.get("block_id") or call.slack.clock.id("b", 6).lower()}
        parts = [*(block.get("elements") or []), block.get("accessory"), block.get("element")]
        for part in parts:
            if isinstance(part, dict) and part.get("type") not in ("image", "mrkdwn", "plain_text", None):
                _name(call, part)
        made.append(block)
    return made


def _name(call: Call, part: dict[str, Any]) -> None:
    if not str(part["type"]).startswith("rich_text_") or part["type"] == "rich_text_input":
        part.setdefault("action_id", call.slack.clock.id("a", 6).lower())


def thread(call: Call, channel: Channel) -> str | None:
    """The root of the thread to answer in: a reply's ts leads to its parent."""
    asked = call.timestamp("thread_ts", "invalid_thread_ts")
    if asked is None:
        return None
    root = call.slack.find(channel.id, asked)
    if root is None:
        raise Refused("thread_not_found")
    return root.root


def metadata(call: Call) -> dict[str, Any] | None:
    """docs.slack.dev/messaging/message-metadata."""
    given = call.structure("metadata", "invalid_metadata_format")
    if given is None or given == {}:
        return None
    typed = isinstance(given, dict) and "event_type" in given and isinstance(given.get("event_payload"), dict)
    if not typed and not (isinstance(given, dict) and "entities" in given):
        raise Refused("invalid_metadata_schema")
    return dict(given)


def dress(call: Call, message: Message) -> None:
    """Another name or icon needs its own scope."""
    look = {name: value for name in LOOK if (value := call.string(name))}
    if look:
        call.need("chat:write.customize")
    message.look = look
    message.team, message.bot_id, message.app_id = call.team.id, call.who.bot_id, call.slack.app.id
