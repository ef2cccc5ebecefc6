"""Counts, durations and transitions, on observations small enough to count by hand."""

import pytest

from studio.eval.time_budget import Observation, Spent, budget, transitions

S = 1_000_000
ONE = Observation(
    60 * S, [("rest", 0, 10 * S), ("walk", 10 * S, 30 * S), ("rest", 30 * S, 35 * S), ("peck", 12 * S, 12 * S + 1)]
)
OTHER = Observation(120 * S, [("walk", 100 * S, 120 * S), ("walk", 110 * S, 115 * S)])


def test_what_lasts_and_how_often_it_comes() -> None:
    walk, rest, peck = budget([ONE, OTHER], points=["peck"])
    assert walk == Spent("walk", 3, 40 * S, 15 * S, pytest.approx(40 / 180), pytest.approx(1.0))  # overlaps count once
    assert rest == Spent("rest", 2, 15 * S, 7.5 * S, pytest.approx(15 / 180), pytest.approx(2 / 3))
    assert peck == Spent("peck", 1, None, None, None, pytest.approx(1 / 3))


def test_what_follows_what_within_an_observation() -> None:
    assert transitions([ONE, OTHER]) == {
        ("peck", "rest"): 1, ("rest", "walk"): 1, ("walk", "peck"): 1, ("walk", "walk"): 1,
    }  # fmt: skip


def test_nothing_is_nothing() -> None:
    assert budget([]) == [] and transitions([]) == {}
    assert budget([Observation(0, [("x", 0, 1)])])[0].share == 0
