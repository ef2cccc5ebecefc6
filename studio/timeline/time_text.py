"""Times as people type them: seconds, the clock, frames, and the time codes of editors (as time-text.js reads them)."""

import re

from studio.errors import UsageError
from studio.timeline.footage import Footage
from studio.timeline.time import MICROS, us

EXAMPLES = "1:02.5, 62.5, 0:01:02:12 (frames last) or 1550 f"

_SECONDS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*s?")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d\d?(?:\.\d*)?)")
_FRAME = re.compile(r"frame\s*(\d+)|(\d+)\s*f(?:rames?)?")
_CODE = re.compile(r"(\d+):(\d\d):(\d\d)([:;])(\d\d)")
_SIGNED = re.compile(r"\s*([+\-−–]?)\s*(.*)", re.DOTALL)


def read_time(text: str, footage: Footage) -> int:
    """A time in a video, in µs. A time code counts frames as SMPTE ST 12-1 does: at the nominal rate, after “;” without
    the dropped numbers; where frames last unevenly, its frames count from its second.

    Raises UsageError for what is no time.
    """
    typed = text.strip().lower().replace(",", ".", 1)
    if plain := _SECONDS.fullmatch(typed):
        return us(float(plain[1]))
    if frame := _FRAME.fullmatch(typed):
        return footage.time_of(int(frame[1] or frame[2]))
    if clock := _CLOCK.fullmatch(typed):
        hours, minutes, seconds = int(clock[1] or 0), int(clock[2]), float(clock[3])
        if seconds < 60 and (clock[1] is None or minutes < 60):
            return us(hours * 3600 + minutes * 60 + seconds)
    elif code := _CODE.fullmatch(typed):
        hours, minutes, whole, count = (int(code[n]) for n in (1, 2, 3, 5))
        rate = footage.nominal_rate
        if minutes < 60 and whole < 60 and (not rate or count < rate):
            second = hours * 3600 + minutes * 60 + whole
            if not rate:
                return footage.time_of(footage.frame_near(second * MICROS) + count)
            passed = hours * 60 + minutes
            dropped = rate // 15 * (passed - passed // 10) if code[4] == ";" else 0
            return footage.time_of(second * rate + count - dropped)
    raise UsageError(f"“{text:.40}” is no time; type it as {EXAMPLES}.")


def read_shift(text: str, footage: Footage) -> int:
    """By how many µs something is moved: a time with a sign before it.

    Raises UsageError.
    """
    found = _SIGNED.fullmatch(text)
    sign, rest = found.groups() if found else ("", text)
    return -read_time(rest, footage) if sign and sign != "+" else read_time(rest, footage)
