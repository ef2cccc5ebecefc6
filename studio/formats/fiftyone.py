"""FiftyOne temporal detections, as FiftyOneTemporalDetectionDataset keeps them in `labels.json`.

`support` is [first, last] in frames from 1, the end inclusive, by the video's own table of times, to the nearest edge
of a frame. Track, note and annotator go into `attributes`. Files with `timestamps` (seconds) are read too.
"""

from collections.abc import Sequence
from typing import Any

from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes
from studio.timeline import Annotation, Timeline

HOLDS = Holds(grain=0, notes=True, scores=True, annotators=True, attributes="all")
TRACK = "Event"
OURS = ("track", "note", "annotator")  # among the attributes
_ITEM = {"label", "support", "timestamps", "confidence", "attributes"}


def write(timelines: Sequence[Timeline]) -> bytes:
    """One file of all videos, by the names of their files without ending."""
    classes = sorted({a.label for t in timelines for a in HOLDS.fitted(t)})
    place = {label: number for number, label in enumerate(classes)}
    labels = {t.footage.stem: [_detection(a, t, place) for a in HOLDS.fitted(t)] for t in timelines}
    return reading.dump({"classes": classes, "labels": labels})


def _detection(a: Annotation, timeline: Timeline, place: dict[str, int]) -> dict[str, Any]:
    first, end = timeline.footage.frames(a.segment)
    ours = {"track": a.track, **({"note": a.note} if a.note else {})}
    ours |= {"annotator": a.annotator} if a.annotator else {}
    return {
        "label": place[a.label],
        "support": [first + 1, end],
        **({"confidence": timeline.scores[a.id]} if a.id in timeline.scores else {}),
        "attributes": {**a.attributes, **ours},
    }


def read(data: bytes, name: str) -> list[Part]:
    """Raises FormatError."""
    whole, notes = reading.expect(reading.json_of(data), dict, "This FiftyOne file"), Notes()
    labels = reading.child(whole, "labels", dict, "This FiftyOne file")
    notes.known(whole, ("classes", "labels"))
    parts = []
    for video, listed in labels.items():
        where = f"“{video:.40}”"
        framed: list[Mark] = []
        timed: list[Mark] = []
        with notes.entry():
            for item in reading.expect(listed or [], list, where):
                with notes.entry():
                    by_frames = "support" in reading.expect(item, dict, where)
                    (framed if by_frames else timed).append(_mark(item, whole.get("classes"), where, notes))
        parts += [Part(video, tuple(framed), "frames")] * bool(framed) + [Part(video, tuple(timed))] * bool(timed)
    return notes.parts(parts)


def _mark(item: dict[str, Any], classes: Any, where: str, notes: Notes) -> Mark:
    notes.known(item, _ITEM)
    label = reading.child(item, "label", (str, int), where)
    if isinstance(label, int):
        label = reading.child(classes, label, str, where)
    if "support" in item:
        first, end = (reading.whole(reading.child(item["support"], k, int, where), where) for k in (0, 1))
        first -= 1
    else:
        times = reading.child(item, "timestamps", list, where)
        first, end = (reading.us_of(reading.child(times, k, (int, float), where), where) for k in (0, 1))
    facts = item.get("attributes") or {}
    if not reading.is_object(facts):
        facts = {}
        notes.left_out("set(s) of attributes that are no object")
    more = notes.attributes({name: value for name, value in facts.items() if name not in OURS})
    track, note, annotator = (reading.as_text(facts.get(name, "")) for name in OURS)
    score = notes.score(item.get("confidence"), where)
    return Mark(first, end, label, track if "track" in facts else TRACK, note, score, annotator, more)


FORMAT = Format("fiftyone", "FiftyOne temporal detections", ".json", "application/json",
                "frames from 1, the end inclusive", HOLDS, write, read, many=True)  # fmt: skip
