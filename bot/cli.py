"""The `footnote` command. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import asyncio
import errno
import io
import sys
from pathlib import Path
from typing import Annotated

import typer

_NOT_OURS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE}
"""What a disk or the system refuses: no fault of the program, so that a line says more than where it was."""
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
    how: Annotated[bool, typer.Option("--how", help="Say below the answer how it was found.")] = False,
) -> None:
    """Ask in the terminal; actions are approved at the prompt."""
    from bot.ask import run_ask

    asyncio.run(run_ask(" ".join(question), as_json=as_json, how=how))


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


@app.command("eval")
def evaluate(
    cases: Annotated[
        list[Path] | None, typer.Option(help="A YAML file of cases; without one, those that ship and the team's own.")
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="Two configurations: now, or settings as embedder=hashing,reranker=none."),
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(help="Compare with last, release, pinned, a night, or a file of --json; all that there are."),
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit's XML here.")] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write everything as JSON here.")] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit with 1 where something got worse or could not run.")
    ] = False,
    tied: Annotated[bool, typer.Option("--tied", hidden=True, help="End where standard input ends.")] = False,
) -> None:
    """Grade the assistant on its cases, with its hands tied, and compare with earlier nights."""
    from bot.evaluate import Wanted, end_with_input, run_compare, run_eval
    from evals.results import BASELINES

    if tied:
        end_with_input()

    wanted = Wanted(tuple(cases or ()), tuple(baseline or BASELINES), junit, as_json, gate)
    raise typer.Exit(asyncio.run(run_compare(*compare, wanted) if compare else run_eval(wanted)))


@app.command()
def digest(
    words: Annotated[
        list[str], typer.Argument(help="What it is to be about, and from where: rerankers from arxiv:cs.IR")
    ],
    days: Annotated[float, typer.Option(help="How many days back.", min=0.01, max=366)] = 7.0,
) -> None:
    """Print what is new, now. Digests that come by themselves are asked for in a chat."""
    from bot.digest_now import run_digest

    raise typer.Exit(asyncio.run(run_digest(" ".join(words), days=days)))


@app.command()
def doctor() -> None:
    """Say what is configured, what is missing, and what each thing missing would add."""
    from bot.doctor import run_doctor

    raise typer.Exit(asyncio.run(run_doctor()))


def main() -> None:
    """The entry point: an error that has a plain sentence is shown as that sentence.

    What a terminal has no letters for is shown as “?”.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno not in _NOT_OURS:
            raise
        where = f"{error.filename}: " if error.filename else ""
        typer.secho(f"{where}{error.strerror}.", fg=typer.colors.RED, err=True)
        sys.exit(1)
    except Exception as error:
        from bot.errors import sentence

        said = sentence(error)
        if not said:
            raise
        typer.secho(said, fg=typer.colors.RED, err=True)
        sys.exit(1)
