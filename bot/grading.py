"""The judge that the settings name, for one night: graded itself before it grades.

One whose own grading does not end in its time grades nothing: it would take the night from the cases.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from agent.errors import ModelMisconfigured
from agent.models import ChatModel
from agent.models.metering import Ceilings
from agent.models.open import open_model
from agent.state import State
from bot.app import metered
from bot.settings import Settings
from evals.grading_the_judge import JudgeGrade, grade, read_pairs
from evals.judging import Judging
from evals.metrics import Metric
from evals.running import channel

GRADING_SECONDS = 3_600.0
"""How long of a night the grading of the judge itself may take."""


@dataclass(frozen=True, slots=True)
class Grading:
    """``judging`` is None where there is no judge; ``distrust`` says why it is not to be trusted tonight, if so."""

    judging: Judging | None = None
    metrics: tuple[Metric, ...] = ()
    agreement: str = ""
    distrust: str = ""


def open_judge(settings: Settings) -> ChatModel | None:
    """The model that the settings name as the judge. Raises `ModelMisconfigured`."""
    same = settings.judge.partition(":")[0] == settings.model.partition(":")[0]
    key = settings.judge_key or (settings.model_key if same else settings.judge_key)
    try:
        return open_model(settings.judge, url=settings.judge_url, key=key)
    except ModelMisconfigured as error:
        raise ModelMisconfigured(str(error).replace("FOOTNOTE_MODEL", "FOOTNOTE_JUDGE")) from error


@asynccontextmanager
async def grading(
    settings: Settings, engine: AsyncEngine, night: str, seconds: float = GRADING_SECONDS
) -> AsyncIterator[Grading]:
    """Opened for a night, closed after it. Raises `ModelMisconfigured`, or `EvalError` where DeepEval is missing."""
    model = open_judge(settings)
    if model is None:
        yield Grading()
        return
    from evals.judge import METRICS, opened

    ceilings = Ceilings(math.inf, math.inf, math.inf, settings.budget_day, settings.run_tokens * 1_000)
    priced = settings.model_copy(
        update={"model_url": settings.judge_url, "model_price_in": None, "model_price_out": None}
    )
    run: State = {"run": f"judge:{night}", "person": "evals/judge", "channel": channel(night)}
    meter = metered(priced, engine, model, ceilings)(run)
    assert meter is not None  # noqa: S101  # there is a model
    try:
        judging = await opened(meter)
        if judged := await _graded(meter, seconds):
            yield Grading(judging, METRICS, judged.sentence, judged.distrust)
        else:
            took = f"its own grading did not end in {seconds / 60:g} minutes, so it graded no answer"
            yield Grading(distrust=f"The judge was not graded and is not to be trusted tonight: {took}.")
    finally:
        await model.close()


async def _graded(model: ChatModel, seconds: float) -> JudgeGrade | None:
    """None where it does not end in its time."""
    try:
        async with asyncio.timeout(seconds):
            return await grade(model, read_pairs())
    except TimeoutError:
        return None
