"""Tables of events that BORIS exports (tabular events, CSV or TSV): a row for each press of a key."""

from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.cut import name_of
from studio.formats.notes import Notes
from studio.formats.table import rows_of

_ABOVE = 30  # rows of older exports that say what the observation is, before those of events
_NEEDED = {"behavior", "time"}
_KINDS = ("behavior type", "status", "event type")
_FILES = ("media file name", "media file path", "media file")
_READ = {*_NEEDED, *_KINDS, *_FILES, "subject", "comment", "comment start", "observation id"}


class Press(NamedTuple):
    """A press of a key in an observation: `time` in µs, `kind` START, STOP, POINT or "" where the table has none."""

    observation: str
    video: str
    time: int
    subject: str
    code: str
    kind: str
    comment: str
    attributes: dict[str, Any]


def read(data: bytes, notes: Notes) -> list[Press]:
    """Raises FormatError where this is no such table."""
    for delimiter in ("\t", ",", ";"):
        rows: list[tuple[int, list[str]]] = []
        with suppress(FormatError):
            rows = list(rows_of(data, delimiter))
        for place, (_, cells) in enumerate(islice(rows, _ABOVE)):
            names = [cell.strip().casefold() for cell in cells]
            if set(names) >= _NEEDED:
                return _presses(names, [cell.strip() for cell in cells], rows[place + 1 :], notes)
    raise FormatError("This is no table of BORIS's events: it has no columns “Behavior” and “Time”.")


def _presses(names: list[str], heads: list[str], rows: list[tuple[int, list[str]]], notes: Notes) -> list[Press]:
    """`names` are those of the columns in small letters, `heads` as they stand there."""
    modifiers = [k for k, name in enumerate(names) if name.startswith("modifier")]
    known = {name for name in names if name in _READ} | {names[k] for k in modifiers}
    notes.left_out("column(s) that say how it was coded", len(set(names) - known - {""}))
    found: list[Press] = []
    for line, cells in rows:
        with notes.entry():
            row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
            where = f"Line {line}"
            if not row.get("behavior"):
                raise FormatError(f"{where} names no behaviour.")
            kind = next((row[name] for name in _KINDS if row.get(name)), "").upper()
            said = {heads[k]: cells[k].strip() for k in modifiers if k < len(cells)}
            attributes = {name: value for name, value in said.items() if value not in ("", "None")}
            files = (row.get(name, "") for name in _FILES)
            found.append(
                Press(
                    row.get("observation id", ""),
                    name_of(next(filter(None, files), "")),
                    reading.us_of(row["time"], where),
                    "" if row.get("subject", "").casefold() == "no focal subject" else row.get("subject", ""),
                    row["behavior"],
                    kind if kind in ("START", "STOP", "POINT") else "",
                    row.get("comment", "") or row.get("comment start", ""),
                    attributes,
                )
            )
    return found
