"""The bytes of a file that was shared, or is to be: from and to Slack's own hosts alone, within bounds, never its sign-in page.

docs.slack.dev/reference/objects/file-object#authentication.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import aiohttp

from bot.chat import ChatRefused
from bot.slack.calls import Json

SECONDS = 60.0
_BLOCK = 65_536


class Files:
    """``api_url`` names one more host that gets the token; no more than ``most`` bytes are read."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str, most: int) -> None:
        self._session = session
        self._host = urlsplit(api_url).netloc
        self._most = most

    async def read(self, name: str, file: Json, token: str) -> bytes:
        """What a file object of files.info leads to. Raises `ChatRefused` with one line."""
        address = str(file.get("url_private_download") or file.get("url_private") or "")
        if not self._is_slack(address):
            raise ChatRefused(f"{name} is not kept by Slack, so I can't read it.")
        is_page = str(file.get("mimetype", "")).startswith("text/html")
        try:
            async with self._session.get(
                address,
                headers={"Authorization": f"Bearer {token}"},
                timeout=aiohttp.ClientTimeout(total=SECONDS),
                allow_redirects=False,
            ) as answer:
                if answer.status != 200 or (answer.content_type == "text/html" and not is_page):
                    raise ChatRefused(f"Slack does not give me {name} (status {answer.status}, {answer.content_type}).")
                return await self._bounded(name, answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ChatRefused(f"{name} could not be downloaded ({type(error).__name__}).") from error

    async def write(self, name: str, address: str, data: bytes) -> None:
        """Send the bytes of a file to where files.getUploadURLExternal says. Raises `ChatRefused` with one line."""
        if not self._is_slack(address):
            raise ChatRefused(f"{name} can't be sent: its address is not Slack's.")
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        try:
            async with self._session.post(address, data=data, timeout=timeout, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise ChatRefused(f"Slack does not take {name} (status {answer.status}).")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ChatRefused(f"{name} could not be sent ({type(error).__name__}).") from error

    async def _bounded(self, name: str, answer: aiohttp.ClientResponse) -> bytes:
        data = bytearray()
        async for block in answer.content.iter_chunked(_BLOCK):
            data += block
            if len(data) > self._most:
                raise ChatRefused(f"{name} is larger than the {self._most / 1e6:,.0f} MB that I read at most.")
        return bytes(data)

    def _is_slack(self, address: str) -> bool:
        parts = urlsplit(address)
        host = parts.hostname or ""
        of_slack = host in {"files.slack.com", "slack-files.com"} or host.endswith(".slack.com")
        return parts.netloc == self._host or (parts.scheme == "https" and of_slack)
