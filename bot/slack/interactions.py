"""Buttons and their forms: what must be answered within three seconds, and the Press that comes of it after.

docs.slack.dev/interactivity/handling-user-interaction. Nothing is remembered between a card and its press: a button
carries what it does and to what, and its form stands in the records with the message.
"""

from __future__ import annotations

import asyncio

import structlog

from agent.errors import place_of
from agent.ledger import Ledger
from agent.tools.registry import Toolbox
from bot.chat import Action, Button, ChatError, Person, Place, Press, Reply
from bot.edits import wrong_in
from bot.records import Records
from bot.slack import forms
from bot.slack.blocks import parse_value
from bot.slack.calls import Calls, Json
from bot.slack.chat import SlackChat
from bot.slack.events import Accept
from bot.slack.people import People

OPENING = 2.5
"""Seconds for opening a form: its trigger lives for three."""
CHECKING = 1.0
"""Seconds in which a changed action is looked at before the acknowledgement, which is due within three."""
TELLING = 30.0
"""Seconds after which whoever pressed need not hear any more that no form came."""
NOT_OPENED = "I could not open the form. Press again?"
MARKED = {Action.HELPFUL, Action.UNHELPFUL}
log = structlog.get_logger()


class Interactions:
    """``at_once`` runs before the acknowledgement, ``pressed`` and ``submitted`` once it is kept."""

    def __init__(
        self,
        accept: Accept,
        records: Records,
        ledger: Ledger,
        toolbox: Toolbox,
        calls: Calls,
        people: People,
        chat: SlackChat,
    ) -> None:
        self._accept = accept
        self._records = records
        self._ledger = ledger
        self._toolbox = toolbox
        self._calls = calls
        self._people = people
        self._chat = chat
        self._opening: set[asyncio.Task[None]] = set()

    async def at_once(self, body: Json) -> tuple[bool, Json | None]:
        """Whether to keep an interaction for handling, and what its acknowledgement carries."""
        match body.get("type"):
            case "block_actions" if value := _value(body):
                return await self._ask(body, *value), None
            case "view_submission":
                problem = await self._problem(body)
                return problem is None, problem
            case "message_action":
                return True, None
            case _:
                return False, None

    async def pressed(self, body: Json) -> None:
        """Somebody pressed a button that asks for nothing more."""
        if value := _value(body):
            await self._press(body, _place(body), *value, at=body["actions"][0]["action_ts"])

    async def submitted(self, body: Json) -> None:
        """Somebody sent the form of a button."""
        view = body["view"]
        value, place = forms.press_of(view)
        await self._press(body, place, *parse_value(value), at=f"{view['id']}:{view['hash']}", form=forms.values(view))

    async def close(self) -> None:
        for opening in self._opening:
            opening.cancel()

    async def _press(
        self, body: Json, place: Place, action: Action, subject: str, *, at: str, form: Json | None = None
    ) -> None:
        user = body["user"]["id"]
        person = await self._people.person(place.workspace, enterprise_of(body), user)
        event_id = f"slack:{place.workspace}:{user}:{at}:{action.value}:{subject}"
        thread = place.thread or str((body.get("container") or {}).get("message_ts", ""))
        await self._accept(Press(event_id, place, person, action, subject, _moment(at), form or {}, thread))

    async def _ask(self, body: Json, action: Action, subject: str) -> bool:
        """Begin to open the form of a button that has one; whether the press itself counts as well."""
        place = _place(body)
        button = await self._button(place, action, subject)
        if button is None or button.form is None:
            return True
        opening = asyncio.create_task(self._open(body, place, forms.modal(button, button.form, place)))
        self._opening.add(opening)  # the acknowledgement does not wait for it
        opening.add_done_callback(self._opening.discard)
        return action in MARKED

    async def _open(self, body: Json, place: Place, view: Json) -> None:
        trigger = body["trigger_id"]
        try:
            async with asyncio.timeout(OPENING):
                await self._calls(place.workspace, "views.open", patience=OPENING, trigger_id=trigger, view=view)
        except (ChatError, TimeoutError) as error:
            log.warning("a form was not opened", workspace=place.workspace, what=place_of(error))
            await self._tell(body, place)

    async def _tell(self, body: Json, place: Place) -> None:
        """Slack shows nothing where an acknowledged press opens no form: say it to whoever pressed."""
        person = Person(_id_of(body, place), "")
        try:
            async with asyncio.timeout(TELLING):
                await self._chat.whisper(place, person, Reply(NOT_OPENED))
        except (ChatError, TimeoutError) as error:
            log.warning("nobody was told that no form opened", workspace=place.workspace, what=place_of(error))

    async def _button(self, place: Place, action: Action, subject: str) -> Button | None:
        """The button as it was shown, wherever it stands; None where it is offered no more."""
        for spot, key in await self._records.pinned(subject) or [(place, subject)]:
            entry = await self._records.message(spot, key)
            for button in entry.reply.buttons if entry and entry.reply else ():
                if button.action is action and button.subject == subject:
                    return button
        return None

    async def _problem(self, body: Json) -> Json | None:
        """What is wrong with a changed action, under the field that it is about."""
        view = body["view"]
        value, place = forms.press_of(view)
        action, subject = parse_value(value)
        if action is not Action.EDIT:
            return None
        person = _id_of(body, place)
        wrong = await wrong_in(self._toolbox, self._ledger, subject, forms.values(view), person, CHECKING)
        errors = forms.errors(view, wrong) if wrong else {}
        return {"response_action": "errors", "errors": errors} if errors else None


def enterprise_of(body: Json) -> str:
    """The organisation in which somebody acts; empty outside a Grid."""
    of_team = (body.get("team") or {}).get("enterprise_id")
    return str((body.get("enterprise") or {}).get("id") or of_team or "")


def workspace_of(body: Json) -> str:
    """The workspace in which somebody acts; in a Grid without one, where they are at home."""
    return str((body.get("team") or {}).get("id") or body["user"]["team_id"])


def _id_of(body: Json, place: Place) -> str:
    """Whoever acts, as a person's id."""
    return f"slack/{enterprise_of(body) or place.workspace}/{body['user']['id']}"


def _value(body: Json) -> tuple[Action, str] | None:
    """What the button carries; None where it is none of ours."""
    try:
        return parse_value(str(body["actions"][0].get("value", "")))
    except ValueError:
        return None


def _place(body: Json) -> Place:
    """Where the message of the button stands; its block says in which workspace."""
    container, message = body["container"], body.get("message") or {}
    workspace = str(body["actions"][0].get("block_id", "")).partition(":")[2] or workspace_of(body)
    thread = container.get("thread_ts") or message.get("thread_ts") or ""
    return Place("slack", workspace, str(container.get("channel_id", "")), str(thread))


def _moment(at: str) -> float:
    try:
        return float(at)
    except ValueError:
        return float(at.rpartition(":")[2].split(".")[0])
