"""What was found in annotations, as files: a table of moments, or the segments themselves in any format there is."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from studio import formats
from studio.errors import UsageError
from studio.formats import losses, reading
from studio.formats.model import has_times, linked_boxes, segments
from studio.formats.table import guarded
from studio.platform.names import file_name
from studio.service import serializers
from studio.service.accounts.rights import OWNER, Actor
from studio.service.exchange.dataset import distinct_names
from studio.service.exchange.exchange import Exchange, write
from studio.service.find import LETTERS, Found, Question
from studio.timeline import Timeline, seconds
from studio.timeline.spans import covers, union

Row = dict[str, Any]
TABLE, LIST = "moments", "moments-json"
TABLES = {TABLE: "Table of moments (CSV)", LIST: "List of moments (JSON)"}
"""What only a question has: its moments, a row each. All other formats hold segments, without which belong together."""
_OF_EACH = ("label", "track", "start", "end", "gap", "annotator", "status", "score", "note", "attributes", "id")


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written."""

    name: str
    media_type: str
    content: bytes


def export(exchange: Exchange, question: Question, found: Found, format_name: str, by: Actor = OWNER) -> File:
    """What was found as one file: of a format that holds one video a file, several videos are a zip.

    Raises UsageError where nothing was found, or nothing of it has a place in the format, and for
    a format that there is not, or that can only be read.
    """
    if not found.moments:
        raise UsageError("Nothing was found, so there is nothing to export; ask for less.")
    if format_name == TABLE:
        return File("moments.csv", "text/csv", _table(question, found))
    if format_name == LIST:
        return File("moments.json", "application/json", reading.dump(as_json(found)))
    form, made = formats.named(format_name), _timelines(exchange, found, by)
    if not any(form.holds.marked(t) or t.lines for t in map(form.holds.narrowed, made)):
        raise UsageError(f"Nothing that was found has a place in {form.title}; export a table of moments instead.")
    if timed := [t for t in made if has_times(form, t)]:  # `write` says why where there is none
        made = timed
    if form.many or len(made) == 1:
        stem = PurePath(made[0].footage.name).stem if len(made) == 1 else "moments"
        return File(stem + form.extension, form.media_type, write(form, made))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for timeline in made:
            entry = zipfile.ZipInfo(file_name(timeline.footage.stem) + form.extension)  # bears no time
            archive.writestr(entry, write(form, [timeline]), zipfile.ZIP_DEFLATED)
    return File("moments.zip", "application/zip", packed.getvalue())


def lost(exchange: Exchange, found: Found, format_name: str, by: Actor = OWNER) -> list[str]:
    """What a format cannot hold of what was found, as sentences."""
    if format_name in TABLES or not found.moments:
        return []
    kinds = {each["id"]: each["kind"] for each in _segments(found)}
    proposed = sum(kind == "prediction" for kind in kinds.values())
    are = "is left out: nobody accepted it" if proposed == 1 else "are left out: nobody accepted them"
    said = [f"{segments(proposed)} that models propose {are}; {TABLES[TABLE]} has them too."] * bool(proposed)
    return said + losses(formats.named(format_name), _timelines(exchange, found, by))


def as_json(found: Found) -> Row:
    """What was found as the command line and the page say it, times in seconds."""
    return {
        "count": found.count,
        "total": seconds(found.total_us),
        "videos": [
            {"video": v["id"], "name": v["name"], "count": v["count"], "total": seconds(v["total_us"])}
            for v in found.videos
        ],
        "moments": [serializers.found_moment(moment) for moment in found.moments],
    }


def _segments(found: Found) -> list[Row]:
    return [each for moment in found.moments for each in moment["segments"] if each is not None]


def _table(question: Question, found: Found) -> bytes:
    """A row for each moment. `gap` is from the end of the segment that one was asked in relation to until it starts, in
    s: below 0 where they overlap."""
    there = [0, *(n for n, link in enumerate(question.links, 1) if any(m["segments"][n] for m in found.moments))]
    target = io.StringIO()
    rows = csv.writer(target)
    rows.writerow(["video", "start", "end", *(f"{LETTERS[n]} {what}" for n in there for what in _OF_EACH)])
    for moment in found.moments:
        cells: list[Any] = [guarded(moment["video"]["name"]), *_times(moment)]
        for n in there:
            each = moment["segments"][n]
            cells += [""] * len(_OF_EACH) if each is None else _cells(each, n, question, moment["segments"])
        rows.writerow(cells)
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def _cells(each: Row, number: int, question: Question, others: Sequence[Row | None]) -> list[Any]:
    other = others[question.links[number - 1].of] if number else None
    gap = "" if other is None else seconds(each["start_us"] - other["end_us"])
    attributes = json.dumps(each["attributes"], ensure_ascii=False) if each["attributes"] else ""
    score = "" if each["score"] is None else each["score"]
    return [
        guarded(each["label"]), guarded(each["track"]), *_times(each), gap, guarded(each["annotator"]), each["status"],
        score, guarded(each["note"]), guarded(attributes), each["id"],
    ]  # fmt: skip


def _times(row: Row) -> tuple[str, str]:
    return reading.decimal(row["start_us"]), reading.decimal(row["end_us"])


def _timelines(exchange: Exchange, found: Found, by: Actor) -> list[Timeline]:
    """The timelines of the videos with what was found of them, the boxes over time that it is about, and nothing
    else."""
    rows = {moment["video"]["id"]: moment["video"] for moment in found.moments}
    names = distinct_names(list(rows.values()))
    wanted: dict[str, list[Row]] = {video: [] for video in rows}
    for each in _segments(found):
        wanted[each["video_id"]].append(each)
    made = []
    for video, row in rows.items():
        timeline = exchange.timeline(row, by)
        ids = {each["id"] for each in wanted[video]}
        lines = {(each["start_us"], each["end_us"], each["label"]) for each in wanted[video] if each["kind"] == "line"}
        kept = tuple(a for a in timeline.annotations if a.id in ids)
        seen = {
            track: union((a.segment.start, a.segment.end) for a in kept if a.track == track)
            for track in {a.track for a in kept} & timeline.boxes.keys()
        }
        drawn = linked_boxes(replace(timeline, annotations=kept))
        made.append(
            replace(
                timeline,
                footage=replace(timeline.footage, name=names[video]),
                annotations=kept,
                boxes={
                    track: tuple(box for box in timeline.boxes[track] if covers(spans, box[0]))
                    for track, spans in seen.items()
                },
                lines=tuple(line for line in timeline.lines if tuple(line) in lines),
                objects=tuple(each for each in timeline.objects if each.id in drawn),  # others are of no segment
                traces=(),
                unscaled=(),
            )
        )
    return made
