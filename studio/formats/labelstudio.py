"""Label Studio JSON: tasks with `timelinelabels` in frames and `videorectangle` in percent of the picture.

Frames count from 1 and `end` is the last one, inclusive. Label Studio counts them at the rate of its configuration (24
a second if nobody set it), not of the video. Reading takes the rate that a task says (`framesCount` in `duration`), and
the time that a box says; where a task says none, frames are the video's own unless `--fps` names a rate. Writing takes
the frames of the video's own table, says how many there are, and an export says which rate to set. Recordings without
pictures are tasks of its Audio tag, in seconds, as segments of the sound beside a video are. A track is a control tag
of the labeling configuration (`from_name`); of rectangles with one label each is an object of its own: “Person”,
“Person 2”. Attributes are results of their own about the same region (choices, number, textarea), as Label Studio has
them with perRegion. A box over time is a rectangle of the tag `object`, its name a remark; one of another tag that
people drew is read as one too; its attributes are results about it. Who completed an annotation is its annotator when
reading; Label Studio imports only people whom it knows, so writing leaves them out.
"""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part, linked_boxes
from studio.formats.notes import Notes
from studio.timeline import Annotation, Box, Footage, Timeline
from studio.timeline.boxes import BoxTrack, KeyFrame, between

HOLDS = Holds(grain=0, notes=True, boxes=True, attributes="plain", objects="all", described=True, sounds=True,
              keeps=lambda value: _keeps(value))  # fmt: skip
TRACK = "timelineLabels"
OBJECT = "object"  # the control tag of boxes over time
# what is read, and what only says how, where and when an annotation was made
_TASK = {
    "id", "data", "annotations", "predictions", "meta", "created_at", "updated_at", "inner_id", "project",
    "total_annotations", "cancelled_annotations", "total_predictions", "comment_count", "unresolved_comment_count",
    "last_comment_updated_at", "updated_by", "comment_authors", "file_upload", "drafts", "allow_skip",
}  # fmt: skip
_ANNOTATION = {
    "id", "result", "completed_by", "was_cancelled", "created_at", "updated_at", "draft_created_at", "lead_time",
    "unique_id", "task", "project", "updated_by", "prediction", "result_count", "ground_truth", "import_id",
    "last_action", "bulk_created", "parent_prediction", "parent_annotation", "last_created_by", "model_version",
    "score", "created_ago", "mislabeling", "cluster", "neighbors", "model", "model_run",
}  # fmt: skip
_ITEM = {"id", "type", "from_name", "to_name", "origin", "value", "meta", "score", "original_length", "original_width",
         "original_height", "image_rotation"}  # fmt: skip
_VALUE = {"ranges", "start", "end", "channel", "labels", "framesCount", "duration"}
_ATTRIBUTES = {"choices": "choices", "number": "number", "rating": "rating", "textarea": "text"}
_PLACE = {"frame", "time", "x", "y", "width", "height", "rotation", "enabled"}


def write(timelines: Sequence[Timeline]) -> bytes:
    """A list of tasks, one a video, as Label Studio exports and imports them."""
    tasks = [
        {
            "id": number, "data": {_tag(t.footage): t.footage.name},
            "annotations": [{"id": number, "result": _result(t)}],
            "meta": {**({"framesCount": t.footage.frame_count} if t.footage.pictures else {}),
                     "duration": reading.seconds_in(t.footage.duration)},
        }
        for number, t in enumerate(timelines, 1)
    ]  # fmt: skip
    return reading.dump(tasks)


def _tag(footage: Footage) -> str:
    return "video" if footage.pictures else "audio"


def remarks(timeline: Timeline) -> list[str]:
    """At which rate Label Studio has to count, and how far its clock is off where the video's rate varies."""
    footage = timeline.footage
    if not footage.frame_count or not timeline.annotations:
        return []
    rate = footage.frame_count * 1e6 / footage.duration
    said = [
        f'Label Studio counts frames at the rate of its configuration: set frameRate="{rate:.5g}" in its Video tag.'
    ]
    off = max(abs(t - n * 1e6 / rate) for n, t in enumerate(footage.pts))
    if off > 1.5e6 / rate:
        said.append(f"The frame rate of this video varies: Label Studio's clock is up to {off / 1e6:.2g} s off.")
    return said


def _result(timeline: Timeline) -> list[dict[str, Any]]:
    result = [item for a in HOLDS.fitted(timeline) for item in _segment(a, timeline.footage)]
    for number, (track, boxes) in enumerate(timeline.boxes.items(), 1):
        inside = [box for box in boxes if box[0] < timeline.footage.duration]  # of others no frame is the right one
        if inside:
            result.append(_rectangle(f"box{number}", track, inside, timeline.footage))
    linked = linked_boxes(timeline)
    for number, each in enumerate(timeline.objects, 1):
        if keys := [key for key in each.keys if key.time_us < timeline.footage.duration]:
            drawn = _drawn(each.id if each.id in linked else f"object{number}", each, keys, timeline.footage)
            result += [drawn, *_about(drawn, each)]
    return result


def _drawn(which: str, track: BoxTrack, keys: Sequence[KeyFrame], footage: Footage) -> dict[str, Any]:
    """A box over time. Label Studio says at the last frame at which it is seen that it is not enabled from there on."""
    seen: dict[int, tuple[tuple[float, ...], bool]] = {}
    for before, key in zip((None, *keys), keys, strict=False):
        frame = min(footage.frame_near(key.time_us), footage.frame_count - 1)
        if not key.hidden:
            seen[frame] = key.corners, True
        elif before is not None and not before.hidden:
            seen[frame - 1] = between(before, key, footage.edge(frame - 1)), False
    if seen:
        last = max(seen)
        seen[last] = seen[last][0], False
    sequence = [_place(frame, corners, on, footage) for frame, (corners, on) in sorted(seen.items())]
    result = _sequence(which, OBJECT, track.label, sequence, footage)
    return {**result, **({"meta": {"text": [track.name]}} if track.name else {})}


def _about(drawn: dict[str, Any], track: BoxTrack) -> Iterator[dict[str, Any]]:
    """The attributes of a box over time, each as a result about the same region."""
    where = {key: value for key, value in drawn["value"].items() if key != "labels"}
    about = {key: drawn[key] for key in ("id", "to_name", "origin")}
    for name, value in track.attributes.items():
        kind, said = _said(value)
        yield {**about, "type": kind, "from_name": name, "value": {**where, **said}}


def _segment(a: Annotation, footage: Footage) -> Iterator[dict[str, Any]]:
    """A segment and, each as a result about the same region, its attributes."""
    kind, where = "timelinelabels", _frames_of(a, footage)
    if not footage.pictures:
        start, end = reading.seconds_in(a.segment.start), reading.seconds_in(a.segment.end)
        kind, where = "labels", {"start": start, "end": end, "channel": 0}
    about = {"id": a.id, "to_name": _tag(footage), "origin": "manual"}
    yield {
        **about, "type": kind, "from_name": a.track, "value": {**where, kind: [a.label]},
        **({"meta": {"text": [a.note]}} if a.note else {}),
    }  # fmt: skip
    for name, value in a.attributes.items():
        kind, said = _said(value)
        yield {**about, "type": kind, "from_name": name, "value": {**where, **said}}


def _frames_of(a: Annotation, footage: Footage) -> dict[str, Any]:
    first, end = footage.frames(a.segment) if footage.pictures else (0, 0)
    return {"ranges": [{"start": first + 1, "end": end}]}


def _said(value: Any) -> tuple[str, dict[str, Any]]:
    """The type of result that an attribute becomes, and what it says."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return "choices", {"choices": value}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number", {"number": value}
    return "textarea", {"text": [reading.as_text(value)]}


def _rectangle(which: str, track: str, boxes: Sequence[Box], footage: Footage) -> dict[str, Any]:
    sequence = [
        {**_place(min(footage.frame_near(t), footage.frame_count - 1), corners, True, footage),
         "time": reading.seconds_in(t)}
        for t, *corners in boxes
    ]  # fmt: skip
    return _sequence(which, "box", track, sequence, footage)


def _place(frame: int, corners: Sequence[float], on: bool, footage: Footage) -> dict[str, Any]:
    """Where something is at a frame, counted from 0; not `on`: it is not seen after that."""
    x1, y1, x2, y2 = corners
    return {
        "frame": frame + 1, "time": reading.seconds_in(footage.edge(frame)), "x": 100 * x1, "y": 100 * y1,
        "width": 100 * (x2 - x1), "height": 100 * (y2 - y1), "rotation": 0, "enabled": on,
    }  # fmt: skip


def _sequence(
    which: str, name: str, label: str, sequence: list[dict[str, Any]], footage: Footage
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": which, "type": "videorectangle", "from_name": name, "to_name": "video", "origin": "manual",
        "value": {
            "framesCount": footage.frame_count, "duration": reading.seconds_in(footage.duration), "labels": [label],
            "sequence": sequence,
        },
    }  # fmt: skip


def read(data: bytes, name: str) -> list[Part]:
    """The results of all annotations that were not cancelled, and of predictions where there are none.

    Raises FormatError.
    """
    tasks, notes = reading.json_of(data), Notes()
    parts: list[Part] = []
    for number, task in enumerate(tasks if isinstance(tasks, list) else [tasks], 1):
        with notes.entry():
            parts += _parts(task, f"Task {number}", notes)
    return notes.parts(parts)


def _parts(task: Any, where: str, notes: Notes) -> list[Part]:
    """What a task says in frames and what it says in seconds."""
    facts = reading.child(task, "data", dict, where)
    notes.known(task, _TASK)
    given = reading.expect(task.get("annotations") or task.get("predictions") or [], list, where)
    if task.get("annotations") and task.get("predictions"):
        notes.left_out("prediction(s) beside what people decided", len(task["predictions"]))
    found = _Found()
    for annotation in given:
        with notes.entry():
            if reading.expect(annotation, dict, where).get("was_cancelled"):
                notes.left_out("cancelled annotation(s)")
                continue
            notes.known(annotation, _ANNOTATION)
            results, annotator = reading.child(annotation, "result", list, where), _annotator(annotation)
            regions = {_id(each) for each in results if reading.is_object(each) and _is_region(each)}
            said: dict[str, dict[str, Any]] = {}
            for item in results:
                with notes.entry():
                    if reading.is_object(item) and _id(item) in regions and _is_attribute(item):
                        said.setdefault(_id(item), {}).update(_attribute(item, notes))
            for item in results:
                with notes.entry():
                    one = reading.expect(item, dict, where)
                    if _id(one) not in regions or not _is_attribute(one):
                        more = notes.attributes(said.get(_id(one), {})) if _is_region(one) else {}
                        _take(one, found, annotator, more, where, notes)
    video = _video(facts)
    with notes.entry():
        found.clock(reading.expect(task.get("meta") or {}, dict, f"{where}: “meta”"))
    found.clock_by_times(notes)
    return [part for part in found.parts(video) if part.marks or part.boxes or part.objects]


def _video(facts: dict[str, Any]) -> str:
    """What the data of a task calls its video, as it stands there."""
    texts = {key: value for key, value in facts.items() if isinstance(value, str)}
    likely = sorted(texts, key=lambda key: (not key.lower().startswith("video"), "video" not in key.lower()))
    return texts[likely[0]] if likely else ""


def _annotator(annotation: dict[str, Any]) -> str:
    """Who completed an annotation: a person's e-mail address or name, or the number of their account."""
    who = annotation.get("completed_by")
    if isinstance(who, dict):
        name = " ".join(str(who[key]) for key in ("first_name", "last_name") if who.get(key))
        return str(who.get("email") or who.get("username") or name or who.get("id") or "")
    return "" if who is None else reading.as_text(who)


@dataclass(slots=True)
class _Found:
    """What a task has: marks and boxes in frames, and in seconds; and by how many frames in which time it counts."""

    framed: list[Mark] = field(default_factory=list)
    timed: list[Mark] = field(default_factory=list)
    framed_boxes: dict[str, list[Box]] = field(default_factory=dict)
    timed_boxes: dict[str, list[Box]] = field(default_factory=dict)
    framed_objects: list[BoxTrack] = field(default_factory=list)
    timed_objects: list[BoxTrack] = field(default_factory=list)
    frame_count: int = 0
    rate: float = 0.0
    places: list[tuple[float, int]] = field(default_factory=list)  # times in s of frames, as boxes say them

    def clock_by_times(self, notes: Notes) -> None:
        """Take the rate from boxes that say their frame and their time, where nothing else says it."""
        first, last = min(self.places, default=(0, 0)), max(self.places, default=(0, 0))
        if not self.rate and last[0] > 0:
            time, frames = (last[0] - first[0], last[1] - first[1]) if last[0] > first[0] else last
            self.rate = frames / time if 0.1 <= frames / time <= 1_000 else 0.0
            if self.rate:
                notes.say(f"Frames are taken at {self.rate:.5g} a second, as the times of the boxes say.")

    def clock(self, value: Any) -> None:
        """Take the rate at which frames count from what says it: framesCount and duration of the video."""
        if not isinstance(value, dict) or self.rate:
            return
        count, duration = value.get("framesCount"), value.get("duration")
        try:
            frames, length = reading.whole(count, ""), reading.number(duration, "")
        except FormatError:
            return
        if frames > 0 and length > 0 and 0.1 <= frames / length <= 1_000:
            self.frame_count, self.rate = frames, frames / length

    def end(self, timed: bool) -> int:
        """The last frame, or its time in µs; -1 where that is not known."""
        if timed:
            return round((self.frame_count - 1) / self.rate * 1e6) if self.rate and self.frame_count else -1
        return self.frame_count - 1

    def parts(self, video: str) -> list[Part]:
        framed, timed = (
            {track: tuple(listed) for track, listed in boxes.items()} for boxes in (self.framed_boxes, self.timed_boxes)
        )
        return [
            Part(video, tuple(self.framed), "frames", framed, rate=self.rate, frame_count=self.frame_count,
                 unsure=not self.rate, objects=tuple(self.framed_objects)),
            Part(video, tuple(self.timed), boxes=timed, objects=tuple(self.timed_objects)),
        ]  # fmt: skip


def _id(item: dict[str, Any]) -> str:
    """What a result is called; several about one region have the same name."""
    return reading.as_text(item.get("id", ""))


def _is_region(item: dict[str, Any]) -> bool:
    """Whether a result marks a segment with a label, or where an object is, which others may say more about."""
    value = item.get("value")
    if item.get("id") is None or not reading.is_object(value):
        return False
    if isinstance(value.get("sequence"), list):
        return not _is_attribute(item) and _is_object(item)
    return ("ranges" in value and "timelinelabels" in value) or ("start" in value and "labels" in value)


def _is_attribute(item: dict[str, Any]) -> bool:
    return str(item.get("type")) in _ATTRIBUTES and reading.is_object(item.get("value"))


def _attribute(item: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """What a result says of a region, under the name of its control: a choice, several, a number or a text."""
    value = item["value"]
    key = _ATTRIBUTES[item["type"]]
    notes.known(item, _ITEM)
    notes.known(value, {*_VALUE, "sequence", key})
    said = value.get(key)
    if isinstance(said, list) and len(said) == 1 and key in ("choices", "text"):
        # one choice is a choice; a control that takes several says so only in the configuration
        said = said[0]
    return {} if said is None else {str(item.get("from_name") or item["type"]): said}


def _keeps(value: Any) -> bool:
    """Whether a value comes back as it is: a list of one is read as one choice, and others than texts as text."""
    kind, said = _said(value)
    return bool(_attribute({"type": kind, "from_name": "", "value": said}, Notes()).get(kind) == value)


def _take(item: dict[str, Any], found: _Found, annotator: str, more: dict[str, Any], where: str, notes: Notes) -> None:
    notes.known(item, _ITEM)
    value = item.get("value")
    if not reading.is_object(value):
        notes.left_out("result(s) without a value")
        return
    found.clock(value)
    if "ranges" in value:
        with_frames = [(span, True) for span in reading.child(value, "ranges", list, where)]
        marks = _marks(item, value, with_frames, annotator, where, notes)
        found.framed += [mark.changed(attributes=more) for mark in marks] if more else marks
    elif isinstance(value.get("sequence"), list):
        # one result is one object: two of one label are two, and stay two
        notes.known(value, (*_VALUE, "sequence"))
        track = _free(_object(value, where), {*found.framed_boxes, *found.timed_boxes})
        if _is_object(item):
            _take_object(item, value, found, annotator, more)
        for framed, box in _boxes(value["sequence"], found, where, notes):
            (found.framed_boxes if framed else found.timed_boxes).setdefault(track, []).append(box)
    elif "start" in value and "end" in value:  # of the sound beside the video, in seconds
        marks = _marks(item, value, [(value, False)], annotator, where, notes)
        found.timed += [mark.changed(attributes=more) for mark in marks] if more else marks
    else:
        notes.left_out(f"result(s) of type “{item.get('type', '')!s:.30}”, neither segments nor boxes,")


def _is_object(item: dict[str, Any]) -> bool:
    """Whether a sequence of boxes becomes a box over time."""
    return item.get("from_name") == OBJECT or not _is_face(item)


def _is_face(item: dict[str, Any]) -> bool:
    """Whether this is a track of boxes as we write those of faces: no object that somebody drew."""
    return item.get("from_name") == "box" and re.fullmatch(r"box[0-9]+", str(item.get("id", ""))) is not None


def _take_object(
    item: dict[str, Any], value: dict[str, Any], found: _Found, annotator: str, more: dict[str, Any]
) -> None:  # fmt: skip
    """A sequence as a box over time; what cannot be read of it is counted where its boxes are."""
    meta = item.get("meta")
    said = meta.get("text") if reading.is_object(meta) else None
    name = "\n".join(map(str, said)) if isinstance(said, list) else str(said or "")
    listed = value.get("labels")
    label = str(listed[0]) if isinstance(listed, list) and listed else ""
    places = sorted((place for place in map(_place_of, value["sequence"]) if place), key=lambda each: each.frame)
    timed = bool(places) and all(place.time is not None for place in places)
    keys: list[KeyFrame] = []
    for place, following in zip(places, [*places[1:], None], strict=True):
        at = place.at(timed)
        keys.append(KeyFrame(at, *place.corners, source="import"))
        if not place.on and following and following.frame > place.frame + 1:
            step = (following.at(timed) - at) // (following.frame - place.frame)
            keys.append(KeyFrame(at + step, *place.corners, True, "import"))
    end = found.end(timed)
    if places and places[-1].on and end > keys[-1].time_us:  # it is seen to the end
        keys.append(keys[-1]._replace(time_us=end))
    if keys:
        box_id = _id(item) if item.get("from_name") == OBJECT else ""
        made = BoxTrack(box_id, label, name, tuple(keys), annotator, attributes=more)
        (found.timed_objects if timed else found.framed_objects).append(made)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an object is at a frame from 0, and a time in µs where that is said; `on`: it is seen after it."""

    frame: int
    time: int | None
    corners: tuple[float, float, float, float]
    on: bool

    def at(self, timed: bool) -> int:
        return self.time if timed and self.time is not None else self.frame


def _place_of(place: Any) -> _Place | None:
    """None for what is no place."""
    try:
        frame = reading.whole(reading.child(place, "frame", (int, float), ""), "")
        x, y, wide, high = (reading.number(place.get(key), "") / 100 for key in ("x", "y", "width", "height"))
        time = None if place.get("time") is None else reading.us_of(place["time"], "")
    except FormatError:
        return None
    if frame < 1:
        return None
    return _Place(frame - 1, time, (x, y, x + wide, y + high), place.get("enabled", True) is not False)


def _marks(
    item: dict[str, Any], value: dict[str, Any], spans: Sequence[tuple[Any, bool]], annotator: str, where: str,
    notes: Notes,
) -> list[Mark]:  # fmt: skip
    notes.known(value, {*_VALUE, *(key for key in value if _says(key))})
    labels = next((v for k, v in value.items() if _says(k) and isinstance(v, list)), [])
    labels = ["\n".join(map(str, labels))] if labels and labels is value.get("text") else labels
    meta = item.get("meta")
    notes.left_out("remark(s) that are no object", meta is not None and not reading.is_object(meta))
    notes.known(meta if isinstance(meta, dict) else (), ("text",))
    said = meta.get("text", []) if reading.is_object(meta) else []
    note = "\n".join(map(str, said)) if isinstance(said, list) else str(said)
    track = str(item.get("from_name") or TRACK)
    score = notes.score(item.get("score"), where)
    found = []
    for span, framed in spans:
        with notes.entry():
            if framed:
                notes.known(reading.expect(span, dict, where), ("start", "end"))
            start, end = (reading.child(span, key, (int, float), where) for key in ("start", "end"))
            if framed:
                times = reading.whole(start, where) - 1, reading.whole(end, where)
            else:
                times = reading.us_of(start, where), reading.us_of(end, where)
            found += [Mark(*times, str(label), track, note, score, annotator) for label in labels or [""]]
    return found


def _says(key: str) -> bool:
    """Whether a value has its label under this key: a label, a choice, or what was written of a region."""
    return key.endswith("labels") or key in ("choices", "text")


def _object(value: dict[str, Any], where: str) -> str:
    """What a rectangle is drawn around."""
    labels = reading.expect(value.get("labels") or ["box"], list, f"{where}: “labels”")
    return str(reading.expect(labels[0], str, f"{where}: “labels”"))


def _free(name: str, taken: Container[str]) -> str:
    """The name, or the first of “Name 2”, “Name 3” … that is free."""
    names = chain([name], (f"{name} {number}" for number in count(2)))
    return next(each for each in names if each not in taken)


def _boxes(sequence: list[Any], found: _Found, where: str, notes: Notes) -> Iterator[tuple[bool, Box]]:
    """Boxes, and whether their times are frames from 0 or µs, which a place says itself; places as shares."""
    for place in sequence:
        with notes.entry():
            frame = reading.whole(reading.child(place, "frame", (int, float), where), where)
            x, y, wide, high = (
                reading.number(reading.child(place, key, (int, float), where), where) / 100
                for key in ("x", "y", "width", "height")
            )
            notes.known(place, _PLACE)
            notes.left_out("angle(s) of turned boxes, which are taken upright,", bool(place.get("rotation")))
            framed = place.get("time") is None
            time = frame - 1 if framed else reading.us_of(place["time"], where)
            found.places += [] if framed else [(time / 1e6, frame)]
            if place.get("enabled", True) is not False:
                yield framed, (time, x, y, x + wide, y + high)


FORMAT = Format("labelstudio", "Label Studio", ".json", "application/json", "frames from 1, the end inclusive", HOLDS,
                write, read, many=True, remarks=remarks)  # fmt: skip
