"""Application commands, global and of one guild."""

from __future__ import annotations

from typing import Any

from tests.servers.discord.command_forms import MOST, check_command
from tests.servers.discord.errors import Form, refusal
from tests.servers.discord.models import Command
from tests.servers.discord.payloads import command_json
from tests.servers.discord.router import Answer, Call, route

GLOBAL = "/applications/{application_id}/commands"
LOCAL = "/applications/{application_id}/guilds/{guild_id}/commands"
DAY = 86_400.0


def _scope(call: Call) -> int | None:
    if call.id("application_id") != call.world.bot.id:
        raise refusal(10002)
    if "guild_id" not in call.path:
        return None
    guild = call.guild()
    if not guild.has_commands:
        raise refusal(50001)
    return guild.id


def _in_scope(call: Call) -> list[Command]:
    scope = _scope(call)
    return [one for one in call.world.commands if one.guild_id == scope]


def _one(call: Call) -> Command:
    found = next((one for one in _in_scope(call) if one.id == call.id("command_id")), None)
    if found is None:
        raise refusal(10063)
    return found


def _put(call: Call, data: dict[str, Any]) -> tuple[Command, bool]:
    """Update the command of this type and name, or make a new one; whether it is new."""
    now = call.world.clock.now()
    for old in _in_scope(call):
        if (old.type, old.name) == (data["type"], data["name"]):
            if old.data != data:
                old.data, old.version = data, call.world.ids.next()
            return old, False
    scope = _scope(call)
    made = call.world.creates.setdefault(scope, [])
    made[:] = [one for one in made if now - one < DAY]
    if len(made) >= 200:
        raise refusal(30034)
    if sum(one.type == data["type"] for one in _in_scope(call)) >= MOST[data["type"]]:
        raise refusal(30032)
    made.append(now)
    command = Command(call.world.ids.next(), scope, call.world.ids.next(), data)
    call.world.commands.append(command)
    return command, True


@route("GET", GLOBAL)
@route("GET", LOCAL)
async def get_commands(call: Call) -> Any:
    return [command_json(call.world, one) for one in _in_scope(call)]


@route("POST", GLOBAL)
@route("POST", LOCAL)
async def create_command(call: Call) -> Any:
    _scope(call)
    form = Form()
    data = check_command(form, call.fields)
    form.check()
    command, new = _put(call, data)
    return Answer(201 if new else 200, command_json(call.world, command))


@route("PUT", GLOBAL)
@route("PUT", LOCAL)
async def overwrite_commands(call: Call) -> Any:
    """All commands of the scope at once; those that are not named are deleted."""
    scope = _scope(call)
    form = Form()
    given = form.items(call.body, "", 130)
    data = [check_command(form, one, str(number)) for number, one in enumerate(given)]
    names = [(one.get("type"), one.get("name")) for one in data]
    for number, name in enumerate(names):
        if name in names[:number]:
            message = "Application command names must be unique"
            form.wrong(f"{number}", "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
    form.check()
    if any(sum(one["type"] == kind for one in data) > most for kind, most in MOST.items()):
        raise refusal(30032)
    kept = [one for one in call.world.commands if one.guild_id != scope or (one.type, one.name) in names]
    call.world.commands[:] = kept
    return [command_json(call.world, _put(call, one)[0]) for one in data]


@route("GET", GLOBAL + "/{command_id}")
@route("GET", LOCAL + "/{command_id}")
async def get_command(call: Call) -> Any:
    return command_json(call.world, _one(call))


@route("PATCH", GLOBAL + "/{command_id}")
@route("PATCH", LOCAL + "/{command_id}")
async def edit_command(call: Call) -> Any:
    command = _one(call)
    form = Form()
    data = check_command(form, command.data | call.fields)
    form.check()
    command.data, command.version = data, call.world.ids.next()
    return command_json(call.world, command)


@route("DELETE", GLOBAL + "/{command_id}")
@route("DELETE", LOCAL + "/{command_id}")
async def delete_command(call: Call) -> Any:
    call.world.commands.remove(_one(call))
