"""VIA 3 projects (JSON): files, attributes, and `metadata` whose `z` is [start, end] in seconds, exact to the µs.

The attributes are `track` (1), `label` (2), `note` (3), `annotator` (4) and then those that annotations have, as text;
VIA draws one row for each value of the first. Where the schema gives an attribute options, VIA offers them. Of other
projects the first attribute of time segments (by its anchor) is the label; of attributes with options their texts are
read. Boxes are metadata with one time and a rectangle `xy` [2, x, y, width, height] in pixels. The lines of the
transcript are segments with an attribute `transcript` of its own, which an import takes for lines again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.formats import reading
from studio.formats.layers import TRANSCRIPT
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes
from studio.timeline import Box, Timeline

HOLDS = Holds(notes=True, annotators=True, boxes=True, objects="keys", attributes="text", lines="beside")
TRACK = "Segment"
OURS = ("track", "label", "note", "annotator")
_TRACK, _LABEL, _NOTE, _ANNOTATOR = "1", "2", "3", "4"
_LINES = "A line of the transcript of Moment Studio"  # the description of the attribute by which lines are known
_VIDEO, _AUDIO, _RECTANGLE, _INLINE = 4, 8, 2, 4
_SELECT = 4
_SEGMENTS = "FILE1_Z2_XY0"  # what an attribute describes: here segments of time of one file
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
    keys = {name: str(n) for n, name in enumerate((*OURS, *sorted(named - set(OURS))), 1)}
    lines = str(len(keys) + 1) if any(t.lines for t in timelines) else ""
    known = [(name, key, "") for name, key in keys.items()] + [("transcript", lines, _LINES)] * bool(lines)
    offered = _offered(timelines)
    metadata: dict[str, Any] = {}
    for number, timeline in enumerate(timelines, 1):
        for k, (z, xy, av) in enumerate(_entries(timeline, keys, lines), 1):
            metadata[f"{number}_{k:08d}"] = {"vid": str(number), "flg": 0, "z": z, "xy": xy, "av": av}
    views = {number: {"fid_list": [number]} for number in files}
    return reading.dump({
        "project": {
            "pid": "__VIA_PROJECT_ID__", "rev": "__VIA_PROJECT_REV_ID__",
            "rev_timestamp": "__VIA_PROJECT_REV_TIMESTAMP__", "pname": "Moment Studio", "creator": "Moment Studio",
            "created": 0, "vid_list": list(views),
        },
        "config": {
            "file": {"loc_prefix": {"1": "", "2": "", "3": "", "4": ""}},
            "ui": {"file_content_align": "center", "file_metadata_editor_visible": True,
                   "spatial_metadata_editor_visible": True, "spatial_region_label_attribute_id": ""},
        },
        "attribute": {
            key: {"aname": name, "anchor_id": "FILE1_Z2_XY0", "type": _SELECT if name in offered else 1, "desc": what,
                  "options": {option: option for option in offered.get(name, ())}, "default_option_id": ""}
            for name, key, what in known
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
        if name not in (*other, *OURS) and not any("," in option for option in options)
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
    wide, high = timeline.footage.width, timeline.footage.height
    for track, boxes in timeline.boxes.items():
        for t, x1, y1, x2, y2 in boxes:
            xy = [_RECTANGLE, x1 * wide, y1 * high, (x2 - x1) * wide, (y2 - y1) * high]
            found.append(([reading.seconds_in(t)], xy, {_TRACK: track}))
    return found


def read(data: bytes, name: str) -> list[Part]:
    """Raises FormatError."""
    project, notes = reading.expect(reading.json_of(data), dict, "This VIA project"), Notes()
    files, views, attributes, metadata = (
        reading.child(project, key, dict, "This VIA project") for key in ("file", "view", "attribute", "metadata")
    )
    notes.known(project, _TOP)
    columns = _Attributes.of(attributes, notes)
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
            if marks or boxes or lines:
                parts.append(Part(_video(files, entry, notes), marks, boxes=boxes, pixels=True, lines=lines))
    return notes.parts(parts)


@dataclass(slots=True)
class _View:
    """What is in one view, which is one video."""

    marks: list[Mark] = field(default_factory=list)
    boxes: dict[str, list[Box]] = field(default_factory=dict)
    lines: list[Mark] = field(default_factory=list)


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
        more = {name: text for name, text in given.items() if name not in {columns.label, *OURS} and text}
        mark = Mark(start, end, label, track or columns.row, note, None, annotator, notes.attributes(more))
        view.marks.append(mark)
    elif len(z) == 1 and isinstance(xy, list) and len(xy) == 5 and xy[0] == _RECTANGLE:
        _, x, y, wide, high = (reading.number(v, where) for v in xy)
        box = reading.us_of(z[0], where), x, y, x + wide, y + high
        what = given.get("track") or given.get(columns.box_label) or next(iter(given.values()), "") or TRACK
        view.boxes.setdefault(what, []).append(box)
    elif not z:
        notes.left_out("description(s) of whole files or pictures")
    else:
        notes.left_out("region(s), neither segments nor rectangles,")


@dataclass(frozen=True, slots=True)
class _Attributes:
    """The attributes of a project by id: their names, and their options where they have some. `label` and `box_label`
    are the names of those that say what segments and rectangles are; `row` the track of what is on none; `lines` the id
    of the one that is a line of a transcript, None where there is none."""

    names: dict[str, str]
    options: dict[str, dict[str, str]]
    label: str
    box_label: str
    row: str
    lines: str | None = None

    @classmethod
    def of(cls, attributes: dict[str, Any], notes: Notes) -> "_Attributes":
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
        lines = next(
            (key for key, one in attributes.items() if reading.is_object(one) and one.get("desc") == _LINES), None
        )
        return cls(names, options, label, box_label, TRACK, lines)

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


FORMAT = Format("via", "VIA 3 project", ".json", "application/json", "s", HOLDS, write, read, many=True)
