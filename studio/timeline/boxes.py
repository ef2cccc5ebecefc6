"""Boxes over time: an object, a person or a part of the screen, by its key frames."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

from studio.errors import UsageError
from studio.timeline.attributes import Attributes

BOXES = "Boxes"
"""The track of the schema whose labels box tracks have."""
LINK = "box"
"""The attribute of a segment that says, by its id, which box track it is about. assets/web/js/annotate/box-tool.js has
the same."""
DIGITS = 6  # of a share of the picture: a hundredth of a pixel is kept in 8K
Source = Literal["manual", "tracked", "import"]
SOURCES: tuple[Source, ...] = ("manual", "tracked", "import")
Corners = tuple[float, float, float, float]


class KeyFrame(NamedTuple):
    """Where an object is at a frame that begins at `time_us`: x1, y1, x2, y2 as shares of the sides of the picture as
    it is displayed. `hidden`: from here to the next key frame it is not seen. `source` says who put it there.
    `occluded`: from here to the next key frame something covers a part of it."""

    time_us: int
    x1: float
    y1: float
    x2: float
    y2: float
    hidden: bool = False
    source: Source = "manual"
    occluded: bool = False

    @property
    def corners(self) -> Corners:
        return self.x1, self.y1, self.x2, self.y2

    @property
    def listed(self) -> list[float | str]:
        """As JSON has it: [time in µs, x1, y1, x2, y2, hidden, source], and then true where it is occluded."""
        return list(self if self.occluded else self[:-1])


def key_frame(
    time_us: int, corners: Sequence[float], *, hidden: bool = False, source: Source = "manual",
    occluded: bool = False, cut: bool = False,
) -> KeyFrame:  # fmt: skip
    """A checked key frame; with `cut` what lies beside the picture is cut off.

    Raises UsageError for a box without a size, or one that is not within the picture.
    """
    x1, y1, x2, y2 = (round(min(1.0, max(0.0, c)) if cut else c, DIGITS) for c in corners)
    if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
        raise UsageError("A box needs a width and a height, and lies within the picture.")
    if time_us < 0 or source not in SOURCES:
        raise UsageError("A key frame lies within the video.")
    return KeyFrame(time_us, x1, y1, x2, y2, hidden, source, occluded)


@dataclass(frozen=True, slots=True)
class BoxTrack:
    """One object of a video. It is there from its first key frame to the end of the frame of its last one; `keys` are
    in order of time. `name` tells it from others of its `label`, and `attributes` say what it is like, all along.
    `annotator` made it, `edited_by` changed it last. `medium` is the camera of the timeline over whose picture it
    lies, whose times these are; "" is the main one."""

    id: str
    label: str = ""
    name: str = ""
    keys: tuple[KeyFrame, ...] = ()
    annotator: str = ""
    edited_by: str = ""
    version: int = 1
    deleted: bool = False
    attributes: Attributes = field(default_factory=dict, hash=False)
    medium: str = ""

    def at(self, time_us: int) -> Corners | None:
        """Where it is at a time: between two key frames in proportion; None before, after, and while it is hidden.

        Of a time within the last frame nothing is known here, so that only its beginning counts.
        """
        i = bisect_right([key.time_us for key in self.keys], time_us) - 1
        if i < 0 or self.keys[i].hidden or (i + 1 == len(self.keys) and time_us > self.keys[i].time_us):
            return None
        return between(self.keys[i], self.keys[min(i + 1, len(self.keys) - 1)], time_us)

    def is_occluded(self, time_us: int) -> bool:
        """Whether a part of it is covered at a time; not before its first key frame."""
        i = bisect_right([key.time_us for key in self.keys], time_us) - 1
        return i >= 0 and self.keys[i].occluded

    def seen(self) -> list[tuple[int, int]]:
        """The stretches over which it is not hidden, each from a key frame to the last frame that it is seen at: (from,
        to) in µs, `to` the beginning of that frame, or where it is hidden from."""
        spans: list[tuple[int, int]] = []
        start: int | None = None
        for key in self.keys:
            if key.hidden and start is not None:
                spans.append((start, key.time_us))
            start = None if key.hidden else key.time_us if start is None else start
        if start is not None:
            spans.append((start, self.keys[-1].time_us))
        return spans


@dataclass(frozen=True, slots=True)
class TrackedBox:
    """Where a tracker found the object of a box track: key frames that take the place of those that a tracker put over
    [start_us, end_us). `backward`: it began at the end. `edit_id` is the id of the step, `annotator` whose it is."""

    video_id: str
    id: str
    start_us: int
    end_us: int
    keys: Sequence[KeyFrame]
    backward: bool
    edit_id: str
    annotator: str


def between(one: KeyFrame, other: KeyFrame, time_us: int) -> Corners:
    """Where an object is at a time between two key frames, in proportion."""
    length = other.time_us - one.time_us
    share = (time_us - one.time_us) / length if length else 0.0
    x1, y1, x2, y2 = (a + share * (b - a) for a, b in zip(one.corners, other.corners, strict=True))
    return x1, y1, x2, y2


def thinned(keys: Sequence[KeyFrame], tolerance: float) -> list[KeyFrame]:
    """The key frames that are needed so that no corner lies further from where it was than `tolerance` of the size of
    its box; the first and last of each stretch stay (Douglas and Peucker, 1973, over time)."""
    kept: list[KeyFrame] = []
    for run in _runs(keys):
        kept += [run[0]] if run[0].hidden or len(run) == 1 else _thin(run, tolerance)
    return kept


def _runs(keys: Iterable[KeyFrame]) -> list[list[KeyFrame]]:
    """Key frames that follow each other and are alike hidden or not, and occluded or not."""
    runs: list[list[KeyFrame]] = []
    for key in keys:
        if runs and (runs[-1][0].hidden, runs[-1][0].occluded) == (key.hidden, key.occluded):
            runs[-1].append(key)
        else:
            runs.append([key])
    return runs


def _thin(run: Sequence[KeyFrame], tolerance: float) -> list[KeyFrame]:
    needed, waiting = {0, len(run) - 1}, [(0, len(run) - 1)]
    while waiting:
        first, last = waiting.pop()
        worst, at = tolerance, 0
        for i in range(first + 1, last):
            key, guess = run[i], between(run[first], run[last], run[i].time_us)
            sides = (key.x2 - key.x1, key.y2 - key.y1) * 2
            off = max(abs(a - b) / side for a, b, side in zip(key.corners, guess, sides, strict=True))
            if off > worst:
                worst, at = off, i
        if at:
            needed.add(at)
            waiting += [(first, at), (at, last)]
    return [run[i] for i in sorted(needed)]


def iou(one: Corners, other: Corners) -> float:
    """Intersection over union of two boxes, 0…1; in pixels or in shares of one picture."""
    (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = one, other
    shared = max(0.0, min(ax2, bx2) - max(ax1, bx1)) * max(0.0, min(ay2, by2) - max(ay1, by1))
    whole = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared
    return shared / whole if whole > 0 else 0.0


def is_rising(keys: Sequence[KeyFrame]) -> bool:
    """Whether key frames are in order of time, one a frame."""
    return all(a.time_us < b.time_us for a, b in pairwise(keys))
