"""How much of a label is found, and how much is still to be found, from a random sample of instants.

Whoever looks at proposals only cannot know what was not proposed. So a person is shown instants of the library that
nothing but chance chose, and says whether the label is there (instantaneous sampling; Altmann, Observational study of
behavior, 1974). The instants of each video are a Poisson process of its own: those with the lowest marks are a uniform
sample of all videos together, and stay one when a video is added or removed.
"""

import hashlib
import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MICROS = 1_000_000
DRAWS = 5_000
SURE = 0.95  # of the intervals; and the share of all moments that is enough
JEFFREYS = 0.5  # prior of a share: Brown, Cai, DasGupta, Interval estimation for a binomial proportion, 2001
MOST_MORE = 100_000  # instants that nobody will look at

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """`at_us` of a video; by rising `mark` the instants of all videos are a random sample."""

    mark: float
    video: str
    at_us: int


def instants(key: str, durations_us: Mapping[str, int]) -> Iterator[Instant]:
    """The endless sample of a library, in the order to look at it; another `key`, another sample. The videos, by id,
    with their durations."""
    return heapq.merge(*(_of_video(key, video, length) for video, length in durations_us.items() if length > 0))


def _of_video(key: str, video: str, duration_us: int) -> Iterator[Instant]:
    seed = hashlib.sha256(f"{key}\0{video}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(seed[:8], "big"))
    mark = 0.0
    while True:
        mark += float(rng.exponential(MICROS / duration_us))
        yield Instant(mark, video, int(rng.integers(duration_us)))


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known of a label in a library; times in s.

    `outside`: the time that is neither labelled nor looked through, but for what the sample itself had labelled,
    `sampled`. Of the `instants` in it that a person answered, `there` had the label. `labelled`: all that is labelled.
    `proposals` to decide last for `proposed` together; of those proposals that chance chose, `judged` were decided and
    `right` taken. `moment`: how long a moment lasts.
    """

    outside: float
    sampled: float
    instants: int
    there: int
    labelled: float
    proposals: int = 0
    proposed: float = 0.0
    judged: int = 0
    right: int = 0
    moment: float = 0.0


@dataclass(frozen=True, slots=True)
class Share:
    """A share 0…1, with the bounds between which it is with 95 % certainty."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What follows from it; None where nothing was looked at. Where all was, it is known and no estimate.

    `left`: how much of the label is still to be found, in moments (in s where none is labelled). `recall`: the share of
    all its time that is labelled; `with_proposals`: or proposed rightly. `precision`: of the proposals. `enough`: with
    95 % certainty 95 % are labelled; else `more` instants without the label would show that (None: more than anybody
    looks at).
    """

    left: Share | None
    recall: Share | None
    with_proposals: Share | None
    precision: Share | None
    enough: bool
    more: int | None


def estimate(looked: Looked, seed: int = 0) -> Estimate:
    """Bounds are quantiles of what is likely after the answers (Jeffreys' prior of each share)."""
    rng = np.random.default_rng(seed)
    right = _likely(rng, looked.right, looked.judged)
    precision = _share(looked.right / looked.judged, right) if looked.judged else None
    if looked.outside <= looked.sampled:  # nothing is left to draw frames from, and nothing to find
        is_there = looked.labelled > 0
        all_of_it = Share(1.0, 1.0, 1.0) if is_there else None
        return Estimate(Share(0.0, 0.0, 0.0), all_of_it, None, precision, is_there, None)
    if not looked.instants:
        return Estimate(None, None, None, precision, False, _more(looked))
    left = _left(looked, _likely(rng, looked.there, looked.instants))
    best = float(_left(looked, np.array(looked.there / looked.instants)))
    unit = looked.moment or 1.0
    count = Share(best / unit, *_bounds(left / unit))
    recall = with_proposals = None
    if looked.labelled + best > 0:
        recall = _share(looked.labelled / (looked.labelled + best), looked.labelled / (looked.labelled + left))
    if looked.judged and looked.labelled + looked.proposed > 0:
        with_proposals = _share(
            float(_covered(looked, np.array(looked.right / looked.judged), np.array(best))),
            _covered(looked, right, left),
        )
    is_enough = _is_enough(looked, 0)
    return Estimate(count, recall, with_proposals, precision, is_enough, None if is_enough else _more(looked))


def _likely(rng: np.random.Generator, hits: int, count: int) -> NDArray[np.float64]:
    return rng.beta(hits + JEFFREYS, count - hits + JEFFREYS, DRAWS)


def _left(looked: Looked, share: NDArray[np.float64]) -> NDArray[np.float64]:
    """The time (s) that has the label and is not labelled."""
    return np.maximum(0.0, share * looked.outside - looked.sampled)


def _covered(looked: Looked, right: NDArray[np.float64], left: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of the label's time that is labelled or rightly proposed."""
    good = right * looked.proposed
    return (looked.labelled + good) / (looked.labelled + np.maximum(left, good))


def _bounds(values: NDArray[np.float64]) -> Interval:
    tail = (1 - SURE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _share(value: float, likely: NDArray[np.float64]) -> Share:
    """The share itself is never outside its bounds: at 0 and 1 the prior moves them away."""
    low, high = _bounds(likely)
    return Share(value, min(low, value), max(high, value))


def _is_enough(looked: Looked, more: int) -> bool:
    """Whether enough is labelled, after so many more instants without the label."""
    if not looked.labelled or looked.instants + more == 0:
        return False
    likely = _likely(np.random.default_rng(0), looked.there, looked.instants + more)
    most_left = float(np.quantile(_left(looked, likely), SURE))
    return looked.labelled >= SURE * (looked.labelled + most_left)


def _more(looked: Looked) -> int | None:
    if not looked.labelled or not _is_enough(looked, MOST_MORE):
        return None
    low, high = 0, MOST_MORE
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _is_enough(looked, middle) else (middle, high)
    return high
