"""Every night: `footnote eval` in a process of its own, its report to whoever runs the assistant, and the report's buttons.

A process of its own keeps what is heavy (DeepEval, a second embedder) out of the one that answers people: its memory comes back
when it ends, and it runs behind everything else.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.chat import Action, Button, Chart, Chat, Press, Reply
from bot.cron import Cron, CronInvalid
from bot.jobs import Job
from bot.operators import Operators
from bot.poster import tell
from bot.rendering import escape_markdown
from bot.settings import Settings, SettingsInvalid
from evals.errors import EvalError, NoSuchNight
from evals.nights import NIGHT_SECONDS
from evals.outcomes import Outcome
from evals.report import named, trend
from evals.results import Night, Nights

PRESSED = frozenset({Action.BASELINE, Action.BROKEN})
LONGEST_SECONDS = NIGHT_SECONDS + 1_800.0
"""When a night that does not end by itself is ended."""
TREND = 14
"""Nights in the picture of the trend."""
SHOWN = 5
"""Cases of which both answers are shown at once."""
COMMAND = (sys.executable, "-m", "bot", "eval", "--tied")
log = structlog.get_logger()


class Nightly:
    """``command`` is what runs a night."""

    def __init__(
        self,
        settings: Settings,
        engine: AsyncEngine,
        operators: Operators,
        chats: Mapping[str, Chat],
        clock: Callable[[], float],
        *,
        command: Sequence[str] = COMMAND,
        longest: float = LONGEST_SECONDS,
    ) -> None:
        self._settings = settings
        self._nights = Nights(engine, clock)
        self._operators = operators
        self._chats = chats
        self._command = command
        self._longest = longest

    def job(self) -> Job | None:
        """For the schedule; None where it is off. Raises `SettingsInvalid`."""
        if self._settings.nightly == "off":
            return None
        try:
            cron = Cron(self._settings.nightly, self._settings.zone)
        except CronInvalid as error:
            raise SettingsInvalid(f"FOOTNOTE_NIGHTLY: {error}") from None
        return Job("nightly", cron, self.run, self.post, "The nightly eval")

    async def run(self, moment: float) -> None:
        """One night, to its end. Raises `EvalError` with its last line where it fails, or does not end.

        It ends with this process, however that ends: whoever takes over runs what is left of it, and not two do.
        """
        if (last := await self._nights.regular(1)) and last[0].started_at >= moment:
            return  # it came to its end, and a crash kept that from being noted
        nice = ("nice", "-n", "19") if shutil.which("nice") else ()
        environment = {**os.environ, "FOOTNOTE_HOME": str(self._settings.home)}
        with _tied() as tied:
            process = await asyncio.create_subprocess_exec(
                *nice,
                *self._command,
                stdin=tied,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=environment,
            )
            try:
                async with asyncio.timeout(self._longest):
                    _, said = await process.communicate()
            except TimeoutError:
                hours = self._longest / 3_600
                raise EvalError(f"The night was ended after {hours:g} hours, before its report.") from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode:
            lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
            raise EvalError(f"The night ended with {process.returncode}: {lines[-1][:300]}")

    async def post(self) -> None:
        """Show the last night's report in the operators' channel; the same night again replaces it. Raises `ChatError`."""
        recent = await self._nights.regular(TREND)
        if recent and self._operators.place is not None:
            await self._operators(f"night:{recent[0].id}", report_reply(recent, self._settings.public_url))

    async def press(self, press: Press) -> None:
        """Pin the night as baseline, or show whoever pressed which cases broke, with both answers."""
        if press.person.is_bot:
            return
        try:
            reply = await (self._accept(press) if press.action is Action.BASELINE else self._broken(press.subject))
        except NoSuchNight as error:
            reply = Reply(str(error))
        await tell(self._chats, press, reply)

    async def _accept(self, press: Press) -> Reply:
        await self._nights.accept(press.subject)
        return Reply(f"The night {press.subject} is the baseline from now on: every later one is compared with it.")

    async def _broken(self, name: str) -> Reply:
        night = await self._nights.get(name)
        pairs = broken_since(night)
        if not pairs:
            return Reply(f"On the night {name} no case broke.")
        earlier, broke = pairs
        then, now = await self._nights.outcomes(earlier), await self._nights.outcomes(name)
        parts = [f"**{case}**\n\nBefore: {_said(then, case)}\n\nNow: {_said(now, case)}" for case in broke[:SHOWN]]
        rest = len(broke) - SHOWN
        return Reply("\n\n".join(parts) + (f"\n\nand {rest} more, on the console's page Nights." if rest > 0 else ""))


@contextmanager
def _tied() -> Iterator[int]:
    """What a process can read from until this one ends, however it ends."""
    read, held = os.pipe()
    try:
        yield read
    finally:
        os.close(read)
        os.close(held)


def broken_since(night: Night) -> tuple[str, list[str]] | None:
    """The night that this one was compared with first, and the cases that broke since."""
    for one in night.report.get("compared", []):
        if one["broke"]:
            return one["night"], list(one["broke"])
    return None


def report_reply(recent: Sequence[Night], public_url: str) -> Reply:
    """The report of the first of these nights: the trend, three sentences, and what to do about it."""
    night = recent[0]
    told = night.report
    shares = [one.report.get("means", {}).get("passed", 0.0) for one in reversed(recent)]
    points = tuple((one.id, share) for one, share in zip(reversed(recent), shares, strict=True))
    lines = [f"`{trend(shares)}` cases passed on the last {len(shares)} nights"] if len(shares) > 1 else []
    lines += [escape_markdown(line) for line in told.get("sentences", [])]
    notes = [line for line in (told.get("judge", {}).get("agreement"), told.get("judge", {}).get("distrust")) if line]
    notes += [f"Did not run: {named(night.problems)}"] if night.problems else []
    buttons = [Button(Action.BASELINE, night.id, "Accept as baseline")]
    if broken_since(night):
        buttons.append(Button(Action.BROKEN, night.id, "Open the broken cases"))
    if public_url:
        notes.append(f"All of it: {public_url.rstrip('/')}/nights?night={night.id}")
    chart = Chart("Cases passed", points) if len(points) > 1 else None
    return Reply("\n\n".join(lines), buttons=tuple(buttons), notes=tuple(notes), chart=chart)


def _said(outcomes: Mapping[str, Outcome], case: str) -> str:
    return escape_markdown(answer_of(outcomes[case])) if case in outcomes else "it did not run"


def answer_of(outcome: Outcome) -> str:
    """What was answered, or why nothing was."""
    return outcome.failed or ("I don't know." if outcome.refused else outcome.text[:600]) or "nothing"
