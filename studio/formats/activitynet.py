"""ActivityNet JSON: `{"database": {VIDEO: {"duration", "subset", "annotations": [{"segment": [s, s], "label"}]}}}`.

Times are seconds with up to six digits, so exact to the µs. An annotation has its `attributes` beside its label,
which other readers do not look at. `results` files (what a method found, with scores) are read too. The dense
captions of ActivityNet have `timestamps` and `sentences`, and are read as labels.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes
from studio.timeline import Footage, Timeline

HOLDS = Holds(tracks=False, attributes="all")
TRACK = "Activity"
_TOP = {"version", "database", "results", "taxonomy", "external_data"}
_ENTRY = {"duration", "subset", "resolution", "url", "annotations"}
_CAPTIONS = {"duration", "timestamps", "sentences"}
_ITEM = {"segment", "label", "score", "attributes"}
_SUBSETS = {"train": "training", "val": "validation", "test": "testing"}


def write(timelines: Sequence[Timeline]) -> bytes:
    """One database of all videos; outside of data sets, all are of the subset that its evaluation looks at."""
    database = {
        timeline.footage.stem: {
            "duration": reading.seconds_in(timeline.footage.duration),
            "subset": _SUBSETS.get(timeline.split, "validation"),
            **_resolution(timeline.footage),
            "url": "",
            "annotations": [
                {
                    "segment": [reading.seconds_in(a.segment.start), reading.seconds_in(a.segment.end)],
                    "label": a.label,
                    **({"attributes": dict(a.attributes)} if a.attributes else {}),
                }
                for a in HOLDS.fitted(timeline)
            ],
        }
        for timeline in timelines
    }
    return reading.dump({"version": "VERSION 1.3", "database": database, "taxonomy": []})


def _resolution(footage: Footage) -> dict[str, str]:
    return {"resolution": f"{footage.width}x{footage.height}"} if footage.pictures else {}


def read(data: bytes, name: str) -> list[Part]:
    """The ground truth, results, or captions. Raises FormatError."""
    whole, notes = reading.expect(reading.json_of(data), dict, "This ActivityNet file"), Notes()
    key = next((key for key in ("database", "results") if key in whole), "")
    if key:
        notes.known(whole, _TOP)
    found = []
    for video, entry in reading.expect(whole[key] if key else whole, dict, "“database”").items():
        with notes.entry():
            found.append(Part(video, tuple(_marks(entry, f"“{video:.40}”", notes))))
    return notes.parts([part for part in found if part.marks])


def _marks(entry: Any, where: str, notes: Notes) -> Iterator[Mark]:
    listed = entry if isinstance(entry, list) else _listed(entry, where, notes)
    for item in listed:
        with notes.entry():
            notes.known(reading.expect(item, dict, where), _ITEM)
            segment = reading.child(item, "segment", list, where)
            start, end = (reading.us_of(reading.child(segment, k, (int, float), where), where) for k in (0, 1))
            label = reading.child(item, "label", str, where)
            facts = item.get("attributes") or {}
            more = notes.attributes(facts) if isinstance(facts, dict) else {}
            notes.left_out("set(s) of attributes that are no object", not isinstance(facts, dict))
            yield Mark(start, end, label, TRACK, score=notes.score(item.get("score"), where), attributes=more)


def _listed(entry: Any, where: str, notes: Notes) -> list[Any]:
    """The annotations of a video, or its captions as such."""
    if not isinstance(entry, dict) or "timestamps" not in entry:
        found = reading.child(entry, "annotations", list, where)
        notes.known(entry, _ENTRY)
        return list(found)
    notes.known(entry, _CAPTIONS)
    times = reading.child(entry, "timestamps", list, where)
    said = reading.child(entry, "sentences", list, where)
    notes.left_out("caption(s) without a time, or time(s) without a caption,", abs(len(times) - len(said)))
    return [{"segment": t, "label": s} for t, s in zip(times, said, strict=False)]


FORMAT = Format("activitynet", "ActivityNet", ".json", "application/json", "s", HOLDS, write, read, many=True)
