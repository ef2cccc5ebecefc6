"""RTTM: `SPEAKER file 1 onset duration <NA> <NA> name <NA> <NA>`, in seconds, exact to the µs.

It keeps who and when, not what: the name is the track. Blanks in names become underscores, since they separate fields.
"""

from collections.abc import Sequence

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.timeline import Timeline

HOLDS = Holds(labels=False, naming=reading.word)
SAID = "speaking"


def write(timelines: Sequence[Timeline]) -> bytes:
    """One line a turn, at least three digits after the point, as the field has it."""
    lines = [
        f"SPEAKER {reading.word(t.footage.stem)} 1 {reading.decimal(a.segment.start, 3)} "
        f"{reading.decimal(a.segment.duration, 3)} <NA> <NA> {a.track} <NA> <NA>\n"
        for t in timelines
        for a in HOLDS.fitted(t)
    ]
    return "".join(lines).encode()


def read(data: bytes, name: str) -> list[Part]:
    """Turns of speakers; other types of line (there may be words, or facts about speakers) are counted and left out.

    Raises FormatError naming the line.
    """
    found: dict[str, list[Mark]] = {}
    other = 0
    for number, line in reading.lines_of(data):
        fields, where = line.split(), f"Line {number}"
        if fields[0] != "SPEAKER":
            other += not line.startswith(";")
            continue
        if len(fields) < 8:
            raise FormatError(f"{where} has {len(fields)} fields instead of 10; is this RTTM?")
        start = reading.us_of(fields[3], where)
        mark = Mark(start, start + reading.us_of(fields[4], where), SAID, fields[7])
        found.setdefault(fields[1], []).append(mark)
    if other and not found:
        raise FormatError("This file has no SPEAKER line; is this RTTM?")
    problems = (f"{other} lines that are not turns of speakers are left out.",) if other else ()
    return [Part(video, tuple(marks), problems=problems if n == 0 else ())
            for n, (video, marks) in enumerate(found.items())]  # fmt: skip


FORMAT = Format("rttm", "RTTM (who spoke when)", ".rttm", "text/plain", "s", HOLDS, write, read, many=True)
