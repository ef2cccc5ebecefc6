"""How a box moves and changes its size by the points in it: the median flow of Kalal, Mikolajczyk and Matas,
“Forward-backward error: automatic detection of tracking failures” (2010), with a scale of its own across and down."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from studio.models.tracking.appearance import Box

_POINTS = 14  # a side of the grid
_TRUSTED_PX = 1.5  # by how much a point may miss its place when it is followed back
_LEAST = 8  # points that are needed
_PAIRS = 4_000  # distances whose change says how the size changes
_FAR = 0.3  # of the extent of the points: nearer pairs say nothing of the size
_GROWS = 0.08  # at most, from one frame to the next
_LK = {"winSize": (11, 11), "maxLevel": 3}


@dataclass(frozen=True, slots=True)
class Flow:
    """Where the box is by its points, and the share of these that came back to where they were."""

    box: Box
    trusted: float


def follow(before: npt.NDArray[np.uint8], now: npt.NDArray[np.uint8], box: Box) -> Flow | None:
    """A box of the picture `before` (H, W, one channel) in the picture `now`; None where too few points say so.

    Points beside the picture do not count: an object that leaves it goes on as what is left of it does.
    """
    height, width = now.shape
    low, high = np.maximum(box[:2], 0), np.minimum(box[2:], [width - 1, height - 1])
    if np.any(high - low < 4):
        return None
    across, down = (np.linspace(low[k], high[k], _POINTS + 2)[1:-1] for k in (0, 1))
    points = np.stack(np.meshgrid(across, down), -1).reshape(-1, 1, 2).astype(np.float32)
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, now, points, None, **_LK)  # type: ignore[call-overload]
    back, again, _ = cv2.calcOpticalFlowPyrLK(now, before, there, None, **_LK)  # type: ignore[call-overload]
    miss = np.linalg.norm(back - points, axis=-1).ravel()
    inside = np.all((there[:, 0] > 0) & (there[:, 0] < [width - 1, height - 1]), axis=1)
    good = (found.ravel() > 0) & (again.ravel() > 0) & inside
    used = good & (miss <= max(float(np.median(miss)), 0.3))
    if used.sum() < _LEAST:
        return None
    old, new = points[used, 0].astype(np.float64), there[used, 0].astype(np.float64)
    scale = _scales(old, new)
    middle = np.median(old, axis=0)
    shift = np.median(new - old - (old - middle) * (scale - 1), axis=0)
    moved = np.concatenate([(corner - middle) * scale + middle + shift for corner in (box[:2], box[2:])])
    return Flow(moved, float((good & (miss < _TRUSTED_PX)).mean()))


def _scales(old: npt.NDArray[np.float64], new: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How much the points lie further apart, across and down."""
    one, other = np.triu_indices(len(old), 1)
    some = np.random.default_rng(0).permutation(len(one))[:_PAIRS]
    was, now = old[one[some]] - old[other[some]], new[one[some]] - new[other[some]]
    found = np.ones(2)
    for axis in (0, 1):
        far = np.abs(was[:, axis]) > _FAR * np.ptp(old[:, axis])
        if far.sum() > 10:
            found[axis] = np.median(now[far, axis] / was[far, axis])
    return np.clip(found, 1 - _GROWS, 1 + _GROWS)
