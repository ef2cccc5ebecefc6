"""A person's delay, from what they later corrected."""

from studio.timeline.reaction_time import MarkedBoundary, ReactionTime, reaction_time


def late(*delays_s: float, rate: float = 1.0) -> list[MarkedBoundary]:
    """Boundaries at 10 s whose marks came so much later, in real time."""
    return [MarkedBoundary(10_000_000 + round(delay * rate * 1e6), rate, 10_000_000) for delay in delays_s]


def test_nothing_is_known_before_five_corrections() -> None:
    assert reaction_time(late(0.2, 0.2, 0.2, 0.2)) == ReactionTime(0, 4)
    assert reaction_time(late(0.2, 0.1, 0.3, 0.2, 0.25)) == ReactionTime(200_000, 5)


def test_a_segment_that_was_redrawn_does_not_count() -> None:
    assert reaction_time([*late(0.2, 0.1, 0.3, 0.2, 0.25), *late(8.0, -5.0)]) == ReactionTime(200_000, 5)


def test_faster_and_backwards_is_as_late_in_real_time() -> None:
    assert reaction_time([*late(0.2, 0.2, 0.2, rate=2.0), *late(0.2, 0.2, rate=-1.0)]) == ReactionTime(200_000, 5)


def test_who_marks_too_early_is_not_moved_forwards() -> None:
    assert reaction_time(late(-0.1, -0.2, -0.1, -0.1, -0.3)) == ReactionTime(0, 5)
