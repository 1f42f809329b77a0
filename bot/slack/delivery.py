"""What Slack delivers, over whichever way: kept, acknowledged, and only then handled through Bolt, each channel in order.

An acknowledgement is due within three seconds (docs.slack.dev/apis/events-api#responding); here it waits for one write
that many deliveries share, and never for Slack. A form that was filled in is looked at before, for its errors stand in the
acknowledgement.
"""

from __future__ import annotations

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from agent.errors import place_of
from bot.arrivals import Arrivals
from bot.chat import ChatError
from bot.errors import STORAGE, sentence
from bot.slack.calls import Json
from bot.slack.clients import Clients
from bot.slack.events import Where
from bot.slack.forms import press_of
from bot.slack.interactions import Interactions, enterprise_of, workspace_of
from bot.slack.slash import Slash, told

log = structlog.get_logger()


class Delivery:
    """``receive`` is called by the socket or the web server, in the order of arrival."""

    def __init__(self, interactions: Interactions, slash: Slash) -> None:
        self._interactions = interactions
        self._slash = slash

    async def receive(self, arrivals: Arrivals, kind: str, body: Json) -> Json | None:
        """Keep a delivery; what its acknowledgement carries. When this returns it may be acknowledged."""
        keep, answer = True, None
        try:
            match kind:
                case "interactive":
                    keep, answer = await self._interactions.at_once(body)
                case "slash_commands":
                    keep, answer = self._slash.at_once(body)
        except ChatError as error:
            log.warning("no answer at once", kind=kind, what=place_of(error))
        try:
            if keep:
                await arrivals.keep(body, lane_of(body))
        except STORAGE as error:
            if kind != "slash_commands":
                raise
            log.error("a command could not be kept", what=place_of(error))
            return told(sentence(error))  # Slack delivers it once
        return answer


def lane_of(body: Json) -> str:
    """The channel in which something was done, a command apart from what is said there; empty where it was in none."""
    match body:
        case {"command": str(), "channel_id": str(channel), "user_id": str(user)}:
            return f"{channel}:{user}"
        case {"channel_id": str(channel)} | {"channel": {"id": str(channel)}} | {"event": {"channel": str(channel)}}:
            return channel
        case {"type": "view_submission", "view": view}:
            return press_of(view)[1].channel
        case _:
            return ""


async def dispatch(app: AsyncApp, clients: Clients, body: Json) -> None:
    """Handle what was kept. It was verified before that: for Bolt it comes over a socket."""
    if "event" in body:
        where = Where.of(body, "")
        await clients.meet(where.workspace, where.enterprise)
    elif "command" in body:
        await clients.meet(body["team_id"], str(body.get("enterprise_id") or ""))
    else:
        await clients.meet(workspace_of(body), enterprise_of(body))
    await app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))
