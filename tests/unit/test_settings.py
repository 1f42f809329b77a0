"""What is said of the environment."""

from bot.settings import Settings, misspelt


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
