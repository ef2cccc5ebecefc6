"""Face tracks from detections: greedy by overlap, gaps bridged, broken at shot cuts. Pure numpy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from studio.models.faces.detector import iou

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FaceTrack:
    """One face through one shot: times_s (T,) rising, boxes (T, 4) in pixels, scores (T,).

    Rows between detections are interpolated, and carry a score of 0.
    """

    times_s: Doubles
    boxes: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.times_s)
        if n == 0 or self.boxes.shape != (n, 4) or self.scores.shape != (n,):
            raise ValueError("a FaceTrack needs times (T,), boxes (T, 4) and scores (T,) with T ≥ 1.")
        if np.any(np.diff(self.times_s) <= 0):
            raise ValueError("the times of a FaceTrack must rise.")

    def at(self, times_s: Doubles) -> npt.NDArray[np.float32]:
        """Boxes (Q, 4) at other times, by linear interpolation; outside the track its first or last box."""
        columns = [np.interp(times_s, self.times_s, self.boxes[:, i]) for i in range(4)]
        return np.stack(columns, axis=1).astype(np.float32)


@dataclass
class _Open:
    """A track that may still grow."""

    times: list[float] = field(default_factory=list)
    rows: list[npt.NDArray[np.float32]] = field(default_factory=list)

    def predicted(self, time_s: float, gap_s: float) -> Doubles:
        """Where the box should be now: at low detection rates a walking face leaves its last box behind."""
        last = self.rows[-1][:4].astype(np.float64)
        if len(self.times) < 2:
            return last
        step = self.times[-1] - self.times[-2]
        ahead = min(time_s - self.times[-1], gap_s)
        motion = (last - self.rows[-2][:4]) / step * ahead
        # A box may not outrun its own size: one bad detection must not throw the track away.
        bound = 0.5 * max(last[2] - last[0], last[3] - last[1])
        return np.asarray(last + np.clip(motion, -bound, bound), np.float64)


class Tracker:
    """Feed detections in order of time, take finished tracks as they end.

    A detection joins the track it overlaps best, by IoU with the track's last box or with the box its motion
    predicts, above `overlap`; a track ends at a cut or after `gap_s` without a detection, and is dropped when
    it lasted less than `shortest_s` or had fewer than `fewest` detections.
    """

    def __init__(
        self,
        cuts_s: Sequence[float] = (),
        overlap: float = 0.4,
        gap_s: float = 0.5,
        shortest_s: float = 0.3,
        fewest: int = 3,
    ) -> None:
        if not 0 < overlap < 1 or gap_s <= 0 or shortest_s < 0 or fewest < 1:
            raise ValueError("0 < overlap < 1, gap_s > 0, shortest_s ≥ 0 and fewest ≥ 1 must hold.")
        self._cuts = sorted(cuts_s)
        self._overlap, self._gap, self._shortest, self._fewest = overlap, gap_s, shortest_s, fewest
        self._open: list[_Open] = []
        self._now = -np.inf

    def add(self, time_s: float, boxes: npt.NDArray[np.float32]) -> list[FaceTrack]:
        """Boxes (K, 5) or (K, 4) at a time later than all before → tracks that have just ended."""
        if boxes.ndim != 2 or boxes.shape[1] not in (4, 5):
            raise ValueError(f"boxes must have the shape (K, 5) or (K, 4), not {boxes.shape}.")
        if not time_s > self._now:
            raise ValueError(f"times must rise: {time_s} s came after {self._now} s.")
        ended = self._expire(time_s)
        self._now = time_s
        if boxes.shape[1] == 4:
            boxes = np.concatenate([boxes, np.ones((len(boxes), 1), boxes.dtype)], axis=1)
        free = set(range(len(boxes)))
        for value, track_index, box_index in self._pairs(time_s, boxes):
            track_ = self._open[track_index]
            if value <= self._overlap or box_index not in free or track_.times[-1] == time_s:
                continue
            track_.times.append(time_s)
            track_.rows.append(boxes[box_index])
            free.discard(box_index)
        self._open += [_Open([time_s], [boxes[i]]) for i in sorted(free)]
        return ended

    def finish(self) -> list[FaceTrack]:
        """The tracks still open at the end. The tracker is empty afterwards."""
        ended, self._open = self._closed(self._open), []
        return ended

    def _pairs(self, time_s: float, boxes: npt.NDArray[np.float32]) -> list[tuple[float, int, int]]:
        pairs = []
        for t, track_ in enumerate(self._open):
            last = iou(track_.rows[-1][:4], boxes[:, :4])
            ahead = iou(track_.predicted(time_s, self._gap), boxes[:, :4])
            pairs += [(float(v), t, b) for b, v in enumerate(np.maximum(last, ahead))]
        return sorted(pairs, key=lambda pair: -pair[0])

    def _expire(self, time_s: float) -> list[FaceTrack]:
        cut = any(self._now < c <= time_s for c in self._cuts)
        over = [t for t in self._open if cut or time_s - t.times[-1] > self._gap + 1e-9]
        self._open = [t for t in self._open if not any(t is o for o in over)]
        return self._closed(over)

    def _closed(self, tracks: list[_Open]) -> list[FaceTrack]:
        long = (t for t in tracks if len(t.times) >= self._fewest and t.times[-1] - t.times[0] >= self._shortest)
        return [_filled(t) for t in long]


def _filled(raw: _Open) -> FaceTrack:
    """Interpolate over gaps at the track's own median rate."""
    times, rows = np.array(raw.times), np.stack(raw.rows).astype(np.float32)
    step = float(np.median(np.diff(times)))
    all_times = [times[:1]]
    for a, b in pairwise(times):
        missing = max(0, round((b - a) / step) - 1)
        all_times.append(np.linspace(a, b, missing + 2)[1:])
    grid = np.concatenate(all_times)
    boxes = np.stack([np.interp(grid, times, rows[:, i]) for i in range(4)], axis=1).astype(np.float32)
    scores = np.zeros(len(grid), np.float32)
    scores[np.searchsorted(grid, times)] = rows[:, 4]
    return FaceTrack(grid, boxes, scores)


def track_faces(
    detections: Iterable[tuple[float, npt.NDArray[np.float32]]], cuts_s: Sequence[float] = (), **options: float
) -> list[FaceTrack]:
    """All tracks of a stream of (time_s, boxes (K, 5)), in order of their start. `options` as in `Tracker`."""
    tracker = Tracker(cuts_s, **options)  # type: ignore[arg-type]
    found: list[FaceTrack] = []
    for time_s, boxes in detections:
        found += tracker.add(time_s, boxes)
    return sorted(found + tracker.finish(), key=lambda t: (float(t.times_s[0]), float(t.boxes[0, 0])))
