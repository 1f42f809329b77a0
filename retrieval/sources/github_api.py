"""GitHub's REST API as far as a repository is read: one request at a time, page by page, within its limits."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from retrieval.errors import Away, Unreadable
from retrieval.fetching import Fetched
from retrieval.sources.api import MAX_BYTES, decoded
from retrieval.sources.fetcher import Fetcher

_NEXT = re.compile(r'<([^<>]+)>;[^,]*\brel="next"')


class User(BaseModel):
    login: str


class Repository(BaseModel):
    full_name: str
    html_url: str
    default_branch: str


class File(BaseModel):
    path: str
    type: str
    sha: str
    size: int = 0


class Tree(BaseModel):
    tree: list[File]
    truncated: bool = False


class Blob(BaseModel):
    content: str
    encoding: str


class Label(BaseModel):
    name: str = ""


class Issue(BaseModel):
    number: int
    title: str
    html_url: str
    state: str
    updated_at: str
    body: str | None = None
    user: User | None = None
    labels: list[Label] = []
    comments: int = 0


class Comment(BaseModel):
    updated_at: str
    body: str | None = None
    user: User | None = None


class Signature(BaseModel):
    name: str = ""
    date: str = ""


class Signed(BaseModel):
    author: Signature


class Commit(BaseModel):
    commit: Signed


class Release(BaseModel):
    id: int
    tag_name: str
    html_url: str
    name: str | None = None
    body: str | None = None
    draft: bool = False
    published_at: str | None = None
    author: User | None = None


class GitHubApi:
    """Paths are below the repository. What is unchanged costs nothing of the limit (ETag)."""

    def __init__(self, repository: str, token: SecretStr, url: str, fetcher: Fetcher) -> None:
        self._base = f"{url.rstrip('/')}/repos/{repository}"
        self._fetcher = fetcher
        self.has_token = bool(token)
        self._headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if token:
            self._headers["Authorization"] = f"Bearer {token.get_secret_value()}"

    async def get(self, path: str = "") -> Any:
        """Raises `Unreadable`, in the words of somebody who would know what to do."""
        return await decoded(await self._get(f"{self._base}{path}"))

    async def pages(self, path: str, most: int) -> AsyncIterator[list[Any]]:
        """What stands on each page of a list, of at most so many pages."""
        url = f"{self._base}{path}"
        for _ in range(most):
            got = await self._get(url)
            rows = await decoded(got)
            if not isinstance(rows, list):
                raise Unreadable(url, "it is not as the API promises (no list)")
            yield rows
            following = _NEXT.search(got.headers.get("link", ""))
            if not following or urlsplit(following[1])[:2] != urlsplit(self._base)[:2]:
                return
            url = following[1]

    async def _get(self, url: str) -> Fetched:
        try:
            return await self._fetcher.get(url, self._headers, pause=0.0, max_bytes=MAX_BYTES, trusted=True)
        except Away as error:
            advice = self._advice(error)
            raise Away(error.what, f"{error.reason}{advice}", error.status, error.wait) from error

    def _advice(self, error: Away) -> str:
        if error.status == 401:
            return "; check FOOTNOTE_GITHUB_TOKEN"
        if self.has_token:
            return ""
        if error.status == 404:
            return "; a private repository needs FOOTNOTE_GITHUB_TOKEN"
        return "; FOOTNOTE_GITHUB_TOKEN allows more" if error.status in {403, 429} else ""
