"""A strict double of Slack on loopback, for the real SDKs to speak to."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any, Literal, TypeVar

from aiohttp import web

from tests.servers.slack import downloads, responses
from tests.servers.slack.apps import App
from tests.servers.slack.clock import Timing
from tests.servers.slack.courier import Ack, Courier, Kind, Unruly
from tests.servers.slack.faults import Chaos, Fault, Faults
from tests.servers.slack.limits import Meter, RateLimits
from tests.servers.slack.oauth import OAuth
from tests.servers.slack.posting import HttpAnswer
from tests.servers.slack.records import Message
from tests.servers.slack.socket_mode import SocketMode
from tests.servers.slack.visits import Visits
from tests.servers.slack.web import Recorded, WebApi
from tests.servers.slack.world import Where, Who

Result = TypeVar("Result")


class Slack(Visits):
    """Begins with the workspace Acme: Ada, Ben, and #general with both and the app in it.

        async with Slack() as slack:
            client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
            await slack.mention("ada", "general", "hello")

    ``transport`` says how events reach the app: over Socket Mode, or over HTTP to ``app.events_url``.
    """

    def __init__(
        self,
        app: App | None = None,
        *,
        rates: RateLimits | None = None,
        timing: Timing | None = None,
        transport: Literal["socket", "http"] = "socket",
        enterprise: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(app or App(), timing or Timing(), seed)
        self.transport = transport
        self.meter = Meter(rates or RateLimits())
        self.faults = Faults()
        self.web = WebApi(self)
        self.oauth = OAuth(self)
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.add_team("Acme", enterprise=enterprise)
        self.add_user("ada", is_admin=True)
        self.add_user("ben")
        self.add_channel("general", members=("ada", "ben"))

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    @property
    def app_token(self) -> str:
        return self.app.app_token

    @property
    def calls(self) -> list[Recorded]:
        """Every Web API call, in order."""
        return self.web.calls

    @property
    def acks(self) -> list[Ack]:
        return self.courier.acks

    def called(self, method: str) -> list[Recorded]:
        """The calls of one method."""
        return [each for each in self.calls if each.method == method]

    async def __aenter__(self) -> Slack:
        self.sockets = SocketMode(self)
        self.courier = Courier(self)
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/api/{method}", self.web.handle)
        application.router.add_get("/link/", self.sockets.handle)
        application.router.add_get("/oauth/v2/authorize", self.oauth.authorize)
        application.router.add_post("/actions/{id}", partial(responses.handle, self))
        application.router.add_get("/files-pri/{team}-{file}/{tail:.*}", partial(downloads.download, self))
        application.router.add_post("/upload/v1/{file}", partial(downloads.upload, self))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.courier.stop()
        for task in list(self._background):
            task.cancel()
        self.sockets.drop()
        await self.courier.poster.stop()
        if self._runner:
            await self._runner.cleanup()

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[Slack]:
        """Runs in a thread of its own, for tests that are not asynchronous: `do` what people do."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(self.__aenter__(), loop).result(10)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self.__aexit__(), loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)

    def do(self, work: Coroutine[Any, Any, Result], timeout: float = 30) -> Result:
        """From another thread: ``slack.do(slack.mention(...))``."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def fail(
        self,
        method: str,
        times: int = 1,
        *,
        error: str | None = None,
        status: int | None = None,
        retry_after: int | None = None,
        hang: float | None = None,
        drop: bool = False,
        applied: bool = False,
        says: tuple[str, str] | None = None,
    ) -> None:
        """The next calls of a method (``*`` for any) go wrong: an error's name, a status, a 429, silence, a cut line.

        With ``applied`` the call takes effect and only its answer is late (``hang``) or lost (``drop``). With ``says``
        the status has this content type and text, as from a proxy.
        """
        self.faults.plan(method, Fault(error, status, retry_after, hang, drop, applied, says, times))

    def chaos(self, chaos: Chaos | None) -> None:
        """Random faults from now on, by a seed; None ends them."""
        self.faults.chaos(chaos)

    def deliver_unruly(self, *, duplicate: float = 0.0, late: float = 0.0, by: float = 0.2) -> None:
        """From now on events come twice, or late and out of order, with these chances."""
        self.courier.unruly = Unruly(duplicate, late, by)

    async def deliver_http(
        self, url: str, payload: dict[str, Any], kind: Kind = "events_api", *, signed: bool = True, skew: float = 0
    ) -> HttpAnswer:
        """One signed POST, not retried: an event, an interaction or a command, badly signed or old if told so."""
        return await self.courier.deliver_http(url, kind, payload, signed=signed, skew=skew)

    async def verify_url(self, url: str) -> bool:
        """The url_verification handshake."""
        return await self.courier.poster.verify(url)

    async def settled(self, timeout: float = 10) -> None:
        """Waits until every delivery was acknowledged or given up."""
        async with asyncio.timeout(timeout):
            while self._background:
                await asyncio.wait(set(self._background))
            await self.courier.settled(timeout)

    async def until(self, true: Callable[[], Any], timeout: float = 5) -> Any:
        """Waits for something to become true, and returns it."""
        async with asyncio.timeout(timeout):
            while not (found := true()):
                await asyncio.sleep(0.01)
        return found

    def messages(self, channel: Where, thread_ts: str | None = None, *, reader: Who | None = None) -> list[Message]:
        """What a reader sees now: of a thread, or with no thread of all the channel. Ephemerals only for their reader."""
        place = self.channel(channel)
        eyes = self.user(reader).id if reader is not None else None
        seen = []
        for message in self.posted:
            self.expire(message)
            here = message.channel == place.id and not message.deleted
            if here and message.ephemeral_to in (None, eyes) and thread_ts in (None, message.root):
                seen.append(message)
        return seen

    def by_app(self, channel: Where, thread_ts: str | None = None, *, reader: Who | None = None) -> list[Message]:
        """The same, only what the app said."""
        return [m for m in self.messages(channel, thread_ts, reader=reader) if m.app_id == self.app.id]

    def status(self, channel: Where, thread_ts: str) -> str:
        """The assistant status that a thread shows now; empty when a message or two minutes ended it."""
        place, now = self.channel(channel), self.clock.now()
        for each in reversed(self.statuses):
            if each.channel == place.id and each.thread_ts == thread_ts:
                return each.status if now - each.at < self.timing.status else ""
        return ""
