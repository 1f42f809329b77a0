"""Files with a question on Slack, of which `app_mention` and `message` may tell differently."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.held import Held
from tests.end_to_end.on_slack import HOTELS, team, workspace
from tests.servers.slack.payloads import mention_event


@pytest.mark.parametrize("first", ["app_mention", "message"])
async def test_a_file_that_only_one_of_the_two_events_names_is_read(tmp_path: Path, first: str) -> None:
    model = Held()  # what is answered before it is heard of twice stands
    async with workspace() as slack, team(slack, tmp_path, model) as here:
        slack.files_in_mentions, events = False, slack.app.bot_events
        if first == "message":
            slack.app.bot_events = tuple(name for name in events if name != "app_mention")
        file = slack.add_file("ada", "lisbon.md", b"# Lisbon\n\nIn Lisbon hotels may cost 170 euros a night.\n")
        asked = await slack.mention("ada", "general", HOTELS, files=[file])
        if first == "message":
            slack.app.bot_events, place = events, slack.channel("general")
            await slack.tell("app_mention", mention_event(slack, asked, place), place)
        await here.settled()
        model.may.set()
        answer = await here.answered("general", asked.ts)
        assert "170 euros" in here.text(answer)
        await here.settled()
        assert here.said("general", asked.ts) == [answer]
