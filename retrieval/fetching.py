"""Fetching from the web so that it can harm nothing: only public addresses, and bounds on everything.

The host is resolved here, every address it has is looked at, and the connection goes to the very address that was
looked at, so that a name can't change its mind in between (DNS rebinding). Redirects are followed one by one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import socket
import time
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import httpx

from retrieval.errors import Away, Unreadable

MAX_BYTES = 5_000_000
"""Of the page, after decompression."""
MAX_REDIRECTS = 5
SECONDS = 20.0
_TYPES = ("text/", "application/xhtml", "application/xml", "application/json", "application/pdf")
_FEEDS = ("application/rss", "application/atom", "application/rdf", "application/gzip", "application/x-gzip")
_HEADERS = {
    "User-Agent": "Footnote/0.1 (research assistant)",
    "Accept-Encoding": "gzip",
    "Accept": "text/html,text/*;q=0.9,application/pdf;q=0.8,*/*;q=0.5",
}
_ESCAPING = frozenset({"iso-2022-jp", "iso-2022-kr", "hz-gb-2312"})
"""Encodings whose bytes are ASCII's."""
_SECRET = frozenset({"authorization", "cookie"})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: where from in the end, with which status (200, or 304 where that was asked for), headers and body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "text/html").lower()

    @property
    def readable(self) -> bytes:
        """The body, in UTF-8 where the host names another encoding and it is in that: a page need not say so itself."""
        named = Message()
        named["content-type"] = self.content_type
        charset = named.get_content_charset("utf-8")
        if not self.content_type.startswith("text/") or (_is_utf8(self.body) and charset not in _ESCAPING):
            return self.body
        try:
            return self.body.decode(charset).encode()
        except (LookupError, ValueError):
            return self.body


async def fetch(
    url: str,
    allowed: Collection[str] = (),
    headers: Mapping[str, str] | None = None,
    max_bytes: int = MAX_BYTES,
    *,
    trusted: bool = False,
) -> Fetched:
    """Get what lies there. ``allowed`` are hosts that may be private; ``headers`` are sent too, secrets to this host alone.

    ``trusted``: this address may be private too, as the settings name it; where it redirects to may not.
    Raises `Unreadable` for what must not be read, `Away` where nothing usable is answered.
    """
    sent = dict(headers or {})
    try:
        async with asyncio.timeout(SECONDS), httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
            for _ in range(MAX_REDIRECTS + 1):
                answer = await _get(client, url, allowed, sent, max_bytes, trusted=trusted)
                if isinstance(answer, Fetched):
                    return answer
                if urlsplit(answer)[:2] != urlsplit(url)[:2]:
                    sent = {name: value for name, value in sent.items() if name.lower() not in _SECRET}
                url, trusted = answer, False
            raise Unreadable(shown(url), f"it redirects more than {MAX_REDIRECTS} times")
    except TimeoutError:
        raise Away(shown(url), f"it did not end within {SECONDS:.0f} seconds") from None
    except httpx.HTTPError as error:
        raise Away(shown(url), f"it could not be read: {type(error).__name__}") from error


async def _get(
    client: httpx.AsyncClient,
    url: str,
    allowed: Collection[str],
    sent: Mapping[str, str],
    max_bytes: int,
    *,
    trusted: bool,
) -> Fetched | str:
    """What lies there, or where it redirects to."""
    target = _checked(url)
    address = await _resolve(target, {*allowed, target.host} if trusted else allowed)
    headers = {**_HEADERS, **sent, "Host": target.netloc.decode()}
    pinned = target.copy_with(host=str(address))
    request = client.build_request("GET", pinned, headers=headers, extensions={"sni_hostname": target.host})
    response = await client.send(request, stream=True)
    try:
        if response.has_redirect_location:
            return _redirected(url, response.headers["location"])
        if response.status_code == httpx.codes.NOT_MODIFIED:
            return Fetched(url, response.status_code, response.headers, b"")
        if response.status_code != httpx.codes.OK:
            raise _away(url, response)
        kind = response.headers.get("content-type", "text/html").lower()
        if not kind.startswith(_TYPES + _FEEDS):
            raise Unreadable(shown(url), f"it is no page but {kind.split(';')[0]}")
        return Fetched(url, response.status_code, response.headers, await _body(response, url, max_bytes))
    finally:
        await response.aclose()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def shown(url: str) -> str:
    """An address as it may stand in a message or a log: what follows its ``?`` may be a secret."""
    bare, asked, _ = url.partition("?")
    return f"{bare}?…" if asked else bare


def _away(url: str, response: httpx.Response) -> Away:
    """What a host answered in the place of a page, with the time it wants to be left alone."""
    reason = f"it answered {response.status_code} {response.reason_phrase}".rstrip()
    wait = _wait(response.headers)
    if wait is not None:
        reason += f" and wants to be asked again in {wait:,.0f} seconds"
    return Away(shown(url), reason, response.status_code, wait)


def _wait(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds or as a date, or the end of a limit that is used up (X-RateLimit-…)."""
    asked = headers.get("retry-after", "")
    try:
        if asked.isdecimal():
            return _finite(asked)
        if asked:
            return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
        if headers.get("x-ratelimit-remaining") == "0":
            return max(0.0, _finite(headers["x-ratelimit-reset"]) - time.time())
    except (ValueError, KeyError, OverflowError):
        return None
    return None


def _finite(text: str) -> float:
    """Raises `ValueError` for what is no number, and for one without an end."""
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise Unreadable(shown(url), "it redirects to what is no web address") from None


async def _body(response: httpx.Response, url: str, max_bytes: int) -> bytes:
    """The body, never unpacked beyond the limit: a few kB of some packings make gigabytes."""
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if packed not in {"identity", "gzip", "x-gzip", ""}:
        raise Unreadable(shown(url), f"it is packed as {packed[:20]}, which is not read")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in packed else None
    body = bytearray()
    try:
        async for piece in response.aiter_raw(65_536):
            body += unpack.decompress(piece, max_bytes + 1 - len(body)) if unpack else piece
            if len(body) > max_bytes:
                raise Unreadable(shown(url), f"it is larger than {max_bytes // 1_000_000} MB")
    except zlib.error:
        raise Away(shown(url), "what came is damaged") from None
    return bytes(body)


def _checked(url: str) -> httpx.URL:
    try:
        parts, target = urlsplit(url), httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise Unreadable(shown(url), "this is no web address (http or https)") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Unreadable(shown(url), "this is no web address (http or https)")
    if parts.username or parts.password:
        raise Unreadable(parts.hostname, "an address with a user name or password in it is not read")
    return target


async def _resolve(target: httpx.URL, allowed: Collection[str]) -> Address:
    """The address to connect to. Every address of the host must be public, or the host allowed."""
    host = target.host
    port = target.port or (443 if target.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Away(host, "this host is not found") from error
    addresses = [ipaddress.ip_address(info[4][0]) for info in found]
    if host not in allowed and any(not is_public(address) for address in addresses):
        raise Unreadable(host, "it is on a private network, which is not read (FOOTNOTE_ALLOW_PRIVATE_HOSTS)")
    return addresses[0]


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, also where it is wrapped in another."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
