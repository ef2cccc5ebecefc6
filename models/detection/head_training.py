"""A temporal head trained on what people said of a label, and whether it beats the linear detector."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import softplus

from studio.models.detection.detector import Weights
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
    calibration,
    heights_on,
    logistic,
    mean_precision,
    measure,
)
from studio.models.detection.temporal_head import (
    CELLS,
    FARTHEST,
    NEAREST,
    PHASES,
    REACH,
    Pieces,
    TemporalHead,
    forward,
    nearest,
    shapes,
)
from studio.models.grounding.curve import Doubles
from studio.models.interfaces import Floats

AXES = 24  # of the library, along which it is read
WIDTH = 32
STEPS, WINDOWS, WINDOW = 80, 32, 32  # cells of a window, not counting those that are only seen with them
RATE, DECAY, DROPPED = 4e-3, 0.05, 0.1
BETAS = 0.9, 0.99
# Else a few examples are told by what only they show: of the axes, and of the phases, what a window goes without.
HIDDEN, PHASES_HIDDEN = 0.85, 0.3
SNAP = 0.3  # of a usual moment: as far off a change of the picture a boundary is put on it
UNKNOWN_SHARE = 0.3  # as in `learning`
IGNORED = -2  # beside POSITIVE, NEGATIVE and UNKNOWN: in no moment, and not known to be in none


Example = tuple[LabelledVideo, Pieces]
Answer = tuple[Found, Curved]  # moments with their heights, and where they were found


def better_head(
    folds: Sequence[tuple[Sequence[Example], Sequence[Example]]],
    directions: Sequence[Doubles],
    centre: Floats,
    axes: Floats,
    discriminant: Callable[[Doubles], Doubles],
    held: Sequence[Curved],
    seed: int,
    progress: Callable[[float], object],
) -> tuple[TemporalHead | None, Measured | None]:
    """A head trained on all videos, where one trained on what each fold learns from finds more in what it holds out,
    in all folds together and in most of them, than the linear detector does, whose curves of all held-out videos are
    `held`, in order. `directions` are those of the folds, and of all. Of each fold it is also asked which is better in
    the other folds, so that what is measured has no part in the choice; None where the linear one is everywhere. Other
    arguments are those of `train`."""
    linear: list[list[Answer]] = []
    heads: list[list[Answer]] = []
    waiting = iter([(heights_on(each), each) for each in held])
    parts = len(folds) + 1

    def trained(examples: Sequence[Example], number: int) -> TemporalHead:
        videos, pieces = zip(*examples, strict=True)
        told = lambda done: progress((number + done) / parts)  # noqa: E731
        return train(videos, directions[number], centre, axes, pieces, discriminant, seed, told)

    for number, (learned, test) in enumerate(folds):
        head = trained(learned, number)
        linear.append([next(waiting) for _ in test])
        heads.append([_answer(head, *each, curved[0]) for each, (_, curved) in zip(test, linear[-1], strict=True)])

    def gain(among: Sequence[int]) -> float:
        by_heads, by_linear = (
            mean_precision([(found, at) for i in among for found, (_, _, at) in of[i]]) for of in (heads, linear)
        )
        return by_heads - by_linear

    every = range(len(folds))
    gains = [gain([i]) for i in every]

    def best(among: Sequence[int]) -> list[list[Answer]]:
        in_most = sum(gains[i] > 0 for i in among) > len(among) / 2
        return heads if in_most and gain(among) > 0 else linear

    chosen = [best([i for i in every if i != fold]) for fold in every]
    measured = None if all(each is linear for each in chosen) else _measured(chosen)
    if best(every) is linear:
        return None, measured
    head = trained([each for _, test in folds for each in test], len(folds))
    return replace(head, calibration=calibration([(f, at) for part in heads for f, (_, _, at) in part])), measured


def _answer(head: TemporalHead, video: LabelledVideo, pieces: Pieces, weights: Weights) -> Answer:
    found = as_found(head.highest(video.edges, video.rows, pieces, MOST_FOUND))
    return found, (weights, head.curve(video.edges, video.rows, pieces), video)


def _measured(chosen: Sequence[list[list[Answer]]]) -> Measured:
    """What was chosen for each fold, measured on it; heights of both kinds are made comparable by what they mean in the
    other folds."""
    curves, found = [], []
    for fold, of in enumerate(chosen):
        others = [(f, at) for i, part in enumerate(of) if i != fold for f, (_, _, at) in part]
        slope, offset = calibration(others)
        for (bounds, heights), (weights, curve, video) in of[fold]:
            found.append((bounds, slope * heights + offset))
            curves.append((weights, slope * curve + offset, video))
    return measure(curves, len(chosen), found)


@dataclass(frozen=True)
class _Cells:
    """The cells (T,) of all videos in a row, with REACH empty ones between them: what they show (T, F), what is known
    of them, the number of the moment that each is in, or −1, and how far off its start and its end are (T, 2), in
    lengths of the examples."""

    shown: Floats
    kind: npt.NDArray[np.int64]
    moment: npt.NDArray[np.int64]
    far: Floats


def train(
    videos: Sequence[LabelledVideo],
    direction: Doubles,
    centre: Floats,
    axes: Floats,
    parts: Sequence[Pieces],
    discriminant: Callable[[Doubles], Doubles],
    seed: int = 0,
    progress: Callable[[float], object] = lambda done: None,
) -> TemporalHead:
    """A head for labelled videos, of which at least one has a moment: of the linear detector's `direction` (D,) around
    `centre` (D,), of the `axes` (D, K) of the library, and of the `discriminant` (D,) that it makes of a mean (D,).
    `parts` has the pieces of each video. `progress` is told which share of the work is done, and may end it by an
    exception. The same seed makes the same."""
    lengths = np.concatenate([np.maximum(np.diff(video.truth)[:, 0], 1e-3) for video in videos])
    length = float(np.exp(np.log(lengths).mean()))
    phases = _phases(videos, centre, discriminant)
    projection = np.concatenate([axes, phases, direction[:, None]], 1).astype(np.float32)
    nothing = np.zeros(0, np.float32)
    snap = _snap(videos, parts, length)
    head = TemporalHead(projection, centre.astype(np.float32), nothing, nothing, length / CELLS, length, snap, {})
    head, cells = _cells(head, videos, parts)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # steps are so small that two cores wait for each other longer than they work
    try:
        return replace(head, network=_fitted(cells, axes.shape[1], seed, progress))
    finally:
        torch.set_num_threads(threads)


def _phases(
    videos: Sequence[LabelledVideo], centre: Floats, discriminant: Callable[[Doubles], Doubles]
) -> npt.NDArray[np.float64]:
    """What moments show before, in their halves, and after, as directions (D, PHASES)."""
    shown: list[list[Floats]] = [[] for _ in PHASES]
    for video in videos:
        middles = (video.edges[1:] + video.edges[:-1]) / 2
        for start, end in video.truth:
            for part, begin in zip(shown, PHASES, strict=True):
                first, after = start + begin * (end - start), start + (begin + 0.5) * (end - start)
                at = np.clip(np.searchsorted(middles, [first, after]), 0, len(middles))
                if at[0] < at[1]:
                    part.append(video.rows[at[0] : at[1]].mean(0) - centre)
    means = [np.mean(part, axis=0) if part else np.zeros_like(centre) for part in shown]
    return np.stack([discriminant(mean.astype(np.float64)) for mean in means], 1)


def _snap(videos: Sequence[LabelledVideo], parts: Sequence[Pieces], length: float) -> tuple[float, float]:
    """How far starts and ends are moved to a change of the picture, in s: not at all, unless most of the examples have
    theirs within a sample of one."""
    off: list[npt.NDArray[np.bool_]] = []
    for video, pieces in zip(videos, parts, strict=True):
        changes = video.edges[[0, *(end for _, end in pieces)]]
        spacing = max(float(np.median(np.diff(video.edges))), length / CELLS)
        off.append(np.stack([np.abs(nearest(changes, at) - at) <= spacing for at in video.truth.T]))
    start, end = (SNAP * length * (np.mean(side) > 0.5) for side in np.concatenate(off, 1))
    return float(start), float(end)


def _cells(head: TemporalHead, videos: Sequence[LabelledVideo], parts: Sequence[Pieces]) -> tuple[TemporalHead, _Cells]:
    """Also the head with the mean and the deviation of what the videos show."""
    read = [head.signals(v.edges, v.rows, of) for v, of in zip(videos, parts, strict=True)]
    every = np.concatenate([signals for signals, _, _ in read])
    head = replace(head, mean=every.mean(0), deviation=every.std(0) + 1e-6)
    gap = _Cells(
        np.zeros((REACH, every.shape[1] + 1), np.float32),
        np.full(REACH, IGNORED), np.full(REACH, -1), np.zeros((REACH, 2), np.float32),
    )  # fmt: skip
    made, count = [gap], 0
    for (signals, borders, first), video in zip(read, videos, strict=True):
        made += [_marked(head, head.normed(signals), borders, np.maximum.reduceat(video.known, first), video, count)]
        made += [gap]
        count += len(video.truth)
    made += [gap] * (WINDOW // REACH + 1)
    columns = ("shown", "kind", "moment", "far")
    return head, _Cells(*(np.concatenate([getattr(each, column) for each in made]) for column in columns))


def _marked(
    head: TemporalHead, shown: Floats, borders: Doubles, known: npt.NDArray[np.int8], video: LabelledVideo, count: int
) -> _Cells:
    """The cells of a video, whose moments have numbers from `count` on. Where moments lie over each other, a cell is
    one of the shortest."""
    middles = (borders[1:] + borders[:-1]) / 2
    kind = np.where(known == POSITIVE, IGNORED, known).astype(np.int64)
    moment, far = np.full(len(kind), -1), np.zeros((len(kind), 2), np.float32)
    for number in np.argsort(-np.diff(video.truth)[:, 0], kind="stable"):
        start, end = video.truth[number]
        inside = (middles >= start) & (middles < end)
        if not inside.any():
            inside[np.argmin(np.abs(middles - (start + end) / 2))] = True
        kind[inside], moment[inside] = POSITIVE, count + number
        off = np.stack([middles[inside] - start, end - middles[inside]], 1)
        far[inside] = np.maximum(off / head.length_s, np.exp(NEAREST))
    return _Cells(shown, kind, moment, far)


def _fitted(cells: _Cells, axes: int, seed: int, progress: Callable[[float], object]) -> dict[str, Floats]:
    rng, chance = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    network = _begun(cells, axes + len(PHASES), rng)
    descent = _Descent(list(network.values()))
    moments = [np.flatnonzero(cells.moment == number) for number in np.unique(cells.moment[cells.moment >= 0])]
    others = {kind: np.flatnonzero(cells.kind == kind) for kind in (NEGATIVE, UNKNOWN)}
    shares = _shares(*map(len, others.values()))
    sizes = np.bincount(cells.moment[cells.moment >= 0], minlength=1)
    much = torch.from_numpy(np.where(cells.moment >= 0, 1 / np.sqrt(np.maximum(sizes, 1))[cells.moment], 0)).float()
    shown, kinds, far = torch.from_numpy(cells.shown), torch.from_numpy(cells.kind), torch.from_numpy(cells.far)

    def kept(less: float, shape: torch.Size | tuple[int, ...]) -> torch.Tensor:
        return (torch.rand(shape, generator=chance) >= less) / (1 - less)

    for step in range(STEPS):
        progress(step / STEPS)
        around = torch.from_numpy(_windows(moments, others, shares, len(cells.kind), rng))
        seen = shown[around]
        seen[..., :axes] *= kept(HIDDEN, (len(seen), 1, axes))
        seen[..., axes : axes + len(PHASES)] *= kept(PHASES_HIDDEN, (len(seen), 1, len(PHASES)))
        made = forward(network, seen, lambda x: x * kept(DROPPED, x.shape))
        at = around[:, REACH:-REACH]
        loss = _loss(made, kinds[at], far[at], much[at], shares)
        descent.step(loss, RATE * np.sin(np.pi * (step + 1) / (STEPS + 1)))
    return {key: array.detach().numpy() for key, array in network.items()}


class _Descent:
    """AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101), gradients no longer than 1. That of torch.optim imports
    compilers for seconds, which is as long as all of the training."""

    def __init__(self, parameters: Sequence[torch.Tensor]) -> None:
        self._count = 0
        self._each = [(p, torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]

    def step(self, loss: torch.Tensor, rate: float) -> None:
        self._count += 1
        slopes = torch.autograd.grad(loss, [p for p, _, _ in self._each])
        norm = float(torch.sqrt(sum((each.square().sum() for each in slopes), torch.zeros(()))))
        with torch.no_grad():
            for (p, mean, square), slope in zip(self._each, slopes, strict=True):
                slope = slope / max(norm, 1.0)
                mean.lerp_(slope, 1 - BETAS[0])
                square.lerp_(slope.square(), 1 - BETAS[1])
                size = (square / (1 - BETAS[1] ** self._count)).sqrt() + 1e-8
                p.mul_(1 - rate * DECAY).sub_(rate / (1 - BETAS[0] ** self._count) * mean / size)


def _begun(cells: _Cells, linear: int, rng: np.random.Generator) -> dict[str, torch.Tensor]:
    """A network that says of every cell what the linear detector does, and no more."""
    weight = np.zeros(len(cells.kind))
    counts = {kind: int((cells.kind == kind).sum()) for kind in (POSITIVE, NEGATIVE, UNKNOWN)}
    for kind, share in {POSITIVE: 1.0, **_shares(counts[NEGATIVE], counts[UNKNOWN])}.items():
        weight[cells.kind == kind] = share / max(1, counts[kind])
    shows, many = (cells.kind == POSITIVE).astype(np.float64), cells.moment.max() + 1
    slope, offset = logistic(cells.shown[:, linear].astype(np.float64), shows, many * weight)
    network = {}
    for key, shape in shapes(cells.shown.shape[1], WIDTH).items():
        spread = 0.0 if key.endswith("bias") else 0.01 if key == "out.weight" else np.sqrt(2 / np.prod(shape[:-1]))
        network[key] = rng.normal(0, spread, shape)
    network["linear"][:] = 0
    network["linear"][linear, 0] = slope
    network["out.bias"][:] = offset, -np.log(2), -np.log(2)
    return {key: torch.tensor(array, dtype=torch.float32, requires_grad=True) for key, array in network.items()}


def _shares(negative: int, unknown: int) -> dict[int, float]:
    """What so many cells of each kind weigh together: unknown ones as in `learning`, but each at most that share of a
    negative one, since few that nobody looked at may all be moments."""
    most = (1 - UNKNOWN_SHARE) * unknown / negative if negative else 1.0
    return {NEGATIVE: 1 - UNKNOWN_SHARE, UNKNOWN: UNKNOWN_SHARE * min(1.0, most)}


def _windows(
    moments: Sequence[npt.NDArray[np.intp]],
    others: dict[int, npt.NDArray[np.intp]],
    shares: dict[int, float],
    count: int,
    rng: np.random.Generator,
) -> npt.NDArray[np.intp]:
    """Which cells (WINDOWS, WINDOW + 2 · REACH) to look at: half of the windows lie about a moment."""
    chosen = [int(rng.choice(moments[int(which)])) for which in rng.integers(len(moments), size=WINDOWS // 2)]
    kinds = [kind for kind, at in others.items() if len(at)]
    weights = np.array([shares[kind] for kind in kinds])
    while len(chosen) < WINDOWS:
        about = others[kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]] if kinds else np.arange(count)
        chosen.append(int(rng.choice(about)))
    first = np.clip(np.array(chosen) - rng.integers(0, WINDOW, WINDOWS), REACH, count - WINDOW - REACH)
    result: npt.NDArray[np.intp] = first[:, None] + np.arange(-REACH, WINDOW + REACH)
    return result


def _loss(
    made: torch.Tensor, kind: torch.Tensor, far: torch.Tensor, much: torch.Tensor, shares: Mapping[int, float]
) -> torch.Tensor:
    """Moments weigh 1 and other kinds of cells these `shares`, however many there are; in moments also 1 − IoU counts.
    What is told and what is true both have the cell, so this is the generalized IoU (Rezatofighi et al. 2019,
    arXiv 1902.09630)."""
    logits, total = made[..., 0], made.new_zeros(())
    shows = kind == POSITIVE
    if shows.any():
        weight = much[shows] / much[shows].sum()
        told = made[..., 1:][shows].clip(NEAREST, FARTHEST).exp()
        shared, whole = torch.minimum(told, far[shows]).sum(1), torch.maximum(told, far[shows]).sum(1)
        total = total + (weight * (softplus(-logits[shows]) + 1 - shared / whole)).sum()
    for which, share in shares.items():
        if (kind == which).any():
            total = total + share * softplus(logits[kind == which]).mean()
    return total
