"""CVAT for video 1.1 (XML): tracks of boxes in pixels, frames counted from 0, `outside="1"` where the object is gone.

An annotation becomes a CVAT track of its label that lasts its frames (to the nearest edge of a frame), with the boxes
of its own track where those are known, else the whole picture. Our track, note and attributes are attributes of it, as
text. Reading makes every run of frames in which an object is not outside a segment; between key frames a box stays.
"""

from collections.abc import Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.markup import printable, read_xml, write_xml
from studio.formats.model import Format, Holds, Mark, Part, heard
from studio.timeline import Annotation, Box, Timeline

HOLDS = Holds(grain=0, notes=True, boxes=True, blank=False, text=printable, naming=printable, remark=printable,
              attributes="text")  # fmt: skip
_WHOLE = (0.0, 0.0, 1.0, 1.0)
_CORNERS = ("xtl", "ytl", "xbr", "ybr")
Seen = tuple[int, bool, Box | None]  # frame, outside, box in pixels (its time is the frame)


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
    for label in sorted({a.label for a in found}):
        _declare(labels, label, sorted({name for a in found if a.label == label for name in _attributes(a)}))
    size = SubElement(task, "original_size")
    SubElement(size, "width").text, SubElement(size, "height").text = str(footage.width), str(footage.height)
    SubElement(task, "source").text = printable(footage.name)
    boxes = {printable(track): listed for track, listed in timeline.boxes.items()}
    for number, a in enumerate(found):
        _track(root, number, a, timeline, boxes.get(a.track, ()))
    return write_xml(root)


def _attributes(a: Annotation) -> dict[str, str]:
    """What CVAT can say of an annotation beside its label."""
    texts = {printable(name): printable(reading.as_text(value)) for name, value in a.attributes.items()}
    return {**texts, "track": a.track, "note": a.note}


def _declare(labels: Element, label: str, names: Sequence[str]) -> None:
    element = SubElement(labels, "label")
    SubElement(element, "name").text = label
    attributes = SubElement(element, "attributes")
    for name in names:
        attribute = SubElement(attributes, "attribute")
        for key, value in (("name", name), ("mutable", "False"), ("input_type", "text"), ("default_value", ""),
                           ("values", "")):  # fmt: skip
            SubElement(attribute, key).text = value


def _track(root: Element, number: int, a: Annotation, timeline: Timeline, boxes: Sequence[Box]) -> None:
    footage = timeline.footage
    first, end = footage.frames(a.segment)
    shown = {first: _WHOLE}
    before = [box for box in boxes if footage.frame_near(box[0]) <= first]
    within = {footage.frame_near(t): corners for t, *corners in boxes if first <= footage.frame_near(t) < end}
    if before or within:
        nearest = before[-1][1:] if before else next(iter(within.values()))
        shown = {first: nearest, **within}  # type: ignore[dict-item]
    element = SubElement(root, "track", id=str(number), label=a.label, source="manual")
    for frame in sorted(shown):
        _box(element, frame, shown[frame], a, timeline)
    if end < footage.frame_count:
        _box(element, end, shown[max(shown)], a, timeline, outside=True)


def _box(
    parent: Element, frame: int, box: Sequence[float], a: Annotation, timeline: Timeline, *, outside: bool = False
) -> None:
    sides = timeline.footage.width or 1, timeline.footage.height or 1
    corners = {name: f"{share * sides[k % 2]:.2f}" for k, (name, share) in enumerate(zip(_CORNERS, box, strict=True))}
    flags = {"frame": str(frame), "outside": str(int(outside)), "occluded": "0", "keyframe": "1"}
    element = SubElement(parent, "box", {**flags, **corners, "z_order": "0"})
    for name, value in _attributes(a).items():
        SubElement(element, "attribute", name=name).text = value


def read(data: bytes, name: str) -> list[Part]:
    """Raises UnsafeFormat, FormatError."""
    root = read_xml(data, "annotations")
    video = root.findtext("meta/task/source") or root.findtext("meta/source") or root.findtext("meta/task/name") or ""
    stop = root.findtext("meta/task/stop_frame")
    marks: list[Mark] = []
    boxes: dict[str, list[Box]] = {}
    other = len(root.findall("image"))
    for element in root.iter("track"):
        seen = sorted((_seen(shape) for shape in element if shape.tag != "attribute"), key=lambda s: s[0])
        label = heard(element.get("label", ""))
        facts = {a.get("name", ""): a.text or "" for a in element.iter("attribute")}
        track = facts.get("track") or f"{label} {element.get('id', '')}".strip()
        last = reading.whole(stop, "The last frame") if stop else max((s[0] for s in seen), default=0)
        more = reading.attributes_of({k: v for k, v in facts.items() if k not in ("track", "note", "")}, "A track")
        marks += [Mark(*span, label, track, facts.get("note", ""), attributes=more) for span in _runs(seen, last + 1)]
        shown = [box for _, outside, box in seen if box is not None and not outside and not _is_whole(box, root)]
        if shown:
            boxes.setdefault(track, []).extend(shown)
        other += any(box is None for _, _, box in seen)
    problems = (f"{other} shapes that are no boxes of a video's tracks keep their times at most.",) if other else ()
    merged = {track: tuple(sorted(set(listed))) for track, listed in boxes.items()}
    return [Part(video, tuple(marks), "frames", merged, pixels=True, problems=problems)]


def _is_whole(box: Box, root: Element) -> bool:
    """Whether it only says that there is no box, as `write` does."""
    size = [root.findtext(f"meta/task/original_size/{side}") or "0" for side in ("width", "height")]
    return box[1:] == (0.0, 0.0, reading.number(size[0], "The width"), reading.number(size[1], "The height"))


def _seen(shape: Element) -> Seen:
    where = f"A {shape.tag:.20} of a track"
    frame = reading.whole(shape.get("frame"), where)
    outside = shape.get("outside") == "1"
    if shape.tag != "box":
        return frame, outside, None
    x1, y1, x2, y2 = (reading.number(shape.get(corner), where) for corner in _CORNERS)
    return frame, outside, (frame, x1, y1, x2, y2)


def _runs(seen: Sequence[Seen], end: int) -> list[tuple[int, int]]:
    """[first, end) of every run in which the object is in the picture."""
    if not seen:
        raise FormatError("A track of this file has no boxes; export it again.")
    edges = [(frame, outside) for frame, outside, _ in seen] + [(max(end, seen[-1][0] + 1), True)]
    spans: list[tuple[int, int]] = []
    for (frame, outside), (following, _) in pairwise(edges):
        if outside:
            continue
        if spans and spans[-1][1] == frame:
            spans[-1] = spans[-1][0], following
        else:
            spans.append((frame, following))
    return spans


FORMAT = Format("cvat", "CVAT for video 1.1", ".xml", "application/xml", "frames from 0", HOLDS, write, read)
