"""Stretches of time as sets."""

import pytest

from studio.timeline.spans import covers, distinct, is_same, union


def test_what_touches_or_overlaps_is_one() -> None:
    assert union([(5, 7), (0, 2), (2, 4), (6, 9)]) == [(0, 4), (5, 9)]
    assert union([]) == []


@pytest.mark.parametrize(("time", "inside"), [(-1, False), (0, True), (3, True), (4, False), (5, True), (9, False)])
def test_an_end_is_not_inside(time: int, inside: bool) -> None:
    assert covers([(0, 4), (5, 9)], time) is inside
    assert covers([], time) is False


def test_more_than_half_of_the_shorter_is_the_same() -> None:
    assert is_same((0, 10), (4, 100))
    assert not is_same((0, 10), (5, 100))
    assert is_same((0, 100), (40, 43))
    assert not is_same((0, 10), (20, 30))


def test_the_same_moments_are_one_that_lies_in_the_middle_of_them() -> None:
    assert distinct([(20, 30), (0, 10), (2, 13), (1, 11), (10, 20)]) == [(1, 11), (10, 20), (20, 30)]
    assert distinct([(0, 10), (5, 15), (0, 10)]) == [(0, 10), (5, 15)], "half is another one"
    assert distinct([]) == []
