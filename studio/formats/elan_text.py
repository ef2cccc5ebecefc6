"""ELAN's tab-delimited text: a line an annotation, `TIER TAB PARTICIPANT TAB BEGIN TAB END TAB DURATION TAB TEXT`.

Times are written as hh:mm:ss.ms, to the nearest ms. ELAN lets people choose the columns and what times look like: read
are the first two different times of a line, as hh:mm:ss.ms, in seconds or in ms, whatever is before them as the tier,
and what is after them and is no time as the text. A number is no time where the line has times as hh:mm:ss.ms, nor is
it the PARTICIPANT of the six columns above. A line of heads is skipped.
"""

import re
from collections.abc import Sequence
from typing import Any

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes
from studio.timeline import Timeline

HOLDS = Holds(grain=1_000, text=reading.one_line, naming=reading.one_line)
TRACK = "Tier"
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")
_SECONDS, _MILLISECONDS = re.compile(r"\d+\.\d+"), re.compile(r"\d+")
_NEVER = "which does not read TIER, BEGIN, END and a text between tabs, as ELAN exports it"


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    lines = []
    for a in HOLDS.fitted(timelines[0]):
        start, end = a.segment.start, a.segment.end
        lines.append("\t".join((a.track, "", _clock(start), _clock(end), _clock(end - start), a.label)))
    return "".join(f"{line}\n" for line in lines).encode()


def _clock(us: int) -> str:
    minutes, ms = divmod(us // 1000, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}.{ms % 1000:03}"


def read(data: bytes, name: str) -> list[Part]:
    """Raises FormatError naming the line."""
    marks: list[Mark] = []
    notes = Notes()
    for number, line in reading.lines_of(data):
        cells = line.split("\t")
        if number == 1 and len(cells) > 2 and not any(map(_is_time, cells)):
            continue  # the heads
        with notes.entry():
            marks.append(_mark(cells, f"Line {number}"))
    return notes.parts([Part("", tuple(marks))])


def _is_time(cell: str) -> bool:
    text = cell.strip()
    return any(each.fullmatch(text) for each in (_CLOCK, _SECONDS, _MILLISECONDS))


def _mark(cells: Sequence[str], where: str) -> Mark:
    places = [k for k, cell in enumerate(cells) if k and _is_time(cell)]
    clocks = [k for k in places if _CLOCK.fullmatch(cells[k].strip())]
    if len(clocks) >= 2:
        places = clocks
    elif len(cells) == 6 and places[:4] == [1, 2, 3, 4] and _lasts(cells[2:5], where):
        places = places[1:]
    if len(places) < 2 or len(cells) < 4:
        raise FormatError(f"{where}: {' | '.join(cells)!r:.60}, {_NEVER}.")
    times = {k: _us(cells[k], where) for k in places}
    begin = places[0]
    # ELAN may say each time in several ways, one beside the other
    end = next((k for k in places[1:] if times[k] != times[begin]), places[1])
    texts = [cell for k, cell in enumerate(cells) if k > end and not _is_time(cell)]
    label = texts[0].strip() if texts else cells[-1].strip() if len(cells) - 1 > end else ""
    return Mark(times[begin], times[end], label, cells[0].strip() or TRACK)


def _lasts(cells: Sequence[str], where: str) -> bool:
    """Whether these are a begin, an end, and how long that is; to the ms, as ELAN rounds."""
    begin, end, duration = (_us(cell, where) for cell in cells)
    return abs(end - begin - duration) <= 1_000


def _us(cell: str, where: str) -> int:
    text = cell.strip()
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = clock.groups()
        return (int(hours) * 3600 + int(minutes) * 60) * 1_000_000 + reading.us_of(seconds, where)
    value: Any = text
    return reading.us_of(value, where) if "." in text else reading.whole(value, where) * 1000


FORMAT = Format("elantext", "ELAN tab-delimited text", ".txt", "text/plain", "ms", HOLDS, write, read)
