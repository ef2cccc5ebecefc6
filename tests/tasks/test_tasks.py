"""Curves become segments, tracks become scenes, sound moves forward."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.models import FaceTrack
from studio.tasks.curves import runs, segments, smooth
from studio.tasks.faces import SCENE_S, _from_table, _plan, _to_table
from studio.tasks.off_screen_speech import AUDIO_RATE, AudioWindow

STEP = 40_000


def at(scores: list[float], **options: float) -> list[tuple[int, int, float]]:
    times = np.arange(len(scores), dtype=np.int64) * STEP
    defaults: dict[str, float] = {"on": 0.5, "off": 0.4, "step_us": STEP, "shortest_us": 0, "bridge_us": 0}
    return segments(times, np.array(scores, np.float32), **{**defaults, **options})  # type: ignore[arg-type]


def test_hysteresis() -> None:
    assert at([0, 0.45, 0.6, 0.45, 0.3, 0.45, 0]) == [(STEP, 4 * STEP, pytest.approx(0.5))]


def test_short_pauses_are_bridged_and_short_segments_dropped() -> None:
    assert [s[:2] for s in at([1, 0, 1, 0, 0, 0, 1], bridge_us=STEP)] == [(0, 3 * STEP), (6 * STEP, 7 * STEP)]
    assert [s[:2] for s in at([1, 1, 1, 0, 0, 1], shortest_us=2 * STEP)] == [(0, 3 * STEP)]


def test_nothing_comes_of_nothing() -> None:
    assert at([]) == []
    assert at([0.1, 0.2]) == []


@given(st.lists(st.floats(0, 1, width=32), max_size=60), st.integers(0, 5), st.integers(0, 5))
def test_segments_are_ordered_apart_and_inside(scores: list[float], shortest: int, bridge: int) -> None:
    found = at(scores, shortest_us=shortest * STEP, bridge_us=bridge * STEP)
    for a, b, score in found:
        assert 0 <= a < b <= len(scores) * STEP
        assert b - a >= shortest * STEP
        assert 0 <= score <= 1
    assert all(first[1] < second[0] for first, second in pairwise(found))


@given(st.lists(st.booleans(), max_size=40))
def test_runs_say_where_it_holds(active: list[bool]) -> None:
    said = [False] * len(active)
    for i, j in runs(active):
        said[i:j] = [True] * (j - i)
    assert said == active


@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=30), st.sampled_from([1, 3, 5]))
def test_smoothing_stays_within_what_it_smooths(values: list[float], width: int) -> None:
    array = np.array(values, np.float32)
    result = smooth(array, width)
    assert result.shape == array.shape
    assert result.min() >= array.min() - 1e-4
    assert result.max() <= array.max() + 1e-4


def face(start: float, end: float, x: float = 10) -> FaceTrack:
    times = np.arange(start, end, 0.125)
    box = np.array([x, 10, x + 40, 60], np.float32)
    return FaceTrack(times, np.tile(box, (len(times), 1)), np.ones(len(times), np.float32))


def test_tracks_survive_the_cache() -> None:
    tracks = [face(0, 2), face(1, 3, 100)]
    back = _from_table(_to_table(tracks))
    assert all(
        np.allclose(a.boxes, b.boxes) and np.allclose(a.times_s, b.times_s) for a, b in zip(tracks, back, strict=True)
    )
    assert _from_table(_to_table([])) == []
    assert _plan([], 25) == []


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(0.5, 200)), min_size=1, max_size=6))
def test_scenes_follow_each_other_and_cover_every_track(spans: list[tuple[float, float]]) -> None:
    tracks = [face(start, start + length) for start, length in spans]
    plans = _plan(tracks, 25)
    edges = [(min(m.times_s[0] for m in plan), max(m.times_s[-1] for m in plan)) for plan in plans]
    assert all(a[1] < b[0] for a, b in pairwise(edges))
    assert all(end - start <= SCENE_S for start, end in edges)
    for number, track in enumerate(tracks):
        covered = np.concatenate([m.times_s for plan in plans for m in plan if m.number == number])
        wanted = np.arange(np.ceil(track.times_s[0] * 25), np.floor(track.times_s[-1] * 25) + 1) / 25
        assert np.allclose(covered, wanted)


@given(
    st.lists(st.integers(1, 5000), max_size=10),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 400)), max_size=5),
)
def test_the_audio_window_is_a_slice_of_the_whole(chunks: list[int], steps: list[tuple[int, int]]) -> None:
    whole = np.random.default_rng(0).random(sum(chunks)).astype(np.float32)
    window = AudioWindow(iter(np.split(whole, np.cumsum(chunks)[:-1]) if chunks else []))
    start = 0
    for skip, length in steps:
        start += skip * 1000
        low, high = (round(t * AUDIO_RATE / 1e6) for t in (start, start + length * 1000))
        expected = np.zeros(high - low, np.float32)
        part = whole[low:high]
        expected[: len(part)] = part
        assert np.array_equal(window.take(start, start + length * 1000), expected)
