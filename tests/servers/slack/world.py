"""The state of the double: who is where, what was said, which tokens are good."""

from __future__ import annotations

import mimetypes
from typing import Any

from tests.servers.slack.apps import App, Installation
from tests.servers.slack.clock import Clock, Timing
from tests.servers.slack.records import (
    AgentSession,
    Channel,
    File,
    Kind,
    Message,
    ResponseUrl,
    Status,
    Team,
    Trigger,
    User,
    View,
)

Who = User | str
Where = Channel | str


class World:
    """Make teams, people and channels here. Ids and names are both understood wherever one is asked for."""

    def __init__(self, app: App, timing: Timing, seed: int) -> None:
        self.app = app
        self.timing = timing
        self.clock = Clock(seed)
        self.teams: dict[str, Team] = {}
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.installations: list[Installation] = []
        self.tokens: dict[str, Installation] = {}
        self.posted: list[Message] = []
        """Every message there ever was, deleted and ephemeral ones too."""
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        """The published Home tab of each person."""
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.sessions: dict[tuple[str, str], AgentSession] = {}
        """Agent sessions by channel and thread."""
        self.statuses: list[Status] = []
        self.prompts: dict[tuple[str, str | None], dict[str, Any]] = {}
        """Suggested prompts by channel and thread."""
        self.titles: dict[tuple[str, str], str] = {}
        self.contexts: dict[str, list[dict[str, Any]]] = {}
        """What each person looks at beside the agent's pane."""

    def add_team(self, name: str, *, enterprise: str | None = None, install: bool = True, id: str = "") -> Team:  # noqa: A002
        """A workspace; with the app in it unless ``install`` is false. ``enterprise`` makes it part of a Grid."""
        slug = name.lower().replace(" ", "-")
        org = f"{name} Org" if enterprise else None
        team = Team(id or self.clock.id("T"), name, slug, enterprise, org)
        self.teams[team.id] = team
        if install:
            self.install(team)
        return team

    def add_user(self, name: str, team: Team | None = None, **about: Any) -> User:
        """A person. ``about``: real_name, email, is_admin, is_restricted, is_ultra_restricted, is_stranger, deleted."""
        home = team or self.team
        user = User(self.clock.id("U"), home.id, name, **{"real_name": name.title(), **about})
        user.email = user.email or f"{name}@{home.domain}.test"
        self.users[user.id] = user
        return user

    def add_channel(
        self, name: str, *, kind: Kind = "public", members: tuple[Who, ...] = (), bot: bool = True, **about: Any
    ) -> Channel:
        """A channel with these members and (unless ``bot`` is false) the app. ``about``: is_archived, is_ext_shared, …"""
        team: Team = about.pop("team", None) or self.team
        ids = [self.user(who).id for who in members]
        installation = self.installed(team.id)
        if bot and installation:
            ids.append(installation.bot_user)
        identifier = self.clock.id({"im": "D", "mpim": "G"}.get(kind, "C"))
        created = int(self.clock.now())
        channel = Channel(identifier, name, team.id, kind, list(dict.fromkeys(ids)), created=created, **about)
        channel.creator = ids[0] if ids else ""
        self.channels[channel.id] = channel
        return channel

    def add_file(self, who: Who, name: str, data: bytes, *, complete: bool = True) -> File:
        user = self.user(who)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        created = int(self.clock.now())
        file = File(self.clock.id("F"), name, user.id, user.team_id, kind, data, name, created, complete=complete)
        self.files[file.id] = file
        return file

    def install(self, team: Team | None, *, scopes: tuple[str, ...] | None = None, installer: str = "") -> Installation:
        """Put the app into a workspace, or anew: older tokens of it stay good until they are revoked."""
        org = team is None
        home = team or self.team
        before = next((each for each in reversed(self.installations) if each.home_team == home.id), None)
        bot_user = before.bot_user if before else self._bot(home)
        bot_id = self.users[bot_user].bot_id or ""
        made = Installation(
            team_id=None if org else home.id,
            enterprise_id=home.enterprise_id,
            bot_user=bot_user,
            bot_id=bot_id,
            scopes=scopes or self.app.scopes,
            token="",
            installer=installer,
            home_team=home.id,
        )
        self.issue(made)
        self.installations.append(made)
        return made

    def issue(self, installation: Installation) -> None:
        """A fresh bot token, and with rotation a refresh token (docs.slack.dev/authentication/using-token-rotation)."""
        rotating = self.app.token_rotation
        prefix = "xoxe.xoxb-1-" if rotating else f"xoxb-{installation.home_team[1:]}-"
        installation.token = prefix + self.clock.secret()
        if rotating:
            installation.refresh_token = "xoxe-1-" + self.clock.secret()
            installation.expires[installation.token] = self.clock.now() + self.timing.token
        self.tokens[installation.token] = installation

    def _bot(self, team: Team) -> str:
        name = self.app.name.lower()
        bot = User(self.clock.id("U"), team.id, name, self.app.name, is_bot=True, app_id=self.app.id)
        bot.bot_id = self.clock.id("B")
        self.users[bot.id] = bot
        return bot.id

    @property
    def team(self) -> Team:
        """The first workspace."""
        return next(iter(self.teams.values()))

    @property
    def bot(self) -> User:
        """The app's user in the first workspace."""
        return self.users[self.installations[0].bot_user]

    @property
    def bot_token(self) -> str:
        """The newest token of the first workspace."""
        return next(each for each in reversed(self.installations) if each.home_team == self.team.id).token

    def installed(self, team_id: str) -> Installation | None:
        """The living installation that serves a workspace: its own, or its organisation's."""
        enterprise = self.teams[team_id].enterprise_id if team_id in self.teams else None
        for each in reversed(self.installations):
            own = each.team_id == team_id
            shared = each.team_id is None and enterprise is not None and each.enterprise_id == enterprise
            if each.state == "active" and (own or shared):
                return each
        return None

    def user(self, who: Who) -> User:
        if isinstance(who, User):
            return who
        found = self.users.get(who) or next((u for u in self.users.values() if u.name == who), None)
        if found is None:
            raise LookupError(f"no user {who!r}; there are {[user.name for user in self.users.values()]}")
        return found

    def channel(self, where: Where) -> Channel:
        if isinstance(where, Channel):
            return where
        name = where.removeprefix("#")
        found = self.channels.get(where) or next((c for c in self.channels.values() if c.name == name), None)
        if found is None:
            raise LookupError(f"no channel {where!r}; there are {[each.name for each in self.channels.values()]}")
        return found

    def direct(self, who: Who, bot_user: str | None = None) -> Channel:
        """The direct conversation of a person and the app, opened if it was not."""
        user = self.user(who)
        other = bot_user or self._bot_of(user.team_id)
        for channel in self.channels.values():
            if channel.kind == "im" and set(channel.members) == {user.id, other}:
                return channel
        made = self.add_channel("", kind="im", members=(user.id, other), bot=False, team=self.teams[user.team_id])
        made.creator = user.id
        return made

    def _bot_of(self, team_id: str) -> str:
        installation = self.installed(team_id)
        return installation.bot_user if installation else self.bot.id

    def message(self, ts: str) -> Message:
        """By its timestamp; these are unique here across all channels."""
        found = next((each for each in reversed(self.posted) if each.ts == ts), None)
        if found is None:
            raise LookupError(f"no message {ts}")
        return found

    def find(self, channel: str, ts: str | None) -> Message | None:
        """A message that is there to be read by everybody in the channel."""
        for each in reversed(self.posted):
            if each.ts == ts and each.channel == channel and not each.deleted and each.ephemeral_to is None:
                return each
        return None

    def expire(self, message: Message) -> None:
        """A stream that nobody stopped ends by itself."""
        stream = message.stream
        if stream and stream.state == "in_progress" and self.clock.now() >= stream.expires:
            stream.state = "completed"
