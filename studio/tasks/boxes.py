"""Following the object of a box through a video, forwards or backwards."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.errors import Cancelled, UsageError
from studio.models import ObjectTracker, Sighting
from studio.tasks.context import TaskContext, VideoRef
from studio.timeline import MICROS, clock
from studio.timeline.boxes import Corners, KeyFrame, key_frame, thinned

OBJECT_PX = 96.0  # the size that an object has in the pictures that are looked at: larger tells no more
MOST_RATE = 30.0  # frames a second that are looked at
MOST_SIDE_PX = 1280  # of the pictures that are looked at: a small object in a large picture
LEAST_PX = 4.0  # of a side of a box in the pictures that are looked at
BATCH = 48  # frames in memory, of which a stretch is read backwards
TOLERANCE = 0.03  # of the size of a box, by which it may lie beside what was found in a frame between key frames
GONE_S = 4.0  # an object that was not seen for so long is no longer looked for


@dataclass(frozen=True, slots=True)
class Track:
    """Where a tracker found an object: key frames in order of time, and a sentence for the person where it was lost for
    good or the shot ended."""

    keys: list[KeyFrame]
    note: str = ""


def track_box(
    context: TaskContext, video: VideoRef, corners: Corners, at_us: int, until_us: int,
    keep: Callable[[list[KeyFrame], int], None] = lambda keys, until: None,
) -> Track:  # fmt: skip
    """Follow what is in a box (shares of the displayed picture) at a frame to another frame, which may be before it.

    The frame that it begins with is not in what is found. Where the object is hidden, a key frame says so, and the next
    one where it is seen again; a shot cut ends the search. Where it is stopped, `keep` is given what was found until
    then, and the time of the last frame at which it was seen. Raises UsageError for a box that is too small, Cancelled.
    """
    probe = media.probe(video.path, context.settings.limits)
    context.progress(0.0, "Finding shots")
    times, note = _times(probe.pts_us, shot_cuts(context, video), at_us, until_us)
    if len(times) < 2:
        return Track([], note or "There is no other frame to track it in.")
    wide, high = (corners[2] - corners[0]) * probe.width, (corners[3] - corners[1]) * probe.height
    scale = min(1.0, OBJECT_PX / float(np.sqrt(wide * high)), MOST_SIDE_PX / max(probe.width, probe.height))
    if min(wide, high) * scale < LEAST_PX:
        raise UsageError("This box is too small to be tracked; draw a larger one.")
    size = max(2, round(probe.width * scale / 2) * 2), max(2, round(probe.height * scale / 2) * 2)
    rate = (len(times) - 1) * MICROS / max(1, abs(int(times[-1]) - int(times[0])))
    frames = _frames(video, times, size)
    sides = np.array([*size, *size], np.float64)
    seen: list[tuple[int, Sighting]] = []
    try:
        _, first = next(frames)
        tracker = ObjectTracker(first, np.array(corners) * sides, rate)
        away = 0
        for n, (time, frame) in enumerate(frames, 1):
            sighting = tracker.step(frame)
            seen.append((time, sighting))
            away = 0 if sighting.seen else away + 1
            if away > GONE_S * rate:
                break
            if n % 8 == 0:
                context.progress(n / len(times), "Tracking")
    except (Cancelled, KeyboardInterrupt):  # stopped in the page, or on the command line
        if until := [time for time, sighting in seen if sighting.seen]:
            keep(_found(seen, sides, backward=until_us < at_us), until[-1])
        raise
    finally:
        frames.close()
    last = max((n for n, (_, sighting) in enumerate(seen) if sighting.seen), default=-1)
    if last + 1 < len(seen):
        note = f"Lost at {clock(seen[last + 1][0])}; go to where it is seen again, and track it from there."
    return Track(_found(seen, sides, backward=until_us < at_us), note)


def _found(seen: Sequence[tuple[int, Sighting]], sides: NDArray[np.float64], *, backward: bool) -> list[KeyFrame]:
    """The key frames of what was seen, up to where it was seen last."""
    last = max((n for n, (_, sighting) in enumerate(seen) if sighting.seen), default=-1)
    return thinned(_keys(seen[: last + 1], sides, backward=backward), TOLERANCE)


def shot_cuts(context: TaskContext, video: VideoRef) -> list[int]:
    """The shot cuts of a video in µs, as indexing kept them."""
    kept = context.cache.load_array(video.id, "shots.npy")
    return [int(cut) for cut in (media.shots(video.path) if kept is None else kept)]


def _times(pts: NDArray[np.int64], cuts_us: Sequence[int], at_us: int, until_us: int) -> tuple[NDArray[np.int64], str]:
    """The times of the frames to look at, in the order in which they are; and what ends them before the end."""
    low, high = min(at_us, until_us), max(at_us, until_us)
    note = ""
    if until_us > at_us and (later := [cut for cut in cuts_us if at_us < cut <= until_us]):
        high = min(later) - 1
        note = f"The shot ends at {clock(min(later))}; track it from there where it is seen again."
    if until_us < at_us and (earlier := [cut for cut in cuts_us if until_us < cut <= at_us]):
        low, note = max(earlier), f"The shot begins at {clock(max(earlier))}; it is not tracked before that."
    first = max(0, int(np.searchsorted(pts, low, "right")) - 1) if until_us > at_us else int(np.searchsorted(pts, low))
    chosen = pts[first : int(np.searchsorted(pts, high, "right"))]
    chosen = chosen if until_us > at_us else chosen[::-1]
    kept: list[int] = []
    for time in chosen:
        if not kept or abs(int(time) - kept[-1]) >= MICROS / MOST_RATE - 1_000:
            kept.append(int(time))
    if len(chosen) and kept[-1] != chosen[-1]:
        kept.append(int(chosen[-1]))
    return np.array(kept, np.int64), note


def _frames(
    video: VideoRef, times: NDArray[np.int64], size: tuple[int, int]
) -> Generator[tuple[int, NDArray[np.uint8]], None, None]:
    """The frames at these times, in their order; backwards they are read stretch by stretch."""
    forwards = len(times) < 2 or times[-1] > times[0]
    step = len(times) if forwards else BATCH
    for first in range(0, len(times), max(1, step)):
        part = times[first : first + step] if forwards else times[first : first + step][::-1]
        with media.sample_frames(video.path, times_us=part, size=size, batch=16) as stream:
            if forwards:
                for frames in stream:
                    yield from zip(frames.asked_us.tolist(), frames.images, strict=True)
                continue
            found = [(frames.asked_us.tolist(), list(frames.images)) for frames in stream]
        for asked, images in reversed(found):
            yield from zip(reversed(asked), reversed(images), strict=True)


def _keys(seen: Sequence[tuple[int, Sighting]], sides: NDArray[np.float64], *, backward: bool) -> list[KeyFrame]:
    """A key frame for each frame at which it is seen, and one from which on it is hidden; in order of time."""
    keys: list[KeyFrame] = []
    was_seen, before = True, None
    for time, sighting in seen:
        box = _within(sighting.box / sides)
        if sighting.seen:
            if backward and not was_seen and before is not None:
                # on the way back: from here on to where it was seen it is hidden
                keys.append(key_frame(before[0], box, hidden=True, source="tracked"))
            keys.append(key_frame(time, box, source="tracked"))
        elif was_seen and not backward:
            keys.append(key_frame(time, box, hidden=True, source="tracked"))
        was_seen, before = sighting.seen, (time, box)
    return sorted(keys, key=lambda key: key.time_us)


def _within(box: NDArray[np.float64]) -> Corners:
    """A box within the picture, never without a size."""
    low = np.clip(box[:2], 0, 1 - 0.002)
    high = np.clip(box[2:], low + 0.002, 1)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
