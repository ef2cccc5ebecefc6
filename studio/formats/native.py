"""Our own JSON: lossless. Times twice: in µs, which are the truth, and in seconds for people."""

from collections.abc import Sequence
from typing import Any

from studio.errors import FormatError, StudioError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.timeline import Annotation, Box, Footage, Timeline, from_dict, seconds, to_dict

VERSION = 1
HOLDS = Holds(notes=True, scores=True, annotators=True, boxes=True, origin=True, attributes="all")
_NAME = "This Moment Studio JSON file"


def write(timelines: Sequence[Timeline]) -> bytes:
    """UTF-8 JSON with sorted content: the same timelines give the same bytes. One video is the document itself, several
    are listed under `videos`."""
    head = {"format": "moment-studio", "version": VERSION}
    found = [_document(timeline) for timeline in timelines]
    return reading.dump({**head, **found[0]} if len(found) == 1 else {**head, "videos": found})


def _document(timeline: Timeline) -> dict[str, Any]:
    scores, boxes = timeline.scores, timeline.boxes
    return {
        "video": timeline.footage.name,
        "duration": seconds(timeline.footage.duration),
        "duration_us": timeline.footage.duration,
        "annotations": [
            {**to_dict(a), **({"score": scores[a.id]} if a.id in scores else {})} for a in timeline.annotations
        ],
        **({"boxes": {track: [list(box) for box in boxes[track]] for track in boxes}} if boxes else {}),
    }


def parse(data: bytes) -> list[Timeline]:
    """The inverse of `write`.

    Raises FormatError with what is wrong.
    """
    document = reading.expect(reading.json_of(data), dict, _NAME)
    if document.get("format") != "moment-studio":
        raise FormatError("This is not a Moment Studio JSON file.")
    try:
        return [_timeline(each) for each in document.get("videos", [document])]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FormatError(f"{_NAME} is damaged ({type(error).__name__}).") from error
    except FormatError:
        raise
    except StudioError as error:
        raise FormatError(f"{_NAME} holds an impossible annotation: {error}") from error


def _timeline(document: dict[str, Any]) -> Timeline:
    footage = Footage(str(document["video"]), reading.whole(document["duration_us"], _NAME))
    items = reading.expect(document["annotations"], list, f"{_NAME}: “annotations”")
    reading.room_for(len(items))
    scores = {item["id"]: reading.number(item["score"], _NAME) for item in items if "score" in item}
    boxes = {track: tuple(map(_box, listed)) for track, listed in document.get("boxes", {}).items()}
    return Timeline(footage, tuple(map(from_dict, items)), scores, boxes)


def _box(values: list[Any]) -> Box:
    t, x1, y1, x2, y2 = values
    return (reading.whole(t, _NAME), *(reading.number(v, _NAME) for v in (x1, y1, x2, y2)))  # type: ignore[return-value]


def read(data: bytes, name: str) -> list[Part]:
    """What `write` wrote, for another library: annotations that were deleted stay away. Raises FormatError."""
    return [_part(timeline) for timeline in parse(data)]


def _part(timeline: Timeline) -> Part:
    marks = tuple(_mark(a, timeline.scores.get(a.id)) for a in timeline.annotations if not a.deleted)
    return Part(timeline.footage.name, marks, boxes=timeline.boxes)


def _mark(a: Annotation, score: float | None) -> Mark:
    start, end = a.segment.start, a.segment.end
    return Mark(start, end, a.label, a.track, a.note, score, a.annotator, a.attributes)


FORMAT = Format("json", "Moment Studio JSON", ".json", "application/json", "µs", HOLDS, write, read, many=True)
