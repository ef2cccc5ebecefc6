"""Label Studio JSON: tasks with `timelinelabels` in frames and `videorectangle` in percent of the picture.

Frames count from 1 and `end` is the last one, inclusive; they are those of the video's own table of times, to the
nearest edge of a frame, never one configured rate. A track is a control tag of the labeling configuration
(`from_name`); of rectangles with one label each is an object of its own: “Person”, “Person 2”.
"""

from collections.abc import Container, Sequence
from itertools import chain, count
from typing import Any

from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.timeline import Annotation, Box, Footage, Timeline

HOLDS = Holds(grain=0, notes=True, boxes=True)
TRACK = "timelineLabels"


def write(timelines: Sequence[Timeline]) -> bytes:
    """A list of tasks, one a video, as Label Studio exports and imports them."""
    tasks = [
        {"id": number, "data": {"video": t.footage.name}, "annotations": [{"id": number, "result": _result(t)}]}
        for number, t in enumerate(timelines, 1)
    ]
    return reading.dump(tasks)


def _result(timeline: Timeline) -> list[dict[str, Any]]:
    result = [_segment(a, timeline.footage) for a in HOLDS.fitted(timeline)]
    for number, (track, boxes) in enumerate(timeline.boxes.items(), 1):
        inside = [box for box in boxes if box[0] < timeline.footage.duration]  # of others no frame is the right one
        if inside:
            result.append(_rectangle(f"box{number}", track, inside, timeline.footage))
    return result


def _segment(a: Annotation, footage: Footage) -> dict[str, Any]:
    first, end = footage.frames(a.segment)
    return {
        "id": a.id, "type": "timelinelabels", "from_name": a.track, "to_name": "video", "origin": "manual",
        "value": {"ranges": [{"start": first + 1, "end": end}], "timelinelabels": [a.label]},
        **({"meta": {"text": [a.note]}} if a.note else {}),
    }  # fmt: skip


def _rectangle(which: str, track: str, boxes: Sequence[Box], footage: Footage) -> dict[str, Any]:
    sequence = [
        {
            "frame": min(footage.frame_near(t), footage.frame_count - 1) + 1, "time": reading.seconds_in(t),
            "x": 100 * x1, "y": 100 * y1, "width": 100 * (x2 - x1), "height": 100 * (y2 - y1),
            "rotation": 0, "enabled": True,
        }
        for t, x1, y1, x2, y2 in boxes
    ]  # fmt: skip
    return {
        "id": which, "type": "videorectangle", "from_name": "box", "to_name": "video", "origin": "manual",
        "value": {
            "framesCount": footage.frame_count, "duration": reading.seconds_in(footage.duration), "labels": [track],
            "sequence": sequence,
        },
    }  # fmt: skip


def read(data: bytes, name: str) -> list[Part]:
    """The results of all annotations that were not cancelled, and of predictions where there are none.

    Raises FormatError.
    """
    tasks = reading.json_of(data)
    found = [_part(task, f"Task {n}") for n, task in enumerate(tasks if isinstance(tasks, list) else [tasks], 1)]
    return [part for part in found if part.marks or part.boxes]


def _part(task: Any, where: str) -> Part:
    facts = reading.child(task, "data", dict, where)
    given = task.get("annotations") or task.get("predictions") or []
    video = next((v for k, v in sorted(facts.items(), key=lambda i: i[0] != "video") if isinstance(v, str)), "")
    marks: list[Mark] = []
    boxes: dict[str, tuple[Box, ...]] = {}
    other = 0
    for annotation in reading.expect(given, list, where):
        if reading.expect(annotation, dict, where).get("was_cancelled"):
            continue
        for item in reading.child(annotation, "result", list, where):
            value = reading.expect(item, dict, where).get("value")
            if isinstance(value, dict) and "ranges" in value:
                marks += _marks(item, value, where)
            elif isinstance(value, dict) and "sequence" in value:
                # one result is one object: two of one label are two, and stay two
                track = _free(_object(value, where), boxes)
                boxes[track] = _boxes(reading.child(value, "sequence", list, where), where)
            else:
                other += 1
    problems = (f"{other} results that are neither segments nor boxes are left out.",) if other else ()
    return Part(video.replace("\\", "/").rpartition("/")[2], tuple(marks), "frames", boxes, problems=problems)


def _marks(item: dict[str, Any], value: dict[str, Any], where: str) -> list[Mark]:
    labels = next((v for k, v in value.items() if k.endswith("labels") and isinstance(v, list)), [])
    notes = item.get("meta", {}).get("text", []) if isinstance(item.get("meta"), dict) else []
    note = "\n".join(map(str, notes)) if isinstance(notes, list) else str(notes)
    track = str(item.get("from_name") or TRACK)
    found = []
    for span in reading.child(value, "ranges", list, where):
        first, last = (reading.whole(reading.child(span, key, (int, float), where), where) for key in ("start", "end"))
        score = item.get("score")
        score = None if score is None else reading.number(score, where)
        found += [Mark(first - 1, last, str(label), track, note, score) for label in labels or [""]]
    return found


def _object(value: dict[str, Any], where: str) -> str:
    """What a rectangle is drawn around."""
    labels = reading.expect(value.get("labels") or ["box"], list, f"{where}: “labels”")
    return str(reading.expect(labels[0], str, f"{where}: “labels”"))


def _free(name: str, taken: Container[str]) -> str:
    """The name, or the first of “Name 2”, “Name 3” … that is free."""
    names = chain([name], (f"{name} {number}" for number in count(2)))
    return next(each for each in names if each not in taken)


def _boxes(sequence: list[Any], where: str) -> tuple[Box, ...]:
    """Times in frames from 0, places as shares."""
    found = []
    for place in sequence:
        frame = reading.whole(reading.child(place, "frame", (int, float), where), where)
        x, y, wide, high = (
            reading.number(reading.child(place, key, (int, float), where), where) / 100
            for key in ("x", "y", "width", "height")
        )
        if place.get("enabled", True) is not False:
            found.append((frame - 1, x, y, x + wide, y + high))
    return tuple(found)


FORMAT = Format("labelstudio", "Label Studio", ".json", "application/json", "frames from 1, the end inclusive", HOLDS,
                write, read, many=True)  # fmt: skip
