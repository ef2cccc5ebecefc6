"""Face tracks of a video, found once and kept, and the crops that the people tasks look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.models import FaceTrack, steady, track_faces
from studio.tasks.context import Progress, TaskContext, VideoRef
from studio.timeline import MICROS

DETECTIONS_PER_S = 8.0
CROPS_PER_S = 25.0
SCENE_S = 60.0  # a longer scene is worked through in pieces, so that memory does not grow with it
FACES_AT_ONCE = 8  # of a scene that long; more of them make its pieces shorter, down to SHORTEST_PIECE_S
SHORTEST_PIECE_S = 5.0
SMALLEST_FACE_PX = 16.0
SHORTEST_TRACK_S = 0.3
FACE_PX = 128.0  # decode only as large as the smallest face needs


def face_tracks(
    context: TaskContext, video: VideoRef, progress: Progress, detector_name: str | None = None
) -> list[FaceTrack]:
    """All face tracks, by the named detector or the default, in order of their start; boxes in pixels of the displayed
    picture. Tracks shorter than SHORTEST_TRACK_S or smaller than SMALLEST_FACE_PX are left out.

    Kept in the cache: the second task that asks does not detect again. None in a recording of sound alone.
    """
    if not video.pictures:
        return []
    detector = context.model("face_detector", detector_name)
    name = f"faces-{detector.name}-{detector.version}.npy"
    table = context.cache.load_array(video.id, name)
    if table is None:
        table = _to_table(_detect(context, video, progress, detector))
        context.cache.save_array(video.id, name, table)
    return _from_table(table)


def _detect(context: TaskContext, video: VideoRef, progress: Progress, detector: Any) -> list[FaceTrack]:
    probe = media.probe(video.path, context.settings.limits)
    progress(0.0, "Finding shots")
    cuts_s = [cut / MICROS for cut in media.shots(video.path)]
    width, height = detector.frame_size(probe.width, probe.height)
    scale = np.array([probe.width / width, probe.height / height] * 2, np.float32)

    def detections() -> Iterator[tuple[float, NDArray[np.float32]]]:
        latest = -1
        for frames in media.sample_frames(video.path, rate=DETECTIONS_PER_S, size=(width, height), batch=8):
            for time, boxes in zip(frames.times_us, detector.detect(frames.images), strict=True):
                if time > latest:  # a slow video shows one frame at several sampling times
                    latest = int(time)
                    yield latest / MICROS, np.concatenate([boxes[:, :4] * scale, boxes[:, 4:]], axis=1)
            progress(0.1 + 0.9 * min(1.0, latest / max(1, video.duration_us)), "Finding faces")

    tracks = track_faces(detections(), cuts_s, shortest_s=SHORTEST_TRACK_S)
    return [t for t in tracks if float(np.median(t.boxes[:, 2] - t.boxes[:, 0])) >= SMALLEST_FACE_PX]


def _to_table(tracks: list[FaceTrack]) -> NDArray[np.float64]:
    """Tracks as rows: number, time, x1, y1, x2, y2, score."""
    rows = [np.column_stack([np.full(len(t.times_s), i), t.times_s, t.boxes, t.scores]) for i, t in enumerate(tracks)]
    return np.concatenate(rows) if rows else np.empty((0, 7))


def _from_table(table: NDArray[np.float64]) -> list[FaceTrack]:
    numbers = np.unique(table[:, 0])
    parts = [np.array(table[table[:, 0] == n]) for n in numbers]
    return [FaceTrack(p[:, 1], p[:, 2:6].astype(np.float32), p[:, 6].astype(np.float32)) for p in parts]


Crop = Callable[[NDArray[np.uint8], NDArray[np.float32]], NDArray[np.uint8]]  # frame, boxes (K, 4) → K crops


@dataclass(slots=True)
class Scene:
    """A stretch of time in which faces are seen: [start, end) in µs, and one row of crops for each track in it.

    `members[i]` is (track number, times_us (T,), crops uint8 (T, size, size[, 3])).
    """

    start_us: int
    end_us: int
    members: list[tuple[int, NDArray[np.int64], NDArray[np.uint8]]]


@dataclass(slots=True)
class _Member:
    number: int
    times_s: NDArray[np.float64]
    boxes: NDArray[np.float32]
    crops: list[NDArray[np.uint8]]


def scenes(
    context: TaskContext, video: VideoRef, tracks: list[FaceTrack], *, rate: float, crop: Crop, square: bool = True
) -> Iterator[Scene]:
    """What `crop` cuts out of all tracks, scene by scene in order of time, in one pass over the video.

    Every track has one crop for each k/rate second that it spans; a scene lasts at most SCENE_S.
    Boxes are steadied, and made `square` unless the crop wants their own shape.
    """
    plans = _plan(tracks, rate, square)
    if not plans:
        return
    smallest = min(float(np.median(t.boxes[:, 2] - t.boxes[:, 0])) for t in tracks)
    shrink = min(1.0, FACE_PX / max(1.0, smallest))
    probe = media.probe(video.path, context.settings.limits)
    picture = (max(2, round(probe.width * shrink)), max(2, round(probe.height * shrink)))
    times_us = np.unique(np.concatenate([np.round(m.times_s * MICROS) for plan in plans for m in plan]))
    wanted = times_us.astype(np.int64)
    stream = _frames_at(video, wanted, picture)
    for plan in plans:
        start, end = min(m.times_s[0] for m in plan), max(m.times_s[-1] for m in plan)
        for time_us in wanted[(wanted >= round(start * MICROS)) & (wanted <= round(end * MICROS))]:
            frame = next(stream, None)
            if frame is None:
                break
            for member in plan:
                k = int(np.searchsorted(member.times_s, time_us / MICROS - 1e-6))
                if k == len(member.crops) < len(member.times_s) and abs(member.times_s[k] * MICROS - time_us) < 2:
                    member.crops.append(crop(frame, member.boxes[k : k + 1] * shrink)[0])
        members = [_taken(member) for member in plan if member.crops]
        if members:
            yield Scene(round(start * MICROS), round((end + 1 / rate) * MICROS), members)
            del members  # or two scenes would be in memory while the next one is read


def _taken(member: _Member) -> tuple[int, NDArray[np.int64], NDArray[np.uint8]]:
    """A member's crops as one array; the plan of the whole video keeps none of them."""
    times = np.round(member.times_s[: len(member.crops)] * MICROS).astype(np.int64)
    crops = np.stack(member.crops)
    member.crops.clear()
    return member.number, times, crops


def _frames_at(video: VideoRef, wanted: NDArray[np.int64], size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    for frames in media.sample_frames(video.path, times_us=wanted, size=size, batch=8):
        yield from frames.images


def _plan(tracks: list[FaceTrack], rate: float, square: bool = True) -> list[list[_Member]]:
    """Tracks on a grid of k/rate seconds, grouped into scenes that follow each other without overlap."""
    grids = []
    for number, t in enumerate(tracks):
        first, last = int(np.ceil(t.times_s[0] * rate)), int(np.floor(t.times_s[-1] * rate))
        if last > first:
            grid = np.arange(first, last + 1)
            grids.append((number, grid, steady(t.at(grid / rate), square=square)))
    if not grids:
        return []
    longest = int(max(SHORTEST_PIECE_S, SCENE_S * min(1.0, FACES_AT_ONCE / _crowd(grids))) * rate)
    edges: list[int] = []
    reach = -1
    for _, grid, _ in sorted(grids, key=lambda g: g[1][0]):
        if grid[0] > reach:
            edges.append(int(grid[0]))
        reach = max(reach, int(grid[-1]))
    bounds = []
    for start, following in zip(edges, [*edges[1:], reach + 1], strict=True):
        bounds += [(k, min(k + longest, following)) for k in range(start, following, longest)]
    plans = []
    for low, high in bounds:
        plan = []
        for number, grid, boxes in grids:
            inside = (grid >= low) & (grid < high)
            if inside.any():
                plan.append(_Member(number, grid[inside] / rate, boxes[inside], []))
        if plan:
            plans.append(plan)
    return plans


def _crowd(grids: list[tuple[int, NDArray[np.int64], NDArray[np.float32]]]) -> int:
    """How many tracks there are at once, at most."""
    ends = sorted([(int(grid[0]), 1) for _, grid, _ in grids] + [(int(grid[-1]) + 1, -1) for _, grid, _ in grids])
    return int(np.cumsum([step for _, step in ends]).max())


def quality(track: FaceTrack, sharp: float | None) -> float:
    """How much a track has to show, 0…1: the size of its face × how sure the detector was × how sharp its crops are,
    where somebody looked. A face of 112 pixels is as large as any model reads; a profile makes detectors unsure.
    """
    side = float(np.median(np.max(track.boxes[:, 2:] - track.boxes[:, :2], axis=1)))
    seen = track.scores[track.scores > 0]
    sure = float(seen.mean()) if len(seen) else 0.0
    return min(1.0, side / 112) * sure * (1.0 if sharp is None else sharp)
