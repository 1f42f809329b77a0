"""The judge that the settings name, for one night: graded itself before it grades."""

from __future__ import annotations

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
from evals.grading_the_judge import grade, read_pairs
from evals.judging import Judging
from evals.metrics import Metric
from evals.running import channel


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
async def grading(settings: Settings, engine: AsyncEngine, night: str) -> AsyncIterator[Grading]:
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
        judged = await grade(meter, read_pairs())
        yield Grading(judging, METRICS, judged.sentence, judged.distrust)
    finally:
        await model.close()
