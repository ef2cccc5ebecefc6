"""A half-open interval of time."""

from dataclasses import dataclass

from studio.errors import UsageError
from studio.timeline.time import clock


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """`[start, end)` in µs, ordered by start, then by end. Never empty, never negative."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not (isinstance(self.start, int) and isinstance(self.end, int)):
            raise TypeError("a Segment is made of integer microseconds")
        if self.start < 0:
            raise UsageError("A segment cannot start before the video does.")
        if self.end <= self.start:
            raise UsageError(
                f"A segment must end after it starts, but {clock(self.end)} is not after {clock(self.start)}."
            )

    @property
    def duration(self) -> int:
        return self.end - self.start

    def __contains__(self, time: int) -> bool:
        return self.start <= time < self.end

    def intersection(self, other: "Segment") -> int:
        """Length of the common part in µs, 0 when they only touch."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def iou(self, other: "Segment") -> float:
        """Temporal intersection over union, in [0, 1]."""
        common = self.intersection(other)
        return common / (self.duration + other.duration - common)
