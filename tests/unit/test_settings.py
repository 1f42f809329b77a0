"""What is said of the environment."""

import pytest
from pydantic import ValidationError

from bot.settings import Settings, load_settings, misspelt, unfinished


def test_a_misspelt_variable_is_named_with_the_nearest_known_one() -> None:
    environ = {
        "FOOTNOTE_EMBEDER": "minilm",
        "FOOTNOTE_HOME": "/x",
        "footnote_port": "1",
        "PATH": "/bin",
        "FOOTNOTE_XYZZY": "",
    }
    assert misspelt(environ) == [
        "FOOTNOTE_EMBEDER is no setting and does nothing; FOOTNOTE_EMBEDDER is one.",
        "FOOTNOTE_XYZZY is no setting and does nothing; docs/settings.md lists them.",
    ]


def test_no_setting_is_misspelt() -> None:
    assert misspelt({f"FOOTNOTE_{name.upper()}": "x" for name in Settings.model_fields}) == []


@pytest.mark.parametrize(
    ("chosen", "lines"),
    [
        ({}, 0),
        ({"slack_bot_token": "xoxb-1"}, 1),
        ({"slack_client_id": "1.2"}, 1),
        ({"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1"}, 0),
        ({"slack_bot_token": "xoxb-1", "slack_signing_secret": "0" * 32}, 0),
    ],
)
def test_half_of_what_slack_needs_is_said_to_be_half(chosen: dict[str, str], lines: int) -> None:
    found = unfinished(Settings(**chosen))  # type: ignore[arg-type]  # by name
    assert len(found) == lines
    assert all("FOOTNOTE_SLACK_APP_TOKEN" in line for line in found)


def test_hosts_are_the_same_however_they_are_written() -> None:
    assert load_settings(allow_private_hosts="Wiki.Example , [::1],10.0.0.7").private_hosts == {
        "wiki.example",
        "::1",
        "10.0.0.7",
    }


@pytest.mark.parametrize(
    ("approvers", "said"),
    [
        ("place,console/mei", "“place” stands alone; leave it out, or the ids"),
        ("console/mei, others", "“others” stands alone; leave it out, or the ids"),
        ("mei", "“mei” is neither place, asker, others nor an id like console/mei"),
    ],
)
def test_who_may_decide_is_one_rule_or_a_list_of_people(approvers: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(approvers=approvers)
