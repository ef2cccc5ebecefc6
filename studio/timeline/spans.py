"""Stretches of time, [start, end) in µs, as sets."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from statistics import median

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """Those that touch or overlap as one each, in order of time."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def covers(union: Sequence[Span], time_us: int) -> bool:
    """Whether an instant lies in one of a `union`."""
    k = bisect_right(union, time_us, key=lambda span: span[0]) - 1
    return k >= 0 and time_us < union[k][1]


def distinct(spans: Iterable[Span]) -> list[Span]:
    """Each moment once, in order of time: those that are the same lie where the median of them begins and ends."""
    groups: list[list[Span]] = []
    open_: list[list[Span]] = []  # those that what begins later may lie in
    for span in sorted(spans):
        open_ = [group for group in open_ if max(end for _, end in group) > span[0]]
        same = next((group for group in open_ if is_same(_middle(group), span)), None)
        if same is None:
            groups.append([span])
            open_.append(groups[-1])
        else:
            same.append(span)
    return sorted(map(_middle, groups))


def _middle(group: Sequence[Span]) -> Span:
    starts, ends = zip(*group, strict=True)
    return int(median(starts)), int(median(ends))


def is_same(one: Span, other: Span) -> bool:
    """Whether two are one moment: they share more than half of the shorter."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return 2 * shared > min(one[1] - one[0], other[1] - other[0])
