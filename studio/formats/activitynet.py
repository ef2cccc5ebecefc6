"""ActivityNet JSON: `{"database": {VIDEO: {"duration", "subset", "annotations": [{"segment": [s, s], "label"}]}}}`.

Times are seconds with up to six digits, so exact to the µs. `results` files (what a method found, with scores) are read
too. The dense captions of ActivityNet have `timestamps` and `sentences`, and are read as labels.
"""

from collections.abc import Sequence
from typing import Any

from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.timeline import Timeline

HOLDS = Holds(tracks=False)
TRACK = "Activity"


_SUBSETS = {"train": "training", "val": "validation", "test": "testing"}


def write(timelines: Sequence[Timeline]) -> bytes:
    """One database of all videos; outside of data sets, all are of the subset that its evaluation looks at."""
    database = {
        timeline.footage.stem: {
            "duration": reading.seconds_in(timeline.footage.duration),
            "subset": _SUBSETS.get(timeline.split, "validation"),
            "resolution": f"{timeline.footage.width}x{timeline.footage.height}",
            "url": "",
            "annotations": [
                {"segment": [reading.seconds_in(a.segment.start), reading.seconds_in(a.segment.end)], "label": a.label}
                for a in HOLDS.fitted(timeline)
            ],
        }
        for timeline in timelines
    }
    return reading.dump({"version": "VERSION 1.3", "database": database, "taxonomy": []})


def read(data: bytes, name: str) -> list[Part]:
    """The ground truth, results, or captions. Raises FormatError."""
    whole = reading.expect(reading.json_of(data), dict, "This ActivityNet file")
    videos = whole.get("database", whole.get("results", whole))
    found = [_part(video, entry) for video, entry in reading.expect(videos, dict, "“database”").items()]
    return [part for part in found if part.marks]


def _part(video: str, entry: Any) -> Part:
    where = f"“{video:.40}”"
    if isinstance(entry, dict) and "timestamps" in entry:
        times = reading.child(entry, "timestamps", list, where)
        said = reading.child(entry, "sentences", list, where)
        listed = [{"segment": t, "label": s} for t, s in zip(times, said, strict=False)]
    else:
        listed = entry if isinstance(entry, list) else reading.child(entry, "annotations", list, where)
    return Part(video, tuple(_mark(item, where) for item in listed))


def _mark(item: Any, where: str) -> Mark:
    segment = reading.child(item, "segment", list, where)
    start, end = (reading.us_of(reading.child(segment, k, (int, float), where), where) for k in (0, 1))
    score = item.get("score")
    label = reading.child(item, "label", str, where)
    return Mark(start, end, label, TRACK, score=None if score is None else reading.number(score, where))


FORMAT = Format("activitynet", "ActivityNet", ".json", "application/json", "s", HOLDS, write, read, many=True)
