"""More of what people do: modals, the Home tab, the stop button, and what administrators do to the app."""

from __future__ import annotations

from typing import Any

from tests.servers.slack import payloads, pressing
from tests.servers.slack.call import Call
from tests.servers.slack.courier import Delivery
from tests.servers.slack.methods import views
from tests.servers.slack.people import People
from tests.servers.slack.records import Team, View
from tests.servers.slack.refusals import Refused
from tests.servers.slack.world import Where, Who


class Visits(People):
    """Mixed into `Slack`."""

    def top(self, user: Who) -> View | None:
        """The modal that a person has in front of them."""
        author = self.user(user)
        there = [v for v in self.views.values() if v.user == author.id and v.open and v.type == "modal"]
        return there[-1] if there else None

    async def submit(self, view: View | str, values: dict[str, Any] | None = None) -> Delivery:
        """Fills in a modal and sends it: waits for the app's answer and does what it says.

        ``values`` by block_id or action_id. The answer's errors are in ``view.errors``; then the modal stays open.
        """
        one = self.views[view] if isinstance(view, str) else view
        if not one.open:
            raise PermissionError(f"view {one.id} is closed")
        one.state = pressing.fill(one.payload["blocks"], values or {})
        user = self.users[one.user]
        payload = payloads.submission(self, user, one, self.trigger(user, one.id))
        delivery = await self.courier.deliver("interactive", payload, accepts_response=True)
        await delivery.done(self.timing.ack + 5)
        if delivery.outcome == "acknowledged":
            self._after(one, delivery.response or {})
        return delivery

    def _after(self, view: View, answer: dict[str, Any]) -> None:
        """docs.slack.dev/surfaces/modals#response_actions."""
        what = answer.get("response_action") if isinstance(answer, dict) else None
        call = Call(self.as_slack(), "response_action", {}, "", self.serving(view.team_id))
        try:
            if what == "errors":
                self._errors(view, answer.get("errors") or {})
            elif what == "update":
                views.replace(call, view, views.checked(call, answer.get("view"), "modal", view))
            elif what == "push":
                views.place(call, views.checked(call, answer.get("view"), "modal"), view.user, view)
            elif what == "clear":
                self._close_all(view.root_id)
            elif what is None:
                view.open = False
            else:
                self.violate("unknown_response_action", str(what))
        except Refused as refusal:
            self.violate("invalid_response_action", f"{what}: {refusal.body()}")

    def _errors(self, view: View, errors: dict[str, str]) -> None:
        inputs = {block["block_id"] for block in view.payload["blocks"] if block["type"] == "input"}
        if strange := set(errors) - inputs:
            self.violate("invalid_response_action", f"errors for blocks that are no inputs: {sorted(strange)}")
        view.errors = dict(errors)

    def _close_all(self, root_id: str) -> None:
        for each in self.views.values():
            if each.root_id == root_id and each.type == "modal":
                each.open = False

    async def close_view(self, view: View | str) -> Delivery | None:
        """Cancels a modal; the app hears of it if it asked to (notify_on_close)."""
        one = self.views[view] if isinstance(view, str) else view
        one.open = False
        if not one.payload.get("notify_on_close"):
            return None
        user = self.users[one.user]
        return await self.courier.deliver("interactive", payloads.closing(self, user, one, self.trigger(user)))

    async def open_home(self, user: Who, tab: str = "home", looking_at: Where | None = None) -> None:
        """Opens the app's Home tab, or with ``tab="messages"`` the conversation with it: ``app_home_opened``."""
        author = self.user(user)
        direct = self.direct(author)
        event: dict[str, Any] = {"type": "app_home_opened", "user": author.id, "channel": direct.id, "tab": tab}
        home = self.homes.get(author.id)
        if home and tab == "home":
            event["view"] = self.shown_view(home)
        if self.app.agent_view:
            event["context"] = self._context(author.id, looking_at)
        await self.tell("app_home_opened", event, direct)

    async def look_at(self, user: Who, channel: Where) -> None:
        """Moves to another channel with the agent's pane open: ``app_context_changed``, and ``app_context`` in later messages."""
        author = self.user(user)
        direct = self.direct(author)
        event = {"type": "app_context_changed", "user": author.id, "channel": direct.id}
        await self.tell("app_context_changed", {**event, "context": self._context(author.id, channel)}, direct)

    def _context(self, user_id: str, looking_at: Where | None) -> dict[str, Any]:
        if looking_at is None:
            return {}
        channel = self.channel(looking_at)
        entity = {"type": "slack#/types/channel_id", "value": channel.id, "team_id": channel.team_id}
        self.contexts[user_id] = [entity]
        return {"entities": [entity]}

    async def stop(self, user: Who, channel: Where, thread_ts: str) -> None:
        """Presses Slack's own stop button: open streams of the thread end, the app hears ``agent_session_stopped``.

        The session keeps its status: changing it is the app's business (docs.slack.dev/reference/events/
        agent_session_stopped). There is a button only while the session is processing and the app is subscribed.
        """
        author, place = self.user(user), self.channel(channel)
        session = self.sessions.get((place.id, thread_ts))
        if session is None or session.status != "processing":
            raise PermissionError(f"no session is processing in {thread_ts}: there is no stop button")
        if "agent_session_stopped" not in self.app.bot_events:
            raise PermissionError("the app is not subscribed to agent_session_stopped: there is no stop button")
        stopped = []
        for message in self.posted:
            self.expire(message)
            if message.thread_ts == thread_ts and message.stream and message.stream.state == "in_progress":
                message.stream.state = "stopped_by_user"
                stopped.append(message.ts)
        event = {"type": "agent_session_stopped", "user": author.id, "channel": place.id, "thread_ts": thread_ts}
        await self.tell("agent_session_stopped", {**event, "streaming_message_ts": stopped}, place)

    async def invite(self, channel: Where, user: Who | None = None, by: Who | None = None) -> None:
        """Brings somebody into a channel; the app if nobody is named. ``member_joined_channel`` for both."""
        place = self.channel(channel)
        joining = self.user(user) if user is not None else self.users[self.serving(place.team_id).bot_user]
        if joining.id not in place.members:
            place.members.append(joining.id)
        event = {"type": "member_joined_channel", "user": joining.id, "channel": place.id, "team": joining.team_id}
        event["channel_type"] = "C" if place.kind == "public" else "G"
        if by is not None:
            event["inviter"] = self.user(by).id
        await self.tell("member_joined_channel", event, place)

    async def kick(self, channel: Where, user: Who | None = None, by: Who | None = None) -> None:
        """Removes somebody; the app hears ``channel_left`` or ``group_left`` of itself."""
        place = self.channel(channel)
        bot = self.serving(place.team_id).bot_user
        leaving = self.user(user).id if user is not None else bot
        kind = "channel_left" if place.kind == "public" else "group_left"
        if leaving == bot:
            actor = self.user(by).id if by is not None else leaving
            await self.tell(kind, {"type": kind, "channel": place.id, "actor_id": actor}, place)
        place.members.remove(leaving)
        if leaving != bot:
            event = {"type": "member_left_channel", "user": leaving, "channel": place.id, "team": place.team_id}
            await self.tell("member_left_channel", event, place)

    async def revoke_tokens(self, team: Team | None = None) -> None:
        """An administrator takes the tokens back: calls get ``token_revoked``, the app ``tokens_revoked``."""
        installation = self.serving((team or self.team).id)
        event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [installation.bot_user]}}
        await self.tell_installation("tokens_revoked", event, installation)
        installation.state = "revoked"

    async def uninstall(self, team: Team | None = None) -> None:
        """Removes the app: ``tokens_revoked`` and ``app_uninstalled`` in no set order, calls get ``account_inactive``."""
        installation = self.serving((team or self.team).id)
        revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [installation.bot_user]}}
        await self.tell_installation("tokens_revoked", revoked, installation)
        await self.tell_installation("app_uninstalled", {"type": "app_uninstalled"}, installation)
        for each in self.installations:
            if each.home_team == installation.home_team:
                each.state = "uninstalled"
        for channel in self.channels.values():
            if channel.kind != "im" and installation.bot_user in channel.members:
                channel.members.remove(installation.bot_user)
