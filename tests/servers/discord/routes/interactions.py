"""Answers to interactions (docs.discord.com/developers/interactions/receiving-and-responding)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.servers.discord import posting
from tests.servers.discord.command_forms import STRING, check_choices
from tests.servers.discord.errors import Form, refusal
from tests.servers.discord.forms import SETTABLE, Draft, read_message
from tests.servers.discord.message_payloads import interaction_callback_json, message_json
from tests.servers.discord.modals import check_modal
from tests.servers.discord.models import Flag, Interaction, Message, MessageType, Modal
from tests.servers.discord.router import Call, route
from tests.servers.discord.world import Ack

TOKEN = "/webhooks/{application_id}/{token}"
ORIGINAL = TOKEN + "/messages/@original"
ONE = TOKEN + "/messages/{message_id}"
REPLIES = SETTABLE | Flag.EPHEMERAL
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9


@route("POST", "/interactions/{interaction_id}/{token}/callback")
async def callback(call: Call) -> Any:
    interaction = call.world.interactions.get(call.id("interaction_id"))
    if interaction is None or interaction.token != call.path["token"]:
        raise refusal(10062)
    if interaction.acked_at is not None:
        raise refusal(40060)
    waited = call.world.clock.now() - interaction.at
    if waited > call.world.settings.ack_within:
        raise refusal(10062)
    kind = _fitting(interaction, call.fields.get("type"))
    resource = _ANSWERS[kind](call, interaction, call.fields.get("data"))
    interaction.callback, interaction.acked_at = kind, call.world.clock.now()
    call.world.acks.append(Ack(interaction, kind, waited))
    interaction.done.set()
    if call.query.get("with_response") in ("1", "true", "True"):
        return interaction_callback_json(call.world, interaction, resource=resource)
    return None


def _fitting(interaction: Interaction, kind: Any) -> int:
    """The callback type, if this interaction takes it."""
    allowed: tuple[int, ...] = (MESSAGE, DEFERRED)
    if interaction.type == AUTOCOMPLETE:
        allowed = (CHOICES,)
    elif interaction.message is not None:
        allowed += (DEFERRED_UPDATE, UPDATE)
    if interaction.type in (COMMAND, COMPONENT):
        allowed += (MODAL,)
    form = Form()
    form.one_of(kind, "type", allowed)
    form.check()
    return int(kind)


def _message(call: Call, interaction: Interaction, data: Any) -> Message:
    interaction.response = _answer(call, interaction, data if isinstance(data, dict) else {}, path="data")
    return interaction.response


def _answer(call: Call, interaction: Interaction, body: dict[str, Any], *, path: str = "") -> Message:
    """A new message that answers the interaction."""
    draft = read_message(body, call.files, path=path, settable=REPLIES)
    call.ignored += draft.ignored
    kind, reference = _kind(interaction)
    return posting.post(
        *(call.world, interaction.channel, call.world.bot, draft),
        kind=kind,
        reference=reference,
        interaction=interaction,
        body=body,
    )


def _kind(interaction: Interaction) -> tuple[MessageType, tuple[int, int] | None]:
    """A first answer to a command is the command's message; all others point to what they answer."""
    if interaction.type == COMMAND and interaction.response is None:
        if interaction.data.get("type", 1) == 1:
            return MessageType.CHAT_INPUT_COMMAND, None
        target = interaction.target
        return MessageType.CONTEXT_MENU_COMMAND, (target.channel.id, target.id) if target else None
    before = interaction.response or interaction.message
    return (MessageType.REPLY, (before.channel.id, before.id)) if before else (MessageType.DEFAULT, None)


def _defer(call: Call, interaction: Interaction, data: Any) -> None:
    form = Form()
    asked = form.number(data.get("flags"), "data.flags", 0, 2**31 - 1) or 0 if isinstance(data, dict) else 0
    form.check()
    if asked & ~int(Flag.EPHEMERAL):
        call.ignored.append(f"flags {asked & ~int(Flag.EPHEMERAL)} on a deferred response")
    draft = Draft(given=set(), flags=Flag(asked) & Flag.EPHEMERAL | Flag.LOADING)
    kind, reference = _kind(interaction)
    interaction.response = posting.post(
        *(call.world, interaction.channel, call.world.bot, draft),
        kind=kind,
        reference=reference,
        interaction=interaction,
    )


def _defer_update(call: Call, interaction: Interaction, data: Any) -> None:
    interaction.response = interaction.message


def _update(call: Call, interaction: Interaction, data: Any) -> Message:
    message = interaction.message
    assert message is not None
    if message.deleted:
        raise refusal(10008)
    draft = read_message(data if isinstance(data, dict) else {}, call.files, before=message, path="data")
    call.ignored += draft.ignored
    posting.edit(call.world, message, draft)
    interaction.response = message
    return message


def _choices(call: Call, interaction: Interaction, data: Any) -> None:
    form = Form()
    kind = next((one["type"] for one in _flat(interaction.data.get("options", [])) if one.get("focused")), STRING)
    choices = form.objects((data or {}).get("choices"), "data.choices", 25)
    check_choices(form, choices, "data.choices", kind)
    form.check()
    interaction.choices = choices


def _flat(options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for option in options for one in (option, *_flat(option.get("options", [])))]


def _modal(call: Call, interaction: Interaction, data: Any) -> None:
    checked = check_modal(data)
    interaction.modal = Modal(
        interaction.user, interaction, checked["custom_id"], checked["title"], checked["components"]
    )
    call.world.modals.append(interaction.modal)


_ANSWERS: dict[int, Callable[[Call, Interaction, Any], Message | None]] = {
    MESSAGE: _message,
    DEFERRED: _defer,
    DEFERRED_UPDATE: _defer_update,
    UPDATE: _update,
    CHOICES: _choices,
    MODAL: _modal,
}


@route("POST", TOKEN)
async def followup(call: Call) -> Any:
    """One more message; right after a deferred answer it fills that one in, and keeps whether it is ephemeral."""
    interaction = call.interaction()
    first = interaction.response
    if interaction.callback == DEFERRED and first is not None and first.loading and not first.deleted:
        return await edit_original(call)
    message = _answer(call, interaction, call.fields)
    interaction.followups.append(message)
    return message_json(call.world, message)


def _original(call: Call) -> Message:
    message = call.interaction().response
    if message is None or message.deleted:
        raise refusal(10008)
    return message


def _followup(call: Call) -> Message:
    interaction = call.interaction()
    for message in (interaction.response, *interaction.followups):
        if message is not None and message.id == call.id("message_id") and not message.deleted:
            return message
    raise refusal(10008)


def _edited(call: Call, message: Message) -> Any:
    draft = read_message(call.fields, call.files, before=message)
    call.ignored += draft.ignored
    posting.edit(call.world, message, draft)
    return message_json(call.world, message)


@route("GET", ORIGINAL)
async def get_original(call: Call) -> Any:
    return message_json(call.world, _original(call))


@route("PATCH", ORIGINAL)
async def edit_original(call: Call) -> Any:
    return _edited(call, _original(call))


@route("DELETE", ORIGINAL)
async def delete_original(call: Call) -> Any:
    posting.delete(call.world, _original(call))


@route("GET", ONE)
async def get_followup(call: Call) -> Any:
    return message_json(call.world, _followup(call))


@route("PATCH", ONE)
async def edit_followup(call: Call) -> Any:
    return _edited(call, _followup(call))


@route("DELETE", ONE)
async def delete_followup(call: Call) -> Any:
    posting.delete(call.world, _followup(call))
