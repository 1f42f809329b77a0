import pytest

from agent.support import support
from agent.text import words

QUOTE = "Hotels may cost 150 euros a night, and breakfast is not refunded."


def test_whole_sentences_word_for_word_are_full_support() -> None:
    assert support(QUOTE, [QUOTE]) == 1.0
    assert support("It is open. It is free.", ["Go in. It is open.  It is free. Enjoy."]) == 1.0
    assert support("The park opens at nine.", ["1. The park opens at nine."]) == 1.0


def test_a_part_of_a_sentence_is_left_to_a_judge() -> None:
    assert support("Hotels may cost 150 euros a night", [QUOTE]) == 0.99
    assert support("The garden closes.", ["If it rains, the garden closes."]) == 0.99


def test_another_number_is_no_support() -> None:
    assert support("Hotels may cost 180 euros a night, not breakfast.", [QUOTE]) == 0.0


def test_a_lost_negation_is_no_support() -> None:
    assert support("Breakfast is refunded by hotels.", [QUOTE]) == 0.0


def test_other_words_are_little_support() -> None:
    assert support("Flights are never booked by assistants.", [QUOTE]) < 0.5


def test_nothing_cited_is_no_support() -> None:
    assert support("Anything at all.", []) == 0.0


OPENS = "The garden opens at nine and closes at six."


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("允许员工使用个人设备。", "公司规定：不允许员工使用个人设备。"),
        ("允许员工使用个人设备。", "不允许员工使用个人设备。"),
        ("Requests take 30 minutes.", "Requests take 30 days."),
        ("Hotels may cost $150.", "Hotels may cost €150 a night."),
        ("试用期是3周。", "试用期是3个月。"),
        ("The garden opens at 10.", OPENS),
        ("Cats are allowed.", "Dogs are welcome and cats are not allowed."),
    ],
)
def test_what_surely_says_something_else_is_no_support(sentence: str, quote: str) -> None:
    assert support(sentence, [quote]) == 0.0


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("possible to cancel.", "It is impossible to cancel."),
        ("Mei pays Ann.", "Ann pays Mei."),
        ("Smoking is allowed in the garden.", "Smoking is forbidden in the garden."),
        ("公司允许在花园吸烟。", "公司禁止在花园吸烟。"),
        ("The garden closes at nine.", OPENS),
        ("The garden opens at ten.", OPENS),
        ("花园十点开门。", "花园九点开门。"),
        ("The minimum stay is 3 nights.", "The maximum stay is 3 nights."),
        ("Requests must be sent before the trip.", "Requests must be sent after the trip."),
        ("Staff get more than 20 days.", "Staff get less than 20 days."),
        ("The offsite is in June.", "The offsite is in May."),
        ("公司周六开门。", "公司周五开门。"),
        ("Cats are welcome.", "Dogs are welcome and cats are not allowed."),
    ],
)
def test_what_may_well_say_something_else_is_for_a_judge_and_else_not_shown(sentence: str, quote: str) -> None:
    assert 0.0 < support(sentence, [quote]) < 0.5


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("It is not possible to cancel.", "It is impossible to cancel."),
        ("Smoking isn't allowed in the garden.", "Smoking is forbidden in the garden."),
        ("Ann is paid by Mei.", "Mei pays Ann."),
        ("The garden closes at six.", OPENS),
        ("The garden opens at 9.", OPENS),
        ("花园9点开门。", "花园九点开门。"),
        ("假期是二十天。", "假期是20天。"),
        ("There are 1000 seats in it.", "There are 1,000 seats in the hall."),
        ("The offsite is on 12 May in Lisbon.", "The offsite in Lisbon is on May 12."),
        ("Without approval, travel is refused.", "Travel is refused without approval."),
        ("Dogs are welcome.", "Dogs are welcome and cats are not allowed."),
        ("Not only dogs but also cats are welcome.", "Dogs and cats are welcome."),
        ("Refunds take up to 3 days.", "Refunds take no more than 3 days."),
        ("这个花园非常漂亮。", "花园很漂亮。"),
        ("Requests take 30 working days.", "Requests take 30 days."),
    ],
)
def test_a_true_paraphrase_keeps_its_support(sentence: str, quote: str) -> None:
    assert 0.5 <= support(sentence, [quote]) < 1.0


def test_a_word_of_two_scripts_keeps_both() -> None:
    assert words("iPhone手机 9点") == ["iphone", "手", "机", "9", "点"]
