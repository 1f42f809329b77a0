"""Installing with OAuth: the consent page and the codes it gives out. docs.slack.dev/authentication/installing-with-oauth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from tests.servers.slack.apps import Installation
from tests.servers.slack.records import Team, User
from tests.servers.slack.refusals import Refused

if TYPE_CHECKING:
    from tests.servers.slack.server import Slack


@dataclass
class Code:
    code: str = field(repr=False)
    redirect_uri: str | None
    scopes: tuple[str, ...]
    team: Team | None
    user: User
    at: float
    used: bool = False


class OAuth:
    """Who comes to the consent page and what they say there: set `team`, `user`, `deny`, `whole_org`."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._codes: dict[str, Code] = {}
        self.team: Team | None = None
        self.user: User | None = None
        self.deny = False
        self.whole_org = False
        self.visits: list[dict[str, str]] = []

    async def authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.visits.append(query)
        app, back = self._slack.app, query.get("redirect_uri") or next(iter(self._slack.app.redirect_urls), None)
        if query.get("client_id") != app.client_id:
            return _page("Invalid client_id parameter")
        if back is None or (app.redirect_urls and not any(back.startswith(each) for each in app.redirect_urls)):
            return _page("redirect_uri did not match any configured URIs")
        if not query.get("scope") and not query.get("user_scope"):
            return _page("invalid_scope: no scopes were requested")
        state = {"state": query["state"]} if "state" in query else {}
        if self.deny:
            return _redirect(back, {"error": "access_denied", **state})
        return _redirect(back, {"code": self._grant(query).code, **state})

    def _grant(self, query: dict[str, str]) -> Code:
        team = self.team or self._slack.team
        people = [u for u in self._slack.users.values() if u.team_id == team.id and not u.is_bot]
        user = self.user or (people[0] if people else self._slack.add_user("installer", team))
        scopes = tuple(each for each in query.get("scope", "").split(",") if each)
        code = self._slack.clock.secret()
        where = None if self.whole_org else team
        made = Code(code, query.get("redirect_uri"), scopes, where, user, self._slack.clock.now())
        self._codes[code] = made
        return made

    def exchange(self, code: str | None, redirect_uri: str | None) -> Installation:
        """A code is good once, for ten minutes."""
        given = self._codes.get(code or "")
        if given is None or given.used or self._slack.clock.now() - given.at > self._slack.timing.code:
            raise Refused("invalid_code")
        if given.redirect_uri is not None and given.redirect_uri != redirect_uri:
            raise Refused("bad_redirect_uri")
        if given.team is None and not self._slack.app.org_deploy:
            raise Refused("cannot_install_an_org_installed_app")
        given.used = True
        return self._slack.install(given.team, scopes=given.scopes, installer=given.user.id)


def _redirect(back: str, query: dict[str, str]) -> web.Response:
    joint = "&" if "?" in back else "?"
    return web.Response(status=302, headers={"Location": f"{back}{joint}{urlencode(query)}"})


def _page(problem: str) -> web.Response:
    return web.Response(text=f"<html><body>Oh no! {problem}</body></html>", content_type="text/html")
