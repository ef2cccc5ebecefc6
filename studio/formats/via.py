"""VIA 3 projects (JSON): files, attributes, and `metadata` whose `z` is [start, end] in seconds, exact to the µs.

The attributes are `track` (1), `label` (2), `note` (3) and then those that annotations have, as text; VIA draws one
row for each value of the first. Other
projects' first attribute of time segments is read as the label, and a single one as both. Boxes are metadata with one
time and a rectangle `xy` [2, x, y, width, height] in pixels.
"""

from collections.abc import Sequence
from typing import Any

from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.timeline import Box, Timeline

HOLDS = Holds(notes=True, boxes=True, attributes="text")
TRACK = "Segment"
OURS = ("track", "label", "note")
_TRACK, _LABEL, _NOTE = "1", "2", "3"
_VIDEO, _RECTANGLE = 4, 2


def write(timelines: Sequence[Timeline]) -> bytes:
    """One project of all videos, which are looked for beside it."""
    files = {
        str(n): {"fid": str(n), "fname": t.footage.name, "type": _VIDEO, "loc": 1, "src": t.footage.name}
        for n, t in enumerate(timelines, 1)
    }
    named = {name for t in timelines for a in t.annotations for name in a.attributes}
    keys = {name: str(n) for n, name in enumerate((*OURS, *sorted(named - set(OURS))), 1)}
    metadata: dict[str, Any] = {}
    for number, timeline in enumerate(timelines, 1):
        for k, (z, xy, av) in enumerate(_entries(timeline, keys), 1):
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
            key: {"aname": name, "anchor_id": "FILE1_Z2_XY0", "type": 1, "desc": "", "options": {},
                  "default_option_id": ""}
            for name, key in keys.items()
        },
        "file": files, "metadata": metadata, "view": views,
    })  # fmt: skip


def _entries(timeline: Timeline, keys: dict[str, str]) -> list[tuple[list[float], list[float], dict[str, str]]]:
    found: list[tuple[list[float], list[float], dict[str, str]]] = []
    for a in HOLDS.fitted(timeline):
        ours = {_TRACK: a.track, _LABEL: a.label, **({_NOTE: a.note} if a.note else {})}
        av = {**{keys[name]: reading.as_text(value) for name, value in a.attributes.items()}, **ours}
        found.append(([reading.seconds_in(a.segment.start), reading.seconds_in(a.segment.end)], [], av))
    wide, high = timeline.footage.width, timeline.footage.height
    for track, boxes in timeline.boxes.items():
        for t, x1, y1, x2, y2 in boxes:
            xy = [_RECTANGLE, x1 * wide, y1 * high, (x2 - x1) * wide, (y2 - y1) * high]
            found.append(([reading.seconds_in(t)], xy, {_TRACK: track}))
    return found


def read(data: bytes, name: str) -> list[Part]:
    """Raises FormatError."""
    project = reading.expect(reading.json_of(data), dict, "This VIA project")
    files = reading.child(project, "file", dict, "This VIA project")
    views = reading.child(project, "view", dict, "This VIA project")
    attributes = reading.child(project, "attribute", dict, "This VIA project")
    keys = _keys(attributes)
    others = {k: str(a.get("aname", "")) for k, a in attributes.items() if k not in keys and isinstance(a, dict)}
    marks: dict[str, list[Mark]] = {view: [] for view in views}
    boxes: dict[str, dict[str, list[Box]]] = {view: {} for view in views}
    other = 0
    for key, entry in reading.child(project, "metadata", dict, "This VIA project").items():
        where = f"Metadata “{key:.40}”"
        view, z = reading.child(entry, "vid", str, where), reading.child(entry, "z", list, where)
        reading.child(views, view, dict, where)
        given = {k: str(v) for k, v in reading.child(entry, "av", dict, where).items()}
        track, label, note = (given.get(k, "") for k in keys)
        xy = entry.get("xy") or []
        if len(z) == 2 and not xy:
            start, end = (reading.us_of(t, where) for t in z)
            more = {name: given[k] for k, name in others.items() if given.get(k) and name}
            marks[view].append(
                Mark(start, end, label, track or TRACK, note, attributes=reading.attributes_of(more, where))
            )
        elif len(z) == 1 and isinstance(xy, list) and len(xy) == 5 and xy[0] == _RECTANGLE:
            _, x, y, wide, high = (reading.number(v, where) for v in xy)
            box = reading.us_of(z[0], where), x, y, x + wide, y + high
            boxes[view].setdefault(track or label or TRACK, []).append(box)
        else:
            other += 1
    problems = (f"{other} entries that are neither segments nor rectangles are left out.",) if other else ()
    found = []
    for view, entry in views.items():
        fids = reading.child(entry, "fid_list", list, "A view")
        video = reading.child(files, str(fids[0]) if fids else "", dict, "A view").get("fname", "")
        shown = {track: tuple(sorted(listed)) for track, listed in boxes[view].items()}
        if marks[view] or shown:
            found.append(Part(str(video), tuple(marks[view]), "us", shown, pixels=True, problems=problems))
            problems = ()
    return found


def _keys(attributes: dict[str, Any]) -> tuple[str, str, str]:
    """The attributes that are track, label and note."""
    names = {str(a.get("aname", "")).lower(): k for k, a in attributes.items() if isinstance(a, dict)}
    first = next(iter(attributes), _TRACK)
    return names.get("track", ""), names.get("label", first), names.get("note", "")


FORMAT = Format("via", "VIA 3 project", ".json", "application/json", "s", HOLDS, write, read, many=True)
