"""How much two sets of segments of one video agree."""

from collections.abc import Iterable

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
    near = [
        (_iou(mine, theirs), i, j)
        for i, mine in enumerate(ones)
        for j, theirs in enumerate(others)
        if mine[0] == theirs[0] and mine[1] < theirs[2] and theirs[1] < mine[2]
    ]
    taken_one, taken_other, pairs = set[int](), set[int](), []
    for share, i, j in sorted(near, key=lambda each: (-each[0], each[1], each[2])):
        if i not in taken_one and j not in taken_other:
            taken_one.add(i)
            taken_other.add(j)
            pairs.append((ones[i], others[j], share))
    return pairs


def _iou(a: Marked, b: Marked) -> float:
    both = min(a[2], b[2]) - max(a[1], b[1])
    return max(0, both) / (max(a[2], b[2]) - min(a[1], b[1]))
