"""Training-free moments from runs of alike frames: similarity adjusted, frames clustered in time, spans put to a vote.

After TAG (BMVC 2025) and the dynamic start of TFVTG (ECCV 2024), written from their descriptions. Both were made for
three frames a second and similarities of BLIP-2. Here cosines lie in a narrow band that differs from text to text: the
curve is stretched to 0…1 first, and no frame is masked for its score, which measured better at every threshold.
Lengths that they count in frames are seconds.
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
    cell_edges,
    checked,
    despike,
    inside_outside,
    iou,
    l2_normalize,
    unit_range,
)
from studio.models.grounding.engine import Curve, CurveEngine

_BOX_S, _WINDOW_S = 3.0, 7 / 3  # smoothing of features (theirs: 7 s, which blurs short scenes), of assignments
_CLUSTERS, _SECONDS_A_CLUSTER, _MOST_CLUSTERS = 25, 3.0, 50  # theirs: 9 for half a minute, 25 for two and a half
_SEED, _ITERATIONS, _TOLERANCE = 60, 100, 1e-4
_LONGEST = 64  # runs in one span: bounds the work on long videos
_RISE = 0.3  # of the stretched curve, above which three samples rise
_VOTERS, _EXPONENT = 12, 0.6
_OVERLAP = 0.3  # IoU above which two proposals are one moment


class TemporalClusters(CurveEngine):
    """Spans between borders of clusters of frames, by how far they rise above the rest of the video."""

    def moments(self, curve: Curve, top_k: int) -> list[Moment]:
        """See `CurveEngine`; without frame vectors the curve itself is what is clustered."""
        spans = spans_between(cluster(looks(curve), curve.step_s))
        values = inside_outside(adjust(curve.fit), spans)
        bounds = np.stack([curve.edges[rise_starts(curve.fit)[spans[:, 0]]], curve.edges[spans[:, 1]]], axis=1)
        return vote(bounds, values, top_k)


def adjust_and_cluster(
    times_s: npt.ArrayLike, scores: npt.ArrayLike, features: npt.ArrayLike | None = None
) -> tuple[Doubles, npt.NDArray[np.intp]]:
    """What a person may want to see beside the curve of any engine: it adjusted, 0…1 (N,), and the cluster in time that
    each sample is in (N,), counted from 0 in order of appearance. Times (N,), similarities (N,), frame vectors (N, D).

    A curve that says nothing is all zeros. Raises ValueError as `Engine.propose` does.
    """
    times, raw = checked(times_s, scores, 1)
    rows = None if features is None else l2_normalize(features, len(times))
    if not len(times):
        return np.zeros(0), np.zeros(0, np.intp)
    curve = Curve(times, cell_edges(times, None), unit_range(raw), rows)
    labels = cluster(looks(curve), curve.step_s)
    _, first, number = np.unique(labels, return_index=True, return_inverse=True)
    order: npt.NDArray[np.intp] = first.argsort().argsort()[number]
    return adjust(curve.fit) if curve.fit.any() else curve.fit, order


def looks(curve: Curve) -> npt.NDArray[np.float32]:
    """What is clustered (N, D): frame vectors without flashes, else the curve."""
    return curve.fit[:, None].astype(np.float32) if curve.rows is None else despike(curve.rows)


def adjust(scores: Doubles) -> Doubles:
    """Box-Cox with the λ in −2…2 that suits the scores (N,) best, to 0…1.

    The objective is the one the paper's program minimises, −Σ ln|y| + n/2 · ln Var(y), not the textbook's. Its last
    step, scaling by the range where that exceeds γ, is the identity here: the stretched range is 1.
    """
    positive = scores if scores.min() > 0 else scores - scores.min() + 1e-6
    best, value = positive, np.inf
    for power in np.linspace(-2, 2, 81):
        y = np.log(positive) if abs(power) < 1e-9 else (positive**power - 1) / power
        spread = float(np.var(y))
        if spread <= 0:
            continue
        loss = -float(np.log(np.abs(y) + 1e-12).sum()) + len(y) / 2 * np.log(spread)
        if loss < value:
            best, value = y, loss
    adjusted = unit_range(best)
    return adjusted if adjusted.any() else np.ones_like(adjusted)


def cluster(rows: npt.NDArray[np.float32], step_s: float) -> npt.NDArray[np.intp]:
    """Temporally coherent k-means over frame vectors (N, D) beside their places in the video 0…1 → labels (N,).

    A frame goes to the centre that is nearest on average over the frames around it. Same input, same labels.
    """
    count = len(rows)
    length = count * step_s
    k = int(np.clip(round(length / _SECONDS_A_CLUSTER), _CLUSTERS, _MOST_CLUSTERS))
    k = min(k, count)
    place = (np.arange(count, dtype=np.float32) / count)[:, None]
    points = _box(np.concatenate([rows, place], axis=1), _odd(_BOX_S / step_s))
    squares = (points**2).sum(1)
    width = _odd(_WINDOW_S / step_s)
    centres = _spread(points, squares, k)
    labels = np.zeros(count, np.intp)
    for _ in range(_ITERATIONS):
        distances = np.sqrt(_squared(points, squares, centres))
        labels = _box(distances, width).argmin(1)
        members = (labels == np.arange(k)[:, None]).astype(np.float32)
        sizes = members.sum(1, keepdims=True)
        moved = np.where(sizes > 0, members @ points / np.maximum(sizes, 1), centres)
        shift = float(np.linalg.norm(moved - centres, axis=1).max())
        centres = moved
        if shift < _TOLERANCE:
            break
    return labels


def _odd(samples: float) -> int:
    return 2 * int(samples / 2) + 1


def _box(values: npt.NDArray[np.float32], width: int) -> npt.NDArray[np.float32]:
    """Mean over `width` (odd) rows around each row; the ends are repeated."""
    half = width // 2
    padded = np.pad(values, [(half, half), (0, 0)], mode="edge").astype(np.float64)
    total = np.cumsum(np.concatenate([np.zeros_like(padded[:1]), padded]), axis=0)
    result: npt.NDArray[np.float32] = ((total[width:] - total[:-width]) / width).astype(np.float32)
    return result


def _squared(
    points: npt.NDArray[np.float32], squares: npt.NDArray[np.float32], centres: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    result: npt.NDArray[np.float32] = np.maximum(squares[:, None] - 2 * points @ centres.T + (centres**2).sum(1), 0)
    return result


def _spread(points: npt.NDArray[np.float32], squares: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.float32]:
    """k-means++: each further centre is drawn by its squared distance from those there are."""
    rng = np.random.default_rng(_SEED)
    chosen = [int(rng.integers(len(points)))]
    nearest = _squared(points, squares, points[chosen])[:, 0].astype(np.float64)
    while len(chosen) < k:
        total = nearest.sum()
        weights = nearest / total if total > 0 else None
        chosen.append(int(rng.choice(len(points), p=weights)))
        nearest = np.minimum(nearest, _squared(points, squares, points[chosen[-1:]])[:, 0])
    result: npt.NDArray[np.float32] = points[chosen]
    return result


def spans_between(labels: npt.NDArray[np.intp]) -> Spans:
    """All spans (C, 2) between two borders of runs of one label, and the span of everything."""
    borders = np.concatenate([[0], np.flatnonzero(np.diff(labels)) + 1, [len(labels)]])
    i, j = np.triu_indices(len(borders), 1)
    near = (j - i <= _LONGEST) | ((i == 0) & (j == len(borders) - 1))
    return np.stack([borders[i[near]], borders[j[near]]], axis=1)


def rise_starts(curve: Doubles) -> npt.NDArray[np.intp]:
    """For each sample (N,) where the rise that it belongs to began: an action starts before its plateau.

    At one sample a second the paper's smoothing would smear every cut over the sample before it; there is none here,
    and a rise begins with its first rising sample.
    """
    steps = np.concatenate([[0.0, 0.0, 0.0], np.diff(curve)])
    now, before, earlier = steps[2:], steps[1:-1], steps[:-2]
    rising = (3 * now > _RISE) | (2 * now + before > _RISE) | (now + before + earlier > _RISE)
    place = np.arange(len(curve))
    first = rising & ~np.concatenate([[False], rising[:-1]])
    begun = np.maximum.accumulate(np.where(first, place, 0))
    result: npt.NDArray[np.intp] = np.where(rising, begun, place)
    return result


def vote(bounds: Doubles, values: Doubles, top_k: int) -> list[Moment]:
    """Moments from spans (C, 2) in seconds and their values (C,): of the best, the one the others agree with most.

    Each further moment is voted for among those that do not overlap the ones before.
    """
    moments: list[Moment] = []
    left = np.argsort(-values, kind="stable")
    while len(left) and len(moments) < top_k:
        voters = left[:_VOTERS]
        weights = np.maximum(values[voters], 0)
        votes = [float((iou(bounds[j], bounds[voters]) ** _EXPONENT * weights).sum()) for j in voters]
        best = voters[int(np.argmax(votes))]
        # The order is the vote's; a score above an earlier one's would contradict it.
        score = min(float(np.clip(values[best], 0, 1)), moments[-1][2] if moments else 1.0)
        moments.append((float(bounds[best, 0]), float(bounds[best, 1]), score))
        left = left[iou(bounds[best], bounds[left]) <= _OVERLAP]
        left = left[left != best]
    return moments


@architecture("tag")
def build(files: Mapping[str, bytes], card: ModelCard, device: str) -> TemporalClusters:
    """From a card and the checked bytes of its files."""
    return TemporalClusters(card.name, card.version)
