"""Where discord.py finds Discord, and how to send it elsewhere.

The library keeps two class attributes and nothing else decides:

- ``discord.http.Route.BASE`` is put before every REST path, at the moment a ``Route`` is made; webhooks and
  interaction callbacks use it too. It holds the version and no slash at the end: ``http://127.0.0.1:1/api/v10``.
- ``discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY`` is the WebSocket of a plain `Client`, of an
  `AutoShardedClient` whose ``shard_count`` is given, and of every fresh IDENTIFY after an invalid session. Only an
  `AutoShardedClient` without ``shard_count`` asks ``GET /gateway/bot`` and connects to the URL there. A RESUME goes
  to the ``resume_gateway_url`` of READY. The query (v, encoding, compress) is added by the library.

Attachments are fetched from the URLs in the messages, so they need nothing. ``discord.asset.Asset.BASE`` (avatars,
icons) stays as it is: this double has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


def point_discord(api_url: str | None, gateway_url: str | None) -> None:
    """Send discord.py to another Discord, for the whole process and before a client logs in; None leaves one as it is."""
    if api_url:
        Route.BASE = api_url.rstrip("/")
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


@contextmanager
def pointed_at(api_url: str, gateway_url: str) -> Iterator[None]:
    """The same, until the block ends."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    point_discord(api_url, gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
