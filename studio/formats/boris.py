"""BORIS projects: an observation a video, with subjects, behaviours and their keys' kinds (the ethogram).

A track is a subject and a label a behaviour, a state event or, where the schema says so, a point event. The note is the
comment. A label that lasts in one place and is a point in another is a state. A subject has no two states of one
behaviour at once, so what overlaps on a track goes to further subjects. Times are seconds to the ms. Attributes are
modifiers: one of several, several of them, or a number, as the schema has them, else one of what is said; “|” between
them stands for no letter of theirs. An observation of several files counts by the first player's first file, less its
time offset, and what happens after its end is left out. The first file of each other player plays beside it, by the
offset of that player, which is when it begins: below 0 before the first one.
BORIS's tables of events (“tabular events”, CSV or TSV) are read as well.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from studio.errors import FormatError
from studio.formats import boris_table, reading
from studio.formats.cut import name_of
from studio.formats.layers import layered
from studio.formats.model import Format, Holds, Mark, Other, Part, heard, points_of
from studio.formats.notes import Notes
from studio.timeline import Annotation, Beside, Timeline

HOLDS = Holds(grain=1_000, points=True, notes=True, layers=True, blank=False, attributes="plain", cameras=True,
              keeps=lambda value: _keeps(value))  # fmt: skip
NOBODY = "Behaviours"  # the track of events without a subject
_VERSION = "7.0"
_STATE, _POINT = "State event", "Point event"
_PLAYERS = tuple(str(n) for n in range(1, 9))
_SINGLE, _SEVERAL, _NUMERIC = 0, 1, 2  # kinds of modifiers
_KINDS = {"several": _SEVERAL, "number": _NUMERIC}
_KNOWN = {"observations", "behaviors_conf", "subjects_conf", "time_format", "project_name", "project_date",
          "project_description", "project_format_version", "behavioral_categories", "independent_variables",
          "coding_map", "behaviors_coding_map", "converters"}  # fmt: skip


def write(timelines: Sequence[Timeline]) -> bytes:
    """One project with an observation for each video."""
    observations: dict[str, Any] = {}
    behaviours: dict[str, str] = {}
    subjects: dict[str, None] = {}
    sets = _modifier_sets(timelines)
    states = {a.label for timeline in timelines for a in _states(timeline)}
    for timeline in timelines:
        footage = timeline.footage
        events: list[list[Any]] = []
        fitted, pointed = HOLDS.fitted(timeline), points_of(timeline)
        points = [a for a in fitted if a.id in pointed and a.label not in states]
        tiers = layered(a for a in fitted if a.id not in pointed or a.label in states)
        for track, tier in tiers.items():
            subjects[track] = None
            for a in tier:
                behaviours.setdefault(a.label, _STATE)
                said = _modifiers(a, sets)
                events += [_event(a, track, a.segment.start, said, a.note), _event(a, track, a.segment.end, said, "")]
        for a in points:
            subjects[a.track] = None
            behaviours.setdefault(a.label, _POINT)
            events.append(_event(a, a.track, a.segment.start, _modifiers(a, sets), a.note))
        main = Beside(footage.name, 0, footage.pictures, footage.duration, footage.fps)
        media = dict(zip(_PLAYERS, (main, *timeline.cameras), strict=False))
        name = footage.stem
        while name in observations:
            name += "_"
        observations[name] = {
            "file": {player: [media[player].name] if player in media else [] for player in _PLAYERS},
            "type": "MEDIA",
            "description": "",
            "time offset": 0.0,
            "events": sorted(events, key=lambda event: event[0]),
            "media_info": {
                "length": {each.name: reading.seconds_in(each.duration) for each in media.values()},
                "fps": {each.name: each.fps for each in media.values()},
                "hasVideo": {each.name: each.pictures for each in media.values()},
                "offset": {player: reading.seconds_in(each.offset) for player, each in media.items()},
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
            str(n): {"type": kind, "key": "", "code": code, "description": "", "category": "",
                     "modifiers": sets.get(code, {}), "excluded": "", "coding map": ""}
            for n, (code, kind) in enumerate(behaviours.items())
        },
        "observations": observations,
        "behavioral_categories": [], "independent_variables": {}, "coding_map": {}, "behaviors_coding_map": [],
        "converters": {},
    })  # fmt: skip


def _states(timeline: Timeline) -> list[Annotation]:
    """What lasts, and is no point in time."""
    pointed = points_of(timeline)
    return [a for a in HOLDS.fitted(timeline) if a.id not in pointed]


def remarks(timeline: Timeline) -> list[str]:
    """Which points are written as states, since a behaviour of BORIS is one of both for all subjects."""
    states, pointed = {a.label for a in _states(timeline)}, points_of(timeline)
    mixed = [a for a in HOLDS.fitted(timeline) if a.id in pointed and a.label in states]
    if not mixed:
        return []
    are = "point is written as a state" if len(mixed) == 1 else "points are written as states"
    names = ", ".join(f"“{label:.40}”" for label in sorted({a.label for a in mixed}))
    return [f"{len(mixed)} {are} of one frame: elsewhere {names} lasts, and a behaviour of BORIS is one of both."]


def _event(a: Annotation, subject: str, time: int, modifiers: str, comment: str) -> list[Any]:
    return [reading.seconds_in(time), subject, a.label, modifiers, comment]


def _modifier_sets(timelines: Sequence[Timeline]) -> dict[str, dict[str, Any]]:
    """Of each label the sets of modifiers that its attributes are, by their numbers, as BORIS has them."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for timeline in timelines:
        for a in HOLDS.fitted(timeline):
            types = timeline.types_of(a.track, heard(a.label))
            for name, value in a.attributes.items():
                options = types[name].options if name in types else ()
                number = _KINDS.get(types[name].kind if name in types else _kind_of(value), _SINGLE)
                each = value if isinstance(value, list) else [value]
                said = [] if number == _NUMERIC else options or [_modifier(one) for one in each]
                one = found.setdefault(a.label, {}).setdefault(
                    name, {"name": name, "description": "", "type": number, "ask at stop": False, "values": []}
                )
                one["values"] += [each for each in said if each not in one["values"]]
    return {label: {str(n): one for n, one in enumerate(sets.values())} for label, sets in found.items()}


def _kind_of(value: Any) -> str:
    """Of an attribute that the schema does not know."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "several" if isinstance(value, list) else "number" if is_number else ""


def _modifiers(a: Annotation, sets: dict[str, dict[str, Any]]) -> str:
    named = [each["name"] for each in sets.get(a.label, {}).values()]
    return "|".join(_modifier(a.attributes[name]) if name in a.attributes else "None" for name in named)


def _modifier(value: Any) -> str:
    """A value as a modifier is written; several with commas between."""
    text = ",".join(map(str, value)) if isinstance(value, list) else reading.as_text(value)
    return text.replace("|", "/")


def _keeps(value: Any) -> bool:
    """Whether a value comes back as it is: commas and “|” stand between values, and what is empty is nothing."""
    back = _said(_modifier(value), [("", _KINDS.get(_kind_of(value), _SINGLE))])
    return bool(back.get("") == value)


def read(data: bytes, name: str) -> list[Part]:
    """A part for each observation. Raises FormatError."""
    notes = Notes()
    if not data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return notes.parts(_tables(data, notes))
    project = reading.expect(reading.json_of(data), dict, "This file")
    notes.known(project, _KNOWN)
    listed = [each for each in reading.child(project, "behaviors_conf", dict, "The project").values()
              if reading.is_object(each)]  # fmt: skip
    points = {str(each.get("code")) for each in listed if _is_point(each)}
    sets = {str(each.get("code")): _sets_of(each) for each in listed}
    parts: list[Part] = []
    for title, each in reading.child(project, "observations", dict, "The project").items():
        with notes.entry():
            where = f"Observation “{title:.40}”"
            observation = reading.expect(each, dict, where)
            marks = tuple(
                _marks(_in_order(reading.child(observation, "events", list, where), sets, where, notes), points, notes)
            )
            media = _media(observation, where, notes) or [Other(title)]
            later = -_seconds(observation.get("time offset"), f"The time offset of {where}", notes)
            if later:
                marks = tuple(mark.changed(start=mark.start + later, end=mark.end + later) for mark in marks)
            parts.append(Part(media[0].video, marks, also=tuple(media[1:]), cameras=tuple(media[1:])))
    return notes.parts(parts)


def _is_point(behaviour: dict[str, Any]) -> bool:
    return str(behaviour.get("type", "")).lower().startswith("point")


def _media(observation: dict[str, Any], where: str, notes: Notes) -> list[Other]:
    """The first file of each player that has one, the first player's first; times of it are by so much later than those
    of the observation."""
    files, info = observation.get("file"), observation.get("media_info")
    offsets = info.get("offset") if reading.is_object(info) else None
    found: list[Other] = []
    for player, listed in files.items() if reading.is_object(files) else ():
        if isinstance(listed, list) and listed and isinstance(listed[0], str):
            begins = offsets.get(player) if found and reading.is_object(offsets) else None
            found.append(Other(name_of(listed[0]), -_seconds(begins, f"An offset of {where}", notes)))
            notes.left_out("file(s) that other players play after their first", (len(found) > 1) * (len(listed) - 1))
    return found


def _seconds(value: Any, what: str, notes: Notes) -> int:
    """A time of a project that may be missing, in µs; 0 for one that is none, which is said."""
    try:
        return 0 if value is None else reading.us_of(value, what)
    except FormatError as error:
        notes.bad(str(error))
        return 0


def _tables(data: bytes, notes: Notes) -> list[Part]:
    """A part for each observation of a table."""
    by_observation: dict[tuple[str, str], list[boris_table.Press]] = {}
    for press in boris_table.read(data, notes):
        by_observation.setdefault((press.observation, press.video), []).append(press)
    parts = []
    for (observation, video), presses in by_observation.items():
        points = {press.code for press in presses if press.kind == "POINT"}
        events = [_Event(p.time, p.subject, p.code, p.comment, notes.attributes(p.attributes)) for p in presses]
        marks = tuple(_marks(sorted(events, key=lambda event: event.time), points, notes))
        parts.append(Part(video or observation, marks))
    return parts


def _place(numbered: tuple[str, Any]) -> tuple[bool, int, str]:
    """Where a set of modifiers comes, by its number: 2 before 10."""
    number = numbered[0]
    is_number = number.isdecimal() and len(number) < 10
    return not is_number, int(number) if is_number else 0, number


def _sets_of(behaviour: dict[str, Any]) -> list[tuple[str, int]]:
    """The names and kinds of a behaviour's sets of modifiers, in order."""
    sets = behaviour.get("modifiers")
    found = []
    for number, one in sorted(sets.items(), key=_place) if reading.is_object(sets) else ():
        if reading.is_object(one):
            kind = one.get("type")
            found.append((str(one.get("name") or f"modifier {number}"), kind if isinstance(kind, int) else _SINGLE))
    return found


def _said(modifiers: str, sets: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """What an event says by its modifiers, under the names of their sets."""
    parts = modifiers.split("|")
    if len(parts) > len(sets):
        return {"modifiers": modifiers} if modifiers.strip(" |") not in ("", "None") else {}
    found: dict[str, Any] = {}
    for (name, kind), part in zip(sets, parts, strict=False):
        text = part.strip()
        if text in ("", "None"):
            continue
        found[name] = [each.strip() for each in text.split(",")] if kind == _SEVERAL else text
        if kind == _NUMERIC:
            with suppress(FormatError):
                found[name] = reading.number(text, name)
    return found


def _marks(events: Sequence["_Event"], points: set[str], notes: Notes) -> Iterator[Mark]:
    """Points, and states from the event that begins to the one that ends each."""
    begun: dict[tuple[str, str], _Event] = {}
    for event in events:
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


def _in_order(events: list[Any], sets: dict[str, list[tuple[str, int]]], where: str, notes: Notes) -> list[_Event]:
    """The events in order of time."""
    found: list[_Event] = []
    for event in events:
        with notes.entry():
            fields = reading.expect(event, list, f"An event of {where}")
            if len(fields) < 3 or not all(isinstance(field, str) for field in fields[1:5]):
                raise FormatError(f"An event of {where} has not a time, a subject and a behaviour.")
            subject, code, modifiers, comment = (*fields[1:5], "", "")[:4]
            time = reading.us_of(fields[0], f"An event of {where}")
            found.append(_Event(time, subject, code, comment, notes.attributes(_said(modifiers, sets.get(code, [])))))
    return sorted(found, key=lambda event: event.time)


FORMAT = Format("boris", "BORIS project", ".boris", "application/json", "ms", HOLDS, write, read, many=True,
                remarks=remarks, endings=(".csv", ".tsv"))  # fmt: skip
