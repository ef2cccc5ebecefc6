"""CMX 3600 EDL, written only: the segments one after the other, as an editor would cut them together.

Source times are frames of the video's own table as HH:MM:SS:FF, the end exclusive, from the time code that the file has
for its first frame (its `tmcd` track), by which editors find the pictures again; record times begin at 0. FF counts at
the nearest whole rate (25 for 24.99), because a time code has no other: frame 250 is 00:00:10:00 at 25 whatever the
clock said; drop frames are counted where the file's time code drops them. With a
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
    rate, timecode = max(1, round(footage.fps)), footage.timecode or "00:00:00:00"
    drop = rate // 15 if ";" in timecode and rate % 30 == 0 else 0
    begin = _frame(timecode, rate, drop)
    lines = [f"TITLE: {reading.one_line(footage.name)[:70]}", f"FCM: {'' if drop else 'NON-'}DROP FRAME", ""]
    at = 0
    for number, a in enumerate(found, 1):
        first, end = footage.frames(a.segment)
        frames = (begin + first, begin + end, at, at + end - first)
        times = " ".join(_code(frame, rate, drop) for frame in frames)
        lines += [
            f"{number:03d}  AX       V     C        {times}",
            f"* FROM CLIP NAME: {reading.one_line(footage.name)}",
            f"* COMMENT: {a.track}: {a.label}",
        ]
        at += end - first
    return ("\n".join(lines) + "\n").encode()


def remarks(timeline: Timeline) -> list[str]:
    """Where it is not known by which time code editors find the pictures again."""
    if timeline.footage.timecode is not None:
        return []
    return ["Whether this file has a time code of its own was not looked up when it was added, so its times begin at "
            "00:00:00:00; add it again to have it looked up."]  # fmt: skip


def _code(frame: int, rate: int, drop: int) -> str:
    """A frame as HH:MM:SS:FF. With `drop`, so many numbers are left out in every minute but each tenth one."""
    if drop:
        tens, rest = divmod(frame, 600 * rate - 9 * drop)
        frame += 9 * drop * tens + drop * max(0, (rest - drop) // (60 * rate - drop))
    seconds, frames = divmod(frame, rate)
    hours = seconds // 3600 % 24
    return f"{hours:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{';' if drop else ':'}{frames:02d}"


def _frame(code: str, rate: int, drop: int) -> int:
    """The inverse of `_code`."""
    hours, minutes, seconds, frames = (int(part) for part in code.replace(";", ":").split(":"))
    minutes += 60 * hours
    return (60 * minutes + seconds) * rate + frames - drop * (minutes - minutes // 10)


FORMAT = Format(
    "edl", "CMX 3600 EDL", ".edl", "text/plain", "frames as time codes", HOLDS, write, None, remarks=remarks
)
