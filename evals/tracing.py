"""OpenTelemetry spans by the conventions for generative AI; nothing leaves unless an SDK and an exporter are configured.

Attributes and event: https://opentelemetry.io/docs/specs/semconv/gen-ai/ . LangSmith works by its own variables.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.trace import StatusCode

from evals.outcomes import Outcome

_tracer = trace.get_tracer("footnote.evals")


def traced(outcome: Outcome, figures: Mapping[str, float]) -> None:
    """One span for a case that has ended, with an event for each of its figures. No text of it is told."""
    now = time.time_ns()
    attributes: dict[str, str | int | float] = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "footnote",
        "gen_ai.conversation.id": outcome.case,
    }
    if outcome.failed:
        attributes["error.type"] = "timeout" if outcome.failed.startswith("Cut") else "error"
    span = _tracer.start_span(
        "invoke_agent footnote", attributes=attributes, start_time=now - int(outcome.seconds * 1e9)
    )
    if outcome.failed:
        span.set_status(StatusCode.ERROR)
    for name, value in figures.items():
        told: dict[str, str | float] = {"gen_ai.evaluation.name": name, "gen_ai.evaluation.score.value": value}
        span.add_event("gen_ai.evaluation.result", told)
    span.end(now)
