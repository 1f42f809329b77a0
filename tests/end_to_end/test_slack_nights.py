"""The report of a night in the operators' channel on Slack: its picture, its sentences, its buttons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.on_slack import Team, team, workspace
from tests.end_to_end.test_slack_digests import seen
from tests.nights import two_nights
from tests.servers.slack import Slack


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with workspace() as made:
        made.add_channel("ops", members=("ada",))
        yield made


@pytest.fixture
async def here(slack: Slack, tmp_path: Path) -> AsyncIterator[Team]:
    async with team(slack, tmp_path, operators=f"slack/{slack.team.id}/{slack.channel('ops').id}") as made:
        yield made


async def test_a_report_comes_with_a_picture_of_the_trend_once(slack: Slack, here: Team) -> None:
    first, second = await two_nights(here.app.records.engine)
    await here.app.nightly.post()
    picture, report = slack.by_app("ops")
    (file,) = picture.files
    assert file.data.startswith(b"\x89PNG\r\n")
    assert (file.title, file.mimetype) == ("Cases passed", "image/png")
    said = f"Cases passed: 100% on {first.id}, 0% on {second.id}"
    assert [call.arguments["alt_txt"] for call in slack.called("files.getUploadURLExternal")] == [said]
    assert "0 of 20 cases passed (0%)." in seen(report).text
    assert "Worse than last night: cases passed 100.0 % → 0.0 %" in seen(report).text
    await slack.press("ada", report, "Open the broken cases")
    heard = lambda: [seen(one).text for one in slack.by_app("ops", reader="ada") if one.ephemeral_to]  # noqa: E731
    (shown,) = await slack.until(heard, 15)
    assert "Before: It is 150." in shown
    assert "Now: It is 90." in shown
    await here.app.nightly.post()
    assert len(slack.by_app("ops")) == 2


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_picture_that_is_refused_loses_no_report(slack: Slack, here: Team, method: str) -> None:
    await two_nights(here.app.records.engine)
    slack.fail(method, error="file_uploads_disabled")
    await here.app.nightly.post()
    (report,) = slack.by_app("ops")
    assert "0 of 20 cases passed (0%)." in seen(report).text
    assert "█▁" in seen(report).text
    assert seen(report).buttons == ("Accept as baseline", "Open the broken cases")


async def test_a_picture_whose_answer_was_lost_is_shared_once(slack: Slack, here: Team) -> None:
    await two_nights(here.app.records.engine)
    slack.fail("files.completeUploadExternal", drop=True, applied=True)
    await here.app.nightly.post()
    await here.app.nightly.post()
    assert [len(one.files) for one in slack.by_app("ops")] == [1, 0]
