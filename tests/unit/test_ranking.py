import pytest

from retrieval.documents import Audience, Hit, Passage
from retrieval.ranking import FLOOR, MEANING, Pool, by_score, merged, reciprocal_rank_fusion


def hit(name: str, score: float = 0.0, similarity: float | None = None, via: str = "") -> Hit:
    passage = Passage(name, name, "s", name.title(), (), f"About {name}.", 0, 10, Audience.everyone())
    return Hit(passage, score, similarity, via)


def near(**similarity: float) -> list[Hit]:
    return [hit(name, value, value, "meaning") for name, value in similarity.items()]


def words(**score: float) -> list[Hit]:
    return [hit(name, value, via="text") for name, value in score.items()]


def scores(pool: Pool) -> dict[str, float]:
    return {one.passage.id: round(one.score, 9) for one in pool.ranked()}


def order(hits: list[Hit]) -> list[str]:
    return [one.passage.id for one in hits]


def test_an_empty_pool_ranks_nothing() -> None:
    assert Pool([], []).ranked() == []


def test_the_best_of_both_halves_is_worth_one_and_no_passage_more() -> None:
    pool = Pool(near(a=0.9, b=0.5, c=0.1), words(a=7.0, b=3.0, c=1.0))
    assert scores(pool) == pytest.approx({"a": 1.0, "b": MEANING * 0.5 + (1 - MEANING) / 3, "c": 0.0})


def test_meaning_weighs_more_than_words() -> None:
    assert order(Pool(near(a=0.9, b=0.1), words(b=7.0, a=1.0)).ranked()) == ["a", "b"]


def test_words_decide_between_two_that_mean_the_same() -> None:
    assert order(Pool(near(a=0.9, b=0.9, c=0.1), words(b=7.0, c=1.0)).ranked())[:2] == ["b", "a"]


def test_words_alone_rank_where_nothing_has_a_vector() -> None:
    pool = Pool([], words(a=4.0, b=8.0, c=2.0))
    assert order(pool.ranked()) == ["b", "a", "c"]
    assert scores(pool)["b"] == 1.0


def test_one_hit_by_words_alone_is_worth_all_of_it() -> None:
    assert scores(Pool([], words(a=0.3))) == {"a": 1.0}


def test_what_is_found_by_words_but_is_far_in_meaning_stands_below() -> None:
    pool = Pool(near(a=0.9, b=0.8), words(far=9.0, a=1.0))
    assert order(pool.ranked()) == ["a", "b", "far"]
    assert scores(pool)["far"] == pytest.approx(MEANING * FLOOR + (1 - MEANING))


def test_what_has_no_vector_yet_is_ranked_by_its_words() -> None:
    found = words(new=9.0, a=5.0, other=1.0)
    assert order(Pool(near(a=0.9, b=0.8), found, waiting={"new", "other"}).ranked()) == ["new", "a", "b", "other"]


def test_how_a_passage_was_found_is_kept_of_both_halves() -> None:
    (one,) = Pool(near(a=0.9), words(a=7.0)).ranked()
    assert (one.via, one.similarity) == ("meaning+text", 0.9)


def test_a_bonus_raises_a_passage_and_says_why() -> None:
    pool = Pool(near(a=0.9, b=0.1), [])
    pool.add(hit("b", similarity=0.1), 1.0, "title", guarded=False)
    assert [(one.passage.id, one.via) for one in pool.ranked()] == [("b", "meaning+title"), ("a", "meaning")]


def test_a_followed_passage_comes_in_with_the_bonus_on_top_of_its_nearness() -> None:
    pool = Pool(near(a=0.9, b=0.5), [])
    pool.add(hit("c", similarity=0.7), 0.25, "link", guarded=False)
    assert scores(pool)["c"] == pytest.approx(MEANING * 0.5 + 0.25)


def test_nearness_far_below_the_nearest_counts_no_less_than_the_floor() -> None:
    pool = Pool(near(a=0.9, b=0.8), [])
    pool.add(hit("c", similarity=-1.0), 0.0, "link", guarded=False)
    assert scores(pool)["c"] == pytest.approx(MEANING * FLOOR)


def test_a_guarded_bonus_shrinks_with_the_distance_to_nothing() -> None:
    given = []
    for similarity in (0.9, 0.8, 0.7, 0.6, 0.5):
        pool = Pool(near(a=0.9, b=0.8), [])
        unraised = scores_of(pool, "c", similarity, 0.0)
        given.append(scores_of(pool, "c", similarity, 0.6) - unraised)
    assert given == pytest.approx([0.6, 0.4, 0.2, 0.0, 0.0])


def scores_of(pool: Pool, name: str, similarity: float, bonus: float) -> float:
    pool.add(hit(name, similarity=similarity), bonus, "link", guarded=True)
    return next(one.score for one in pool.ranked() if one.passage.id == name)


def test_a_share_is_measured_against_the_best_and_is_never_below_zero() -> None:
    pool = Pool(near(a=0.9, b=0.5, c=0.1), [])
    assert [pool.share(one) for one in pool.ranked()] == pytest.approx([1.0, 0.5, 0.0])
    assert pool.share(hit("d", -3.0)) == 0.0


def test_where_the_best_is_worth_nothing_every_share_is_whole() -> None:
    pool = Pool([], words(a=2.0, b=2.0))
    assert [pool.share(one) for one in pool.ranked()] == [1.0, 1.0]


def test_fusing_ranks_puts_first_what_stands_high_in_both() -> None:
    lists = [(1.0, words(a=9.0, b=8.0, c=7.0)), (1.0, near(b=0.9, c=0.8, d=0.7))]
    fused = reciprocal_rank_fusion(lists)
    assert order(fused) == ["b", "c", "a", "d"]
    assert fused[0].score == pytest.approx(1 / 62 + 1 / 61)
    assert (fused[0].via, fused[0].similarity) == ("text+meaning", 0.9)


def test_fusing_ranks_heeds_the_weights() -> None:
    assert order(reciprocal_rank_fusion([(1.0, words(a=1.0)), (2.0, words(b=1.0))])) == ["b", "a"]


def test_fusing_nothing_gives_nothing() -> None:
    assert reciprocal_rank_fusion([(1.0, [])]) == []


def test_one_hit_of_several_names_each_way_once() -> None:
    one = merged([hit("a", via="text"), hit("a", similarity=0.4, via="meaning+text"), hit("a", via="title")], 2.0)
    assert (one.score, one.similarity, one.via) == (2.0, 0.4, "text+meaning+title")


def test_ties_are_in_the_order_of_ids() -> None:
    hits = words(c=1.0, a=1.0, b=2.0)
    assert order(by_score({one.passage.id: one for one in hits})) == ["b", "a", "c"]
