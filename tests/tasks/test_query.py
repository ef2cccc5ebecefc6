"""The language of queries: what is wanted, how much, and what is to be kept away from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.config import Limits
from studio.errors import UsageError
from studio.tasks.query import AGAINST, Term, checked, in_words, terms, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a dog on the beach", [Term("a dog on the beach")]),
        ("dog -grass", [Term("dog"), Term("grass", -AGAINST)]),
        ("dog −grass", [Term("dog"), Term("grass", -AGAINST)]),
        ('dog -"tall grass"^1.5 runs', [Term("dog runs"), Term("tall grass", -1.5)]),
        ("dog + beach^0.5", [Term("dog"), Term("beach", 0.5)]),
        ("dog^2 + a red ball -cat^.25", [Term("dog", 2.0), Term("a red ball"), Term("cat", -0.25)]),
        ("a T-shirt and 3 - 2 things", [Term("a T-shirt and 3 - 2 things")]),
        ('"a red car" in rain', [Term("a red car in rain")]),
        ('a 27" screen', [Term("a 27 screen")]),
        ("C++ code", [Term("C++ code")]),
        ("кот -трава", [Term("кот"), Term("трава", -AGAINST)]),
        ("", []),
        ("dog^0", []),
    ],
)
def test_reads(text: str, expected: list[Term]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "loose", "phrases"),
    [
        ("never give up", ["never", "give", "up"], []),
        ('dog "never give up" -cat + beach^0.5', ["dog", "+", "beach"], ["never give up"]),
        ("“give up” „und dann“", [], ["give up", "und dann"]),
        ('dog -"tall grass"', ["dog"], []),
        ('a 27" screen', ["a", '27"', "screen"], []),
    ],
)
def test_what_is_said_is_looked_for_in_words_and_phrases(text: str, loose: list[str], phrases: list[str]) -> None:
    found, quoted = in_words(text)
    assert (found.split(), quoted) == (loose, phrases)


def test_a_minus_alone_looks_for_nothing() -> None:
    with pytest.raises(UsageError, match="what should be seen"):
        terms("-grass")


def test_words_are_those_that_are_wanted() -> None:
    assert words("a dog, the dog's ball + beach^0.5 -grass") == ["a", "dog", "the", "dog's", "ball", "beach"]


def test_an_endless_query_is_refused() -> None:
    with pytest.raises(UsageError, match="800"):
        checked("x" * 801, Limits())


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = terms(text)
    except UsageError:
        return
    assert all(term.text.strip() and term.weight for term in found)
