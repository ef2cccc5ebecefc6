"""How good a label's detector is after so many examples, measured on what it was not learned from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from studio.models.detection.learning import apart, folds_of, found_by, learn
from studio.models.detection.measuring import AT, POSITIVE, UNKNOWN, LabelledVideo, average_precision
from studio.models.interfaces import Floats

COUNTS = (0, 1, 3, 5, 10, 20, 50)
REPEATS = 3


@dataclass(frozen=True)
class LearningCurve:
    """Average precision, 0…1, by how many moments were learned from (0: the words alone) and by IoU; over how many
    folds and repeats."""

    precision: dict[int, dict[float, float]]
    folds: int
    repeats: int


def learning_curve(
    text: Floats,
    videos: Sequence[LabelledVideo],
    counts: Sequence[int] = COUNTS,
    seed: int = 0,
    progress: Callable[[float], object] = lambda _: None,
    with_head: bool = True,
) -> LearningCurve:
    """By cross-validation over the videos, or over stretches where one has all moments: of each fold's training videos
    so many moments are taken by chance, and nothing is said of the others; the held-out ones of all folds are measured
    together. `with_head`: a temporal head is tried, too, from as many moments on as `learn` tries one; that takes most
    of the time. Counts of which a fold has too few are left out, all where only one moment is known."""
    videos = apart(videos)
    folds = folds_of(videos, seed)
    fewest = min((sum(len(videos[i].truth) for i in train) for train, _ in folds), default=0)
    fitting = [count for count in counts if count <= fewest] if folds else []
    rng, found = np.random.default_rng(seed), {count: list[dict[float, float]]() for count in fitting}
    done, total = 0, REPEATS * len(fitting) * len(folds)
    for _ in range(REPEATS):
        orders = [_shuffled([(i, k) for i in train for k in range(len(videos[i].truth))], rng) for train, _ in folds]
        for count in fitting:
            answers = []
            for (train, test), order in zip(folds, orders, strict=True):
                known = [_with(videos[i], [k for j, k in order[:count] if j == i]) for i in train]
                learned = learn(text, known, seed, partial(_told, progress, done, total), with_head)
                answers += [(found_by(learned, videos[i]), videos[i]) for i in test]
                done += 1
            found[count].append({at: average_precision(answers, at) for at in AT})
    means = {n: {at: float(np.mean([each[at] for each in every])) for at in AT} for n, every in found.items()}
    return LearningCurve(means, len(folds), REPEATS)


def _told(progress: Callable[[float], object], done: int, total: int, part: float) -> None:
    """Of so many detectors in all so many are learned, and a part of the next one."""
    progress((done + part) / total)


def _shuffled(moments: list[tuple[int, int]], rng: np.random.Generator) -> list[tuple[int, int]]:
    return [moments[int(i)] for i in rng.permutation(len(moments))]


def _with(video: LabelledVideo, chosen: list[int]) -> LabelledVideo:
    """A video of which only these of its moments are known."""
    known = np.where(video.known == POSITIVE, np.int8(UNKNOWN), video.known)
    for start, end in video.truth[chosen]:
        known[(video.known == POSITIVE) & (video.edges[1:] > start) & (video.edges[:-1] < end)] = POSITIVE
    return replace(video, known=known, truth=video.truth[chosen])
