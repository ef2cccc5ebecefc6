"""Onset, apex and offset agree with their segment, whatever becomes of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.timeline import Segment, carried, phases

S = 1_000_000
THREE = {"onset": 1.2, "apex": 1.6, "offset": 1.8}


@pytest.mark.parametrize(
    "other", [{"onset": 1.7}, {"apex": "x"}, {"offset": 2.5}, {"onset": 0}, {"apex": None}, {"onset": True}]
)
def test_what_is_no_time_of_the_segment_is_an_attribute_like_any_other(other: dict[str, Any]) -> None:
    assert phases(THREE, Segment(S, 2 * S)) == THREE
    attributes = {**THREE, **other}
    assert phases(attributes, Segment(S, 2 * S)) is None
    assert carried(attributes, Segment(S, 2 * S), Segment(3 * S, 4 * S)) == attributes


@pytest.mark.parametrize(
    ("after", "times"),
    [
        (Segment(3 * S, 4 * S), (3.2, 3.6, 3.8)),
        (Segment(S + S // 2, 2 * S), (1.5, 1.6, 1.8)),
        (Segment(S, S + S // 2), (1.2, 1.5, 1.5)),
        (Segment(S, 3 * S), (1.2, 1.6, 1.8)),
        (Segment(0, S // 2), (0.2, 0.5, 0.5)),
    ],
)
def test_phases_go_with_their_segment(after: Segment, times: tuple[float, ...]) -> None:
    found = carried({**THREE, "sure": True}, Segment(S, 2 * S), after)
    assert found == {**dict(zip(THREE, times, strict=True)), "sure": True}


SPANS = st.tuples(st.integers(0, 10**10), st.integers(1, 10**9)).map(lambda s: Segment(s[0], s[0] + s[1]))


@given(SPANS, SPANS, st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_they_are_phases_of_whatever_segment_they_are_carried_to(
    before: Segment, after: Segment, shares: list[float]
) -> None:
    times = sorted(round(before.start + share * before.duration) / 1e6 for share in shares)
    attributes = dict(zip(("onset", "apex", "offset"), times, strict=True))
    assert phases(attributes, before) is not None
    assert phases(carried(attributes, before, after), after) is not None
