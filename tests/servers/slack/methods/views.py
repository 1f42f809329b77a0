"""Modals and the Home tab. docs.slack.dev/reference/methods/views.open, views.push, views.update, views.publish."""

from __future__ import annotations

import json
from typing import Any

from tests.servers.slack import blocks as block_kit
from tests.servers.slack import present
from tests.servers.slack.call import Answer, Call, method
from tests.servers.slack.limits import Tier
from tests.servers.slack.methods import chat
from tests.servers.slack.records import Trigger, View
from tests.servers.slack.refusals import Refused, invalid

DEEPEST = 3
HEAVIEST = 250_000


@method("views.open", Tier.FOUR, "trigger_id", "interactivity_pointer", "view")
def opened(call: Call) -> Answer:
    payload = _payload(call, "modal")
    trigger = _exchange(call)
    return _answer(call, place(call, payload, trigger.user))


@method("views.push", Tier.FOUR, "trigger_id", "interactivity_pointer", "view")
def pushed(call: Call) -> Answer:
    payload = _payload(call, "modal")
    trigger = _exchange(call)
    below = call.slack.views.get(trigger.view_id or "")
    if below is None or not below.open:
        raise Refused("not_found")
    depth = sum(each.root_id == below.root_id and each.open for each in call.slack.views.values())
    if depth >= DEEPEST:
        raise Refused("push_limit_reached")
    return _answer(call, place(call, payload, trigger.user, below))


@method("views.update", Tier.FOUR, "external_id", "hash", "view", "view_id")
def updated(call: Call) -> Answer:
    wanted, external = call.string("view_id"), call.string("external_id")
    view = next(
        (v for v in call.slack.views.values() if v.id == wanted or (external and v.external_id == external)), None
    )
    if view is None or not view.open:
        raise Refused("not_found")
    given = call.string("hash")
    if given is not None and given != view.hash:
        raise Refused("hash_conflict")
    replace(call, view, _payload(call, view.type, view))
    return _answer(call, view)


@method("views.publish", Tier.FOUR, "hash", "interactivity_pointer", "user_id", "view")
def published(call: Call) -> Answer:
    user = call.require("user_id")
    if user not in call.slack.users:
        raise Refused("user_not_found")
    payload = _payload(call, "home")
    if not call.slack.app.home_tab:
        raise Refused("not_enabled")
    home = call.slack.homes.get(user)
    given = call.string("hash")
    if given is not None and (home is None or home.hash != given):
        raise Refused("hash_conflict")
    if home is None:
        home = call.slack.homes[user] = place(call, payload, user)
    else:
        replace(call, home, payload)
    return _answer(call, home)


def place(call: Call, payload: dict[str, Any], user: str, below: View | None = None) -> View:
    """A new view on the screen, on top of another or by itself."""
    identifier = call.slack.clock.id("V")
    root = below.root_id if below else identifier
    previous = below.id if below else None
    team = call.slack.users[user].team_id
    view = View(identifier, user, team, payload, _hash(call), root, previous, payload.get("external_id") or "")
    view.payload = {**payload, "blocks": chat.numbered(call, payload["blocks"])}
    call.slack.views[view.id] = view
    return view


def replace(call: Call, view: View, payload: dict[str, Any]) -> None:
    view.payload = {**payload, "blocks": chat.numbered(call, payload["blocks"])}
    view.external_id = payload.get("external_id") or view.external_id
    view.hash = _hash(call)
    view.errors = {}


def _hash(call: Call) -> str:
    return f"{int(call.slack.clock.now())}.{call.slack.clock.secret(8)}"


def _payload(call: Call, kind: str, replacing: View | None = None) -> dict[str, Any]:
    given = call.structure("view", "invalid_arguments")
    if given is None:
        raise invalid("invalid_arguments", ["missing required field: view"])
    return checked(call, given, kind, replacing)


def checked(call: Call, given: Any, kind: str, replacing: View | None = None) -> dict[str, Any]:
    """A view that may be shown, or the refusal that says why not."""
    problems = block_kit.check_view(given)
    if not problems and given["type"] != kind:
        problems = [f"unsupported type: {given['type']} [json-pointer:/view]"]
    if problems:
        raise invalid("invalid_arguments", problems)
    if len(json.dumps(given)) > HEAVIEST:
        raise Refused("view_too_large")
    external = given.get("external_id")
    taken = [v for v in call.slack.views.values() if v.open and v is not replacing and external == v.external_id]
    if external and taken:
        raise Refused("duplicate_external_id")
    return dict(given)


def _exchange(call: Call) -> Trigger:
    """A trigger opens one view, within three seconds."""
    asked = call.string("trigger_id")
    if asked is None:
        raise invalid("invalid_arguments", ["missing required field: trigger_id"])
    trigger = call.slack.triggers.get(asked)
    if trigger is None:
        raise Refused("invalid_trigger_id")
    if trigger.used:
        raise Refused("exchanged_trigger_id")
    if call.slack.clock.now() - trigger.at > call.slack.timing.trigger:
        raise Refused("expired_trigger_id")
    trigger.used = True
    return trigger


def _answer(call: Call, view: View) -> Answer:
    return {"view": present.view(view, call.slack.app.id, call.who.bot_id)}
