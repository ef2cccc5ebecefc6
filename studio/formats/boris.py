"""BORIS projects: an observation a video, with subjects, behaviours and their keys' kinds (the ethogram).

A track is a subject and a label a behaviour, a state event or, where the schema says so, a point event. The note is the
comment. A subject has no two states of one behaviour at once, so what overlaps on a track goes to further subjects.
Times are seconds to the ms. Of a project of BORIS's own, modifiers are kept as the attribute `modifiers`; an
observation of several files counts by the first player's first file, and what happens after its end is left out.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.cut import name_of
from studio.formats.layers import layered
from studio.formats.model import Format, Holds, Mark, Part, heard
from studio.formats.notes import Notes
from studio.timeline import Annotation, Timeline

HOLDS = Holds(grain=1_000, notes=True, layers=True, blank=False)
NOBODY = "Behaviours"  # the track of events without a subject
_VERSION = "7.0"
_STATE, _POINT = "State event", "Point event"
_KNOWN = {"observations", "behaviors_conf", "subjects_conf", "time_format", "project_name", "project_date",
          "project_description", "project_format_version", "behavioral_categories", "independent_variables",
          "coding_map", "behaviors_coding_map", "converters"}  # fmt: skip


def write(timelines: Sequence[Timeline]) -> bytes:
    """One project with an observation for each video."""
    observations: dict[str, Any] = {}
    behaviours: dict[str, str] = {}
    subjects: dict[str, None] = {}
    for timeline in timelines:
        footage = timeline.footage
        events: list[list[Any]] = []
        fitted = HOLDS.fitted(timeline)
        pointed = HOLDS.points(timeline)
        points = [a for a in fitted if (a.track, a.label) in pointed]
        tiers = layered(a for a in fitted if (a.track, a.label) not in pointed)
        for track, tier in tiers.items():
            subjects[track] = None
            for a in tier:
                behaviours.setdefault(a.label, _STATE)
                events += [_event(a, track, a.segment.start, a.note), _event(a, track, a.segment.end, "")]
        for a in points:
            subjects[a.track] = None
            behaviours.setdefault(a.label, _POINT)
            events.append(_event(a, a.track, a.segment.start, a.note))
        name = footage.stem
        while name in observations:
            name += "_"
        observations[name] = {
            "file": {"1": [footage.name], **{str(n): [] for n in range(2, 9)}},
            "type": "MEDIA",
            "description": "",
            "time offset": 0.0,
            "events": sorted(events, key=lambda event: event[0]),
            "media_info": {
                "length": {footage.name: reading.seconds_in(footage.duration)},
                "fps": {footage.name: footage.fps},
                "hasVideo": {footage.name: footage.pictures},
            },
            "observation time interval": [0, 0],
        }
    return reading.dump({
        "time_format": "s",
        "project_name": "Moment Studio",
        "project_description": "",
        "project_format_version": _VERSION,
        "subjects_conf": {str(n): {"key": "", "name": name, "description": ""} for n, name in enumerate(subjects)},
        "behaviors_conf": {
            str(n): {"type": kind, "key": "", "code": code, "description": "", "category": "", "modifiers": "",
                     "excluded": "", "coding map": ""}
            for n, (code, kind) in enumerate(behaviours.items())
        },
        "observations": observations,
        "behavioral_categories": [], "independent_variables": {}, "coding_map": {}, "behaviors_coding_map": [],
        "converters": {},
    })  # fmt: skip


def _event(a: Annotation, subject: str, time: int, comment: str) -> list[Any]:
    return [reading.seconds_in(time), subject, a.label, "", comment]


def read(data: bytes, name: str) -> list[Part]:
    """A part for each observation. Raises FormatError."""
    project = reading.expect(reading.json_of(data), dict, "This file")
    notes = Notes()
    notes.known(project, _KNOWN)
    listed = reading.child(project, "behaviors_conf", dict, "The project").values()
    points = {str(each.get("code")) for each in listed if isinstance(each, dict) and _is_point(each)}
    parts: list[Part] = []
    for title, each in reading.child(project, "observations", dict, "The project").items():
        with notes.entry():
            where = f"Observation “{title:.40}”"
            observation = reading.expect(each, dict, where)
            marks = tuple(_marks(reading.child(observation, "events", list, where), points, where, notes))
            parts.append(Part(_video(observation, title), marks))
    return notes.parts(parts)


def _is_point(behaviour: dict[str, Any]) -> bool:
    return str(behaviour.get("type", "")).lower().startswith("point")


def _video(observation: dict[str, Any], title: str) -> str:
    """The first file of the first player that has one."""
    files = observation.get("file")
    for listed in files.values() if isinstance(files, dict) else ():
        if isinstance(listed, list) and listed and isinstance(listed[0], str):
            return name_of(listed[0])
    return title


def _marks(events: list[Any], points: set[str], where: str, notes: Notes) -> Iterator[Mark]:
    """Points, and states from the event that begins to the one that ends each."""
    begun: dict[tuple[str, str], _Event] = {}
    for event in _in_order(events, where, notes):
        key = event.subject, event.code
        if event.code in points:
            yield event.mark(event)
        elif key in begun:
            yield begun.pop(key).mark(event)
        else:
            begun[key] = event
    notes.left_out("state(s) that nobody ended", len(begun))


class _Event(NamedTuple):
    """What the project says of one press of a key; `time` in µs."""

    time: int
    subject: str
    code: str
    comment: str
    attributes: dict[str, Any]

    def mark(self, last: "_Event") -> Mark:
        """What this begins and `last` ends; a point where they are one."""
        notes = [self.comment] if last is self else [self.comment, last.comment]
        return Mark(self.time, last.time, heard(self.code), self.subject or NOBODY, "\n".join(filter(None, notes)),
                    attributes=self.attributes, point=last is self)  # fmt: skip


def _in_order(events: list[Any], where: str, notes: Notes) -> list[_Event]:
    """The events in order of time."""
    found: list[_Event] = []
    for event in events:
        with notes.entry():
            fields = reading.expect(event, list, f"An event of {where}")
            if len(fields) < 3 or not all(isinstance(field, str) for field in fields[1:5]):
                raise FormatError(f"An event of {where} has not a time, a subject and a behaviour.")
            subject, code, modifiers, comment = (*fields[1:5], "", "")[:4]
            time = reading.us_of(fields[0], f"An event of {where}")
            attributes = notes.attributes({"modifiers": modifiers}) if modifiers.strip(" |") not in ("", "None") else {}
            found.append(_Event(time, subject, code, comment, attributes))
    return sorted(found, key=lambda event: event.time)


FORMAT = Format("boris", "BORIS project", ".boris", "application/json", "ms", HOLDS, write, read, many=True)
