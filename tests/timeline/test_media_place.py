"""Where what a camera shows lies on a timeline, also where its clock runs fast or slow."""

import pytest

from studio.errors import UsageError
from studio.timeline import MediaPlace, Segment

HOUR = 3_600_000_000


def test_a_clock_that_runs_slow_lies_later_and_later() -> None:
    place = MediaPlace(-2_000_000, 1.0001)
    assert place.on_timeline(0) == -2_000_000
    assert place.on_timeline(HOUR) == HOUR - 2_000_000 + 360_000
    assert place.placed(Segment(0, HOUR), 2 * HOUR) == Segment(0, HOUR - 1_640_000)
    assert place.placed(Segment(0, 1_000_000), HOUR) is None
    assert place.placed(Segment(HOUR - 1, HOUR), HOUR - 1_640_000) == Segment(HOUR - 1_640_001, HOUR - 1_640_000)


def test_without_a_rate_every_time_is_exact() -> None:
    assert MediaPlace(7).on_timeline(2**55 + 1) == 2**55 + 8


@pytest.mark.parametrize("rate", [0.8, 1.2, float("nan")])
def test_what_no_recorder_does_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match="at most"):
        MediaPlace(0, rate)
