"""Proposals on curves whose truth is known, and on curves that have none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio import models
from studio.models.grounding.proposals import peaks


def overlap(a: tuple[float, ...], b: tuple[float, float]) -> float:
    shared = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    return shared / (max(a[1], b[1]) - min(a[0], b[0]))


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_one_moment_is_found(noise: float) -> None:
    times = np.arange(60.0)
    curve = 0.2 + 0.1 * ((times >= 20) & (times < 32)) + noise * np.random.default_rng(0).standard_normal(60)
    best = models.propose(times, curve)[0]
    assert overlap(best, (19.5, 31.5)) > 0.7


def test_two_moments_come_before_the_rest() -> None:
    times = np.arange(0, 50, 0.5)
    curve = np.exp(-((times - 10) ** 2) / 8) + 0.8 * np.exp(-((times - 35) ** 2) / 8)
    first, second = models.propose(times, curve, top_k=2)
    assert overlap(first, (8, 12)) > 0.4
    assert overlap(second, (33, 37)) > 0.4
    assert first[2] >= second[2]


def test_a_moment_at_either_end_stays_inside() -> None:
    times = np.arange(10.0)
    assert models.propose(times, np.r_[1, 1, 1, np.zeros(7)])[0][0] == 0
    assert models.propose(times, np.r_[np.zeros(7), 1, 1, 1], duration_s=10.0)[0][1] == 10


@pytest.mark.parametrize("value", [0.0, 0.3, -5.0, np.nan, np.inf])
def test_a_flat_curve_is_the_whole_video_with_no_confidence(value: float) -> None:
    assert models.propose(np.arange(5.0), np.full(5, value), duration_s=5.0) == [(0.0, 5.0, 0.0)]


def test_one_sample_and_none() -> None:
    assert models.propose([0.0], [0.7]) == [(0.0, 0.5, 0.0)]
    assert models.propose([], []) == []


@given(
    st.lists(st.one_of(st.floats(-1, 1), st.just(np.nan)), min_size=1, max_size=60),
    st.floats(0.01, 5),
    st.integers(1, 8),
)
def test_proposals_are_always_well_formed(values: list[float], step: float, top_k: int) -> None:
    times = np.arange(len(values)) * step
    duration = float(times[-1] + step)
    found = models.propose(times, values, top_k, duration)
    assert 1 <= len(found) <= top_k
    for start, end, score in found:
        assert 0 <= start < end <= duration
        assert 0 <= score <= 1
    assert [m[2] for m in found] == sorted((m[2] for m in found), reverse=True)


@pytest.mark.parametrize(
    ("times", "scores", "top_k"),
    [([0, 1], [1], 5), ([1, 0], [1, 2], 5), ([0, 0], [1, 2], 5), ([0, np.nan], [1, 2], 5), ([0, 1], [1, 2], 0)],
)
def test_nonsense_is_refused(times: list[float], scores: list[float], top_k: int) -> None:
    with pytest.raises(ValueError, match=r"times|top_k"):
        models.propose(times, scores, top_k)


def test_the_merge_tree_knows_where_hills_meet() -> None:
    assert peaks(np.array([0, 3, 1, 2, 0.5, 5, 0.0])) == [(5, 0.0), (1, 0.5), (3, 1.0)]
