"""Training-free moments from a similarity curve: peaks of a merge tree, grown and compared at several scales.

In the spirit of watershed grounding (Diwan et al. 2023) and of P2S peaks: smooth, take the peaks that stand out,
grow each while the curve stays above a ratio between its valley and its top, drop what overlaps a better one.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.grounding.curve import (
    Doubles,
    Moment,
    Spans,
    best_apart,
    gaussian,
    stands_out,
)
from models.grounding.engine import Curve, CurveEngine
from models.registry import ModelCard

_SCALES = (0.0, 1.0, 2.0, 4.0)  # standard deviations of the smoothing kernels, in samples
_RATIOS = (0.35, 0.5, 0.65)  # how far down from its top towards its valley a moment reaches
_PROMINENCE = 0.1  # of the whole range, below which a peak is noise
_OVERLAP = 0.5  # IoU above which two proposals are one moment
_CANDIDATES = 64  # peaks looked at per scale, the most prominent first: bounds the work on long videos


def propose(
    times_s: npt.ArrayLike, scores: npt.ArrayLike, top_k: int = 5, duration_s: float | None = None
) -> list[Moment]:
    """Sample times (N,) rising and similarities (N,) → at most `top_k` (start_s, end_s, score), best first.

    Promises and errors are those of `Engine.propose`.
    """
    return SimilarityPeaks("", "").propose(times_s, scores, top_k, duration_s)


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


def _candidates(curve: Doubles) -> Spans:
    """Half-open index spans (C, 2), from all scales and ratios."""
    spans: set[tuple[int, int]] = set()
    for sigma in _SCALES:
        if sigma * 3 > len(curve):
            continue
        smooth = gaussian(curve, sigma)
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


class SimilarityPeaks(CurveEngine):
    """Proposals are peaks of the curve, grown; what frames look like is not asked."""

    def moments(self, curve: Curve, top_k: int) -> list[Moment]:
        """See `CurveEngine`."""
        spans = _candidates(curve.fit)
        return best_apart(curve.edges[spans], stands_out(curve.fit, spans), top_k, _OVERLAP)


def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> SimilarityPeaks:
    """For the registry."""
    return SimilarityPeaks(card.name, card.version)
