"""A label's detector learned from a few examples: from the label's own words on, each example pulls it away from them.

The words give one direction in the space of the frames' vectors. The examples give another: Gaussian discriminant
analysis with the covariance of the library, which needs no negatives and has a closed form (Wang et al. 2024, "A
Hard-to-Beat Baseline for Training-free CLIP-based Adaptation", arXiv 2402.04087). Cross-validation over videos, or over
stretches where one video has all examples, weighs their blends; where the blend does not beat the words, it is they.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np

from studio.models.detection.detector import Weights, evened, logits, pieces
from studio.models.detection.measuring import (
    NEGATIVE,
    POSITIVE,
    UNKNOWN,
    Curved,
    LabelledVideo,
    Measured,
    calibrated,
    found_on,
    logistic,
    measure,
)
from studio.models.grounding.curve import Doubles
from studio.models.interfaces import Floats

RIDGE = 10.0  # of the covariance, times its mean eigenvalue
REJECTED = (0.0, 0.3)  # how far the mean of what people rejected is taken off that of the examples
EXAMPLES = (0.25, 0.5, 1.0)  # how much the examples' direction counts beside that of the words
TEMPERATURE = 0.05  # of average precision: how far below the best a blend may be and still count
EVENED = (0.3, 0.85)  # see Weights
UNKNOWN_SHARE = 0.3  # of what is not positive, what all unlabelled samples weigh; known negatives weigh the rest
LEVELS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)  # shares of all samples below the levels at which moments are cut
MOST = 10_000  # samples that a covariance is taken of
FOLDS = 5

Blend = tuple[float, float]  # how much the examples count (0: the words alone), and how far rejections are taken off
WORDS: Blend = (0.0, 0.0)
BLENDS = (WORDS, *((examples, rejected) for examples in EXAMPLES for rejected in REJECTED))


@dataclass(frozen=True)
class Learned:
    """`step` is "text" where the examples did not beat the label's words, whose own measure is `by_text`; `measured` is
    None where there are too few examples to measure anything."""

    weights: Weights
    step: str
    measured: Measured | None
    by_text: Measured | None


@dataclass(frozen=True)
class _Prepared:
    """A labelled video with what does not change while something is learned: its samples around the library's mean
    (N, D), the stretches within which the picture stays alike, and the means (K, D) of its moments and (D,) of what was
    rejected."""

    video: LabelledVideo
    around: Floats
    pieces: list[tuple[int, int]]
    shown: Floats
    rejected: Floats | None


class _Library:
    """What all videos have in common: their mean (D,), and how their samples vary around it."""

    def __init__(self, text: Floats, videos: Sequence[LabelledVideo], seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.centre = np.mean([video.rows.mean(0) for video in videos], axis=0).astype(np.float32)
        rows = np.concatenate([video.rows for video in videos])
        if len(rows) > MOST:
            rows = rows[rng.choice(len(rows), MOST, replace=False)]
        around = (rows - self.centre).astype(np.float32)
        self._covariance = (around.T @ around).astype(np.float64) / len(around)
        values, self._vectors = np.linalg.eigh(self._covariance)
        self._spread = np.maximum(values, 0) / max(float(values.mean()), 1e-12) + RIDGE
        self.text = self.scaled(text.astype(np.float64))
        self.prepared = [self._prepare(video) for video in videos]

    def _prepare(self, video: LabelledVideo) -> _Prepared:
        around = (video.rows - self.centre).astype(np.float32)
        edges = video.edges
        inside = [
            (edges[1:] > start) & (edges[:-1] < end) & (video.known == POSITIVE) for start, end in video.truth
        ]  # fmt: skip
        shown = [around[which].mean(0) for which in inside if which.any()]
        wrong = video.known == NEGATIVE
        means = np.array(shown, np.float32).reshape(-1, around.shape[1])
        return _Prepared(video, around, pieces(around), means, around[wrong].mean(0) if wrong.any() else None)

    def scaled(self, direction: Doubles) -> Doubles:
        """So that the samples of the library lie one standard deviation from their mean along it."""
        spread = float(np.sqrt(max(direction @ self._covariance @ direction, 0)))
        result: Doubles = direction / max(spread, 1e-9)
        return result

    def directions(self, train: Sequence[_Prepared]) -> dict[Blend, Doubles]:
        """Of each of BLENDS (D,)."""
        shown = np.concatenate([each.shown for each in train])
        if not len(shown):
            return dict.fromkeys(BLENDS, self.text)
        rejected = [each.rejected for each in train if each.rejected is not None]
        wrong = np.mean(rejected, axis=0) if rejected else np.zeros_like(self.centre)
        found = {WORDS: self.text}
        for off in REJECTED:
            mean = (shown.mean(0) - off * wrong).astype(np.float64)
            examples = self.scaled(self._vectors @ ((self._vectors.T @ mean) / self._spread))
            for much in EXAMPLES:
                found[much, off] = self.scaled(self.text + much * examples)
        return found

    def weights(self, direction: Doubles, train: Sequence[_Prepared], share: float) -> Weights:
        """With the levels at which moments are cut, by how high the curve is in these videos."""
        made = Weights(direction.astype(np.float32), self.centre, 1.0, 0.0, (), share)
        every = np.concatenate([_curve(made, each) for each in train])
        return replace(made, levels=tuple(np.unique(np.quantile(every, LEVELS)).tolist()))


def _curve(weights: Weights, each: _Prepared) -> Doubles:
    raw = weights.scale * (each.around @ weights.direction).astype(np.float64) + weights.bias
    return evened(raw, each.pieces, weights.evened)


Fold = tuple[list[_Prepared], list[_Prepared]]  # what is learned from, and what is held out


def learn(
    text: Floats,
    videos: Sequence[LabelledVideo],
    seed: int = 0,
    progress: Callable[[float], object] = lambda done: None,
) -> Learned:
    """The detector of what a unit vector (D,) says, after the labelled videos, of which there is at least one.
    `progress` is told which share of the work is done, and may end it by an exception."""
    library = _Library(text, videos := apart(videos), seed)
    every = library.prepared
    folds: list[Fold] = [
        ([every[i] for i in train], [every[i] for i in test]) for train, test in folds_of(videos, seed)
    ]  # fmt: skip
    if len(folds) < 2:
        return Learned(_in_odds(library.weights(library.text, every, EVENED[-1]), every), "text", None, None)
    tried = [library.directions(train) for train, _ in folds]
    shares: dict[float, dict[Blend, float]] = {share: {} for share in EVENED}
    for number, (share, blend) in enumerate(product(EVENED, BLENDS)):
        progress(number / (len(EVENED) * len(BLENDS)))
        found = _held(library, folds, [directions[blend] for directions in tried], share)
        shares[share][blend] = measure(found, len(folds)).ap
    share = max(EVENED, key=lambda each: (max(shares[each].values()), each))
    blended = [_mean(directions, shares[share]) for directions in tried]
    held = _held(library, folds, blended, share)
    by_words = _held(library, folds, [library.text] * len(folds), share)
    measured, by_text = measure(held, len(folds)), measure(by_words, len(folds))
    # of few moments the precision says little: a single one found or lost moves it further than this
    if measured.margin > by_text.margin and measured.ap > by_text.ap - TEMPERATURE:
        step, direction = "classifier", _mean(library.directions(every), shares[share])
    else:
        step, direction, held, measured = "text", library.text, by_words, by_text
    weights = _in_odds(library.weights(direction, every, share), every)
    slope, offset = calibrated(held)
    slope, offset = slope / weights.scale, offset - slope * weights.bias / weights.scale  # of odds, not of deviations
    return Learned(replace(weights, calibration=(slope, offset)), step, measured, by_text)


def _held(library: _Library, folds: Sequence[Fold], directions: Sequence[Doubles], share: float) -> list[Curved]:
    """Each held-out video under what its fold learned."""
    held = []
    for direction, (train, test) in zip(directions, folds, strict=True):
        weights = library.weights(direction, train, share)
        held += [(weights, _curve(weights, each), each.video) for each in test]
    return held


def _mean(directions: Mapping[Blend, Doubles], ap: Mapping[Blend, float]) -> Doubles:
    """The directions of all blends together, of which the better ones count for more: of few examples the best one is
    often so by chance."""
    best = max(ap.values())
    shares = {blend: float(np.exp((ap[blend] - best) / TEMPERATURE)) for blend in BLENDS}
    result: Doubles = np.sum([shares[blend] * directions[blend] for blend in BLENDS], axis=0) / sum(shares.values())
    return result


def _in_odds(weights: Weights, videos: Sequence[_Prepared]) -> Weights:
    """With the scale and the bias that make a sample's value the logarithm of its odds, were as many samples positive
    as not."""
    curve = np.concatenate([_curve(weights, each) for each in videos])
    known = np.concatenate([each.video.known for each in videos])
    weight = np.zeros(len(curve))
    kinds = {POSITIVE: 1.0, NEGATIVE: 1 - UNKNOWN_SHARE, UNKNOWN: UNKNOWN_SHARE}
    for kind, much in kinds.items():
        which = known == kind
        weight[which] = much / max(1, int(which.sum()))
    shows = known == POSITIVE
    if not shows.any() or shows.all():
        return weights
    weight[~shows] /= weight[~shows].sum()
    moments_there = sum(len(each.video.truth) for each in videos)
    scale, bias = logistic(curve, shows.astype(np.float64), moments_there * weight)
    return replace(weights, scale=scale, bias=bias, levels=tuple(scale * level + bias for level in weights.levels))


def apart(videos: Sequence[LabelledVideo]) -> Sequence[LabelledVideo]:
    """The videos; their stretches where only one has moments of the label, so that some can be held out."""
    having = sum(len(video.truth) > 0 for video in videos)
    return videos if having > 1 else [part for video in videos for part in _parts(video)]


def folds_of(videos: Sequence[LabelledVideo], seed: int = 0, most: int = FOLDS) -> list[tuple[list[int], list[int]]]:
    """Which videos are learned from and which held out, by their places, each with moments on both sides; none where
    fewer than two videos have any."""
    having = sorted((i for i, video in enumerate(videos) if len(video.truth)), key=lambda i: videos[i].name)
    count = min(most, len(having))
    if count < 2:
        return []
    place = {i: number % count for number, i in enumerate(having)}
    others = [i for i in range(len(videos)) if i not in place]
    spread = np.random.default_rng(seed).permutation(len(others)).tolist()
    place |= {i: at % count for i, at in zip(others, spread, strict=True)}
    every = range(len(videos))
    return [([i for i in every if place[i] != fold], [i for i in every if place[i] == fold]) for fold in range(count)]


def _parts(video: LabelledVideo, most: int = FOLDS) -> list[LabelledVideo]:
    """A video in stretches with as many positives each, cut between them."""
    order = video.truth[np.argsort(video.truth[:, 0])] if len(video.truth) else video.truth
    count = min(most, len(order))
    if count < 2:
        return [video]
    groups = np.array_split(np.arange(len(order)), count)
    middles = [(order[a[-1], 1] + order[b[0], 0]) / 2 for a, b in pairwise(groups)]
    cuts = [0, *np.searchsorted(video.edges[1:-1], middles).tolist(), len(video.rows)]
    parts = []
    for number, (low, high) in enumerate(pairwise(cuts)):
        if high > low:
            edges = video.edges[low : high + 1]
            inside = (order[:, 0] < edges[-1]) & (order[:, 1] > edges[0])
            truth = order[inside].clip(edges[0], edges[-1])
            parts.append(
                LabelledVideo(f"{video.name}/{number}", video.rows[low:high], edges, video.known[low:high], truth)
            )
    return parts


def found_in(weights: Weights, video: LabelledVideo) -> tuple[Doubles, Doubles]:
    """The moments (C, 2) of a video and their confidences (C,)."""
    return found_on((weights, logits(weights, video.rows), video))
