"""A class's curve over units of time → few segments, each scored by how far it stands out.

Training-free inference as in weakly supervised localization: thresholds sweep over the curve, the contrast between
inside and just outside (AutoLoc, ECCV 2018) scores what rises above them, and of overlapping ones the best stays.
"""

import numpy as np
import numpy.typing as npt

SCALES = (1.0, 2.0, 4.0)
THRESHOLDS = tuple(k / 10 for k in range(1, 10))
OVERLAP = 0.5
_EDGE = 0.25  # of a segment's units on either side that count as just outside


def contexts(scores: npt.NDArray[np.float32], scales: tuple[float, ...] = SCALES) -> npt.NDArray[np.float32]:
    """Curves (L,) or (L, C) over units, each the largest of its Gaussian smoothings at several scales (in units).

    A narrow peak survives the finest scale, a long low hill the coarsest. The ends weigh what is inside only.
    """
    if not len(scores):
        return scores.astype(np.float32)
    curves = scores.reshape(len(scores), -1).astype(np.float64)
    found = []
    for scale in scales:
        half = min(len(scores) - 1, int(np.ceil(4 * scale)))
        kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / scale) ** 2)
        weight = np.convolve(np.ones(len(curves)), kernel)[half : half + len(curves)]
        smooth = [np.convolve(curve, kernel)[half : half + len(curves)] / weight for curve in curves.T]
        found.append(np.stack(smooth, axis=1))
    highest: npt.NDArray[np.float32] = np.max(found, axis=0).astype(np.float32).reshape(scores.shape)
    return highest


def localize(
    starts: npt.NDArray[np.float64],
    ends: npt.NDArray[np.float64],
    scores: npt.NDArray[np.float32],
    *,
    most: int | None = None,
    lowest: float = 0.0,
    overlap: float = OVERLAP,
) -> list[tuple[float, float, float]]:
    """(start, end, score) of the segments of one class, best first.

    `starts`, `ends` and `scores` are (L,): units in order of time, in any unit of time, and the curve over them, 0…1. A
    segment's score is half of the curve's mean inside and half of how much that is above the mean just outside; two
    segments kept share less than `overlap` of their union. At most `most`, none whose mean inside is below `lowest`.
    """
    if not len(scores):
        return []
    low, high = float(scores.min()), float(scores.max())
    if high - low < 1e-6:
        spans = {(0, len(scores))}
    else:
        spans = {span for t in THRESHOLDS for span in _above(scores, low + t * (high - low))}
    scored = []
    for i, j in sorted(spans):
        inside, outside = float(scores[i:j].mean()), _outside(scores, i, j)
        if inside >= lowest:
            contrast = inside - outside if outside is not None else 0.0
            scored.append((max(0.0, (inside + contrast) / 2), float(starts[i:j].min()), float(ends[i:j].max())))
    kept: list[tuple[float, float, float]] = []
    for score, start, end in sorted(scored, key=lambda one: (-one[0], one[1])):
        if most is not None and len(kept) >= most:
            break
        if end > start and all(_iou(start, end, a, b) < overlap for a, b, _ in kept):
            kept.append((start, end, score))
    return kept


def _above(scores: npt.NDArray[np.float32], threshold: float) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], scores >= threshold, [False]])))
    return [(int(i), int(j)) for i, j in zip(edges[::2], edges[1::2], strict=True)]


def _outside(scores: npt.NDArray[np.float32], i: int, j: int) -> float | None:
    """The mean just outside [i, j); None where the segment is everything."""
    reach = max(1, round(_EDGE * (j - i)))
    near = np.concatenate([scores[max(0, i - reach) : i], scores[j : j + reach]])
    return float(near.mean()) if len(near) else None


def _iou(a: float, b: float, c: float, d: float) -> float:
    shared = max(0.0, min(b, d) - max(a, c))
    return shared / (max(b, d) - min(a, c)) if shared else 0.0
