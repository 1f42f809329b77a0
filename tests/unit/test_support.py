from agent.support import support

QUOTE = "Hotels may cost 150 euros a night, and breakfast is not refunded."


def test_word_for_word_is_full_support() -> None:
    assert support("Hotels may cost 150 euros a night", [QUOTE]) == 1.0


def test_another_number_is_no_support() -> None:
    assert support("Hotels may cost 180 euros a night, not breakfast.", [QUOTE]) == 0.0


def test_a_lost_negation_is_no_support() -> None:
    assert support("Breakfast is refunded by hotels.", [QUOTE]) == 0.0


def test_other_words_are_little_support() -> None:
    assert support("Flights are never booked by assistants.", [QUOTE]) < 0.5


def test_nothing_cited_is_no_support() -> None:
    assert support("Anything at all.", []) == 0.0
