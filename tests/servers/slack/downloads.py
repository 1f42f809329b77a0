"""Files as bytes: url_private and the upload half of files.getUploadURLExternal. docs.slack.dev/reference/objects/file-object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from tests.servers.slack.call import Call
from tests.servers.slack.methods.files import sees

if TYPE_CHECKING:
    from tests.servers.slack.server import Slack

LOGIN = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in to your workspace</body></html>"


async def download(slack: Slack, request: web.Request) -> web.Response:
    """The file for who may see it with files:read; for anyone else, and with status 200, the sign-in page."""
    file = slack.files.get(request.match_info["file"])
    token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    installation = slack.tokens.get(token)
    allowed = installation is not None and installation.state == "active" and "files:read" in installation.scopes
    if not allowed:
        return web.Response(text=LOGIN, content_type="text/html")
    if file is None or file.deleted or not sees(Call(slack, "download", {}, token, installation), file):
        return web.Response(status=404, text="not found")
    disposition = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return web.Response(body=file.data, content_type=file.mimetype, headers=disposition)


async def upload(slack: Slack, request: web.Request) -> web.Response:
    file = slack.files.get(request.match_info["file"])
    if file is None or file.complete:
        return web.Response(status=404, text="not found")
    if request.content_type == "multipart/form-data":
        data = b""
        async for part in await request.multipart():
            data += await part.read()  # type: ignore[union-attr]
    else:
        data = await request.read()
    if len(data) != int(request.query["length"]):
        return web.Response(status=400, text="length mismatch")
    file.data = data
    return web.Response(text=f"OK - {len(data)}")
