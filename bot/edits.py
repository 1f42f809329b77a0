"""What somebody changed in an action before it runs: taken where the tool could do it, else told at the field that is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import BaseModel

from agent.approvals import WAITING, Approval
from agent.errors import ToolFailed, place_of
from agent.ledger import Ledger
from agent.tools.registry import Toolbox
from bot.chat import ChatError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a change can't be; ``field`` is the argument that it is about, empty for none."""

    field: str
    why: str


async def edited(toolbox: Toolbox, approval: Approval, changes: Mapping[str, Any], person: str) -> BaseModel:
    """The arguments as changed, if the tool could do them for this person and for whoever asked. Raises `ToolFailed`."""
    arguments = {**approval.arguments, **changes}
    checked = await toolbox.check(approval.tool, arguments, approval.place, person)
    if person != approval.asker:
        try:
            await toolbox.check(approval.tool, arguments, approval.place, approval.asker)
        except ToolFailed as failed:
            raise ToolFailed(f"Whoever asked for this can't have it so: {failed}", field=failed.field) from failed
    return checked


async def wrong_in(
    toolbox: Toolbox, ledger: Ledger, subject: str, changes: Mapping[str, Any], person: str, within: float
) -> Wrong | None:
    """What is to be told in the form, while it is open: `edited` is asked again when the press is decided.

    None also where that is not known in so many seconds, or nothing waits any more.
    """
    approval = await ledger.get(subject)
    if approval is None or approval.state not in WAITING:
        return None
    try:
        async with asyncio.timeout(within):
            await edited(toolbox, approval, changes, person)
    except ToolFailed as failed:
        return Wrong(failed.field, _sentence(str(failed).removeprefix(f"{failed.field}: ")))
    except (ChatError, TimeoutError) as error:
        log.info("an edit is looked at only when it is decided", what=place_of(error))
    return None


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('.') else '.'}"
