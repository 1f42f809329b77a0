"""The pages docs/settings.md and docs/commands.md, made from the code: `make docs` writes them, a test holds them true."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import Settings

_MADE = "<!-- Made from the code by `make docs`. -->"


def settings_page() -> str:
    """Every setting, its default and what it does, as a Markdown table."""
    rows = [
        f"| `FOOTNOTE_{name.upper()}` | {_default(info)} | {' '.join((info.description or '').split())} |"
        for name, info in Settings.model_fields.items()
    ]
    return (
        f"# Settings\n\n{_MADE}\n\n"
        "Each is a variable in the environment, and none is needed. `footnote doctor` says what is set and what is missing.\n\n"
        "| variable | default | what it does |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def commands_page() -> str:
    """What `footnote --help` says, and the help of each command."""
    names = sorted(command.name or command.callback.__name__ for command in app.registered_commands if command.callback)
    parts = [f"# Commands\n\n{_MADE}\n\n{_help()}", *(f"## footnote {name}\n\n{_help(name)}" for name in names)]
    return "\n\n".join(parts) + "\n"


def pages() -> dict[str, str]:
    """The text of each page by its file's name."""
    return {"settings.md": settings_page(), "commands.md": commands_page()}


def _default(info: FieldInfo) -> str:
    if info.default_factory is not None:
        return "the user's data folder"
    value = info.default
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    return f"`{plain}`" if plain not in ("", None) else ""


def _help(*command: str) -> str:
    said = CliRunner().invoke(app, [*command, "--help"], prog_name="footnote", env={"COLUMNS": "100", "NO_COLOR": "1"})
    return f"```text\n{said.stdout.strip()}\n```"


if __name__ == "__main__":
    for name, text in pages().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
