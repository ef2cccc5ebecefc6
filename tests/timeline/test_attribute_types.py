"""What the schema says of attributes, and values that change within a segment."""

from typing import Any

import pytest

from studio.errors import UsageError
from studio.timeline import Segment, carried, checked_attributes, type_of, types_of, value_at, values_of
from studio.timeline.attribute_types import problems
from studio.timeline.changing import changes_of, stretches

MOVES = {"name": "force", "kind": "number", "changes": True}
HAND = {"name": "hand", "kind": "choice", "options": ["left", "right"], "changes": True}
FORCE = {"name": "force", "kind": "number", "low": 1, "high": 5}
SEEN = {"name": "seen by", "kind": "several", "options": ["ann", "ben"]}


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (HAND, "left", ""),
        (HAND, "up", "“hand” is one of left, right."),
        (HAND, {"changes": [[1, "left"], [2.5, "right"]]}, ""),
        (HAND, {"changes": [[1, "left"], [2.5, None]]}, ""),
        (HAND, {"changes": [[1, "left"], [2.5, "up"]]}, "“hand” is one of left, right."),
        (HAND, {"changes": [[2, "left"], [1, "right"]]}, "“hand” is one of left, right."),
        (FORCE, 1, ""),
        (FORCE, 5.0, ""),
        (FORCE, 5.1, "“force” is a number from 1 to 5."),
        (FORCE, True, "“force” is a number from 1 to 5."),
        (FORCE, "3", "“force” is a number from 1 to 5."),
        (FORCE, {"changes": [[1, 2], [2, 3]]}, "“force” is a number from 1 to 5."),
        ({"name": "n", "kind": "number"}, "3", "“n” is a number."),
        (SEEN, [], ""),
        (SEEN, ["ben"], ""),
        (SEEN, "ben", "“seen by” is a list out of ann, ben."),
        (SEEN, ["eve"], "“seen by” is a list out of ann, ben."),
        ({"name": "who", "kind": "text"}, "", ""),
        ({"name": "who", "kind": "text"}, 3, "“who” is a text."),
        ({"name": "sure", "kind": "yes_no"}, False, ""),
        ({"name": "sure", "kind": "yes_no"}, 0, "“sure” is yes or no (true or false)."),
    ],
)
def test_a_value_fits_its_type_or_a_sentence_says_why_not(kind: Any, value: Any, sentence: str) -> None:
    assert type_of(kind).problem(value) == sentence


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("hand", "is an object with a name and a kind"),
        ({"name": " ", "kind": "text"}, "The name of an attribute is a text"),
        ({"name": "apex", "kind": "number"}, "“apex” already is the time of an expression"),
        ({"name": "a", "kind": "colour"}, "The kind of “a” must be one of: choice, several, number, text, yes_no"),
        ({"name": "a", "kind": "choice"}, "“a” needs its options"),
        ({"name": "a", "kind": "choice", "options": ["x", ""]}, "“a” needs its options"),
        ({"name": "a", "kind": "several", "options": ["x", "x "]}, "An option of “a” is there twice"),
        ({"name": "a", "kind": "number", "low": 2, "high": 1}, "lowest value of “a” is above its highest"),
        ({"name": "a", "kind": "number", "low": float("nan")}, "are numbers, or none"),
        ({"name": "a", "kind": "text", "changes": 1}, "“changes” of “a” must be true or false"),
    ],
)
def test_a_wrong_type_is_one_sentence(wrong: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence.replace("(", r"\(")):
        type_of(wrong)


def test_no_name_is_there_twice() -> None:
    assert [each.name for each in types_of([HAND, FORCE])] == ["hand", "force"]
    with pytest.raises(UsageError, match="“hand” is there twice"):
        types_of([HAND, HAND])


def test_what_was_there_before_may_stay() -> None:
    types = types_of([HAND, FORCE])
    before = {"hand": "up", "force": 9, "free": [1]}
    assert problems(types, before, {**before, "free": "anything"}) == []
    assert problems(types, before, {**before, "force": 8}) == ["“force” is a number from 1 to 5."]
    assert problems(types, before, {"hand": None}) == []
    changing = {"force": {"changes": [[1.0, 9], [2.0, 3]]}}
    assert problems(types, changing, {"force": {"changes": [[5.0, 9], [6.0, 3]]}}) == [], "times go with the segment"
    assert problems(types, changing, {"force": {"changes": [[1.0, 8], [2.0, 3]]}}) != []
    assert problems(types, {"hand": "up"}, {"hand": {"changes": [[1.0, "up"], [2.0, "up"]]}}) != []


def test_texts_of_files_become_values_where_they_stand_for_one() -> None:
    hand, force, seen = types_of([HAND, FORCE, SEEN])
    sure = type_of({"name": "sure", "kind": "yes_no"})
    assert [hand.read("left"), hand.read("up"), force.read("3"), force.read("2.5"), force.read("much")] == [
        "left", "up", 3, 2.5, "much",
    ]  # fmt: skip
    assert [seen.read("ann, ben"), seen.read("eve"), sure.read("Yes"), sure.read("false"), sure.read("?")] == [
        ["ann", "ben"], "eve", True, False, "?",
    ]  # fmt: skip


CHANGING = {"changes": [[1.0, "left"], [2.5, "right"], [4.0, None]]}


def test_a_value_that_changes_holds_from_its_time_on() -> None:
    assert checked_attributes({"hand": CHANGING, "seen": {"changes": [[1, ["a", "b"]]]}})


def test_an_attribute_may_change_many_times_and_has_a_limit_of_its_own() -> None:
    def changing(count: int, said: str = "left") -> dict[str, Any]:
        return {"hand": {"changes": [[n + 0.123456, f"{said} {n % 2}"] for n in range(count)]}}

    for count in (100, 101, 2000):
        assert checked_attributes(changing(count) | {"note": "x" * 9_000})
    for wrong, says in (
        (changing(2001), "“hand” changes more than 2000 times within one segment; split the segment first"),
        (changing(2000, "x" * 50), "What changes within the segment is too long; keep it under 100000"),
        ({"hand": {"changes": [[1, [[[[[1]]]]]]]}}, "“hand” must be"),
        ({"hand": {"changes": [[float("nan"), "a"]]}}, "“hand” must be"),
        ({"hand": {"changes": list(range(101))}}, "“hand” must be"),
    ):
        with pytest.raises(UsageError, match=says):
            checked_attributes(wrong)
    at = [value_at(CHANGING, us) for us in (0, 1_000_000, 2_499_999, 2_500_000, 3_999_999, 4_000_000)]
    assert at == ["left", "left", "left", "right", "right", None]
    assert value_at("left", 5) == "left"
    assert values_of(CHANGING) == ["left", "right"]
    assert stretches(CHANGING, Segment(1_000_000, 5_000_000)) == [
        (1_000_000, 2_500_000, "left"), (2_500_000, 4_000_000, "right"), (4_000_000, 5_000_000, None),
    ]  # fmt: skip


@pytest.mark.parametrize("other", [{"changes": []}, {"changes": [[1, {}]]}, {"changes": [["1", "a"]]}, {"x": 1}, [1]])
def test_anything_else_is_a_value_like_any_other(other: Any) -> None:
    assert changes_of(other) is None
    assert value_at(other, 0) == other


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ((11_000_000, 15_000_000), {"changes": [[11.0, "left"], [12.5, "right"], [14.0, None]]}),  # moved as a whole
        ((1_000_000, 3_000_000), {"changes": [[1.0, "left"], [2.5, "right"]]}),  # its end is cut
        ((1_000_000, 2_500_000), "left"),
        ((2_000_000, 5_000_000), {"changes": [[2.0, "left"], [2.5, "right"], [4.0, None]]}),  # its start is cut
        ((3_000_000, 5_000_000), {"changes": [[3.0, "right"], [4.0, None]]}),
        ((500_000, 5_000_000), {"changes": [[0.5, "left"], [2.5, "right"], [4.0, None]]}),
    ],
)
def test_changes_go_with_their_segment(after: tuple[int, int], expected: Any) -> None:
    before = Segment(1_000_000, 5_000_000)
    assert carried({"hand": CHANGING, "who": "ann"}, before, Segment(*after)) == {"hand": expected, "who": "ann"}


def test_of_what_nothing_is_said_in_the_rest_of_a_segment_nothing_is_kept() -> None:
    rest = Segment(4_000_000, 5_000_000)
    assert carried({"hand": CHANGING, "who": None}, Segment(1_000_000, 5_000_000), rest) == {"who": None}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (SEEN, "[NaN]"),
        (SEEN, '[-Infinity, "ann"]'),
        (SEEN, "[1e400]"),
        (MOVES, '{"changes": [[0, NaN]]}'),
        (MOVES, '{"changes": [[0, 1], [Infinity, 2]]}'),
    ],
)
def test_a_text_that_stands_for_no_kept_value_stays_text(kind: dict[str, Any], text: str) -> None:
    assert type_of(kind).read(text) == text


def test_a_text_of_json_is_the_value_that_it_stands_for() -> None:
    assert type_of(SEEN).read('["ann", "ben"]') == ["ann", "ben"]
    assert type_of(MOVES).read('{"changes": [[0, 1], [1.5, 2]]}') == {"changes": [[0, 1], [1.5, 2]]}
