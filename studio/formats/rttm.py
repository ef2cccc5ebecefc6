"""RTTM: `SPEAKER file 1 onset duration <NA> <NA> name confidence <NA>`, in seconds, exact to the µs.

It keeps who and when, not what: the name is the track. Every track is written as a speaker, which the export says of
those whose labels are others than “speaking”. Where there are no annotations, or the lines of the transcript are wanted
(`--as lines`), it has a turn for each line that somebody is known to say. What is about the whole video is no turn, and
left out. Blanks in names become underscores, since they separate fields; names in which other tools left blanks are
read, where the fields around them say which they are.
"""

import re
from collections.abc import Iterator, Sequence

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes, listed
from studio.timeline import Timeline

HOLDS = Holds(labels=False, scores=True, naming=reading.word, lines="turns", speakers="yes", whole=False)
SAID = "speaking"
_NONE = "<NA>"


def write(timelines: Sequence[Timeline]) -> bytes:
    """One line a turn, at least three digits after the point, as the field has it."""
    turns = [
        f"SPEAKER {reading.word(t.footage.stem)} 1 {reading.decimal(start, 3)} "
        f"{reading.decimal(end - start, 3)} <NA> <NA> {who} {score} <NA>\n"
        for t in timelines
        for start, end, who, score in _turns(HOLDS.narrowed(t))
    ]
    return "".join(turns).encode()


def remarks(timeline: Timeline) -> list[str]:
    """Which tracks are written as speakers though their labels are about something else."""
    labels: dict[str, set[str]] = {}
    for a in HOLDS.fitted(timeline):
        labels.setdefault(a.track, set()).add(a.label)
    others = sorted(track for track, found in labels.items() if found - {""} and SAID not in found)
    if not others:
        return []
    takes, their = ("it for a speaker", "its") if len(others) == 1 else ("them for speakers", "their")
    return [f"Every row is written as a speaker, also {listed(others)}, where no label is “{SAID}”: whoever reads the "
            f"file takes {takes}. Remove {their} lines from the file if it is about speakers only."]  # fmt: skip


def _turns(timeline: Timeline) -> Iterator[tuple[int, int, str, object]]:
    """[start, end) in µs, who and how sure, of annotations or of lines."""
    for a in HOLDS.fitted(timeline):
        yield a.segment.start, a.segment.end, a.track, timeline.scores.get(a.id, _NONE)
    for line in HOLDS.fitted_spoken(timeline):
        yield line.start_us, line.end_us, line.speaker, _NONE


def read(data: bytes, name: str) -> list[Part]:
    """Turns of speakers; other types of line (there may be words, or facts about speakers) are counted and left out.

    Raises FormatError naming the line.
    """
    found: dict[str, list[Mark]] = {}
    notes = Notes()
    other = False
    for number, line in reading.lines_of(data):
        fields = line.split()
        if fields[0] == "SPEAKER":
            with notes.entry():
                video, mark = _turn(fields, f"Line {number}", notes)
                found.setdefault(video, []).append(mark)
        elif not line.startswith(";"):
            other = True
            notes.left_out("line(s) of other types than SPEAKER")
    if other and not found:
        raise FormatError("This file has no SPEAKER line; is this RTTM?")
    return notes.parts([Part(video, tuple(marks)) for video, marks in found.items()])


def _turn(fields: list[str], where: str, notes: Notes) -> tuple[str, Mark]:
    """SPEAKER file channel onset duration orthography subtype name confidence [lookahead].

    Some tools write blanks into names. Where the onset stands is then told by the two empty fields after the duration,
    which turns of speakers always have.
    """
    at = next(
        (k for k in range(3, len(fields) - 4) if fields[k + 2 : k + 4] == [_NONE, _NONE] and _times(fields, k)), 3
    )
    if at == 3 and not 8 <= len(fields) <= 10 and not (len(fields) > 10 and fields[5:7] == [_NONE, _NONE]):
        raise FormatError(f"{where} has {len(fields)} fields instead of 10; is this RTTM?")
    name, confidence = _named(fields[at + 4 :])
    start = reading.us_of(fields[at], where)
    mark = Mark(start, start + reading.us_of(fields[at + 1], where), SAID, name, score=notes.score(confidence, where))
    return " ".join(fields[1 : at - 1]), mark


def _times(fields: list[str], at: int) -> bool:
    try:
        return all(reading.us_of(field, "") >= 0 for field in fields[at : at + 2])
    except FormatError:
        return False


def _named(rest: list[str]) -> tuple[str, str | None]:
    """The name and the confidence in what follows the subtype: confidence and lookahead are numbers or empty."""
    count = len(rest)
    while count > max(1, len(rest) - 2) and _is_fact(rest[count - 1]):
        count -= 1
    confidence = rest[count] if count < len(rest) and rest[count] != _NONE else None
    return " ".join(rest[:count]), confidence


def _is_fact(field: str) -> bool:
    return field == _NONE or re.fullmatch(r"-?[\d.]+(?:[eE][-+]?\d+)?", field) is not None


FORMAT = Format("rttm", "RTTM (who spoke when)", ".rttm", "text/plain", "s", HOLDS, write, read, many=True,
                remarks=remarks)  # fmt: skip
