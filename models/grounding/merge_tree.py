"""Training-free moments from a tree of alike frames, and the moment around one frame that a person points at.

After the hierarchy of MHST (AAAI 2023), reconstructed from its abstract without training: frames are leaves, the two
neighbours that are most alike in look and in fit to the text are joined first, nodes that do not fit are pruned, and
every node that is left is a proposal.
"""

import heapq
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from studio.models.architectures import architecture
from studio.models.card import ModelCard
from studio.models.grounding.curve import (
    Doubles,
    Moment,
    Spans,
    cell_edges,
    checked,
    despike,
    l2_normalize,
    median_of_three,
    stands_out,
    temporal_nms,
    unit_range,
)
from studio.models.grounding.engine import Curve, CurveEngine

_ALIKE = 0.4  # below which two neighbours are not one scene


class MergeTree(CurveEngine):
    """Proposals are the nodes of a tree of scenes within scenes."""

    def moments(self, curve: Curve, top_k: int) -> list[Moment]:
        """See `CurveEngine`; without frame vectors only the fit to the text says what is alike."""
        fit = curve.fit
        spans = nodes(np.ones((len(fit), 1), np.float32) if curve.rows is None else curve.rows, fit)
        total = np.concatenate([[0.0], np.cumsum(fit)])
        means = (total[spans[:, 1]] - total[spans[:, 0]]) / (spans[:, 1] - spans[:, 0])
        spans = spans[means >= fit.mean() - fit.std()]
        return temporal_nms(curve.edges[spans], stands_out(fit, spans), top_k)


def glance(
    times_s: npt.ArrayLike,
    scores: npt.ArrayLike | None,
    features: npt.ArrayLike,
    at_s: float,
    duration_s: float | None = None,
) -> Moment:
    """The moment (start_s, end_s, score) around the frame shown at `at_s`, grown from it by likeness.

    Times (N,) rising, N ≥ 1; features (N, D); similarities (N,) with a text where there is one. Of the tree's nodes
    that contain the frame it is the one whose frames are more like this frame than their surroundings are; the
    score, 0…1, is by how much. Raises ValueError where the shapes disagree, or `at_s` is not finite.
    """
    blank = np.zeros(np.shape(times_s)) if scores is None else scores
    times, raw = checked(times_s, blank, 1)
    if not len(times) or not np.isfinite(at_s):
        raise ValueError("A glance needs at least one sample and a finite time.")
    rows = l2_normalize(features, len(times))
    edges = cell_edges(times, duration_s)
    leaf = int(np.clip(np.searchsorted(edges, at_s, side="right") - 1, 0, len(times) - 1))
    spans = nodes(rows, unit_range(raw), alike=-1.0)  # to the root: how far to grow is decided below
    around = spans[(spans[:, 0] <= leaf) & (leaf < spans[:, 1])]
    like = unit_range((rows @ rows[leaf]).astype(np.float64))
    if not like.any():  # nothing differs from this frame: all of it is one scene
        return float(edges[0]), float(edges[-1]), 0.0
    values = stands_out(like, around)
    start, end = around[int(values.argmax())]
    return float(edges[start]), float(edges[end]), float(values.max())


def nodes(rows: npt.NDArray[np.float32], curve: Doubles, alike: float = _ALIKE) -> Spans:
    """Half-open ranges (C, 2) of samples: every frame, and every merge of neighbours until none are `alike`.

    Two nodes are alike by the cosine of their mean unit vectors (N, D), times 1 − the difference of their mean
    fit to the text (N,), 0…1. O(N (log N + D)).
    """
    count = len(curve)
    sums, fit = despike(rows).astype(np.float64), median_of_three(curve)
    end = list(range(1, count + 1))  # a node is known by its first frame; 0 marks one that was merged away
    before = list(range(-1, count - 1))  # the first frame of the node to the left

    def affinity(a: int, b: int) -> float:
        x, y = sums[a], sums[b]
        cosine = float(x @ y) / max(1e-12, float(np.sqrt((x @ x) * (y @ y))))
        return cosine * (1 - abs(float(fit[a]) / (end[a] - a) - float(fit[b]) / (end[b] - b)))

    heap = [(-affinity(i, i + 1), i, i + 1, i + 2) for i in range(count - 1)]
    heapq.heapify(heap)
    found = [(i, i + 1) for i in range(count)]
    while heap and -heap[0][0] >= alike:
        _, a, b, stop = heapq.heappop(heap)
        if end[a] != b or end[b] != stop:
            continue  # one of the two has grown since
        sums[a] += sums[b]
        fit[a] += fit[b]
        end[a], end[b] = stop, 0
        found.append((a, stop))
        if stop < count:
            before[stop] = a
            heapq.heappush(heap, (-affinity(a, stop), a, stop, end[stop]))
        if before[a] >= 0:
            heapq.heappush(heap, (-affinity(before[a], a), before[a], a, stop))
    return np.array(found, np.intp)


@architecture("merge-tree")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> MergeTree:
    """From a card and the checked bytes of its files."""
    return MergeTree(card.name, card.version)
