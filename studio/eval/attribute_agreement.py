"""How much two annotators agree about the attributes of segments that both marked."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from studio.timeline import Segment
from studio.timeline.changing import stretches

Unit = tuple[Any, Any, float]
"""What two annotators say of one thing, and how much it counts."""
Side = tuple[Segment, Mapping[str, Any]]
"""A segment and its attributes."""


class Agreed(NamedTuple):
    """How much two annotators agree about one attribute.

    `pairs`: segments of which both say something; `alone`: those of which only one does. `same`: the share of what both
    say that is the same, 0…1. `alpha`: Krippendorff's α, None where it has no value (everybody always says the same).
    `apart`: the mean difference of numbers, None of anything else.
    """

    name: str
    pairs: int
    alone: int
    same: float
    alpha: float | None
    apart: float | None


def attributes_agreed(pairs: Sequence[tuple[Side, Side]]) -> list[Agreed]:
    """Of each attribute that both sides of some pair have, in the order of its name. Of one that changes within its
    segment every stretch of the time that the two have in common counts, by how long it is; a pair counts as 1."""
    names = sorted({name for one, other in pairs for name in one[1].keys() & other[1].keys()})
    return [found for name in names if (found := _agreed(name, pairs)) is not None]


def _agreed(name: str, pairs: Sequence[tuple[Side, Side]]) -> Agreed | None:
    units: list[Unit] = []
    both = alone = 0
    for one, other in pairs:
        if name in one[1] and name in other[1]:
            found = list(_units(one[0], one[1][name], other[0], other[1][name]))
            both += bool(found)
            units += found
        else:
            alone += name in one[1] or name in other[1]
    if not units:
        return None
    total = sum(weight for *_, weight in units)
    same = sum(weight for a, b, weight in units if _key(a) == _key(b)) / total
    apart = sum(abs(a - b) * weight for a, b, weight in units) / total if _are(_is_number, units) else None
    return Agreed(name, both, alone, same, alpha(units), apart)


def _units(one: Segment, mine: Any, other: Segment, theirs: Any) -> Iterable[Unit]:
    """What two segments say over the time that they have in common; together they weigh 1."""
    found = []
    for start, end, a in stretches(mine, one):
        for begin, stop, b in stretches(theirs, other):
            shared = min(end, stop) - max(start, begin)
            if shared > 0 and a is not None and b is not None:
                found.append((a, b, shared))
    total = sum(each[2] for each in found)
    return [(a, b, shared / total) for a, b, shared in found]


def alpha(units: Sequence[Unit]) -> float | None:
    """Krippendorff's α (Krippendorff 2004, Content Analysis, ch. 11) of two annotators who both say something of every
    unit: 1 is the same everywhere, 0 what chance gives. Numbers are compared by the squares of their differences
    (interval data), lists by Jaccard's distance, anything else by whether it is the same (nominal data).

    None where there is one unit only, or where everything that is said is the same."""
    total = sum(weight for *_, weight in units)
    count = 2 * total  # of values
    if count <= 2:
        return None
    distance = _squared if _are(_is_number, units) else _jaccard if _are(_is_list, units) else _differs
    observed = sum(weight * distance(a, b) for a, b, weight in units) / total
    values: dict[Any, Any] = {}
    times: Counter[Any] = Counter()
    for *said, weight in units:
        for value in said:
            values.setdefault(_key(value), value)
            times[_key(value)] += weight  # type: ignore[assignment]
    expected = sum(2 * times[a] * times[b] * distance(values[a], values[b]) for a, b in combinations(values, 2)) / (
        count * (count - 1)
    )
    return 1 - observed / expected if expected else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _are(kind: Callable[[Any], bool], units: Sequence[Unit]) -> bool:
    return all(kind(a) and kind(b) for a, b, _ in units)


def _key(value: Any) -> Any:
    """A value as one that can be counted; the order of a list says nothing, and true is not 1."""
    if isinstance(value, list):
        return "list", frozenset(map(str, value))
    return ("bool" if isinstance(value, bool) else "value"), str(value) if isinstance(value, dict) else value


def _squared(a: float, b: float) -> float:
    return (a - b) ** 2


def _jaccard(a: list[Any], b: list[Any]) -> float:
    mine, theirs = set(map(str, a)), set(map(str, b))
    return 1 - len(mine & theirs) / len(mine | theirs) if mine | theirs else 0.0


def _differs(a: Any, b: Any) -> float:
    return float(_key(a) != _key(b))
