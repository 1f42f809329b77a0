"""The judge: a chat model that grades answers with DeepEval's metrics. Nothing is sent anywhere but to that model."""

from __future__ import annotations

import asyncio
import importlib
import os
from types import ModuleType

from agent.models import ChatModel
from evals.cases import Case
from evals.errors import EvalError, NotGraded
from evals.metrics import Metric
from evals.outcomes import Outcome

METRICS = (
    Metric("judge_faithfulness", "faithfulness (judge)"),
    Metric("judge_relevancy", "answer relevancy (judge)"),
    Metric("judge_precision", "contextual precision (judge)"),
    Metric("judge_recall", "contextual recall (judge)"),
    Metric("judge_tools", "tool correctness (judge)"),
    Metric("judge_correctness", "correctness, G-Eval (judge)"),
)
SECONDS = 120.0
QUIET = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_DISABLE_DOTENV": "1",
    "DEEPEVAL_FILE_SYSTEM": "READ_ONLY",
    "ERROR_REPORTING": "0",
}
"""With these DeepEval opens no socket and writes no file of its own; they count at its import."""


class Judge:
    """A `Judging`. Made by `opened`."""

    def __init__(self, model: ChatModel, deepeval: ModuleType, seconds: float) -> None:
        self._deepeval = deepeval
        self._model = deepeval.JudgeModel(model)
        self._seconds = seconds

    async def grade(self, case: Case, outcome: Outcome) -> tuple[dict[str, float], dict[str, str]]:
        names = [metric.name for metric in METRICS if self._deepeval.applies(metric.name, case, outcome)]
        made = await asyncio.gather(*(self._one(name, case, outcome) for name in names))
        pairs = list(zip(names, made, strict=True))
        return (
            {name: one for name, one in pairs if isinstance(one, float)},
            {name: one for name, one in pairs if isinstance(one, str)},
        )

    async def _one(self, name: str, case: Case, outcome: Outcome) -> float | str:
        """The grade, or why there is none."""
        try:
            score: float = await self._deepeval.bounded(self._model, name, case, outcome, self._seconds)
        except NotGraded as error:
            return str(error)
        return score


async def opened(model: ChatModel, seconds: float = SECONDS) -> Judge:
    """The judge on this model. Raises `EvalError` where DeepEval is not installed."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        deepeval = await asyncio.to_thread(importlib.import_module, "evals.deepeval_metrics")
    except ImportError as error:
        raise EvalError(
            f"FOOTNOTE_JUDGE: grading needs the package {error.name}; run pip install 'footnote[evals]'."
        ) from error
    return Judge(model, deepeval, seconds)
