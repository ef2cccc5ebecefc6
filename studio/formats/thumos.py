"""THUMOS text: a file a class, `VIDEO START END` a line in seconds; a zip of such files when there are several.

The class is the name of the file, without the `_val` or `_test` that the data set adds. Times are exact to the µs.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from studio.errors import FormatError
from studio.formats import archive, reading
from studio.formats.model import Format, Holds, Mark, Part, heard
from studio.formats.notes import Notes
from studio.platform.names import file_name
from studio.timeline import Timeline

TRACK = "Action"
_SUBSET = re.compile(r"(_val|_test)+$")


def _class(label: str) -> str:
    return file_name(_SUBSET.sub("", file_name(label))) if label else ""


HOLDS = Holds(tracks=False, blank=False, text=_class, files="labels")


def write(timelines: Sequence[Timeline]) -> bytes:
    """A zip with one text a class; at least two digits after the point, as the data set has them."""
    lines: dict[str, list[str]] = {}
    for timeline in timelines:
        video = reading.word(timeline.footage.stem)
        for a in HOLDS.fitted(timeline):
            times = reading.decimal(a.segment.start, 2), reading.decimal(a.segment.end, 2)
            lines.setdefault(a.label, []).append(f"{video} {times[0]} {times[1]}\n")
    return archive.pack({f"{label}.txt": "".join(lines[label]).encode() for label in sorted(lines)})


def read(data: bytes, name: str) -> list[Part]:
    """A zip, or one text whose class is its name. Raises FormatError naming the line."""
    files = archive.unpack(data) if archive.is_zip(data) else {name: data}
    found: dict[str, list[Mark]] = {}
    notes = Notes()
    for file, content in files.items():
        if archive.is_zip(data) and not file.lower().endswith(".txt"):
            notes.left_out("file(s) of the archive without the ending .txt")
            continue
        label = _SUBSET.sub("", PurePosixPath(file.replace("\\", "/")).name.removesuffix(".txt"))
        with notes.entry():
            for number, line in reading.lines_of(content):
                with notes.entry():
                    video, mark = _mark(line, label, f"Line {number} of {label:.40}")
                    found.setdefault(video, []).append(mark)
    return notes.parts([Part(video, tuple(marks)) for video, marks in found.items()])


def _mark(line: str, label: str, where: str) -> tuple[str, Mark]:
    fields = line.split()
    if len(fields) != 3:
        raise FormatError(f"{where} does not read VIDEO START END; is this THUMOS?")
    return fields[0], Mark(reading.us_of(fields[1], where), reading.us_of(fields[2], where), heard(label), TRACK)


FORMAT = Format("thumos", "THUMOS", ".zip", "application/zip", "s", HOLDS, write, read, many=True)
