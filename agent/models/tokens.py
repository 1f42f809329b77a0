"""Tokens, estimated where a provider does not report them: one for four Latin characters, one for each CJK character."""

from __future__ import annotations

import json
import re

from agent.models import Request, Usage

_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")


def tokens(text: str) -> int:
    """About how many tokens the text is; at least one where there is any."""
    wide = len(_CJK.findall(text))
    return wide + -(-(len(text) - wide) // 4)


def asked_tokens(request: Request) -> int:
    """About how many tokens are sent with the request."""
    parts = [message.content for message in request.messages]
    parts += [json.dumps(dict(call.arguments)) for message in request.messages for call in message.tool_calls]
    parts += [f"{tool.name}{tool.description}{json.dumps(tool.schema)}" for tool in request.tools]
    if request.schema is not None:
        parts.append(json.dumps(request.schema))
    return sum(tokens(part) for part in parts)


def counted(request: Request, wrote: str, reported: Usage | None = None) -> Usage:
    """What was reported; where that is nothing, an estimate from what was sent and received."""
    known = reported or Usage()
    return Usage(
        known.input_tokens or asked_tokens(request),
        known.output_tokens or tokens(wrote),
        known.cost,
        known.seconds,
    )
