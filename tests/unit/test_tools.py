"""The tools one by one, on real sockets, a real interpreter and a real store; then the toolbox over them."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.errors import ToolFailed
from agent.ledger import Ledger
from agent.tools import Effect, Tool, ToolContext, ToolResult, run_python
from agent.tools.forms import FormField, fields_of, validated
from agent.tools.post_message import post_message
from agent.tools.read_page import read_page
from agent.tools.registry import Toolbox
from agent.tools.remember import remember
from agent.tools.run_python import MAX_OUTPUT
from agent.tools.search_knowledge import search_knowledge
from bot.app import build_toolbox
from bot.attachments import Attachments
from bot.chat import Place
from bot.console.adapter import ConsoleChat, channel
from bot.held_files import HeldFiles
from bot.knowledge import Knowledge
from bot.poster import ChatPoster
from bot.records import Records, open_engine, sqlite_url
from bot.settings import load_settings
from bot.tables import metadata
from retrieval import fetching
from retrieval.chunking import chunk
from retrieval.documents import EVERYONE, Audience, Document
from retrieval.embedders.hashing import Hashing
from retrieval.errors import Away, StoreUnavailable, Unreadable
from retrieval.fetching import MAX_BYTES, MAX_REDIRECTS, fetch, is_public
from retrieval.search import Searcher
from retrieval.sources.folder import FolderSource
from retrieval.stores import Store
from retrieval.stores.lance import LanceStore
from retrieval.sync import Syncer
from tests.servers.running import running

HERE = ("127.0.0.1",)
PLACE = Place("console", "local", "general")


def context(*addresses: str, key: str = "run:0", audience: Audience | None = None) -> ToolContext:
    seen = audience or Audience.everyone()
    return ToolContext("run", key, "console/mei", "Mei", PLACE.key, seen, frozenset(addresses))


async def failure(box: Toolbox, name: str, arguments: dict[str, object], asked: ToolContext | None = None) -> str:
    """The one line that a tool fails with."""
    with pytest.raises(ToolFailed) as failed:
        await box.run(name, arguments, asked or context())
    line = str(failed.value)
    assert line.strip()
    assert "\n" not in line
    return line


class Site:
    """A web site on loopback that knows what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.address = ""
        self.app = Starlette(routes=[Route("/{name}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        name = request.url.path.removeprefix("/")
        self.asked.append(name)
        match name:
            case "page":
                return HTMLResponse(
                    "<title>Opening hours</title><body><script>alert(1)</script><main><h1>Garden</h1>"
                    "<p>The garden opens at nine &amp; closes at six.</p><p>花园九点开门。</p></main>"
                )
            case "notes" | "secret":
                return PlainTextResponse("Plain notes about the garden.")
            case "picture":
                return Response(b"\x89PNG", media_type="image/png")
            case "untyped":
                return Response(b"<p>No type at all.</p>")
            case "loop":
                return RedirectResponse("/loop")
            case "to":
                return RedirectResponse(request.query_params["where"])
            case "endless":
                return StreamingResponse(self._forever(b"x" * 65_536, 0), media_type="text/plain")
            case "drip":
                return StreamingResponse(self._forever(b"x", 0.02), media_type="text/plain")
            case "bomb":
                packed = gzip.compress(b" " * (MAX_BYTES + 1))
                return Response(packed, headers={"content-encoding": "gzip"}, media_type="text/plain")
            case "packed":
                packed = gzip.compress(b"The garden opens at nine.")
                return Response(packed, headers={"content-encoding": "gzip"}, media_type="text/plain")
            case "zstd" | "br":
                return Response(b"(\xb5/\xfd", headers={"content-encoding": name}, media_type="text/plain")
            case "damaged":
                return Response(b"no gzip", headers={"content-encoding": "gzip"}, media_type="text/plain")
            case "nowhere":
                return Response(status_code=302)
            case _:
                return Response(status_code=404)

    async def _forever(self, piece: bytes, pause: float) -> AsyncIterator[bytes]:
        while True:
            yield piece
            await asyncio.sleep(pause)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    with running(made.app) as address:
        made.address = address
        yield made


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0",
        "0.0.0.0",
        "localhost",
        "LOCALHOST",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "127。0。0。1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[fe80::1]",
        "[fd00::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[2002:7f00:1::]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::10.0.0.1]",
    ],
)
async def test_a_private_address_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(Unreadable, match="private network"):
        await fetch(f"http://{host}/")


@given(st.ip_addresses(v=4))
def test_an_address_wrapped_in_another_is_as_public_as_itself(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | number)
    translated = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number)
    six_to_four = ipaddress.IPv6Address((0x2002 << 112) | (number << 80))
    assert {is_public(one) for one in (mapped, translated, six_to_four)} == {is_public(address)}


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["::7f00:1", "::ffff:0:7f00:1", "100::1", "240.0.0.1", "255.255.255.255"])
def test_reserved_addresses_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://example.org/",
        "data:text/html,hello",
        "javascript:alert(1)",
        "//example.org/",
        "http:///page",
        "http://[::1",
        "http://example.org:port/",
        "http://exam\nple.org/",
    ],
)
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Unreadable, match=r"no web address \(http or https\)"):
        await fetch(url)


@pytest.mark.parametrize("url", ["http://mei:secret@example.org/", "http://mei@example.org/", "http://:x@example.org"])
async def test_an_address_with_credentials_is_refused_and_they_are_not_repeated(url: str) -> None:
    with pytest.raises(Unreadable, match="user name or password") as failed:
        await fetch(url)
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 64}.org", "...", "nothing.invalid"])
async def test_a_host_that_can_not_be_is_not_found(host: str) -> None:
    with pytest.raises(Unreadable, match="is not found"):
        await fetch(f"http://{host}/")


async def test_a_host_on_the_list_may_be_private(site: Site) -> None:
    page = await fetch(f"{site.address}/notes", HERE)
    assert page.body == b"Plain notes about the garden."
    assert page.content_type.startswith("text/plain")


@pytest.mark.parametrize("host", ["localhost", "127.1", "[::ffff:127.0.0.1]"])
async def test_a_redirect_to_a_private_address_is_not_followed(site: Site, host: str) -> None:
    hidden = f"http://{host}:{site.address.rsplit(':', 1)[1]}/secret"
    with pytest.raises(Unreadable, match="private network"):
        await fetch(f"{site.address}/to?where={hidden}", HERE)
    assert site.asked == ["to"]


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://example.org/", "http://exa]mple.org/"])
async def test_a_redirect_to_what_is_no_web_address_is_not_followed(site: Site, where: str) -> None:
    with pytest.raises(Unreadable, match="no web address"):
        await fetch(f"{site.address}/to?where={where}", HERE)


async def test_a_redirect_is_followed_to_the_page_it_ends_at(site: Site) -> None:
    page = await fetch(f"{site.address}/to?where=/notes", HERE)
    assert page.url == f"{site.address}/notes"


async def test_redirects_come_to_an_end(site: Site) -> None:
    with pytest.raises(Unreadable, match=f"redirects more than {MAX_REDIRECTS} times"):
        await fetch(f"{site.address}/loop", HERE)
    assert len(site.asked) == MAX_REDIRECTS + 1


async def test_a_redirect_to_nowhere_is_told(site: Site) -> None:
    with pytest.raises(Unreadable, match="answered 302"):
        await fetch(f"{site.address}/nowhere", HERE)


@pytest.mark.parametrize("name", ["endless", "bomb"])
async def test_a_page_larger_than_the_bound_is_refused(site: Site, name: str) -> None:
    with pytest.raises(Unreadable, match="larger than 5 MB"):
        await fetch(f"{site.address}/{name}", HERE)


@pytest.mark.parametrize("packing", ["zstd", "br"])
async def test_a_page_packed_in_a_way_that_can_not_be_bounded_is_not_read(site: Site, packing: str) -> None:
    with pytest.raises(Unreadable, match=f"packed as {packing}"):
        await fetch(f"{site.address}/{packing}", HERE)


async def test_a_packed_page_is_read_and_a_damaged_one_is_told(site: Site) -> None:
    assert (await fetch(f"{site.address}/packed", HERE)).body == b"The garden opens at nine."
    with pytest.raises(Away, match="damaged"):
        await fetch(f"{site.address}/damaged", HERE)


async def test_a_page_that_comes_too_slowly_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 1.0)
    with pytest.raises(Unreadable, match="did not end within 1 seconds"):
        await fetch(f"{site.address}/drip", HERE)


async def test_a_server_that_is_not_there_is_told(site: Site, unused_port: int) -> None:
    with pytest.raises(Unreadable, match=r"could not be read: ConnectError$"):
        await fetch(f"http://127.0.0.1:{unused_port}/", HERE)


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that is bound and not listened on, so that nobody else takes it meanwhile."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


async def test_what_is_no_text_is_refused_with_its_type(site: Site) -> None:
    with pytest.raises(Unreadable, match=r"is no page but image/png$"):
        await fetch(f"{site.address}/picture", HERE)


async def test_a_page_that_is_not_there_gives_one_line(site: Site) -> None:
    url = f"{site.address}/missing"
    line = await failure(Toolbox([read_page(HERE)]), "read_page", {"url": url}, context(url))
    assert line == f"{url}: it answered 404 Not Found."


async def test_a_page_of_html_becomes_text_to_cite(site: Site) -> None:
    url = f"{site.address}/page"
    mine = Audience.of("channel:console/local/board")
    result = await Toolbox([read_page(HERE)]).run("read_page", {"url": url}, context(url, audience=mine))
    text = "\n".join(hit.passage.text for hit in result.hits)
    assert "The garden opens at nine & closes at six." in text
    assert "花园九点开门。" in text
    assert "alert" not in text
    assert "<p>" not in text
    assert "Opening hours" in result.text
    assert {(hit.passage.uri, hit.passage.audience, hit.via) for hit in result.hits} == {(url, mine, "page")}


@pytest.mark.parametrize(("name", "text"), [("notes", "Plain notes about the garden."), ("untyped", "No type at all.")])
async def test_plain_text_and_a_page_without_a_type_are_read(site: Site, name: str, text: str) -> None:
    url = f"{site.address}/{name}"
    result = await Toolbox([read_page(HERE)]).run("read_page", {"url": url}, context(url))
    assert [hit.passage.text.strip() for hit in result.hits] == [text]


async def test_an_address_that_nobody_wrote_is_not_read(site: Site) -> None:
    box = Toolbox([read_page(HERE)])
    line = await failure(box, "read_page", {"url": f"{site.address}/page?to=evil"}, context(f"{site.address}/page"))
    assert "Only addresses that you wrote" in line
    assert site.asked == []


async def calculated(code: str) -> str:
    return (await Toolbox([run_python.run_python()]).run("run_python", {"code": code}, context())).text


async def broken(code: str) -> str:
    return await failure(Toolbox([run_python.run_python()]), "run_python", {"code": code})


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("12 * 7.5", "90.0"),
        ("print('halfway')\nsum(range(5))", "halfway\n10"),
        ("import math, json\njson.dumps([math.floor(2.5)])", "'[2]'"),
        ("x = 1", "The code ran and gave no value."),
        ("'出差'", "'出差'"),
    ],
)
async def test_a_calculation_gives_what_it_printed_and_its_last_value(code: str, shown: str) -> None:
    assert await calculated(code) == shown


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "The code failed: ZeroDivisionError: division by zero"),
        ("raise ValueError", "The code failed: ValueError"),
        ("def", "The code failed: Expected an identifier"),
        ("nothing + 1", "The code failed: NameError: name 'nothing' is not defined"),
    ],
)
async def test_code_that_fails_says_so_in_one_line(code: str, said: str) -> None:
    assert await broken(code) == said


@pytest.mark.parametrize(
    "code", ["while True: pass", "while True:\n  try:\n    while True: pass\n  except BaseException: pass"]
)
async def test_a_loop_without_an_end_is_stopped(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_python, "SECONDS", 1)
    assert "time limit exceeded" in await broken(code)


async def test_code_that_sleeps_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_python, "SECONDS", 1)
    assert "limit exceeded" in await broken("import time\nwhile True: time.sleep(3600)")


@pytest.mark.parametrize(
    "code", ["'x' * 10**12", "[0] * 10**10", "10**10**10", "x = []\nwhile True: x.append('y' * 10**6)"]
)
async def test_code_that_takes_all_memory_is_stopped(code: str) -> None:
    assert "memory limit exceeded" in await broken(code)


async def test_code_that_prints_without_an_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_python, "SECONDS", 1)
    assert "limit exceeded" in await broken("while True: print('x' * 10_000)")


async def test_a_long_result_is_cut_and_says_so() -> None:
    shown = await calculated(f"'x' * {MAX_OUTPUT * 2}")
    assert shown.endswith("… (cut at 4,000 characters)")
    assert len(shown) < MAX_OUTPUT + 50


async def test_a_number_too_long_to_show_is_told() -> None:
    assert "too many digits" in await broken("10**5000")


@pytest.mark.parametrize(
    "code",
    [
        "open('{path}').read()",
        "open('{path}', 'w').write('x')",
        "from pathlib import Path\nPath('{path}').read_text()",
        "import os\nos.listdir('/')",
        "import os\nos.environ['HOME']",
        "import socket",
        "import subprocess",
        "import urllib.request",
        "__import__('os').system('id')",
        "().__class__.__bases__[0].__subclasses__()",
    ],
)
async def test_code_reaches_no_files_no_network_and_no_programs(code: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    assert "a secret" not in await broken(code.replace("{path}", str(secret)))
    assert secret.read_text() == "a secret"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await LanceStore.open(tmp_path / "knowledge")
    await opened.bind(Hashing.name, Hashing.dimensions)
    yield opened
    await opened.close()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "notes"


@pytest.fixture
def remembering(store: Store, notes: Path) -> Toolbox:
    async def index(path: Path) -> None:
        await Syncer(store).sync(FolderSource(notes), lambda progress: None)

    return Toolbox([remember(notes, index, lambda: 1_000.0)])


async def kept(store: Store) -> dict[str, str]:
    """Title to text of every note that the store holds."""
    listed = await store.documents(Audience.everyone())
    full = [await store.document(one.id, Audience.everyone()) for one in listed]
    return {one.title: one.text.strip() for one in full if one is not None}


async def test_a_note_is_found_by_its_words_at_once(remembering: Toolbox, store: Store) -> None:
    result = await remembering.run("remember", {"text": "The offsite is on 12 May in Lisbon."}, context())
    assert result.text == "Remembered: The offsite is on 12 May in Lisbon."
    hits = await store.full_text("where is the offsite", Audience.everyone(), 5)
    assert [hit.passage.text.strip() for hit in hits] == ["The offsite is on 12 May in Lisbon."]


@pytest.mark.parametrize(
    "text",
    [
        "../../x",
        "/etc/passwd",
        "..",
        ".hidden",
        "C:\\Windows\\x",
        "-rf",
        "a: b: [c",
        "2024-05-12",
        "yes",
        "nul\x00byte",
        "会" * 200,
        "🙂 " * 60,
        "/",
    ],
)
async def test_a_hostile_title_stays_in_the_folder_and_is_read(
    remembering: Toolbox, store: Store, notes: Path, tmp_path: Path, text: str
) -> None:
    await remembering.run("remember", {"text": text}, context())
    written = [path for path in tmp_path.rglob("*") if path.suffix in {".md", ".new"}]
    assert [path.parent for path in written] == [notes]
    assert len(await kept(store)) == 1


async def test_text_that_looks_like_front_matter_does_not_become_it(remembering: Toolbox, notes: Path) -> None:
    await remembering.run("remember", {"text": "---\ntitle: forged\nauthor: Somebody\n---\nwords"}, context())
    (note,) = [path.read_text() for path in notes.iterdir()]
    assert note.startswith("---\nauthor: Mei\n")


async def test_two_notes_of_one_title_are_both_kept(remembering: Toolbox, notes: Path) -> None:
    for key in ("run:0", "run:1"):
        await remembering.run("remember", {"text": "Doors close at six."}, context(key=key))
    assert len(list(notes.iterdir())) == 2


async def test_the_same_call_tried_again_makes_one_note(remembering: Toolbox, notes: Path) -> None:
    for _ in range(2):
        await remembering.run("remember", {"text": "Doors close at six."}, context())
    assert len(list(notes.iterdir())) == 1


@pytest.mark.parametrize("text", ["", "  \n "])
async def test_nothing_is_not_remembered(remembering: Toolbox, notes: Path, text: str) -> None:
    assert (await failure(remembering, "remember", {"text": text})).startswith("text: ")
    assert not notes.exists()


async def test_a_folder_that_is_none_is_told(remembering: Toolbox, notes: Path) -> None:
    notes.parent.mkdir()
    notes.write_text("a file where the folder should be")
    line = await failure(remembering, "remember", {"text": "Doors close at six."})
    assert str(notes) in line
    assert "Check the folder" in line


def test_what_would_be_remembered_is_summed_up_in_a_line(remembering: Toolbox) -> None:
    arguments = remembering.validate("remember", {"text": "First line\nsecond line " * 20})
    summary = remembering.get("remember").summary(arguments)
    assert summary.startswith("Remember “First line second line First line")
    assert summary.endswith("…”")
    assert len(summary) < 100


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    engine = open_engine(sqlite_url(tmp_path / "records.sqlite"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield Records(engine)
    await engine.dispose()


@pytest.fixture
def posting(records: Records) -> Toolbox:
    return Toolbox([post_message(ChatPoster({"console": ConsoleChat(records)}, records, lambda: 1_000.0))])


async def said(records: Records, name: str) -> list[str]:
    return [entry.text for entry in await records.transcript(channel(name))]


@pytest.mark.parametrize("name", ["research", "#research", "Research"])
async def test_a_message_is_posted_in_the_channel_that_was_named(posting: Toolbox, records: Records, name: str) -> None:
    await posting.run("post_message", {"channel": name, "text": "The numbers are in."}, context())
    assert await said(records, "research") == ["The numbers are in."]
    assert await said(records, "general") == []


async def test_the_same_call_tried_again_posts_once(posting: Toolbox, records: Records) -> None:
    for _ in range(2):
        await posting.run("post_message", {"channel": "research", "text": "The numbers are in."}, context())
    assert await said(records, "research") == ["The numbers are in."]


@pytest.mark.parametrize("name", ["nowhere", "#", "../general", "general/thread"])
async def test_a_channel_that_is_not_there_is_told(posting: Toolbox, records: Records, name: str) -> None:
    line = await failure(posting, "post_message", {"channel": name, "text": "hello"})
    assert line == f"There is no channel #{name.lstrip('#')} here that both of us can post in."
    assert await records.channels("console") == []


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"channel": "research", "text": ""}, "text"),
        ({"channel": "research", "text": " \n "}, "text"),
        ({"channel": "", "text": "hello"}, "channel"),
        ({"channel": "research", "text": "x" * 4_001}, "text"),
    ],
)
async def test_an_empty_or_endless_message_is_not_posted(
    posting: Toolbox, records: Records, arguments: dict[str, object], field: str
) -> None:
    assert (await failure(posting, "post_message", arguments)).startswith(f"{field}: ")
    assert await said(records, "research") == []


@pytest.mark.parametrize("call", ["@everyone", "@here", "@Channel", "<!here>", "<!channel|channel>"])
async def test_a_message_calls_nobody_all_at_once(posting: Toolbox, records: Records, call: str) -> None:
    await posting.run("post_message", {"channel": "research", "text": f"{call} look at mei@example.org"}, context())
    (text,) = await said(records, "research")
    assert call not in text
    assert text.startswith("@\u200b")
    assert text.endswith(" look at mei@example.org")


async def test_the_search_tool_finds_what_the_place_may_see(store: Store) -> None:
    board = Audience.of("channel:console/local/board")
    for name, text, audience in (
        ("menu", "The secret of good soup is time.", Audience.everyone()),
        ("plan", "The secret plan is a merger.", board),
    ):
        document = Document(name, "s", f"file:///{name}", name.title(), text, audience, name)
        await store.put([(document, chunk(document))])
    box = Toolbox([search_knowledge(Searcher(store, Hashing()))])
    found = await box.run("search_knowledge", {"query": "the secret"}, context())
    assert found.text == "Found passages in Menu."
    assert [hit.passage.text for hit in found.hits] == ["The secret of good soup is time."]
    assert [hit.passage.document for hit in found.hits] == ["menu"]
    both = await box.run("search_knowledge", {"query": "the secret"}, context(audience=board | Audience.of(EVERYONE)))
    assert {hit.passage.document for hit in both.hits} == {"menu", "plan"}


async def test_a_search_tool_that_finds_nothing_says_so(store: Store) -> None:
    box = Toolbox([search_knowledge(Searcher(store, Hashing()))])
    assert (await box.run("search_knowledge", {"query": "anything"}, context())).text == "Nothing was found."


class Booking(BaseModel):
    guest: str = Field(min_length=2, description="Who comes.")
    nights: int = Field(default=1, ge=1, le=30, title="How many nights")
    price: float = 80.0
    breakfast: bool = False
    room: Literal["single", "double"] = "single"
    wishes: str = Field(default="", json_schema_extra={"multiline": True})
    tags: list[str] = Field(default_factory=list)
    room_number: str = Field(default="", json_schema_extra={"hidden": True})


def test_a_form_has_a_field_for_each_argument() -> None:
    assert fields_of(Booking, {"guest": "Mei", "nights": 3}) == [
        FormField("guest", "Guest", "text", "Mei", True, (), "Who comes."),
        FormField("nights", "How many nights", "number", 3, False),
        FormField("price", "Price", "number", 80.0, False),
        FormField("breakfast", "Breakfast", "boolean", False, False),
        FormField("room", "Room", "choice", "single", False, ("single", "double")),
        FormField("wishes", "Wishes", "multiline", "", False),
        FormField("tags", "Tags", "multiline", "", False),
    ]


def test_a_form_with_nothing_filled_in_is_empty_where_it_must_be_filled_in() -> None:
    assert fields_of(Booking, {})[0].value == ""


def test_a_long_value_gets_room_to_be_edited() -> None:
    assert fields_of(Booking, {"guest": "x" * 121})[0].kind == "multiline"


def test_what_a_person_typed_becomes_the_arguments() -> None:
    typed = {"guest": "Mei", "nights": "3", "breakfast": "true", "room": "double", "price": "79.5"}
    assert validated(Booking, typed) == Booking(guest="Mei", nights=3, breakfast=True, room="double", price=79.5)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "guest: field required"),
        ({"guest": "M"}, "guest: string should have at least 2 characters"),
        ({"guest": "Mei", "nights": "many"}, "nights: input should be a valid integer"),
        ({"guest": "Mei", "nights": 31}, "nights: input should be less than or equal to 30"),
        ({"guest": "Mei", "nights": "2.5"}, "nights: input should be a valid integer"),
        ({"guest": "Mei", "room": "suite"}, "room: input should be 'single' or 'double'"),
        ({"guest": None}, "guest: input should be a valid string"),
        ({"guest": "Mei", "tags": ["a", 2]}, "tags.1: input should be a valid string"),
    ],
)
def test_what_can_not_be_gives_one_line_that_names_the_field(typed: dict[str, object], said: str) -> None:
    with pytest.raises(ToolFailed) as failed:
        validated(Booking, typed)
    assert str(failed.value).startswith(said)
    assert "\n" not in str(failed.value)


async def _sleeps(arguments: Booking, context: ToolContext) -> ToolResult:
    await asyncio.sleep(3_600)
    return ToolResult("never")


async def _loses_the_store(arguments: Booking, context: ToolContext) -> ToolResult:
    raise StoreUnavailable("The knowledge in /x could not be read: gone. Check the disk.")


BOX = Toolbox(
    [
        Tool("book", "Book a room.", Booking, Effect.WRITE, _sleeps),
        Tool("ask", "Ask the store.", Booking, Effect.READ, _loses_the_store),
    ],
    seconds=0.05,
)


async def test_a_tool_that_is_not_there_is_told_with_those_that_are() -> None:
    assert await failure(BOX, "fly", {}) == "There is no tool “fly”; there are ask, book."


async def test_bad_arguments_never_reach_the_tool() -> None:
    assert await failure(BOX, "book", {"guest": "M"}) == "guest: string should have at least 2 characters"


async def test_a_tool_that_does_not_end_is_ended() -> None:
    assert (await failure(BOX, "book", {"guest": "Mei"})).startswith("book did not end within")


async def test_a_store_that_is_away_is_a_failure_of_the_tool() -> None:
    assert "Check the disk." in await failure(BOX, "ask", {"guest": "Mei"})


def test_a_model_is_shown_the_schema_that_arguments_are_held_to() -> None:
    spec = BOX.specs()[0]
    assert (spec.name, spec.description) == ("book", "Book a room.")
    assert spec.schema["required"] == ["guest"]
    assert spec.schema["properties"]["nights"]["maximum"] == 30


async def test_only_the_tools_that_read_run_without_a_person(store: Store, records: Records) -> None:
    settings = load_settings()
    engine = records.engine
    knowledge = Knowledge(store, Hashing(), engine, lambda _, place: FolderSource(Path(place)), "here", lambda: 0.0)
    poster = ChatPoster({}, records, lambda: 0.0)
    ledger = Ledger(records.engine, lambda: 0.0)
    held = HeldFiles(records.engine, settings.uploads_path, Attachments(None, 1), {}, ledger, lambda: 0.0)
    box = build_toolbox(settings, Searcher(store, Hashing()), knowledge, poster, held)
    assert {spec.name: box.get(spec.name).effect for spec in box.specs()} == {
        "search_knowledge": Effect.READ,
        "read_page": Effect.READ,
        "run_python": Effect.READ,
        "remember": Effect.WRITE,
        "remember_file": Effect.WRITE,
        "post_message": Effect.WRITE,
    }
