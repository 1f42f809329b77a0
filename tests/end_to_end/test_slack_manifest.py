"""The app manifest that ships is what the code uses: no scope, event or command more, and none less.

That every call succeeds with exactly these scopes is seen in use: all tests on Slack run with the app of the manifest.
"""

from __future__ import annotations

import re
from pathlib import Path

import bot.slack
from bot.commands import commands
from bot.slack.listeners import EVENTS
from bot.slack.manifest import manifest
from bot.slack.slash import REMEMBER
from tests.servers.slack.apps import EVENT_SCOPES
from tests.servers.slack.call import METHODS

SOURCES = "\n".join(path.read_text() for path in Path(bot.slack.__file__).parent.glob("*.py"))
DOCS = (Path(__file__).parents[2] / "docs" / "slack.md").read_text()
FEATURES = {"commands": "slash_commands"}
OPENING = {"conversations.open": ("im:write",)}
"""What a method asks for that depends on how it is called."""


def called() -> list[str]:
    """The methods of the Web API that the adapter names."""
    return [name for name in METHODS if f'"{name}"' in SOURCES]


def test_every_scope_is_needed_by_a_method_an_event_or_a_feature() -> None:
    needed = {scope for name in called() for scope in (*METHODS[name].scopes, *OPENING.get(name, ()))}
    needed |= {scope for name in EVENTS for scope in EVENT_SCOPES.get(name, ())}
    needed |= {scope for scope, feature in FEATURES.items() if manifest()["features"].get(feature)}
    assert set(manifest()["oauth_config"]["scopes"]["bot"]) - needed == set()


def test_every_method_that_is_called_may_be() -> None:
    held = set(manifest()["oauth_config"]["scopes"]["bot"])
    for name in called():
        asked = (*METHODS[name].scopes, *OPENING.get(name, ()))
        assert METHODS[name].token != "bot" or not asked or held & set(asked), name


def test_every_event_is_subscribed_may_be_and_has_a_listener() -> None:
    subscribed = manifest()["settings"]["event_subscriptions"]["bot_events"]
    assert tuple(subscribed) == EVENTS
    held = set(manifest()["oauth_config"]["scopes"]["bot"])
    assert all(held & set(EVENT_SCOPES.get(name, held)) for name in subscribed)
    listened = set(re.findall(r'app\.event\("(\w+)"\)', SOURCES))
    assert {name.partition(".")[0] for name in subscribed} == listened


def test_the_commands_and_the_shortcut_are_those_of_the_code() -> None:
    listed = manifest()["features"]["slash_commands"]
    known = commands(None, None, None)  # type: ignore[arg-type]  # nothing runs
    assert [(one["command"], one["description"], one.get("usage_hint", "")) for one in listed] == [
        (f"/{one.name}", one.description, one.argument or one.subcommand) for one in known
    ]
    assert [one["callback_id"] for one in manifest()["features"]["shortcuts"]] == [REMEMBER]


def test_an_organisation_may_install_it_as_the_docs_say() -> None:
    assert "serves them all" in DOCS
    assert manifest()["settings"]["org_deploy_enabled"] is True


def test_tokens_do_not_end_unless_somebody_turns_that_on() -> None:
    assert "turn token rotation on" in DOCS
    assert manifest()["settings"]["token_rotation_enabled"] is False
