"""Tracking a box through a made clip: key frames on frames, forwards and backwards, hidden behind something."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio import media
from studio.config import Settings
from studio.errors import Cancelled, UsageError
from studio.jobs import Dispatcher
from studio.jobs.backends import InlineBackend
from studio.recipes.text_reading import write
from studio.service import Studio
from studio.store import boxes, jobs
from studio.tasks import TaskContext, VideoRef, track_box
from studio.timeline.boxes import BoxTrack, Corners, KeyFrame, iou, is_rising, key_frame
from tests.models.test_tracking import SIDE, SIZE, scene

COUNT, SPEED, WALL = 60, 4, (120, 200)


def place(n: int) -> Corners:
    """Where the object is at frame `n`, as shares."""
    x = 20 + SPEED * n
    return x / SIZE[1], 80 / SIZE[0], (x + SIDE) / SIZE[1], (80 + SIDE) / SIZE[0]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "wall.mp4"
    write(path, (scene(20 + SPEED * n, 80, wall=WALL)[0] for n in range(COUNT)), (SIZE[1], SIZE[0]))
    return path


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> TaskContext:
    return TaskContext(Settings(home=tmp_path_factory.mktemp("home"), device="cpu").ensure())


def video(clip: Path) -> VideoRef:
    return VideoRef("wall", str(clip), media.probe(clip).duration_us)


@pytest.mark.parametrize("way", ["forwards", "backwards"])
def test_key_frames_lie_on_frames_follow_the_object_and_say_where_it_is_hidden(
    context: TaskContext, clip: Path, way: str
) -> None:
    pts = [int(time) for time in media.probe(clip).pts_us]
    at, until = (0, COUNT - 1) if way == "forwards" else (COUNT - 1, 0)
    found = track_box(context, video(clip), place(at), pts[at], pts[until])
    assert is_rising(found.keys) and {key.time_us for key in found.keys} <= set(pts)
    assert all(key.source == "tracked" for key in found.keys) and pts[at] not in {key.time_us for key in found.keys}
    assert len(found.keys) < COUNT / 2, "as few as say where it goes"
    keys = sorted([key_frame(pts[at], place(at)), *found.keys], key=lambda key: key.time_us)
    track = BoxTrack("b", keys=tuple(keys))
    boxes = [track.at(time) for time in pts]
    assert all(boxes[n] is None for n in range(26, 29)), "behind the wall"
    clear = [n for n in (*range(1, 8), *range(50, COUNT)) if n != until]
    assert np.mean([iou(box, place(n)) if (box := boxes[n]) else 0.0 for n in clear]) > 0.7


def test_a_frame_without_another_one_after_it(context: TaskContext, clip: Path) -> None:
    last = int(media.probe(clip).pts_us[-1])
    found = track_box(context, video(clip), place(COUNT - 1), last, last)
    assert (found.keys, found.note) == ([], "There is no other frame to track it in.")


def test_a_box_of_a_few_pixels_is_refused(context: TaskContext, clip: Path) -> None:
    with pytest.raises(UsageError, match="too small to be tracked"):
        track_box(context, video(clip), (0.5, 0.5, 0.505, 0.9), 0, 2_000_000)


@pytest.mark.parametrize("how", [Cancelled, KeyboardInterrupt])
@pytest.mark.parametrize("way", ["forwards", "backwards"])
def test_what_was_found_before_it_was_stopped_is_given(
    context: TaskContext, clip: Path, way: str, how: type[BaseException]
) -> None:
    pts = [int(time) for time in media.probe(clip).pts_us]
    at, until = (0, COUNT - 1) if way == "forwards" else (COUNT - 1, 0)
    kept: list[tuple[list[KeyFrame], int]] = []

    def stop(fraction: float, message: str) -> None:
        if fraction > 0:
            raise how

    context.progress = stop
    try:
        with pytest.raises(how):
            track_box(context, video(clip), place(at), pts[at], pts[until], lambda *found: kept.append(found))
    finally:
        context.progress = lambda fraction, message: None
    ((keys, end),) = kept
    assert end == pts[8 if way == "forwards" else COUNT - 9], "it is asked every eight frames"
    assert end in (keys[0].time_us, keys[-1].time_us) and pts[at] not in [key.time_us for key in keys]
    reached = key_frame(end, place(pts.index(end)))
    assert iou(next(key for key in keys if key.time_us == end).corners, reached.corners) > 0.7


def test_what_a_person_stopped_is_kept_as_one_step(clip: Path, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a queue with a process of its own: the job is cancelled, and what it found by then is in the box."""
    row = studio.videos.add(clip)
    pts = [int(time) for time in media.probe(clip).pts_us]
    box = studio.boxes.draw(row, place(0), 0, annotator="ada")
    backend = InlineBackend(studio.settings)
    dispatcher = Dispatcher(studio.store, backend, attempts=1)
    monkeypatch.setattr(studio.jobs, "dispatcher", dispatcher)
    progress = jobs.progress

    def seen(db: Any, job: str, fraction: float, message: str) -> None:
        progress(db, job, fraction, message)
        if fraction > 0:
            dispatcher._cancelled.add(job)
            jobs.finish(db, job, "cancelled")

    monkeypatch.setattr("studio.jobs.dispatcher.jobs.progress", seen)
    monkeypatch.setattr("studio.jobs.dispatcher.PROGRESS_EVERY_S", 0.0)
    job = studio.boxes.start_tracking(row, box, 0, pts[-1], "step", "ada")
    ended = time.monotonic() + 60
    while time.monotonic() < ended and (
        studio.store.read(lambda db: jobs.get(db, job["id"]))["state"] != "cancelled" or dispatcher._cancelled
    ):
        time.sleep(0.05)
    dispatcher.close()
    (track,) = studio.boxes.of_video(row)
    assert [key.source for key in track.keys] == ["manual", *["tracked"] * (len(track.keys) - 1)]
    assert pts[8] <= track.keys[-1].time_us < pts[-1]
    assert studio.store.read(lambda db: boxes.step_of(db, box)) == "step"


def test_a_box_is_tracked_in_a_library_and_its_own_key_frames_stay(clip: Path, studio: Studio) -> None:
    row = studio.videos.add(clip)
    pts = [int(time) for time in media.probe(clip).pts_us]
    keys = [{"at": pts[n] / 1e6, "box": list(place(n))} for n in (0, 12)]
    studio.boxes.save(row, [{"id": "b", "before": {"deleted": True}, "after": {"deleted": False, "keys": keys}}], "ada")
    made = studio.boxes.track(row, "b", pts[0], pts[-1], "ada")
    (track,) = studio.boxes.of_video(row)
    assert made["keys"] == sum(key.source == "tracked" for key in track.keys) > 0
    assert track.keys[-1].time_us == pts[12], "a person said where it is from there on"
    assert [key.time_us for key in track.keys if key.source == "manual"] == [pts[0], pts[12]]
    studio.boxes.track(row, "b", pts[12], pts[20], "ada")
    assert studio.boxes.of_video(row)[0].keys[-1].time_us > pts[12]
