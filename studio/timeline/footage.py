"""What must be known of a video to write down its times: its length, its size, and when each frame is displayed."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import NamedTuple

from studio.errors import UsageError
from studio.timeline.segment import Segment

_INSTANT, _ROUNDED = 10_000, 500  # µs


class Beside(NamedTuple):
    """Another camera or recording of a timeline: it begins `offset` µs after the main one (below 0: before it).
    `duration` is in µs, `fps` for what is only shown; both 0 where they are not known. `rate` is that of its clock, as
    `MediaPlace` has it."""

    name: str
    offset: int
    pictures: bool = True
    duration: int = 0
    fps: float = 0.0
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Footage:
    """One video. `duration` in µs, sides in pixels as displayed (0: not known).

    `pts` are the times of its frames in µs, rising from 0: frame i is displayed over `[pts[i], pts[i + 1])`, the last
    one until `duration`. `fps` is for what is only shown (time codes); no time is ever computed from it. `timecode` is
    what the recorder counted at the first frame, HH:MM:SS:FF or with “;” for drop frames, "" where the file has none,
    None where nobody looked. `sha256` is that of the file's content. A recording without `pictures` is sound alone, and
    has no frames.
    """

    name: str
    duration: int
    id: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    pts: Sequence[int] = field(default=(), repr=False)
    timecode: str | None = ""
    sha256: str = ""
    pictures: bool = True

    @property
    def stem(self) -> str:
        """The name without folders and ending; what data sets call a video."""
        return PurePath(self.name).stem or self.name

    @property
    def frame_count(self) -> int:
        return len(self.pts)

    @property
    def nominal_rate(self) -> int:
        """Frames a second as a time code counts them (30 for 29.97); 0 where they do not last evenly."""
        if len(self.pts) < 2:
            return 0
        usual = self.pts[-1] / (len(self.pts) - 1)
        even = all(abs(time - n * usual) < usual / 2 for n, time in enumerate(self.pts))
        return round(1e6 / usual) if even else 0

    def edge(self, frame: int) -> int:
        """Where frame number `frame`, from 0, begins (µs); that after the last one is the end of the video."""
        if not self.pictures:
            raise UsageError(f"“{self.name}” has no pictures, so it has no frames; say times in seconds.")
        if not self.pts:
            raise UsageError(f"The frames of “{self.name}” are not known; add the video again.")
        return self.pts[max(0, frame)] if frame < len(self.pts) else max(self.duration, self.pts[-1] + 1)

    def time_of(self, frame: int) -> int:
        """Where a frame begins (µs); beyond the last one as if more frames of its length came."""
        if frame < self.frame_count or self.frame_count < 2:
            return self.edge(frame)
        return self.duration + round((frame - self.frame_count) * self.pts[-1] / (self.frame_count - 1))

    def near(self, us: int) -> int:
        """The nearest edge of a frame; a time outside of the video, or of sound alone, stays as it is (µs)."""
        return self.edge(self.frame_near(us)) if self.pictures and 0 <= us <= self.duration else us

    def frame_near(self, us: int) -> int:
        """The frame, from 0, whose beginning is nearest; `frame_count` when the end of the video is nearer."""
        at = max(0, bisect_right(self.pts, us) - 1)
        return at + 1 if self.edge(at + 1) - us < us - self.edge(at) else at

    def instant(self, us: int) -> Segment:
        """What is shown at a time: its frame, or of sound alone 10 ms from then on. A time that is rounded to the ms is
        that of the frame that begins next to it."""
        if not self.pts or not 0 <= us < self.duration:
            return Segment(max(0, us), max(0, us) + _INSTANT)
        at = max(0, bisect_right(self.pts, us + _ROUNDED) - 1)
        return Segment(self.edge(at), self.edge(at + 1))

    @property
    def usual_frame_us(self) -> float:
        """How long a frame is shown on average; of sound alone as long as an instant."""
        return self.pts[-1] / (len(self.pts) - 1) if len(self.pts) > 1 else _INSTANT

    def frames(self, segment: Segment) -> tuple[int, int]:
        """`[first, end)` in frames: the nearest edges of frames, and always at least one frame."""
        first = min(self.frame_near(segment.start), self.frame_count - 1)
        return first, max(first + 1, self.frame_near(segment.end))

    def span(self, first: int, end: int) -> Segment:
        """The time over which frames `[first, end)` are displayed."""
        return Segment(self.edge(first), self.edge(end))
