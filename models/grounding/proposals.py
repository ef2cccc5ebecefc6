"""Training-free moments from a similarity curve: peaks of a merge tree, grown and compared at several scales.

In the spirit of watershed grounding (Diwan et al. 2023) and of P2S peaks: smooth, take the peaks that stand out,
grow each while the curve stays above a ratio between its valley and its top, drop what overlaps a better one.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.grounding.curve import (
    Doubles,
    Moment,
    Spans,
    gaussian,
    stands_out,
    temporal_nms,
)
from studio.models.grounding.engine import Curve, CurveEngine

_SCALES = (0.0, 1.0, 2.0, 4.0)  # standard deviations of the smoothing kernels, in samples
_RATIOS = (0.35, 0.5, 0.65)  # how far down from its top towards its valley a moment reaches
_PROMINENCE = 0.1  # of the whole range, below which a peak is noise
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
    turns = _turns(curve)
    heights: list[float] = curve[turns].tolist()
    top: dict[int, int] = {}  # the left end and the right end of each hill → its highest sample
    other: dict[int, int] = {}  # each end of a hill → its other end
    found: list[tuple[int, float]] = []
    for i in np.argsort(-curve[turns], kind="stable").tolist():
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
            low = peak if heights[peak] < heights[best] else best
            best = peak if low == best else best
            if heights[low] > heights[i]:
                found.append((low, heights[i]))
        other[left], other[right] = right, left
        top[left] = top[right] = best
    if heights:
        found.append((heights.index(max(heights)), min(heights)))
    found.sort(key=lambda each: each[1] - heights[each[0]])
    return [(int(turns[i]), valley) for i, valley in found]


def _turns(curve: Doubles) -> npt.NDArray[np.intp]:
    """Where a curve does not just go on rising or falling: all that a merge tree needs of it."""
    up = np.sign(np.diff(curve))
    goes_on = np.zeros(len(curve), bool)
    goes_on[1:-1] = (up[1:] == up[:-1]) & (up[1:] != 0)
    return np.flatnonzero(~goes_on)


def _candidates(curve: Doubles) -> Spans:
    """Half-open index spans (C, 2), from all scales and ratios."""
    spans: list[npt.NDArray[np.int64]] = []  # each as start · (N + 1) + end: quicker to sort than pairs are
    count = len(curve)
    places = np.arange(count + 1)
    for sigma in _SCALES:
        if sigma * 3 > count:
            continue
        smooth = gaussian(curve, sigma)
        found = peaks(smooth)[:_CANDIDATES]
        peak = np.array([index for index, _ in found])
        valley = np.array([low for _, low in found])
        height = smooth[peak] - valley
        tall = height >= _PROMINENCE * np.ptp(smooth)
        level = (valley[tall, None] + (1 - np.array(_RATIOS)) * height[tall, None]).reshape(-1, 1)
        top = np.repeat(peak[tall], len(_RATIOS))[:, None]
        # where the curve first falls below a level, left and right of the top; at the latest where it ends
        left = (np.append(smooth[::-1], -np.inf) < level) & (places >= count - top)
        right = (np.append(smooth, -np.inf) < level) & (places >= top)
        spans.append((count - left.argmax(axis=1)) * (count + 1) + right.argmax(axis=1))
    return np.stack(np.divmod(np.unique(np.concatenate(spans)), count + 1), axis=1)


class SimilarityPeaks(CurveEngine):
    """Proposals are peaks of the curve, grown; what frames look like is not asked."""

    def moments(self, curve: Curve, top_k: int) -> list[Moment]:
        """See `CurveEngine`."""
        spans = _candidates(curve.fit)
        return temporal_nms(curve.edges[spans], stands_out(curve.fit, spans), top_k)


@architecture("similarity-peaks")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> SimilarityPeaks:
    """From a card and the checked bytes of its files."""
    return SimilarityPeaks(card.name, card.version)
