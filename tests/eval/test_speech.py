"""Word error rate by hand-counted examples."""

import pytest

from studio.eval.speech import word_error_rate, words


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert words("It's  Élan, “here”; F2!") == ["its", "élan", "here", "f2"]


@pytest.mark.parametrize(
    ("said", "found", "rate"),
    [
        ("a b c d", "a b c d", 0.0),
        ("a b c d", "a x c d", 25.0),
        ("a b c d", "a c d", 25.0),
        ("a b c d", "a b b c d", 25.0),
        ("a b", "", 100.0),
        ("a", "x y z", 300.0),
    ],
)
def test_rate(said: str, found: str, rate: float) -> None:
    assert word_error_rate([(said, found)]) == pytest.approx(rate)


def test_long_texts_count_more_and_nothing_said_is_refused() -> None:
    assert word_error_rate([("a b c d e f", "a b c d e f"), ("a b", "x y")]) == pytest.approx(25.0)
    with pytest.raises(ValueError, match="Nothing was said"):
        word_error_rate([("", "a")])
