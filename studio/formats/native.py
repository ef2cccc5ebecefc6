"""Our own JSON: lossless. Times twice: in µs, which are the truth, and in seconds for people."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from studio.errors import FormatError, StudioError, UsageError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Other, Part
from studio.formats.notes import Notes
from studio.timeline import (
    BOOKMARKS,
    Annotation,
    Beside,
    Box,
    Cue,
    Footage,
    MediaPlace,
    SpokenLine,
    Timeline,
    Word,
    checked_attributes,
    from_dict,
    seconds,
    to_dict,
)
from studio.timeline.boxes import SOURCES, BoxTrack, KeyFrame, is_rising, key_frame
from studio.timeline.codec import FIELDS
from studio.timeline.tiers import DEPENDENCIES, Dependency
from studio.timeline.traces import RATE, Scale, Trace, at_rate, plain

VERSION = 1
HOLDS = Holds(
    notes=True,
    scores=True,
    annotators=True,
    editors=True,
    boxes=True,
    cameras=True,
    clocks=True,
    curves=True,
    tiers=True,
    origin=True,
    attributes="all",
    lines="beside",
    speakers="yes",
    words="all",
    objects="all",
    occlusion=True,
    described=True,
    points=True,
)
_NAME = "This Moment Studio JSON file"
_DOCUMENT = {
    "format",
    "version",
    "video",
    "sha256",
    "duration",
    "duration_us",
    "annotations",
    "boxes",
    "box_tracks",
    "lines",
    "cameras",
    "rows",
    "curves",
}
_CAMERA: tuple[tuple[str, type], ...] = (("name", str), ("offset_us", int))
_WORD = {"start", "end", "start_us", "end_us", "text", "probability"}
_LINE = {"start", "end", "start_us", "end_us", "text", "speaker", "words"}
_BOX_TRACK = {"id", "label", "name", "annotator", "edited_by", "attributes", "keys", "medium"}
_ANNOTATION = {*FIELDS, "start", "end", "start_us", "end_us", "score"}


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
        **({"sha256": timeline.footage.sha256} if timeline.footage.sha256 else {}),
        "duration": seconds(timeline.footage.duration),
        "duration_us": timeline.footage.duration,
        "annotations": [
            {**to_dict(a), **({"score": scores[a.id]} if a.id in scores else {})} for a in timeline.annotations
        ],
        **({"boxes": {track: [list(box) for box in boxes[track]] for track in boxes}} if boxes else {}),
        **({"box_tracks": [_object_of(each) for each in timeline.objects]} if timeline.objects else {}),
        **({"lines": [_line_of(line) for line in timeline.said]} if timeline.lines else {}),
        **({"cameras": [_camera_of(camera) for camera in timeline.cameras]} if timeline.cameras else {}),
        **({"rows": rows} if (rows := _rows_of(timeline)) else {}),
        **({"curves": [_curve_of(trace, timeline) for trace in timeline.traces]} if timeline.traces else {}),
    }


def _rows_of(timeline: Timeline) -> dict[str, Any]:
    """Of the rows that are there, which depend on others, which take only the labels of a list, and which labels are
    points in time."""
    found: dict[str, Any] = {}
    for track in timeline.tracks:
        if each := timeline.dependencies.get(track):
            found.setdefault(track, {}).update(parent=each.parent, dependency=each.kind)
        if listed := timeline.vocabularies.get(track):
            found.setdefault(track, {})["labels"] = list(listed)
        # all of the row Bookmarks are, in every library
        if track != BOOKMARKS and (points := sorted(label for of, label in timeline.points if of == track)):
            found.setdefault(track, {})["points"] = points
    return found


def _curve_of(trace: Trace, timeline: Timeline) -> dict[str, Any]:
    """A continuous rating: values at so many a second from time 0, null where nothing is said."""
    scale = timeline.scales[trace.track]
    return {"track": trace.track, "annotator": trace.annotator, "low": scale.low, "high": scale.high, "rate": RATE,
            "values": plain(trace.values)}  # fmt: skip


def _camera_of(camera: Beside) -> dict[str, Any]:
    said = {"name": camera.name, "offset": seconds(camera.offset), "offset_us": camera.offset}
    return {**said, **({"rate": camera.rate} if camera.rate != 1 else {})}


def _object_of(track: BoxTrack) -> dict[str, Any]:
    """A box over time; see `KeyFrame.listed`. `medium` is the name of the camera over which it lies, whose times these
    are, where that is not the main one."""
    said = {name: getattr(track, name) for name in ("id", "label", "name", "annotator", "edited_by")}
    described = {"attributes": dict(track.attributes)} if track.attributes else {}
    medium = {"medium": track.medium} if track.medium else {}
    return {**said, **described, **medium, "keys": [key.listed for key in track.keys]}


def _line_of(line: SpokenLine) -> dict[str, Any]:
    words = [{**_times(*word[:2]), "text": word[2], "probability": word[3]} for word in line.words]
    return {
        **_times(line.start_us, line.end_us),
        "text": line.text,
        **({"speaker": line.speaker} if line.speaker else {}),
        **({"words": words} if words else {}),
    }


def _times(start_us: int, end_us: int) -> dict[str, Any]:
    return {"start": seconds(start_us), "end": seconds(end_us), "start_us": start_us, "end_us": end_us}


def parse(data: bytes) -> list[Timeline]:
    """The inverse of `write`.

    Raises FormatError with what is wrong.
    """
    return [_timeline(each, None) for each in _documents(data)]


def read(data: bytes, name: str) -> list[Part]:
    """What `write` wrote, for another library: annotations that were deleted stay away. Raises FormatError."""
    notes = Notes()
    parts = []
    for document in _documents(data):
        with notes.entry():
            parts.append(_part(_timeline(document, notes), notes))
    return notes.parts(parts)


def _documents(data: bytes) -> list[Any]:
    document = reading.expect(reading.json_of(data), dict, _NAME)
    if document.get("format") != "moment-studio":
        raise FormatError("This is not a Moment Studio JSON file.")
    return list(reading.expect(document.get("videos", [document]), list, f"{_NAME}: “videos”"))


def _timeline(document: Any, notes: Notes | None) -> Timeline:
    """One video. What is wrong with an annotation or a box costs only that where there are notes to say so."""
    entry: Callable[[], AbstractContextManager[Any]] = notes.entry if notes else nullcontext
    name, length = reading.child(document, "video", str, _NAME), reading.child(document, "duration_us", int, _NAME)
    footage = Footage(name, reading.whole(length, _NAME), sha256=str(document.get("sha256", "")))
    items = reading.child(document, "annotations", list, _NAME)
    reading.room_for(len(items))
    kept: list[Annotation] = []
    scores: dict[str, float] = {}
    for item in items:
        with entry():
            kept.append(_annotation(item))
            if notes:
                notes.known(item, _ANNOTATION)
            score = item.get("score")
            if notes and (score := notes.score(score, _NAME)) is None:
                continue
            if score is not None:
                scores[kept[-1].id] = reading.number(score, _NAME)
    boxes: dict[str, tuple[Box, ...]] = {}
    for track, listed in reading.expect(document.get("boxes", {}), dict, f"{_NAME}: “boxes”").items():
        found: list[Box] = []
        with entry():
            for box in reading.expect(listed, list, f"{_NAME}: “boxes”"):
                with entry():
                    found.append(_box(box))
        boxes[track] = tuple(found)
    objects: list[BoxTrack] = []
    for item in reading.expect(document.get("box_tracks", []), list, f"{_NAME}: “box_tracks”"):
        with entry():
            objects.append(_object(item))
            if notes:
                notes.known(item, _BOX_TRACK)
    lines: list[SpokenLine] = []
    for item in reading.expect(document.get("lines", []), list, f"{_NAME}: “lines”"):
        with entry():
            lines.append(_line(item))
            if notes:
                notes.known(item, _LINE)
                notes.known((key for word in item.get("words", ()) for key in word), _WORD)
    cameras: list[Beside] = []
    for item in reading.expect(document.get("cameras", []), list, f"{_NAME}: “cameras”"):
        with entry():
            name_of, offset = (reading.child(item, key, kind, f"{_NAME}: a camera") for key, kind in _CAMERA)
            place = MediaPlace(reading.whole(offset, _NAME), reading.number(item.get("rate", 1.0), f"{_NAME}: “rate”"))
            cameras.append(Beside(name_of, place.offset_us, rate=place.rate))
            if notes:
                notes.known(item, {"name", "offset", "offset_us", "rate"})
    depend, listed_labels, points = _rows(document, entry)
    traces, scales = _curves(document, entry)
    if notes:
        notes.known(document, _DOCUMENT)
    said = tuple(Cue(*line[:3]) for line in lines)
    return Timeline(
        footage,
        tuple(kept),
        scores,
        boxes,
        said,
        spoken=tuple(line for line in lines if line[3:] != ("", ())),
        cameras=tuple(cameras),
        objects=tuple(objects),
        dependencies=depend,
        vocabularies=listed_labels,
        points=points,
        traces=tuple(traces),
        scales=scales,
    )


def _rows(
    document: Any, entry: Callable[[], AbstractContextManager[Any]]
) -> tuple[dict[str, Dependency], dict[str, tuple[str, ...]], frozenset[tuple[str, str]]]:
    depend: dict[str, Dependency] = {}
    listed: dict[str, tuple[str, ...]] = {}
    points: set[tuple[str, str]] = set()
    for track, row in reading.expect(document.get("rows", {}), dict, f"{_NAME}: “rows”").items():
        with entry():
            where = f"{_NAME}: a row"
            reading.expect(row, dict, where)
            if "parent" in row:
                parent, kind = (reading.child(row, key, str, where) for key in ("parent", "dependency"))
                if kind not in DEPENDENCIES:
                    raise FormatError(f"{where} depends on another one by one of {', '.join(DEPENDENCIES)}.")
                depend[track] = Dependency(parent, kind)
            if "labels" in row:
                labels = reading.child(row, "labels", list, where)
                listed[track] = tuple(reading.expect(label, str, where) for label in labels)
            if "points" in row:
                points |= {
                    (track, reading.expect(label, str, where)) for label in reading.child(row, "points", list, where)
                }
    return depend, listed, frozenset(points)


def _curves(document: Any, entry: Callable[[], AbstractContextManager[Any]]) -> tuple[list[Trace], dict[str, Scale]]:
    traces: list[Trace] = []
    scales: dict[str, Scale] = {}
    where = f"{_NAME}: a curve"
    for item in reading.expect(document.get("curves", []), list, f"{_NAME}: “curves”"):
        with entry():
            track, annotator = (reading.child(item, key, str, where) for key in ("track", "annotator"))
            low, high, rate = (reading.number(reading.child(item, key, (int, float), where), where)
                               for key in ("low", "high", "rate"))  # fmt: skip
            values = reading.child(item, "values", list, where)
            reading.take_parts(len(values))
            if not low < high or not 0.1 <= rate <= 1000:
                raise FormatError(f"{where} has a lowest value, a higher one, and a rate from 0.1 to 1000.")
            said = [math.nan if each is None else reading.number(each, where) for each in values]
            traces.append(Trace(track, annotator, at_rate(said, rate)))
            scales[track] = Scale(low, high)
    return traces, scales


def _line(item: Any) -> SpokenLine:
    where = f"{_NAME}: a line"
    start, end, text = _said(item, where)
    speaker = reading.expect(item.get("speaker", ""), str, f"{where}: “speaker”")
    words = reading.expect(item.get("words", []), list, f"{where}: “words”")
    reading.take_parts(len(words))
    return SpokenLine(start, end, text, speaker, tuple(_word(word, f"{_NAME}: a word") for word in words))


def _word(item: Any, where: str) -> Word:
    return Word(*_said(item, where), min(1.0, max(0.0, reading.number(item.get("probability", 1), where))))


def _said(item: Any, where: str) -> tuple[int, int, str]:
    start, end = (reading.whole(reading.child(item, key, int, where), where) for key in ("start_us", "end_us"))
    return start, end, reading.child(item, "text", str, where)


def _annotation(item: Any) -> Annotation:
    try:
        where = f"{_NAME}: an annotation"
        reading.expect(reading.expect(item, dict, where).get("attributes", {}), dict, where)
        return from_dict(item)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FormatError(f"{_NAME} is damaged ({type(error).__name__}).") from error
    except FormatError:
        raise
    except StudioError as error:
        raise FormatError(f"{_NAME} holds an impossible annotation: {error}") from error


def _box(values: Any) -> Box:
    if len(reading.expect(values, list, f"{_NAME}: a box")) != 5:
        raise FormatError(f"{_NAME}: a box is a time and four places.")
    t, x1, y1, x2, y2 = values
    return (reading.whole(t, _NAME), *(reading.number(v, _NAME) for v in (x1, y1, x2, y2)))  # type: ignore[return-value]


def _object(item: Any) -> BoxTrack:
    where = f"{_NAME}: a box over time"
    box_id, label, name, annotator, edited_by, medium = (
        reading.expect(reading.expect(item, dict, where).get(key, ""), str, f"{where}: “{key}”")
        for key in ("id", "label", "name", "annotator", "edited_by", "medium")
    )
    keys = reading.child(item, "keys", list, where)
    reading.take_parts(len(keys))
    read = tuple(_key(key, where) for key in keys)
    try:
        described = checked_attributes(item.get("attributes", {}))
        if medium:  # nothing of that video is known here that could put them right
            read = tuple(
                key_frame(k.time_us, k.corners, hidden=k.hidden, source=k.source, occluded=k.occluded, cut=True)
                for k in read
            )
    except UsageError as error:
        raise FormatError(f"{where}: {error}") from error
    if medium and (not read or not is_rising(read)):
        raise FormatError(f"{where} has key frames in order of time.")
    return BoxTrack(box_id, label, name, read, annotator, edited_by, attributes=described, medium=medium)


def _key(values: Any, where: str) -> KeyFrame:
    if len(reading.expect(values, list, where)) not in (7, 8) or values[6] not in SOURCES:
        raise FormatError(f"{where} has key frames of a time, four places, whether it is hidden, and a source.")
    t, *corners, hidden, source = values[:7]
    x1, y1, x2, y2 = (reading.number(value, where) for value in corners)
    return KeyFrame(reading.whole(t, where), x1, y1, x2, y2, hidden is True, source, values[7:] == [True])


def _part(timeline: Timeline, notes: Notes) -> Part:
    notes.left_out("deleted annotation(s)", sum(bool(a.deleted) for a in timeline.annotations))
    marks = tuple(_mark(a, timeline.scores.get(a.id)) for a in timeline.annotations if not a.deleted)
    lines = tuple(
        Mark(line.start_us, line.end_us, line.text, "", speaker=line.speaker, words=tuple(map(Word._make, line.words)))
        for line in timeline.said
    )
    cameras = tuple(Other(camera.name, -camera.offset, camera.rate) for camera in timeline.cameras)
    return Part(timeline.footage.name, marks, boxes=timeline.boxes, sha256=timeline.footage.sha256, lines=lines,
                cameras=cameras, objects=timeline.objects, dependencies=timeline.dependencies,
                vocabularies=timeline.vocabularies, traces=timeline.traces, scales=timeline.scales,
                points=timeline.points)  # fmt: skip


def _mark(a: Annotation, score: float | None) -> Mark:
    start, end = a.segment.start, a.segment.end
    return Mark(start, end, a.label, a.track, a.note, score, a.annotator, a.attributes, id=a.id, edited_by=a.edited_by)


FORMAT = Format("json", "Moment Studio JSON", ".json", "application/json", "µs", HOLDS, write, read, many=True)
