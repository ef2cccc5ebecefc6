"""YouTube chapters: a line for each segment, to be pasted into the description of a video.

A line is `0:00 label`, `1:02:05 label` from one hour on. A chapter has only a beginning, in whole seconds, and lasts
until the next one; of segments that begin in the same second the longest is named. YouTube shows chapters only where
the first begins at 0:00, and there are three or more of at least 10 seconds each. What is about the whole video is no
chapter, and left out.

Reading makes a segment of each, which lasts until the next one, the last until the end of the video. A time may be in
brackets, and a dash, colon or bar may follow it, so that a label cannot begin with one. Other lines of a description
are left out and counted.
"""

import re
from collections.abc import Sequence

from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part, heard, segments
from studio.formats.notes import Notes
from studio.timeline import Timeline

_SECOND = 1_000_000
_LEAST, _SHORTEST_S = 3, 10
_BEHIND = "-\N{EN DASH}\N{EM DASH}:|"  # what people put between a time and a title
_LINE = re.compile(
    r"\s*[(\[]?(?:([0-9]{1,3}):)?([0-9]{1,3}):([0-5][0-9])"
    rf"(?:[)\]]\s*|[{re.escape(_BEHIND)}]?\s+)[{re.escape(_BEHIND)}\s]*(.*)"
)
TRACK = "Chapters"


def _title(label: str) -> str:
    return reading.one_line(label).lstrip(_BEHIND + " ")


HOLDS = Holds(grain=_SECOND, tracks=False, blank=False, ends=False, text=_title, whole=False)


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    return "".join(f"{_clock(at)} {label}\n" for at, label in _chapters(timelines[0]).items()).encode()


def _chapters(timeline: Timeline) -> dict[int, str]:
    """Second → label, in order."""
    last = max(0, (timeline.footage.duration - 1) // _SECOND)
    found = sorted(
        (min(last, a.segment.start // _SECOND), -a.segment.duration, a.label) for a in HOLDS.fitted(timeline)
    )
    chapters: dict[int, str] = {}
    for at, _, label in found:
        chapters.setdefault(at, label)
    return chapters


def _clock(seconds: int) -> str:
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"


def remarks(timeline: Timeline) -> list[str]:
    """What a chapter cannot say, and why YouTube would not show these."""
    chapters = list(_chapters(timeline))
    if not chapters:
        return []
    said = ["A chapter has no end: it lasts until the next one."]
    hidden = len(HOLDS.fitted(timeline)) - len(chapters)
    if hidden:
        said.append(f"{segments(hidden)} in the same second as a longer one {'is' if hidden == 1 else 'are'} left out.")
    ends = [*chapters[1:], timeline.footage.duration // _SECOND]
    wrong = [
        reason
        for reason, holds in (
            ("the first begins later than 0:00", chapters[0] > 0),
            (f"there are fewer than {_LEAST}", len(chapters) < _LEAST),
            (f"some are shorter than {_SHORTEST_S} seconds",
             any(end - at < _SHORTEST_S for at, end in zip(chapters, ends, strict=True))),
        )
        if holds
    ]  # fmt: skip
    return [*said, f"YouTube will not show these chapters: {'; '.join(wrong)}."] if wrong else said


def read(data: bytes, name: str) -> list[Part]:
    """Raises FormatError."""
    notes = Notes()
    found: list[tuple[int, str]] = []
    for _, line in reading.lines_of(data):
        if (match := _LINE.fullmatch(line + " ")) is None:
            notes.left_out("line(s) without a chapter")
            continue
        hours, minutes, seconds, title = match.groups()
        found.append((((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * _SECOND, heard(title.strip())))
    found.sort(key=lambda chapter: chapter[0])
    ends = [at for at, _ in found[1:]]
    marks = [Mark(at, end, title, TRACK) for (at, title), end in zip(found, ends, strict=False)]
    marks += [Mark(at, at, title, TRACK, open=True) for at, title in found[-1:]]
    return notes.parts([Part("", tuple(marks))])


FORMAT = Format(
    "chapters", "YouTube chapters", ".txt", "text/plain", "whole seconds", HOLDS, write, read, remarks=remarks
)
