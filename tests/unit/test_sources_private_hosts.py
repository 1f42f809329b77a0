"""An API on a private network is read by its own source alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.settings import Settings
from bot.sources import Opener
from retrieval.errors import Unreadable
from retrieval.stores import Store
from tests.servers.web_sources import WebSources
from tests.unit.sources import sync

PAPER = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/abs/1</id><title>Trains</title>
<summary>They leave.</summary></entry></feed>"""


@pytest.fixture
def opener(host: WebSources, tmp_path: Path) -> Opener:
    return Opener(
        Settings(
            home=tmp_path,
            github_url=host.address,
            arxiv_url=f"{host.address}/arxiv",
            readwise_url=host.address,
            readwise_key=SecretStr("rw-secret"),
        )
    )


async def test_each_api_is_read_by_its_own_source(store: Store, host: WebSources, opener: Opener) -> None:
    host.put_json("/repos/mei/garden", {"full_name": "mei/garden", "html_url": "x", "default_branch": "main"})
    host.put_json("/repos/mei/garden/git/trees/main", {"tree": []})
    host.put_json("/repos/mei/garden/issues", [])
    host.put_json("/repos/mei/garden/releases", [])
    host.put("/arxiv", PAPER, "application/atom+xml")
    host.put_json("/export/", {"results": []})
    for kind, location in (("github", "mei/garden"), ("arxiv", "cat:cs.CL"), ("readwise", "")):
        assert (await sync(store, opener(kind, location))).unreadable == []


@pytest.mark.parametrize("kind", ["web", "feed"])
async def test_no_other_source_reads_the_host_of_an_api(
    store: Store, host: WebSources, opener: Opener, kind: str
) -> None:
    host.put("/page", "<html><body>Internal words.</body></html>")
    with pytest.raises(Unreadable, match="private network"):
        await sync(store, opener(kind, f"{host.address}/page"))
    assert host.asked == []


@pytest.mark.parametrize("to", ["HERE/elsewhere", "http://127.0.0.1:9/"])
async def test_an_api_leads_to_nothing_private(store: Store, host: WebSources, opener: Opener, to: str) -> None:
    host.fail("/repos/mei/garden", 302, location=to.replace("HERE", host.address))
    with pytest.raises(Unreadable, match="private network"):
        await sync(store, opener("github", "mei/garden"))
    assert host.paths() == ["/repos/mei/garden"]
