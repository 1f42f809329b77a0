"""Streaming messages. docs.slack.dev/reference/methods/chat.startStream, chat.appendStream, chat.stopStream.

Measured by others against the real one and kept here: an open stream refuses chat.update and chat.delete; a stream is
of text or of chunks for its whole life; a task's details and output are appended, its title and status replaced; a
stream ends by itself after about five minutes however often it is appended to.
"""

from __future__ import annotations

from typing import Any

from tests.servers.slack import blocks as block_kit
from tests.servers.slack.blocks.composition import URL_SOURCE
from tests.servers.slack.blocks.schema import Problems, anything, by_type, listing, one_of, shape, string
from tests.servers.slack.call import Answer, Call, method
from tests.servers.slack.limits import Tier
from tests.servers.slack.methods import chat
from tests.servers.slack.records import Channel, Message, Stream, Task
from tests.servers.slack.refusals import Refused, invalid

FIELD = string(256)
CHUNKS = listing(
    by_type(
        {
            "markdown_text": shape({"text": string()}),
            "task_update": shape(
                {"id": FIELD, "title": FIELD, "status": one_of("pending", "in_progress", "complete", "error")},
                {"details": FIELD, "output": FIELD, "sources": listing(URL_SOURCE)},
            ),
            "plan_update": shape({"title": FIELD}),
            "blocks": shape({"blocks": listing(anything, 50)}),
        }
    )
)
MODES = ("timeline", "plan", "dense")
CONTENT = ("markdown_text", "chunks")


@method(
    "chat.startStream",
    Tier.TWO,
    *("channel", "thread_ts", "recipient_team_id", "recipient_user_id", "task_display_mode", *CONTENT, *chat.LOOK),
    scopes=("chat:write",),
)
def start(call: Call) -> Answer:
    channel = chat.destination(call)
    call.require("thread_ts")
    root = chat.thread(call, channel)
    recipient = _recipient(call, channel)
    display = call.string("task_display_mode") or "timeline"
    if display not in MODES:
        raise invalid("invalid_arguments", ["must be a valid enum value [json-pointer:/task_display_mode]"])
    pieces = _pieces(call)
    now = call.slack.clock.now()
    message = Message(call.slack.clock.ts(), channel.id, call.who.bot_user, thread_ts=root)
    message.stream = Stream(now, now + call.slack.timing.stream, display=display, recipient=recipient)
    chat.dress(call, message)
    if pieces is not None:
        _append(call, message, pieces)
    call.slack.publish(message, silently=True)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.appendStream", Tier.FOUR, "channel", "ts", *CONTENT, scopes=("chat:write",))
def append(call: Call) -> Answer:
    channel, message = _open(call)
    pieces = _pieces(call)
    if pieces is None:
        raise Refused("markdown_text_or_chunks_required")
    _append(call, message, pieces)
    return {"channel": channel.id, "ts": message.ts}


@method(
    "chat.stopStream",
    Tier.TWO,
    *("channel", "ts", "blocks", "metadata", "session_status", *CONTENT),
    scopes=("chat:write",),
)
def stop(call: Call) -> Answer:
    channel, message = _open(call, stopping=True)
    pieces = _pieces(call)
    closing = chat.checked_blocks(call)
    status = call.string("session_status") or "active"
    if status not in ("active", "processing", "suspended", "closed"):
        raise invalid("invalid_arguments", ["must be a valid enum value [json-pointer:/session_status]"])
    about = chat.metadata(call)
    if pieces:
        _append(call, message, pieces)
    stream = message.stream
    assert stream is not None
    if not message.text and not message.blocks and not closing and not stream.tasks and not stream.plan:
        raise Refused("no_text")
    stream.state = "completed"
    message.blocks = [*message.blocks, *closing]
    message.metadata = about
    call.slack.session_after_stream(message, status)
    call.slack.spoken(message)
    return {"channel": channel.id, "ts": message.ts, "message": call.slack.shown(message)}


def _recipient(call: Call, channel: Channel) -> tuple[str | None, str | None]:
    team, user = call.string("recipient_team_id"), call.string("recipient_user_id")
    if channel.kind != "im" or call.slack.recipients_in_direct:
        if team is None:
            raise Refused("missing_recipient_team_id")
        if user is None:
            raise Refused("missing_recipient_user_id")
    if team is not None and team not in call.slack.teams:
        raise Refused("team_not_found")
    if user is not None and user not in call.slack.users:
        raise Refused("user_not_found")
    return team, user


def _open(call: Call, *, stopping: bool = False) -> tuple[Channel, Message]:
    channel = call.channel()
    if channel.is_archived:
        raise Refused("is_archived")
    message = call.own(channel, "message_not_owned_by_app")
    call.slack.expire(message)
    stream = message.stream
    if stream is None or stream.state == "completed" or (stopping and stream.state != "in_progress"):
        raise Refused("message_not_in_streaming_state")
    if stream.state == "stopped_by_user":
        raise Refused("stopped_by_user")
    return channel, message


def _pieces(call: Call) -> list[dict[str, Any]] | str | None:
    """The chunks or the text of a call; None if it brings neither."""
    text, chunks = call.string("markdown_text"), call.structure("chunks", "invalid_chunks")
    if text is not None and chunks is not None:
        raise Refused("cannot_provide_both_markdown_text_and_chunks")
    if chunks is None:
        if text is not None and len(text) > chat.MARKDOWN:
            raise Refused("msg_too_long")
        return text
    problems: Problems = []
    CHUNKS(chunks, "/chunks", problems)
    if problems:
        raise invalid("invalid_chunks", problems)
    if any(len(chunk.get("text", "")) > chat.MARKDOWN for chunk in chunks):
        raise Refused("msg_too_long")
    return [_blocks_checked(chunk, index) for index, chunk in enumerate(chunks)]


def _blocks_checked(chunk: dict[str, Any], index: int) -> dict[str, Any]:
    if chunk["type"] == "blocks":
        problems = block_kit.check_message(chunk["blocks"], f"/chunks/{index}/blocks")
        if problems:
            raise invalid("invalid_blocks", problems)
        if block_kit.too_long(chunk["blocks"]):
            raise Refused("msg_blocks_too_long")
    return chunk


def _append(call: Call, message: Message, pieces: list[dict[str, Any]] | str) -> None:
    stream = message.stream
    assert stream is not None
    mode = "text" if isinstance(pieces, str) else "chunks"
    if pieces and stream.mode not in (None, mode):
        raise Refused("streaming_mode_mismatch")
    if pieces:
        stream.mode = "text" if isinstance(pieces, str) else "chunks"
    chunks: list[dict[str, Any]] = [{"type": "markdown_text", "text": pieces}] if isinstance(pieces, str) else pieces
    added: list[dict[str, Any]] = [block for chunk in chunks if chunk["type"] == "blocks" for block in chunk["blocks"]]
    if len(message.blocks) + len(added) > 50:
        raise Refused("msg_blocks_too_many")
    message.blocks = [*message.blocks, *chat.numbered(call, added)]
    stream.appends += 1
    for chunk in chunks:
        _take(message, stream, chunk)


def _take(message: Message, stream: Stream, chunk: dict[str, Any]) -> None:
    if chunk["type"] == "markdown_text":
        message.text += chunk["text"]
    elif chunk["type"] == "plan_update":
        stream.plan = chunk["title"]
    elif chunk["type"] == "task_update":
        task = stream.tasks.setdefault(chunk["id"], Task(chunk["id"], "", ""))
        task.title, task.status = chunk["title"], chunk["status"]
        task.details += chunk.get("details") or ""
        task.output += chunk.get("output") or ""
        task.sources += chunk.get("sources") or []
