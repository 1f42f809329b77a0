"""The `footnote` command. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,  # its help pages take 200 ms to import
    pretty_exceptions_enable=False,
    help="Answers from your own knowledge, with a footnote behind every claim.",
)


@app.command()
def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Index the installed packages' documentation to try it on.")
    ] = False,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the console in a browser.")] = False,
) -> None:
    """Run the assistant: the console in the browser, and every platform that is configured."""
    from bot.up import run_up

    asyncio.run(run_up(demo=demo, open_browser=open_browser))


@app.command()
def ask(
    question: Annotated[list[str], typer.Argument(help="What you want to know, or want done; quotes are optional.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Ask in the terminal; actions are approved at the prompt."""
    from bot.ask import run_ask

    asyncio.run(run_ask(" ".join(question), as_json=as_json))


@app.command()
def sync(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folders, files, https://ADDRESS, feed:ADDRESS, github:OWNER/REPOSITORY, arxiv:QUERY, readwise, "
            "kindle:PATH, slack-export:PATH."
        ),
    ] = None,
    packages: Annotated[bool, typer.Option("--packages", help="The installed Python packages' documentation.")] = False,
) -> None:
    """Read what is new and changed; without a source, in everything that was added before."""
    from bot.syncing import run_sync

    raise typer.Exit(asyncio.run(run_sync(sources or [], packages=packages)))


@app.command()
def forget(
    sources: Annotated[list[str], typer.Argument(help="What was added with sync and is to be forgotten.")],
) -> None:
    """Forget what was read from a source; what it was read from stays."""
    from bot.syncing import run_forget

    raise typer.Exit(asyncio.run(run_forget(sources)))


@app.command()
def doctor() -> None:
    """Say what is configured, what is missing, and what each thing missing would add."""
    from bot.doctor import run_doctor

    raise typer.Exit(asyncio.run(run_doctor()))


def main() -> None:
    """The entry point: an error that has a plain sentence is shown as that sentence."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from bot.errors import sentence

        said = sentence(error)
        if not said:
            raise
        typer.secho(said, fg=typer.colors.RED, err=True)
        sys.exit(1)
