"""Tracks that depend on others: what belongs to what."""

import random

from studio.timeline import Segment
from studio.timeline.tiers import (
    ASSOCIATED,
    INCLUDED,
    PARTS,
    Dependency,
    belonging,
    chain,
    has_circle,
    parent_of,
    problem,
    shares,
)


def test_a_segment_belongs_to_the_shortest_that_contains_it() -> None:
    wide, narrow = Segment(0, 100), Segment(10, 50)
    assert parent_of(Segment(10, 20), [wide, narrow]) == narrow
    assert parent_of(Segment(5, 20), [wide, narrow]) == wide
    assert parent_of(Segment(90, 101), [wide, narrow]) is None


def test_belonging_is_what_parent_of_says_for_each() -> None:
    made = random.Random(7)
    parents = [Segment(start, start + made.randint(1, 300)) for start in (made.randint(0, 2_000) for _ in range(60))]
    spans = [Segment(start, start + made.randint(1, 80)) for start in (made.randint(0, 2_000) for _ in range(400))]
    found = belonging(spans, parents)
    assert [None if k is None else parents[k].end - parents[k].start for k in found] == [
        None if (around := parent_of(span, parents)) is None else around.end - around.start for span in spans
    ]
    assert 50 < sum(k is not None for k in found) < 400


def test_shares_fill_their_parent_to_the_microsecond() -> None:
    found = shares(Segment(10, 110), 3)
    assert found == [Segment(10, 43), Segment(43, 76), Segment(76, 110)]
    assert shares(Segment(0, 2), 3) == [Segment(0, 1), Segment(1, 2)]


def test_chains_and_circles() -> None:
    known = {"words": Dependency("speech", INCLUDED), "sounds": Dependency("words", PARTS)}
    assert chain("sounds", known) == ["words", "speech"]
    assert has_circle(known) == ""
    assert has_circle({**known, "speech": Dependency("sounds", INCLUDED)}) in ("words", "sounds", "speech")
    assert has_circle({"a": Dependency("a", INCLUDED)}) == "a"
    assert chain("a", {"a": Dependency("b", INCLUDED), "b": Dependency("a", INCLUDED)}) == ["b"]


def test_a_dependent_segment_needs_its_parent() -> None:
    within, same = Dependency("speech", INCLUDED), Dependency("speech", ASSOCIATED)
    parents = [Segment(0, 100)]
    assert problem(Segment(10, 20), within, parents) == ""
    assert problem(Segment(0, 100), same, parents) == ""
    assert problem(Segment(90, 110), within, parents).startswith("It must lie within a segment of “speech”")
    assert problem(Segment(10, 20), same, parents).startswith("It must last as long as its segment of “speech”")


def test_belonging_is_parent_of_for_each_whatever_lies_around() -> None:
    chance = random.Random(7)
    spans = [Segment(start, start + chance.randint(1, 30)) for start in (chance.randint(0, 90) for _ in range(300))]
    parents = [*spans[:150], Segment(0, 1000)]  # one of the whole video too
    for segment, place in zip(spans[150:], belonging(spans[150:], parents), strict=True):
        around = parent_of(segment, parents)
        assert around is not None and place is not None
        assert parents[place].duration == around.duration
        assert parents[place].start <= segment.start and segment.end <= parents[place].end


def test_belonging_among_many_parents_of_which_one_contains_all() -> None:
    """Each with each of them would be 2,500,000,000 looks."""
    parents = [Segment(0, 10**9), *(Segment(n * 10, n * 10 + 10) for n in range(50_000))]
    assert belonging([Segment(n * 10 + 1, n * 10 + 2) for n in range(50_000)], parents) == list(range(1, 50_001))
