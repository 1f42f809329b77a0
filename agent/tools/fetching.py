"""Fetching a web page so that it can harm nothing: only public addresses, and bounds on everything.

The host is resolved here, every address it has is looked at, and the connection goes to the very address that was
looked at, so that a name can't change its mind in between (DNS rebinding). Redirects are followed one by one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from agent.errors import ToolFailed

MAX_BYTES = 5_000_000
"""Of the page, after decompression."""
MAX_REDIRECTS = 5
SECONDS = 20.0
_TYPES = ("text/", "application/xhtml", "application/xml", "application/json", "application/pdf")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as it came: where from in the end, what type, its bytes."""

    url: str
    content_type: str
    body: bytes


async def fetch(url: str, allowed: Collection[str] = ()) -> Fetched:
    """Get a page. ``allowed`` are hosts that may be private. Raises `ToolFailed` with one line."""
    try:
        async with asyncio.timeout(SECONDS), httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
            for _ in range(MAX_REDIRECTS + 1):
                answer = await _get(client, url, allowed)
                if isinstance(answer, Fetched):
                    return answer
                url = answer
            raise ToolFailed(f"{url} redirects more than {MAX_REDIRECTS} times.")
    except TimeoutError:
        raise ToolFailed(f"{url} did not end within {SECONDS:.0f} seconds.") from None
    except httpx.HTTPError as error:
        raise ToolFailed(f"{url} could not be read: {type(error).__name__}.") from error


async def _get(client: httpx.AsyncClient, url: str, allowed: Collection[str]) -> Fetched | str:
    """The page, or where it redirects to."""
    target = _checked(url)
    address = await _resolve(target, allowed)
    headers = {
        "Host": target.netloc.decode(),
        "User-Agent": "Footnote/0.1 (research assistant)",
        "Accept": "text/html,text/*;q=0.9,application/pdf;q=0.8",
    }
    pinned = target.copy_with(host=str(address))
    request = client.build_request("GET", pinned, headers=headers, extensions={"sni_hostname": target.host})
    response = await client.send(request, stream=True)
    try:
        if response.has_redirect_location:
            return _redirected(url, response.headers["location"])
        if response.status_code != httpx.codes.OK:
            raise ToolFailed(f"{url} answered {response.status_code} {response.reason_phrase}.")
        kind = response.headers.get("content-type", "text/html").lower()
        if not kind.startswith(_TYPES):
            raise ToolFailed(f"{url} is no page but {kind.split(';')[0]}.")
        return Fetched(url, kind, await _body(response, url))
    finally:
        await response.aclose()


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise ToolFailed(f"{url} redirects to what is no web address.") from None


async def _body(response: httpx.Response, url: str) -> bytes:
    pieces, size = [], 0
    async for piece in response.aiter_bytes(65_536):
        size += len(piece)
        if size > MAX_BYTES:
            raise ToolFailed(f"{url} is larger than {MAX_BYTES // 1_000_000} MB.")
        pieces.append(piece)
    return b"".join(pieces)


def _checked(url: str) -> httpx.URL:
    try:
        parts, target = urlsplit(url), httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise ToolFailed(f"{url} is no web address (http or https).") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ToolFailed(f"{url} is no web address (http or https).")
    if parts.username or parts.password:
        raise ToolFailed("An address with a user name or password in it is not read.")
    return target


async def _resolve(target: httpx.URL, allowed: Collection[str]) -> Address:
    """The address to connect to. Every address of the host must be public, or the host allowed."""
    host = target.host
    port = target.port or (443 if target.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ToolFailed(f"{host} is not found.") from error
    addresses = [ipaddress.ip_address(info[4][0]) for info in found]
    if host not in allowed and any(not is_public(address) for address in addresses):
        raise ToolFailed(f"{host} is on a private network, which is not read (FOOTNOTE_ALLOW_PRIVATE_HOSTS).")
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
