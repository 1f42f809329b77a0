"""Buttons that carry what they answer in their custom_id, so that they work after a restart and a week later.

A custom_id has at most 100 characters (docs.discord.com/developers/components/reference#anatomy-of-a-component).
"""

from __future__ import annotations

import re
from typing import Any, Self

import discord
import structlog

from agent.errors import place_of
from bot.chat import Action, Button, ChatError

NAMED = re.compile(r"footnote:(?P<action>[a-z]+)(?P<asks>\??):(?P<subject>.{1,80})")
log = structlog.get_logger()
_STYLES = {"primary": discord.ButtonStyle.success, "danger": discord.ButtonStyle.danger}


def custom_id(action: Action, subject: str, *, asks: bool = False) -> str:
    """``asks``: there is a form to fill in first, which has to be looked up."""
    return f"footnote:{action.value}{'?' * asks}:{subject}"


def named(found: str) -> tuple[Action, str] | None:
    """The action and the subject of a custom_id; None for one that is not ours."""
    match = NAMED.fullmatch(found)
    if match is None or match["action"] not in set(Action):
        return None
    return Action(match["action"]), match["subject"]


class PressButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=NAMED):
    """A button of a reply. Nothing about it is kept in memory: the library makes it anew for each press."""

    @classmethod
    def of(cls, button: Button) -> PressButton:
        style = _STYLES.get(button.style, discord.ButtonStyle.secondary)
        name = custom_id(button.action, button.subject, asks=button.form is not None)
        return cls(discord.ui.Button(label=button.label[:80], style=style, custom_id=name))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(discord.ui.Button(label="…", custom_id=match[0]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        found, listener = named(self.custom_id), interaction.client
        if found is None:
            return
        try:
            await listener.pressed(interaction, *found, asks=self.custom_id == custom_id(*found, asks=True))
        except ChatError as error:
            log.info("press not answered", why=str(error))
        except Exception as error:  # noqa: BLE001  # the library keeps to itself what breaks here
            log.error("press broke", what=place_of(error))
