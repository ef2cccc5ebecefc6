"""CVAT for video 1.1 (XML): tracks of boxes in pixels, frames counted from 0, `outside="1"` where the object is gone.

An annotation becomes a CVAT track of its label that lasts its frames (to the nearest edge of a frame), with the boxes
of its own track where those are known, else the whole picture. Our track, note, annotator and attributes are attributes
of it, as text, declared with the types that the schema gives them; one that changes within a segment is “mutable”.
Reading makes every run of frames in which an object is not outside and its attributes stay as they are a segment (in
our own files mutable ones may change within it: elsewhere they often are what an object does); between key frames a box
stays. An attribute that is called as one of ours has “ (attribute)” behind its name in the file. A box over time is a
track with an attribute `box`, its name, and `box id` where segments are about it; a track of another tool becomes one
too, by its key frames, beside its segments; where it is occluded is kept of boxes over time, and of its attributes
those that stay the same. An export of CVAT is an archive with `annotations.xml`; one of a project has a part for each
of its tasks.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

from studio.errors import FormatError
from studio.formats import archive, reading
from studio.formats.markup import names_in, printable, read_xml, write_xml
from studio.formats.model import Format, Holds, Mark, Part, heard, linked_boxes
from studio.formats.notes import Notes
from studio.formats.own_names import apart, together
from studio.timeline import MICROS, Annotation, AttributeType, Box, Footage, Timeline, value_at
from studio.timeline.boxes import BOXES, BoxTrack, KeyFrame, between
from studio.timeline.changing import changes_of

HOLDS = Holds(grain=0, notes=True, annotators=True, boxes=True, blank=False, text=printable, naming=printable,
              remark=printable, person=printable, attributes="text", objects="all", occlusion=True,
              described=True)  # fmt: skip
_WHOLE = (0.0, 0.0, 1.0, 1.0)
_CORNERS = ("xtl", "ytl", "xbr", "ybr")
_BOX = "box"  # the attribute of a box over time, which is its name
_ID = "box id"  # and by which segments name it
_ONLY = "the only one"
_OURS = {"track", "note", "annotator", ""}
_TAKEN = {*_OURS, _BOX, _ID}
_SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton")
# elements and attributes that are read, or that only say how CVAT draws; what is below `meta` describes the task
_DEFINITIONS = {"meta"}
_KNOWN = {
    "version": set[str](), "track": {"id", "label", "source", "task_id", "subset"}, "attribute": {"name"},
    **{shape: {"frame", "outside", "occluded", "keyframe", "z_order", "points", *_CORNERS} for shape in _SHAPES},
}  # fmt: skip


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    timeline = timelines[0]
    footage, found = timeline.footage, HOLDS.fitted(timeline)
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    task = SubElement(SubElement(root, "meta"), "task")
    for name, value in (
        ("name", printable(footage.name)), ("size", str(footage.frame_count)), ("mode", "interpolation"),
        ("overlap", "0"), ("start_frame", "0"), ("stop_frame", str(footage.frame_count - 1)), ("frame_filter", ""),
    ):  # fmt: skip
        SubElement(task, name).text = value
    labels = SubElement(task, "labels")
    names = {a.label for a in found} | {HOLDS.said(each.label) for each in timeline.objects}
    for label in sorted(names):
        objects = [each for each in timeline.objects if HOLDS.said(each.label) == label]
        _declare(labels, label, [a for a in found if a.label == label], objects, timeline)
    size = SubElement(task, "original_size")
    SubElement(size, "width").text, SubElement(size, "height").text = str(footage.width), str(footage.height)
    SubElement(task, "source").text = printable(footage.name)
    boxes = {
        printable(track): sorted(((footage.frame_near(t), corners) for t, *corners in listed), key=_frame_of)
        for track, listed in timeline.boxes.items()
    }
    for number, a in enumerate(found):
        _track(root, number, a, timeline, boxes.get(a.track, ()))
    for number, each in enumerate(timeline.objects, len(found)):
        _object(root, number, each, timeline)
    return write_xml(root)


def _name(attribute: str) -> str:
    """What an attribute is called in the file: some names are those of our own facts."""
    return apart(printable(attribute), _TAKEN)


def _of_object(track: BoxTrack, is_linked: bool) -> dict[str, str]:
    """What CVAT can say of a box over time beside its label."""
    texts = {_name(name): printable(reading.as_text(value)) for name, value in track.attributes.items()}
    ours = {_BOX: printable(track.name), **({"annotator": printable(track.annotator)} if track.annotator else {})}
    return {**texts, **ours, **({_ID: track.id} if is_linked else {})}


def _object(root: Element, number: int, track: BoxTrack, timeline: Timeline) -> None:
    footage = timeline.footage
    frames = {min(footage.frame_near(key.time_us), footage.frame_count - 1): key for key in track.keys}
    element = SubElement(root, "track", id=str(number), label=HOLDS.said(track.label), source="manual")
    said = _of_object(track, track.id in linked_boxes(timeline))
    for frame in sorted(frames):
        _box(element, frame, frames[frame].corners, said, timeline, outside=frames[frame].hidden,
             occluded=frames[frame].occluded)  # fmt: skip
    last = max(frames)
    if last + 1 < footage.frame_count and not frames[last].hidden:
        _box(element, last + 1, frames[last].corners, said, timeline, outside=True)


def _attributes(a: Annotation, time: int | None = None) -> dict[str, str]:
    """What CVAT can say of an annotation beside its label, at a time in µs."""
    at = a.segment.start if time is None else time
    values = {name: value_at(value, at) for name, value in a.attributes.items()}
    texts = {_name(name): "" if value is None else printable(reading.as_text(value)) for name, value in values.items()}
    return {**texts, "track": a.track, "note": a.note, **({"annotator": a.annotator} if a.annotator else {})}


def _declare(
    labels: Element, label: str, found: Sequence[Annotation], objects: Sequence[BoxTrack], timeline: Timeline
) -> None:
    types = {_name(name): each for a in found for name, each in timeline.types_of(a.track, heard(a.label)).items()}
    if objects:
        types |= {_name(name): each for name, each in timeline.types_of(BOXES, heard(label)).items()}
    changing = {_name(name) for a in found for name, value in a.attributes.items() if changes_of(value)}
    element = SubElement(labels, "label")
    SubElement(element, "name").text = label
    attributes = SubElement(element, "attributes")
    linked = linked_boxes(timeline)
    said = [*(_attributes(a) for a in found), *(_of_object(each, each.id in linked) for each in objects)]
    for name in sorted({name for each in said for name in each}):
        attribute = SubElement(attributes, "attribute")
        kind, values = _input(types[name]) if name in types else ("text", "")
        is_mutable = name in changing or (name in types and types[name].changes)
        for key, value in (("name", name), ("mutable", str(is_mutable)), ("input_type", kind), ("default_value", ""),
                           ("values", values)):  # fmt: skip
            SubElement(attribute, key).text = value


def _input(known: AttributeType) -> tuple[str, str]:
    """The kind of input that CVAT has for an attribute, and its values, one a line."""
    if known.kind == "choice":
        return "select", "\n".join(map(printable, known.options))
    if known.kind == "yes_no":
        return "checkbox", "false"
    if known.kind == "number" and known.low is not None and known.high is not None:
        return "number", f"{known.low:g}\n{known.high:g}\n1"
    return "text", ""


def _frame_of(shown: tuple[int, Sequence[float]]) -> int:
    return shown[0]


def _track(
    root: Element, number: int, a: Annotation, timeline: Timeline, boxes: Sequence[tuple[int, Sequence[float]]]
) -> None:
    """`boxes` are those of its row: the frame and the corners of each, in order."""
    footage = timeline.footage
    first, end = footage.frames(a.segment)
    shown: dict[int, Sequence[float]] = {first: _WHOLE}
    begun = bisect_right(boxes, first, key=_frame_of)
    within = dict(boxes[bisect_left(boxes, first, key=_frame_of) : bisect_left(boxes, end, key=_frame_of)])
    if begun or within:
        nearest = boxes[begun - 1][1] if begun else next(iter(within.values()))
        shown = {first: nearest, **within}
    changed = _changed(a, footage)
    for frame in sorted(changed):
        if first < frame < end and frame not in shown:
            shown[frame] = shown[max(f for f in shown if f < frame)]
    element = SubElement(root, "track", id=str(number), label=a.label, source="manual")
    for frame in sorted(shown):
        at = max([footage.edge(frame), *changed.get(frame, ())])
        _box(element, frame, shown[frame], _attributes(a, at), timeline)
    if end < footage.frame_count:
        _box(element, end, shown[max(shown)], _attributes(a, footage.edge(end)), timeline, outside=True)


def _changed(a: Annotation, footage: Footage) -> dict[int, list[int]]:
    """The frames from which on some attribute is something else, each with the times in µs at which it becomes so:
    between two frames, that may be after the frame begins."""
    found: dict[int, list[int]] = {}
    for value in a.attributes.values():
        for time, _ in changes_of(value) or ():
            at = round(time * MICROS)
            found.setdefault(footage.frame_near(at), []).append(at)
    return found


def _box(
    parent: Element, frame: int, box: Sequence[float], said: Mapping[str, str], timeline: Timeline, *,
    outside: bool = False, occluded: bool = False,
) -> None:  # fmt: skip
    sides = timeline.footage.width or 1, timeline.footage.height or 1
    corners = {name: f"{share * sides[k % 2]:.2f}" for k, (name, share) in enumerate(zip(_CORNERS, box, strict=True))}
    flags = {"frame": str(frame), "outside": str(int(outside)), "occluded": str(int(occluded)), "keyframe": "1"}
    element = SubElement(parent, "box", {**flags, **corners, "z_order": "0"})
    for name, value in said.items():
        SubElement(element, "attribute", name=name).text = value


def read(data: bytes, name: str) -> list[Part]:
    """One part a task. Raises UnsafeFormat, FormatError."""
    notes = Notes("attribute(s)")
    root = read_xml(_xml(data, notes), "annotations")
    names_in(root, _KNOWN, _DEFINITIONS, notes)
    tasks = _tasks(root, notes)
    elements: dict[str, list[Element]] = {}
    for element in root.iter("track"):
        task = element.get("task_id", "")
        task = next(iter(tasks)) if len(tasks) == 1 and (not task or _ONLY in tasks) else task
        if task in tasks:
            elements.setdefault(task, []).append(element)
        else:
            notes.left_out("track(s) of no task that the project names")
    tasks = _counted_from_their_own(tasks, elements, notes)
    mutable = _mutable(root)
    return notes.parts([_part(tasks[task], tracks, mutable, notes) for task, tracks in elements.items()])


def _mutable(root: Element) -> set[tuple[str, str]]:
    """The (label, name) of attributes that may change within an object."""
    return {
        (label.findtext("name") or "", attribute.findtext("name") or "")
        for label in root.findall("meta//labels/label")
        for attribute in label.findall("attributes/attribute")
        if (attribute.findtext("mutable") or "").lower() == "true"
    }


def _xml(data: bytes, notes: Notes) -> bytes:
    """The annotations of an export, which is an archive with frames and `annotations.xml`, or that file."""
    if not archive.is_zip(data):
        return data
    files = archive.unpack(data)
    found = [file for file in files if file.lower().endswith(".xml")]
    if len(found) != 1:
        raise FormatError(
            f"This archive has {len(found)} XML files instead of one annotations.xml; import it by itself."
        )
    notes.left_out("other file(s) of the archive", len(files) - 1)
    return files[found[0]]


@dataclass(frozen=True, slots=True)
class _Task:
    """A task, which is one video. `offset` is where the frames of its tracks count from."""

    video: str
    stop: int | None
    size: tuple[float, float]
    subset: str = ""
    offset: int = 0

    @property
    def frames(self) -> int:
        """By how many frames it moves those of the tasks after it."""
        return 0 if self.stop is None else self.stop + 1


def _tasks(root: Element, notes: Notes) -> dict[str, _Task]:
    """The tasks of the file by their id: those of a project, or the one there is."""
    listed = root.findall("meta/project/tasks/task")
    named = {track.get("task_id", "") for track in root.iter("track")}
    project = root.find("meta/project")
    if project is not None and (listed or len(named) > 1):
        found = {task.findtext("id") or "": task for task in listed}
    elif project is not None:
        found = {_ONLY: project}
    else:
        found = {_ONLY: next((e for e in (root.find(f"meta/{k}") for k in ("task", "job")) if e is not None), root)}
    tasks = {}
    for which, task in found.items():
        with notes.entry():
            source = task.findtext("source") or root.findtext("meta/source" if which == _ONLY else "") or ""
            stop = task.findtext("stop_frame")
            size = [task.findtext(f"original_size/{side}") or "0" for side in ("width", "height")]
            tasks[which] = _Task(
                source or task.findtext("name") or "",
                reading.whole(stop, "The last frame") if stop else None,
                (reading.number(size[0], "The width"), reading.number(size[1], "The height")),
                task.findtext("subset") or "",
            )  # fmt: skip
    return tasks


def _counted_from_their_own(
    tasks: Mapping[str, _Task], elements: Mapping[str, Sequence[Element]], notes: Notes
) -> dict[str, _Task]:
    """The tasks with the frame that each counts from.

    CVAT's exports of projects count frames on from one task of a subset to the next, ordered by id; other tools write
    those of each video. It is the former where every task's frames lie after those of the tasks before it.
    """
    before: dict[str, int] = {}
    moved = {}
    for which, task in tasks.items():
        moved[which] = replace(task, offset=before.get(task.subset, 0))
        before[task.subset] = before.get(task.subset, 0) + task.frames
    later = [(moved[which], _frames(tracks)) for which, tracks in elements.items() if moved[which].offset]
    if not later or not all(frames and task.offset <= min(frames) for task, frames in later):
        return dict(tasks)
    notes.say("The frames of this project count on from task to task; each video's are taken from its own first frame.")
    return moved


def _frames(tracks: Sequence[Element]) -> list[int]:
    texts = [shape.get("frame", "") for track in tracks for shape in track]
    return [int(text) for text in texts if text.isdecimal() and len(text) < 10]


def _part(task: _Task, tracks: Sequence[Element], mutable: set[tuple[str, str]], notes: Notes) -> Part:
    marks: list[Mark] = []
    boxes: dict[str, list[Box]] = {}
    objects: list[BoxTrack] = []
    for element in tracks:
        with notes.entry():
            label, number = heard(element.get("label", "")), element.get("id", "")
            seen = _shapes(element, task, notes)
            last = max((shape.frame for shape in seen), default=0) if task.stop is None else task.stop
            if (found := _over_time(seen, label, last, task, notes)) is None:
                notes.left_out("note(s) that an object is occluded", sum(shape.occluded for shape in seen))
            else:
                objects.append(found)
                if _BOX in seen[0].facts:
                    continue
            is_ours = any("track" in shape.facts for shape in seen)
            changing = {name for of, name in mutable if is_ours and of == element.get("label", "")} - _OURS
            for first, end, facts, later in _runs(seen, last + 1, changing):
                track = facts.get("track") or f"{label} {number}".strip()
                more = notes.attributes(
                    {together(name, _TAKEN): value for name, value in facts.items() if name not in _OURS}
                )
                later = tuple((time, together(name, _TAKEN), value) for time, name, value in later)
                note, annotator = facts.get("note", ""), facts.get("annotator", "")
                marks.append(Mark(first, end, label, track, note, None, annotator, more, changes=later))
            for shape in seen:
                if shape.box and not shape.outside and shape.box != (shape.frame, 0.0, 0.0, *task.size):
                    track = shape.facts.get("track") or f"{label} {number}".strip()
                    boxes.setdefault(track, []).append(shape.box)
    merged = {track: tuple(sorted(set(listed))) for track, listed in boxes.items()}
    return Part(task.video, tuple(marks), "frames", merged, pixels=True, objects=tuple(objects))


def _over_time(seen: "Sequence[_Shape]", label: str, last: int, task: _Task, notes: Notes) -> BoxTrack | None:
    """A track as a box over time, which lasts to the frame before it is outside for good, or to the `last` one; None
    for what is a segment of ours, or has no boxes."""
    facts = seen[0].facts
    if "track" in facts or (_BOX not in facts and all(_is_whole(shape, task) for shape in seen)):
        return None
    shapes = [shape for shape in seen if shape.box and shape.keyed]
    while shapes and shapes[0].outside:
        shapes = shapes[1:]
    keys = [KeyFrame(*shape.box, shape.outside, "import", shape.occluded) for shape in shapes if shape.box]
    ended = keys[-1] if keys and keys[-1].hidden else None
    if ended:
        while keys and keys[-1].hidden:
            ended = keys.pop()
    if not keys:
        return None
    end = ended.time_us - 1 if ended else last
    if end > keys[-1].time_us:
        corners = between(keys[-1], ended, end) if ended else keys[-1].corners
        keys.append(KeyFrame(end, *corners, source="import", occluded=keys[-1].occluded))
    described = {
        together(name, _TAKEN): text
        for name, text in facts.items()
        if text and name not in (_BOX, _ID, *_OURS) and all(shape.facts.get(name) == text for shape in seen)
    }
    made = BoxTrack(facts.get(_ID, ""), label, facts.get(_BOX, ""), tuple(keys), facts.get("annotator", ""))
    return replace(made, attributes=notes.attributes(described))


def _is_whole(shape: "_Shape", task: _Task) -> bool:
    """Whether a shape says nothing of where the object is."""
    return shape.box is None or shape.box == (shape.frame, 0.0, 0.0, *task.size)


@dataclass(frozen=True, slots=True)
class _Shape:
    """An object at a key frame: `box` in pixels, its time the frame; `facts` are its attributes from here on."""

    frame: int
    outside: bool
    box: Box | None
    facts: Mapping[str, str]
    keyed: bool = True  # False: another tool worked out where it is in between
    occluded: bool = False


def _shapes(track: Element, task: _Task, notes: Notes) -> list[_Shape]:
    """The key frames of a track, in order; attributes stay until another value is given."""
    found = []
    for element in track:
        with notes.entry():
            if element.tag in _SHAPES:
                found.append(_shape(element, task))
            if element.tag in _SHAPES[1:]:
                notes.left_out("shape(s) other than boxes, but for their times,")
    if not found:
        raise FormatError("A track of this file has no boxes; export it again.")
    facts: dict[str, str] = {a.get("name", ""): a.text or "" for a in track.findall("attribute")}
    shapes = []
    for shape in sorted(found, key=lambda each: each.frame):
        facts = {**facts, **shape.facts}
        shapes.append(replace(shape, facts=facts))
    return shapes


def _shape(element: Element, task: _Task) -> _Shape:
    where = f"A {element.tag:.20} of a track"
    frame = reading.whole(element.get("frame"), where) - task.offset
    facts = {a.get("name", ""): a.text or "" for a in element.findall("attribute")}
    outside, occluded = (element.get(flag) == "1" for flag in ("outside", "occluded"))
    if element.tag != "box":
        return _Shape(frame, outside, None, facts, occluded=occluded)
    x1, y1, x2, y2 = (reading.number(element.get(corner), where) for corner in _CORNERS)
    keyed = element.get("keyframe") != "0"
    return _Shape(frame, outside, (frame, x1, y1, x2, y2), facts, keyed, occluded)


_Changes = tuple[tuple[int, str, str | None], ...]


def _runs(seen: Sequence[_Shape], end: int, mutable: set[str]) -> list[tuple[int, int, Mapping[str, str], _Changes]]:
    """[first, end) of every run in which the object is in the picture and its attributes stay, but for mutable ones;
    what they are at its beginning, and how those change; of these an empty text says nothing."""
    edges = [*(shape.frame for shape in seen[1:]), max(end, seen[-1].frame + 1)]
    runs: list[list[tuple[_Shape, int]]] = []
    for shape, following in zip(seen, edges, strict=True):
        if shape.outside:
            continue
        if runs and runs[-1][-1][1] == shape.frame and _stays(runs[-1][-1][0], shape, mutable):
            runs[-1].append((shape, following))
        else:
            runs.append([(shape, following)])
    return [_run(run, mutable) for run in runs]


def _stays(before: _Shape, shape: _Shape, mutable: set[str]) -> bool:
    names = (before.facts.keys() | shape.facts.keys()) - mutable
    return all(before.facts.get(name) == shape.facts.get(name) for name in names)


def _run(run: Sequence[tuple[_Shape, int]], mutable: set[str]) -> tuple[int, int, Mapping[str, str], _Changes]:
    first, end = run[0][0], run[-1][1]
    changes = [
        (shape.frame, name, shape.facts.get(name) or None)
        for (before, _), (shape, _) in pairwise(run)
        for name in sorted(mutable)
        if before.facts.get(name, "") != shape.facts.get(name, "")
    ]
    said = {name: value for name, value in first.facts.items() if name not in mutable or value}
    return first.frame, end, said, tuple(changes)


FORMAT = Format("cvat", "CVAT for video 1.1", ".xml", "application/xml", "frames from 0", HOLDS, write, read,
                endings=(".zip",))  # fmt: skip
