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
