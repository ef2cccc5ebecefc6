"""Which frame is displayed when: one contract, every backend, frames that carry their number."""

import bisect
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio import media
from studio.config import Limits
from studio.errors import UsageError
from studio.media import sandbox
from studio.media.child.decoder import decode
from studio.media.child.source import open_source

Clips = Callable[[str], tuple[Path, Any]]
Numbers = Callable[[np.ndarray[Any, Any]], int]


def collect(stream: media.FrameStream, number_in: Numbers) -> tuple[list[int], list[int], list[int]]:
    numbers, times, asked = [], [], []
    with stream:
        for frames in stream:
            assert frames.images.dtype == np.uint8 and len(frames) == len(frames.images) == len(frames.asked_us)
            numbers += [number_in(image) for image in frames.images]
            times += frames.times_us.tolist()
            asked += frames.asked_us.tolist()
    return numbers, times, asked


def test_table_is_the_displayed_frames(kind: str, clip_of: Clips) -> None:
    path, clip = clip_of(kind)
    found = media.probe(path)
    assert found.frame_count == len(clip.times_us)
    assert np.abs(found.pts_us - clip.times_us).max() <= clip.slack_us + 500 * (clip.suffix in (".webm", ".mkv"))
    assert (found.width, found.height) == clip.displayed
    assert found.rotation == clip.turned
    assert found.duration_us > found.pts_us[-1]
    assert not found.damaged


def test_key_frames_alone_are_the_frames_of_their_times(kind: str, clip_of: Clips, number_in: Numbers) -> None:
    """Nothing else is decoded then; the frame that carries the number must still be the one that is displayed."""
    path, clip = clip_of(kind)
    found = media.probe(path)
    keys = np.intersect1d(found.key_us, found.pts_us)
    numbers, times, _ = collect(media.sample_frames(path, times_us=keys), number_in)
    assert times == keys.tolist()
    assert numbers == (np.searchsorted(found.pts_us, keys) + clip.trim).tolist()


@pytest.mark.parametrize("backend", ["pyav", "decord"])
def test_every_frame_at_its_time_and_until_the_next(
    kind: str, backend: Any, clip_of: Clips, number_in: Numbers
) -> None:
    path, clip = clip_of(kind)
    found = media.probe(path)
    if backend == "decord":
        pytest.importorskip("decord")
    last_moments = [*(found.pts_us[1:] - 1), found.duration_us - 1]
    asked = sorted([*found.pts_us.tolist(), *map(int, last_moments)])
    if backend == "decord" and not clip.decord:
        try:
            numbers, times, _ = collect(media.sample_frames(path, times_us=asked, backend=backend), number_in)
        except UsageError as refusal:
            assert "default backend" in refusal.message
            return
        raise AssertionError("decord took a file that is not plain")
    numbers, times, answered = collect(media.sample_frames(path, times_us=asked, backend=backend), number_in)
    assert answered == asked
    assert times == [int(t) for t in found.pts_us for _ in (0, 1)]
    assert numbers == [n for n in clip.numbers for _ in (0, 1)]


@pytest.mark.parametrize("rate", [3.0, 29.97])
def test_rate_asks_an_even_grid(kind: str, rate: float, clip_of: Clips, number_in: Numbers) -> None:
    path, clip = clip_of(kind)
    found = media.probe(path)
    start = int(found.duration_us // 3)
    numbers, times, asked = collect(media.sample_frames(path, rate, start_us=start, size=(96, 64), batch=5), number_in)
    assert asked == [t for k in range(10_000) if (t := start + round(k * 1e6 / rate)) < found.duration_us]
    places = [bisect.bisect_right(found.pts_us.tolist(), t) - 1 for t in asked]
    assert times == found.pts_us[places].tolist()
    assert numbers == [clip.numbers[place] for place in places]


def test_one_frame_anywhere(kind: str, clip_of: Clips, number_in: Numbers) -> None:
    path, clip = clip_of(kind)
    found = media.probe(path)
    for share in (0.95, 0.4):
        t = int(found.duration_us * share)
        us, image = media.frame_at(path, t)
        place = media.frame_index(found.pts_us, t)
        assert us == media.frame_time(found.pts_us, place)
        assert image.shape == (found.height, found.width, 3)
        assert number_in(image) == clip.numbers[place]


def test_times_outside_are_the_ends(clip_of: Clips, number_in: Numbers) -> None:
    path, clip = clip_of("b_frames")
    assert number_in(media.frame_at(path, -5)[1]) == 0
    assert number_in(media.frame_at(path, 10**12)[1]) == clip.numbers[-1]


def test_distant_times_are_reached_by_jumps(make_clip: Any, recipe: Any, tmp_path: Path, number_in: Numbers) -> None:
    for suffix, params in ((".mp4", "open-gop=1:bframes=3"), (".mkv", "bframes=2")):
        clip = recipe(suffix=suffix, ticks=list(range(900)), options={"x264-params": f"{params}:keyint=50"})
        path = make_clip(clip, tmp_path / f"long{suffix}")
        asked = [0, 9_990_000, 10_000_000, 31_999_999, 32_000_000, 35_000_001]
        numbers, times, _ = collect(media.sample_frames(path, times_us=asked), number_in)
        assert numbers == [0, 249, 250, 799, 800, 875]
        assert times == [n * 40_000 for n in numbers]


def test_frames_that_nobody_shows_change_nothing(kind: str, clip_of: Clips) -> None:
    path, _ = clip_of(kind)
    table = media.probe(path).pts_us
    places = sorted({*range(0, len(table), 7), len(table) - 1})
    with media.sample_frames(path, times_us=table, batch=len(table)) as stream:
        whole = next(stream).images
    with media.sample_frames(path, times_us=table[places], batch=len(table)) as stream:
        alone = next(stream)
    assert alone.times_us.tolist() == table[places].tolist()
    assert np.array_equal(alone.images, whole[places])


def test_what_nobody_shows_or_refers_to_is_not_decoded(clip_of: Clips) -> None:
    path, clip = clip_of("b_frames")
    silent: Any = SimpleNamespace(keep_alive=lambda: None)
    with open_source(str(path), Limits()) as source:
        decoded = [frame.pts for frame, _ in decode(source, silent, lambda packet: packet.pts is None)]
    assert 0 < len(decoded) <= len(clip.numbers) * 2 / 3
    assert decoded == sorted(decoded)


def test_size_is_a_pair_a_function_or_the_displayed_one(clip_of: Clips) -> None:
    path, _ = clip_of("turned_90")
    for size, shape in (((30, 20), (20, 30)), (lambda w, h: (w // 2, h // 2), (48, 32)), (None, (96, 64))):
        assert media.frame_at(path, 0, size=size)[1].shape[:2] == shape


def test_wrong_requests_are_usage_errors(clip_of: Clips) -> None:
    path, _ = clip_of("plain")
    for wrong in (
        {"rate": 0.0}, {"rate": float("nan")}, {"start_us": -1}, {"times_us": [5, 4]}, {"size": (0, 5)}, {"batch": 0},
    ):  # fmt: skip
        with pytest.raises(UsageError):
            media.sample_frames(path, **wrong)  # type: ignore[arg-type]


def test_no_times_no_frames(clip_of: Clips) -> None:
    path, _ = clip_of("plain")
    with media.sample_frames(path, times_us=[]) as stream:
        assert list(stream) == []


def test_index_and_time_are_inverse() -> None:
    table = np.array([0, 40_000, 100_000], np.int64)
    assert [media.frame_index(table, t) for t in (-1, 0, 39_999, 40_000, 99_999, 100_000, 10**9)] == [
        0,
        0,
        0,
        1,
        1,
        2,
        2,
    ]
    assert [media.frame_time(table, i) for i in range(3)] == table.tolist()
    with pytest.raises(IndexError):
        media.frame_time(table, 3)


def test_where_decord_is_missing_pyav_does_its_work(clip_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = clip_of("plain")
    missing = "import sys; sys.modules['decord'] = None; "
    with media.sample_frames(path, 5) as stream:
        wanted = list(stream)
    monkeypatch.setattr(sandbox, "_BOOT", missing + sandbox._BOOT)
    sandbox._launcher.stop()
    try:
        with media.sample_frames(path, 5, backend="decord") as stream:
            got = list(stream)
    finally:
        sandbox._launcher.stop()
    assert [frames.times_us.tolist() for frames in got] == [frames.times_us.tolist() for frames in wanted]
    assert all((a.images == b.images).all() for a, b in zip(got, wanted, strict=True)) and got
