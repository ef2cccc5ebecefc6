"""A label's detector learned from a few examples: from the label's own words on, each example pulls it away from them.

The words give one direction in the space of the frames' vectors. The examples give another: Gaussian discriminant
analysis with the covariance of the library, which needs no negatives and has a closed form (Wang et al. 2024, "A
Hard-to-Beat Baseline for Training-free CLIP-based Adaptation", arXiv 2402.04087). How much each counts says the linear
discriminant of the two (Fisher 1936): by how far examples that neither was learned from stand above the library along
it. The words are learned from none; of the examples' direction each video, or stretch where one video has all examples,
is judged by what the others say. Where the blend does not beat the words in videos that it was not learned from, it is
they. Of many examples a temporal head (`head_training`) may learn what single samples do not show; it is measured on
the same videos, and takes the place of the direction where it beats it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from studio.models.detection.detector import Weights, evened, logits, pieces
from studio.models.detection.measuring import (
    MOST_FOUND,
    NEGATIVE,
    POSITIVE,
    UNKNOWN,
    Curved,
    Found,
    LabelledVideo,
    Measured,
    as_found,
    calibrated,
    found_on,
    logistic,
    mean_precision,
    measure,
)
from studio.models.detection.temporal_head import TemporalHead
from studio.models.grounding.curve import Doubles, iou
from studio.models.interfaces import Floats

RIDGE = 10.0  # of the covariance, times its mean eigenvalue
REJECTED = 0.15  # how far the mean of what people rejected is taken off that of the examples
USUAL = (
    3.0  # standard deviations that examples stand above the library along what one other says; counts as one of them
)
ALIKE = 0.9  # most correlation of the two directions that is believed
TOLERANCE = 0.05  # of average precision: how far below the words a blend may be and still count
EVENED = (0.3, 0.85)  # see Weights
WHOLE = 0.5  # mean IoU of moments with stretches without a change, above which they are taken for such stretches
UNMEASURED = (1.0, -1.2)  # calibration where nothing can be held out: about right on reels of photos and on real events
SURE = 0.35  # least standard deviation of the logarithm of lengths that examples may claim
UNKNOWN_SHARE = 0.3  # of what is not positive, what all unlabelled samples weigh; known negatives weigh the rest
# shares of all samples below the levels at which moments are cut
LEVELS = (0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99)
MOST = 10_000  # samples that a covariance is taken of
FOLDS = 5
HEAD_FROM = 10  # moments; of fewer a temporal head is not tried, to save time
LINEAR = 0.3  # of the work, where a head is tried


Answer = tuple[Curved, Found]


@dataclass(frozen=True)
class Learned:
    """`step` is "text" where the examples did not beat the label's words, whose own measure is `by_text`, "head" where
    the temporal `head` beat the linear `weights`, and else "classifier"; both measures are None where there is one
    example, so that nothing is left to measure what it says. `held` has each held-out video, and what was found there
    by what the other folds say, but for a head."""

    weights: Weights
    step: str
    measured: Measured | None
    by_text: Measured | None
    held: Sequence[Answer] = ()
    head: TemporalHead | None = None


@dataclass(frozen=True)
class _Prepared:
    """A labelled video with what does not change while something is learned: its samples around the library's mean
    (N, D), the means (K, D) of its moments and (D,) of what was rejected."""

    video: LabelledVideo
    around: Floats
    shown: Floats
    rejected: Floats | None

    @cached_property
    def pieces(self) -> list[tuple[int, int]]:
        """The stretches within which the samples stay alike."""
        return pieces(self.around)


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
        return _Prepared(video, around, means, around[wrong].mean(0) if wrong.any() else None)

    def scaled(self, direction: Doubles) -> Doubles:
        """So that the samples of the library lie one standard deviation from their mean along it."""
        spread = float(np.sqrt(max(direction @ self._covariance @ direction, 0)))
        result: Doubles = direction / max(spread, 1e-9)
        return result

    def blend(self, train: Sequence[_Prepared]) -> Doubles:
        """The direction (D,) of the words and the examples together."""
        having = [each for each in train if len(each.shown)]
        if not having:
            return self.text
        rejected = [each.rejected for each in train if each.rejected is not None]
        wrong = REJECTED * np.mean(rejected, axis=0) if rejected else np.zeros_like(self.centre)
        shown = np.concatenate([each.shown for each in having]).astype(np.float64)
        examples = self.discriminant(shown.mean(0) - wrong)
        alike = min(max(float(self.text @ self._covariance @ examples), -ALIKE), ALIKE)
        by_words, by_examples = float((shown @ self.text).mean()), self._above(having, wrong)
        if by_words <= 0 or by_examples <= 0:  # what stands below the library along one says nothing beside the other
            return examples if by_examples > by_words or not self.text.any() else self.text
        shares = np.maximum(np.linalg.solve([[1, alike], [alike, 1]], [by_words, by_examples]), 0)
        return self.scaled(shares[0] * self.text + shares[1] * examples)

    def axes(self, count: int) -> Floats:
        """Its first principal axes (D, K), at most so many."""
        return self._vectors[:, ::-1][:, :count].astype(np.float32)

    def discriminant(self, mean: Doubles) -> Doubles:
        """The discriminant (D,) of what has this mean (D,)."""
        return self.scaled(self._vectors @ ((self._vectors.T @ mean) / self._spread))

    def _above(self, having: Sequence[_Prepared], wrong: Floats) -> float:
        """How far the moments of a video stand above the library along what the other videos' say, on average."""
        heights = [USUAL]
        total, count = sum(each.shown.sum(0, dtype=np.float64) for each in having), sum(len(e.shown) for e in having)
        for each in having if len(having) > 1 else ():
            others = (total - each.shown.sum(0)) / (count - len(each.shown))
            heights += (each.shown @ self.discriminant(others - wrong)).tolist()
        return float(np.mean(heights))

    def weights(self, direction: Doubles, train: Sequence[_Prepared], share: float) -> Weights:
        """With the levels at which moments are cut, by how high the curve is in these videos, and, unless it is the
        words alone, how long their moments are."""
        length = None if direction is self.text else length_of([each.video for each in train])
        made = Weights(direction.astype(np.float32), self.centre, 1.0, 0.0, (), share, length=length)
        every = np.concatenate([_curve(made, each) for each in train])
        return replace(made, levels=tuple(np.unique(np.quantile(every, LEVELS)).tolist()))


def length_of(videos: Sequence[LabelledVideo]) -> tuple[float, float] | None:
    """See Weights; few examples claim little."""
    logs = np.concatenate([np.log(np.maximum(np.diff(video.truth)[:, 0], 1e-3)) for video in videos])
    if not len(logs):
        return None
    return float(logs.mean()), max(SURE, float(np.sqrt((logs.var() * len(logs) + 0.25) / (len(logs) + 1))))


def _evenness(videos: Sequence[_Prepared]) -> float:
    """Where nothing can be held out: whether the moments are stretches without a change, which are even, or parts of
    such stretches, which are not."""
    shares = [
        max(float(iou((*each.video.edges[list(piece)], 0.0), moment[None])[0]) for piece in each.pieces)
        for each in videos
        for moment in each.video.truth
    ]
    return EVENED[0] if shares and np.mean(shares) < WHOLE else EVENED[-1]


def _curve(weights: Weights, each: _Prepared) -> Doubles:
    raw = weights.scale * (each.around @ weights.direction).astype(np.float64) + weights.bias
    return evened(raw, each.pieces, weights.evened)


Fold = tuple[list[_Prepared], list[_Prepared]]  # what is learned from, and what is held out


def learn(
    text: Floats,
    videos: Sequence[LabelledVideo],
    seed: int = 0,
    progress: Callable[[float], object] = lambda done: None,
    with_head: bool = True,
    fold_of: Mapping[str, int] | None = None,
) -> Learned:
    """The detector of what a unit vector (D,) says, after the labelled videos, of which there is at least one.
    `progress` is told which share of the work is done, and may end it by an exception. `with_head`: a temporal head is
    tried, too, where there are moments enough. `fold_of` says which fold holds each video out, by name (else
    `folds_of`)."""
    with_head = with_head and sum(len(video.truth) for video in videos) >= HEAD_FROM
    part = LINEAR if with_head else 1.0
    library = _Library(text, videos := apart(videos) if fold_of is None else videos, seed)
    every, folds = library.prepared, _folds(library, fold_of, seed)
    if len(folds) < 2:
        direction = library.blend(every)
        weights = _in_odds(library.weights(direction, every, _evenness(every)), every)
        weights = replace(weights, calibration=UNMEASURED)
        return Learned(weights, "text" if direction is library.text else "classifier", None, None)
    blends = [library.blend(train) for train, _ in folds]
    share, held, measured = _evened_best(library, folds, blends, lambda done: progress(part * done / 2))
    by_text_share, held_by_text, by_text = _evened_best(
        library, folds, [library.text] * len(folds), lambda done: progress(part * (1 + done) / 2)
    )
    # of few moments the precision says little: a single one found or lost moves it further than this
    is_better = measured.margin > by_text.margin and measured.ap > by_text.ap - TOLERANCE
    if is_better or not library.text.any():
        step, direction = "classifier", library.blend(every)
    else:
        step, direction, share, held, measured = "text", library.text, by_text_share, held_by_text, by_text
    weights = _in_odds(library.weights(direction, every, share), every)
    slope, offset = calibrated([curved for curved, _ in held])
    slope, offset = slope / weights.scale, offset - slope * weights.bias / weights.scale  # of odds, not of deviations
    learned = Learned(replace(weights, calibration=(slope, offset)), step, measured, by_text, held)
    if not with_head:
        return learned
    return _with_head(library, folds, blends, learned, seed, lambda done: progress(part + (1 - part) * done))


def _with_head(
    library: _Library,
    folds: Sequence[Fold],
    blends: Sequence[Doubles],
    learned: Learned,
    seed: int,
    progress: Callable[[float], object],
) -> Learned:
    """With a temporal head, where it beats what was learned on the videos that neither saw."""
    from studio.models.detection.head_training import AXES, better_head  # with torch: few examples go without it

    def cut(part: Sequence[_Prepared]) -> list[tuple[LabelledVideo, list[tuple[int, int]]]]:
        return [(each.video, each.pieces) for each in part]

    parts = [(cut(train), cut(test)) for train, test in folds]
    held = [curved for curved, _ in learned.held]
    directions = [*blends, library.blend(library.prepared)]
    head, measured = better_head(
        parts, directions, library.centre, library.axes(AXES), library.discriminant, held, seed, progress
    )
    step = learned.step if head is None else "head"
    return replace(learned, step=step, head=head, measured=measured or learned.measured)


def margin(text: Floats, videos: Sequence[LabelledVideo], fold_of: Mapping[str, int], seed: int = 0) -> float:
    """By how many standard deviations the moments of held-out videos lie above the other samples along what the other
    folds say: in a small part of the time of `learn`, whether there is something to learn. 0 where no fold can say."""
    library = _Library(text, videos, seed)
    shown, others = [], []
    for train, test in _folds(library, fold_of, seed):
        direction = library.blend(train).astype(np.float32)
        shown += [each.shown @ direction for each in test]
        others += [(each.around @ direction)[each.video.known != POSITIVE] for each in test]
    of_moments, of_others = (np.concatenate(each or [np.zeros(0)]) for each in (shown, others))
    if not len(of_moments) or not len(of_others):
        return 0.0
    return float((of_moments.mean() - of_others.mean()) / max(float(of_others.std()), 1e-12))


def _folds(library: _Library, fold_of: Mapping[str, int] | None, seed: int) -> list[Fold]:
    """The folds in which something is learned."""
    every = library.prepared
    if fold_of is None:
        places = folds_of([each.video for each in every], seed)
        return [([every[i] for i in train], [every[i] for i in test]) for train, test in places]
    parts = [
        ([each for each in every if fold_of[each.video.name] != fold],
         [each for each in every if fold_of[each.video.name] == fold])
        for fold in range(max(fold_of.values(), default=-1) + 1)
    ]  # fmt: skip
    return [(train, test) for train, test in parts if test and any(len(each.shown) for each in train)]


def _evened_best(
    library: _Library, folds: Sequence[Fold], directions: Sequence[Doubles], progress: Callable[[float], object]
) -> tuple[float, list[Answer], Measured]:
    """How much curves are best evened out, and each held-out video under what its fold learned, evened out as is best
    in the other folds, and measured: what is measured has no part in any choice."""
    answers: dict[float, list[list[Answer]]] = {}
    for number, share in enumerate(EVENED):
        progress(number / len(EVENED))
        held = [_held(library, *each, share) for each in zip(folds, directions, strict=True)]
        answers[share] = [[(curved, found_on(curved)) for curved in part] for part in held]

    def best(among: Sequence[int]) -> float:
        precision = {
            share: mean_precision([(found, video) for i in among for (_, _, video), found in of[i]])
            for share, of in answers.items()
        }
        return max(EVENED, key=lambda share: (precision[share], share))

    every = range(len(folds))
    chosen = [best([i for i in every if i != fold]) for fold in every]
    outside = [each for fold in every for each in answers[chosen[fold]][fold]]
    return best(every), outside, measure([curved for curved, _ in outside], len(folds), [found for _, found in outside])


def _held(library: _Library, fold: Fold, direction: Doubles, share: float) -> list[Curved]:
    """The held-out videos of a fold under what it learned."""
    train, test = fold
    weights = library.weights(direction, train, share)
    return [(weights, _curve(weights, each), each.video) for each in test]


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
    """A video in stretches with about as many positives each, cut between them: no moment lies on both sides."""
    order = video.truth[np.argsort(video.truth[:, 0])] if len(video.truth) else video.truth
    reached = np.maximum.accumulate(order[:, 1])
    begins = [0, *(np.flatnonzero(order[1:, 0] >= reached[:-1]) + 1).tolist()] if len(order) else []
    count = min(most, len(begins))
    if count < 2:
        return [video]
    firsts = [int(group[0]) for group in np.array_split(np.array(begins), count)]
    middles = [(reached[first - 1] + order[first, 0]) / 2 for first in firsts[1:]]
    cuts = [0, *np.searchsorted(video.edges, middles).clip(1, len(video.rows) - 1).tolist(), len(video.rows)]
    parts = []
    for number, (low, high) in enumerate(pairwise(cuts)):
        if high > low:
            edges, known = video.edges[low : high + 1], video.known[low:high]
            truth = order[firsts[number] : [*firsts, len(order)][number + 1]].clip(edges[0], edges[-1])
            parts.append(LabelledVideo(f"{video.name}/{number}", video.rows[low:high], edges, known, truth))
    return parts


def found_by(learned: Learned, video: LabelledVideo) -> Found:
    """The moments (C, 2) of a video that what was learned finds, and their confidences (C,)."""
    head = learned.head
    if head is None:
        return found_in(learned.weights, video)
    return as_found(head.moments(video.edges, video.rows, pieces(video.rows - head.centre), MOST_FOUND))


def found_in(weights: Weights, video: LabelledVideo) -> tuple[Doubles, Doubles]:
    """The moments (C, 2) of a video and their confidences (C,)."""
    return found_on((weights, logits(weights, video.rows), video))
