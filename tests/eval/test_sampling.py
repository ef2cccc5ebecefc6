"""What a random sample says: on made libraries whose truth is known."""

from itertools import islice

import numpy as np
import pytest

from studio.eval.sampling import Looked, Share, estimate, instants

MICROS = 1_000_000


def test_instants_are_uniform_over_all_videos_together() -> None:
    lengths = {"short": 10 * MICROS, "long": 90 * MICROS, "empty": 0}
    found = list(islice(instants("key", lengths), 4000))
    assert [i.mark for i in found] == sorted(i.mark for i in found)
    share = sum(i.video == "short" for i in found) / len(found)
    assert share == pytest.approx(0.1, abs=0.02), "as often as it is long"
    places = np.array([i.at_us / MICROS for i in found if i.video == "long"])
    assert np.histogram(places, bins=9, range=(0, 90))[0] == pytest.approx(len(places) / 9, rel=0.2)


def test_the_sample_is_the_same_again_and_another_for_another_label() -> None:
    lengths = {"a": 10 * MICROS, "b": 20 * MICROS}
    first = list(islice(instants("car", lengths), 50))
    assert first == list(islice(instants("car", lengths), 50))
    assert first != list(islice(instants("bus", lengths), 50))


def test_a_video_more_leaves_the_instants_of_the_others() -> None:
    few = list(islice(instants("car", {"a": 10 * MICROS}), 20))
    more = [i for i in islice(instants("car", {"a": 10 * MICROS, "b": 30 * MICROS}), 400) if i.video == "a"]
    assert few == more[:20]


def test_what_is_left_is_within_its_bounds_about_as_often_as_they_say() -> None:
    """300 libraries of 10,000 s, of which 4 % have the label outside what is labelled."""
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(300):
        there = int(rng.binomial(300, 0.04))
        left = estimate(Looked(outside=10_000, sampled=0, instants=300, there=there, labelled=100, moment=5)).left
        assert left is not None
        inside += left.low <= 0.04 * 10_000 / 5 <= left.high
    assert 0.92 <= inside / 300 <= 0.98


def test_what_the_sample_itself_had_labelled_is_not_left() -> None:
    looked = Looked(outside=1000, sampled=20, instants=100, there=2, labelled=120, moment=10)
    found = estimate(looked)
    assert found.left is not None and found.left.value == 0, "2 % of 1,000 s are 20 s, and these are labelled now"
    assert found.left.high > 0
    assert found.recall is not None and found.recall.value == 1
    assert found.recall.low < 0.9


def test_recall_with_the_proposals_counts_those_that_are_right() -> None:
    looked = Looked(
        outside=1000, sampled=0, instants=200, there=20, labelled=100, proposals=10, proposed=80, judged=20, right=10,
        moment=10,
    )  # fmt: skip
    found = estimate(looked)
    assert found.precision is not None and found.precision.value == 0.5
    assert found.precision.low == pytest.approx(0.30, abs=0.02)
    assert found.left is not None and found.left.value == 10
    assert found.recall is not None and found.recall.value == 0.5
    assert found.with_proposals is not None and found.with_proposals.value == pytest.approx((100 + 40) / 200)


def test_it_is_enough_when_even_the_most_that_may_be_left_is_little() -> None:
    few = Looked(outside=1000, sampled=0, instants=50, there=0, labelled=500, moment=10)
    found = estimate(few)
    assert not found.enough
    assert found.more is not None
    assert not estimate(Looked(1000, 0, 50 + found.more - 1, 0, 500)).enough
    assert estimate(Looked(1000, 0, 50 + found.more, 0, 500)).enough, "what it asked for is what it takes"
    assert estimate(Looked(1000, 0, 50 + found.more, 0, 500)).more is None
    assert found.more == pytest.approx(3.84 / 2 / (500 * 0.05 / 0.95 / 1000) - 50, abs=8), "Jeffreys’ bound after none"


def test_nothing_is_said_without_answers() -> None:
    found = estimate(Looked(outside=1000, sampled=0, instants=0, there=0, labelled=100, moment=10))
    assert (found.left, found.recall, found.with_proposals, found.precision) == (None, None, None, None)
    assert not found.enough
    nothing = estimate(Looked(outside=1000, sampled=0, instants=10, there=0, labelled=0))
    assert nothing.recall is None and nothing.more is None, "of nothing, nothing is a share"


def test_where_everything_is_labelled_or_looked_through_nothing_is_left() -> None:
    found = estimate(Looked(outside=0, sampled=0, instants=0, there=0, labelled=20, moment=10))
    assert (found.left, found.recall) == (Share(0, 0, 0), Share(1, 1, 1))
    assert (found.enough, found.more) == (True, None)
    assert estimate(Looked(outside=5, sampled=5, instants=2, there=2, labelled=5)).enough, "chance found the rest"
    nowhere = estimate(Looked(outside=0, sampled=0, instants=0, there=0, labelled=0))
    assert (nowhere.left, nowhere.recall, nowhere.enough) == (Share(0, 0, 0), None, False)
