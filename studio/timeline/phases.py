"""When an expression comes, is strongest and is gone: the attributes `onset`, `apex` and `offset` of an annotation, in
seconds from the first frame (after the onset, apex and offset frames of facial-expression coding, Ekman and Friesen's
FACS). Attributes of these names that are no such times of their segment are attributes like any other."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from studio.timeline.segment import Segment
from studio.timeline.time import MICROS

PHASES = ("onset", "apex", "offset")
_SAME_S = 0.0005  # closer than any two frames


def phases(attributes: Mapping[str, Any], segment: Segment) -> dict[str, float] | None:
    """`onset`, `apex` and `offset` where all three are there, in this order and within their segment; else None."""
    found: dict[str, float] = {}
    for name in PHASES:
        time = attributes.get(name)
        if not isinstance(time, int | float) or isinstance(time, bool):
            return None
        found[name] = time
    times = [segment.start / MICROS, *found.values(), segment.end / MICROS]
    return found if all(later >= earlier - _SAME_S for earlier, later in pairwise(times)) else None


def carried_phases(attributes: Mapping[str, Any], before: Segment, after: Segment) -> dict[str, Any]:
    """The attributes of a segment that becomes another one. Phases move with a segment that moves as a whole, and stay
    within one whose edge moves; `carriedPhases` of assets/web/js/model/phases.js is the same."""
    found = phases(attributes, before)
    if found is None or before == after:
        return dict(attributes)
    moves = before.start != after.start and before.end != after.end
    by = after.start - before.start if moves else 0
    times = {name: min(max(round(time * MICROS) + by, after.start), after.end) for name, time in found.items()}
    return {**attributes, **{name: time / MICROS for name, time in times.items()}}
