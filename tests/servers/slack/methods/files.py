"""files.*. docs.slack.dev/reference/methods/files.getUploadURLExternal, files.completeUploadExternal, files.info."""

from __future__ import annotations

from tests.servers.slack import present
from tests.servers.slack.call import Answer, Call, method
from tests.servers.slack.limits import Tier
from tests.servers.slack.methods import chat
from tests.servers.slack.records import Channel, File, Message
from tests.servers.slack.refusals import Refused


@method("files.info", Tier.FOUR, "file", "count", "cursor", "limit", "page", scopes=("files:read",))
def info(call: Call) -> Answer:
    file = call.slack.files.get(call.string("file") or "")
    if file is None or not file.complete or not sees(call, file):
        raise Refused("file_not_found")
    if file.deleted:
        raise Refused("file_deleted")
    return {"file": present.file(file, call.slack.url), "comments": [], "response_metadata": {"next_cursor": ""}}


def sees(call: Call, file: File) -> bool:
    """A bot sees what it uploaded and what was shared where it is."""
    places = [call.slack.channels[each] for each in file.channels]
    return file.user == call.who.bot_user or any(call.who.bot_user in place.members for place in places)


@method(
    "files.getUploadURLExternal",
    Tier.FOUR,
    *("filename", "length", "alt_txt", "snippet_type"),
    scopes=("files:write",),
)
def upload_url(call: Call) -> Answer:
    name, length = call.string("filename"), call.string("length")
    if not name or not length or not length.isdigit() or int(length) == 0:
        raise Refused("missing_argument")
    if len(call.string("alt_txt") or "") > 1000:
        raise Refused("alt_txt_too_large")
    file = call.slack.add_file(call.who.bot_user, name, b"", complete=False)
    return {"upload_url": f"{call.slack.url}/upload/v1/{file.id}?length={length}", "file_id": file.id}


@method(
    "files.completeUploadExternal",
    Tier.FOUR,
    *("files", "channel_id", "channels", "initial_comment", "thread_ts", "blocks", *chat.LOOK),
    scopes=("files:write",),
)
def complete(call: Call) -> Answer:
    asked = call.structure("files", "invalid_arguments") or []
    files = [_uploaded(call, each) for each in asked]
    if not files:
        raise Refused("file_not_found")
    names = [call.string("channel_id"), *(call.string("channels") or "").split(",")]
    places = [_place(call, name) for name in names if name]
    blocks = chat.checked_blocks(call)
    for file, given in zip(files, asked, strict=True):
        file.complete = True
        file.title = given.get("title") or file.name
    for place in places:
        message = Message(call.slack.clock.ts(), place.id, call.who.bot_user, call.string("initial_comment") or "")
        message.thread_ts = chat.thread(call, place)
        message.blocks = [] if message.text else blocks
        message.files, message.subtype = files, "file_share"
        chat.dress(call, message)
        for file in files:
            file.channels.append(place.id)
        call.slack.publish(message)
    return {"files": [present.file(file, call.slack.url) for file in files]}


def _uploaded(call: Call, given: dict[str, str]) -> File:
    file = call.slack.files.get(given.get("id", ""))
    if file is None or file.user != call.who.bot_user or not file.data:
        raise Refused("file_not_found")
    return file


def _place(call: Call, name: str) -> Channel:
    channel = call.slack.channels.get(name)
    if channel is None or not call.sees(channel):
        raise Refused("channel_not_found")
    if call.who.bot_user not in channel.members:
        raise Refused("not_in_channel")
    return channel
