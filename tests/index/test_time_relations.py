"""Relations in time against a comparison of each with each, on segments drawn at random."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.index.time_relations import (
    NONE,
    RELATIONS,
    Link,
    PointRanges,
    Segments,
    allen,
    combinations,
    matching,
    partners,
)

Span = tuple[int, int]
Fits = Callable[[Span, Span, int, float], bool]

# Each relation as a person would check it, B to A; written without the bounds that the module has.
PLAIN: dict[str, Fits] = {
    "before": lambda a, b, least, most: b[1] <= a[0] and least <= a[0] - b[1] <= most,
    "after": lambda a, b, least, most: b[0] >= a[1] and least <= b[0] - a[1] <= most,
    "after_start": lambda a, b, least, most: b[0] >= a[0] and least <= b[0] - a[0] <= most,
    "near": lambda a, b, least, most: max(b[0] - a[1], a[0] - b[1], 0) <= most,
    "overlaps": lambda a, b, least, most: len(set(range(*a)) & set(range(*b))) > 0,
    "into": lambda a, b, least, most: allen(a, b) == "overlaps",
    "past": lambda a, b, least, most: allen(a, b) == "overlapped-by",
    "during": lambda a, b, least, most: set(range(*b)) <= set(range(*a)),
    "contains": lambda a, b, least, most: set(range(*b)) >= set(range(*a)),
    "same": lambda a, b, least, most: abs(a[0] - b[0]) <= most and abs(a[1] - b[1]) <= most,
}
ALLEN = {
    "before": {"before", "meets"},
    "after": {"after", "met-by"},
    "overlaps": {"overlaps", "overlapped-by", "starts", "started-by", "during", "contains", "finishes", "finished-by",
                 "equals"},
    "into": {"overlaps"}, "past": {"overlapped-by"},
    "during": {"during", "starts", "finishes", "equals"},
    "contains": {"contains", "started-by", "finished-by", "equals"},
    "same": {"equals"},
    "after_start": {"after", "met-by", "overlapped-by", "during", "finishes", "starts", "started-by", "equals"},
}  # fmt: skip


@dataclass(frozen=True)
class One:
    identity: int
    video: int
    span: Span
    row: int
    person: int


def one(identity: int, facts: tuple[int, int, int, int, int]) -> One:
    video, start, length, row, person = facts
    return One(identity, video, (start, start + length), row, person)


SEGMENTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(1, 6), st.integers(0, 2), st.integers(NONE, 1)),
    max_size=14,
).map(lambda facts: [one(number, each) for number, each in enumerate(facts)])
KEYS = st.sampled_from(["", "row", "person"])


@st.composite
def links(draw: st.DrawFn, number: int) -> Link:
    least = draw(st.integers(0, 3))
    most = draw(st.none() | st.integers(0, 5).map(lambda more: least + more))
    names = st.sampled_from(sorted(RELATIONS))
    return Link(draw(names), draw(st.integers(0, number - 1)), least, most, draw(st.booleans()), draw(KEYS), draw(KEYS))


def columns(segments: list[One]) -> Segments:
    def column(values: list[int]) -> np.ndarray:
        return np.array(values, np.int64)

    return Segments(
        column([each.video for each in segments]), column([each.span[0] for each in segments]),
        column([each.span[1] for each in segments]), column([each.identity for each in segments]),
        {"row": column([each.row for each in segments]), "person": column([each.person for each in segments])},
    )  # fmt: skip


def stands(link: Link, a: One, b: One) -> bool:
    most = float("inf") if link.most is None else link.most
    if a.video != b.video or a.identity == b.identity or not PLAIN[link.relation](a.span, b.span, link.least, most):
        return False
    for key, is_same in ((link.same, True), (link.other, False)):
        if key:
            one, other = getattr(a, key), getattr(b, key)
            if NONE in (one, other) or (one == other) != is_same:
                return False
    return True


def fits(a: One, number: int, steps: list[list[One]], made: list[Link]) -> bool:
    """Whether a segment of a step has all that hangs on it."""
    for child, link in enumerate(made, 1):
        if link.of == number:
            there = any(stands(link, a, b) and fits(b, child, steps, made) for b in steps[child])
            if there == link.absent:
                return False
    return True


@pytest.mark.parametrize("relation", sorted(RELATIONS))
@settings(max_examples=60)
@given(data=st.data())
def test_what_matches_is_what_comparing_each_with_each_finds(relation: str, data: st.DataObject) -> None:
    """B stands so to A; what C and D are asked is drawn."""
    pool = data.draw(SEGMENTS)
    count = data.draw(st.integers(2, 4))
    made = [data.draw(links(number)) for number in range(1, count)]
    made[0] = replace(made[0], relation=relation)
    steps = [[each for each in pool if data.draw(st.booleans())] for _ in range(count)]
    tables = [columns(step) for step in steps]
    alive = matching(tables, made)
    wanted = [fits(a, 0, steps, made) for a in steps[0]]
    assert alive[0].tolist() == wanted
    chosen = np.flatnonzero(alive[0])
    found = partners(tables, made, alive, chosen)
    for place, row in enumerate(chosen):
        moment: list[One | None] = [steps[0][row]]
        for number, link in enumerate(made, 1):
            before, rows = moment[link.of], found[number]
            assert (rows is None) == (link.absent or before is None)
            if rows is None or before is None:
                moment.append(None)
                continue
            able = [b for b in steps[number] if stands(link, before, b) and fits(b, number, steps, made)]
            first = min if link.relation != "before" else max
            best = first(able, key=lambda b: (b.span[0], b.span[1], steps[number].index(b)))
            assert steps[number][rows[place]] == best
            moment.append(best)
    every = combinations(tables, made, alive, chosen, 10**6)
    names = [[None] * len(every[0]) if rows is None else rows.tolist() for rows in every]  # type: ignore[arg-type]
    told = [
        tuple(None if row is None else steps[n][row] for n, row in enumerate(each)) for each in zip(*names, strict=True)
    ]
    assert told == [each for row in chosen for each in moments((steps[0][row],), steps, made)]


def moments(
    begun: tuple[One | None, ...], steps: list[list[One]], made: list[Link]
) -> Iterator[tuple[One | None, ...]]:
    """Every way to complete a moment, in order."""
    number = len(begun)
    if number == len(steps):
        yield begun
        return
    link = made[number - 1]
    before = begun[link.of]
    if link.absent or before is None:
        yield from moments((*begun, None), steps, made)
        return
    able = [b for b in steps[number] if stands(link, before, b) and fits(b, number, steps, made)]
    for b in sorted(able, key=lambda b: (b.span, steps[number].index(b))):
        yield from moments((*begun, b), steps, made)


def test_too_many_combinations_are_not_made() -> None:
    a = columns([one(n, (0, 0, 5, 0, 0)) for n in range(20)])
    alive = matching([a, a], [Link("overlaps")])
    every = combinations([a, a], [Link("overlaps")], alive, np.arange(20), 400)
    assert [None if rows is None else len(rows) for rows in every] == [380, 380]
    with pytest.raises(OverflowError):
        combinations([a, a], [Link("overlaps")], alive, np.arange(20), 399)


@pytest.mark.parametrize("relation", ALLEN)
def test_each_relation_is_the_union_of_allens_that_is_said(relation: str) -> None:
    """All pairs of intervals with edges 0…6, so that each of the thirteen comes up."""
    spans = [(start, end) for start in range(6) for end in range(start + 1, 7)]
    pairs = [(a, b) for a in spans for b in spans]
    assert len({allen(a, b) for a, b in pairs}) == 13
    link = Link(relation, most=0 if relation == "same" else None)
    for a, b in pairs:
        steps = [columns([one(0, (0, a[0], a[1] - a[0], 0, 0))]), columns([one(1, (0, b[0], b[1] - b[0], 0, 0))])]
        assert matching(steps, [link])[0].tolist() == [allen(a, b) in ALLEN[relation]], (a, b)


def test_the_other_way_round_is_the_inverse() -> None:
    inverse = {"before": "after", "meets": "met-by", "overlaps": "overlapped-by", "starts": "started-by",
               "during": "contains", "finishes": "finished-by", "equals": "equals"}  # fmt: skip
    for one, other in inverse.items():
        pairs = [((a, b), (c, d)) for a in range(4) for b in range(a + 1, 5) for c in range(4) for d in range(c + 1, 5)]
        assert all((allen(x, y) == one) == (allen(y, x) == other) for x, y in pairs)


def test_bounds_are_closed_to_the_microsecond() -> None:
    def found(relation: str, b: Span, least: int = 0, most: int | None = None) -> bool:
        a = (10_000_000, 12_000_000)
        steps = [
            Segments(*(np.array([value], np.int64) for value in (0, *span, number)))
            for number, span in enumerate((a, b))
        ]
        return bool(matching(steps, [Link(relation, 0, least, most)])[0][0])

    assert found("after", (14_000_000, 15_000_000), most=2_000_000)
    assert not found("after", (14_000_001, 15_000_000), most=2_000_000)
    assert found("after", (12_000_000, 12_000_001)), "touching is after, with nothing between"
    assert not found("after", (11_999_999, 13_000_000))
    assert not found("overlaps", (12_000_000, 13_000_000)), "[start, end): what touches shares no time"
    assert found("overlaps", (11_999_999, 13_000_000))
    assert found("near", (5_000_000, 8_000_000), most=2_000_000)
    assert not found("near", (5_000_000, 7_999_999), most=2_000_000)


def test_a_partner_is_the_right_one_behind_segments_without_a_key() -> None:
    a = columns([one(0, (0, 5, 1, 0, 1))])
    b = columns([one(1, (0, 0, 1, 0, NONE)), one(2, (0, 1, 1, 0, 0)), one(3, (0, 2, 1, 0, 1))])
    for link, row in ((Link("before", same="person"), 2), (Link("before", other="person"), 1), (Link("before"), 2)):
        found = partners([a, b], [link], matching([a, b], [link]), np.array([0]))
        assert found[1] is not None and found[1].tolist() == [row]


@given(st.lists(st.integers(0, 9), max_size=20), st.data())
def test_points_in_rectangles(xs: list[int], data: st.DataObject) -> None:
    ranks = data.draw(st.permutations(range(len(xs))))
    low, high, first, last = (data.draw(st.integers(0, 12)) for _ in range(4))
    counted = PointRanges(np.array(xs, np.int64), np.array(ranks, np.int64)).count(
        *(np.array([each], np.int64) for each in (low, high, min(first, len(xs)), min(last, len(xs))))
    )
    assert counted.tolist() == [
        sum(low <= x <= high and first <= rank < last for x, rank in zip(xs, ranks, strict=True))
    ]
