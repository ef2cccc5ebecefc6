"""Segments and edits obey their laws for any input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import Conflict, UsageError
from studio.timeline import Annotation, Edit, Segment, apply, apply_all, clock, seconds, us

times = st.integers(0, 10**11)
segments = st.builds(lambda a, d: Segment(a, a + d), times, st.integers(1, 10**10))
annotations = st.builds(
    Annotation, id=st.sampled_from("abc"), segment=segments, track=st.just("moments"), label=st.text(max_size=5)
)


@given(st.integers(0, 10**13))
def test_every_microsecond_survives_the_trip_through_seconds(t: int) -> None:
    assert us(seconds(t)) == t


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_time_is_finite(bad: float) -> None:
    with pytest.raises(UsageError):
        us(bad)


@pytest.mark.parametrize(
    ("t", "text"),
    [(0, "0:00.000"), (1_500_000, "0:01.500"), (3_723_004_000, "1:02:03.004"), (59_999_600, "1:00.000")],
)
def test_clock(t: int, text: str) -> None:
    assert clock(t) == text


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5), (-1, 5)])
def test_a_segment_is_never_empty_or_negative(start: int, end: int) -> None:
    with pytest.raises(UsageError):
        Segment(start, end)


def test_a_segment_refuses_floats() -> None:
    with pytest.raises(TypeError):
        Segment(0.5, 2)  # type: ignore[arg-type]


@given(segments, segments)
def test_iou_is_symmetric_and_bounded(a: Segment, b: Segment) -> None:
    assert a.iou(b) == b.iou(a)
    assert 0.0 <= a.iou(b) <= 1.0
    assert a.iou(a) == 1.0


def test_half_open() -> None:
    assert 10 in Segment(10, 20)
    assert 20 not in Segment(10, 20)
    assert Segment(0, 10).intersection(Segment(10, 20)) == 0


@given(st.lists(st.tuples(annotations, st.booleans()), max_size=12))
def test_a_history_can_be_undone_to_its_beginning(history: list[tuple[Annotation, bool]]) -> None:
    state: dict[str, Annotation] = {}
    edits = []
    for annotation, delete in history:
        before = state.get(annotation.id)
        after = None if delete and before else annotation
        edit = Edit(before, after)
        state = apply(state, edit)
        edits.append(edit)
    assert apply_all({}, edits) == state
    assert apply_all(state, [edit.invert() for edit in reversed(edits)]) == {}


@given(annotations)
def test_a_stale_edit_is_a_conflict(a: Annotation) -> None:
    newer = a.next(label="newer")
    with pytest.raises(Conflict):
        apply({a.id: newer}, Edit(a, a.next(label="mine")))
