"""A label's detector learned from a few examples: from the label's own words on, each example pulls it away from them.

Logistic regression over frozen embeddings, held near the direction of the text: with no example it is the text
(zero-shot), with many it is what they say. How tightly it is held, and whether to leave the text at all, is chosen by
cross-validation over videos, or over stretches where one video has all examples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from studio.models.detection.detector import Weights, candidates, logits, moments, sigmoid
from studio.models.grounding.curve import Doubles, iou
from studio.models.interfaces import Floats

HOLDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)  # how tightly the direction is held to the text's
EVENED = (0.3, 0.85)  # see Weights
SCALE = 20.0  # from a difference of cosines to one of logits
UNKNOWN_SHARE = 0.3  # of what is not positive, what all unlabelled samples weigh; known negatives weigh the rest
LEVELS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)  # shares of all samples below the levels at which moments are cut
MOST = 10_000  # samples of a kind that are looked at
FOLDS = 5
DOUBT = 0.3  # of the average precision of one fold
SLOPE_LEAST = 0.05  # of the calibration: a higher moment is never less likely
AT = (0.3, 0.5, 0.7)  # IoU
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
    """How good a detector was on videos that it was not trained on, 0…1: average precision of its moments (the mean
    over IoU .3, .5, .7) with its standard error over the folds, the mean best IoU of the true ones, and what its
    training minimises, of single samples; and in how many folds."""

    ap: float
    tiou: float
    loss: float
    folds: int
    error: float = 0.0


@dataclass(frozen=True)
class Learned:
    """`step` is "text" where the examples did not beat the label's words, whose own measure is `by_text`; `measured` is
    None where there are too few examples to measure anything."""

    weights: Weights
    step: str
    measured: Measured | None
    by_text: Measured | None


def learn(text: Floats, videos: Sequence[LabelledVideo], seed: int = 0) -> Learned:
    """The detector of what a unit vector (D,) says, after the labelled videos, of which there is at least one."""
    centre = np.mean([video.rows.mean(0) for video in videos], axis=0).astype(np.float32)
    folds = _folds(videos, seed)
    if len(folds) < 2:
        return Learned(fit(text, centre, videos, None, seed), "text", None, None)
    fits = {hold: [fit(text, centre, train, hold, seed) for train, _ in folds] for hold in (None, *HOLDS)}
    held = {
        (hold, evened): [
            (levelled(replace(weights, evened=evened), train), test)
            for weights, (train, test) in zip(made, folds, strict=True)
        ]
        for hold, made in fits.items()
        for evened in EVENED
    }
    measured = {option: measure(tried) for option, tried in held.items()}
    by_text = _simplest({option: measured[option] for option in measured if option[0] is None})
    best = _simplest({option: measured[option] for option in measured if option[0] is not None})
    # with a handful of moments both may find all of them; then the samples say which is better
    gains = measured[best].ap - measured[by_text].ap, measured[by_text].loss - measured[best].loss
    hold, evened = chosen = best if gains > (0, 0) else by_text
    weights = levelled(replace(fit(text, centre, videos, hold, seed), evened=evened), videos)
    weights = replace(weights, calibration=calibrated(held[chosen]))
    return Learned(weights, "text" if hold is None else "classifier", measured[chosen], measured[by_text])


def _simplest(measured: Mapping[tuple[float | None, float], Measured]) -> tuple[float | None, float]:
    """The option that is held closest to the words, and evened most, of those within one standard error of the best
    (Breiman et al. 1984): the best itself is often so by chance. Of a few folds the error says little, and is taken to
    be no less than DOUBT for one."""
    best = max(measured.values(), key=lambda each: each.ap)
    error = max(best.error, DOUBT / best.folds**0.5)
    good = [option for option, each in measured.items() if each.ap >= best.ap - error]
    return max(good, key=lambda option: (option[0] or 0.0, option[1]))


def _folds(videos: Sequence[LabelledVideo], seed: int) -> list[tuple[list[LabelledVideo], list[LabelledVideo]]]:
    """Training and held-out videos, each fold with positives on both sides; parts of one video where only one has
    positives; none where only one moment is known."""
    having = [video for video in videos if len(video.truth)]
    if len(having) < 2:
        videos = [part for video in videos for part in _parts(video)]
        having = [video for video in videos if len(video.truth)]
    count = min(FOLDS, len(having))
    if count < 2:
        return []
    rng = np.random.default_rng(seed)
    place = {id(video): i % count for i, video in enumerate(sorted(having, key=lambda v: v.name))}
    others = [video for video in videos if id(video) not in place]
    place |= {id(video): int(i) % count for video, i in zip(others, rng.permutation(len(others)), strict=True)}
    return [
        ([v for v in videos if place[id(v)] != fold], [v for v in videos if place[id(v)] == fold])
        for fold in range(count)
    ]


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


def fit(text: Floats, centre: Floats, videos: Sequence[LabelledVideo], hold: float | None, seed: int = 0) -> Weights:
    """The direction that `hold` keeps near the text's, with the threshold that parts what is known best; the text's own
    where it is None."""
    import torch
    from torch.nn.functional import softplus

    rng = np.random.default_rng(seed)
    rows = {kind: _samples(videos, kind, centre, rng) for kind in (POSITIVE, NEGATIVE, UNKNOWN)}
    direction, bias = np.asarray(text, np.float32), 0.0
    wrong = [
        (rows[kind], share)
        for kind, share in ((NEGATIVE, 1 - UNKNOWN_SHARE), (UNKNOWN, UNKNOWN_SHARE))
        if len(rows[kind])
    ]
    if len(rows[POSITIVE]) and wrong:
        whole = sum(share for _, share in wrong)
        start, right = torch.from_numpy(direction), torch.from_numpy(rows[POSITIVE])
        others = [(torch.from_numpy(each), share / whole) for each, share in wrong]
        moments_there = sum(len(video.truth) for video in videos)
        delta, threshold = torch.zeros(len(start), requires_grad=hold is not None), torch.zeros(1, requires_grad=True)
        learned = [threshold] if hold is None else [delta, threshold]
        optimizer = torch.optim.LBFGS(learned, max_iter=40, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            by = SCALE * (start + delta)
            loss = softplus(-(right @ by + threshold)).mean()
            for each, share in others:
                loss = loss + share * softplus(each @ by + threshold).mean()
            loss = moments_there * loss + 0.5 * (hold or 0.0) * SCALE**2 * delta.square().sum()
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        direction = (start + delta).detach().numpy().astype(np.float32)
        bias = float(threshold.detach())
    return levelled(Weights(direction, centre, SCALE, bias, ()), videos)


def levelled(weights: Weights, videos: Sequence[LabelledVideo]) -> Weights:
    """With the levels at which moments are cut, by how high the curve is in these videos."""
    every = np.concatenate([logits(weights, video.rows) for video in videos])
    return replace(weights, levels=tuple(np.unique(np.quantile(every, LEVELS)).tolist()))


def _samples(
    videos: Sequence[LabelledVideo], kind: int, centre: Floats, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Samples (S, D) of a kind around the centre, at most MOST."""
    found = np.concatenate([video.rows[video.known == kind] for video in videos])
    if len(found) > MOST:
        found = found[rng.choice(len(found), MOST, replace=False)]
    return np.ascontiguousarray(found - centre, np.float32)


def found_in(weights: Weights, video: LabelledVideo) -> tuple[Doubles, Doubles]:
    """The moments (C, 2) of a video and their confidences (C,)."""
    made = moments(weights, video.edges, logits(weights, video.rows), 200)
    return np.array([m[:2] for m in made]).reshape(-1, 2), np.array([m[2] for m in made])


def measure(held: Sequence[tuple[Weights, list[LabelledVideo]]]) -> Measured:
    """How good detectors are on the videos that each was held from, over all of these together."""
    answers = [(found_in(weights, video), video) for weights, test in held for video in test]
    ap = float(np.mean([average_precision(answers, at) for at in AT]))
    best = [
        float(iou((start, end, 0.0), bounds).max()) if len(bounds) else 0.0
        for (bounds, _), video in answers
        for start, end in video.truth
    ]
    tiou = float(np.mean(best)) if best else 0.0
    each = [
        np.mean([average_precision([(found_in(weights, video), video) for video in test], at) for at in AT])
        for weights, test in held
    ]
    error = float(np.std(each) / np.sqrt(len(each)))
    return Measured(round(ap, 4), round(tiou, 4), round(_loss(held), 4), len(held), error)


def _loss(held: Sequence[tuple[Weights, list[LabelledVideo]]]) -> float:
    """What `fit` minimises, of held-out samples: the mean of the folds."""
    found = []
    for weights, test in held:
        values = np.concatenate([logits(weights, video.rows) for video in test])
        known = np.concatenate([video.known for video in test])
        parts = [
            (known == POSITIVE, 1.0, 1),
            (known == NEGATIVE, 1 - UNKNOWN_SHARE, -1),
            (known == UNKNOWN, UNKNOWN_SHARE, -1),
        ]
        losses = [
            share * float(np.logaddexp(0, -sign * values[which]).mean()) for which, share, sign in parts if which.any()
        ]
        found.append(sum(losses))
    return float(np.mean(found))


def average_precision(answers: Sequence[tuple[tuple[Doubles, Doubles], LabelledVideo]], at: float) -> float:
    """Interpolated average precision at an IoU over videos together, as ActivityNet's: by falling confidence, each true
    moment is found once. Where a person said nothing, nothing is wrong, unless nobody said anything of any negative."""
    strict = not any((video.known == NEGATIVE).any() for _, video in answers)
    ranked = sorted(
        ((score, k, i) for k, ((_, scores), _) in enumerate(answers) for i, score in enumerate(scores)), reverse=True
    )
    taken: set[tuple[int, int]] = set()
    right: list[bool] = []
    for _, k, i in ranked:
        (bounds, _), video = answers[k]
        shares = iou((*bounds[i], 0.0), video.truth) if len(video.truth) else np.zeros(0)
        free = [j for j in np.argsort(-shares) if shares[j] >= at and (k, int(j)) not in taken]
        if free:
            taken.add((k, int(free[0])))
            right.append(True)
        elif strict or _is_known(video, bounds[i]):
            right.append(False)
    total = sum(len(video.truth) for _, video in answers)
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1) if right else np.zeros(0)
    envelope = np.maximum.accumulate(precision[::-1])[::-1] if len(precision) else precision
    return float(envelope[np.asarray(right, bool)].sum() / total) if total and len(right) else 0.0


def _is_known(video: LabelledVideo, span: npt.NDArray[np.float64]) -> bool:
    """Whether a person said what most of a stretch is."""
    inside = (video.edges[:-1] < span[1]) & (video.edges[1:] > span[0])
    return bool((video.known[inside] != UNKNOWN).mean() >= 0.5) if inside.any() else False


def calibrated(held: Sequence[tuple[Weights, list[LabelledVideo]]]) -> tuple[float, float]:
    """Slope and offset that make the mean logits of held-out moments the chance that they are right at IoU .5, by
    Platt's method, with his priors, since examples are few."""
    odds, hits = [], []
    for weights, test in held:
        for video in test:
            spans, values = candidates(weights, logits(weights, video.rows))
            for (i, j), value in zip(spans, values, strict=True):
                span = np.array([video.edges[i], video.edges[j]])
                share = float(iou((*span, 0.0), video.truth).max()) if len(video.truth) else 0.0
                if share >= 0.5 or _is_known(video, span):
                    odds.append(value)
                    hits.append(share >= 0.5)
    x, y = np.array(odds), np.array(hits, np.float64)
    good, bad = y.sum(), len(y) - y.sum()
    if good < 1 or bad < 1:
        return 1.0, 0.0
    wanted = np.where(y > 0, (good + 1) / (good + 2), 1 / (bad + 2))
    middle = float(x.mean())
    slope, offset = 1.0, 0.0
    for _ in range(100):  # damped Newton on two numbers; the slope is held near 1, since few examples are easily parted
        p = sigmoid(slope * (x - middle) + offset)
        w = np.maximum(p * (1 - p), 1e-4)
        gradient = np.array([((p - wanted) * (x - middle)).sum() + (slope - 1), (p - wanted).sum()])
        cross = (w * (x - middle)).sum()
        hessian = np.array([[(w * (x - middle) ** 2).sum() + 1, cross], [cross, w.sum()]])
        step = np.clip(np.linalg.solve(hessian, gradient), -1, 1)
        slope, offset = max(SLOPE_LEAST, slope - float(step[0])), offset - float(step[1])
        if np.abs(step).max() < 1e-6:
            break
    return slope, offset - slope * middle
