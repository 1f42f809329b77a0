"""A repository on GitHub: its Markdown files on the default branch, its issues with their comments, its releases."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import PurePosixPath
from urllib.parse import quote

from pydantic import SecretStr

from retrieval.documents import Audience, Document, content_hash
from retrieval.errors import Unreadable
from retrieval.parsing import MARKDOWN, parse
from retrieval.parsing.dates import timestamp
from retrieval.parsing.markdown import words_of
from retrieval.parsing.parsed import Parsed
from retrieval.sources import READING, Listed
from retrieval.sources.api import shaped
from retrieval.sources.fetcher import Fetcher
from retrieval.sources.github_api import Blob, Comment, Commit, File, GitHubApi, Issue, Release, Repository, Tree, User

MAX_FILES = 2_000
MAX_ISSUE_PAGES = 20
"""Of a hundred issues each, those that changed last."""
MAX_COMMENT_PAGES = 5
MAX_RELEASE_PAGES = 3
MAX_FILE_BYTES = 1_000_000
PARTS = frozenset({"docs", "issues", "releases"})
_NAMED = re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}")


class GitHubSource:
    """A `Source` of all ``parts`` or some. Where one can't be listed, what was known of it stays and the others go on."""

    keeps = False

    def __init__(
        self,
        repository: str,
        token: SecretStr,
        url: str,
        fetcher: Fetcher,
        audience: Audience | None = None,
        parts: Collection[str] = PARTS,
    ) -> None:
        if not _NAMED.fullmatch(repository) or repository.endswith(("/.", "/..")):
            raise Unreadable(f"github:{repository}", "this is no repository; write github:OWNER/REPOSITORY")
        self.name = f"github:{repository}"
        self._api = GitHubApi(repository, token, url, fetcher)
        self._audience = audience or Audience.everyone()
        self._parts = parts
        self._repository = Repository(full_name=repository, html_url="", default_branch="")
        self._found: dict[str, File | Issue | Release] = {}

    async def list(self) -> AsyncIterator[Listed]:
        self._repository = shaped(Repository, await self._api.get(), self.name)
        self._found = {}
        parts: dict[str, Callable[[], AsyncIterator[Listed]]] = {
            "docs": self._files,
            "issues": self._issues,
            "releases": self._releases,
        }
        for part, listed in parts.items():
            if part not in self._parts:
                continue
            try:
                async for one in listed():
                    yield one
            except Unreadable as error:
                yield Listed(f"{self.name}/{part}/", "", away=error.reason)

    async def read(self, listed: Listed) -> Document:
        match self._found[listed.id]:
            case File() as file:
                return await self._read_file(listed, file)
            case Issue() as issue:
                return await self._read_issue(listed, issue)
            case Release() as release:
                title = release.name or release.tag_name
                when = timestamp(release.published_at or "")
                about = f"{self._repository.full_name} {title}"
                parsed = await asyncio.to_thread(words_of, release.body or title)
                return self._document(listed, about, release.html_url, parsed, when, _logins(release.author))

    async def _files(self) -> AsyncIterator[Listed]:
        branch = quote(self._repository.default_branch, safe="")
        answer = await self._api.get(f"/git/trees/{branch}?recursive=1")
        tree = await asyncio.to_thread(shaped, Tree, answer, self.name)
        files = [one for one in tree.tree if one.type == "blob" and PurePosixPath(one.path).suffix.lower() in MARKDOWN]
        for file in files[:MAX_FILES]:
            yield self._find(f"docs/{file.path}", file, file.sha, file.size)
        if tree.truncated or len(files) > MAX_FILES:
            yield Listed(f"{self.name}/docs/", "", away=f"it has more files; {min(len(files), MAX_FILES):,} are read")

    async def _issues(self) -> AsyncIterator[Listed]:
        pages = 0
        async for rows in self._api.pages("/issues?state=all&sort=updated&per_page=100", MAX_ISSUE_PAGES):
            pages += 1
            for row in rows:
                if isinstance(row, dict) and "pull_request" in row:
                    continue
                issue = shaped(Issue, row, self.name)
                yield self._find(f"issues/{issue.number}", issue, content_hash(issue.model_dump_json().encode()))
        if pages == MAX_ISSUE_PAGES:
            yield Listed(f"{self.name}/issues/", "", away=f"only the {pages * 100:,} that changed last are read")

    async def _releases(self) -> AsyncIterator[Listed]:
        async for rows in self._api.pages("/releases?per_page=100", MAX_RELEASE_PAGES):
            for row in rows:
                release = shaped(Release, row, self.name)
                if not release.draft:
                    yield self._find(
                        f"releases/{release.id}", release, content_hash(release.model_dump_json().encode())
                    )

    def _find(self, path: str, found: File | Issue | Release, changed: str, size: int = 0) -> Listed:
        id_ = f"{self.name}/{path}"
        self._found[id_] = found
        return Listed(id_, f"{READING}:{changed}", size)

    async def _read_file(self, listed: Listed, file: File) -> Document:
        if file.size > MAX_FILE_BYTES:
            raise Unreadable(listed.id, f"it is larger than {MAX_FILE_BYTES // 1_000_000} MB")
        blob = shaped(Blob, await self._api.get(f"/git/blobs/{file.sha}"), listed.id)
        try:
            data = base64.b64decode(blob.content)
        except ValueError as error:
            raise Unreadable(listed.id, "it is not as the API promises (content)") from error
        parsed = await parse(file.path, data)
        uri = f"{self._repository.html_url}/blob/{quote(self._repository.default_branch)}/{quote(file.path)}"
        title = parsed.title or PurePosixPath(file.path).stem
        when, authors = await self._last_commit(file)
        return self._document(listed, title, uri, parsed, parsed.written or when, parsed.authors or authors)

    async def _last_commit(self, file: File) -> tuple[float, tuple[str, ...]]:
        """When a file was written last, and by whom; without a token the limit is too small to ask for it."""
        if not self._api.has_token:
            return 0.0, ()
        rows = await self._api.get(f"/commits?path={quote(file.path)}&per_page=1")
        commits = [shaped(Commit, row, file.path).commit.author for row in rows or []]
        return (timestamp(commits[0].date), (commits[0].name,)) if commits else (0.0, ())

    async def _read_issue(self, listed: Listed, issue: Issue) -> Document:
        comments: list[Comment] = []
        if issue.comments:
            async for rows in self._api.pages(f"/issues/{issue.number}/comments?per_page=100", MAX_COMMENT_PAGES):
                comments += [shaped(Comment, row, listed.id) for row in rows]
        labels = ", ".join(one.name for one in issue.labels if one.name)
        head = f"{issue.title} ({issue.state}{f'; {labels}' if labels else ''})"
        said = [(issue.user, issue.body), *((one.user, one.body) for one in comments)]
        turns = [f"{user.login if user else 'ghost'}: {body.strip()}" for user, body in said if body and body.strip()]
        title = f"{self._repository.full_name}#{issue.number}: {issue.title}"
        authors = _logins(issue.user, *(one.user for one in comments))
        parsed = await asyncio.to_thread(words_of, "\n\n".join([head, *turns]))
        return self._document(listed, title, issue.html_url, parsed, timestamp(issue.updated_at), authors)

    def _document(
        self, listed: Listed, title: str, uri: str, parsed: Parsed, modified: float, authors: tuple[str, ...]
    ) -> Document:
        return Document(
            id=listed.id,
            source=self.name,
            uri=uri,
            title=title,
            text=parsed.text,
            audience=self._audience,
            content_hash=listed.content_hash,
            headings=parsed.headings,
            links=parsed.links,
            aliases=parsed.aliases,
            modified=modified,
            metadata={"repository": self._repository.full_name},
            anchors=parsed.anchors,
            authors=authors,
        )


def _logins(*users: User | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(user.login for user in users if user))
