"""What every adapter of the port `ChatModel` promises, through the real clients against scripted providers."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
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


async def test_a_run_s_own_ids_of_calls_reach_the_provider_in_a_form_that_all_take(opened: Opened) -> None:
    model, provider = opened(Say("Done."))
    asked = ToolCall("0c9a33e1:0", "remember", {"text": "x"})
    talk = [ASKED.messages[1], Message("assistant", "", (asked,)), Message("tool", "kept", tool_call=asked.id)]
    await complete(model, Request(talk, purpose="act", tools=[TOOL]))
    _, called, answered = provider.requests[0]["messages"]
    assert called["tool_calls"][0]["id"] == answered["tool_call_id"]
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", answered["tool_call_id"])


async def test_usage_is_estimated_where_none_is_reported(opened: Opened) -> None:
    model, _ = opened(Say("The garden opens at nine.", usage=False))
    assert (await complete(model, ASKED)).usage.output_tokens == 7


async def test_an_answer_that_has_begun_says_so_before_its_first_word(opened: Opened) -> None:
    model, _ = opened(Say(tool=("remember", "[1, 2]")))
    stream = model.stream(ASKED)
    assert await anext(stream) == ""
    await stream.aclose()


async def test_json_is_asked_for_by_its_schema(opened: Opened) -> None:
    model, provider = opened(Say('{"a": 1}'))
    await complete(model, Request([Message("user", "x")], purpose="route", schema={"type": "object"}))
    assert "json" in provider.requests[0]["response_format"]["type"]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_passing_failure_is_tried_again(opened: Opened, status: int) -> None:
    model, provider = opened(Fail(status, {"retry-after": "0"}), Say("Fine."))
    assert (await complete(model, ASKED)).text == "Fine."
    assert len(provider.requests) == 2


async def test_a_connection_that_the_server_closed_meanwhile_is_opened_again() -> None:
    times = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal times
        times += 1
        await reader.readuntil(b"\r\n\r\n")
        if times > 1:
            event = b'data: {"choices": [{"delta": {"content": "Fine."}, "finish_reason": "stop"}]}\n\n'
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + event)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        model = open_model("openai-compatible:x", url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        assert model is not None
        assert (await complete(model, ASKED)).text == "Fine."
        await model.close()


@pytest.mark.parametrize(
    "step",
    [
        Fail(500, {"retry-after": "0"}),
        Fail(404),
        Garbage(),
        Say(tool=("remember", "[1, 2]")),
        Say("Half an ans", cut=4),
        Say("Half an ans", ends=False),
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
    from agent.models.langchain import LangChain

    model = LangChain("fake:model", GenericFakeChatModel(messages=iter([AIMessage("It opens at nine.")])))
    assert (await complete(model, ASKED)).text == "It opens at nine."
    with pytest.raises(ModelUnavailable, match="fake:model failed"):
        await complete(model, ASKED)


class Recording(GenericFakeChatModel):
    """A LangChain model that keeps what it was asked."""

    asked: list[Any] = []  # noqa: RUF012  # a field of pydantic's

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **more: Any) -> Any:
        self.asked.append((messages, more))
        return super()._generate(messages, stop, run_manager, **more)


async def test_a_langchain_model_is_told_the_schema_and_the_ceiling_and_its_tokens_are_counted() -> None:
    from agent.models.langchain import LangChain

    fake = Recording(messages=iter([AIMessage('{"route": "answer"}')]))
    schema = {"type": "object", "properties": {"route": {"type": "string"}}}
    request = Request(ASKED.messages, purpose="route", schema=schema, max_tokens=77)
    whole = await complete(LangChain("openai:some-model", fake), request)
    [(messages, more)] = fake.asked
    assert more["max_tokens"] == 77
    assert len(messages) == 2
    assert messages[0].content.startswith("Be brief.")
    assert '"route"' in messages[0].content
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (21, 5)


async def test_a_langchain_provider_gets_ids_that_it_takes() -> None:
    from agent.models.langchain import LangChain

    fake = Recording(messages=iter([AIMessage("Done.")]))
    asked = ToolCall("0c9a33e1:0", "remember", {"text": "x"})
    talk = [ASKED.messages[1], Message("assistant", "", (asked,)), Message("tool", "kept", tool_call=asked.id)]
    await complete(LangChain("anthropic:some-model", fake), Request(talk, purpose="act"))
    _, called, answered = fake.asked[0][0]
    assert called.tool_calls[0]["id"] == answered.tool_call_id
    assert ":" not in answered.tool_call_id


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


async def test_starts_that_fail_or_are_given_up_leave_no_process_behind(tmp_path: Path, monkeypatch: Any) -> None:
    from agent.models import gguf

    started: list[asyncio.subprocess.Process] = []
    spawn = asyncio.create_subprocess_exec

    async def sleeping(*arguments: str, **pipes: Any) -> asyncio.subprocess.Process:
        started.append(await spawn(sys.executable, "-c", "import time; time.sleep(60)", **pipes))
        return started[-1]

    monkeypatch.setattr(gguf, "START_SECONDS", 0.3)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", sleeping)
    (tmp_path / "slow.gguf").write_bytes(b"GGUF")
    model = open_model(f"gguf:{tmp_path / 'slow.gguf'}")
    assert model is not None
    with pytest.raises(ModelUnavailable, match="did not start"):
        await complete(model, ASKED)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(complete(model, ASKED), 0.1)
    assert [process.returncode for process in started] == [-9, -9]
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


@pytest.mark.parametrize(
    "url", ["http://[bad/v1", "http://localhost:99999/v1", "http:///v1", "http://a b/v1", "ftp://x"]
)
@pytest.mark.parametrize("name", ["openai-compatible:x", "cohere:command-a"])
def test_an_address_that_is_none_is_said_before_anything_is_asked(name: str, url: str) -> None:
    with pytest.raises(ModelMisconfigured, match="FOOTNOTE_MODEL_URL: say where it is"):
        open_model(name, url=url, key=SecretStr(KEY))


def test_a_provider_whose_package_is_missing_is_named_with_that_package() -> None:
    with pytest.raises(ModelMisconfigured, match="langchain-anthropic"):
        open_model("anthropic:claude-sonnet-5")


def test_none_is_no_model() -> None:
    assert open_model("none") is None
