"""How the time of observations is spent: how often each label comes, how long it lasts, and what follows what.

An observation is what one annotator marked in one row of one video. The measures are those of sequential observation
(Bakeman and Quera, Sequential Analysis and Observational Methods for the Behavioral Sciences, 2011): frequency, rate,
duration, mean bout, proportion of time, and transitions between successive labels.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from studio.timeline import spans

Marked = tuple[str, int, int]  # label, start and end in µs


@dataclass(frozen=True, slots=True)
class Observation:
    """What was marked in `duration_us` of video."""

    duration_us: int
    marked: Sequence[Marked]


@dataclass(frozen=True, slots=True)
class Spent:
    """Of one label: how many times it comes (`count`), how long all of it lasts (`total_us`, overlaps of it counted
    once), how long each time on average (`mean_us`), which share of the observed time that is, and how often it comes
    in a minute of it. Of a point in time the three that are about lengths are None."""

    label: str
    count: int
    total_us: int | None
    mean_us: float | None
    share: float | None
    per_minute: float


def budget(observations: Iterable[Observation], points: Collection[str] = ()) -> list[Spent]:
    """A row for each label, those that last longest first, points last. `points` are labels of points in time."""
    seen = list(observations)
    observed = sum(each.duration_us for each in seen)
    counts = Counter(label for each in seen for label, _, _ in each.marked)
    lengths: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for each in seen:
        for label, start, end in each.marked:
            lengths[label] += end - start
        for label in {label for label, _, _ in each.marked}:
            own = [(start, end) for name, start, end in each.marked if name == label]
            totals[label] += sum(end - start for start, end in spans.union(own))
    rows = [_spent(label, count, lengths[label], totals[label], observed, label in points)
            for label, count in counts.items()]  # fmt: skip
    return sorted(rows, key=lambda row: (row.total_us is None, -(row.total_us or 0), -row.count, row.label))


def _spent(label: str, count: int, length: int, total: int, observed: int, is_point: bool) -> Spent:
    rate = count / observed * 60_000_000 if observed else 0.0
    if is_point:
        return Spent(label, count, None, None, None, rate)
    return Spent(label, count, total, length / count, total / observed if observed else 0.0, rate)


def transitions(observations: Iterable[Observation]) -> dict[tuple[str, str], int]:
    """(label, the one that begins next) → how many times, within each observation; most frequent first."""
    found: Counter[tuple[str, str]] = Counter()
    for each in observations:
        found.update(pairwise(label for label, _, _ in sorted(each.marked, key=lambda mark: mark[1:])))
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
