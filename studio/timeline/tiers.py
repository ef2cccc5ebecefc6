"""Tracks that depend on another one, as ELAN's tiers do (its four stereotypes).

A segment of a dependent track belongs to the segment of the parent track that it lies in, the shortest where several
contain it. What is enforced when a segment of a parent changes is in assets/web/js/model/tiers.js; here is what the
server holds a dependent segment to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from studio.timeline.segment import Segment

INCLUDED, DIVIDED, PARTS, ASSOCIATED = (
    "included_in",
    "time_subdivision",
    "symbolic_subdivision",
    "symbolic_association",
)
DEPENDENCIES = INCLUDED, DIVIDED, PARTS, ASSOCIATED
"""Within the parent, with gaps; the parent's time divided without gaps; parts in an order, whose times are even shares
of the parent's; the same time as the parent, one for each."""
WHOLE = DIVIDED, PARTS
"""Those whose segments fill their parent together."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """On which track one depends, and how (see DEPENDENCIES)."""

    parent: str
    kind: str


Dependencies = Mapping[str, Dependency]


def chain(track: str, dependencies: Dependencies) -> list[str]:
    """The tracks that one depends on, its parent first. A circle ends where it closes."""
    found = [track]
    while (each := dependencies.get(found[-1])) is not None and each.parent not in found:
        found.append(each.parent)
    return found[1:]


def has_circle(dependencies: Dependencies) -> str:
    """A track that depends on itself, by others or at once; "" where none does."""
    for first in dependencies:
        seen = {first}
        each = dependencies.get(first)
        while each is not None:
            if each.parent == first:
                return first
            if each.parent in seen:
                break
            seen.add(each.parent)
            each = dependencies.get(each.parent)
    return ""


def parent_of(segment: Segment, parents: Iterable[Segment]) -> Segment | None:
    """The shortest segment of the parent track that contains one."""
    around = [each for each in parents if each.start <= segment.start and segment.end <= each.end]
    return min(around, key=lambda each: each.end - each.start, default=None)


def shares(segment: Segment, count: int) -> list[Segment]:
    """So many even parts of a segment, in order, to the µs."""
    edges = [segment.start + (segment.end - segment.start) * k // count for k in range(count + 1)]
    return [Segment(start, end) for start, end in pairwise(edges) if start < end]


def problem(segment: Segment, dependency: Dependency, parents: Sequence[Segment]) -> str:
    """Why a segment may not lie on a dependent track, in one sentence; "" where it may."""
    around = parent_of(segment, parents)
    if around is None:
        return f"It must lie within a segment of “{dependency.parent}”, which this row depends on."
    if dependency.kind == ASSOCIATED and around != segment:
        return f"It must last as long as its segment of “{dependency.parent}”, which it is associated with."
    return ""


def belonging(segments: Sequence[Segment], parents: Sequence[Segment]) -> list[int | None]:
    """The number of the parent that each segment belongs to (see `parent_of`), None where it has none."""
    order = sorted(range(len(parents)), key=lambda k: parents[k].start)
    found: list[int | None] = [None] * len(segments)
    around: list[int] = []  # the parents that have begun and not ended: few, however many there are
    begun = 0
    for number in sorted(range(len(segments)), key=lambda k: segments[k].start):
        segment = segments[number]
        while begun < len(order) and parents[order[begun]].start <= segment.start:
            around.append(order[begun])
            begun += 1
        around = [k for k in around if parents[k].end > segment.start]
        fits = (k for k in reversed(around) if parents[k].end >= segment.end)
        found[number] = min(fits, key=lambda k: parents[k].duration, default=None)
    return found
