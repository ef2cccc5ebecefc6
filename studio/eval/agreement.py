"""How much two sets of segments of one video agree."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

Marked = tuple[str, int, int]


def overlap(one: Iterable[Marked], other: Iterable[Marked]) -> float | None:
    """The time that both mark, as a share of the time that either does, over all keys: 0…1.

    Segments are (key, start_us, end_us); only the same key (a track and label, say) can agree, and what a set marks
    twice counts once. None where neither marks anything.
    """
    a, b = _coverage(one), _coverage(other)
    both = sum(_shared(a.get(key, []), b.get(key, [])) for key in a.keys() | b.keys())
    total = sum(end - start for spans in (*a.values(), *b.values()) for start, end in spans)
    return both / (total - both) if total else None


def _coverage(marked: Iterable[Marked]) -> dict[str, list[tuple[int, int]]]:
    """Disjoint spans of each key, in order."""
    found: dict[str, list[tuple[int, int]]] = {}
    for key, start, end in sorted(marked):
        spans = found.setdefault(key, [])
        if spans and start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))
    return found


def _shared(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> int:
    total = i = j = 0
    while i < len(a) and j < len(b):
        total += max(0, min(a[i][1], b[j][1]) - max(a[i][0], b[j][0]))
        if a[i][1] <= b[j][1]:
            i += 1
        else:
            j += 1
    return total


def kappa(one: Iterable[Marked], other: Iterable[Marked], duration_us: int) -> float | None:
    """Cohen's κ over time (Cohen 1960), the mean over the keys that either marks: 1 is the same everywhere, 0 is what
    two people agree who mark as much as these two, anywhere.

    For each key every instant of [0, duration_us) is marked or not, by both; the shares are exact, nothing is sampled.
    None where neither marks anything, or both mark everything.
    """
    a, b = _coverage(one), _coverage(other)
    found = []
    for key in a.keys() | b.keys():
        mine, theirs = a.get(key, []), b.get(key, [])
        p, q = (sum(end - start for start, end in spans) / duration_us for spans in (mine, theirs))
        both = _shared(mine, theirs) / duration_us
        observed = both + 1 - (p + q - both)
        expected = p * q + (1 - p) * (1 - q)
        if expected < 1:
            found.append((observed - expected) / (1 - expected))
    return sum(found) / len(found) if found else None


def matched(one: Iterable[Marked], other: Iterable[Marked]) -> list[tuple[Marked, Marked, float]]:
    """Pairs of segments of the same key that overlap, each segment in one pair at most, with their IoU; the pairs of
    the highest IoU first, greedily."""
    ones, others = list(one), list(other)
    return [(ones[i], others[j], share) for i, j, share in _pairs(enumerate(ones), enumerate(others), by_key=True)]


def _pairs(
    ones: Iterable[tuple[int, Marked]], others: Iterable[tuple[int, Marked]], *, by_key: bool
) -> list[tuple[int, int, float]]:
    """`matched` by the numbers of segments; without `by_key` any two that overlap can be a pair."""
    listed = list(others)
    near = [
        (_iou(mine, theirs), i, j)
        for i, mine in ones
        for j, theirs in listed
        if (not by_key or mine[0] == theirs[0]) and mine[1] < theirs[2] and theirs[1] < mine[2]
    ]
    taken_one, taken_other, pairs = set[int](), set[int](), []
    for share, i, j in sorted(near, key=lambda each: (-each[0], each[1], each[2])):
        if i not in taken_one and j not in taken_other:
            taken_one.add(i)
            taken_other.add(j)
            pairs.append((i, j, share))
    return pairs


class Comparison(NamedTuple):
    """How two annotators marked one thing: the numbers of their segments (None: that one did not mark it), and the IoU
    of the two (0 where one is missing)."""

    kind: Literal["same", "boundary", "label", "one", "other"]
    one: int | None
    other: int | None
    iou: float


def compared(one: Sequence[Marked], other: Sequence[Marked]) -> list[Comparison]:
    """What two annotators marked, side by side, in order of time: the same, with other boundaries, under another label,
    or by only one of them.

    Segments of one label are paired first, as by `matched`, then those that are left, by IoU. The keys are labels; all
    segments are of one track.
    """
    pairs = _pairs(enumerate(one), enumerate(other), by_key=True)
    mine, theirs = ({pair[side] for pair in pairs} for side in (0, 1))
    left = [[(n, marked) for n, marked in enumerate(each) if n not in taken]
            for each, taken in ((one, mine), (other, theirs))]  # fmt: skip
    relabelled = _pairs(*left, by_key=False)
    mine, theirs = mine | {i for i, _, _ in relabelled}, theirs | {j for _, j, _ in relabelled}
    found = [
        *(Comparison("same" if one[i] == other[j] else "boundary", i, j, share) for i, j, share in pairs),
        *(Comparison("label", i, j, share) for i, j, share in relabelled),
        *(Comparison("one", i, None, 0.0) for i in range(len(one)) if i not in mine),
        *(Comparison("other", None, j, 0.0) for j in range(len(other)) if j not in theirs),
    ]

    def begin(each: Comparison) -> tuple[int, int]:
        spans = [side[n][1:] for side, n in ((one, each.one), (other, each.other)) if n is not None]
        return min(spans)

    return sorted(found, key=begin)


def _iou(a: Marked, b: Marked) -> float:
    both = min(a[2], b[2]) - max(a[1], b[1])
    return max(0, both) / (max(a[2], b[2]) - min(a[1], b[1]))
