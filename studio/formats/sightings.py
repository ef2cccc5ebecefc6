"""Boxes that a file has at single times, as boxes over time."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from math import hypot
from statistics import median

from studio.errors import UsageError
from studio.timeline import Box, Footage
from studio.timeline.boxes import BoxTrack, KeyFrame, key_frame, thinned

_ENOUGH = 1e-3  # of the size of a box: key frames that say no more than this are left out
APART = 3  # times as long as usually between two boxes of an object, beyond which it is not seen in between


def over_time(
    boxes: Mapping[str, Sequence[Box]], named: Mapping[str, tuple[str, str]], footage: Footage
) -> Iterator[BoxTrack]:
    """The objects that boxes by track are of: (label, name) of each track of `named`.

    Boxes of one track at one time are of several objects, each of which goes on where it is nearest; they are numbered.
    Times are µs, places shares of the picture.
    """
    for track, (label, name) in named.items():
        objects = _apart(boxes.get(track, ()))
        for number, seen in enumerate(objects, 1):
            if keys := _keys(seen, footage):
                numbered = f"{name} {number}".strip() if len(objects) > 1 else name
                yield BoxTrack("", label, numbered, tuple(keys))


def with_gaps(keys: Sequence[KeyFrame], apart: float, step: int = 0) -> list[KeyFrame]:
    """Key frames that say most of what these do, which are in order of time, and where their object is hidden: over a
    stretch without any that is more than `apart` times as long as they usually are apart, from `step` after the last
    one before it, or from as long after it as they usually are apart."""
    steps = [later.time_us - earlier.time_us for earlier, later in pairwise(keys)]
    usual = median(steps) if steps else 0
    found: list[KeyFrame] = []
    for key, following in zip(keys, [*steps, 0], strict=True):
        found.append(key)
        if following > apart * usual:
            found.append(key._replace(time_us=key.time_us + (step or round(usual)), hidden=True, occluded=False))
    return thinned(found, _ENOUGH)


def _apart(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes by the object that they are of."""
    found: list[list[Box]] = []
    for _, same in groupby(sorted(set(boxes)), lambda box: box[0]):
        now = list(same)
        waiting, free = dict(enumerate(now)), dict(enumerate(found))
        near = sorted((_distance(seen[-1], box), k, n) for k, seen in free.items() for n, box in waiting.items())
        for _, k, n in near:
            if k in free and n in waiting:
                free.pop(k).append(waiting.pop(n))
        found += [[box] for box in waiting.values()]
    return found


def _distance(one: Box, other: Box) -> float:
    """Between the middles of two boxes."""
    return hypot(one[1] + one[3] - other[1] - other[3], one[2] + one[4] - other[2] - other[4]) / 2


def _keys(seen: Sequence[Box], footage: Footage) -> list[KeyFrame]:
    """Key frames of an object that is seen at these times: one a frame, and hidden only from a later frame on."""
    keys: dict[int, KeyFrame] = {}
    for time, *corners in seen:
        try:
            at = _frame(time, footage)
            keys[at] = key_frame(at, corners, source="import", cut=True)
        except UsageError:
            continue  # it is no larger than what a place is rounded to
    found: dict[int, KeyFrame] = {}
    for key in with_gaps(list(keys.values()), APART):
        at = _frame(key.time_us, footage)
        if at in found and footage.pts:
            at = footage.pts[footage.frame_near(at) + 1]  # there is one: the object is seen later
        found[at] = key._replace(time_us=at)
    return list(found.values())


def _frame(time: int, footage: Footage) -> int:
    """When the frame begins that is meant by a time."""
    return min(footage.near(time), footage.pts[-1]) if footage.pts else time
