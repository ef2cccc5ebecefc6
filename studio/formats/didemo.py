"""DiDeMo JSON: descriptions with moments in chunks of 5 s, counted from 0, the end inclusive: [3, 3] is 15–20 s.

Writing rounds both ends to the nearest chunk, and a moment has at least one. The last chunk ends with the video.
"""

from collections.abc import Sequence
from typing import Any

from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes
from studio.timeline import Footage, Segment, Timeline

CHUNK = 5_000_000
TRACK = "Query"
# the file it came from and what describes the video, beside what is read
_ENTRY = {"annotation_id", "description", "video", "times", "num_segments", "dl_link"}


def _rounded(segment: Segment, footage: Footage) -> Segment:
    last = max(0, -(-footage.duration // CHUNK) - 1)
    first = min(last, (segment.start + CHUNK // 2) // CHUNK)
    end = CHUNK * min(last + 1, max(first + 1, (segment.end + CHUNK // 2) // CHUNK))
    return Segment(first * CHUNK, min(end, footage.duration))


HOLDS = Holds(tracks=False, rounding=_rounded)


def write(timelines: Sequence[Timeline]) -> bytes:
    """One entry a video and description, with all its moments under `times`."""
    entries: list[dict[str, Any]] = []
    for timeline in timelines:
        for description, found in reading.grouped(HOLDS.fitted(timeline), lambda a: a.label).items():
            times = [[a.segment.start // CHUNK, (a.segment.end - 1) // CHUNK] for a in found]
            entries.append({
                "annotation_id": len(entries) + 1, "description": description, "video": timeline.footage.stem,
                "times": times, "num_segments": -(-timeline.footage.duration // CHUNK),
            })  # fmt: skip
    return reading.dump(entries)


def read(data: bytes, name: str) -> list[Part]:
    """Every entry of `times` is one segment: the data set has one an annotator. Raises FormatError."""
    found: dict[str, list[Mark]] = {}
    notes = Notes()
    for number, entry in enumerate(reading.expect(reading.json_of(data), list, "This DiDeMo file"), 1):
        where = f"Entry {number}"
        with notes.entry():
            label, video = reading.child(entry, "description", str, where), reading.child(entry, "video", str, where)
            notes.known(entry, _ENTRY)
            marks = found.setdefault(video, [])
            for pair in reading.child(entry, "times", list, where):
                with notes.entry():
                    first, last = (reading.whole(reading.child(pair, k, int, where), where) for k in (0, 1))
                    marks.append(Mark(first * CHUNK, (last + 1) * CHUNK, label, TRACK))
    return notes.parts([Part(video, tuple(marks)) for video, marks in found.items()])


FORMAT = Format("didemo", "DiDeMo", ".json", "application/json", "chunks of 5 s", HOLDS, write, read, many=True)
