"""QVHighlights JSON Lines: a query a line with all its windows in a video.

Windows are seconds, exact to the µs (the data set's own lie on a grid of 2 s, and its evaluation takes any).
`relevant_clip_ids` are the 2-s clips of which the windows cover at least half. `saliency_scores` are not written: they
are ratings of clips by three people, and no annotation has them. Predictions (`pred_relevant_windows`) are read too.
"""

import json
from collections.abc import Sequence
from typing import Any

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes
from studio.timeline import Annotation, Timeline

HOLDS = Holds(tracks=False)
TRACK = "Query"
_CLIP = 2_000_000
_RATINGS = ("saliency_scores", "pred_saliency_scores")
_RECORD = {
    "qid",
    "query",
    "duration",
    "vid",
    "relevant_windows",
    "pred_relevant_windows",
    "relevant_clip_ids",
    *_RATINGS,
}


def write(timelines: Sequence[Timeline]) -> bytes:
    """One line a video and label; `qid` counts from 1."""
    asked = [
        (t, query, windows)
        for t in timelines
        for query, windows in reading.grouped(HOLDS.fitted(t), lambda a: a.label).items()
    ]
    lines = [_record(qid, *one) for qid, one in enumerate(asked, 1)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def _record(qid: int, timeline: Timeline, query: str, found: list[Annotation]) -> dict[str, Any]:
    near = {k for a in found for k in range(a.segment.start // _CLIP, -(-a.segment.end // _CLIP))}
    clips = [k for k in sorted(near) if 2 * sum(_within(a, k) for a in found) >= _CLIP]
    return {
        "qid": qid,
        "query": query,
        "duration": reading.seconds_in(timeline.footage.duration),
        "vid": timeline.footage.stem,
        "relevant_windows": [[reading.seconds_in(t) for t in (a.segment.start, a.segment.end)] for a in found],
        "relevant_clip_ids": clips,
    }


def _within(a: Annotation, clip: int) -> int:
    return max(0, min(a.segment.end, (clip + 1) * _CLIP) - max(a.segment.start, clip * _CLIP))


def read(data: bytes, name: str) -> list[Part]:
    """Queries with their windows. Raises FormatError naming the line."""
    found: dict[str, list[Mark]] = {}
    notes = Notes()
    for number, line in reading.lines_of(data):
        where = f"Line {number}"
        with notes.entry():
            record = reading.expect(reading.json_of(line), dict, where)
            key = "relevant_windows" if "relevant_windows" in record else "pred_relevant_windows"
            query, video = reading.child(record, "query", str, where), reading.child(record, "vid", str, where)
            windows = reading.child(record, key, list, where)
            notes.known(record, _RECORD)
            notes.left_out("list(s) of saliency ratings", sum(key in record for key in _RATINGS))
            marks = found.setdefault(video, [])
            for window in windows:
                with notes.entry():
                    marks.append(_mark(window, query, where, notes))
    return notes.parts([Part(video, tuple(marks)) for video, marks in found.items()])


def _mark(window: Any, query: str, where: str, notes: Notes) -> Mark:
    values = reading.expect(window, list, where)
    if len(values) not in (2, 3):
        raise FormatError(f"{where}: a window must be [start, end], or [start, end, score].")
    score = notes.score(values[2], where) if len(values) == 3 else None
    return Mark(reading.us_of(values[0], where), reading.us_of(values[1], where), query, TRACK, score=score)


FORMAT = Format("qvhighlights", "QVHighlights", ".jsonl", "application/jsonl", "s", HOLDS, write, read, many=True)
