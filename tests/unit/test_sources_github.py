"""GitHub, from a host on loopback that speaks its REST API."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from pydantic import SecretStr

from retrieval.errors import Away, Unreadable
from retrieval.sources import github
from retrieval.sources.fetcher import Fetcher
from retrieval.sources.github import GitHubSource
from retrieval.stores import Store
from tests.servers.web_sources import WebSources
from tests.unit.sources import counted, everything, sync

WHEN = "2026-03-01T10:00:00Z"
TOKEN = SecretStr("ghp-secret")


def issue(number: int, title: str, body: str | None = "A body.", **more: Any) -> dict[str, Any]:
    url = f"https://github.com/mei/garden/issues/{number}"
    about = {"html_url": url, "state": "open", "updated_at": WHEN, "user": {"login": "mei"}, "comments": 0}
    return {"number": number, "title": title, "body": body, **about, **more}


def put_file(host: WebSources, sha: str, text: str) -> None:
    content = base64.encodebytes(text.encode()).decode()
    host.put_json(f"/repos/mei/garden/git/blobs/{sha}", {"content": content, "encoding": "base64"})


def put_tree(host: WebSources, *files: tuple[str, str], truncated: bool = False) -> None:
    tree = [{"path": path, "type": "blob", "sha": sha, "size": 10} for path, sha in files]
    tree.append({"path": "src", "type": "tree", "sha": "t1"})
    host.put_json("/repos/mei/garden/git/trees/main", {"tree": tree, "truncated": truncated})


@pytest.fixture
def garden(host: WebSources) -> WebSources:
    about = {"full_name": "mei/garden", "html_url": "https://github.com/mei/garden", "default_branch": "main"}
    host.put_json("/repos/mei/garden", about)
    put_tree(host, ("README.md", "s1"), ("docs/hours.md", "s2"), ("src/main.py", "s3"))
    put_file(host, "s1", "# Garden\n\nSee [hours](docs/hours.md).")
    put_file(host, "s2", "# Hours\n\nIt opens at **nine**.")
    host.put_json("/repos/mei/garden/issues", [issue(1, "Roses wilt"), issue(2, "A change", pull_request={})])
    host.put_json("/repos/mei/garden/releases", [])
    host.put_json("/repos/mei/garden/commits", [{"commit": {"author": {"name": "Jo Berg", "date": WHEN}}}])
    return host


def source(host: WebSources, fetcher: Fetcher, token: SecretStr = TOKEN) -> GitHubSource:
    return GitHubSource("mei/garden", token, host.address, fetcher)


async def test_documents_issues_and_releases_are_read(store: Store, garden: WebSources, fetcher: Fetcher) -> None:
    comments = [
        {"updated_at": WHEN, "body": "Water **them**.", "user": {"login": "jo"}},
        {"updated_at": WHEN, "user": None},
    ]
    garden.put_json("/repos/mei/garden/issues", [issue(1, "Roses wilt", labels=[{"name": "bug"}], comments=2)])
    garden.put_json("/repos/mei/garden/issues/1/comments", comments)
    release = {
        "id": 7,
        "tag_name": "v1",
        "html_url": "https://x",
        "name": "Spring",
        "body": "First.",
        "published_at": WHEN,
    }
    garden.put_json("/repos/mei/garden/releases", [release, {**release, "id": 8, "draft": True}])
    assert (await sync(store, source(garden, fetcher))).new == 4
    found = await everything(store)
    assert set(found) == {"Garden", "Hours", "mei/garden#1: Roses wilt", "mei/garden Spring"}
    wilt = found["mei/garden#1: Roses wilt"]
    assert wilt.text == "Roses wilt (open; bug)\n\nmei: A body.\n\njo: Water them."
    assert (wilt.authors, wilt.modified) == (("mei", "jo"), 1_772_359_200.0)
    assert found["Hours"].uri == "https://github.com/mei/garden/blob/main/docs/hours.md"
    assert (found["Hours"].authors, found["Hours"].modified) == (("Jo Berg",), 1_772_359_200.0)
    assert found["mei/garden Spring"].text == "First."
    assert {one.headers.get("authorization") for one in garden.asked} == {"Bearer ghp-secret"}


async def test_only_what_changed_is_read_again_and_the_rest_costs_no_limit(
    store: Store, garden: WebSources, fetcher: Fetcher
) -> None:
    await sync(store, source(garden, fetcher))
    before = len(garden.asked)
    assert counted(await sync(store, source(garden, fetcher))) == (0, 0, 0, 3)
    assert {one.status for one in garden.asked[before:]} == {304}
    put_tree(garden, ("README.md", "s9"))
    put_file(garden, "s9", "# Garden\n\nNew.")
    assert counted(await sync(store, source(garden, fetcher))) == (0, 1, 1, 1)


async def test_issues_are_read_page_by_page_on_their_own_host(
    store: Store, garden: WebSources, fetcher: Fetcher
) -> None:
    path = "/repos/mei/garden/issues"
    garden.put_json(path, [issue(1, "One")], link='<HERE/more?page=2>; rel="next", <HERE/x>; rel="last"')
    garden.put_json("/more", [issue(2, "Two"), issue(1, "One")], link='<http://x.example/evil>; rel="next"')
    summary = await sync(store, source(garden, fetcher))
    assert {"mei/garden#1: One", "mei/garden#2: Two"} <= set(await everything(store))
    assert summary.unreadable == []


async def test_a_page_that_stayed_the_same_leads_to_one_that_is_new(
    store: Store, garden: WebSources, fetcher: Fetcher
) -> None:
    path = "/repos/mei/garden/issues"
    garden.put_json(path, [issue(1, "One")])
    await sync(store, source(garden, fetcher))
    garden.put_json(path, [issue(1, "One")], link='<HERE/more>; rel="next"')
    garden.put_json("/more", [issue(2, "Two")])
    await sync(store, source(garden, fetcher))
    assert any(one.startswith(f"{path}?") for one in garden.paths(304))
    assert {"mei/garden#1: One", "mei/garden#2: Two"} <= set(await everything(store))


async def test_a_comment_that_was_deleted_is_gone_though_the_issue_is_as_old(
    store: Store, garden: WebSources, fetcher: Fetcher
) -> None:
    comments = [{"updated_at": WHEN, "body": f"Water them {day}.", "user": {"login": "jo"}} for day in ("now", "later")]
    for left in (comments, comments[:1]):
        garden.put_json("/repos/mei/garden/issues", [issue(1, "Roses wilt", comments=len(left))])
        garden.put_json("/repos/mei/garden/issues/1/comments", left)
        await sync(store, source(garden, fetcher))
    assert "later" not in (await everything(store))["mei/garden#1: Roses wilt"].text


async def test_issues_beyond_the_bound_are_said_and_none_is_lost(
    store: Store, garden: WebSources, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sync(store, source(garden, fetcher))
    monkeypatch.setattr(github, "MAX_ISSUE_PAGES", 1)
    garden.put_json("/repos/mei/garden/issues", [issue(9, "Nine")], link='<HERE/more>; rel="next"')
    summary = await sync(store, source(garden, fetcher))
    assert summary.unreadable == [("github:mei/garden/issues/", "only the 100 that changed last are read")]
    assert {"mei/garden#1: Roses wilt", "mei/garden#9: Nine"} <= set(await everything(store))


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500])
async def test_a_part_that_can_not_be_listed_is_named_and_what_was_known_of_it_stays(
    store: Store, garden: WebSources, fetcher: Fetcher, status: int
) -> None:
    await sync(store, source(garden, fetcher))
    garden.fail("/repos/mei/garden/issues", status)
    put_tree(garden, ("README.md", "s1"))
    summary = await sync(store, source(garden, fetcher))
    assert counted(summary) == (0, 0, 1, 1)
    assert summary.unreadable[0][0] == "github:mei/garden/issues/"
    assert f"it answered {status}" in summary.unreadable[0][1]
    assert "mei/garden#1: Roses wilt" in await everything(store)


@pytest.mark.parametrize(
    ("status", "token", "advice"),
    [
        (401, TOKEN, "check FOOTNOTE_GITHUB_TOKEN"),
        (404, SecretStr(""), "private repository needs FOOTNOTE_GITHUB_TOKEN"),
    ],
)
async def test_a_repository_that_is_away_is_one_line_with_advice(
    store: Store, garden: WebSources, fetcher: Fetcher, status: int, token: SecretStr, advice: str
) -> None:
    await sync(store, source(garden, fetcher))
    garden.fail("/repos/mei/garden", status)
    with pytest.raises(Away, match=advice) as failed:
        await sync(store, source(garden, fetcher, token))
    assert "ghp-secret" not in str(failed.value)
    assert len(await everything(store)) == 3


async def test_without_a_token_nothing_is_asked_for_that_can_be_spared(
    store: Store, garden: WebSources, fetcher: Fetcher
) -> None:
    await sync(store, source(garden, fetcher, SecretStr("")))
    assert not [path for path in garden.paths() if "/commits" in path]
    assert "authorization" not in garden.asked[0].headers
    assert len(await everything(store)) == 3


async def test_a_limit_that_is_used_up_is_kept_until_it_is_reset(
    store: Store, garden: WebSources, fetcher: Fetcher
) -> None:
    reset = str(int(time.time()) + 1_000)
    garden.fail("/repos/mei/garden", 403, x_ratelimit_remaining="0", x_ratelimit_reset=reset)
    for _ in range(2):
        with pytest.raises(Away) as failed:
            await sync(store, source(garden, fetcher))
        assert failed.value.wait == pytest.approx(1_000, abs=30)
    assert len(garden.asked) == 1


@pytest.mark.parametrize("body", ["<html>", "[]", '{"full_name": 1}'])
async def test_an_answer_of_another_shape_is_one_line(
    store: Store, garden: WebSources, fetcher: Fetcher, body: str
) -> None:
    garden.put("/repos/mei/garden", body, "application/json")
    with pytest.raises(Unreadable, match=r"no JSON|promises"):
        await sync(store, source(garden, fetcher))


async def test_a_file_that_is_broken_or_too_large_is_named_and_the_others_are_read(
    store: Store, garden: WebSources, fetcher: Fetcher
) -> None:
    garden.put_json("/repos/mei/garden/git/blobs/s1", {"content": "\0", "encoding": "none"})
    garden.put_json(
        "/repos/mei/garden/git/trees/main",
        {
            "tree": [
                {"path": "README.md", "type": "blob", "sha": "s1"},
                {"path": "docs/hours.md", "type": "blob", "sha": "s2"},
                {"path": "big.md", "type": "blob", "sha": "s4", "size": 2_000_000_000},
            ]
        },
    )
    summary = await sync(store, source(garden, fetcher))
    assert "Hours" in await everything(store)
    assert dict(summary.unreadable)["github:mei/garden/docs/big.md"] == "it is larger than 1 MB"
    assert len(summary.unreadable) == 2


@pytest.mark.parametrize("name", ["garden", "mei/garden/x", "mei/..", "mei/a b", "../x", "", "mei/"])
def test_what_is_no_repository_is_one_line(name: str, fetcher: Fetcher) -> None:
    with pytest.raises(Unreadable, match="github:OWNER/REPOSITORY"):
        GitHubSource(name, TOKEN, "http://x.example", fetcher)
