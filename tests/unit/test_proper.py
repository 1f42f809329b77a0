import pytest

from retrieval.proper import proper_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The play was written by Henrik Ibsen in 1865.", {"henrik ibsen"}),
        ("However, Mei Lin of Design asked for it.", {"mei lin of design"}),
        ("She works at the University of Oslo, in Norway.", {"university of oslo", "norway"}),
        ("It was G. Stanley Hall's idea.", {"g stanley hall"}),
        ("Ask Tom about INC-4312 and PostgreSQL 16.", {"ask tom", "inc 4312", "postgresql 16"}),
        ("The Garden opens at nine. Nobody pays.", {"garden"}),
        ("Nobody pays. Everybody walks.", set()),
        ("Ann\nTom came late", set()),
        ("出差制度由行政部制定。", set()),
        ("In 2024 it was 42.", set()),
        ("", set()),
    ],
)
def test_names_are_what_is_written_with_a_capital_within_a_sentence(text: str, names: set[str]) -> None:
    assert proper_names(text) == names


def test_where_every_noun_has_a_capital_one_word_is_no_name() -> None:
    text = (
        "Die Rechnung wird von der Buchhaltung im Büro bezahlt, wenn der Leiter der Abteilung das Formular mit dem Stempel "
        "geschickt hat. Am Ende des Monats sieht Maria Lindqvist alle Belege der Abteilung und die Liste der Kunden durch."
    )
    assert proper_names(text) == {"maria lindqvist"}


def test_a_headline_in_capitals_is_no_name() -> None:
    assert proper_names("THE LONG ROAD TO THE NEW OFFICE AND ALL THAT CAME AFTER IT WAS BUILT") == set()
