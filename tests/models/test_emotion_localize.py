"""Curves become few segments that stand out, counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.models import contexts, localize


def of(scores: list[float], **options: float) -> list[tuple[float, float, float]]:
    curve = np.array(scores, np.float32)
    starts = np.arange(len(scores), dtype=np.float64)
    return localize(starts, starts + 1, curve, **options)  # type: ignore[arg-type]


def test_a_step_is_found_with_its_contrast() -> None:
    (first, *_) = of([0.1, 0.1, 0.5, 0.5, 0.1, 0.1])
    assert first == (2.0, 4.0, pytest.approx((0.5 + 0.4) / 2))


def test_of_overlapping_segments_the_best_stays() -> None:
    """Thresholds find 2–4 (.9, .6 above its sides) and 1–5 (.6, .5 above), which share half: the narrow one stays."""
    found = of([0.1, 0.3, 0.9, 0.9, 0.3, 0.1])
    assert found[0][:2] == (2.0, 4.0)
    assert found[0][2] == pytest.approx(0.75)
    assert (1.0, 5.0) not in [one[:2] for one in found]


def test_bounds_are_kept() -> None:
    curve = [0.1, 0.9, 0.1, 0.8, 0.1, 0.3, 0.1, 0.1]
    assert [one[:2] for one in of(curve, most=2)] == [(1.0, 2.0), (3.0, 4.0)]
    assert [one[:2] for one in of(curve, lowest=0.7)] == [(1.0, 2.0), (3.0, 4.0)]
    assert of(curve, lowest=0.95) == of([]) == []


def test_a_flat_curve_is_one_segment() -> None:
    assert of([0.3] * 4) == [(0.0, 4.0, pytest.approx(0.15))]


def test_the_largest_of_the_smoothings_counts() -> None:
    """An impulse keeps its finest smoothing at the peak, its coarsest far away; ends weigh what is inside only."""
    curve = np.zeros(41, np.float32)
    curve[20] = 1
    smooth = contexts(curve)
    assert smooth[20] == pytest.approx(1 / np.sqrt(2 * np.pi), abs=1e-3)
    assert smooth[28] == pytest.approx(np.exp(-0.5 * 4) / (4 * np.sqrt(2 * np.pi)), abs=2e-3)
    assert np.argmax(smooth) == 20
    np.testing.assert_allclose(contexts(np.full((5, 3), 0.25, np.float32)), 0.25, atol=1e-6)
    assert contexts(np.zeros((0, 3), np.float32)).shape == (0, 3)


@given(st.lists(st.floats(0, 1, width=32), max_size=30), st.integers(1, 4))
def test_segments_lie_apart_inside_and_in_order(scores: list[float], most: int) -> None:
    found = of(scores, most=most)
    assert len(found) <= most
    assert [one[2] for one in found] == sorted((one[2] for one in found), reverse=True)
    for start, end, score in found:
        assert 0 <= start < end <= len(scores)
        assert 0 <= score <= 1
    for n, (a, b, _) in enumerate(found):
        for c, d, _ in found[:n]:
            assert max(0.0, min(b, d) - max(a, c)) / (max(b, d) - min(a, c)) < 0.5
