"""A label's moments as a small network over time reads them: an anchor-free temporal head.

At every sample it says whether a moment is there, and how far it is from there to the moment's start and its end (as
ActionFormer: Zhang, Wu and Li 2022, arXiv 2202.07925, after FCOS: Tian et al. 2019, arXiv 1904.01355). It sees what no
classifier of single samples can: what comes before and after, and how long it lasts. `head_training` trains one.

Here, the frames' vectors are frozen and the examples are few, so its input is narrow: a few principal axes of the
library, discriminants of what is shown before, in and after the examples, the linear detector's curve, how much the
picture changes, and how far off the last and the next change are. It begins by saying what the linear one says.
Time is counted in cells, of which a usual moment has about CELLS, so that one depth of convolutions fits every label.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.models.grounding.curve import Doubles, temporal_nms
from studio.models.interfaces import Floats, Moment

CELLS = 12  # of a moment as long as the examples
DILATIONS = (1, 2, 4, 8)
REACH = sum(DILATIONS) + 1  # cells before and after one that are seen with it
SCALES = (1, 2, 4)  # samples before and after an instant, of which the change there is taken
EVENED = 0.6  # how far what a sample shows is drawn to the mean of what lies between two changes of the picture
NEAREST, FARTHEST = -4.0, 3.0  # natural logarithms of distances, in lengths of the examples
AGREE = 0.6  # IoU above which moments of neighbouring cells are averaged
PHASES = (-0.5, 0.0, 0.5, 1.0)  # where they begin, in lengths of a moment, of which each lasts half
PREFIX = "head."

Network = Mapping[str, Any]
Pieces = list[tuple[int, int]]


@dataclass(frozen=True)
class TemporalHead:
    """What samples are read as: their part around `centre` (D,) along `projection` (D, K), the axes, the PHASES and the
    linear detector's direction, and what is derived of it, less `mean`, in `deviation`s, both (F,). A cell lasts about
    `cell_s`; distances are told in `length_s`; starts and ends no farther than `snap_s` from a change of the picture
    are put on it. `network` has the arrays that `forward` reads. The chance that a moment is right is the logistic of
    `calibration` = (slope, offset) on its height."""

    projection: Floats
    centre: Floats
    mean: Floats
    deviation: Floats
    cell_s: float
    length_s: float
    snap_s: tuple[float, float]
    network: Mapping[str, Floats]
    calibration: tuple[float, float] = (1.0, 0.0)

    def moments(self, edges: Doubles, rows: Floats, parts: Pieces, top_k: int) -> list[Moment]:
        """The moments of unit vectors (N, D) whose cells have these borders (N + 1,) in s, with the chance that each is
        right: the likeliest first, none sharing more than half of the shorter with a likelier one. Within each of the
        `parts` the picture stays alike (`detector.pieces`)."""
        slope, offset = self.calibration
        found = self.highest(edges, rows, parts, top_k)
        heights = np.clip(slope * np.array([height for _, _, height in found]) + offset, -30, 30)
        chances = 1 / (1 + np.exp(-heights))
        return [(start, end, float(chance)) for (start, end, _), chance in zip(found, chances, strict=True)]

    def highest(self, edges: Doubles, rows: Floats, parts: Pieces, top_k: int) -> list[Moment]:
        """As `moments`, with how high each stands: the logarithm of its odds before calibration."""
        borders, heights, far = self._read(edges, rows, parts)
        middles = (borders[1:] + borders[:-1]) / 2
        told = np.stack([middles - far[:, 0], middles + far[:, 1]], 1).clip(borders[0], borders[-1])
        spans = self._snapped(agreed(told, heights), edges[[0, *(end for _, end in parts)]])
        return temporal_nms(spans, _inside(heights, middles, spans), top_k)

    def curve(self, edges: Doubles, rows: Floats, parts: Pieces) -> Doubles:
        """How high a moment stands at each sample (N,)."""
        borders, heights, _ = self._read(edges, rows, parts)
        middles = (edges[1:] + edges[:-1]) / 2
        at = np.searchsorted(borders, middles, "right") - 1
        result: Doubles = heights[at.clip(0, len(heights) - 1)]
        return result

    def _snapped(self, spans: Doubles, changes: Doubles) -> Doubles:
        """Spans (M, 2) with those of their boundaries that are near a change of the picture put on it."""
        moved = spans.copy()
        for side, reach_s in enumerate(self.snap_s):
            at, near = spans[:, side], nearest(changes, spans[:, side])
            moved[:, side] = np.where(np.abs(near - at) <= reach_s, near, at)
        result: Doubles = np.where((moved[:, 0] < moved[:, 1])[:, None], moved, spans)
        return result

    def _read(self, edges: Doubles, rows: Floats, parts: Pieces) -> tuple[Doubles, Doubles, Doubles]:
        """Of each cell (M,): the borders (M + 1,), how high a moment stands there, and how far off its start and its
        end are, in s (M, 2)."""
        signals, borders, _ = self.signals(edges, rows, parts)
        made = np.asarray(forward(self.network, np.pad(self.normed(signals), [(REACH, REACH), (0, 0)])[None])[0])
        made = made.astype(np.float64)
        return borders, made[:, 0], self.length_s * np.exp(made[:, 1:].clip(NEAREST, FARTHEST))

    def normed(self, signals: Floats) -> Floats:
        """What the network reads: signals (M, F) at its own scale, and that there is a video at all, (M, F + 1)."""
        shown = (signals - self.mean) / self.deviation
        return np.concatenate([shown, np.ones((len(shown), 1))], 1).astype(np.float32)

    def signals(self, edges: Doubles, rows: Floats, parts: Pieces) -> tuple[Floats, Doubles, npt.NDArray[np.intp]]:
        """What each cell shows (M, F), the borders of the cells (M + 1,), and the first sample of each (M,)."""
        around = rows - self.centre
        starts, lengths = np.array([start for start, _ in parts]), np.array([end - start for start, end in parts])
        shown = (around @ self.projection).astype(np.float64)
        means = np.repeat(np.add.reduceat(shown, starts, axis=0) / lengths[:, None], lengths, axis=0)
        middles = (edges[1:] + edges[:-1]) / 2
        since = middles - np.repeat(edges[starts], lengths)
        until = np.repeat(edges[starts + lengths], lengths) - middles
        off = np.log(np.maximum(np.stack([since, until], 1), 1e-3) / self.length_s).clip(-FARTHEST, FARTHEST)
        changes = np.stack([change(shown[:, : -1 - len(PHASES)], near) for near in SCALES], 1)
        signals = np.concatenate([shown + EVENED * (means - shown), changes[:-1], changes[1:], off], 1)
        size = max(1, round(self.cell_s / float(np.median(np.diff(edges)))))
        first = np.arange(0, len(rows), size)
        counts = np.diff(np.append(first, len(rows)))
        signals = np.add.reduceat(signals, first, axis=0) / counts[:, None]
        return signals.astype(np.float32), edges[np.append(first, len(rows))], first

    def packed(self) -> dict[str, npt.NDArray[Any]]:
        """As arrays of a safetensors file."""
        arrays = {key: getattr(self, key) for key in ("projection", "centre", "mean", "deviation")}
        arrays["numbers"] = np.array([self.cell_s, self.length_s, *self.snap_s, *self.calibration], np.float64)
        arrays |= {f"network.{key}": array for key, array in self.network.items()}
        return {f"{PREFIX}{key}": np.ascontiguousarray(array) for key, array in arrays.items()}


def unpacked(arrays: Mapping[str, npt.NDArray[Any]]) -> TemporalHead | None:
    """A head from the arrays of a file; None where it has none. Raises KeyError or ValueError if they are damaged."""
    found = {key.removeprefix(PREFIX): array for key, array in arrays.items() if key.startswith(PREFIX)}
    if not found:
        return None
    cell_s, length_s, start, end, slope, offset = (float(x) for x in found["numbers"])
    projection, centre, mean, deviation = (
        found[key].astype(np.float32) for key in ("projection", "centre", "mean", "deviation")
    )
    network = {
        key.removeprefix("network."): array.astype(np.float32)
        for key, array in found.items()
        if key.startswith("network.")
    }
    signals = projection.shape[1] + 2 * len(SCALES) + 2
    wanted = shapes(signals + 1, len(network["into.bias"]))
    if {key: array.shape for key, array in network.items()} != wanted:
        raise ValueError("a network that no head has")
    if (
        projection.ndim != 2
        or projection.shape[1] < len(PHASES) + 2
        or centre.shape != projection.shape[:1]
        or {mean.shape, deviation.shape} != {(signals,)}
    ):
        raise ValueError("shapes that no head has")
    if not all(np.isfinite(array).all() for array in found.values()):
        raise ValueError("numbers that are none")
    if min(cell_s, length_s, float(deviation.min())) <= 0:
        raise ValueError("lengths that no head has")
    return TemporalHead(projection, centre, mean, deviation, cell_s, length_s, (start, end), network, (slope, offset))


def shapes(inputs: int, width: int) -> dict[str, tuple[int, ...]]:
    """Of the arrays of a network."""
    found: dict[str, tuple[int, ...]] = {"linear": (inputs, 3), "into.weight": (inputs, width), "into.bias": (width,)}
    for dilation in DILATIONS:
        found |= {f"{dilation}.weight": (3, width, width), f"{dilation}.bias": (width,)}
    return {**found, "out.weight": (3, width, 3), "out.bias": (3,)}


def forward(network: Network, x: Any, dropped: Callable[[Any], Any] = lambda x: x) -> Any:
    """Of cells (B, M + 2 · REACH, F), of NumPy or of PyTorch: the logarithm of the odds of a moment, and those of its
    distances to start and end in lengths of the examples, (B, M, 3): a linear part, and what is around it."""
    linear = x[:, REACH:-REACH] @ network["linear"]
    x = (x @ network["into.weight"] + network["into.bias"]).clip(0)
    for each in DILATIONS:
        made = _convolved(x, network[f"{each}.weight"], network[f"{each}.bias"], each).clip(0)
        x = x[:, each:-each] + dropped(made)
    return _convolved(x, network["out.weight"], network["out.bias"], 1) + linear


def _convolved(x: Any, weight: Any, bias: Any, dilation: int) -> Any:
    """Over three cells, so far apart; shorter by one such distance on each side."""
    count = x.shape[1] - 2 * dilation
    return sum(x[:, at * dilation : at * dilation + count] @ weight[at] for at in range(3)) + bias


def change(shown: Doubles, near: int) -> Doubles:
    """1 − cosine of what is shown (N, K) before and after each border between samples (N + 1,), 0 at both ends."""
    count = len(shown)
    total = np.concatenate([np.zeros((1, shown.shape[1])), np.cumsum(shown, axis=0)])
    at = np.arange(1, count)
    before = total[at] - total[np.maximum(0, at - near)]
    after = total[np.minimum(count, at + near)] - total[at]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return np.concatenate([[0.0], 1 - (before * after).sum(1) / np.maximum(lengths, 1e-9), [0.0]])[: count + 1]


def nearest(changes: Doubles, at: Doubles) -> Doubles:
    """Of rising instants, at least two, the one nearest to each (M,)."""
    after = np.searchsorted(changes, at).clip(1, len(changes) - 1)
    result: Doubles = np.where(at - changes[after - 1] < changes[after] - at, changes[after - 1], changes[after])
    return result


def _inside(heights: Doubles, middles: Doubles, spans: Doubles) -> Doubles:
    """The mean of the heights of cells (M,) with these middles within each span (M, 2), or at its start."""
    total = np.concatenate([[0.0], np.cumsum(heights)])
    first = np.searchsorted(middles, spans[:, 0]).clip(0, len(middles) - 1)
    after = np.maximum(np.searchsorted(middles, spans[:, 1]), first + 1)
    result: Doubles = (total[after] - total[first]) / (after - first)
    return result


def agreed(spans: Doubles, heights: Doubles) -> Doubles:
    """Spans (M, 2) of cells in a row, each the mean of those of its neighbours that say nearly the same, by how likely
    and how alike they are (the voting of boundaries of ActionFormer's published code)."""
    count, chances = len(spans), 1 / (1 + np.exp(-heights.clip(-30, 30)))
    total, weight = np.zeros_like(spans), np.zeros(count)
    for step in range(-min(CELLS, count - 1), min(CELLS, count - 1) + 1):
        one, other = slice(max(0, -step), count - max(0, step)), slice(max(0, step), count - max(0, -step))
        shared = np.minimum(spans[one, 1], spans[other, 1]) - np.maximum(spans[one, 0], spans[other, 0])
        both = np.diff(spans[one])[:, 0] + np.diff(spans[other])[:, 0] - shared
        alike = np.maximum(shared, 0) / np.maximum(both, 1e-12)
        much = np.where(alike > AGREE, alike * chances[other], 0)
        total[one] += much[:, None] * spans[other]
        weight[one] += much
    result: Doubles = np.where(weight[:, None] > 0, total / np.maximum(weight, 1e-300)[:, None], spans)
    return result
