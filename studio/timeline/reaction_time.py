"""How long after a moment a person marks it while the video plays, by what they later corrected."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

LEAST = 5  # corrections, before anything is known of a person
MOST_US = 1_500_000  # nobody reacts later: a boundary that was moved further was redrawn


class MarkedBoundary(NamedTuple):
    """A boundary that was marked while the video played, and moved later: where the playhead was, at which rate it went
    (below 0: backwards), and where the boundary is now; times in µs."""

    at_us: int
    rate: float
    now_us: int


class ReactionTime(NamedTuple):
    """In µs of real time, 0 while too little is known; from so many corrections."""

    delay_us: int
    corrections: int


def reaction_time(boundaries: Sequence[MarkedBoundary]) -> ReactionTime:
    """The median of how long after the corrected boundaries their marks came; those that were redrawn do not count."""
    delays = [(each.at_us - each.now_us) / each.rate for each in boundaries]
    near = [delay for delay in delays if abs(delay) <= MOST_US]
    return ReactionTime(max(0, round(median(near))) if len(near) >= LEAST else 0, len(near))
