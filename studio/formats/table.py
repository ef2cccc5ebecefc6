"""Our own CSV: one row an annotation, lossless but for boxes, and safe to open in a spreadsheet.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, as spreadsheets themselves write it;
reading takes exactly that one away again. Only `track`, `label`, and times (`start_us` and `end_us`, or `start` and
`end` in seconds) must be there when reading; `video` names the video.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.timeline import Timeline

HOLDS = Holds(notes=True, scores=True, annotators=True, origin=True, attributes="all")
COLUMNS = (
    "video", "track", "label", "start", "end", "start_us", "end_us", "score", "note", "annotator", "source",
    "prediction_id", "id", "version", "attributes",
)  # fmt: skip
_RISKY = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return f"'{text}" if _RISKY.match(text) else text


def unguarded(cell: str) -> str:
    """The inverse of `guarded`."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell) else cell


def rows_of(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """(number of the line, from 1, on which it begins; cells) of every row that is not blank. Raises FormatError."""
    rows = csv.reader(io.StringIO(reading.text_of(data), newline=""), strict=True)
    line = 1
    try:
        for row in reading.counted(rows):
            if any(row):
                yield line, row
            line = rows.line_num + 1
    except csv.Error:
        raise FormatError("This file is not CSV with commas; save it as CSV in UTF-8 and try again.") from None


def write(timelines: Sequence[Timeline]) -> bytes:
    """UTF-8 with a mark, which spreadsheets need to see that it is; CRLF, commas."""
    target = io.StringIO()
    rows = csv.writer(target)
    rows.writerow(COLUMNS)
    for timeline in timelines:
        for a in HOLDS.fitted(timeline):
            start, end, score = a.segment.start, a.segment.end, timeline.scores.get(a.id)
            texts = (timeline.footage.name, a.track, a.label, a.note, a.annotator, a.prediction_id or "", a.id)
            video, track, label, note, annotator, prediction, identity = map(guarded, texts)
            rows.writerow((
                video, track, label, reading.decimal(start), reading.decimal(end), start, end,
                "" if score is None else score, note, annotator, a.source, prediction, identity, a.version,
                guarded(json.dumps(dict(a.attributes), ensure_ascii=False)) if a.attributes else "",
            ))  # fmt: skip
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def read(data: bytes, name: str) -> list[Part]:
    """Rows of such a file, or of one that a person made with the same column names. Raises FormatError."""
    rows = rows_of(data)
    header = [cell.strip().lower() for cell in next(rows, (0, []))[1]]
    times = ("start_us", "end_us") if {"start_us", "end_us"} <= set(header) else ("start", "end")
    if not {"label", *times} <= set(header):
        raise FormatError("The first row of this CSV must name the columns label, start and end (and track, video).")
    found: dict[str, list[Mark]] = {}
    for number, row in rows:
        if len(row) != len(header):
            raise FormatError(f"Line {number} of this CSV has {len(row)} cells instead of {len(header)}; repair it.")
        cells = {key: unguarded(cell) for key, cell in zip(header, row, strict=True)}
        found.setdefault(cells.get("video", ""), []).append(_mark(cells, times, f"Line {number}"))
    return [Part(video, tuple(marks)) for video, marks in found.items()]


def _mark(cells: dict[str, str], times: tuple[str, str], where: str) -> Mark:
    read_time = reading.whole if times[0] == "start_us" else reading.us_of
    score = cells.get("score", "")
    return Mark(
        read_time(cells[times[0]], where), read_time(cells[times[1]], where), cells["label"], cells.get("track", ""),
        cells.get("note", ""), reading.number(score, where) if score else None, cells.get("annotator", ""),
        reading.attributes_in(cells.get("attributes", ""), where),
    )  # fmt: skip


FORMAT = Format("csv", "CSV, safe for spreadsheets", ".csv", "text/csv", "µs and s", HOLDS, write, read, many=True)
