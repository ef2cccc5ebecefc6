"""How good a detector is on videos that it was not trained on, and how its heights become chances."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from studio.models.detection.detector import Weights, highest, moments, sigmoid
from studio.models.grounding.curve import Doubles, iou
from studio.models.interfaces import Floats, Moment

AT = (0.3, 0.5, 0.7)  # IoU
MOST_FOUND = 200  # moments of a video
UNSEEN = 0.3  # what a moment that nobody looked at weighs as a wrong one
SLOPE_LEAST = 0.05  # of a calibration: a higher moment is never less likely
POSITIVE, NEGATIVE, UNKNOWN = 1, 0, -1


@dataclass(frozen=True)
class LabelledVideo:
    """The unit vectors (N, D) of a video's samples and the borders (N + 1,) of their cells in s; what a person said of
    each sample (N,): POSITIVE, NEGATIVE or UNKNOWN; and the moments [start, end) in s that have the label (K, 2)."""

    name: str
    rows: Floats
    edges: Doubles
    known: npt.NDArray[np.int8]
    truth: Doubles


@dataclass(frozen=True)
class Measured:
    """How good a detector was on videos that it was not trained on: average precision of its moments (the mean over IoU
    .3, .5, .7) and the mean best IoU of the true ones, both 0…1; by how many standard deviations samples of true
    moments lie above the others; and in how many folds."""

    ap: float
    tiou: float
    margin: float
    folds: int


Curved = tuple[Weights, Doubles, LabelledVideo]
"""A video, its logits (N,) by weights that were not trained on it, and those."""
Found = tuple[Doubles, Doubles]
"""Moments (C, 2) in s, and their confidences (C,)."""


def found_on(curved: Curved) -> Found:
    """The moments of a curve."""
    weights, curve, video = curved
    return as_found(moments(weights, video.edges, curve, MOST_FOUND))


def measure(
    held: Sequence[Curved], folds: int, found: Sequence[Found] | None = None, total: int | None = None
) -> Measured:
    """Over all held-out videos together; `found` has the moments of each, where they are known, and `total` is how many
    true ones there are, where not all of them lie in these videos."""
    answers = list(zip(found or [found_on(each) for each in held], [video for _, _, video in held], strict=True))
    ap = mean_precision(answers, total)
    best = [
        float(iou((start, end, 0.0), bounds).max()) if len(bounds) else 0.0
        for (bounds, _), video in answers
        for start, end in video.truth
    ]
    tiou = sum(best) / (len(best) if total is None else total) if best else 0.0
    curve = np.concatenate([curve for _, curve, _ in held])
    shows = np.concatenate([video.known for _, _, video in held]) == POSITIVE
    apart = curve[shows].mean() - curve[~shows].mean() if 0 < shows.sum() < len(shows) else 0.0
    return Measured(round(ap, 4), round(tiou, 4), float(apart / max(float(curve.std()), 1e-12)), folds)


def mean_precision(answers: Sequence[tuple[Found, LabelledVideo]], total: int | None = None) -> float:
    """The mean average precision over AT, 0…1."""
    return float(np.mean([average_precision(answers, at, total) for at in AT]))


def average_precision(answers: Sequence[tuple[Found, LabelledVideo]], at: float, total: int | None = None) -> float:
    """Interpolated average precision at an IoU over videos together, as ActivityNet's: by falling confidence, each true
    moment is found once. Where a person said nothing, nothing is wrong, unless nobody said anything of any negative.
    There are `total` true moments (None: those of these videos)."""
    strict = not any((video.known == NEGATIVE).any() for _, video in answers)
    ranked = sorted(
        ((score, k, i) for k, ((_, scores), _) in enumerate(answers) for i, score in enumerate(scores)), reverse=True
    )
    near = [_near(bounds, video, at) for (bounds, _), video in answers]
    known = [_are_known(video, bounds).tolist() for (bounds, _), video in answers]
    taken: set[tuple[int, int]] = set()
    right: list[bool] = []
    for _, k, i in ranked:
        free = [j for j in near[k].get(i, ()) if (k, j) not in taken]
        if free:
            taken.add((k, free[0]))
            right.append(True)
        elif strict or known[k][i]:
            right.append(False)
    total = sum(len(video.truth) for _, video in answers) if total is None else total
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1) if right else np.zeros(0)
    envelope = np.maximum.accumulate(precision[::-1])[::-1] if len(precision) else precision
    return float(envelope[np.asarray(right, bool)].sum() / total) if total and len(right) else 0.0


def _near(bounds: Doubles, video: LabelledVideo, at: float) -> dict[int, list[int]]:
    """Which true moments those of these (C, 2) share enough with that do with any, the most alike first."""
    found: dict[int, list[int]] = {}
    for start, end in video.truth:
        for i in np.flatnonzero((bounds[:, 0] < end) & (bounds[:, 1] > start)).tolist():
            if i not in found:
                shares = iou((*bounds[i], 0.0), video.truth)
                found[i] = [int(j) for j in np.argsort(-shares) if shares[j] >= at]
    return found


def _are_known(video: LabelledVideo, bounds: Doubles) -> npt.NDArray[np.bool_]:
    """Whether a person said what most of each stretch (C, 2) is."""
    said = np.concatenate([[0], np.cumsum(video.known != UNKNOWN)])
    first = np.searchsorted(video.edges[1:], bounds[:, 0], "right")
    after = np.maximum(np.searchsorted(video.edges[:-1], bounds[:, 1], "left"), first)
    result: npt.NDArray[np.bool_] = (after > first) & (said[after] - said[first] >= 0.5 * (after - first))
    return result


def heights_on(curved: Curved) -> Found:
    """The moments of a curve, with how high they stand instead of confidences."""
    weights, curve, video = curved
    return as_found(highest(weights, video.edges, curve, MOST_FOUND))


def as_found(made: Sequence[Moment]) -> Found:
    return np.array([m[:2] for m in made]).reshape(-1, 2), np.array([m[2] for m in made])


def calibrated(held: Sequence[Curved]) -> tuple[float, float]:
    """As `calibration`, of the moments of held-out curves."""
    return calibration([(heights_on(each), each[2]) for each in held])


def calibration(answers: Sequence[tuple[Found, LabelledVideo]]) -> tuple[float, float]:
    """Slope and offset that make the heights of held-out moments the chance that they are right at IoU .5, by Platt's
    method, with his priors, since examples are few. What nobody looked at is taken to be wrong, but weighs little."""
    heights, hits, weight = [], [], []
    for (bounds, high), video in answers:
        for (start, end), height, is_known in zip(bounds, high, _are_known(video, bounds), strict=True):
            is_right = len(video.truth) > 0 and float(iou((start, end, 0.0), video.truth).max()) >= 0.5
            heights.append(height)
            hits.append(is_right)
            weight.append(1.0 if is_right or is_known else UNSEEN)
    x, y, weights_of = np.array(heights), np.array(hits, bool), np.array(weight)
    good, bad = float(weights_of[y].sum()), float(weights_of[~y].sum())
    if not good or not bad:
        return 1.0, 0.0
    wanted = np.where(y, (good + 1) / (good + 2), 1 / (bad + 2))
    return logistic(x, wanted, weights_of)


def logistic(x: Doubles, wanted: Doubles, weight: Doubles) -> tuple[float, float]:
    """Slope and offset of the logistic of x (N,) that comes nearest to the `wanted` chances (N,), weighed (N,)."""
    middle = float(np.average(x, weights=weight))
    slope, offset = 1.0, 0.0
    for _ in range(100):  # damped Newton on two numbers; the slope is held near 1, since few examples are easily parted
        p = sigmoid(slope * (x - middle) + offset)
        w = weight * np.maximum(p * (1 - p), 1e-4)
        wrong = weight * (p - wanted)
        gradient = np.array([(wrong * (x - middle)).sum() + (slope - 1), wrong.sum()])
        cross = (w * (x - middle)).sum()
        hessian = np.array([[(w * (x - middle) ** 2).sum() + 1, cross], [cross, w.sum()]])
        step = np.clip(np.linalg.solve(hessian, gradient), -1, 1)
        slope, offset = max(SLOPE_LEAST, slope - float(step[0])), offset - float(step[1])
        if np.abs(step).max() < 1e-6:
            break
    return slope, offset - slope * middle
