"""The double of Slack, asked by the real SDKs: it refuses what the real one refuses, and delivers what it delivers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qs, urlparse

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.servers.slack import App, Chaos, Message, RateLimits, Slack, Timing

Json = dict[str, Any]


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(rates=RateLimits.off(), timing=Timing.quick()) as server:
        yield server


@pytest.fixture
def client(slack: Slack) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, timeout=5)


async def refusal(work: Any) -> Any:
    """The whole answer of a call that must be refused."""
    with pytest.raises(SlackApiError) as caught:
        await work
    return caught.value.response


async def error(work: Any) -> str:
    return str((await refusal(work))["error"])


def section(text: str = "words", **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str = "go", text: str = "Go", **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}, **more}


def actions(*elements: Json, **more: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **more}


def modal(*blocks: Json, **more: Any) -> Json:
    title = {"type": "plain_text", "text": "A form"}
    return {
        "type": "modal",
        "title": title,
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [*blocks],
        **more,
    }


def field(block_id: str = "reason", **more: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": "typed"}
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": "Why"},
        "element": element,
        **more,
    }


async def nothing() -> None:
    """A listener for what a test does not look at."""


@asynccontextmanager
async def app_on_socket(slack: Slack, prepare: Callable[[AsyncApp], None]) -> AsyncIterator[AsyncApp]:
    """A Bolt app as it would run, connected."""
    app = AsyncApp(client=AsyncWebClient(token=slack.bot_token, base_url=slack.api_url))
    prepare(app)
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=1)
    await handler.connect_async()
    await slack.sockets.connected()
    try:
        yield app
    finally:
        await handler.close_async()


# Tokens and scopes


async def test_who_the_token_is(slack: Slack, client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == (slack.team.id, slack.bot.id, slack.bot.bot_id)
    assert slack.calls[0].method == "auth.test"
    assert slack.calls[0].token == slack.bot_token
    assert slack.calls[0].ok


async def test_bad_tokens_are_refused_by_name(slack: Slack, client: AsyncWebClient) -> None:
    nobody = AsyncWebClient(base_url=slack.api_url)
    assert await error(nobody.auth_test()) == "not_authed"
    assert await error(client.auth_test(token="xoxb-nonsense")) == "invalid_auth"
    assert await error(client.auth_test(token=slack.app_token)) == "not_allowed_token_type"
    assert await error(client.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"
    await slack.revoke_tokens()
    assert await error(client.auth_test()) == "token_revoked"


async def test_an_uninstalled_app_is_inactive(slack: Slack, client: AsyncWebClient) -> None:
    await slack.uninstall()
    assert await error(client.auth_test()) == "account_inactive"


async def test_revoking_ones_own_token(client: AsyncWebClient) -> None:
    assert (await client.auth_revoke())["revoked"] is True
    assert await error(client.auth_test()) == "token_revoked"


async def test_missing_scope_says_which() -> None:
    async with Slack(App(scopes=("chat:write",)), rates=RateLimits.off()) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        answer = await refusal(client.users_info(user=slack.user("ada").id))
        assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "users:read", "chat:write")
        assert await error(client.chat_postMessage(channel="#general", text="x", username="Else")) == "missing_scope"


async def test_unknown_methods_and_broken_bodies(slack: Slack, client: AsyncWebClient) -> None:
    assert await error(client.api_call("chat.shout")) == "unknown_method"
    assert (await client.api_test(foo="bar"))["args"] == {"foo": "bar"}
    headers = {"Authorization": f"Bearer {slack.bot_token}", "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(slack.api_url + "auth.test", data="{oops", headers=headers) as answer,
    ):
        assert (await answer.json())["error"] == "invalid_json"


# Posting


async def test_where_one_may_post(slack: Slack, client: AsyncWebClient) -> None:
    slack.add_channel("elsewhere", members=("ada",), bot=False)
    slack.add_channel("hidden", kind="private", members=("ada",), bot=False)
    slack.add_channel("old", is_archived=True)
    for name, expected in (
        ("C0NOTHING", "channel_not_found"),
        (slack.channel("elsewhere").id, "not_in_channel"),
        (slack.channel("hidden").id, "channel_not_found"),
        (slack.channel("old").id, "is_archived"),
    ):
        assert await error(client.chat_postMessage(channel=name, text="x")) == expected
    answer = await client.chat_postMessage(channel=slack.user("ada").id, text="psst")
    assert answer["channel"] == slack.direct("ada").id


async def test_what_a_message_needs(slack: Slack, client: AsyncWebClient) -> None:
    post = client.chat_postMessage
    assert await error(post(channel="#general")) == "no_text"
    assert await error(post(channel="#general", text="a", markdown_text="b")) == "markdown_text_conflict"
    assert await error(post(channel="#general", markdown_text="x" * 12_001)) == "msg_too_long"
    assert await error(post(channel="#general", text="x", thread_ts="0")) == "invalid_thread_ts"
    assert await error(post(channel="#general", text="x", thread_ts="1000000000.000001")) == "thread_not_found"
    assert await error(post(channel="#general", text="x", metadata={"event": 1})) == "invalid_metadata_schema"
    long = await post(channel="#general", text="x" * 40_001)
    assert len(slack.message(long["ts"]).text) == 40_000
    assert long["response_metadata"]["warnings"] == ["message_truncated"]


async def test_a_reply_to_a_reply_lands_in_the_thread(slack: Slack, client: AsyncWebClient) -> None:
    root = await client.chat_postMessage(channel="#general", text="root", unfurl_links=False)
    reply = await client.chat_postMessage(channel="#general", text="one", thread_ts=root["ts"])
    await client.chat_postMessage(channel="#general", text="two", thread_ts=reply["ts"])
    assert [m.text for m in slack.messages("general", root["ts"])] == ["root", "one", "two"]
    assert slack.message(root["ts"]).unfurl_links is False
    answer = await client.conversations_replies(channel=slack.channel("general").id, ts=root["ts"])
    assert answer["messages"][0]["reply_count"] == 2


async def test_changing_and_deleting(slack: Slack, client: AsyncWebClient) -> None:
    general = slack.channel("general").id
    theirs = await slack.say("ada", "general", "hers")
    own = (await client.chat_postMessage(channel=general, text="mine", blocks=[section("mine")]))["ts"]
    assert await error(client.chat_update(channel=general, ts=theirs.ts, text="x")) == "cant_update_message"
    assert await error(client.chat_delete(channel=general, ts=theirs.ts)) == "cant_delete_message"
    assert await error(client.chat_update(channel=general, ts="1000000000.000001", text="x")) == "message_not_found"
    assert await error(client.chat_update(channel=general, ts=own, text="x" * 4001)) == "msg_too_long"
    await client.chat_update(channel=general, ts=own, text="other", blocks=[section("other")])
    assert slack.message(own).edited is None
    await client.chat_update(channel=general, ts=own, text="plain")
    assert (slack.message(own).blocks, slack.message(own).versions) == ([], ["mine", "other"])
    await client.chat_delete(channel=general, ts=own)
    assert own not in [m.ts for m in slack.messages("general")]


async def test_only_its_reader_sees_an_ephemeral(slack: Slack, client: AsyncWebClient) -> None:
    general, ada = slack.channel("general").id, slack.user("ada").id
    await client.chat_postEphemeral(channel=general, user=ada, text="for you")
    assert [m.text for m in slack.messages("general", reader="ada")] == ["for you"]
    assert slack.messages("general", reader="ben") == []
    outsider = slack.add_user("cleo")
    assert await error(client.chat_postEphemeral(channel=general, user=outsider.id, text="x")) == "user_not_in_channel"


async def test_permalinks(slack: Slack, client: AsyncWebClient) -> None:
    said = await slack.say("ada", "general", "hello")
    link = (await client.chat_getPermalink(channel=said.channel, message_ts=said.ts))["permalink"]
    assert link == f"https://acme.slack.com/archives/{said.channel}/p{said.ts.replace('.', '')}"


# Block Kit

CELL = {"type": "raw_text", "text": "x"}
OPTION = {"text": {"type": "plain_text", "text": "One"}, "value": "1"}
BAD_BLOCKS: list[tuple[list[Any], str]] = [
    ([{"type": "nonsense"}], "unsupported type: nonsense [json-pointer:/blocks/0]"),
    ([{"text": "x"}], "missing required field: type [json-pointer:/blocks/0]"),
    ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ([section(colour="red")], "invalid additional property: colour [json-pointer:/blocks/0]"),
    ([{"type": "section"}], "missing required field: text or fields [json-pointer:/blocks/0]"),
    ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}], "no more than 10 items"),
    ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}], "/blocks/0/fields/0/text"),
    ([section()] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "must be less than 151"),
    ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "unsupported type: mrkdwn"),
    ([actions(*[button(f"a{n}") for n in range(26)])], "no more than 25 items"),
    ([actions(button(text="x" * 76))], "must be less than 76 characters"),
    ([actions(button(value="x" * 2001))], "must be less than 2001 characters"),
    ([actions(button("x" * 256))], "must be less than 256 characters"),
    ([actions(button(style="pretty"))], "must be a valid enum value"),
    ([actions(button(), button())], "`action_id` `go` already exists"),
    ([section(block_id="a"), section(block_id="a")], "`block_id` `a` already exists"),
    ([section(block_id="x" * 256)], "must be less than 256 characters"),
    ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}], "no more than 10 items"),
    ([{"type": "markdown", "text": "x" * 7000}, {"type": "markdown", "text": "x" * 5001}], "12001 characters"),
    ([actions({"type": "plain_text_input", "action_id": "a"})], "unsupported type: plain_text_input"),
    ([actions({"type": "static_select", "action_id": "a", "options": [OPTION] * 101})], "no more than 100 items"),
    ([{"type": "context_actions", "elements": [button()]}], "unsupported type: button"),
    ([{"type": "task_card", "task_id": "1", "title": "t", "status": "cancelled"}], "must be a valid enum value"),
    ([{"type": "plan", "title": "p", "tasks": [{"task_id": "1", "title": "t"}] * 2}], "task_id must be unique"),
    ([{"type": "table", "rows": [[CELL] * 21]}], "no more than 20 items"),
    ([{"type": "table", "rows": [[CELL]]}] * 2, "only_1_table_allowed"),
    ([{"type": "data_table", "caption": "c", "rows": [[CELL], [CELL, CELL]]}], "same number of cells"),
    ([{"type": "image", "alt_text": "x"}], "missing required field: image_url or slack_file"),
    ([{"type": "alert", "text": {"type": "plain_text", "text": "x"}}], "unsupported type: alert"),
    (
        [{"type": "rich_text", "elements": [{"type": "rich_text_list", "elements": []}]}],
        "missing required field: style",
    ),
]


@pytest.mark.parametrize(("blocks", "expected"), BAD_BLOCKS, ids=[expected[:40] for _, expected in BAD_BLOCKS])
async def test_bad_blocks_are_pointed_at(client: AsyncWebClient, blocks: list[Any], expected: str) -> None:
    answer = await refusal(client.chat_postMessage(channel="#general", text="x", blocks=blocks))
    assert answer["error"] == "invalid_blocks"
    assert any(expected in message for message in answer["response_metadata"]["messages"])
    assert answer["response_metadata"]["messages"][0].startswith("[ERROR] ")


async def test_blocks_that_are_no_blocks_and_too_much_of_them(client: AsyncWebClient) -> None:
    post = client.chat_postMessage
    assert await error(post(channel="#general", text="x", blocks="{not json")) == "invalid_blocks_format"
    assert await error(post(channel="#general", text="x", blocks=[section("x" * 2900)] * 5)) == "msg_blocks_too_long"


async def test_good_blocks_of_every_kind(client: AsyncWebClient) -> None:
    plain = {"type": "plain_text", "text": "x"}
    rated = {"text": plain, "value": "v"}
    words = {"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"bold": True}}]}
    rich = {
        "type": "rich_text",
        "elements": [words, {"type": "rich_text_list", "style": "bullet", "elements": [words]}],
    }
    thumbs = {"type": "feedback_buttons", "action_id": "f", "positive_button": rated, "negative_button": rated}
    await client.chat_postMessage(
        channel="#general",
        text="x",
        blocks=[
            section(accessory=button()),
            {"type": "header", "text": plain},
            {"type": "divider"},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}]},
            actions(button(), {"type": "static_select", "action_id": "s", "options": [OPTION], "placeholder": plain}),
            {"type": "context_actions", "elements": [thumbs]},
            {"type": "context_actions", "elements": [{"type": "icon_button", "icon": "trash", "text": plain}]},
            {"type": "markdown", "text": "**x**"},
            rich,
            {"type": "task_card", "task_id": "1", "title": "t", "status": "complete", "output": rich},
            {"type": "plan", "title": "p", "tasks": [{"task_id": "1", "title": "t", "status": "in_progress"}]},
            {"type": "table", "rows": [[CELL, {"type": "raw_number", "value": 1, "text": "1"}]]},
            {"type": "card", "title": {"type": "mrkdwn", "text": "x"}, "actions": [button()]},
            {"type": "container", "title": plain, "child_blocks": [section()]},
            field("in_message", dispatch_action=True),
        ],
    )


# Streaming


async def stream_in(slack: Slack, client: AsyncWebClient, **more: Any) -> tuple[Message, Any]:
    asked = await slack.mention("ada", "general", "please")
    to = {"recipient_user_id": asked.user, "recipient_team_id": slack.team.id}
    started = await client.chat_startStream(channel=asked.channel, thread_ts=asked.ts, **to, **more)
    return asked, started


async def test_a_stream_is_rolled_up(slack: Slack, client: AsyncWebClient) -> None:
    asked = await slack.mention("ada", "general", "please")
    streamer = await client.chat_stream(
        channel=asked.channel,
        thread_ts=asked.ts,
        recipient_user_id=asked.user,
        recipient_team_id=slack.team.id,
        task_display_mode="plan",
        buffer_size=1,
    )
    task = {"type": "task_update", "id": "1", "title": "Searching", "status": "in_progress", "details": "a"}
    await streamer.append(chunks=[{"type": "plan_update", "title": "Thinking"}, task])
    await streamer.append(markdown_text="Hello ")
    await streamer.append(chunks=[{**task, "title": "Searched", "status": "complete", "details": "b"}])
    open_now = slack.by_app("general", asked.ts)[-1]
    assert (open_now.text, open_now.stream and open_now.stream.state) == ("Hello ", "in_progress")
    await streamer.stop(markdown_text="world", blocks=[actions(button())])
    done = slack.by_app("general", asked.ts)[-1]
    assert (done.text, done.plan, done.blocks[0]["type"]) == ("Hello world", "Thinking", "actions")
    assert (done.tasks["1"].title, done.tasks["1"].status, done.tasks["1"].details) == ("Searched", "complete", "ab")


async def test_what_a_stream_refuses(slack: Slack, client: AsyncWebClient) -> None:
    asked, started = await stream_in(slack, client, markdown_text="a")
    where = {"channel": asked.channel, "ts": started["ts"]}
    begin = {"channel": asked.channel, "thread_ts": asked.ts}
    user = {"recipient_user_id": asked.user}
    assert await error(client.chat_startStream(**begin, **user)) == "missing_recipient_team_id"
    assert await error(client.chat_startStream(**begin, recipient_team_id=slack.team.id)) == "missing_recipient_user_id"
    assert await error(client.api_call("chat.startStream", json={"channel": asked.channel})) == "invalid_arguments"
    assert await error(client.chat_appendStream(**where)) == "markdown_text_or_chunks_required"
    chunk = {"type": "markdown_text", "text": "b"}
    assert await error(client.chat_appendStream(**where, chunks=[chunk])) == "streaming_mode_mismatch"
    both = client.chat_appendStream(**where, chunks=[chunk], markdown_text="b")
    assert await error(both) == "cannot_provide_both_markdown_text_and_chunks"
    assert await error(client.chat_appendStream(**where, markdown_text="x" * 12_001)) == "msg_too_long"
    assert await error(client.chat_update(**where, text="x")) == "streaming_state_conflict"
    assert await error(client.chat_delete(**where)) == "cant_delete_message"
    long = {"type": "task_update", "id": "1", "title": "x" * 257, "status": "complete"}
    assert await error(client.chat_appendStream(**where, chunks=[long])) == "invalid_chunks"
    await client.chat_stopStream(**where)
    assert await error(client.chat_appendStream(**where, markdown_text="b")) == "message_not_in_streaming_state"
    assert await error(client.chat_stopStream(**where)) == "message_not_in_streaming_state"
    await client.chat_update(**where, text="after the end")


async def test_a_stream_ends_by_itself(slack: Slack, client: AsyncWebClient) -> None:
    asked, started = await stream_in(slack, client, markdown_text="a")
    slack.clock.advance(301)
    late = client.chat_appendStream(channel=asked.channel, ts=started["ts"], markdown_text="b")
    assert await error(late) == "message_not_in_streaming_state"


async def test_the_stop_button(slack: Slack, client: AsyncWebClient) -> None:
    asked, started = await stream_in(slack, client, markdown_text="a")
    with pytest.raises(PermissionError):
        await slack.stop("ada", "general", asked.ts)
    where = {"channel_id": asked.channel, "thread_ts": asked.ts}
    await client.agents_sessions_setStatus(**where, status="processing", title="A question")
    await slack.stop("ada", "general", asked.ts)
    event = slack.courier.deliveries[-1].payload["event"]
    assert (event["type"], event["streaming_message_ts"]) == ("agent_session_stopped", [started["ts"]])
    late = client.chat_appendStream(channel=asked.channel, ts=started["ts"], markdown_text="b")
    assert await error(late) == "stopped_by_user"
    await client.agents_sessions_rename(**where, title="Another")
    await client.agents_sessions_setStatus(**where, status="active")
    session = slack.sessions[(asked.channel, asked.ts)]
    assert (session.title, session.history) == ("Another", ["processing", "active"])


async def test_sessions_refuse(slack: Slack, client: AsyncWebClient) -> None:
    said = await slack.say("ada", "general", "x")
    status = client.agents_sessions_setStatus
    assert await error(status(channel_id=said.channel, status="active")) == "thread_ts_required"
    assert await error(status(channel_id=said.channel, thread_ts=said.ts, status="busy")) == "invalid_status"
    rename = client.agents_sessions_rename(channel_id=said.channel, thread_ts=said.ts, title="x")
    assert await error(rename) == "session_not_found"
    slack.app.bot_events = ("app_mention",)
    warned = await status(channel_id=said.channel, thread_ts=said.ts, status="processing")
    assert warned["warning"] == "missing_agent_session_stopped_event_subscription"
    slack.app.agent_view = False
    assert await error(status(channel_id=said.channel, thread_ts=said.ts, status="active")) == "feature_disabled"


async def test_assistant_threads(slack: Slack, client: AsyncWebClient) -> None:
    said = await slack.dm("ada", "hello")
    where = {"channel_id": said.channel, "thread_ts": said.ts}
    await client.assistant_threads_setStatus(**where, status="is searching…", loading_messages=["one", "two"])
    assert slack.status(slack.channels[said.channel], said.ts) == "is searching…"
    await client.chat_postMessage(channel=said.channel, thread_ts=said.ts, text="found")
    assert slack.status(slack.channels[said.channel], said.ts) == ""
    nowhere = {"channel_id": said.channel, "thread_ts": "1000000000.000001"}
    assert await error(client.assistant_threads_setStatus(**nowhere, status="x")) == "invalid_thread_ts"
    prompts = [{"title": "Ask", "message": "What is new?"}]
    await client.assistant_threads_setSuggestedPrompts(channel_id=said.channel, prompts=prompts)
    assert slack.prompts[(said.channel, None)]["prompts"] == prompts
    await client.assistant_threads_setSuggestedPrompts(**where, prompts=prompts)
    assert slack.violations[-1].kind == "thread_ts_in_agent_view"


# Conversations, people, files


async def test_conversations_page_by_cursor(slack: Slack, client: AsyncWebClient) -> None:
    general = slack.channel("general")
    general.members += [slack.add_user(f"u{n}").id for n in range(5)]
    found: list[str] = []
    async for page in await client.conversations_members(channel=general.id, limit=3):
        found += page["members"]
    assert found == general.members
    listed = await client.conversations_list(types="public_channel,private_channel")
    assert [each["name"] for each in listed["channels"]] == ["general"]
    assert (await client.conversations_info(channel=general.id))["channel"]["is_member"] is True
    assert await error(client.conversations_members(channel=general.id, cursor="nonsense")) == "invalid_cursor"
    assert await error(client.conversations_list(types="secret")) == "invalid_types"
    mine = await client.users_conversations()
    assert [each["id"] for each in mine["channels"]] == [general.id]


async def test_history_has_the_newest_first_and_no_replies(slack: Slack, client: AsyncWebClient) -> None:
    one = await slack.say("ada", "general", "one")
    await slack.say("ben", "general", "a reply", one.ts)
    two = await slack.say("ada", "general", "two")
    answer = await client.conversations_history(channel=one.channel)
    assert [m["text"] for m in answer["messages"]] == ["two", "one"]
    newer = await client.conversations_history(channel=one.channel, oldest=one.ts)
    assert [m["ts"] for m in newer["messages"]] == [two.ts]
    slack.add_channel("elsewhere", members=("ada",), bot=False)
    unread = client.conversations_history(channel=slack.channel("elsewhere").id)
    assert await error(unread) == "not_in_channel"
    assert await error(client.conversations_replies(channel=one.channel, ts="1000000000.000001")) == "thread_not_found"


async def test_a_thread_has_the_oldest_first_and_its_parent_on_each_page(slack: Slack, client: AsyncWebClient) -> None:
    root = await slack.say("ada", "general", "the beginning")
    replies = [await slack.say("ben", "general", f"reply {number}", root.ts) for number in range(5)]
    of: Json = {"channel": root.channel, "ts": root.ts, "limit": 2}
    pages, cursor = [], ""
    for more in (True, True, False):
        answer = await client.conversations_replies(**of, **({"cursor": cursor} if cursor else {}))
        assert answer["has_more"] is more
        pages.append([message["text"] for message in answer["messages"]])
        cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
        assert bool(cursor) is more
    assert pages == [["the beginning", f"reply {n}", *([f"reply {n + 1}"] if n < 4 else [])] for n in (0, 2, 4)]
    within = await client.conversations_replies(**of, oldest=replies[0].ts, latest=replies[4].ts)
    assert [message["text"] for message in within["messages"]] == ["the beginning", "reply 1", "reply 2"]
    assert within["messages"][0]["reply_count"] == 5
    assert await error(client.conversations_replies(**{**of, "limit": 1_001})) == "invalid_limit"
    assert await error(client.conversations_replies(**of, cursor="nonsense")) == "invalid_cursor"


async def test_people_and_direct_conversations(slack: Slack, client: AsyncWebClient) -> None:
    guest = slack.add_user("gus", is_ultra_restricted=True)
    shown = (await client.users_info(user=guest.id))["user"]
    assert (shown["is_restricted"], shown["is_ultra_restricted"]) == (True, True)
    assert await error(client.users_info(user="U0NOBODY")) == "user_not_found"
    opened = await client.conversations_open(users=[guest.id])
    assert opened["channel"]["id"] == slack.direct(guest).id
    assert await error(client.conversations_open(users=["U0NOBODY"])) == "user_not_found"
    assert (await client.team_info())["team"]["domain"] == "acme"


async def test_reactions(slack: Slack, client: AsyncWebClient) -> None:
    said = await slack.say("ada", "general", "x")
    where = {"channel": said.channel, "timestamp": said.ts}
    await client.reactions_add(**where, name="eyes")
    assert await error(client.reactions_add(**where, name="eyes")) == "already_reacted"
    assert said.reactions == {"eyes": [slack.bot.id]}
    await client.reactions_remove(**where, name="eyes")
    assert said.reactions == {}


async def test_a_file_needs_the_token(slack: Slack, client: AsyncWebClient) -> None:
    shared = await slack.upload("ada", "general", "notes.txt", b"the notes", "here")
    info = (await client.files_info(file=shared.files[0].id))["file"]
    async with aiohttp.ClientSession() as session:
        async with session.get(info["url_private"]) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")
        headers = {"Authorization": f"Bearer {slack.bot_token}"}
        async with session.get(info["url_private_download"], headers=headers) as answer:
            assert await answer.read() == b"the notes"
    assert await error(client.files_info(file="F0NOTHING")) == "file_not_found"


async def test_uploading(slack: Slack, client: AsyncWebClient) -> None:
    general = slack.channel("general").id
    await client.files_upload_v2(filename="report.md", content="# Report", channel=general, initial_comment="Look")
    said = slack.by_app("general")[-1]
    assert (said.text, said.files[0].name, said.files[0].data) == ("Look", "report.md", b"# Report")


# Rate limits and faults


async def test_posting_faster_than_a_message_a_second() -> None:
    async with Slack(rates=RateLimits(posting_burst=2)) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        for _ in range(2):
            await client.chat_postMessage(channel="#general", text="x")
        answer = await refusal(client.chat_postMessage(channel="#general", text="x"))
        assert (answer["error"], answer.status_code, answer.headers["Retry-After"]) == ("ratelimited", 429, "1")
        slack.clock.advance(2.5)
        await client.chat_postMessage(channel="#general", text="x")
        assert slack.violations == []


async def test_a_method_has_its_own_limit_and_waiting_is_checked() -> None:
    async with Slack(rates=RateLimits(methods={"conversations.replies": 1})) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        said = await slack.say("ada", "general", "x")
        await client.conversations_replies(channel=said.channel, ts=said.ts)
        assert await error(client.conversations_replies(channel=said.channel, ts=said.ts)) == "ratelimited"
        assert await error(client.conversations_replies(channel=said.channel, ts=said.ts)) == "ratelimited"
        assert [v.kind for v in slack.violations] == ["retried_too_early"]


async def test_injected_faults(slack: Slack, client: AsyncWebClient) -> None:
    slack.fail("auth.test", error="fatal_error")
    assert await error(client.auth_test()) == "fatal_error"
    slack.fail("auth.test", status=503)
    assert (await refusal(client.auth_test())).status_code == 503
    slack.fail("auth.test", retry_after=7)
    assert (await refusal(client.auth_test())).headers["Retry-After"] == "7"
    client.retry_handlers = []
    slack.fail("chat.postMessage", drop=True, applied=True)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="#general", text="it was said")
    assert slack.by_app("general")[-1].text == "it was said"
    client.timeout = 0.2  # type: ignore[assignment]
    slack.fail("auth.test", hang=1)
    with pytest.raises(TimeoutError):
        await client.auth_test()


async def test_the_same_seed_makes_the_same_chaos(slack: Slack, client: AsyncWebClient) -> None:
    seen = []
    for _ in range(2):
        slack.chaos(Chaos(seed=3, error=0.5))
        for _ in range(12):
            with suppress(SlackApiError):
                await client.auth_test()
        seen.append([each.ok for each in slack.calls[-12:]])
    assert seen[0] == seen[1]
    assert set(seen[0]) == {True, False}


# Modals and the Home tab


async def test_triggers_open_one_view_within_three_seconds(slack: Slack, client: AsyncWebClient) -> None:
    ada = slack.user("ada")
    trigger = slack.trigger(ada)
    opened = await client.views_open(trigger_id=trigger.id, view=modal(field()))
    assert slack.top("ada") is slack.views[opened["view"]["id"]]
    assert await error(client.views_open(trigger_id=trigger.id, view=modal())) == "exchanged_trigger_id"
    assert await error(client.views_open(trigger_id="1.2.x", view=modal())) == "invalid_trigger_id"
    old = slack.trigger(ada)
    slack.clock.advance(3.1)
    assert await error(client.views_open(trigger_id=old.id, view=modal())) == "expired_trigger_id"


BAD_VIEWS: list[tuple[Json, str]] = [
    (
        modal(title={"type": "plain_text", "text": "x" * 25}),
        "must be less than 25 characters [json-pointer:/view/title",
    ),
    (modal(submit={"type": "plain_text", "text": "x" * 25}), "/view/submit"),
    (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
    (modal(callback_id="x" * 256), "/view/callback_id"),
    (modal(*[section()] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
    (modal(field(), submit=None), "missing required field: submit"),
    (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown"),
    (modal(colour="red"), "invalid additional property: colour"),
]


@pytest.mark.parametrize(("view", "expected"), BAD_VIEWS, ids=[expected[:40] for _, expected in BAD_VIEWS])
async def test_bad_views_are_pointed_at(slack: Slack, client: AsyncWebClient, view: Json, expected: str) -> None:
    answer = await refusal(client.views_open(trigger_id=slack.trigger(slack.user("ada")).id, view=view))
    assert answer["error"] == "invalid_arguments"
    assert any(expected in message for message in answer["response_metadata"]["messages"])


async def test_views_are_updated_and_pushed(slack: Slack, client: AsyncWebClient) -> None:
    ada = slack.user("ada")
    opened = (await client.views_open(trigger_id=slack.trigger(ada).id, view=modal(field())))["view"]
    changed = await client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal(section("new")))
    again = client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal(section("new")))
    assert await error(again) == "hash_conflict"
    assert await error(client.views_update(view_id="V0NOTHING", view=modal())) == "not_found"
    for _ in range(2):
        trigger = slack.trigger(ada, changed["view"]["id"])
        await client.views_push(trigger_id=trigger.id, view=modal(section("above")))
    trigger = slack.trigger(ada, changed["view"]["id"])
    assert await error(client.views_push(trigger_id=trigger.id, view=modal())) == "push_limit_reached"


async def test_the_home_tab(slack: Slack, client: AsyncWebClient) -> None:
    ada, home = slack.user("ada").id, {"type": "home", "blocks": [section("welcome")]}
    first = (await client.views_publish(user_id=ada, view=home))["view"]
    await client.views_publish(user_id=ada, view=home, hash=first["hash"])
    assert await error(client.views_publish(user_id=ada, view=home, hash=first["hash"])) == "hash_conflict"
    assert slack.homes[ada].payload["blocks"][0]["text"]["text"] == "welcome"
    slack.app.home_tab = False
    assert await error(client.views_publish(user_id=ada, view=home)) == "not_enabled"


# Socket Mode


async def test_a_mention_comes_twice_under_two_event_ids(slack: Slack) -> None:
    seen: list[Json] = []

    def prepare(app: AsyncApp) -> None:
        async def hear(body: Json) -> None:
            seen.append(body)

        app.event("app_mention")(hear)
        app.event("message")(hear)

    async with app_on_socket(slack, prepare):
        said = await slack.mention("ada", "general", "hello")
        await slack.settled()
    assert {body["event"]["type"] for body in seen} == {"app_mention", "message"}
    assert len({body["event_id"] for body in seen}) == 2
    assert {body["event"]["ts"] for body in seen} == {said.ts}
    assert all(ack.latency < 0.5 for ack in slack.acks)
    assert seen[0]["authorizations"][0]["user_id"] == slack.bot.id
    assert slack.violations == []


async def test_bolt_answers_in_the_thread_and_its_buttons_work(slack: Slack) -> None:
    pressed: list[Json] = []

    def prepare(app: AsyncApp) -> None:
        async def answer(event: Json, say: Any) -> None:
            blocks = [section(), actions(button("approve", "Approve", value="42"))]
            await say(text="Shall I?", thread_ts=event["ts"], blocks=blocks)

        async def approve(ack: Any, body: Json, respond: Any) -> None:
            await ack()
            pressed.append(body)
            await respond(text="Approved", replace_original=True)

        app.event("app_mention")(answer)
        app.event("message")(nothing)
        app.action("approve")(approve)

    async with app_on_socket(slack, prepare):
        asked = await slack.mention("ada", "general", "do it")
        question = await slack.until(lambda: slack.by_app("general", asked.ts))
        await slack.press("ben", question[0].ts, "Approve")
        await slack.until(lambda: question[0].text == "Approved")
    body = pressed[0]
    assert (body["user"]["name"], body["actions"][0]["value"], body["container"]["thread_ts"]) == (
        "ben",
        "42",
        asked.ts,
    )
    assert body["message"]["ts"] == question[0].ts
    assert slack.violations == []


async def test_pressing_is_for_those_who_see_it(slack: Slack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="#general", text="x", blocks=[actions(button())])
    slack.add_user("cleo")
    with pytest.raises(PermissionError):
        await slack.press("cleo", posted["ts"], "go")
    with pytest.raises(LookupError, match="there are"):
        await slack.press("ada", posted["ts"], "nothing")


async def test_feedback_buttons(slack: Slack, client: AsyncWebClient) -> None:
    seen: list[Json] = []

    def prepare(app: AsyncApp) -> None:
        async def rated(ack: Any, action: Json) -> None:
            await ack()
            seen.append(action)

        app.action("rating")(rated)

    good = {"text": {"type": "plain_text", "text": "👍"}, "value": "good"}
    bad = {"text": {"type": "plain_text", "text": "👎"}, "value": "bad"}
    thumbs = {"type": "feedback_buttons", "action_id": "rating", "positive_button": good, "negative_button": bad}
    async with app_on_socket(slack, prepare):
        posted = await client.chat_postMessage(
            channel="#general", text="x", blocks=[{"type": "context_actions", "elements": [thumbs]}]
        )
        await (await slack.feedback("ada", posted["ts"], good=False)).done()
    assert (seen[0]["type"], seen[0]["value"], seen[0]["text"]["text"]) == ("feedback_buttons", "bad", "👎")


async def test_a_form_from_command_to_submission(slack: Slack) -> None:
    sent: list[Json] = []

    def prepare(app: AsyncApp) -> None:
        async def command(ack: Any, body: Json, client: AsyncWebClient) -> None:
            await ack("One moment")
            await client.views_open(trigger_id=body["trigger_id"], view=modal(field(), callback_id="form"))

        async def submitted(ack: Any, view: Json) -> None:
            typed = view["state"]["values"]["reason"]["typed"]["value"]
            if typed == "no":
                await ack(response_action="errors", errors={"reason": "say more"})
                return
            await ack()
            sent.append(view)

        app.command("/ask")(command)
        app.view("form")(submitted)

    async with app_on_socket(slack, prepare):
        await slack.slash("ada", "general", "/ask", "something")
        view = await slack.until(lambda: slack.top("ada"))
        with pytest.raises(ValueError, match="must be filled in"):
            await slack.submit(view)
        await slack.submit(view, {"reason": "no"})
        assert (view.open, view.errors) == (True, {"reason": "say more"})
        await slack.submit(view, {"typed": "because"})
        assert not view.open
        await slack.settled()
    assert sent[0]["callback_id"] == "form"
    assert [m.text for m in slack.messages("general", reader="ada")] == ["One moment"]
    assert slack.violations == []


async def test_shortcuts_edits_and_homes(slack: Slack) -> None:
    seen: list[str] = []

    def prepare(app: AsyncApp) -> None:
        async def shortcut(ack: Any, body: Json) -> None:
            await ack()
            seen.append(body["message"]["text"])

        async def event(event: Json) -> None:
            seen.append(event.get("subtype") or event["type"])

        app.shortcut("keep")(shortcut)
        for kind in ("app_home_opened", "message"):
            app.event(kind)(event)
        for subtype in ("message_changed", "message_deleted"):
            app.event({"type": "message", "subtype": subtype})(event)

    async with app_on_socket(slack, prepare):
        said = await slack.say("ada", "general", "worth keeping")
        await slack.shortcut("ben", said, "keep")
        await slack.edit(said, "not really")
        await slack.delete(said)
        await slack.open_home("ada", tab="messages", looking_at="general")
        await slack.settled()
    assert sorted(seen) == ["app_home_opened", "message", "message_changed", "message_deleted", "worth keeping"]
    seen_there = slack.courier.deliveries[-1].payload["event"]["context"]["entities"]
    assert seen_there[0]["value"] == said.channel
    await slack.dm("ada", "what is this about?")
    assert slack.courier.deliveries[-1].payload["event"]["app_context"] == {"entities": seen_there}


async def raw_client(slack: Slack, hear: Any) -> SocketModeClient:
    web_client = AsyncWebClient(base_url=slack.api_url)
    client = SocketModeClient(slack.app_token, web_client=web_client, ping_interval=0.2)
    client.socket_mode_request_listeners.append(hear)
    await client.connect()
    await slack.sockets.connected()
    return client


async def test_what_is_not_acknowledged_comes_again(slack: Slack) -> None:
    attempts: list[tuple[int | None, str | None, str]] = []

    async def hear(client: SocketModeClient, request: SocketModeRequest) -> None:
        attempts.append((request.retry_attempt, request.retry_reason, request.payload["event_id"]))
        if len(attempts) == 3:
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    client = await raw_client(slack, hear)
    await slack.dm("ada", "hello")
    await slack.settled()
    await client.close()
    assert [(number, reason) for number, reason, _ in attempts] == [(0, ""), (1, "timeout"), (2, "timeout")]
    assert len({event_id for _, _, event_id in attempts}) == 1
    assert slack.courier.deliveries[0].outcome == "acknowledged"


async def test_after_three_retries_it_is_given_up(slack: Slack) -> None:
    heard: list[str] = []

    async def hear(client: SocketModeClient, request: SocketModeRequest) -> None:
        heard.append(request.envelope_id)

    client = await raw_client(slack, hear)
    await slack.dm("ada", "hello")
    await slack.settled()
    await client.close()
    assert len(heard) == 4
    assert (slack.courier.deliveries[0].outcome, slack.courier.deliveries[0].reason) == ("failed", "timeout")


async def test_acknowledging_wrongly_is_noted(slack: Slack) -> None:
    async def hear(client: SocketModeClient, request: SocketModeRequest) -> None:
        answer = SocketModeResponse(envelope_id=request.envelope_id, payload={"text": "hi"})
        await client.send_socket_mode_response(answer)
        await client.send_socket_mode_response(answer)
        await client.send_socket_mode_response(SocketModeResponse(envelope_id="never-sent"))
        await client.send_message("nonsense")

    client = await raw_client(slack, hear)
    await slack.dm("ada", "hello")
    await slack.until(lambda: len(slack.violations) == 4)
    await client.close()
    kinds = [each.kind for each in slack.violations]
    assert kinds == ["unexpected_payload", "second_acknowledgement", "unknown_envelope", "malformed_frame"]


async def test_the_client_comes_back_however_it_was_cut_off(slack: Slack) -> None:
    heard: list[str] = []

    async def hear(client: SocketModeClient, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        heard.append(request.payload["event"]["text"])

    client = await raw_client(slack, hear)
    for count, cut in enumerate((slack.sockets.disconnect, slack.sockets.close, None), start=2):
        await cut() if cut else slack.sockets.drop()  # type: ignore[operator]
        await slack.until(lambda count=count: slack.sockets.hellos >= count, timeout=10)
        await slack.dm("ada", f"after cut {count}")
        await slack.settled()
    await client.close()
    assert heard == ["after cut 2", "after cut 3", "after cut 4"]


async def test_silence_is_noticed_by_the_pings(slack: Slack) -> None:
    async def hear(client: SocketModeClient, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    client = await raw_client(slack, hear)
    slack.sockets.fall_silent()
    await slack.dm("ada", "into the void")
    slack.sockets.silent = False
    await slack.until(lambda: slack.sockets.hellos >= 2, timeout=10)
    await slack.settled()
    await client.close()
    assert slack.courier.deliveries[0].outcome == "acknowledged"


async def test_events_wait_for_a_connection_and_tickets_work_once(slack: Slack) -> None:
    await slack.dm("ada", "nobody is there")

    async def hear(client: SocketModeClient, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    client = await raw_client(slack, hear)
    await slack.settled()
    assert slack.courier.deliveries[0].outcome == "acknowledged"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(client.wss_uri or "")
    await client.close()


async def test_several_connections_share_the_events(slack: Slack) -> None:
    heard: list[int] = []

    def listener(number: int) -> Any:
        async def hear(client: SocketModeClient, request: SocketModeRequest) -> None:
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
            heard.append(number)

        return hear

    clients = [await raw_client(slack, listener(number)) for number in range(2)]
    await slack.sockets.connected(2)
    for number in range(12):
        await slack.dm("ada", f"message {number}")
    await slack.settled()
    for client in clients:
        await client.close()
    assert len(heard) == 12
    assert set(heard) == {0, 1}


async def test_an_acknowledgement_belongs_on_the_connection_that_brought_the_event(slack: Slack) -> None:
    async with aiohttp.ClientSession() as session:
        one, two = [await session.ws_connect(slack.sockets.ticket()) for _ in range(2)]
        for socket in (one, two):
            await socket.receive_json()
        await slack.dm("ada", "hello")
        other = {asyncio.create_task(one.receive_json()): two, asyncio.create_task(two.receive_json()): one}
        (brought,), waiting = await asyncio.wait(other, return_when=asyncio.FIRST_COMPLETED)
        await other[brought].send_json({"envelope_id": brought.result()["envelope_id"]})
        await slack.settled()
        for task in waiting:
            task.cancel()
        assert [each.kind for each in slack.violations] == ["acknowledged_elsewhere"]


async def test_an_address_ends_and_a_slow_handshake_leaves_a_gap(slack: Slack) -> None:
    slack.sockets.tickets_last, slack.sockets.handshake = 60, 0.2
    late = slack.sockets.ticket()
    slack.clock.advance(61)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(late)
        async with session.ws_connect(slack.sockets.ticket()):
            assert (len(slack.sockets.live), slack.sockets.gaps) == (1, 0)
        await slack.until(lambda: slack.sockets.gaps == 1)
        slack.sockets.away = True
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(slack.sockets.ticket())


async def test_events_twice_and_out_of_order(slack: Slack) -> None:
    heard: list[str] = []

    async def hear(client: SocketModeClient, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        heard.append(request.payload["event_id"])

    client = await raw_client(slack, hear)
    slack.deliver_unruly(duplicate=0.5, late=0.5, by=0.1)
    for number in range(10):
        await slack.dm("ada", f"message {number}")
    await slack.settled()
    await client.close()
    sent = [delivery.event_id for delivery in slack.courier.deliveries]
    assert sorted(heard) == sorted(str(each) for each in sent)
    assert len(set(heard)) == 10 < len(heard)
    assert heard != sorted(heard)


async def test_an_acknowledgement_that_comes_late_is_a_late_one(slack: Slack) -> None:
    async def hear(client: SocketModeClient, request: SocketModeRequest) -> None:
        await asyncio.sleep(0 if request.retry_attempt else 0.7)
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    client = await raw_client(slack, hear)
    await slack.dm("ada", "hello")
    await slack.settled()
    await slack.until(lambda: len(slack.acks) == 2)
    await client.close()
    assert sorted((ack.attempt, ack.late) for ack in slack.acks) == [(0, True), (1, False)]
    assert slack.violations == []


async def test_ten_connections_and_no_more(slack: Slack) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(slack.sockets.ticket()) for _ in range(11)]
        greetings = [await socket.receive_json() for socket in sockets]
        assert [each.get("num_connections") for each in greetings[:10]] == list(range(1, 11))
        assert (greetings[10]["type"], greetings[10]["reason"]) == ("disconnect", "too_many_websockets")
        await slack.sockets.disconnect("warning")
        assert (await sockets[0].receive_json())["reason"] == "warning"
        assert len(slack.sockets.live) == 10


# HTTP


@asynccontextmanager
async def listening(handler: Any) -> AsyncIterator[str]:
    site = web.Application()
    site.router.add_post("/slack/events", handler)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    await runner.cleanup()


def bolt_over_http(app: AsyncApp) -> Any:
    async def handle(request: web.Request) -> web.Response:
        headers = {name: [value] for name, value in request.headers.items()}
        answer = await app.async_dispatch(AsyncBoltRequest(body=await request.text(), headers=headers))
        kind = answer.headers.get("content-type", ["text/plain"])[0].split(";")[0]
        return web.Response(status=answer.status, text=answer.body, content_type=kind)

    return handle


async def test_over_http_with_signatures() -> None:
    async with Slack(timing=Timing.quick(), rates=RateLimits.off(), transport="http") as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        app = AsyncApp(client=client, signing_secret=slack.app.signing_secret)
        heard: list[str] = []

        @app.event("app_mention")
        async def mentioned(event: Json) -> None:
            heard.append(event["text"])

        @app.event("message")
        async def message() -> None: ...

        @app.command("/ask")
        async def command(ack: Any, command: Json) -> None:
            await ack(f"You said {command['text']}")

        async with listening(bolt_over_http(app)) as url:
            slack.app.events_url = url
            assert await slack.verify_url(url)
            await slack.mention("ada", "general", "hello")
            await slack.slash("ada", "general", "/ask", "why")
            await slack.settled()
            assert heard == [f"<@{slack.bot.id}> hello"]
            assert slack.messages("general", reader="ada")[-1].text == "You said why"
            event = slack.courier.deliveries[0].payload
            assert (await slack.deliver_http(url, event, signed=False)).status == 401
            assert (await slack.deliver_http(url, event, skew=-600)).status == 401
            assert (await slack.deliver_http(url, event)).status == 200


async def test_http_retries_say_why() -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def failing(request: web.Request) -> web.Response:
        seen.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
        if len(seen) == 1:
            return web.Response(status=500)
        if len(seen) == 2:
            await asyncio.sleep(1)
        return web.Response()

    async with Slack(timing=Timing.quick(0.3), transport="http") as slack, listening(failing) as url:
        slack.app.events_url = url
        await slack.dm("ada", "hello")
        await slack.settled()
    assert seen == [(None, None), ("1", "http_error"), ("2", "http_timeout")]


async def test_a_response_url_takes_five_posts(slack: Slack) -> None:
    url = slack.response_url(slack.user("ada"), slack.channel("general"))
    hook = AsyncWebhookClient(slack.response_address(url))
    for number in range(5):
        answer = await hook.send(text=f"post {number}", response_type="in_channel" if number else "ephemeral")
        assert answer.body == "ok"
    answer = await hook.send(text="one too many")
    assert (answer.status_code, json.loads(answer.body)["error"]) == (404, "used_url")
    assert len(slack.messages("general")) == 4
    slack.clock.advance(1801)
    assert json.loads((await hook.send(text="late")).body)["error"] == "expired_url"


# OAuth, and several workspaces


async def consent(slack: Slack, **query: str) -> dict[str, list[str]]:
    asked = {
        "client_id": slack.app.client_id,
        "scope": "chat:write",
        "state": "s",
        "redirect_uri": "http://back/",
        **query,
    }
    async with (
        aiohttp.ClientSession() as session,
        session.get(slack.url + "/oauth/v2/authorize", params=asked, allow_redirects=False) as answer,
    ):
        assert answer.status == 302
        return parse_qs(urlparse(answer.headers["Location"]).query)


async def test_installing_with_oauth(slack: Slack) -> None:
    other = slack.add_team("Other", install=False)
    slack.oauth.team = other
    client = AsyncWebClient(base_url=slack.api_url)
    who = {"client_id": slack.app.client_id, "client_secret": slack.app.client_secret}
    back = await consent(slack)
    assert back["state"] == ["s"]
    code = back["code"][0]
    assert await error(client.oauth_v2_access(**who, code="wrong")) == "invalid_code"
    assert await error(client.oauth_v2_access(**who, code=code, redirect_uri="http://else/")) == "bad_redirect_uri"
    assert await error(client.oauth_v2_access(**{**who, "client_secret": "no"}, code=code)) == "bad_client_secret"
    answer = await client.oauth_v2_access(**who, code=code, redirect_uri="http://back/")
    assert (answer["team"]["name"], answer["scope"], answer["token_type"]) == ("Other", "chat:write", "bot")
    again = client.oauth_v2_access(**who, code=code, redirect_uri="http://back/")
    assert await error(again) == "invalid_code"
    assert (await client.auth_test(token=answer["access_token"]))["team_id"] == other.id
    slack.oauth.deny = True
    assert (await consent(slack))["error"] == ["access_denied"]


async def test_rotating_tokens() -> None:
    async with Slack(App(token_rotation=True)) as slack:
        client = AsyncWebClient(base_url=slack.api_url)
        who = {"client_id": slack.app.client_id, "client_secret": slack.app.client_secret}
        first = await client.oauth_v2_access(**who, code=(await consent(slack))["code"][0], redirect_uri="http://back/")
        assert (first["expires_in"], first["access_token"][:10]) == (43200, "xoxe.xoxb-")
        slack.clock.advance(43201)
        assert await error(client.auth_test(token=first["access_token"])) == "token_expired"
        refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        second = await client.oauth_v2_access(**who, **refresh)
        await client.auth_test(token=second["access_token"])
        assert await error(client.oauth_v2_access(**who, **refresh)) == "invalid_refresh_token"
        printed = repr([slack.app, slack.installations, slack.calls])
        tokens = [one[name] for one in (first, second) for name in ("access_token", "refresh_token")]
        secrets = [slack.app.client_secret, slack.app.signing_secret, slack.app.app_token, slack.bot_token, *tokens]
        assert [one for one in secrets if one in printed] == []


async def test_a_shared_channel_and_a_grid() -> None:
    async with Slack(enterprise="E0ACME", rates=RateLimits.off(), timing=Timing.quick()) as slack:
        far = slack.add_team("Far", install=False)
        stranger = slack.add_user("zoe", far, is_stranger=True)
        shared = slack.add_channel(
            "shared", members=("ada", stranger), is_ext_shared=True, shared_team_ids=(slack.team.id, far.id)
        )
        await slack.mention(stranger, shared, "hello")
        payload = slack.courier.deliveries[0].payload
        assert (payload["is_ext_shared_channel"], payload["enterprise_id"]) == (True, "E0ACME")
        assert (payload["event"]["user_team"], payload["team_id"]) == (far.id, slack.team.id)
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        assert (await client.users_info(user=stranger.id))["user"]["is_stranger"] is True
        assert (await client.conversations_info(channel=shared.id))["channel"]["is_ext_shared"] is True


async def test_one_installation_for_a_whole_organisation() -> None:
    app = App(org_deploy=True)
    async with Slack(app, enterprise="E0ACME", rates=RateLimits.off(), timing=Timing.quick()) as slack:
        slack.installations[0].state = "uninstalled"
        second = slack.add_team("Second", enterprise="E0ACME", install=False)
        slack.oauth.whole_org = True
        client = AsyncWebClient(base_url=slack.api_url)
        who = {"client_id": app.client_id, "client_secret": app.client_secret}
        code = (await consent(slack, scope=",".join(app.scopes)))["code"][0]
        granted = await client.oauth_v2_access(**who, code=code, redirect_uri="http://back/")
        assert (granted["is_enterprise_install"], granted["team"]) == (True, None)
        assert granted["enterprise"]["id"] == "E0ACME"
        client.token = granted["access_token"]
        assert (await client.auth_test())["is_enterprise_install"] is True
        assert await error(client.conversations_list()) == "missing_argument"
        dora = slack.add_user("dora", second)
        place = slack.add_channel("there", members=(dora,), team=second)
        await slack.mention(dora, place, "hello")
        payload = slack.courier.deliveries[0].payload
        assert payload["team_id"] == second.id
        assert payload["authorizations"][0]["team_id"] is None
        await client.chat_postMessage(channel=place.id, text="hello back")


async def test_coming_back_the_bot_is_the_same_user(slack: Slack) -> None:
    before = slack.bot.id
    await slack.uninstall()
    assert before not in slack.channel("general").members
    slack.install(slack.team)
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    assert (await client.auth_test())["user_id"] == before


async def test_coming_and_going(slack: Slack) -> None:
    place = slack.add_channel("new", members=("ada",), bot=False)
    await slack.mention("ada", place, "are you there?")
    assert slack.courier.deliveries == []
    await slack.invite(place, by="ada")
    await slack.mention("ada", place, "and now?")
    await slack.kick(place, by="ada")
    await slack.uninstall()
    kinds = [delivery.payload["event"]["type"] for delivery in slack.courier.deliveries]
    assert kinds == [
        *("member_joined_channel", "app_mention", "message", "channel_left", "tokens_revoked", "app_uninstalled"),
    ]


def test_in_a_thread() -> None:
    with Slack(rates=RateLimits.off()).in_thread() as slack:
        said = slack.do(slack.say("ada", "general", "from another thread"))
        assert [m.ts for m in slack.messages("general")] == [said.ts]
