"""VIA 3 projects (JSON): files, attributes, and `metadata` whose `z` is [start, end] in seconds, exact to the µs.

The attributes are `track` (1), `label` (2), `note` (3), `annotator` (4) and then those that annotations have, as text;
VIA draws one row for each value of the first. Where the schema gives an attribute options, VIA offers them. Of other
projects the first attribute of time segments (by its anchor) is the label; of attributes with options their texts are
read. Boxes are metadata with one time and a rectangle `xy` [2, x, y, width, height] in pixels. A box over time has a
rectangle for each of its key frames, and attributes that say which it is, its label, name and annotator, and where it
is hidden or occluded. Rectangles of other projects become boxes over time, one for each label (the first attribute of
rectangles) and name (one that is called so, or id, or track); several of one at the same time are several, each of
which goes on where it is nearest; where one has none for more than three times as long as usual, it is hidden. The
lines of the transcript are segments with an attribute `transcript` of its own, which an import takes for lines again.
An attribute that is called as one of the first four has “ (attribute)” behind its name in the file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.formats import reading
from studio.formats.layers import TRANSCRIPT
from studio.formats.model import Format, Holds, Mark, Part, linked_boxes
from studio.formats.notes import Notes
from studio.formats.own_names import apart, together
from studio.timeline import Box, Timeline
from studio.timeline.boxes import BoxTrack, KeyFrame

HOLDS = Holds(notes=True, annotators=True, boxes=True, objects="all", occlusion=True, attributes="text", lines="beside")
TRACK = "Segment"
OURS = ("track", "label", "note", "annotator")
_TRACK, _LABEL, _NOTE, _ANNOTATOR = "1", "2", "3", "4"
_LINES = "A line of the transcript of Moment Studio"  # the description of the attribute by which lines are known
_BOX = "A box over time of Moment Studio: "  # what follows says which part of it an attribute is
_DRAWN = {"number": "box", "label": "label of the box", "name": "name of the box", "annotator": "annotator of the box",
          "state": "hidden or occluded", "id": "id of the box"}  # fmt: skip
_HIDDEN, _OCCLUDED = "hidden", "occluded"
_VIDEO, _AUDIO, _RECTANGLE, _INLINE = 4, 8, 2, 4
_SELECT = 4
_SEGMENTS = "FILE1_Z2_XY0"  # what an attribute describes: here segments of time of one file
_RECTANGLES = "FILE1_Z1_XY1"
_CREATOR = "Moment Studio"
_NAMES = re.compile(r"(.*[ _-])?(name|id|track)", re.IGNORECASE)  # what attributes are called that tell objects apart
_TEXT = "1"  # the type of attributes whose values are what was typed, and not the ids of options
_TOP = {"project", "config", "attribute", "file", "metadata", "view"}
_ENTRY = {"vid", "flg", "z", "xy", "av"}
_ATTRIBUTE = {"aname", "anchor_id", "type", "desc", "options", "default_option_id"}


def write(timelines: Sequence[Timeline]) -> bytes:
    """One project of all videos, which are looked for beside it."""
    files = {
        str(n): {
            "fid": str(n),
            "fname": t.footage.name,
            "type": _VIDEO if t.footage.pictures else _AUDIO,
            "loc": 1,
            "src": t.footage.name,
        }
        for n, t in enumerate(timelines, 1)
    }
    named = {name for t in timelines for a in t.annotations for name in a.attributes}
    keys = {name: str(n) for n, name in enumerate(sorted(named), len(OURS) + 1)}
    lines = str(len(OURS) + len(keys) + 1) if any(t.lines for t in timelines) else ""
    known = [(name, str(n), _SEGMENTS, "") for n, name in enumerate(OURS, 1)]
    known += [(apart(name, OURS), key, _SEGMENTS, "") for name, key in keys.items()]
    known += [("transcript", lines, _SEGMENTS, _LINES)] * bool(lines)
    parts = [part for part in _DRAWN if part != "id" or any(map(linked_boxes, timelines))]
    drawn = {part: str(n) for n, part in enumerate(parts, len(known) + 1)} if any(t.objects for t in timelines) else {}
    known += [(_DRAWN[part], key, _RECTANGLES, _BOX + part) for part, key in drawn.items()]
    offered = _offered(timelines)
    metadata: dict[str, Any] = {}
    for number, timeline in enumerate(timelines, 1):
        for k, (z, xy, av) in enumerate((*_entries(timeline, keys, lines), *_rectangles(timeline, drawn)), 1):
            metadata[f"{number}_{k:08d}"] = {"vid": str(number), "flg": 0, "z": z, "xy": xy, "av": av}
    views = {number: {"fid_list": [number]} for number in files}
    return reading.dump({
        "project": {
            "pid": "__VIA_PROJECT_ID__", "rev": "__VIA_PROJECT_REV_ID__",
            "rev_timestamp": "__VIA_PROJECT_REV_TIMESTAMP__", "pname": "Moment Studio", "creator": _CREATOR,
            "created": 0, "vid_list": list(views),
        },
        "config": {
            "file": {"loc_prefix": {"1": "", "2": "", "3": "", "4": ""}},
            "ui": {"file_content_align": "center", "file_metadata_editor_visible": True,
                   "spatial_metadata_editor_visible": True, "spatial_region_label_attribute_id": ""},
        },
        "attribute": {
            key: {"aname": name, "anchor_id": anchor, "type": _SELECT if name in offered and not what else 1,
                  "desc": what, "options": {option: option for option in offered.get(name, ()) if not what},
                  "default_option_id": ""}
            for name, key, anchor, what in known
        },
        "file": files, "metadata": metadata, "view": views,
    })  # fmt: skip


def _offered(timelines: Sequence[Timeline]) -> dict[str, tuple[str, ...]]:
    """The options of attributes that are one of several, where all that is said is one of them: VIA shows no other, and
    keeps values by the ids of their options, here the options themselves. A comma stands between several of them."""
    types = {each.name: each for t in timelines for of in t.attribute_types.values() for each in of}
    offered = {name: each.options for name, each in types.items() if each.kind == "choice"}
    said = [(name, value) for t in timelines for a in t.annotations for name, value in a.attributes.items()]
    other = {name for name, value in said if name in offered and value not in offered[name]}
    return {
        name: options
        for name, options in offered.items()
        if name not in other and apart(name, OURS) == name and not any("," in option for option in options)
    }


def _entries(
    timeline: Timeline, keys: dict[str, str], lines: str
) -> list[tuple[list[float], list[float], dict[str, str]]]:
    found: list[tuple[list[float], list[float], dict[str, str]]] = []
    for a in HOLDS.fitted(timeline):
        ours = {_TRACK: a.track, _LABEL: a.label, **({_NOTE: a.note} if a.note else {})}
        ours |= {_ANNOTATOR: a.annotator} if a.annotator else {}
        av = {**{keys[name]: reading.as_text(value) for name, value in a.attributes.items()}, **ours}
        found.append(([reading.seconds_in(a.segment.start), reading.seconds_in(a.segment.end)], [], av))
    for start, end, words in HOLDS.fitted_lines(timeline):
        found.append(([reading.seconds_in(start), reading.seconds_in(end)], [], {_TRACK: TRANSCRIPT, lines: words}))
    for track, boxes in timeline.boxes.items():
        for t, *corners in boxes:
            found.append(([reading.seconds_in(t)], _xy(corners, timeline), {_TRACK: track}))
    return found


def _xy(corners: Sequence[float], timeline: Timeline) -> list[float]:
    (x1, y1, x2, y2), wide, high = corners, timeline.footage.width, timeline.footage.height
    return [_RECTANGLE, x1 * wide, y1 * high, (x2 - x1) * wide, (y2 - y1) * high]


def _rectangles(
    timeline: Timeline, attributes: Mapping[str, str]
) -> list[tuple[list[float], list[float], dict[str, str]]]:
    """The key frames of boxes over time; `attributes` are the ids of what says so, by the parts of `_DRAWN`."""
    found = []
    linked = linked_boxes(timeline)
    for number, track in enumerate(timeline.objects, 1):
        facts = {"number": str(number), "label": track.label, "name": track.name, "annotator": track.annotator}
        facts["id"] = track.id if track.id in linked else ""
        for key in track.keys:
            said = {**facts, "state": _HIDDEN if key.hidden else _OCCLUDED if key.occluded else ""}
            av = {attributes[part]: text for part, text in said.items() if text}
            found.append(([reading.seconds_in(key.time_us)], _xy(key.corners, timeline), av))
    return found


def remarks(timeline: Timeline) -> list[str]:
    """That VIA shows boxes only where they have key frames."""
    if not timeline.objects:
        return []
    return ["Boxes over time are rectangles at their key frames: VIA shows nothing of them in between."]


def read(data: bytes, name: str) -> list[Part]:
    """Raises FormatError."""
    project, notes = reading.expect(reading.json_of(data), dict, "This VIA project"), Notes()
    files, views, attributes, metadata = (
        reading.child(project, key, dict, "This VIA project") for key in ("file", "view", "attribute", "metadata")
    )
    notes.known(project, _TOP)
    of = project.get("project")
    columns = _Attributes.of(attributes, notes, reading.is_object(of) and of.get("creator") == _CREATOR)
    found = {view: _View() for view in views}
    for key, entry in metadata.items():
        where = f"Metadata “{key:.40}”"
        with notes.entry():
            view = str(reading.child(entry, "vid", (str, int), where))
            reading.child(views, view, dict, where)
            notes.known(entry, _ENTRY)
            _take(entry, columns, found[view], where, notes)
    parts = []
    for view, entry in views.items():
        with notes.entry():
            boxes = {track: tuple(sorted(listed)) for track, listed in found[view].boxes.items()}
            marks, lines = tuple(found[view].marks), tuple(found[view].lines)
            objects, drawn = tuple(map(_object, found[view].objects.values())), found[view].drawn
            if marks or boxes or lines or objects:
                video = _video(files, entry, notes)
                parts.append(Part(video, marks, boxes=boxes, pixels=True, lines=lines, objects=objects, drawn=drawn))
    return notes.parts(parts)


@dataclass(slots=True)
class _View:
    """What is in one view, which is one video."""

    marks: list[Mark] = field(default_factory=list)
    boxes: dict[str, list[Box]] = field(default_factory=dict)
    lines: list[Mark] = field(default_factory=list)
    drawn: dict[str, tuple[str, str]] = field(
        default_factory=dict
    )  # the (label, name) of objects by their boxes' track
    objects: dict[str, list[tuple[KeyFrame, dict[str, str]]]] = field(default_factory=dict)  # of files of ours


def _object(keys: Sequence[tuple[KeyFrame, dict[str, str]]]) -> BoxTrack:
    """A box over time of a file of ours, which says the same of all of its key frames."""
    ordered = {key.time_us: key for key, _ in sorted(keys, key=lambda each: each[0].time_us)}
    facts = keys[0][1]
    box_id, label, name, annotator = (facts.get(part, "") for part in ("id", "label", "name", "annotator"))
    return BoxTrack(box_id, label, name, tuple(ordered.values()), annotator)


def _video(files: dict[str, Any], view: Any, notes: Notes) -> str:
    fids = reading.child(view, "fid_list", list, "A view")
    notes.left_out("file(s) that a view shows beside its first", max(0, len(fids) - 1))
    file = reading.child(files, str(fids[0]) if fids else "", dict, "A view")
    return str(file.get("src") or file.get("fname", "")) if file.get("loc") != _INLINE else str(file.get("fname", ""))


def _take(entry: dict[str, Any], columns: "_Attributes", view: _View, where: str, notes: Notes) -> None:
    z, xy = reading.child(entry, "z", list, where), entry.get("xy") or []
    av = reading.child(entry, "av", dict, where)
    given = columns.said(av, notes)
    if len(z) == 2 and not xy and columns.lines in av:
        start, end = (reading.us_of(t, where) for t in z)
        view.lines.append(Mark(start, end, reading.as_text(av[columns.lines]), TRANSCRIPT))
    elif len(z) == 2 and not xy:
        start, end = (reading.us_of(t, where) for t in z)
        label = given.get(columns.label, "")
        track, note, annotator = (given.get(name, "") for name in ("track", "note", "annotator"))
        more = {together(name, OURS): text for name, text in given.items()
                if name not in {columns.label, *OURS} and text}  # fmt: skip
        mark = Mark(start, end, label, track or columns.row, note, None, annotator, notes.attributes(more))
        view.marks.append(mark)
    elif len(z) == 1 and isinstance(xy, list) and len(xy) == 5 and xy[0] == _RECTANGLE:
        _, x, y, wide, high = (reading.number(v, where) for v in xy)
        _take_rectangle((reading.us_of(z[0], where), x, y, x + wide, y + high), av, given, columns, view)
    elif not z:
        notes.left_out("description(s) of whole files or pictures")
    else:
        notes.left_out("region(s), neither segments nor rectangles,")


def _take_rectangle(
    box: Box, av: dict[str, Any], given: dict[str, str], columns: "_Attributes", view: _View
) -> None:  # fmt: skip
    said = {part: reading.as_text(av[key]) for part, key in columns.drawn.items() if key in av}
    if "number" in said:
        state = said.get("state")
        key = KeyFrame(*box, state == _HIDDEN, "import", state == _OCCLUDED)
        view.objects.setdefault(said["number"], []).append((key, said))
        return
    if columns.ours and given.get("track"):  # of a row, as models find faces
        view.boxes.setdefault(given["track"], []).append(box)
        return
    label = given.get(columns.box_label) or next(iter(given.values()), "")
    name = next((text for of, text in given.items() if of != columns.box_label and _NAMES.fullmatch(of)), "")
    name = "" if name == label else name
    track = given.get("track") or f"{label} {name}".strip() or TRACK
    view.boxes.setdefault(track, []).append(box)
    view.drawn.setdefault(track, (label, name))


@dataclass(frozen=True, slots=True)
class _Attributes:
    """The attributes of a project by id: their names, and their options where they have some. `label` and `box_label`
    are the names of those that say what segments and rectangles are; `row` the track of what is on none; `lines` the id
    of the one that is a line of a transcript, None where there is none; `drawn` the ids of those of boxes over time, by
    the parts of `_DRAWN`. `ours`: this is a project that we wrote."""

    names: dict[str, str]
    options: dict[str, dict[str, str]]
    label: str
    box_label: str
    row: str
    lines: str | None = None
    drawn: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False

    @classmethod
    def of(cls, attributes: dict[str, Any], notes: Notes, is_ours: bool) -> "_Attributes":
        names: dict[str, str] = {}
        options: dict[str, dict[str, str]] = {}
        anchors: dict[str, str] = {}
        for key, attribute in attributes.items():
            with notes.entry():
                one = reading.expect(attribute, dict, f"The attribute “{key:.40}”")
                notes.known(one, _ATTRIBUTE)
                name = str(one.get("aname", "")) or key
                names[key] = name.lower() if name.lower() in OURS else name
                anchors[key] = str(one.get("anchor_id", _SEGMENTS))
                listed = one.get("options")
                if str(one.get("type")) != _TEXT and isinstance(listed, dict):
                    listed = reading.expect(listed, dict, f"The options of “{name:.40}”")
                    options[key] = {str(k): str(v) for k, v in listed.items()}
        of_segments = [names[key] for key in names if anchors[key] == _SEGMENTS]
        label = "label" if "label" in names.values() else next((n for n in of_segments if n not in OURS), "label")
        box_label = next((names[key] for key in names if anchors[key].endswith("XY1")), label)
        what = {str(one.get("desc")): key for key, one in attributes.items() if reading.is_object(one)}
        drawn = {part: what[_BOX + part] for part in _DRAWN if _BOX + part in what}
        return cls(names, options, label, box_label, TRACK, what.get(_LINES), drawn, is_ours)

    def said(self, av: dict[str, Any], notes: Notes) -> dict[str, str]:
        """The values of an entry by the names of their attributes; of choices their texts."""
        found = {}
        for key, value in av.items():
            if key not in self.names:
                notes.left_out("value(s) of attributes that the project does not have")
                continue
            text, known = reading.as_text(value), self.options.get(key)
            if known:
                chosen = [c for c in (part.strip() for part in text.split(",")) if c]
                notes.left_out("option(s) that an attribute does not have", sum(c not in known for c in chosen))
                text = ", ".join(known.get(c, c) for c in chosen) if text not in known else known[text]
            found[self.names[key]] = text
        return found


FORMAT = Format("via", "VIA 3 project", ".json", "application/json", "s", HOLDS, write, read, many=True,
                remarks=remarks)  # fmt: skip
