"""CMX 3600 EDL, written only: the segments one after the other, as an editor would cut them together.

Source times are frames of the video's own table as HH:MM:SS:FF, the end exclusive; FF counts at the nearest whole rate
(25 for 24.99), because a time code has no other: frame 250 is 00:00:10:00 at 25 whatever the clock said. With a
variable frame rate the frames are right and the clock is only nominal. Labels and tracks are comments; there are 999
events at most.
"""

from collections.abc import Sequence

from studio.errors import UsageError
from studio.formats import reading
from studio.formats.model import Format, Holds
from studio.timeline import Timeline

HOLDS = Holds(grain=0, text=reading.one_line, naming=reading.one_line)
_MOST_EVENTS = 999


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video. Raises UsageError for more events than the format can number."""
    timeline = timelines[0]
    footage, found = timeline.footage, HOLDS.fitted(timeline)
    if len(found) > _MOST_EVENTS:
        raise UsageError(f"An EDL has at most {_MOST_EVENTS} events and there are {len(found)}; export another format.")
    rate = max(1, round(footage.fps))
    lines = [f"TITLE: {reading.one_line(footage.name)[:70]}", "FCM: NON-DROP FRAME", ""]
    at = 0
    for number, a in enumerate(found, 1):
        first, end = footage.frames(a.segment)
        times = " ".join(_code(frame, rate) for frame in (first, end, at, at + end - first))
        lines += [
            f"{number:03d}  AX       V     C        {times}",
            f"* FROM CLIP NAME: {reading.one_line(footage.name)}",
            f"* COMMENT: {a.track}: {a.label}",
        ]
        at += end - first
    return ("\n".join(lines) + "\n").encode()


def _code(frame: int, rate: int) -> str:
    seconds, frames = divmod(frame, rate)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"


FORMAT = Format("edl", "CMX 3600 EDL", ".edl", "text/plain", "frames as time codes", HOLDS, write, None)
