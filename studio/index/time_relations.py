"""Which segments stand in a relation in time, over a whole library at once, without comparing each with each.

A relation is said by bounds on what lies between the edges of two segments A and B, [start, end) in integer µs each.
Bounds are closed: “at most 2 s” lets exactly 2 s through. For one A, every relation asks for the B whose start and end
lie in a rectangle; `PointRanges` counts those for all A together. Each relation is a union of some of the thirteen of
J. F. Allen, “Maintaining knowledge about temporal intervals”, Communications of the ACM 26 (1983), which `allen` names:

    before        B ends before A starts, or as A starts            before, meets
    after         B starts after A ends, or as A ends               after, met-by
    after_start   B starts after A starts, or as A starts           after, met-by, overlapped-by, during, finishes,
                                                                    starts, started-by, equals
    near          no more than so much time lies between A and B    all of overlaps; as far as that reaches, before,
                                                                    meets, after, met-by
    overlaps      A and B share some time                           overlaps, overlapped-by, starts, started-by, during,
                                                                    contains, finishes, finished-by, equals
    into          B starts before A, and ends within it             overlaps
    past          B starts within A, and ends after it              overlapped-by
    during        B lies in A, edges included                       during, starts, finishes, equals
    contains      A lies in B, edges included                       contains, started-by, finished-by, equals
    same          both start and both end together                  equals (and its neighbours, give or take)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Edge = Literal["start", "end"]
NONE = -1
"""The key of a segment that has none: it is the same as no other, and differs from no other."""
FAR = 2**60  # µs; beyond every time there is


class Bound(NamedTuple):
    """An edge of B less an edge of A lies in [low, high] µs; `LEAST` and `MOST` stand for what a person says."""

    of_b: Edge
    of_a: Edge
    low: int | str
    high: int | str


LEAST, MOST, MINUS_MOST = "least", "most", "-most"
_BEGINS, _STOPS = -FAR, FAR
RELATIONS: Mapping[str, tuple[Bound, ...]] = {
    "before": (Bound("end", "start", MINUS_MOST, "-least"),),
    "after": (Bound("start", "end", LEAST, MOST),),
    "after_start": (Bound("start", "start", LEAST, MOST),),
    "near": (Bound("start", "end", _BEGINS, MOST), Bound("end", "start", MINUS_MOST, _STOPS)),
    "overlaps": (Bound("start", "end", _BEGINS, -1), Bound("end", "start", 1, _STOPS)),
    "into": (
        Bound("start", "start", _BEGINS, -1),
        Bound("end", "start", 1, _STOPS),
        Bound("end", "end", _BEGINS, -1),
    ),
    "past": (Bound("start", "start", 1, _STOPS), Bound("start", "end", _BEGINS, -1), Bound("end", "end", 1, _STOPS)),
    "during": (Bound("start", "start", 0, _STOPS), Bound("end", "end", _BEGINS, 0)),
    "contains": (Bound("start", "start", _BEGINS, 0), Bound("end", "end", 0, _STOPS)),
    "same": (Bound("start", "start", MINUS_MOST, MOST), Bound("end", "end", MINUS_MOST, MOST)),
}
RANGED = {name for name, bounds in RELATIONS.items() if any(LEAST in (b.low, b.high) for b in bounds)} | {"before"}
"""The relations with a least and a greatest time between the two."""
BOUNDED = {name for name, bounds in RELATIONS.items() if any(MOST in (b.low, b.high) for b in bounds)} | {"before"}
"""The relations with a greatest time between the two."""


def allen(a: tuple[int, int], b: tuple[int, int]) -> str:
    """What B is to A by Allen's name, as in “B overlaps A”; both are [start, end)."""
    if b[1] <= a[0]:
        return "meets" if b[1] == a[0] else "before"
    if b[0] >= a[1]:
        return "met-by" if b[0] == a[1] else "after"
    if b[0] == a[0]:
        return "equals" if b[1] == a[1] else "starts" if b[1] < a[1] else "started-by"
    if b[1] == a[1]:
        return "finishes" if b[0] > a[0] else "finished-by"
    if b[0] > a[0]:
        return "during" if b[1] < a[1] else "overlapped-by"
    return "overlaps" if b[1] < a[1] else "contains"


class PointRanges:
    """Points (x, rank), counted in rectangles: a wavelet matrix (F. Claude, G. Navarro, A. Ordóñez, “The wavelet
    matrix”, Information Systems 47, 2015). `rank` has each of 0…n−1 once. n log n to build, log n a rectangle."""

    def __init__(self, x: Ints, rank: Ints) -> None:
        order = np.argsort(x, kind="stable")
        self._x, values = x[order], rank[order]
        self._zeros: list[tuple[int, Ints]] = []
        for bit in reversed(range(len(x).bit_length())):
            zero = (values >> bit & 1) == 0
            self._zeros.append((bit, np.concatenate([[0], np.cumsum(zero)])))
            values = np.concatenate([values[zero], values[~zero]])

    def count(self, x_low: Ints, x_high: Ints, low: Ints, high: Ints) -> Ints:
        """How many points have x in [x_low, x_high] and a rank in [low, high), of each of m rectangles."""
        left = np.searchsorted(self._x, x_low, "left")
        right = np.maximum(left, np.searchsorted(self._x, x_high, "right"))
        return self._below(left, right, np.maximum(low, high)) - self._below(left, right, low)

    def each(self, x_low: Ints, x_high: Ints, number: Ints) -> Ints:
        """The rank of the point that has so many points of lower rank in its rectangle, of each of m rectangles as high
        as the plane; there must be one."""
        left = np.searchsorted(self._x, x_low, "left")
        right = np.searchsorted(self._x, x_high, "right")
        found = np.zeros(len(left), np.int64)
        for bit, zeros in self._zeros:
            from_left, from_right = zeros[left], zeros[right]
            is_one = number >= from_right - from_left
            number = np.where(is_one, number - (from_right - from_left), number)
            found |= is_one.astype(np.int64) << bit
            left = np.where(is_one, zeros[-1] + left - from_left, from_left)
            right = np.where(is_one, zeros[-1] + right - from_right, from_right)
        return found

    def _below(self, left: Ints, right: Ints, bound: Ints) -> Ints:
        """How many of the values at [left, right) are below `bound`."""
        found = np.zeros(len(left), np.int64)
        for bit, zeros in self._zeros:
            from_left, from_right = zeros[left], zeros[right]
            is_one = (bound >> bit & 1) == 1
            found += np.where(is_one, from_right - from_left, 0)
            left = np.where(is_one, zeros[-1] + left - from_left, from_left)
            right = np.where(is_one, zeros[-1] + right - from_right, from_right)
        return found


@dataclass(frozen=True, slots=True)
class Segments:
    """Columns of n segments: which `video` they lie in (a number), `start` and `end` in µs, and `identity`, a number
    that only one segment has, in all of a question's columns. `keys` has numbers by which segments are the same in
    something (row, annotator, …) or not; `NONE` where there is nothing."""

    video: Ints
    start: Ints
    end: Ints
    identity: Ints
    keys: Mapping[str, Ints] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.video)

    def __getitem__(self, chosen: Any) -> "Segments":
        keys = {name: each[chosen] for name, each in self.keys.items()}
        return Segments(self.video[chosen], self.start[chosen], self.end[chosen], self.identity[chosen], keys)


@dataclass(frozen=True, slots=True)
class Link:
    """How the segments of a step stand to those of an earlier step, number `of`, in the same video.

    `least` and `most` are µs (None: any). `absent`: there must be none. `same` and `other` name keys in which both must
    be the same or differ, "" none.
    """

    relation: str
    of: int = 0
    least: int = 0
    most: int | None = None
    absent: bool = False
    same: str = ""
    other: str = ""


def matching(steps: Sequence[Segments], links: Sequence[Link]) -> list[npt.NDArray[np.bool_]]:
    """Which segments of each step can be part of a moment; of the first, those are the moments. `links` has one for
    each step but the first.

    The links make a tree, so that a pass from the last step to the first decides it (M. Yannakakis, “Algorithms for
    acyclic database schemes”, VLDB 1981). Segments of steps that are not linked with each other may be one segment.
    """
    alive = [np.ones(len(step), np.bool_) for step in steps]
    for number in reversed(range(1, len(steps))):
        link = links[number - 1]
        rows = np.flatnonzero(alive[link.of])
        join = _Join(steps[number][alive[number]], link)
        alive[link.of][rows] = (join.count(steps[link.of][rows]) > 0) != link.absent
    return alive


def partners(
    steps: Sequence[Segments], links: Sequence[Link], alive: Sequence[npt.NDArray[np.bool_]], chosen: Ints
) -> list[Ints | None]:
    """A segment of each step for each of the `chosen` segments of the first, by their rows; None for a step that must
    be absent. It is the first one that fits, by its start; of `before` the last one."""
    found: list[Ints | None] = [chosen]
    for number, link in enumerate(links, 1):
        before = found[link.of]
        if before is None or link.absent:
            found.append(None)
            continue
        rows = np.flatnonzero(alive[number])
        found.append(rows[_Join(steps[number][rows], link).pick(steps[link.of][before])])
    return found


def combinations(
    steps: Sequence[Segments], links: Sequence[Link], alive: Sequence[npt.NDArray[np.bool_]], chosen: Ints, most: int
) -> list[Ints | None]:
    """As `partners`, with every combination of segments that fit: for each of the `chosen`, in their order, by the
    order of the others' starts.

    Raises OverflowError where there are more than `most` on the way.
    """
    found: list[Ints | None] = [chosen]
    for number, link in enumerate(links, 1):
        before = found[link.of]
        if before is None or link.absent:
            found.append(None)
            continue
        rows = np.flatnonzero(alive[number])
        of, b = _Join(steps[number][rows], link).all(steps[link.of][before], most)
        found = [None if each is None else each[of] for each in found]
        found.append(rows[b])
    return found


class _Join:
    """The segments that may be B, ready to be counted for many A."""

    def __init__(self, segments: Segments, link: Link) -> None:
        self._link = link
        keyed = np.ones(len(segments), np.bool_)
        for key in filter(None, (link.same, link.other)):
            keyed &= segments.keys[key] != NONE
        self._rows = np.flatnonzero(keyed)
        self._segments = segments = segments[self._rows]
        self._order = np.lexsort((segments.end, segments.start))
        self._starts = segments.start[self._order]
        rank = np.empty(len(segments), np.int64)
        rank[self._order] = np.arange(len(segments))
        same = [name for name in (link.same,) if name]
        self._all = _Grouped(segments, rank, same)
        self._alike = _Grouped(segments, rank, [*same, link.other]) if link.other else None
        self._places = np.argsort(segments.identity[self._order])  # the rank of each, by its identity
        self._own = np.sort(segments.identity)

    def count(self, asked: Segments) -> Ints:
        """How many B each A has."""
        if not len(self._segments):
            return np.zeros(len(asked), np.int64)
        rectangles = self._rectangles(asked)
        return self._between(asked, rectangles, np.zeros(len(asked), np.int64), self._full(asked))

    def pick(self, asked: Segments) -> Ints:
        """The row of the first B of each A by its start, the last of `before`; each A must have one."""
        rectangles = self._rectangles(asked)
        low, high = np.zeros(len(asked), np.int64), self._full(asked)
        while (high - low > 1).any():  # among the ranks [low, high) lies the one
            middle = (low + high) // 2
            if self._link.relation == "before":
                is_there = self._between(asked, rectangles, middle, high) > 0
                low, high = np.where(is_there, middle, low), np.where(is_there, high, middle)
            else:
                is_there = self._between(asked, rectangles, low, middle) > 0
                low, high = np.where(is_there, low, middle), np.where(is_there, middle, high)
        return self._rows[self._order[low]]

    def all(self, asked: Segments, most: int) -> tuple[Ints, Ints]:
        """Every pair of an A and a B of it, by the A and then by the B's start: rows of both.

        Raises OverflowError for more than `most`, B counted that are not in the other row, annotator, …
        """
        if not len(self._segments) or not len(asked):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        start_low, start_high, end_low, end_high = self._rectangles(asked)
        first = np.searchsorted(self._starts, start_low, "left")
        last = np.searchsorted(self._starts, start_high, "right")
        counts = self._all.count(asked, end_low, end_high, first, last)
        if counts.sum() > most:
            raise OverflowError
        skipped = self._all.count(asked, end_low, end_high, np.zeros_like(first), first)
        of = np.repeat(np.arange(len(asked)), counts)
        within = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
        rank = self._all.each(asked[of], end_low[of], end_high[of], skipped[of] + within)
        b = self._order[rank]
        fits = self._segments.identity[b] != asked.identity[of]
        if self._link.other:
            key, other = asked.keys[self._link.other][of], self._segments.keys[self._link.other][b]
            fits &= (key != other) & (key != NONE)
        return of[fits], self._rows[b[fits]]

    def _full(self, asked: Segments) -> Ints:
        return np.full(len(asked), len(self._segments), np.int64)

    def _rectangles(self, asked: Segments) -> tuple[Ints, Ints, Ints, Ints]:
        """Of each A the least and greatest start and end of a B."""
        said = {LEAST: self._link.least, MOST: FAR if self._link.most is None else self._link.most}
        said |= {f"-{name}": -value for name, value in said.items()}
        edges = {"start": asked.start, "end": asked.end}
        low = {name: np.full(len(asked), -FAR, np.int64) for name in edges}
        high = {name: np.full(len(asked), FAR, np.int64) for name in edges}
        for bound in RELATIONS[self._link.relation]:
            least, most = (said[each] if isinstance(each, str) else each for each in (bound.low, bound.high))
            low[bound.of_b] = np.maximum(low[bound.of_b], edges[bound.of_a] + least)
            high[bound.of_b] = np.minimum(high[bound.of_b], edges[bound.of_a] + most)
        return low["start"], high["start"], low["end"], high["end"]

    def _between(self, asked: Segments, rectangles: tuple[Ints, Ints, Ints, Ints], low: Ints, high: Ints) -> Ints:
        """How many B of each A have a rank, in order of start, in [low, high)."""
        start_low, start_high, end_low, end_high = rectangles
        first = np.maximum(low, np.searchsorted(self._starts, start_low, "left"))
        last = np.minimum(high, np.searchsorted(self._starts, start_high, "right"))
        found = self._all.count(asked, end_low, end_high, first, last)
        if self._alike is not None:
            found = found - self._alike.count(asked, end_low, end_high, first, last)
            return np.where(asked.keys[self._link.other] == NONE, 0, found)
        return found - self._selves(asked, rectangles, first, last)

    def _selves(self, asked: Segments, rectangles: tuple[Ints, Ints, Ints, Ints], first: Ints, last: Ints) -> Ints:
        """1 for each A that is counted among its own B."""
        start_low, start_high, end_low, end_high = rectangles
        fits = (start_low <= asked.start) & (asked.start <= start_high)
        fits &= (end_low <= asked.end) & (asked.end <= end_high)
        at = np.minimum(np.searchsorted(self._own, asked.identity), len(self._own) - 1)
        fits &= self._own[at] == asked.identity
        if self._link.same:
            fits &= asked.keys[self._link.same] != NONE
        rows = np.flatnonzero(fits)
        if len(rows):
            place = self._places[np.searchsorted(self._own, asked.identity[rows])]
            fits[rows] = (first[rows] <= place) & (place < last[rows])
        return fits.astype(np.int64)


class _Grouped:
    """Segments by their ends, those of one video (and of one key) apart from all others: each group has a stretch of
    the axis to itself."""

    def __init__(self, segments: Segments, rank: Ints, keys: Sequence[str]) -> None:
        self._keys = keys
        self._sizes = [int(segments.keys[key].max(initial=0)) + 1 for key in keys]
        self._groups, number = np.unique(self._codes(segments), return_inverse=True)
        longest = np.zeros(len(self._groups), np.int64)
        np.maximum.at(longest, number, segments.end)
        self._longest = longest
        self._offsets = np.concatenate([[0], np.cumsum(longest + 2)[:-1]]).astype(np.int64)
        self._points = PointRanges(self._offsets[number] + segments.end, rank)

    def count(self, asked: Segments, low: Ints, high: Ints, first: Ints, last: Ints) -> Ints:
        """How many segments of the group of each A end in [low, high] and have a rank in [first, last)."""
        return self._points.count(*self._stretch(asked, low, high), first, last)

    def each(self, asked: Segments, low: Ints, high: Ints, number: Ints) -> Ints:
        """The rank of the segment of the group of each A that ends in [low, high] and has so many such before it."""
        return self._points.each(*self._stretch(asked, low, high), number)

    def _stretch(self, asked: Segments, low: Ints, high: Ints) -> tuple[Ints, Ints]:
        """Where on the axis the ends in [low, high] of the group of each A are."""
        codes = self._codes(asked)
        number = np.minimum(np.searchsorted(self._groups, codes), len(self._groups) - 1)
        longest, offset = self._longest[number], self._offsets[number]
        x_low = offset + np.clip(low, 0, longest + 1)
        return x_low, np.where(self._groups[number] == codes, offset + np.clip(high, -1, longest), x_low - 1)

    def _codes(self, segments: Segments) -> Ints:
        """One number for the video and the keys of each segment; -1 where no group has such a key."""
        codes, known = segments.video, np.ones(len(segments), np.bool_)
        for key, size in zip(self._keys, self._sizes, strict=True):
            value = segments.keys[key]
            known &= (value >= 0) & (value < size)
            codes = codes * size + value
        return np.where(known, codes, -1)
