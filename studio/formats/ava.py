"""AVA-ActiveSpeaker CSV: a row a face and time, boxes as shares of the picture, and whether its owner speaks.

`video_id,frame_timestamp,entity_box_x1,…_y1,…_x2,…_y2,label,entity_id`; predictions have a `score` at the end. Only
tracks with face boxes can be written: a row is SPEAKING_AUDIBLE, or what an annotation of that track says, where its
time lies in one, else NOT_SPEAKING. So ends move to the next box. Reading makes runs of rows with one label segments; a
run lasts until the next row of its entity, the last one as long as rows usually lie apart. NOT_SPEAKING is no segment.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from studio.errors import FormatError
from studio.formats import reading
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
    if len(row) not in (8, 9) or row[6] not in LABELS:
        raise FormatError(f"{where} of this CSV is none of AVA-ActiveSpeaker; it needs {len(COLUMNS)} cells.")
    time = reading.us_of(row[1], where)
    x1, y1, x2, y2 = (reading.number(cell, where) for cell in row[2:6])
    return unguarded(row[0]), unguarded(row[7]), (time, x1, y1, x2, y2), row[6]


def _part(video: str, entities: Mapping[str, list[tuple[Box, str]]]) -> Part:
    marks: list[Mark] = []
    boxes: dict[str, tuple[Box, ...]] = {}
    for entity, seen in entities.items():
        seen.sort()
        boxes[entity] = tuple(box for box, _ in seen)
        marks += _runs(entity, [box[0] for box, _ in seen], [label for _, label in seen])
    return Part(video, tuple(marks), boxes=boxes)


def _runs(entity: str, times: list[int], labels: list[str]) -> list[Mark]:
    steps = [later - sooner for sooner, later in pairwise(times) if later > sooner]
    usual = round(median(steps)) if steps else _FACE_STEP
    marks: list[Mark] = []
    begin = 0
    for k in range(1, len(times) + 1):
        # a face that was away for longer than rows usually lie apart is a new run
        if k < len(times) and labels[k] == labels[begin] and times[k] - times[k - 1] <= 3 * usual:
            continue
        end = times[k] if k < len(times) and times[k] - times[k - 1] <= 3 * usual else times[k - 1] + usual
        if labels[begin] != LABELS[0]:
            marks.append(Mark(times[begin], end, labels[begin], entity))
        begin = k
    return marks


FORMAT = Format("ava", "AVA-ActiveSpeaker", ".csv", "text/csv", "s, at the times of face boxes", HOLDS, write, read,
                many=True)  # fmt: skip
