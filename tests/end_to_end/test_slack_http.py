"""Slack over HTTP: signed deliveries, and installations in many workspaces."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import insert
from structlog.testing import capture_logs

from bot import heard
from bot.chat import ASSISTANT, Place, Reply
from bot.slack import catching_up
from bot.tables import installations
from tests.contract.stages.slack import app_of_manifest
from tests.end_to_end.conftest import heard_until
from tests.end_to_end.on_slack import HOTELS, MEALS, Team, team, workspace
from tests.servers.ports import free_port
from tests.servers.slack import App, Timing
from tests.servers.slack.apps import Installation

GONE = {"tokens_revoked", "app_uninstalled"}
"""The events that tell of an app that was uninstalled."""


def behind(port: int, *, oauth: bool, **about: Any) -> tuple[App, dict[str, Any]]:
    """The app that delivers to this port, and the settings of the assistant there."""
    url = f"http://127.0.0.1:{port}"
    app: App = app_of_manifest(
        events_url=f"{url}/slack/events", redirect_urls=(f"{url}/slack/oauth_redirect",), **about
    )
    more: dict[str, Any] = {"slack_app_token": "", "slack_signing_secret": app.signing_secret, "slack_port": port}
    if oauth:
        client = {"slack_client_id": app.client_id, "slack_client_secret": app.client_secret, "public_url": url}
        more |= {"slack_bot_token": "", **client}
    return app, more


@asynccontextmanager
async def over_http(
    folder: Path, *, oauth: bool = False, enterprise: str | None = None, timing: Timing | None = None, **about: Any
) -> AsyncIterator[Team]:
    """The assistant behind /slack/events, with the one token or installed by OAuth."""
    app, more = behind(free_port(), oauth=oauth, **about)
    async with (
        workspace(app=app, transport="http", enterprise=enterprise, timing=timing or Timing.quick(ack=3)) as slack,
        team(slack, folder, **more) as here,
    ):
        yield here


async def consent(port: int) -> tuple[str, str]:
    """Begin an installation and say yes: where Slack then leads the browser, and its cookie."""
    async with aiohttp.ClientSession() as browser:
        async with browser.get(f"http://127.0.0.1:{port}/slack/install", allow_redirects=False) as page:
            assert page.status == 302
            cookie = page.headers["Set-Cookie"].partition(";")[0]
        async with browser.get(page.headers["Location"], allow_redirects=False) as agreed:
            return agreed.headers["Location"], cookie


async def come_back(address: str, cookie: str) -> str:
    """What the last page of an installation says."""
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(address, headers={"Cookie": cookie}, allow_redirects=False) as done,
    ):
        return f"{done.status} {await done.text()}"


async def install(here: Team, **who: Any) -> str:
    """Go through the installation as somebody in a browser does; what the last page says."""
    for name, value in who.items():
        setattr(here.slack.oauth, name, value)
    return await come_back(*await consent(here.app.settings.slack_port))


def sealed(here: Team) -> list[tuple[str, str]]:
    connection = sqlite3.connect(here.app.settings.home / "records.sqlite")
    try:
        return connection.execute("select workspace, sealed from installations").fetchall()
    finally:
        connection.close()


async def test_a_signed_mention_is_answered_and_the_handshake_is(tmp_path: Path) -> None:
    async with over_http(tmp_path) as here:
        assert await here.slack.verify_url(here.slack.app.events_url or "")
        asked = await here.slack.mention("ada", "general", HOTELS)
        answer = await here.answered("general", asked.ts)
        assert "150 euros" in here.text(answer)
        assert "documents" in await here.used("ada", "general", "/knowledge")
        await here.slack.feedback("ben", answer, good=False)
        form = await here.slack.until(lambda: here.slack.top("ben"))
        await here.slack.submit(form, {"reason": "no"})
        await here.settled()
        assert not form.open


async def test_what_is_badly_signed_or_old_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async with over_http(tmp_path) as here:
        slack, url = here.slack, here.slack.app.events_url or ""
        await slack.mention("ada", "general", HOTELS)
        await slack.settled()
        payload = slack.courier.deliveries[0].payload
        for how in ({"signed": False}, {"skew": -600}, {"skew": 600}):
            assert (await slack.deliver_http(url, payload, **how)).status == 401
        async with aiohttp.ClientSession() as session:
            for body in ("", "{", "payload=", "x" * 10):
                async with session.post(url, data=body) as answer:
                    assert answer.status == 401
            for headers in (
                {"X-Slack-Request-Timestamp": "soon", "X-Slack-Signature": "v0=1"},
                {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=é"},
            ):
                async with session.post(url, data=b"\xff", headers=headers) as answer:
                    assert answer.status == 401
            async with session.get(url) as answer:
                assert answer.status == 405


async def test_what_slack_repeats_is_answered_once(tmp_path: Path) -> None:
    async with over_http(tmp_path) as here:
        slack, url = here.slack, here.slack.app.events_url or ""
        asked = await slack.mention("ada", "general", HOTELS)
        for delivery in slack.courier.deliveries[:]:
            for retry in ((1, "http_timeout"), (2, "http_error")):
                again = await slack.courier.poster.post(url, "events_api", delivery.payload, retry=retry)
                assert again.status == 200
        answer = await here.answered("general", asked.ts)
        await here.settled()
        assert here.said("general", asked.ts) == [answer]


async def test_a_second_workspace_is_installed_and_answered_as_itself(tmp_path: Path) -> None:
    async with over_http(tmp_path, oauth=True) as here:
        slack = here.slack
        slack.installations.clear()
        assert (await install(here, team=slack.team)).startswith("200")
        other = slack.add_team("Other", install=False)
        slack.add_user("olga", other)
        assert (await install(here, team=other, user=None)).startswith("200")
        slack.add_channel("abroad", team=other, members=("olga",))
        if (
            slack.installed(slack.team.id)
            and slack.installed(slack.team.id).bot_user not in slack.channel("general").members
        ):
            slack.channel("general").members.append(slack.installed(slack.team.id).bot_user)
        for who, where in (("ada", "general"), ("olga", "abroad")):
            asked = await slack.mention(who, where, HOTELS)
            assert "150 euros" in here.text(await here.answered(where, asked.ts))
        kept = sealed(here)
        assert {name for name, _ in kept} == {slack.team.id, other.id}
        assert not any(token in text for token in slack.tokens for _, text in kept)
        key = here.app.settings.home / "secret.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


async def test_a_refused_or_forged_installation_keeps_nothing(tmp_path: Path) -> None:
    async with over_http(tmp_path, oauth=True) as here:
        assert "access_denied" in await install(here, deny=True)
        port = here.app.settings.slack_port
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/slack/oauth_redirect?code=x&state=forged") as answer,
        ):
            assert answer.status == 400
        assert sealed(here) == []


async def test_an_installation_begun_before_a_restart_is_finished_after_it_once(tmp_path: Path) -> None:
    port = free_port()
    app, more = behind(port, oauth=True)
    async with workspace(app=app, transport="http") as slack:
        async with team(slack, tmp_path, **more):
            address, cookie = await consent(port)
        async with team(slack, tmp_path, **more) as here:
            assert (await come_back(address, cookie)).startswith("200")
            assert [name for name, _ in sealed(here)] == [slack.team.id]
            assert "invalid_state" in await come_back(address, cookie)


async def test_an_uninstalled_app_forgets_its_token(tmp_path: Path) -> None:
    async with over_http(tmp_path, oauth=True) as here:
        slack = here.slack
        slack.installations.clear()
        await install(here, team=slack.team)
        assert len(sealed(here)) == 1
        await slack.uninstall()
        await slack.settled()
        await slack.until(lambda: sealed(here) == [] or None)


async def test_what_is_told_late_of_an_uninstalled_app_takes_nothing_from_the_one_installed_since(
    tmp_path: Path,
) -> None:
    async with over_http(tmp_path, oauth=True) as here:
        slack = here.slack
        slack.installations.clear()
        await install(here, team=slack.team)
        await slack.uninstall()
        await slack.until(lambda: sealed(here) == [] or None)
        await install(here, team=slack.team)
        told = [one for one in slack.courier.deliveries if one.payload["event"]["type"] in GONE]
        for delivery in told:
            late = {**delivery.payload, "event_time": int(time.time()) - 60}
            assert (await (await slack.courier.deliver("events_api", late)).done()).outcome == "acknowledged"
        slack.channel("general").members.append(slack.installed(slack.team.id).bot_user)  # type: ignore[union-attr]
        asked = await slack.mention("ada", "general", HOTELS)
        assert "150 euros" in here.text(await here.answered("general", asked.ts))
        assert len(told) == len(GONE)
        assert [name for name, _ in sealed(here)] == [slack.team.id]


@asynccontextmanager
async def rotating(tmp_path: Path) -> AsyncIterator[tuple[Team, Installation]]:
    """Installed over HTTP, with a token that is to be renewed at once."""
    timing = Timing(token=3_600, ack=3)
    async with over_http(tmp_path, oauth=True, timing=timing, token_rotation=True) as here:
        here.slack.installations.clear()
        await install(here, team=here.slack.team)
        installed = here.slack.installed(here.slack.team.id)
        assert installed is not None
        yield here, installed


async def test_tokens_are_renewed_before_they_end(tmp_path: Path) -> None:
    async with rotating(tmp_path) as (here, installed):
        slack = here.slack
        first = installed.token
        slack.channel("general").members.append(installed.bot_user)
        asked = await slack.mention("ada", "general", HOTELS)
        assert "150 euros" in here.text(await here.answered("general", asked.ts))
        assert installed.token != first
        assert first not in {call.token for call in slack.calls if call.method.startswith("chat.")}


async def test_a_token_that_a_proxy_keeps_from_being_renewed_is_used_while_it_is_good(tmp_path: Path) -> None:
    async with rotating(tmp_path) as (here, installed):
        slack = here.slack
        slack.channel("general").members.append(installed.bot_user)
        slack.fail("oauth.v2.access", times=999, status=200, says=("text/plain", "no healthy upstream"))
        asked = await slack.mention("ada", "general", HOTELS)
        assert "150 euros" in here.text(await here.answered("general", asked.ts))


async def test_an_organisations_installation_serves_its_workspaces(tmp_path: Path) -> None:
    async with over_http(tmp_path, oauth=True, enterprise="E0ACME", org_deploy=True) as here:
        slack = here.slack
        slack.installations.clear()
        assert (await install(here, whole_org=True)).startswith("200")
        assert [name for name, _ in sealed(here)] == ["E0ACME"]
        slack.channel("general").members.append(slack.installed(slack.team.id).bot_user)  # type: ignore[union-attr]
        asked = await slack.mention("ada", "general", "remember that demos go better with a footnote")
        card = await here.answered("general", asked.ts)
        await slack.press("ben", card, "Approve")
        await slack.until(lambda: "Done" in str(card.blocks), 10)
        assert {name for name, _ in sealed(here)} == {"E0ACME", slack.team.id}


async def test_what_was_asked_meanwhile_is_found_in_each_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though another one has more conversations than are asked, and one is an organisation."""
    monkeypatch.setattr(catching_up, "MOST", 1)
    monkeypatch.setattr(heard, "EVERY_SECONDS", 0.2)
    app, more = behind(free_port(), oauth=True)
    async with workspace(app=app, transport="http", timing=Timing.quick(ack=3)) as slack:
        other = slack.add_team("Other", install=False)
        slack.add_user("olga", other)
        async with team(slack, tmp_path, **more) as here:
            slack.installations.clear()
            for place, who in ((slack.team, "ada"), (other, "olga")):
                assert (await install(here, team=place, user=None)).startswith("200")
                first = await slack.dm(who, HOTELS)
                await here.answered(slack.direct(who), first.ts)
            await here.settled()
            for channel in ("D8", "D9"):
                place, hello = Place("slack", "TZZ", channel, "1.0"), Reply("Hello.")
                await here.app.records.say(place, "run", ASSISTANT, "Hello.", time.time(), hello)
            row = {"platform": "slack", "workspace": "E0ACME", "sealed": "?", "updated_at": 0.0}
            async with here.app.records.engine.begin() as connection:
                await connection.execute(insert(installations).values(row))
        asked = [(who, await slack.dm(who, MEALS)) for who in ("ada", "olga")]
        await slack.courier.give_up()
        async with team(slack, tmp_path, **more) as here:
            with capture_logs() as lines:
                await heard_until(here.app, "slack", time.time() - 300)
                for who, one in asked:
                    assert "40 euros" in here.text(await here.answered(slack.direct(who), one.ts, within=30))
                await here.settled()
        assert [line for line in lines if "caught up" in line["event"]] == []
