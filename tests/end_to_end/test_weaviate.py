"""The whole product with its knowledge on a real Weaviate."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks.rig import open_rig
from bot.app import open_app
from bot.chat import Place
from bot.doctor import Finding, examine
from bot.settings import Settings, SettingsInvalid, load_settings
from retrieval.embedders.hashing import Hashing
from retrieval.errors import StoreUnavailable
from retrieval.metering import Meter
from retrieval.stores import weaviate_client
from tests.chaos.store_embedder import Coarse
from tests.servers.weaviate import WeaviateServer

PLACE = Place("console", "local", "general", "t1")
ASKED = "What may a hotel cost a night?"


@pytest.fixture
def settings(weaviate_server: WeaviateServer, tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        embedder="hashing",
        weaviate_url=weaviate_server.url,
        weaviate_grpc_port=weaviate_server.grpc_port,
        weaviate_tenant=uuid4().hex,
    )


async def nobody_waits(run: str, place: str, cause: str) -> None:
    """No run goes on here."""


async def findings(settings: Settings) -> dict[str, Finding]:
    return {one.what: one async for one in examine(settings)}


async def test_a_question_is_answered_from_it_also_after_a_restart_and_by_no_other_tenant(
    settings: Settings, handbook: Path
) -> None:
    async with open_rig(settings) as rig:
        await rig.app.knowledge.sync(await rig.app.knowledge.add("folder", str(handbook)))
        await rig.app.knowledge.embed()
        answer = await rig.say("ask", PLACE, ASKED)
        await rig.finished(1)
        assert "150 euros" in rig.chat.texts[answer]
    assert (await findings(settings))["Knowledge"].state == "ok"
    async with open_rig(settings) as rig:
        answer = await rig.say("again", PLACE, ASKED)
        await rig.finished(1)
        assert "150 euros" in rig.chat.texts[answer]
    async with open_app(settings.model_copy(update={"weaviate_tenant": "other"}), nobody_waits) as app:
        assert (await app.knowledge.counts()).documents == 0


async def test_with_another_embedder_it_answers_at_once_and_goes_over_in_the_background(
    settings: Settings, handbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_rig(settings) as rig:
        await rig.app.knowledge.sync(await rig.app.knowledge.add("folder", str(handbook)))
        await rig.app.knowledge.embed()

    async def coarse(settings: Settings, meter: Meter) -> Coarse:
        return Coarse()

    monkeypatch.setattr("bot.app.open_settings_embedder", coarse)
    async with open_rig(settings) as rig:
        store = rig.app.knowledge._store
        assert await store.answering() == Hashing.name
        answer = await rig.say("before", PLACE, ASKED)
        await rig.finished(1)
        assert "150 euros" in rig.chat.texts[answer]
        await rig.app.knowledge.embed()
        assert await store.answering() == Coarse.name
        answer = await rig.say("after", PLACE, ASKED)
        await rig.finished(2)
        assert "150 euros" in rig.chat.texts[answer]


async def test_a_server_that_is_away_is_said_in_a_line_without_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weaviate_client, "STARTING", 0.1)
    settings = Settings(home=tmp_path, embedder="hashing", weaviate_url="http://127.0.0.1:1", weaviate_key="s3cret")
    with pytest.raises(StoreUnavailable, match="FOOTNOTE_WEAVIATE_URL") as caught:
        async with open_app(settings, nobody_waits):
            pass
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (await findings(settings))["Knowledge"].state == "wrong"


async def test_doctor_says_where_the_knowledge_is_and_what_would_be_better(settings: Settings, tmp_path: Path) -> None:
    store = (await findings(settings))["Store"]
    assert (store.state, store.advice) == ("ok", "")
    assert settings.weaviate_url in store.found
    assert settings.weaviate_tenant in store.found
    alone = (await findings(Settings(home=tmp_path / "alone", embedder="hashing")))["Store"]
    assert "FOOTNOTE_WEAVIATE_URL" in alone.advice


@pytest.mark.parametrize(
    ("name", "value"), [("WEAVIATE_URL", "localhost"), ("WEAVIATE_URL", "ftp://x"), ("WEAVIATE_TENANT", "no/slash")]
)
def test_an_address_or_tenant_that_can_not_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"FOOTNOTE_{name}", value)
    with pytest.raises(SettingsInvalid, match=f"FOOTNOTE_{name}"):
        load_settings()
