"""Which words of a text were asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.store.text_search import TextQuery


def marked(text: str, words: str, *phrases: str) -> list[str]:
    return [part for part, mark in TextQuery.of(words, phrases).parts(text) if mark]


@pytest.mark.parametrize(
    ("text", "words", "phrases", "expected"),
    [
        ("The Überraschung, is ready.", "uberraschung READY", (), ["Überraschung", "ready"]),
        ("Cafe\u0301 au lait", "café", (), ["Café"]),
        ("never give up, never", "", ("give up",), ["give up"]),
        ("give, UP", "", ("give up",), ["give, UP"]),
        ("up and up and up", "", ("up and up",), ["up and up", " and up"]),
        ("never give up", "give", ("never give",), ["never give"]),
        ("straße", "strasse", (), ["straße"]),
        ("readyish", "ready", (), []),
        ("", "ready", (), []),
    ],
)
def test_marks(text: str, words: str, phrases: tuple[str, ...], expected: list[str]) -> None:
    assert marked(text, words, *phrases) == expected


@given(st.text(max_size=40), st.text(max_size=10), st.text(max_size=10))
def test_parts_are_the_text(text: str, words: str, phrase: str) -> None:
    import unicodedata

    parts = TextQuery.of(words, [phrase]).parts(text)
    assert "".join(part for part, _ in parts) == unicodedata.normalize("NFC", text)
