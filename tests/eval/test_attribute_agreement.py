"""Agreement about attributes, against numbers worked out by hand and Krippendorff's own examples."""

import pytest

from studio.eval.attribute_agreement import alpha, attributes_agreed
from studio.timeline import Segment


def units(one: list, other: list) -> list:  # type: ignore[type-arg]
    return [(a, b, 1) for a, b in zip(one, other, strict=True)]


def test_nominal_data_as_krippendorff_works_it_out() -> None:
    # Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), B: two observers, twelve units
    jon = ["a", "a", "b", "b", "d", "c", "c", "c", "e", "d", "d", "a"]
    meg = ["b", "a", "b", "b", "b", "c", "c", "c", "e", "d", "d", "d"]
    assert alpha(units(jon, meg)) == pytest.approx(0.692, abs=5e-4)


def test_binary_data_as_krippendorff_works_it_out() -> None:
    # the same paper, A: ten units, α = .095
    meg = [False, True, False, False, False, False, False, False, True, False]
    owen = [True, True, True, False, False, True, False, False, False, False]
    assert alpha(units(meg, owen)) == pytest.approx(0.095, abs=5e-4)


def test_interval_data_by_hand() -> None:
    # Do = ((1-2)² + 0 + 0) / 3 = 1/3; De over the pooled 1, 2, 3, 3, 5, 5: sum of squared differences / (6 * 5)
    pooled = [1, 2, 3, 3, 5, 5]
    expected = sum((a - b) ** 2 for a in pooled for b in pooled) / 30
    assert alpha(units([1, 3, 5], [2, 3, 5])) == pytest.approx(1 - (1 / 3) / expected)


def test_lists_by_jaccard() -> None:
    assert alpha(units([["x", "y"], ["z"]], [["y", "x"], ["z"]])) == 1
    # Do = (1/2 + 0) / 2; pooled {x, y}, {x}, {z}, {z}: 2 * (1/2 + 1 + 1 + 1 + 1 + 0) / (4 * 3)
    assert alpha(units([["x", "y"], ["z"]], [["x"], ["z"]])) == pytest.approx(1 - 0.25 / (2 * 4.5 / 12))


def test_no_value_where_nothing_varies_or_one_unit_is_all() -> None:
    assert alpha(units(["a", "a"], ["a", "a"])) is None
    assert alpha(units(["a"], ["b"])) is None


def test_each_attribute_of_paired_segments() -> None:
    span, later = Segment(0, 4_000_000), Segment(1_000_000, 5_000_000)
    pairs = [
        ((span, {"hand": "left", "force": 2, "only": 1}), (later, {"hand": "left", "force": 4})),
        ((span, {"hand": "right", "force": 3}), (span, {"hand": "left", "force": 3})),
    ]
    force, hand = attributes_agreed(pairs)
    assert (hand.name, hand.pairs, hand.alone, hand.same, hand.apart) == ("hand", 2, 0, 0.5, None)
    assert (force.name, force.pairs, force.same, force.apart) == ("force", 2, 0.5, 1.0)
    assert hand.alpha == pytest.approx(1 - 0.5 / (2 * 3 * 1 / 12))


def test_values_that_change_count_by_their_time() -> None:
    span = Segment(0, 4_000_000)
    mine = {"gaze": {"changes": [[0, "up"], [1, "down"]]}}  # up for 1 s, down for 3 s
    found = attributes_agreed([((span, mine), (span, {"gaze": "down"}))])
    assert (found[0].pairs, found[0].same) == (1, 0.75)
    silent = {"gaze": {"changes": [[0, "down"], [2, None]]}}
    assert attributes_agreed([((span, silent), (span, {"gaze": "down"}))])[0].same == 1
