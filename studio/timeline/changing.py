"""Attributes whose value changes within their segment: `{"changes": [[time, value], …]}`, times in seconds from the
first frame, in order. The first value holds from the beginning of the segment, each other from its time on;
assets/web/js/model/changing.js is the same. A value of null says that from there on nothing is said."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from studio.timeline.phases import carried_phases
from studio.timeline.segment import Segment
from studio.timeline.time import MICROS

CHANGES = "changes"
Changes = list[tuple[float, Any]]


def changes_of(value: Any) -> Changes | None:
    """The times and values of an attribute that changes; None of any other."""
    if not isinstance(value, Mapping) or set(value) != {CHANGES}:
        return None
    listed = value[CHANGES]
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
        return None
    found: Changes = []
    for each in listed:
        if not isinstance(each, list | tuple) or len(each) != 2:
            return None
        time, what = each
        if not isinstance(time, int | float) or isinstance(time, bool) or isinstance(what, Mapping):
            return None
        found.append((time, what))
    return found if all(earlier[0] < later[0] for earlier, later in pairwise(found)) else None


def value_at(value: Any, time_us: int) -> Any:
    """What an attribute says at a time, whether it changes or not."""
    found = changes_of(value)
    if found is None:
        return value
    return next((what for time, what in reversed(found) if round(time * MICROS) <= time_us), found[0][1])


def values_of(value: Any) -> list[Any]:
    """Everything that an attribute says within its segment, once each, in order."""
    found = changes_of(value)
    said = [value] if found is None else [what for _, what in found if what is not None]
    return [each for k, each in enumerate(said) if each not in said[:k]]


def stretches(value: Any, segment: Segment) -> list[tuple[int, int, Any]]:
    """[start, end) in µs and value of each stretch of a segment in which an attribute stays as it is."""
    found = changes_of(value)
    if found is None:
        return [(segment.start, segment.end, value)]
    times = [segment.start, *(round(time * MICROS) for time, _ in found[1:]), segment.end]
    return [(start, end, what) for (start, end), (_, what) in zip(pairwise(times), found, strict=True) if start < end]


def changing(parts: Sequence[tuple[int, Any]]) -> Any:
    """The attribute that has each value from its time in µs on; the value alone where there is one only."""
    kept = [each for k, each in enumerate(parts) if not k or each[1] != parts[k - 1][1]]
    return kept[0][1] if len(kept) == 1 else {CHANGES: [[time / MICROS, what] for time, what in kept]}


def carried(attributes: Mapping[str, Any], before: Segment, after: Segment) -> dict[str, Any]:
    """The attributes of a segment that becomes another one: what has times in it, phases and values that change, moves
    with a segment that moves as a whole, and stays within one whose edge moves; `carried` of
    assets/web/js/model/changing.js is the same."""
    found = carried_phases(attributes, before, after)
    if before == after:
        return found
    moves = before.start != after.start and before.end != after.end
    by = after.start - before.start if moves else 0
    for name, value in list(found.items()):
        if (parts := changes_of(value)) is None:
            continue
        found[name] = _within([(round(time * MICROS) + by, what) for time, what in parts], after)
        if found[name] is None:
            del found[name]  # nothing is said of what is left
    return found


def _within(parts: Sequence[tuple[int, Any]], segment: Segment) -> Any:
    """Values from their times on, as far as a segment has them."""
    begun = [what for time, what in parts if time <= segment.start] or [parts[0][1]]
    later = [(time, what) for time, what in parts[1:] if segment.start < time < segment.end]
    return changing([(segment.start, begun[-1]), *later])
