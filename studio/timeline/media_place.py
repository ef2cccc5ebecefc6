"""Where a camera or recording lies on a timeline: when it begins there, and how fast its clock runs."""

from dataclasses import dataclass

from studio.errors import UsageError
from studio.timeline.segment import Segment

SLOWEST, FASTEST = 0.9, 1.1  # clocks differ by less than a thousandth; films that are played at 25 a second, by 4 %
_DIGITS = 9  # of a rate: 4 µs an hour


@dataclass(frozen=True, slots=True)
class MediaPlace:
    """What is at t µs of the medium is at `offset_us + rate * t` of the timeline. The main medium lies at 0, with the
    rate 1; so do the clocks of other recorders count, as long as nobody says otherwise. Raises UsageError."""

    offset_us: int
    rate: float = 1.0

    def __post_init__(self) -> None:
        if not SLOWEST <= self.rate <= FASTEST:  # also not a number
            raise UsageError(f"The clock of a camera may run {FASTEST - 1:.0%} fast or slow at most.")
        object.__setattr__(self, "rate", round(float(self.rate), _DIGITS))

    def on_timeline(self, us: int) -> int:
        """A time of the medium (µs) on the timeline."""
        return self.offset_us + (us if self.rate == 1 else round(us * self.rate))

    def placed(self, segment: Segment, duration_us: int) -> Segment | None:
        """A segment of the medium on a timeline of so many µs, as far as it lies on it; None where it does not."""
        start, end = max(0, self.on_timeline(segment.start)), min(duration_us, self.on_timeline(segment.end))
        return Segment(start, end) if start < end else None


ALIGNED = MediaPlace(0)
