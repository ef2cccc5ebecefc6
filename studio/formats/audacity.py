"""Audacity labels: `start TAB end TAB label` a line, in seconds with six digits, so exact to the µs. A point in time
is a label that ends where it starts.

A line that begins with a backslash gives the frequencies of the label before it, which a timeline has no place for: it
is counted and left out.
"""

from collections.abc import Sequence

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part, points_of
from studio.formats.notes import Notes
from studio.timeline import Timeline

HOLDS = Holds(tracks=False, points=True, text=reading.one_line)
TRACK = "Labels"


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    timeline = timelines[0]
    points = points_of(timeline)
    rows = [
        (a.segment.start, a.segment.start if a.id in points else a.segment.end, a.label) for a in HOLDS.fitted(timeline)
    ]
    return "".join(
        f"{reading.decimal(start, 6)}\t{reading.decimal(end, 6)}\t{label}\n" for start, end, label in rows
    ).encode()


def read(data: bytes, name: str) -> list[Part]:
    """Raises FormatError naming the line."""
    marks: list[Mark] = []
    notes = Notes()
    for number, line in reading.lines_of(data):
        if line.startswith("\\"):
            notes.left_out("range(s) of frequencies")
            continue
        with notes.entry():
            marks.append(_mark(line, f"Line {number}"))
    return notes.parts([Part("", tuple(marks))])


def _mark(line: str, where: str) -> Mark:
    fields = line.split("\t", 2)
    if len(fields) < 2:
        raise FormatError(f"{where} does not read START, END and label between tabs; is this Audacity's?")
    start, end = (reading.us_of(field, where) for field in fields[:2])
    return Mark(start, end, fields[2].strip() if len(fields) > 2 else "", TRACK, point=start == end)


FORMAT = Format("audacity", "Audacity labels", ".txt", "text/plain", "s", HOLDS, write, read)
