"""What a question names."""

import pytest

from studio.tasks.tags import MOST, parse_tags


def parts(text: str) -> list[tuple[str, str, str]]:
    return [(tag.word, tag.kind, tag.text) for tag in parse_tags(text)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "a red car drives on a muddy road",
            [
                ("red", "attribute", "red car"),
                ("car", "object", "car"),
                ("drives", "action", "drives"),
                ("muddy", "attribute", "muddy road"),
                ("road", "object", "road"),
            ],
        ),
        ("a computer screen", [("computer screen", "object", "computer screen")]),
        ("red car, red car", [("red", "attribute", "red car"), ("car", "object", "car")]),
        (
            "zwei Hunde springen über einen alten Baumstamm",
            [
                ("Hunde", "object", "Hunde"),
                ("springen", "action", "springen"),
                ("alten", "attribute", "alten Baumstamm"),
                ("Baumstamm", "object", "Baumstamm"),
            ],
        ),
        ("of the and", []),
        ("", []),
        ("?!…", []),
    ],
)
def test_a_question_is_taken_apart(question, expected):
    assert parts(question) == expected


def test_a_long_question_keeps_its_first_tags():
    assert len(parse_tags("dog cat, " * 3 + ", and ".join(f"a house{i}" for i in range(30)))) <= MOST
