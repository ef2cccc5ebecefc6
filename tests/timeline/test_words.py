"""The words of a line when a person changes its text."""

import pytest

from studio.timeline import Cue, Word
from studio.timeline.words import MOST_UNITS, divided, estimated, moved, realigned

TEXT = "Good, mourning Mr. Smith!"
CUE = Cue(0, 20, TEXT)
WORDS = [Word(0, 4, "Good,", 0.9), Word(4, 10, "mourning", 0.4), Word(12, 15, "Mr.", 0.8), Word(15, 20, "Smith!", 0.7)]


def times(words: list[Word]) -> list[tuple[str, int, int]]:
    return [(word.text, word.start_us, word.end_us) for word in words]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (TEXT, times(WORDS)),
        ("good mourning, MR. Smith", [("good", 0, 4), ("mourning,", 4, 10), ("MR.", 12, 15), ("Smith", 15, 20)]),
        ("Good, morning Mr. Smith!", [("Good,", 0, 4), ("morning", 4, 10), ("Mr.", 12, 15), ("Smith!", 15, 20)]),
        ("Good, mourning Smith!", [("Good,", 0, 4), ("mourning", 4, 10), ("Smith!", 15, 20)]),
        ("Good, mourning to Mr. Smith!", [("Good,", 0, 4), ("mourning", 4, 10), ("to", 10, 12), ("Mr.", 12, 15),
                                          ("Smith!", 15, 20)]),
        ("Good, bye to you Mr. Smith!", [("Good,", 0, 4), ("bye", 4, 6), ("to", 6, 7), ("you", 7, 10),
                                         ("Mr.", 12, 15), ("Smith!", 15, 20)]),
        ("— Good, mourning — (Mr. Smith)", [("Good,", 0, 4), ("mourning", 4, 10), ("(Mr.", 12, 15),
                                            ("Smith)", 15, 20)]),
        ("Mr. Good, mourning Smith!", [("Mr.", 0, 0), ("Good,", 0, 4), ("mourning", 4, 10), ("Smith!", 15, 20)]),
        ("Quite other words", [("Quite", 0, 6), ("other", 6, 13), ("words", 13, 20)]),
        ("…", []),
    ],
)  # fmt: skip
def test_a_word_in_both_texts_keeps_its_time(text: str, wanted: list[tuple[str, int, int]]) -> None:
    assert times(realigned(WORDS, CUE, text)) == wanted


def test_how_sure_a_model_was_stays_with_the_word_and_a_person_is_sure() -> None:
    assert [word.probability for word in realigned(WORDS, CUE, "Good, morning Mr Smith!")] == [0.9, 1.0, 0.8, 0.7]


def test_a_script_without_spaces_is_compared_by_its_characters() -> None:
    words = [Word(0, 4, "今日", 0.9), Word(4, 10, "は", 0.4), Word(12, 15, "天気", 0.8)]
    found = realigned(words, Cue(0, 20, "今日は天気"), "今日も天気です")
    assert times(found) == [("今日", 0, 4), ("も", 4, 10), ("天気", 12, 15), ("です", 15, 20)]


def test_a_word_that_grows_is_another_one() -> None:
    words = [Word(0, 2, "a", 1), Word(2, 6, "New", 1), Word(6, 9, "-York", 1), Word(9, 12, "man", 1)]
    cue = Cue(0, 12, "a New-York man")
    assert times(realigned(words, cue, "a New-York woman")) == [
        ("a", 0, 2), ("New-", 2, 6), ("York", 6, 9), ("woman", 9, 12),
    ]  # fmt: skip


def test_words_that_nobody_knew_stay_unknown_and_those_of_no_line_are_not_compared() -> None:
    assert realigned([], CUE, "Good morning") == []
    assert realigned(WORDS, CUE, "word " * (MOST_UNITS + 1)) == []


@pytest.mark.parametrize(
    ("head", "tail", "cut", "first", "last"),
    [
        ("Good, mourning", "Mr. Smith!", 11, [("Good,", 0, 4), ("mourning", 4, 10)],
         [("Mr.", 12, 15), ("Smith!", 15, 20)]),
        ("Good, mou", "rning Mr. Smith!", 6, [("Good,", 0, 4), ("mou", 4, 6)],
         [("rning", 6, 10), ("Mr.", 12, 15), ("Smith!", 15, 20)]),
    ],
)  # fmt: skip
def test_a_line_is_cut_in_the_pause_between_two_words(
    head: str, tail: str, cut: int, first: list[tuple[str, int, int]], last: list[tuple[str, int, int]]
) -> None:
    found = divided(WORDS, CUE, head, tail)
    assert (found[0], times(found[1]), times(found[2])) == (cut, first, last)


def test_without_words_the_letters_say_where_a_line_is_cut_and_neither_part_is_empty() -> None:
    assert divided([], Cue(100, 200, "one three"), "one", "three") == (137, [], [])
    assert divided([], Cue(0, 2, "a bcdefghijklm"), "a", "bcdefghijklm")[0] == 1


def test_words_go_along_with_a_line_that_moves_and_stay_where_an_edge_does() -> None:
    assert moved(WORDS, CUE, Cue(5, 25, TEXT))[0] == Word(5, 9, "Good,", 0.9)
    assert moved(WORDS, CUE, Cue(2, 20, TEXT)) == WORDS
    assert moved(WORDS, CUE, Cue(2, 25, TEXT)) == WORDS


def test_words_of_an_untimed_line_last_as_long_as_they_have_letters() -> None:
    assert times(estimated(Cue(0, 80, "One, three"))) == [("One,", 0, 35), ("three", 35, 80)]
    assert estimated(Cue(0, 80, "—")) == []
