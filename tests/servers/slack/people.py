"""What people do, in one line each. Every one of these makes Slack tell the app what it is subscribed to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.servers.slack import payloads, present, pressing
from tests.servers.slack.courier import Delivery
from tests.servers.slack.hub import Hub
from tests.servers.slack.records import Channel, File, Message, Trigger, User, View
from tests.servers.slack.world import Where, Who


class People(Hub):
    """Mixed into `Slack`. A person is a User, an id or a name; a channel likewise."""

    async def say(
        self,
        user: Who,
        channel: Where,
        text: str,
        thread_ts: str | None = None,
        files: Sequence[File] = (),
        *,
        broadcast: bool = False,
    ) -> Message:
        """Writes in a channel. A text that has the bot's ``<@U…>`` in it is a mention too."""
        author, place = self.user(user), self.channel(channel)
        if author.id not in place.members:
            raise PermissionError(f"{author.name} is not in {place.name or place.id}")
        message = Message(self.clock.ts(), place.id, author.id, text, thread_ts=thread_ts, files=list(files))
        message.team, message.reply_broadcast = author.team_id, broadcast
        message.client_msg_id = self.clock.secret(16)
        message.blocks = present.rich_text(text, self.clock.id("b", 6))
        message.bot_id, message.app_id = author.bot_id, author.app_id
        if files:
            message.subtype = "file_share"
            for file in files:
                file.channels.append(place.id)
        self.posted.append(message)
        await self.tell_of(message)
        return message

    async def mention(
        self, user: Who, channel: Where, text: str, thread_ts: str | None = None, files: Sequence[File] = ()
    ) -> Message:
        """Addresses the app: it gets ``app_mention`` and, if subscribed, ``message``, each with its own event_id."""
        bot = self.serving(self.channel(channel).team_id).bot_user
        words = text if f"<@{bot}>" in text else f"<@{bot}> {text}"
        return await self.say(user, channel, words, thread_ts, files)

    async def dm(self, user: Who, text: str, thread_ts: str | None = None, files: Sequence[File] = ()) -> Message:
        """Writes to the app in their direct conversation."""
        return await self.say(user, self.direct(user), text, thread_ts, files)

    async def edit(self, message: Message | str, text: str) -> Message:
        """Its author changes what they said: ``message_changed``."""
        one = self.message(message) if isinstance(message, str) else message
        before = self.shown(one)
        one.versions.append(one.text)
        one.text = text
        one.blocks = present.rich_text(text, self.clock.id("b", 6))
        one.edited = {"user": one.user, "ts": self.clock.ts()}
        await self.tell_of_change(one, before)
        return one

    async def delete(self, message: Message | str) -> None:
        """Its author takes it back: ``message_deleted``."""
        one = self.message(message) if isinstance(message, str) else message
        before = self.shown(one)
        one.deleted = True
        await self.tell_of_deletion(one, before)

    async def upload(
        self, user: Who, channel: Where, name: str, data: bytes, text: str = "", thread_ts: str | None = None
    ) -> Message:
        """Shares a file in a channel, with or without words."""
        return await self.say(user, channel, text, thread_ts, [self.add_file(user, name, data)])

    async def react(self, user: Who, message: Message | str, emoji: str) -> None:
        one = self.message(message) if isinstance(message, str) else message
        author, channel = self.user(user), self.channels[one.channel]
        one.reactions.setdefault(emoji, []).append(author.id)
        item = {"type": "message", "channel": one.channel, "ts": one.ts}
        event = {"type": "reaction_added", "user": author.id, "reaction": emoji, "item": item, "item_user": one.user}
        await self.tell("reaction_added", event, channel)

    async def slash(
        self, user: Who, channel: Where, command: str, text: str = "", thread_ts: str | None = None
    ) -> Delivery:
        """Types a slash command; what its acknowledgement says is shown to them (or all). Not possible in threads."""
        if thread_ts is not None:
            raise PermissionError("slash commands do not work in threads")
        author, place = self.user(user), self.channel(channel)
        if self.app.commands is not None and command not in self.app.commands:
            raise LookupError(f"the app has no {command}; it has {self.app.commands}")
        url = self.response_url(author, place)
        fields = payloads.command(self, author, place, command, text, url, self.trigger(author))
        delivery = await self.courier.deliver("slash_commands", fields, accepts_response=True)
        self.afterwards(delivery, lambda answer: self.respond(url, answer))
        return delivery

    async def press(
        self,
        user: Who,
        where: Message | View | str,
        action: str,
        *,
        choice: Any = None,
        block_id: str | None = None,
        value: str | None = None,
    ) -> Delivery:
        """Uses a control of a message (by its ts) or a view (by its id), found by action_id or by its label.

        ``choice`` is what is chosen in a menu; ``value`` tells apart buttons of the same action_id.
        """
        presser, target = self.user(user), self._target(where)
        blocks = target.payload["blocks"] if isinstance(target, View) else target.blocks
        block, element = pressing.find(blocks, action, block_id=block_id, value=value)
        return await self._used(presser, target, block, element, choice)

    async def feedback(self, user: Who, message: Message | str, good: bool = True) -> Delivery:
        """Presses a thumb of the native feedback buttons."""
        one = self.message(message) if isinstance(message, str) else message
        block, element = pressing.rating(one.blocks)
        return await self._used(self.user(user), one, block, element, good)

    def _target(self, where: Message | View | str) -> Message | View:
        if isinstance(where, str):
            return self.views[where] if where in self.views else self.message(where)
        return where

    async def _used(self, user: User, target: Message | View, block: Any, element: Any, choice: Any) -> Delivery:
        action = pressing.action(block, element, choice, self.clock.ts())
        if isinstance(target, View):
            if not target.open or target.user != user.id:
                raise PermissionError(f"{user.name} does not have view {target.id} open")
            payload = payloads.on_view(self, user, target, action, self.trigger(user, target.id))
        else:
            self._may_see(user, target)
            if element["type"] not in ("button", "icon_button", "feedback_buttons", "overflow"):
                seen = self.entered.setdefault(target.ts, {}).setdefault(block["block_id"], {})
                seen[element["action_id"]] = pressing.entered(element, choice)
            url = self.response_url(user, self.channels[target.channel], target)
            payload = payloads.on_message(self, user, target, action, url, self.trigger(user))
        return await self.courier.deliver("interactive", payload)

    def _may_see(self, user: User, message: Message) -> None:
        channel: Channel = self.channels[message.channel]
        hidden = message.ephemeral_to not in (None, user.id)
        if hidden or message.deleted or user.id not in channel.members:
            raise PermissionError(f"{user.name} cannot see message {message.ts}")

    async def shortcut(self, user: Who, message: Message | str | None, callback_id: str) -> Delivery:
        """Chooses a message shortcut, or with no message a global one."""
        author = self.user(user)
        trigger: Trigger = self.trigger(author)
        if message is None:
            payload = payloads.interaction(self, "shortcut", author, trigger)
            payload |= {"callback_id": callback_id, "action_ts": self.clock.ts()}
        else:
            one = self.message(message) if isinstance(message, str) else message
            self._may_see(author, one)
            url = self.response_url(author, self.channels[one.channel], one)
            payload = payloads.message_shortcut(self, author, one, callback_id, url, trigger)
        return await self.courier.deliver("interactive", payload)
