"""response_url: five posts within thirty minutes. docs.slack.dev/interactivity/handling-user-interaction#message_responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.slack.call import Call
from tests.servers.slack.methods import chat
from tests.servers.slack.records import Message, ResponseUrl
from tests.servers.slack.refusals import Refused

if TYPE_CHECKING:
    from tests.servers.slack.server import Slack

MOST_POSTS = 5
FIELDS = {
    *chat.WORDS,
    *("response_type", "replace_original", "delete_original", "thread_ts", "mrkdwn", "link_names", "parse"),
    *("unfurl_links", "unfurl_media", "metadata", "username", "icon_emoji", "icon_url"),
}


async def handle(slack: Slack, request: web.Request) -> web.Response:
    url = slack.response_urls.get(request.match_info["id"])
    if fault := slack.faults.take("response_url"):
        return web.Response(status=fault.status or 500)
    if url is None:
        return _refusal("invalid_url", 404)
    if slack.clock.now() - url.at > slack.timing.response_url:
        return _refusal("expired_url", 404)
    if url.posts >= MOST_POSTS:
        return _refusal("used_url", 404)
    try:
        given = json.loads(await request.text())
    except ValueError:
        return web.Response(status=400, text="invalid_payload")
    url.posts += 1
    problem = respond(slack, url, given)
    if problem:
        return _refusal(problem, 400 if problem == "no_text" else 200)
    return web.Response(text="ok")


def _refusal(error: str, status: int) -> web.Response:
    return web.json_response({"ok": False, "error": error}, status=status)


def respond(slack: Slack, url: ResponseUrl, given: dict[str, Any]) -> str:
    """Shows an answer to an interaction; the empty text if all was well, else the error."""
    for name in set(given) - FIELDS:
        slack.violate("undocumented_argument", f"response_url: {name}")
    original = next((m for m in slack.posted if m.ts == url.message_ts), None)
    if given.get("delete_original") in (True, "true") and original:
        original.deleted = True
        return ""
    call = Call(slack, "response_url", given, "", slack.serving(slack.users[url.user].team_id))
    try:
        content = chat.words(call)
        if given.get("replace_original") in (True, "true") and original:
            original.versions.append(original.text)
            original.text, original.blocks = content["text"], content["blocks"]
            return ""
        _post(call, url, given, content)
    except Refused as refusal:
        return refusal.error
    return ""


def _post(call: Call, url: ResponseUrl, given: dict[str, Any], content: dict[str, Any]) -> None:
    """Only the person who acted sees it, unless it is ``in_channel``."""
    message = Message(call.slack.clock.ts(), url.channel, call.who.bot_user, **content)
    message.thread_ts = given.get("thread_ts") or url.thread_ts
    private = given.get("response_type") != "in_channel"
    message.ephemeral_to = url.user if private else None
    message.team, message.bot_id, message.app_id = call.team.id, call.who.bot_id, call.slack.app.id
    call.slack.publish(message, silently=private)
