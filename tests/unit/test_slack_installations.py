"""Tokens that end, where several replicas renew them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from cryptography.fernet import Fernet
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from bot.records import open_engine, sqlite_url
from bot.slack.installations import Installations
from bot.tables import metadata
from tests.servers.slack import App, Slack

SOON = 2 * 3_600
"""Seconds before its end in which a token is renewed."""


async def test_a_token_that_another_replica_has_renewed_is_asked_for_once(tmp_path: Path) -> None:
    engine, seal = open_engine(sqlite_url(tmp_path / "records.sqlite")), Fernet(Fernet.generate_key())
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    async with Slack(App(token_rotation=True)) as slack:
        client = AsyncWebClient(base_url=slack.api_url, retry_handlers=[])
        rotator = AsyncTokenRotator(client_id=slack.app.client_id, client_secret=slack.app.client_secret, client=client)
        first, second = (Installations(engine, seal, rotator, time.time) for _ in range(2))
        given = slack.installations[0]
        soon = int(time.time()) + SOON + 2
        kept = Bot(
            team_id=slack.team.id,
            bot_token=given.token,
            bot_id="B1",
            bot_user_id=given.bot_user,
            bot_refresh_token=given.refresh_token,
            bot_token_expires_at=soon,
            installed_at=time.time(),
        )
        await first.async_save_bot(kept)
        known = [await one.bot(slack.team.id) for one in (first, second)]
        assert [one and one.bot_token for one in known] == [given.token] * 2
        await asyncio.sleep(soon - SOON - time.time() + 0.1)
        renewed = [await one.bot(slack.team.id) for one in (first, second, second, second)]
        assert [one and one.bot_token for one in renewed] == [given.token] * 4
        asked = [call.error for call in slack.calls if call.method == "oauth.v2.access"]
        assert asked == [None, "invalid_refresh_token"]
    await engine.dispose()
