"""WebVTT by the parser algorithm of the W3C (https://www.w3.org/TR/webvtt1/#file-parsing), which browsers follow too:
a bad cue drops itself and nothing else.
"""

import html
import re
from dataclasses import dataclass

from studio.errors import FormatError
from studio.formats import reading

_TIME = r"(?:(\d+):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMINGS = re.compile(rf"[ \t\f]*{_TIME}[ \t\f]*-->[ \t\f]*{_TIME}(?![:.\d])")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>|</>|<\d[\d:.]*>|<[.\s][^>]*>")
_OTHER_BLOCKS = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t]|$)")


@dataclass(frozen=True, slots=True)
class VttCue:
    """A cue: µs, its text without tags, and the voice that speaks ("" where none is said)."""

    start: int
    end: int
    text: str
    voice: str = ""


def is_webvtt(text: str) -> bool:
    """Whether a text begins as WebVTT must."""
    return re.match(r"\ufeff?WEBVTT(?:[ \t\r\n]|\Z)", text) is not None


def read(text: str) -> tuple[list[VttCue], int]:
    """The cues in the file's order, and how many were left out because their time cannot be read.

    Raises FormatError where it is no WebVTT, TooMany.
    """
    if not is_webvtt(text):
        raise FormatError("This is not WebVTT; its first line must begin with WEBVTT.")
    lines = re.sub(r"\r\n?", "\n", text.replace("\0", "\ufffd")).split("\n")
    cues: list[VttCue] = []
    dropped = 0
    place = 1
    header = place < len(lines) and lines[place] != ""
    while place < len(lines):
        if not header and lines[place] == "":
            place += 1
            continue
        place, cue, bad = _block(lines, place, header)
        reading.take_parts(1)
        header = False
        dropped += bad
        if cue is not None and cue.text:
            cues.append(cue)
    return cues, dropped


def _block(lines: list[str], place: int, header: bool) -> tuple[int, VttCue | None, bool]:
    """“Collect a WebVTT block”: the place after it, its cue if it has one, and whether a cue was dropped."""
    first, times, bad = place, None, False
    arrow = False
    said: list[str] = []
    while place < len(lines):
        line = lines[place]
        if "-->" in line:
            if header or not (place == first or (place == first + 1 and not arrow)):
                break
            if said and _OTHER_BLOCKS.match(said[0]) and not _TIMINGS.match(line):
                said.append(line)  # a comment that draws an arrow is no cue that was lost
                place += 1
                continue
            arrow, times, said = True, _times(line), []
            bad = times is None
        elif line == "":
            break
        else:
            said.append(line)
        place += 1
    if times is None:
        return place, None, bad or (not header and _is_lost(said))
    reading.room_for(1)
    payload = "\n".join(said)
    voice = _VOICE.search(payload)
    name = html.unescape(voice.group(1)).strip() if voice else ""
    return place, VttCue(*times, plain(payload), name), False


def _is_lost(said: list[str]) -> bool:
    """Whether a block without times is a cue that lacks them, and no comment, style or stray number."""
    words = [line for line in said if line.strip() and not line.strip().isdecimal()]
    return bool(words) and not _OTHER_BLOCKS.match(said[0])


def _times(line: str) -> tuple[int, int] | None:
    match = _TIMINGS.match(line)
    if match is None:
        return None
    numbers = [int(part or 0) if len(part or "") < 12 else None for part in match.groups()]
    if None in numbers:
        return None
    start, end = (_us(*(n or 0 for n in numbers[k : k + 4])) for k in (0, 4))
    return start, end


def _us(hours: int, minutes: int, seconds: int, millis: int) -> int:
    return (((hours * 60 + minutes) * 60 + seconds) * 1000 + millis) * 1000


def plain(payload: str) -> str:
    """The words of a cue on one line: without tags, with entities resolved; blanks between words stay as they are."""
    said = (line.strip() for line in html.unescape(_TAG.sub("", payload)).split("\n"))
    return " ".join(filter(None, said))
