"""Which annotations of a file are in the library already, as the file has them or otherwise."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

from studio.timeline import Annotation, Segment, carried

ROUNDED_US = 5_000  # what formats round away that count hundredths of a second; less than a frame
SHARED = 0.5  # the same moment shares more than this of the time of both (intersection over union)
Pair = tuple[Annotation, Annotation]
_FURTHER = re.compile(r"(.+) \(\d+\)")  # as `formats.layers` calls tiers of what overlaps


def overlap_tiers(here: Sequence[Annotation], file: Sequence[Annotation]) -> dict[str, str]:
    """The tiers “X (2)” of a file that have what overlaps on row X here, as formats without overlaps write it, and X.

    Nothing is here on a row of that name, the file has X, too, and at least half of the tier is on X here with its
    label and time, not counting what the file's own tier X has of it.
    """
    known, by_track = defaultdict(list), defaultdict(list)
    for a in here:
        known[a.track].append(a)
    for a in file:
        by_track[a.track].append(a)
    found = {}
    for tier, own in by_track.items():
        base = further[1] if (further := _FURTHER.fullmatch(tier)) else ""
        if tier in known or base not in known or base not in by_track:
            continue
        both = [*by_track[base], *(replace(a, track=base) for a in own)]
        new, otherwise = match(known[base], both, {}, "")
        other = {a.id for a in (*new, *(a for _, a in otherwise))}
        if 2 * sum(a.id not in other for a in own) >= len(own):
            found[tier] = base
    return found


def match(
    here: Sequence[Annotation], file: Sequence[Annotation], ids: Mapping[str, str], importer: str
) -> tuple[list[Annotation], list[Pair]]:
    """Annotations of a file that are new, and those that are otherwise here, as pairs (here, in the file).

    Each of the library is matched once: by the id that the file has for it (`ids`, by ours), else by track, label and
    time, which the file may have rounded, else by track and time, else by track, label and most of the time. The last
    two are the same annotation only where the same person made it: two people may mark one moment.
    """
    left = {a.id: a for a in here}
    pairs: list[Pair] = []

    def take(mine: Annotation | None, new: Annotation) -> bool:
        if mine is None:
            return False
        del left[mine.id]
        if taken(mine, new) != mine:
            pairs.append((mine, new))
        return True

    rest = [new for new in file if not take(left.get(ids.get(new.id, "")), new)]

    def matched(key: Callable[[Annotation], Hashable], anybody: bool) -> list[Annotation]:
        by_key: dict[Hashable, list[Annotation]] = defaultdict(list)
        for a in left.values():
            by_key[key(a)].append(a)

        def same(new: Annotation) -> Annotation | None:
            found = [a for a in by_key.get(key(new), ()) if a.id in left and (anybody or _one_person(a, new, importer))]
            return min(found, key=lambda a: taken(a, new) != a, default=None)

        return [new for new in rest if not take(same(new), new)]

    def overlapping(fits: Callable[[Annotation, Annotation], bool]) -> list[Annotation]:
        by_label = _Overlaps(left.values())
        return [new for new in rest if not take(by_label.best(new, lambda a, b: a.id in left and fits(a, b)), new)]

    rest = matched(lambda a: (a.track, a.segment, a.label), anybody=True)
    rest = overlapping(lambda a, new: _rounded(a.segment, new.segment))
    rest = matched(lambda a: (a.track, a.segment), anybody=False)
    rest = overlapping(lambda a, new: _one_person(a, new, importer))
    return rest, pairs


def taken(here: Annotation, file: Annotation) -> Annotation:
    """An annotation as a file has it. What the file says nothing of (a note, an attribute) stays, and so do times that
    it only rounds."""
    segment = here.segment if _rounded(here.segment, file.segment) else file.segment
    return replace(
        here,
        segment=segment,
        track=file.track,
        label=file.label,
        note=file.note or here.note,
        attributes={**carried(here.attributes, here.segment, segment), **file.attributes},
    )


def _rounded(here: Segment, file: Segment) -> bool:
    return max(abs(here.start - file.start), abs(here.end - file.end)) <= ROUNDED_US


def _one_person(here: Annotation, file: Annotation, importer: str) -> bool:
    return (file.annotator or importer) == here.annotator


class _Overlaps:
    """Annotations by track and label, in order of time."""

    def __init__(self, found: Iterable[Annotation]) -> None:
        self._by: dict[tuple[str, str], list[Annotation]] = defaultdict(list)
        for a in found:
            self._by[a.track, a.label].append(a)
        for listed in self._by.values():
            listed.sort(key=_start)

    def best(self, new: Annotation, fits: Callable[[Annotation, Annotation], bool]) -> Annotation | None:
        """The one that shares most of its time with `new`, of those that fit it."""
        listed, length = self._by.get((new.track, new.label), []), new.segment.duration
        # more than half of the time of both is shared only where the starts are nearer than one length
        low = bisect_left(listed, new.segment.start - length, key=_start)
        high = bisect_right(listed, new.segment.start + length, key=_start)
        shares = [(_shared(a.segment, new.segment), a) for a in listed[low:high] if fits(a, new)]
        share, found = max(shares, key=lambda each: each[0], default=(0.0, None))
        return found if share > SHARED else None


def _start(a: Annotation) -> int:
    return a.segment.start


def _shared(one: Segment, other: Segment) -> float:
    both = min(one.end, other.end) - max(one.start, other.start)
    return both / (max(one.end, other.end) - min(one.start, other.start)) if both > 0 else 0.0
