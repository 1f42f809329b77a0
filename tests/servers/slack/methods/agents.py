"""Agent sessions and assistant threads. docs.slack.dev/ai/agent-sessions and the pages of each method."""

from __future__ import annotations

from typing import Any

from tests.servers.slack.call import Answer, Call, method
from tests.servers.slack.limits import Tier
from tests.servers.slack.methods import chat
from tests.servers.slack.records import AgentSession, Channel, Status
from tests.servers.slack.refusals import Refused, invalid

STATUSES = ("active", "processing", "suspended", "closed")
UNSUBSCRIBED = "missing_agent_session_stopped_event_subscription"


@method(
    "agents.sessions.setStatus",
    Tier.THREE,
    *("channel_id", "status", "thread_ts", "title", "initiator_user_id", *chat.LOOK),
    scopes=("chat:write",),
)
def set_session_status(call: Call) -> Answer:
    channel, thread_ts = _thread(call)
    status = call.require("status")
    if status not in STATUSES:
        raise Refused("invalid_status")
    initiator = call.string("initiator_user_id")
    if initiator is not None and initiator not in channel.members:
        raise Refused("user_not_found")
    title = call.string("title") or ""
    if len(title) > 200:
        raise invalid("invalid_arguments", ["must be less than 201 characters [json-pointer:/title]"])
    if any(call.string(name) for name in chat.LOOK):
        call.need("chat:write.customize")
    session = call.slack.sessions.setdefault(
        (channel.id, thread_ts), AgentSession(channel.id, thread_ts, status, title, initiator)
    )
    session.status = status
    session.history.append(status)
    answer: Answer = {"status": status, "agent_status": status, "title": session.title}
    if "agent_session_stopped" not in call.slack.app.bot_events:
        words = "[WARN] Subscribe to the agent_session_stopped event so Slack can send stop requests for this agent."
        answer |= {"warning": UNSUBSCRIBED, "response_metadata": {"warnings": [UNSUBSCRIBED], "messages": [words]}}
    return answer


@method("agents.sessions.rename", Tier.THREE, "channel_id", "thread_ts", "title", scopes=("chat:write",))
def rename(call: Call) -> Answer:
    channel, thread_ts = _thread(call)
    title = call.string("title") or ""
    if not 1 <= len(title) <= 200:
        raise Refused("invalid_name")
    session = call.slack.sessions.get((channel.id, thread_ts))
    if session is None:
        raise Refused("session_not_found")
    session.title = title
    return {"title": title}


def _thread(call: Call) -> tuple[Channel, str]:
    if not call.slack.app.agent_view:
        raise Refused("feature_disabled")
    channel = call.channel("channel_id")
    if call.who.bot_user not in channel.members:
        raise Refused("not_authorized")
    if call.string("thread_ts") is None:
        raise Refused("thread_ts_required")
    root = chat.thread(call, channel)
    assert root is not None
    return channel, root


def _assistant_thread(call: Call) -> tuple[Channel, str]:
    channel = call.channel("channel_id")
    asked = call.require("thread_ts")
    root = call.slack.find(channel.id, asked)
    if root is None:
        raise Refused("invalid_thread_ts")
    return channel, root.root


@method(
    "assistant.threads.setStatus",
    Tier.STATUS,
    *("channel_id", "thread_ts", "status", "loading_messages", *chat.LOOK),
    scopes=("chat:write", "assistant:write"),
)
def set_status(call: Call) -> Answer:
    channel, root = _assistant_thread(call)
    if call.args.get("status") is None:
        raise invalid("invalid_arguments", ["missing required field: status"])
    loading = call.structure("loading_messages", "invalid_arguments") or []
    if not isinstance(loading, list) or len(loading) > 10:
        raise invalid("invalid_arguments", ["no more than 10 items allowed [json-pointer:/loading_messages]"])
    text = str(call.args["status"])
    if text and any(m.root == root and m.stream and m.stream.state == "in_progress" for m in call.slack.posted):
        call.slack.violate("status_during_stream", "a status beside an open stream shows as a second message")
    call.slack.statuses.append(Status(channel.id, root, text, loading, call.slack.clock.now()))
    return {}


@method("assistant.threads.setTitle", Tier.FOUR, "channel_id", "thread_ts", "title", scopes=("assistant:write",))
def set_title(call: Call) -> Answer:
    channel, root = _assistant_thread(call)
    call.slack.titles[(channel.id, root)] = call.require("title")
    return {}


@method(
    "assistant.threads.setSuggestedPrompts",
    Tier.FOUR,
    *("channel_id", "thread_ts", "prompts", "title"),
    scopes=("assistant:write",),
)
def set_prompts(call: Call) -> Answer:
    """Four prompts at most. With agent_view a thread_ts makes the real one do nothing and say nothing."""
    channel = call.channel("channel_id")
    prompts = call.structure("prompts", "invalid_arguments")
    if not _good(prompts):
        raise invalid("invalid_arguments", ["1 to 4 prompts with a title and a message [json-pointer:/prompts]"])
    thread_ts = call.string("thread_ts")
    if call.slack.app.agent_view and thread_ts is not None:
        call.slack.violate("thread_ts_in_agent_view", "setSuggestedPrompts with thread_ts does nothing for an agent")
        return {}
    if not call.slack.app.agent_view and thread_ts is None:
        raise Refused("missing_thread_ts")
    call.slack.prompts[(channel.id, thread_ts)] = {"title": call.string("title"), "prompts": prompts}
    return {}


def _good(prompts: Any) -> bool:
    return (
        isinstance(prompts, list)
        and 1 <= len(prompts) <= 4
        and all(isinstance(each, dict) and each.get("title") and each.get("message") for each in prompts)
    )
