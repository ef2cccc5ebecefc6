"""AVA CSV: a row a box and time, the boxes as shares of the picture, and what its owner does.

AVA-ActiveSpeaker: `video_id,frame_timestamp,entity_box_x1,…_y1,…_x2,…_y2,label,entity_id`; predictions have a `score`
at the end. Only tracks with face boxes can be written: a row is SPEAKING_AUDIBLE, or what an annotation of that track
says, where its time lies in one, else NOT_SPEAKING. So ends move to the next box. Reading makes runs of rows with one
label segments; a run lasts until the next row of its entity, the last one as long as rows usually lie apart.
NOT_SPEAKING is no segment. AVA's actions are read, too: the label is then the number of one, of which several may have
the same box. The boxes of an entity also become a box over time of that name, hidden where it has none for more than
three times as long as usual.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from studio.errors import FormatError
from studio.formats import reading, sightings
from studio.formats.ava_actions import ACTIONS
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes
from studio.formats.table import guarded, rows_of, unguarded
from studio.timeline import Annotation, Box, Timeline

LABELS = ("NOT_SPEAKING", "SPEAKING_AUDIBLE", "SPEAKING_NOT_AUDIBLE")
COLUMNS = ("video_id", "frame_timestamp", "entity_box_x1", "entity_box_y1", "entity_box_x2", "entity_box_y2", "label",
           "entity_id")  # fmt: skip
_FACE_STEP = 40_000  # µs between rows where there is only one


def _label(label: str) -> str:
    return label if label in LABELS else LABELS[1]


HOLDS = Holds(text=_label, boxes=True, objects="keys", only_boxed=True)


def write(timelines: Sequence[Timeline]) -> bytes:
    """Rows by video, entity and time, with the names of the columns in the first one."""
    target = io.StringIO()
    rows = csv.writer(target, lineterminator="\n")
    rows.writerow(COLUMNS)
    for timeline in timelines:
        spoken = reading.grouped(HOLDS.fitted(timeline), lambda a: a.track)
        for track, boxes in timeline.boxes.items():
            for t, *corners in boxes:
                label = _at(t, spoken.get(track, []))
                video, entity = guarded(timeline.footage.stem), guarded(track)
                rows.writerow((video, reading.decimal(t, 2), *corners, label, entity))
    return target.getvalue().encode()


def _at(time: int, spoken: Sequence[Annotation]) -> str:
    return next((a.label for a in spoken if time in a.segment), LABELS[0])


def read(data: bytes, name: str) -> list[Part]:
    """Raises FormatError naming the line."""
    found: dict[str, dict[str, list[tuple[Box, str]]]] = {}
    notes = Notes()
    with notes.entry():
        for place, (number, row) in enumerate(rows_of(data)):
            if place == 0 and row[0].strip() == COLUMNS[0]:
                notes.known((cell.strip() for cell in row), (*COLUMNS, "score"))
                continue
            with notes.entry():
                video, entity, box, label = _row(row, f"Line {number}")
                found.setdefault(video, {}).setdefault(entity, []).append((box, label))
                notes.left_out("score(s) of a face and time", len(row) - len(COLUMNS))
    return notes.parts([_part(video, entities) for video, entities in found.items()])


def _row(row: list[str], where: str) -> tuple[str, str, Box, str]:
    if len(row) not in (8, 9) or (label := _said(row[6])) not in (*LABELS, *ACTIONS):
        raise FormatError(f"{where} of this CSV is none of AVA; it needs {len(COLUMNS)} cells.")
    time = reading.us_of(row[1], where)
    x1, y1, x2, y2 = (reading.number(cell, where) for cell in row[2:6])
    return unguarded(row[0]), unguarded(row[7]), (time, x1, y1, x2, y2), label


def _said(cell: str) -> str:
    """A label of a row; of an action it is the number."""
    number = int(cell) if cell.isascii() and cell.isdecimal() and len(cell) < 3 else 0
    return ACTIONS[number - 1] if 1 <= number <= len(ACTIONS) else cell


def _part(video: str, entities: Mapping[str, list[tuple[Box, str]]]) -> Part:
    marks: list[Mark] = []
    boxes: dict[str, tuple[Box, ...]] = {}
    for entity, seen in entities.items():
        boxes[entity] = tuple(sorted({box for box, _ in seen}))
        labels: dict[int, set[str]] = {}
        for box, label in seen:
            labels.setdefault(box[0], set()).add(label)
        marks += _runs(entity, labels)
    return Part(video, tuple(marks), boxes=boxes, drawn={entity: ("", entity) for entity in boxes})


def _runs(entity: str, labels: Mapping[int, set[str]]) -> list[Mark]:
    """The segments of an entity by what its rows say at each time, in order of time."""
    times = sorted(labels)
    steps = [later - sooner for sooner, later in pairwise(times)]
    usual = round(median(steps)) if steps else _FACE_STEP
    marks: list[Mark] = []
    begun: dict[str, int] = {}
    for time, following in zip(times, [*times[1:], None], strict=True):
        # what was away for longer than rows usually lie apart is a new run
        goes_on = following is not None and following - time <= sightings.APART * usual
        end = following if goes_on and following is not None else time + usual
        for label in sorted(labels[time] - {LABELS[0]}):
            begun.setdefault(label, time)
            if not goes_on or label not in labels[end]:
                marks.append(Mark(begun.pop(label), end, label, entity))
    return sorted(marks, key=lambda mark: mark.start)


FORMAT = Format("ava", "AVA-ActiveSpeaker", ".csv", "text/csv", "s, at the times of face boxes", HOLDS, write, read,
                many=True)  # fmt: skip
