"""The gateway's intents are those that what is listened to needs (docs.discord.com/developers/events/gateway#gateway-intents)."""

from __future__ import annotations

from bot.discord.connect import intents
from bot.discord.events import Listener

MESSAGES = {"guild_messages", "dm_messages"}
NEEDS = {
    "on_message": MESSAGES,
    "on_raw_message_edit": MESSAGES,
    "on_raw_message_delete": MESSAGES,
    "on_raw_bulk_message_delete": MESSAGES,
    "on_guild_channel_update": {"guilds"},
    "on_guild_channel_delete": {"guilds"},
    "on_interaction": set(),
    "on_shard_ready": set(),
    "on_shard_disconnect": set(),
    "on_shard_resumed": set(),
    "on_error": set(),
}


def test_no_intent_is_asked_for_that_nothing_needs_and_none_is_missing() -> None:
    listened = {name for name in vars(Listener) if name.startswith("on_")}
    assert listened == set(NEEDS)
    needed = set[str]().union(*NEEDS.values())
    assert {name for name, on in intents(content=False) if on} - {"messages"} == needed
    assert {name for name, on in intents(content=True) if on} - {"messages"} == needed | {"message_content"}
