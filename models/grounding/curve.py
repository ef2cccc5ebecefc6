"""What grounding engines share: input checked once, and arithmetic on curves and on spans of samples."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Spans = npt.NDArray[np.intp]  # (C, 2), half-open ranges of samples
Moment = tuple[float, float, float]
OVERLAP = 0.5  # of the shorter of two moments, above which they are one
_VALLEY = 0.5  # of the curve's range; of right moments of made-up videos one in ten has one deeper than 0.4


def checked(times_s: npt.ArrayLike, scores: npt.ArrayLike, top_k: int) -> tuple[Doubles, Doubles]:
    """Times and similarities as arrays. Raises ValueError as `Engine.propose` says."""
    times, curve = np.asarray(times_s, np.float64), np.asarray(scores, np.float64)
    if times.ndim != 1 or times.shape != curve.shape:
        raise ValueError(f"times and scores must both be (N,), not {times.shape} and {curve.shape}.")
    if not np.isfinite(times).all() or np.any(np.diff(times) <= 0) or top_k < 1:
        raise ValueError("times must be finite and rise, and top_k must be at least 1.")
    return times, curve


def l2_normalize(features: npt.ArrayLike, count: int) -> npt.NDArray[np.float32]:
    """Frame vectors (N, D) at unit length; a vector that is not finite becomes zero. Raises ValueError."""
    rows: npt.NDArray[Any] = np.asarray(features)
    if rows.ndim != 2 or len(rows) != count or not np.issubdtype(rows.dtype, np.number):
        raise ValueError(f"features must be numbers of the shape ({count}, D), not {rows.dtype} {rows.shape}.")
    rows = rows.astype(np.float32)
    rows[~np.isfinite(rows).all(1)] = 0
    result: npt.NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return result


def despike(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Of each unit vector (N, D) and its two neighbours the one most alike to the others: a single frame that is
    black, blurred or flashed no longer splits a scene, and borders stay where they are.
    """
    padded = np.pad(rows, [(1, 1), (0, 0)], mode="edge")
    three = np.stack([padded[:-2], padded[1:-1], padded[2:]])
    likeness = np.einsum("and,bnd->an", three, three, optimize=True)
    result: npt.NDArray[np.float32] = three[likeness.argmax(0), np.arange(len(rows))]
    return result


def median_of_three(curve: Doubles) -> Doubles:
    """The same for a curve (N,)."""
    padded = np.pad(curve, 1, mode="edge")
    result: Doubles = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    return result


def cell_edges(times: Doubles, duration_s: float | None) -> Doubles:
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


def unit_range(curve: Doubles) -> Doubles:
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


def gaussian(curve: Doubles, sigma: float) -> Doubles:
    """Smoothed over `sigma` samples, edges continued: a moment at the very start or end keeps its height."""
    if sigma == 0:
        return curve
    radius = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.convolve(np.pad(curve, radius, mode="edge"), kernel / kernel.sum(), mode="valid")


def inside_outside(curve: Doubles, spans: Spans) -> Doubles:
    """Mean inside − mean outside of each span (C,); for a span of everything only the mean inside."""
    total = np.concatenate([[0.0], np.cumsum(curve)])
    start, end = spans.T
    inside = total[end] - total[start]
    rest = len(curve) - (end - start)
    outside = (total[-1] - inside) / np.maximum(rest, 1)
    result: Doubles = inside / (end - start) - np.where(rest > 0, outside, 0.0)
    return result


def stands_out(curve: Doubles, spans: Spans) -> Doubles:
    """How much each span of a 0…1 curve stands out, 0…1: its mean, and its mean against flanks half as long."""
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


def iou(one: Doubles | Moment, many: Doubles) -> Doubles:
    """Intersection over union of an interval (start, end, …) with each of (C, 2)."""
    shared = np.clip(np.minimum(one[1], many[:, 1]) - np.maximum(one[0], many[:, 0]), 0, None)
    union = (one[1] - one[0]) + (many[:, 1] - many[:, 0]) - shared
    result: Doubles = shared / np.maximum(union, 1e-12)
    return result


def without_valley(fit: Doubles, edges: Doubles, moments: Sequence[Moment]) -> list[Moment]:
    """Moments found in a 0…1 curve (N,) with cells between `edges` (N + 1,), none of them over a valley: one that is
    deeper than _VALLEY below both its sides parts two scenes, of which the one that fits better is kept. Those that
    then share more than OVERLAP of the shorter with a better one are left out.
    """
    smooth = gaussian(median_of_three(fit), 1.0)
    bounds = []
    for start_s, end_s, _ in moments:
        first = max(0, int(np.searchsorted(edges, start_s, side="right")) - 1)
        last = max(first + 1, int(np.searchsorted(edges, end_s, side="left")))
        while last - first > 2:
            inside = smooth[first:last]
            before = np.maximum.accumulate(inside)
            after = np.maximum.accumulate(inside[::-1])[::-1]
            depth = np.minimum(before, after) - inside
            low = first + int(depth.argmax())
            if depth.max() <= _VALLEY:
                break
            left, right = smooth[first:low].mean(), smooth[low + 1 : last].mean()
            first, last = (first, low) if left >= right else (low + 1, last)
        # Only a border that was moved is put on a sample's; engines may know more than samples do.
        bounds.append((max(start_s, float(edges[first])), min(end_s, float(edges[last]))))
    return temporal_nms(np.array(bounds).reshape(-1, 2), np.array([m[2] for m in moments]), max(1, len(moments)))


def temporal_nms(bounds: Doubles, values: Doubles, top_k: int) -> list[Moment]:
    """The spans (C, 2) in seconds of the highest values (C,), none sharing more than OVERLAP of the shorter of the
    two with a better one: neither a part of an answer nor what surrounds it is another answer.
    """
    moments: list[Moment] = []
    order = np.argsort(-values, kind="stable")
    values, starts, ends = values[order], *bounds[order].T
    while len(values) and len(moments) < top_k:
        moments.append((float(starts[0]), float(ends[0]), float(values[0])))
        length = ends - starts
        shared = np.maximum(np.minimum(ends[0], ends) - np.maximum(starts[0], starts), 0)
        left = shared <= OVERLAP * np.minimum(length, length[0])
        left[0] = False
        values, starts, ends = values[left], starts[left], ends[left]
    return moments
