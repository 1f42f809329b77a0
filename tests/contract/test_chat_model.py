"""What every adapter of the port `ChatModel` promises, through the real clients against scripted providers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.errors import ModelMisconfigured, ModelUnavailable
from agent.models import ChatModel, Completion, Message, Request, SourceText, ToolCall, ToolSpec, complete
from agent.models.open import open_model
from tests.servers.providers import KEY, Fail, Garbage, Provider, Say, Step
from tests.servers.running import running

Opened = Callable[..., tuple[ChatModel, Provider]]
ASKED = Request([Message("system", "Be brief."), Message("user", "Where?")], purpose="test")
TOOL = ToolSpec("remember", "Keep a note.", {"type": "object", "properties": {"text": {"type": "string"}}})


@contextmanager
def serving(name: str, *script: Step, key: str = KEY) -> Iterator[tuple[ChatModel, Provider]]:
    provider = Provider(*script)
    with running(provider.app) as url:
        address = {"openai-compatible": f"{url}/v1", "cohere": url}[name]
        model = open_model(f"{name}:some-model", url=address, key=SecretStr(key))
        assert model is not None
        yield model, provider


@pytest.fixture(params=["openai-compatible", "cohere"])
def opened(request: pytest.FixtureRequest) -> Iterator[Opened]:
    with ExitStack() as stack:
        yield lambda *script, key=KEY: stack.enter_context(serving(request.param, *script, key=key))


async def test_text_comes_in_pieces_and_ends_with_the_whole(opened: Opened) -> None:
    model, _ = opened(Say("The garden opens at nine."))
    pieces = [piece async for piece in model.stream(ASKED)]
    whole = pieces[-1]
    assert isinstance(whole, Completion)
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == whole.text == "The garden opens at nine."
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (11, 7)


async def test_a_tool_is_called_with_its_arguments_and_answered(opened: Opened) -> None:
    model, provider = opened(Say(tool=("remember", '{"text": "x"}')), Say("Done."))
    request = Request([Message("user", "remember x")], purpose="act", tools=[TOOL])
    whole = await complete(model, request)
    assert whole.tool_calls == (ToolCall("call_1", "remember", {"text": "x"}),)
    talk = [*request.messages, Message("assistant", "", whole.tool_calls), Message("tool", "kept", tool_call="call_1")]
    assert (await complete(model, Request(talk, purpose="act", tools=[TOOL]))).text == "Done."
    assert provider.requests[-1]["messages"][-1]["tool_call_id"] == "call_1"


async def test_json_is_asked_for_by_its_schema(opened: Opened) -> None:
    model, provider = opened(Say('{"a": 1}'))
    await complete(model, Request([Message("user", "x")], purpose="route", schema={"type": "object"}))
    assert "json" in provider.requests[0]["response_format"]["type"]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_passing_failure_is_tried_again(opened: Opened, status: int) -> None:
    model, provider = opened(Fail(status, {"retry-after": "0"}), Say("Fine."))
    assert (await complete(model, ASKED)).text == "Fine."
    assert len(provider.requests) == 2


@pytest.mark.parametrize(
    "step",
    [
        Fail(500, {"retry-after": "0"}),
        Fail(404),
        Garbage(),
        Say(tool=("remember", "[1, 2]")),
        Say("Half an ans", cut=4),
    ],
)
async def test_whatever_goes_wrong_is_one_line_without_the_key(opened: Opened, step: Step) -> None:
    model, _ = opened(step)
    with pytest.raises(ModelUnavailable) as caught:
        await complete(model, ASKED)
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)


async def test_a_refused_key_is_not_tried_again(opened: Opened) -> None:
    model, provider = opened(Say("x"), key="sk-wrong")
    with pytest.raises(ModelUnavailable, match="401") as caught:
        await complete(model, ASKED)
    assert "sk-wrong" not in str(caught.value)
    assert provider.requests == []


async def test_a_server_that_is_away_is_said_in_a_line() -> None:
    model = open_model("openai-compatible:x", url="http://127.0.0.1:9/v1")
    assert model is not None
    with pytest.raises(ModelUnavailable, match="could not be reached"):
        await complete(model, ASKED)


async def test_cohere_cites_the_sources_it_was_given() -> None:
    with serving("cohere", Say("It opens at nine.", sources=("2",))) as (model, provider):
        whole = await complete(model, Request(ASKED.messages, purpose="write", sources=[SourceText("2", "Nine.")]))
    assert [(cited.start, cited.end, cited.sources) for cited in whole.citations] == [(0, 17, ("2",))]
    assert provider.requests[0]["documents"] == [{"id": "2", "data": {"text": "Nine."}}]


async def test_a_langchain_model_speaks_the_same() -> None:
    from langchain_core.language_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    from agent.models.langchain import LangChain

    model = LangChain("fake:model", GenericFakeChatModel(messages=iter([AIMessage("It opens at nine.")])))
    assert (await complete(model, ASKED)).text == "It opens at nine."
    with pytest.raises(ModelUnavailable, match="fake:model failed"):
        await complete(model, ASKED)


async def test_a_gguf_file_answers_from_a_process_of_its_own() -> None:
    file = os.environ.get("FOOTNOTE_TEST_GGUF")
    if not file:
        pytest.skip("no GGUF file is given: set FOOTNOTE_TEST_GGUF to the path of one")
    model = open_model(f"gguf:{file}")
    assert model is not None
    try:
        whole = await complete(model, Request([Message("user", "Say yes.")], purpose="test", max_tokens=8))
        assert whole.text
    finally:
        await model.close()


async def test_a_file_that_is_no_model_is_said_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF nonsense")
    model = open_model(f"gguf:{path}")
    assert model is not None
    with pytest.raises(ModelUnavailable, match="did not start"):
        await complete(model, ASKED)
    await model.close()


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("gpt", "PROVIDER:NAME"),
        ("cohere:command-a", "FOOTNOTE_MODEL_KEY"),
        ("openai-compatible:x", "FOOTNOTE_MODEL_URL"),
        ("gguf:/no/such.gguf", "no file"),
        ("nobody:model", "FOOTNOTE_MODEL"),
    ],
)
def test_a_wrong_name_says_what_to_do(name: str, advice: str) -> None:
    with pytest.raises(ModelMisconfigured, match=advice) as caught:
        open_model(name)
    assert "\n" not in str(caught.value)


def test_none_is_no_model() -> None:
    assert open_model("none") is None
