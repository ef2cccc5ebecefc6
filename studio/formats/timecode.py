"""How editors count: whole frames at a nominal rate, from the time code of a file's first frame."""

from dataclasses import dataclass
from fractions import Fraction

from studio.timeline import Footage, Timeline

_UNEVEN = (
    "The frames of this video do not last evenly and editors count them as if they did; convert it to a constant frame "
    "rate before you edit it."
)
_NO_LOOK = (
    "Whether this file has a time code of its own was not looked up when it was added, so its times begin at "
    "00:00:00:00; add it again to have it looked up."
)


@dataclass(frozen=True, slots=True)
class Counting:
    """How the frames of one video are counted: `nominal` a second, of which NTSC's rates are 1000/1001; `drop` numbers
    are left out in every minute but each tenth one; `begin` is the first frame's."""

    nominal: int
    ntsc: bool = False
    drop: int = 0
    begin: int = 0

    @property
    def rate(self) -> Fraction:
        """Frames a second."""
        return self.nominal * Fraction(1000, 1001) if self.ntsc else Fraction(self.nominal)

    def code(self, frame: int) -> str:
        """A frame as HH:MM:SS:FF, with “;” where numbers are left out."""
        drop, nominal = self.drop, self.nominal
        if drop:
            tens, rest = divmod(frame, 600 * nominal - 9 * drop)
            frame += 9 * drop * tens + drop * max(0, (rest - drop) // (60 * nominal - drop))
        seconds, frames = divmod(frame, nominal)
        hours = seconds // 3600 % 24
        return f"{hours:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{';' if drop else ':'}{frames:02d}"


def counting_of(footage: Footage) -> Counting:
    """How editors count the frames of a video: at the nearest whole rate, or NTSC's of it."""
    nominal, timecode = max(1, round(footage.fps)), footage.timecode or "00:00:00:00"
    ntsc = abs(footage.fps - nominal / 1.001) < abs(footage.fps - nominal)
    drop = nominal // 15 if ";" in timecode and nominal % 30 == 0 else 0
    return Counting(nominal, ntsc, drop, _frame(timecode, nominal, drop))


def _frame(code: str, nominal: int, drop: int) -> int:
    """The inverse of `Counting.code`."""
    hours, minutes, seconds, frames = (int(part) for part in code.replace(";", ":").split(":"))
    minutes += 60 * hours
    return (60 * minutes + seconds) * nominal + frames - drop * (minutes - minutes // 10)


def packed(code: str) -> int:
    """HH:MM:SS:FF as one number, to be read once it is known of which video; see `unpacked`. Larger is later."""
    hours, minutes, seconds, frames = (int(part) for part in code.replace(";", ":").split(":"))
    return 2 * (100 * (60 * (60 * hours + minutes) + seconds) + frames) + (";" in code)


def unpacked(value: int, footage: Footage) -> int:
    """The frame that a time code names, counted at the rate of the video from the number 00:00:00:00."""
    counting = counting_of(footage)
    (seconds, frames), drops = divmod(value // 2, 100), value % 2
    drop = counting.nominal // 15 if drops and counting.nominal % 30 == 0 else 0
    minutes = seconds // 60
    return seconds * counting.nominal + frames - drop * (minutes - minutes // 10)


def remarks(timeline: Timeline) -> list[str]:
    """What whoever opens a file for editors has to know of this video."""
    footage = timeline.footage
    uneven = len(footage.pts) > 1 and not footage.nominal_rate
    return [sentence for sentence, holds in ((_NO_LOOK, footage.timecode is None), (_UNEVEN, uneven)) if holds]
