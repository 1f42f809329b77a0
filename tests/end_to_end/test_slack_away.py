"""What was said on Slack while nothing ran, for longer than Slack repeats itself."""

from __future__ import annotations

import time
from pathlib import Path

from tests.end_to_end.on_slack import HOTELS, MEALS, team, workspace


async def test_what_was_asked_while_it_was_away_is_answered_once(tmp_path: Path) -> None:
    async with workspace() as slack:
        slack.add_channel("random", members=("ada", "ben"))
        async with team(slack, tmp_path) as here:
            before = await slack.mention("ada", "general", HOTELS)
            await here.answered("general", before.ts)
            direct = await slack.dm("ada", HOTELS)
            await here.answered(slack.direct("ada"), direct.ts)
            await here.settled()
        since = time.time() - 300
        asked = await slack.mention("ben", "random", MEALS)
        began = await slack.say("ben", "random", "We have a question.")
        inside = await slack.mention("ben", "random", HOTELS, began.ts)
        follow_up = await slack.say("ada", "general", MEALS, before.ts)
        private = await slack.dm("ada", MEALS)
        talk = await slack.say("ada", "general", "Nobody is asked here.")
        await slack.courier.give_up()
        async with team(slack, tmp_path, away_since=since) as here:
            assert "40 euros" in here.text(await here.answered("random", asked.ts, within=30))
            assert "150 euros" in here.text(await here.answered("random", inside.root, within=30))
            assert "40 euros" in here.text(await here.answered("general", follow_up.root, 2, within=30))
            await here.answered(slack.direct("ada"), private.ts, within=30)
            await here.settled()
            assert len(here.said("general", before.ts)) == 2
            assert len(here.said(slack.direct("ada"), direct.ts)) == 1
            assert here.said("general", talk.ts) == []


async def test_a_moment_away_asks_slack_for_nothing(tmp_path: Path) -> None:
    async with workspace() as slack:
        for since in (0.0, time.time() - 20):
            async with team(slack, tmp_path, away_since=since) as here:
                await here.settled()
        assert slack.called("conversations.history") == []


async def test_a_channel_that_can_not_be_read_keeps_no_other_from_being_caught_up_with(tmp_path: Path) -> None:
    async with workspace() as slack:
        slack.add_channel("random", members=("ada",))
        asked = await slack.mention("ada", "random", HOTELS)
        await slack.courier.give_up()
        slack.fail("conversations.history", error="internal_error")
        async with team(slack, tmp_path, away_since=time.time() - 300) as here:
            assert "150 euros" in here.text(await here.answered("random", asked.ts, within=30))
