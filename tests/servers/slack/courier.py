"""Delivering events and interactions: over a socket or over HTTP, again if nobody answers, and unruly on request.

Events are retried three times (docs.slack.dev/apis/events-api#retries); interactions and commands are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.servers.slack.posting import HttpAnswer, Poster

if TYPE_CHECKING:
    from tests.servers.slack.server import Slack
    from tests.servers.slack.socket_mode import Connection

Kind = Literal["events_api", "interactive", "slash_commands"]


@dataclass
class Ack:
    """An acknowledgement, whether it came in time or after. ``latency`` is in seconds."""

    kind: Kind
    envelope_id: str
    event_id: str | None
    latency: float
    attempt: int
    payload: Any = None
    connection: int | None = None
    late: bool = False


@dataclass(eq=False)
class Delivery:
    kind: Kind
    payload: dict[str, Any]
    accepts_response: bool = False
    attempts: int = 0
    outcome: Literal["pending", "acknowledged", "failed"] = "pending"
    reason: str = ""
    """Why it failed, or the last try did: timeout, http_timeout, http_error, connection_failed, not_connected."""
    response: Any = None
    """What the acknowledgement carried."""
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def event_id(self) -> str | None:
        return self.payload.get("event_id")

    async def done(self, timeout: float = 10) -> Delivery:
        """Waits until it was acknowledged or given up."""
        async with asyncio.timeout(timeout):
            await self.finished.wait()
        return self


@dataclass(frozen=True)
class Unruly:
    """Chances, 0 to 1, that a delivery comes twice or late (and so out of order)."""

    duplicate: float = 0.0
    late: float = 0.0
    by: float = 0.2
    """At most so many seconds late."""


@dataclass(eq=False)
class _Sent:
    delivery: Delivery
    attempt: int
    at: float
    event: asyncio.Event
    acknowledged: bool = False
    connection: Connection | None = None


class Courier:
    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self.poster = Poster(slack)
        self.deliveries: list[Delivery] = []
        self.acks: list[Ack] = []
        self.unruly = Unruly()
        self._sent: dict[str, _Sent] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def deliver(self, kind: Kind, payload: dict[str, Any], *, accepts_response: bool = False) -> Delivery:
        """Hands it over; the answer is awaited in the background. The same payload twice is two deliveries."""
        delivery = Delivery(kind, payload, accepts_response)
        self.deliveries.append(delivery)
        draw, rules = self._slack.clock.random.random, self.unruly
        copies = 2 if kind == "events_api" and draw() < rules.duplicate else 1
        for copy in range(copies):
            each = delivery if copy == 0 else Delivery(kind, payload, accepts_response)
            if copy:
                self.deliveries.append(each)
            late = draw() * rules.by if draw() < rules.late else 0.0
            started = asyncio.Event()
            self._spawn(self._carry(each, started, late))
            if not late:
                await started.wait()
        return delivery

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def give_up(self) -> None:
        """Nothing that waits is delivered any more, as after Slack's last repeat."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, delivery: Delivery, started: asyncio.Event, late: float) -> None:
        await asyncio.sleep(late)
        delays = self._slack.timing.retries if delivery.kind == "events_api" else ()
        try:
            for attempt, delay in enumerate((0.0, *delays)):
                await asyncio.sleep(delay)
                delivery.attempts = attempt + 1
                over = self._over_http if self._slack.transport == "http" else self._over_socket
                if await over(delivery, attempt, started):
                    delivery.outcome = "acknowledged"
                    return
                if delivery.outcome == "acknowledged" or delivery.reason == "no_retry":
                    return
        finally:
            started.set()
            if delivery.outcome == "pending":
                delivery.outcome = "failed"
            delivery.finished.set()

    async def _over_socket(self, delivery: Delivery, attempt: int, started: asyncio.Event) -> bool:
        envelope = self._slack.clock.secret()
        sent = _Sent(delivery, attempt, 0.0, asyncio.Event())
        self._sent[envelope] = sent
        if not await self._write(delivery, attempt, envelope, sent, started):
            return False
        started.set()
        try:
            async with asyncio.timeout(self._slack.timing.ack):
                await sent.event.wait()
        except TimeoutError:
            delivery.reason = "timeout"
        return sent.acknowledged

    async def _write(
        self, delivery: Delivery, attempt: int, envelope: str, sent: _Sent, started: asyncio.Event
    ) -> bool:
        """An event waits for a connection as long as none is there; a person at a button does not."""
        if not self._slack.sockets.live:
            started.set()
        patience = None if delivery.kind == "events_api" else self._slack.timing.ack
        while connection := await self._slack.sockets.any(patience):
            sent.at = self._slack.clock.now()
            sent.connection = connection
            if await connection.send(_envelope(delivery, envelope, attempt)):
                return True
        delivery.reason = "not_connected"
        return False

    async def _over_http(self, delivery: Delivery, attempt: int, started: asyncio.Event) -> bool:
        started.set()
        url = self._url(delivery.kind)
        if url is None:
            delivery.reason = "no_url"
            return False
        began = self._slack.clock.now()
        retry = (attempt, delivery.reason) if attempt else None
        answer = await self.poster.post(url, delivery.kind, delivery.payload, retry=retry)
        delivery.response = answer.parsed()
        if answer.good:
            latency = self._slack.clock.now() - began
            self.acks.append(Ack(delivery.kind, "", delivery.event_id, latency, attempt, delivery.response))
            return True
        delivery.reason = "no_retry" if answer.headers.get("X-Slack-No-Retry") == "1" else answer.problem
        return False

    def _url(self, kind: Kind) -> str | None:
        app = self._slack.app
        own = {
            "events_api": app.events_url,
            "interactive": app.interactivity_url,
            "slash_commands": app.commands_url,
        }[kind]
        return own or app.events_url

    def acknowledged(self, envelope: str, payload: Any, connection: int) -> None:
        """The app answered an envelope."""
        sent = self._sent.get(envelope)
        if sent is None:
            self._slack.violate("unknown_envelope", str(envelope))
            return
        delivery = sent.delivery
        if sent.acknowledged:
            self._slack.violate("second_acknowledgement", f"{envelope} ({delivery.kind})")
            return
        sent.acknowledged = True
        if sent.connection and sent.connection.id != connection and sent.connection.live:
            self._slack.violate("acknowledged_elsewhere", f"{envelope} came by a connection that is still open")
        if payload is not None and not delivery.accepts_response:
            self._slack.violate("unexpected_payload", f"{delivery.kind} takes none: {str(payload)[:200]}")
        latency = self._slack.clock.now() - sent.at
        late = latency > self._slack.timing.ack
        self.acks.append(
            Ack(delivery.kind, envelope, delivery.event_id, latency, sent.attempt, payload, connection, late)
        )
        if not late:
            delivery.response = payload
        sent.event.set()

    async def settled(self, timeout: float = 10) -> None:
        """Waits until nothing is under way."""
        async with asyncio.timeout(timeout):
            while self._tasks:
                await asyncio.wait(set(self._tasks))

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def deliver_http(self, url: str, kind: Kind, payload: dict[str, Any], **how: Any) -> HttpAnswer:
        return await self.poster.post(url, kind, payload, **how)


def _envelope(delivery: Delivery, envelope: str, attempt: int) -> dict[str, Any]:
    frame: dict[str, Any] = {
        "envelope_id": envelope,
        "payload": delivery.payload,
        "type": delivery.kind,
        "accepts_response_payload": delivery.accepts_response,
    }
    if delivery.kind == "events_api":
        frame |= {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
    return frame
