"""Charades-STA text: `VIDEO START END##sentence` a line, in seconds; written exact to the µs."""

import re
from collections.abc import Sequence

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes
from studio.timeline import Timeline

HOLDS = Holds(tracks=False, text=reading.one_line)
TRACK = "Query"
_LINE = re.compile(r"\s*(\S+)[ \t]+(\S+)[ \t]+([^\s#]+)[ \t]*##(.*)")


def write(timelines: Sequence[Timeline]) -> bytes:
    """One line a segment; at least one digit after the point, as the data set has it."""
    lines = [
        f"{reading.word(t.footage.stem)} {reading.decimal(a.segment.start, 1)} {reading.decimal(a.segment.end, 1)}"
        f"##{a.label}\n"
        for t in timelines
        for a in HOLDS.fitted(t)
    ]
    return "".join(lines).encode()


def read(data: bytes, name: str) -> list[Part]:
    """Raises FormatError naming the line."""
    found: dict[str, list[Mark]] = {}
    notes = Notes()
    for number, line in reading.lines_of(data):
        with notes.entry():
            video, mark = _mark(line, number)
            found.setdefault(video, []).append(mark)
    return notes.parts([Part(video, tuple(marks)) for video, marks in found.items()])


def _mark(line: str, number: int) -> tuple[str, Mark]:
    match, where = _LINE.fullmatch(line), f"Line {number}"
    if match is None:
        raise FormatError(f"{where} does not read VIDEO START END##sentence; is this Charades-STA?")
    video, start, end, sentence = match.groups()
    return video, Mark(reading.us_of(start, where), reading.us_of(end, where), sentence.strip(), TRACK)


FORMAT = Format("charades", "Charades-STA", ".txt", "text/plain", "s", HOLDS, write, read, many=True)
