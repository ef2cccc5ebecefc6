"""Training-free moments from a similarity curve: peaks of a merge tree, grown and compared at several scales.

In the spirit of watershed grounding (Diwan et al. 2023) and of P2S peaks: smooth, take the peaks that stand out,
grow each while the curve stays above a ratio between its valley and its top, drop what overlaps a better one.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.registry import ModelCard

Doubles = npt.NDArray[np.float64]
Moment = tuple[float, float, float]

_SCALES = (0.0, 1.0, 2.0, 4.0)  # standard deviations of the smoothing kernels, in samples
_RATIOS = (0.35, 0.5, 0.65)  # how far down from its top towards its valley a moment reaches
_PROMINENCE = 0.1  # of the whole range, below which a peak is noise
_OVERLAP = 0.5  # IoU above which two proposals are one moment
_CANDIDATES = 64  # peaks looked at per scale, the most prominent first: bounds the work on long videos


def propose(
    times_s: npt.ArrayLike, scores: npt.ArrayLike, top_k: int = 5, duration_s: float | None = None
) -> list[Moment]:
    """Sample times (N,) rising and similarities (N,) → at most `top_k` (start_s, end_s, score), best first.

    Each sample stands for the time half-way to its neighbours, so 0 ≤ start < end, and end ≤ duration_s where
    that is given. Scores lie in 0…1 and compare within one video; a flat curve says nothing, and gives the whole
    video with a score of 0. Similarities that are not finite count as the lowest. Raises ValueError where the
    shapes disagree, times do not rise, or top_k < 1.
    """
    times, curve = np.asarray(times_s, np.float64), np.asarray(scores, np.float64)
    if times.ndim != 1 or times.shape != curve.shape:
        raise ValueError(f"times and scores must both be (N,), not {times.shape} and {curve.shape}.")
    if not np.isfinite(times).all() or np.any(np.diff(times) <= 0) or top_k < 1:
        raise ValueError("times must be finite and rise, and top_k must be at least 1.")
    if len(times) == 0:
        return []
    edges = _edges(times, duration_s)
    curve = _normal(curve)
    if not curve.any():
        return [(float(edges[0]), float(edges[-1]), 0.0)]
    spans = _candidates(curve)
    values = _contrast(curve, edges, spans)
    moments: list[Moment] = []
    for i in np.argsort(-values, kind="stable"):
        start, end = float(edges[spans[i, 0]]), float(edges[spans[i, 1]])
        if all(_iou(start, end, a, b) <= _OVERLAP for a, b, _ in moments):
            moments.append((start, end, float(values[i])))
        if len(moments) == top_k:
            break
    return moments


def _edges(times: Doubles, duration_s: float | None) -> Doubles:
    """The N + 1 borders of the samples' cells, strictly rising."""
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    middles = (times[1:] + times[:-1]) / 2
    last = times[-1] + step / 2
    if duration_s is not None and np.isfinite(duration_s):
        # A video may end before its last sample's cell does; a wrong duration must not turn the cell around.
        last = max(min(last, duration_s), float(np.nextafter(times[-1], np.inf)))
        if duration_s - times[-1] <= step:
            last = max(last, duration_s)
    first = 0.0 if 0 <= times[0] <= step else times[0] - step / 2
    return np.concatenate([[max(0.0, first)], middles, [last]])


def _normal(curve: Doubles) -> Doubles:
    """To 0…1 over the video; all zeros when the curve is flat or has no finite value."""
    finite = np.isfinite(curve)
    if not finite.any():
        return np.zeros_like(curve)
    low, high = float(curve[finite].min()), float(curve[finite].max())
    span = high - low
    if not span > 1e-9 * max(1.0, abs(high), abs(low)):
        return np.zeros_like(curve)
    result: Doubles = (np.where(finite, curve, low) - low) / span
    return result


def _smooth(curve: Doubles, sigma: float) -> Doubles:
    """Gaussian, edges continued: a moment at the very start or end keeps its height."""
    if sigma == 0:
        return curve
    radius = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.convolve(np.pad(curve, radius, mode="edge"), kernel / kernel.sum(), mode="valid")


def peaks(curve: Doubles) -> list[tuple[int, float]]:
    """(index, valley) of every peak, most prominent first; valley is the level at which it joins a higher one.

    The merge tree of the curve's super-level sets: samples enter from the highest down; where two hills meet, the
    lower one's valley is known. The highest peak's valley is the minimum of the curve. O(N log N).
    """
    top: dict[int, int] = {}  # the left end and the right end of each hill → its highest sample
    other: dict[int, int] = {}  # each end of a hill → its other end
    found: list[tuple[int, float]] = []
    for i in np.argsort(-curve, kind="stable").tolist():
        left = right = i
        best = i
        for near in (i - 1, i + 1):
            if near not in other:
                continue
            far, peak = other[near], top[near]
            left, right = min(left, far), max(right, far)
            if best == i:
                best = peak
                continue
            low = peak if curve[peak] < curve[best] else best
            best = peak if low == best else best
            if curve[low] > curve[i]:
                found.append((low, float(curve[i])))
        other[left], other[right] = right, left
        top[left] = top[right] = best
    if len(curve):
        found.append((int(np.argmax(curve)), float(curve.min())))
    return sorted(found, key=lambda each: -(curve[each[0]] - each[1]))


def _candidates(curve: Doubles) -> npt.NDArray[np.intp]:
    """Half-open index spans (C, 2), from all scales and ratios."""
    spans: set[tuple[int, int]] = set()
    for sigma in _SCALES:
        if sigma * 3 > len(curve):
            continue
        smooth = _smooth(curve, sigma)
        for peak, valley in peaks(smooth)[:_CANDIDATES]:
            height = float(smooth[peak]) - valley
            if height < _PROMINENCE * float(np.ptp(smooth)):
                break
            for ratio in _RATIOS:
                below = smooth < valley + (1 - ratio) * height
                before, after = np.flatnonzero(below[:peak]), np.flatnonzero(below[peak:])
                start = int(before[-1]) + 1 if len(before) else 0
                end = peak + int(after[0]) if len(after) else len(curve)
                spans.add((start, end))
    return np.array(sorted(spans), np.intp)


def _contrast(curve: Doubles, edges: Doubles, spans: npt.NDArray[np.intp]) -> Doubles:
    """How much each span stands out, 0…1: its mean, and its mean against flanks half as long on either side."""
    total = np.concatenate([[0.0], np.cumsum(curve)])
    start, end = spans.T
    inside = (total[end] - total[start]) / (end - start)
    flank = np.maximum(1, (end - start + 1) // 2)
    left, right = np.maximum(start - flank, 0), np.minimum(end + flank, len(curve))
    around = (start - left) + (right - end)
    outside = np.where(
        around > 0,
        (total[start] - total[left] + total[right] - total[end]) / np.maximum(around, 1),
        curve.mean(),
    )
    # Longer spans average more noise away, so equal contrast is stronger evidence; slowly saturating.
    weight = 1 - 0.5 / np.sqrt(end - start)
    result: Doubles = np.clip(weight * (0.4 * inside + 0.6 * (inside - outside)), 0, 1)
    return result


def _iou(a: float, b: float, c: float, d: float) -> float:
    shared = max(0.0, min(b, d) - max(a, c))
    return shared / max(b - a + d - c - shared, 1e-12)


class SimilarityPeaks:
    """`propose` behind the same door as the models."""

    labels = ("moment",)

    def __init__(self, name: str, version: str) -> None:
        self.name = name
        self.version = version

    def propose(
        self, times_s: npt.ArrayLike, scores: npt.ArrayLike, top_k: int = 5, duration_s: float | None = None
    ) -> list[Moment]:
        """See `models.propose`."""
        return propose(times_s, scores, top_k, duration_s)


def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> SimilarityPeaks:
    """For the registry."""
    return SimilarityPeaks(card.name, card.version)
