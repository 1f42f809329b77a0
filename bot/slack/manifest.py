"""The app as Slack needs to know it: manifest.json beside this file, which creating the app pastes.

docs.slack.dev/reference/app-manifest.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from bot.slack.calls import Json

PATH = Path(__file__).with_name("manifest.json")


@cache
def manifest() -> Json:
    """The manifest for Socket Mode."""
    read: Json = json.loads(PATH.read_text(encoding="utf-8"))
    return read


def scopes() -> list[str]:
    """What the app asks for when it is installed."""
    return list(manifest()["oauth_config"]["scopes"]["bot"])
