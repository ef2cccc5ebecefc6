"""Our own CSV: one row an annotation, lossless but for boxes, and safe to open in a spreadsheet.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, as spreadsheets themselves write it;
reading takes exactly that one away again. A row is an annotation or, where its `kind` says so, a line of the
transcript. Only a label and times (`start_us` and `end_us`, or `start` and `end` in seconds) or frames must be there
when reading; `video` names the video. Commas, semicolons or tabs separate cells. The words that other tools have for
these columns are known (“Start (s)”, “Begin Time - msec”, “Behavior”, “Tier”), also a duration instead of an end, times
as HH:MM:SS.mmm, and rows above the names of the columns. Columns that are not read are named; `--map-column OLD=NEW`
says what one is; NEW may be `attribute`, which keeps it under its own name, or nothing, which leaves it out.

Frames are those of the video's own table of times, counted from 0. `start_frame` or `first_frame` is the first one,
`end_frame` the one after the last (exclusive), `last_frame` the last one itself (inclusive). Where a row has times and
frames the times hold, and a difference of more than a frame is said.

A table that CARMA (Girard 2014) saved, `Second` and `Rating`, is a curve of the row “Rating”, with the file's scale:
each mean holds over its bin. `--map-track Rating=NEW` says which row it is about.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from studio.errors import FormatError, UsageError
from studio.formats import carma, reading
from studio.formats.layers import TRANSCRIPT
from studio.formats.model import Format, Holds, Mark, Part, Unit
from studio.formats.notes import Notes, listed
from studio.timeline import Footage, Segment, Timeline
from studio.timeline.traces import Scale, Trace

HOLDS = Holds(notes=True, scores=True, annotators=True, editors=True, origin=True, attributes="all", lines="beside")
COLUMNS = (
    "video", "track", "label", "start", "end", "start_us", "end_us", "score", "note", "annotator", "source",
    "prediction_id", "id", "version", "attributes", "sha256", "kind", "start_frame", "end_frame",
    "edited_by",
)  # fmt: skip
ROLES = ("video", "track", "label", "start", "end", "duration", "start_us", "end_us", "start_frame", "end_frame",
         "first_frame", "last_frame", "score", "note", "annotator", "edited_by", "attributes", "id", "sha256", "kind",
         "attribute")  # fmt: skip
_ANNOTATION, _LINE = "annotation", "transcript line"  # kinds of rows
_FIRST, _LAST = {"start_frame", "first_frame"}, {"end_frame", "last_frame"}
_OURS_ONLY = {"source", "prediction_id", "version"}  # of the library that wrote the file
_MOST_ABOVE = 30  # rows among which the names of the columns are looked for
_RISKY = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_SECONDS = r"(?: (?:s|secs?|seconds?|ss msec|hh mm ss(?: \w+)?))?"
_MILLIS = r" (?:ms|msecs?|milliseconds?)"
_START = r"(?:start|begin|beginning|onset|from|start time|begin time|onset time|time start|t start|tmin)"
_END = r"(?:end|stop|finish|offset|to|until|end time|stop time|offset time|time end|time stop|t end|tmax)"
_LENGTH = r"(?:duration|length)"
# what other tools call a column, the likeliest first, and how many µs a number in it is
_WORDS = {
    "start": [(_START + _SECONDS, 1_000_000), (_START + _MILLIS, 1_000)],
    "end": [(_END + _SECONDS, 1_000_000), (_END + _MILLIS, 1_000)],
    "duration": [(_LENGTH + _SECONDS, 1_000_000), (_LENGTH + _MILLIS, 1_000)],
    "first_frame": [("(?:start|begin|first) frame|frame (?:start|begin)", 0)],
    "last_frame": [("last frame", 0)],
    "end_frame": [("(?:end|stop) frame|frame (?:end|stop)", 0)],
    "label": [(word, 0) for word in ("labels?", "behaviou?r", "code", "event", "annotation(?: value)?", "class",
                                     "activity", "action", "value", "text")],
    "track": [(word, 0) for word in ("tier(?: name)?", "layer", "subject", "speaker")],
    "video": [(word, 0) for word in ("video (?:file|name|id)", "media file(?: name| path)?", "file ?name", "file",
                                     "media")],
}  # fmt: skip


RATING = "Rating"  # the row of CARMA's ratings, which its files do not name
Span = tuple[int, int]


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return f"'{text}" if _RISKY.match(text) else text


def unguarded(cell: str) -> str:
    """The inverse of `guarded`."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell) else cell


def sheet(rows: Sequence[Mapping[str, object]]) -> bytes:
    """Rows with the same fields as CSV that is safe to open in a spreadsheet; None is an empty cell."""
    target = io.StringIO()
    written = csv.writer(target)
    written.writerow(rows[0] if rows else ())
    written.writerows([guarded(v) if isinstance(v, str) else v for v in row.values()] for row in rows)
    return ("\ufeff" + target.getvalue()).encode()


def rows_of(data: bytes, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """(number of the line, from 1, on which it begins; cells) of every row that is not blank. Raises FormatError."""
    rows = csv.reader(io.StringIO(reading.text_of(data), newline=""), strict=True, delimiter=delimiter)
    line = 1
    try:
        for row in reading.counted(rows):
            if any(row):
                yield line, row
            line = rows.line_num + 1
    except csv.Error:
        raise FormatError(
            f"From line {line} on, this file is not CSV with commas; save it as CSV in UTF-8 and try again."
        ) from None


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
                timeline.footage.sha256, _ANNOTATION, *_frames(a.segment, timeline.footage), guarded(a.edited_by),
            ))  # fmt: skip
        for start, end, words in HOLDS.fitted_lines(timeline):
            rows.writerow((
                guarded(timeline.footage.name), TRANSCRIPT, guarded(words), reading.decimal(start),
                reading.decimal(end), start, end, *[""] * 8, timeline.footage.sha256, _LINE,
                *_frames(Segment(start, end), timeline.footage), "",
            ))  # fmt: skip
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def _frames(segment: Segment, footage: Footage) -> tuple[int | str, int | str]:
    """[first, end) in frames; nothing where the video has none for a time."""
    return footage.frames(segment) if footage.pts and segment.start < footage.duration else ("", "")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its name there, the role that it has ("" for none), and how many µs a number in it is."""

    name: str
    role: str
    unit: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is laid out: its columns, what separates cells, and how many rows are above the columns' names."""

    columns: list[Column]
    delimiter: str
    above: int = 0

    @property
    def exact(self) -> bool:
        """Whether it has times to the µs."""
        return {"start_us", "end_us"} <= self.roles

    @property
    def roles(self) -> set[str]:
        return {column.role for column in self.columns}

    @property
    def complete(self) -> bool:
        """Whether it has all that is needed."""
        return (self.timed or self.framed) and "label" in self.roles

    @property
    def timed(self) -> bool:
        """Whether it has times."""
        return self.exact or ("start" in self.roles and bool(self.roles & {"end", "duration"}))

    @property
    def framed(self) -> bool:
        """Whether it has frames."""
        return bool(self.roles & _FIRST) and bool(self.roles & _LAST)


def layout(data: bytes, chosen: Mapping[str, str] | None = None) -> Layout:
    """How a table is laid out. `chosen` says which role some columns have, "" for none.

    Raises FormatError where it is no table, UsageError for a column or role that there is not.
    """
    chosen = chosen or {}
    wanted = {name.casefold() for name in chosen}
    found: list[tuple[Layout, list[str]]] = []
    for delimiter in (",", ";", "\t"):
        rows: list[list[str]] = []
        with suppress(FormatError):
            for _, row in islice(rows_of(data, delimiter), _MOST_ABOVE):
                rows.append([cell.strip() for cell in row])
        for above, row in enumerate(rows):
            named = wanted <= {cell.casefold() for cell in row}
            found.append((Layout(_roles(row, chosen if named else {}), delimiter, above), row))
    if not found:
        raise FormatError("This file is not CSV with commas; save it as CSV in UTF-8 and try again.")
    heads = [each for each in found if each[0].complete and wanted <= {cell.casefold() for cell in each[1]}]
    first = [each for each in found if not each[0].above]
    made, header = max(heads or first, key=lambda each: (len(each[0].roles), len(each[1]), -each[0].above))
    return replace(made, columns=_roles(header, chosen))


def _roles(header: Sequence[str], chosen: Mapping[str, str]) -> list[Column]:
    by_name = {name.casefold(): role.strip().lower() for name, role in chosen.items()}
    wrong = [role for role in by_name.values() if role not in (*ROLES, "")]
    if wrong:
        raise UsageError(f"“{wrong[0]:.40}” is nothing that a column can be; use one of: {', '.join(ROLES)}.")
    missing = set(by_name) - {name.casefold() for name in header}
    if missing:
        raise UsageError(f"This file has no column “{min(missing):.40}”; it has {listed(header)}.")
    taken = {role for role in by_name.values() if role != "attribute"}
    made: dict[int, Column] = {}
    for place, name in enumerate(header):
        if name.casefold() in by_name:
            made[place] = Column(name, by_name[name.casefold()], _unit(name))
        elif name.lower() in ROLES[:-2] and name.lower() not in taken:
            taken.add(name.lower())
            made[place] = Column(name, name.lower())
    exact = {"start_us", "end_us"} <= taken
    if exact and "kind" in header and "kind" not in by_name:  # so only we write it
        made[list(header).index("kind")] = Column("kind", "kind")
    for role, words in _WORDS.items():
        if role in taken or (taken & _FIRST and role in _FIRST) or (taken & _LAST and role in _LAST):
            continue
        if (exact and role in ("start", "end", "duration")) or (role == "duration" and "end" in taken):
            continue
        likely = ((place, unit) for word, unit in words for place, name in enumerate(header)
                  if place not in made and re.fullmatch(word, _words(name)))  # fmt: skip
        for place, unit in likely:
            made[place] = Column(header[place], role, unit)
            taken.add(role)
            break
    return [made.get(place, Column(name, "")) for place, name in enumerate(header)]


def _words(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", name.lower()))


def _unit(name: str) -> int:
    return 1_000 if re.search(_MILLIS + "$", _words(name)) else 1_000_000


def _rated(rated: carma.Ratings) -> Part:
    """The ratings of CARMA as a curve; where the file says no scale, that of its values."""
    means = [mean for _, _, mean in rated.bins]
    low, high = min(means), max(means)
    scale = rated.scale or (Scale(low, high) if low < high else Scale(low - 1, high + 1))
    trace = Trace(RATING, "", rated.sampled(rated.samples))
    return Part(rated.video, (), traces=(trace,), scales={RATING: scale})


def read(data: bytes, name: str, chosen: Mapping[str, str] | None = None) -> list[Part]:
    """Rows of such a file, of one that a person made, or of another tool's. `chosen` says what some columns are.

    Ratings of CARMA are a curve of the row RATING. Raises FormatError, UsageError.
    """
    made, notes = layout(data, chosen), Notes("column(s)")
    found = made.columns
    if not made.complete:
        if not chosen and (rated := carma.parse(reading.text_of(data))):
            return [_rated(rated)]
        lacking = [role for role in ("label", "start", "end") if role not in made.roles]
        raise FormatError(
            f"This CSV has no column that is clearly its {' or '.join(lacking)}; it has "
            f"{listed([c.name for c in found])}. Say which is which, as in --map-column A=start or A=start_frame."
        )
    _tell(made, notes)
    parts: dict[tuple[str, str, Unit], tuple[list[Mark], list[Mark]]] = {}
    with notes.entry():
        for number, row in islice(rows_of(data, made.delimiter), made.above + 1, None):
            with notes.entry():
                if len(row) != len(found):
                    raise FormatError(
                        f"Line {number} of this CSV has {len(row)} cells instead of {len(found)}; repair it."
                    )
                where = f"Line {number}"
                cells = {c.role: unguarded(cell) for c, cell in zip(found, row, strict=True) if c.role}
                more = {c.name: unguarded(cell) for c, cell in zip(found, row, strict=True)
                        if c.role == "attribute" and cell}  # fmt: skip
                unit, times, frames = _places(cells, made, where)
                mark = _mark(cells, times, frames, more, where, notes)
                key = cells.get("video", ""), cells.get("sha256", ""), unit
                marks, lines = parts.setdefault(key, ([], []))
                (lines if _is_line(cells, notes) else marks).append(mark)
    return notes.parts([
        Part(video, tuple(marks), unit, sha256=sha256, lines=tuple(lines))
        for (video, sha256, unit), (marks, lines) in parts.items()
    ])  # fmt: skip


def _is_line(cells: Mapping[str, str], notes: Notes) -> bool:
    kind = cells.get("kind", "").strip().lower()
    notes.left_out("kind(s) of rows that are not known", kind not in ("", _ANNOTATION, _LINE))
    return kind == _LINE


def _places(cells: Mapping[str, str], made: Layout, where: str) -> tuple[Unit, Span, Span | None]:
    """What a row's times count, its times, and its frames where it has both."""
    frames = _framed(cells, where) if made.framed else None
    if made.timed and (frames is None or any(cells.get(role, "").strip() for role in ("start", "start_us"))):
        return "us", _times(cells, made, where), frames
    if frames is None:
        raise FormatError(f"{where} has neither times nor frames.")
    return "frames", frames, None


def _framed(cells: Mapping[str, str], where: str) -> Span | None:
    """[first, end) in frames from 0; None where the cells are empty."""
    first = next(cells[role] for role in ("start_frame", "first_frame") if role in cells)
    role = "end_frame" if "end_frame" in cells else "last_frame"
    if not first.strip() and not cells[role].strip():
        return None
    return reading.whole(first, where), reading.whole(cells[role], where) + (role == "last_frame")


def _tell(made: Layout, notes: Notes) -> None:
    """Which columns are taken for what, where that was not clear, and what is not read."""
    renamed = [f"“{c.name:.40}” as {c.role}" for c in made.columns if c.role and c.name.lower() != c.role]
    if renamed:
        notes.say(f"Columns are read under other names: {', '.join(renamed)}.")
    notes.left_out("row(s) above the names of the columns", made.above)
    notes.known((c.name or "(no name)" for c in made.columns if not c.role), _OURS_ONLY)
    if made.exact:
        notes.known((c.name for c in made.columns if c.role == "duration"), ())


def _times(cells: Mapping[str, str], made: Layout, where: str) -> Span:
    if made.exact:
        return reading.whole(cells["start_us"], where), reading.whole(cells["end_us"], where)
    units = {column.role: column.unit for column in made.columns}
    start = _time(cells["start"], units["start"], where)
    if "end" in cells:
        return start, _time(cells["end"], units["end"], where)
    return start, start + _time(cells["duration"], units["duration"], where)


def _time(text: str, unit: int, where: str) -> int:
    """Seconds or milliseconds as a number, or HH:MM:SS.mmm → µs."""
    text = text.strip()
    if match := re.fullmatch(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)", text):
        hours, minutes, seconds = match.groups()
        return (int(hours or 0) * 60 + int(minutes)) * 60_000_000 + reading.us_of(seconds.replace(",", "."), where)
    return reading.us_of(re.sub(r"^(-?\d+),(\d+)$", r"\1.\2", text), where, unit)


def _mark(
    cells: Mapping[str, str], times: Span, frames: Span | None, more: Mapping[str, str], where: str, notes: Notes
) -> Mark:  # fmt: skip
    attributes = dict(more)
    try:
        attributes = {**reading.attributes_in(cells.get("attributes", ""), where), **more}
    except FormatError:
        notes.left_out("cell(s) of attributes that are no JSON object")
    score = notes.score(cells.get("score", ""), where)
    track, note, annotator, edited_by = (cells.get(role, "") for role in ("track", "note", "annotator", "edited_by"))
    more = notes.attributes(attributes)
    return Mark(*times, cells["label"], track, note, score, annotator, more, frames, cells.get("id", ""), edited_by)


FORMAT = Format("csv", "CSV, safe for spreadsheets", ".csv", "text/csv", "µs and s", HOLDS, write, read, many=True,
                endings=(".tsv",))  # fmt: skip
