"""Audacity labels: `start TAB end TAB label` a line, in seconds with six digits, so exact to the µs.

A line that begins with a backslash gives the frequencies of the label before it, which a timeline has no place for.
"""

from collections.abc import Sequence

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.timeline import Timeline

HOLDS = Holds(tracks=False, text=reading.one_line)
TRACK = "Labels"


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    return "".join(
        f"{reading.decimal(a.segment.start, 6)}\t{reading.decimal(a.segment.end, 6)}\t{a.label}\n"
        for a in HOLDS.fitted(timelines[0])
    ).encode()


def read(data: bytes, name: str) -> list[Part]:
    """Raises FormatError naming the line."""
    marks = []
    for number, line in reading.lines_of(data):
        if line.startswith("\\"):
            continue
        fields, where = line.split("\t", 2), f"Line {number}"
        if len(fields) < 2:
            raise FormatError(f"{where} does not read START, END and label between tabs; is this Audacity's?")
        start, end = (reading.us_of(field, where) for field in fields[:2])
        marks.append(Mark(start, end, fields[2].strip() if len(fields) > 2 else "", TRACK))
    return [Part("", tuple(marks))]


FORMAT = Format("audacity", "Audacity labels", ".txt", "text/plain", "s", HOLDS, write, read)
