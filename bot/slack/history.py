"""What people say in a channel, by pages and as it happens: for the channels that are sources.

docs.slack.dev/reference/methods/conversations.history, docs.slack.dev/reference/methods/conversations.replies,
docs.slack.dev/reference/events/message. For new apps outside Slack's Marketplace both methods may be limited to one
request a minute of 15 messages (docs.slack.dev/apis/web-api/rate-limits).
"""

from __future__ import annotations

from bot.channels.talk import Talk, source_of
from bot.chat import Page, Place, Said
from bot.slack.calls import QUICK, Away, Calls, Json
from bot.slack.clients import Clients
from bot.slack.markup import readable, users_in
from bot.slack.people import People

PAGE = 200
SPARE = 15
"""Requests a minute that a reading leaves for questions."""
POSTS = {None, "file_share", "thread_broadcast", "me_message"}
"""Subtypes of what a person posted; all others are notices."""
SLACKBOT = "USLACKBOT"


class History:
    """Asks Slack for pages; gives way to whatever is asked for an answer."""

    def __init__(self, calls: Calls, clients: Clients, people: People) -> None:
        self._calls = calls
        self._clients = clients
        self._people = people
        self._addresses: dict[str, str] = {}

    async def page(self, place: Place, cursor: str) -> Page:
        """As `Chat.talk` has it; a cursor is the time of the message behind which it goes on."""
        if place.thread:
            since = {"oldest": cursor} if cursor else {}
            answer = await self._ask(place, "conversations.replies", ts=place.thread, **since)
            messages = [one for one in answer["messages"] if one["ts"] != place.thread]
            threads: tuple[str, ...] = ()
        else:
            until = {"latest": cursor} if cursor else {}
            answer = await self._ask(place, "conversations.history", **until)
            messages = answer["messages"]
            threads = tuple(one["ts"] for one in messages if one.get("reply_count"))
        said = [await self.said(place, one) for one in messages]
        more = answer.get("has_more") and messages
        return Page(tuple(filter(None, said)), threads, str(messages[-1]["ts"]) if more else "")

    async def said(self, place: Place, message: Json) -> Said | None:
        """A message of the channel; None where no person said it to the others there."""
        mine = await self._clients.identity(place.workspace)
        text = str(message.get("text") or "")
        if message.get("subtype") not in POSTS or not is_persons(message, mine.user) or mine.user in users_in(text):
            return None
        author = await self._people.person(place.workspace, mine.enterprise, message["user"])
        words = readable(text, await self._people.names(place.workspace, users_in(text)))
        files = [
            f"[{file.get('title') or file.get('name')}]" for file in message.get("files") or () if file.get("name")
        ]
        ts, thread = str(message["ts"]), str(message.get("thread_ts") or "")
        whole = "\n".join(filter(None, (words, *files)))
        return Said(ts, author, whole, float(ts), thread, await self._link(place, ts, thread)) if whole else None

    async def _ask(self, place: Place, method: str, **arguments: str) -> Json:
        about: Json = {"channel": place.channel, "limit": PAGE, **arguments}
        answer = await self._calls.offer(place.workspace, method, spare=SPARE, **about)
        if answer is None:
            raise Away(f"Slack takes no more {method} for a while")
        return answer

    async def _link(self, place: Place, ts: str, thread: str) -> str:
        """As chat.getPermalink makes it (docs.slack.dev/reference/methods/chat.getPermalink)."""
        if place.workspace not in self._addresses:
            answer = await self._calls(place.workspace, "auth.test", patience=QUICK)
            self._addresses[place.workspace] = str(answer["url"])
        inside = f"?thread_ts={thread}&cid={place.channel}" if thread and thread != ts else ""
        return f"{self._addresses[place.workspace]}archives/{place.channel}/p{ts.replace('.', '')}{inside}"


class Overhearing:
    """Tells ``talk`` of what happens in the channels that are sources."""

    def __init__(self, talk: Talk, history: History) -> None:
        self._talk = talk
        self._history = history

    async def hear(self, workspace: str, event: Json) -> None:
        """Somebody posted, edited or deleted a message; bears being called again for it."""
        place = Place("slack", workspace, event["channel"])
        source = source_of(place.channel_key)
        if event["channel"].startswith("D") or not await self._talk.follows(source):
            return
        changed = event.get("subtype") in ("message_changed", "message_deleted")
        now = event.get("message") or {} if changed else event
        before = event.get("previous_message") or {}
        if now.get("ts") and (one := await self._history.said(place, now)) is not None:
            await self._talk.hear(source, one)
        elif before.get("ts") and await self._history.said(place, before) is not None:
            await self._talk.lose(source, str(before["ts"]))


def is_persons(message: Json, bot: str) -> bool:
    """Whether a person wrote it, and not the assistant, whose user is ``bot``, or another program."""
    author = message.get("user")
    return bool(author) and not message.get("bot_id") and author not in (bot, SLACKBOT)
