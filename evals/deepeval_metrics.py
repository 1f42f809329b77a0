"""DeepEval's metrics with a judge of ours. Importing this imports DeepEval, two seconds: `evals.judge` does when it is used.

https://deepeval.com/docs/metrics-introduction, the custom model as in https://deepeval.com/guides/guides-using-custom-llms .
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, TypeVar

from deepeval.metrics import (
    AnswerRelevancyMetric,
    BaseMetric,
    ContextualPrecisionMetric,
    ContextualRecallMetric,
    FaithfulnessMetric,
    GEval,
    ToolCorrectnessMetric,
)
from deepeval.models import DeepEvalBaseLLM
from deepeval.test_case import LLMTestCase, SingleTurnParams, ToolCall
from pydantic import BaseModel, ValidationError

from agent.models import ChatModel, Message, Request, complete
from evals.cases import Case, Expected
from evals.errors import NotGraded
from evals.outcomes import Outcome

MAX_TOKENS = 2_048
CONTEXTS = 8
"""Passages that a judge is shown."""
STEPS = [
    "Read the expected output: it holds what a good answer to the input must say.",
    "An actual output that says something else than the expected output, or leaves out what it must say, scores low.",
    "Neither length nor style nor politeness count: a short answer that says it is as good as a long one.",
]
Shape = TypeVar("Shape", bound=BaseModel)


class JudgeModel(DeepEvalBaseLLM):  # type: ignore[no-untyped-call]  # its __init_subclass__ has no types
    """A `ChatModel` as DeepEval asks one. What is no JSON of the shape that was asked for is a `NotGraded`."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        super().__init__(model.name)

    def load_model(self, *args: Any, **kwargs: Any) -> DeepEvalBaseLLM:
        return self

    def get_model_name(self, *args: Any, **kwargs: Any) -> str:
        return self._model.name

    def generate(self, *args: Any, **kwargs: Any) -> str:
        raise NotImplementedError("the judge is asked asynchronously")

    async def a_generate(self, prompt: str, schema: type[Shape] | None = None) -> Any:
        shape = None if schema is None else schema.model_json_schema()
        request = Request([Message("user", prompt)], purpose="judge", schema=shape, max_tokens=MAX_TOKENS)
        text = (await complete(self._model, request)).text
        return text if schema is None else shaped(text, schema)


def shaped(text: str, schema: type[Shape]) -> Shape:
    """The first JSON object of a text, in this shape. Raises `NotGraded`."""
    found = re.search(r"\{.*\}", text, re.DOTALL)
    try:
        return schema.model_validate_json(found[0] if found else "")
    except ValidationError:
        raise NotGraded(f"the judge's answer is no {schema.__name__} in JSON") from None


async def measure(model: JudgeModel, name: str, case: Case, outcome: Outcome) -> float:
    """One grade, 0 to 1. Raises what goes wrong with the judge or in DeepEval."""
    metric = _metric(model, name)
    good = case.good or " ".join(one.quote for one in case.evidence)
    asked = LLMTestCase(
        input=case.question,
        actual_output=outcome.text,
        expected_output=good,
        retrieval_context=list(outcome.contexts[:CONTEXTS]),
        tools_called=[ToolCall(name=tool, input_parameters=None) for tool in outcome.effects],
        expected_tools=[ToolCall(name=tool, input_parameters=None) for tool in case.tools],
    )
    score = await metric.a_measure(asked, _show_indicator=False)
    if score is None:
        raise NotGraded("DeepEval gave no score")
    return float(score)


def applies(name: str, case: Case, outcome: Outcome) -> bool:
    """Whether there is something for this metric to look at."""
    if name == "judge_tools":
        return case.expects is Expected.ACTION
    if case.expects is not Expected.ANSWER or outcome.refused or not outcome.text:
        return False
    return name in {"judge_relevancy", "judge_faithfulness"} or bool(case.good or case.evidence)


def _metric(model: JudgeModel, name: str) -> BaseMetric:
    match name:
        case "judge_faithfulness":
            return FaithfulnessMetric(model=model, include_reason=False)
        case "judge_relevancy":
            return AnswerRelevancyMetric(model=model, include_reason=False)
        case "judge_precision":
            return ContextualPrecisionMetric(model=model, include_reason=False)
        case "judge_recall":
            return ContextualRecallMetric(model=model, include_reason=False)
        case "judge_tools":
            return ToolCorrectnessMetric(model=model, include_reason=False)
        case "judge_correctness":
            params = [SingleTurnParams.INPUT, SingleTurnParams.ACTUAL_OUTPUT, SingleTurnParams.EXPECTED_OUTPUT]
            return GEval(name="Correctness", evaluation_params=params, evaluation_steps=STEPS, model=model)
        case _:
            raise ValueError(f"there is no metric “{name}”")


async def bounded(model: JudgeModel, name: str, case: Case, outcome: Outcome, seconds: float) -> float:
    """`measure` within a ceiling of time. Raises `NotGraded` in one line, whatever went wrong."""
    try:
        async with asyncio.timeout(seconds):
            return await measure(model, name, case, outcome)
    except TimeoutError:
        raise NotGraded(f"the judge did not answer within {seconds:g} seconds") from None
    except NotGraded:
        raise
    except Exception as error:  # DeepEval raises of every kind, and a night goes on without one grade
        words = " ".join(str(error).split())[:160] or type(error).__name__
        raise NotGraded(words) from error
