"""Where the app is installed, with its tokens: sealed in the database, renewed before they end.

An organisation's installation (Enterprise Grid) is kept under the enterprise's id; a workspace that is served by it
points there. docs.slack.dev/authentication/using-token-rotation.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.tables import upsert
from bot.settings import Settings, SettingsInvalid
from bot.slack.calls import LOST
from bot.tables import installations as table

PLATFORM = "slack"
KEY_FILE = "secret.key"


def open_seal(settings: Settings) -> Fernet:
    """What seals tokens: made from FOOTNOTE_SECRET_KEY, or from a key kept under home that only its owner may read."""
    secret = settings.secret_key.get_secret_value()
    if secret:
        made = hashlib.scrypt(secret.encode(), salt=b"footnote installations", n=2**14, r=8, p=1, dklen=32)
        return Fernet(base64.urlsafe_b64encode(made))
    path = settings.home / KEY_FILE
    try:
        return Fernet(path.read_bytes() if path.exists() else _new_key(path))
    except (OSError, ValueError) as error:
        raise SettingsInvalid(
            f"FOOTNOTE_SECRET_KEY: {path} can't be used ({type(error).__name__}); restore it or set a key."
        ) from error


def _new_key(path: Path) -> bytes:
    key = Fernet.generate_key()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
    return key


async def installed(engine: AsyncEngine) -> list[str]:
    """The workspaces and organisations in which the app is installed, by their ids."""
    query = select(table.c.workspace).where(table.c.platform == PLATFORM).order_by(table.c.workspace)
    async with engine.connect() as connection:
        return list((await connection.execute(query)).scalars())


class Installations(AsyncInstallationStore):
    """``rotator`` renews tokens that end; Bolt's OAuth flow saves here."""

    def __init__(
        self, engine: AsyncEngine, seal: Fernet, rotator: AsyncTokenRotator, clock: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._seal = seal
        self._rotator = rotator
        self._clock = clock
        self._known: dict[str, Bot] = {}
        self._renewing = asyncio.Lock()

    async def async_save(self, installation: Installation) -> None:
        await self.async_save_bot(installation.to_bot())

    async def async_save_bot(self, bot: Bot) -> None:
        key = str(bot.enterprise_id if bot.is_enterprise_install else bot.team_id)
        kept = bot.to_dict_for_copying()
        await self._write(key, {name: value for name, value in kept.items() if name != "installed_at"})
        self._known.clear()

    async def bot(self, workspace: str, enterprise: str = "") -> Bot | None:
        """Who the app is in a workspace, by its own installation or its organisation's, with a token that is good."""
        where = workspace or enterprise
        found = self._known.get(where)
        if found is None:
            found = await self._find(workspace, enterprise)
            if found is None:
                return None
            self._known[where] = found
        return await self._renewed(where, found)

    async def remove(self, where: str, at: float = math.inf) -> None:
        """The app was uninstalled in a workspace or an organisation, or its tokens there were taken back.

        Slack may tell so late: what was installed again after that time stays.
        """
        self._known.clear()
        gone = (table.c.platform == PLATFORM, table.c.workspace == where, table.c.updated_at <= at)
        async with self._engine.begin() as connection:
            await connection.execute(delete(table).where(*gone))

    def forget(self, workspace: str) -> None:
        """Read this one anew the next time: another replica may have renewed its token."""
        self._known.pop(workspace, None)

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        await self.remove(team_id or enterprise_id or "")

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """People's own tokens are never asked for."""

    async def _find(self, workspace: str, enterprise: str) -> Bot | None:
        kept = self._read(await self._sealed(workspace)) if workspace else None
        if kept is not None and "by" in kept:
            enterprise, kept = str(kept["by"]), None
        if kept is None and enterprise:
            kept = self._read(await self._sealed(enterprise))
            if kept is not None and workspace:
                await self._write(workspace, {"by": enterprise})
        return None if kept is None else Bot(**kept, installed_at=self._clock())

    async def _renewed(self, workspace: str, bot: Bot) -> Bot:
        """The same, with a new token where the old one ends soon."""
        if bot.bot_token_expires_at is None:
            return bot
        async with self._renewing:
            bot = self._known.get(workspace, bot)
            try:
                renewed = await self._rotator.perform_bot_token_rotation(bot=bot)
            except (SlackTokenRotationError, *LOST):
                # A refresh token works once: another replica was first, or Slack is away and the old token still good.
                found = await self._find(workspace, "")
                if found is not None:
                    self._known[workspace] = found
                return found or bot
            if renewed is None:
                return bot
            await self.async_save_bot(renewed)
            self._known[workspace] = renewed
            return renewed

    async def _sealed(self, key: str) -> str | None:
        query = select(table.c.sealed).where(table.c.platform == PLATFORM, table.c.workspace == key)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    def _read(self, sealed: str | None) -> dict[str, Any] | None:
        if sealed is None:
            return None
        try:
            kept: dict[str, Any] = json.loads(self._seal.decrypt(sealed.encode()))
        except InvalidToken:
            return None  # sealed under another key: the app must be installed again
        return kept

    async def _write(self, key: str, kept: dict[str, Any]) -> None:
        sealed = self._seal.encrypt(json.dumps(kept, default=str).encode()).decode()
        row = {"platform": PLATFORM, "workspace": key, "sealed": sealed, "updated_at": self._clock()}
        changed = {"sealed": sealed, "updated_at": self._clock()}
        insert = upsert(self._engine.dialect)(table).values(row)
        statement = insert.on_conflict_do_update(index_elements=["platform", "workspace"], set_=changed)
        async with self._engine.begin() as connection:
            await connection.execute(statement)
