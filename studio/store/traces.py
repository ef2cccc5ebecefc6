"""Table `traces`: continuous ratings, one row for each video, track and annotator, with their history.

A change says which samples it saw and what is to be in their place; one that saw something else is refused, a repeated
one changes nothing.
"""

import sqlite3
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from studio.errors import Conflict, UsageError
from studio.store import annotations, stored, videos
from studio.timeline.traces import Scale, Trace, Values, plain, samples

EDIT = "trace"
_SAME = 1e-4  # share of the scale: values are float32
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TraceChange:
    """Samples of a track from number `first` on: what was there (`before`) and what is to be, as many of both; NaN
    where nothing is said. The other way round, it is undone."""

    edit_id: str
    track: str
    first: int
    before: Values
    after: Values


def of_video(db: sqlite3.Connection, video_id: str, annotator: str | None = None, since: int = -1) -> list[Trace]:
    """The traces of a video, with `annotator` only theirs, that were changed after revision `since`."""
    asked = (
        "SELECT track, annotator, samples FROM traces WHERE video_id = ? AND annotator = coalesce(?, annotator) "
        "AND seq > ? ORDER BY track, annotator"
    )
    rows = db.execute(asked, (video_id, annotator, since))
    return [Trace(row["track"], row["annotator"], np.frombuffer(row["samples"], "<f4")) for row in rows]


def every(db: sqlite3.Connection) -> list[tuple[str, Trace]]:
    """The traces of the library's videos, each with the id of its video."""
    rows = db.execute(
        "SELECT t.video_id, t.track, t.annotator, t.samples FROM traces t JOIN videos v ON v.id = t.video_id "
        "WHERE v.removed IS NULL ORDER BY t.video_id, t.track, t.annotator"
    )
    return [
        (row["video_id"], Trace(row["track"], row["annotator"], np.frombuffer(row["samples"], "<f4"))) for row in rows
    ]


def scales(db: sqlite3.Connection) -> dict[str, Scale]:
    """The tracks that are drawn as curves, and their scales."""
    rows = db.execute("SELECT track, low, high FROM tracks WHERE low IS NOT NULL AND high IS NOT NULL")
    return {row["track"]: Scale(row["low"], row["high"]) for row in rows}


def drawn(db: sqlite3.Connection, track: str, except_for: str | None = None) -> bool:
    """Whether somebody drew a curve of a track in any video; with `except_for` somebody else."""
    asked = "SELECT samples FROM traces WHERE track = ? AND annotator IS NOT ?"
    found = db.execute(asked, (track, except_for))
    return any(not np.isnan(np.frombuffer(row["samples"], "<f4")).all() for row in found)


def save(db: sqlite3.Connection, video: Row, change: TraceChange, annotator: str) -> None:
    """Apply a change to the annotator's own trace and append it to the history.

    Raises UsageError for a track without a scale and for what lies beyond it or the video, Conflict where the trace is
    not what the change saw.
    """
    if annotations.is_done(db, change.edit_id):
        return
    scale = scales(db).get(change.track)
    if scale is None:
        raise UsageError(f"“{change.track}” is not drawn as a curve; give it a scale under Labels.")
    count, last = samples(video["duration_us"]), change.first + len(change.after)
    if last > count:
        raise UsageError("A curve cannot go on after the video ends.")
    said = change.after[~np.isnan(change.after)]
    spare = _SAME * (scale.high - scale.low)
    if len(said) and not (said.min() >= scale.low - spare and said.max() <= scale.high + spare):
        raise UsageError(f"“{change.track}” goes from {scale.low:g} to {scale.high:g}.")
    values = _filled(own(db, video["id"], change.track, annotator), count)
    if not np.allclose(values[change.first : last], change.before, rtol=0, atol=spare, equal_nan=True):
        raise Conflict("This curve was drawn elsewhere meanwhile: it is shown as it is now; draw it again there.", None)
    values[change.first : last] = change.after
    place = {"track": change.track, "first": change.first}
    seq = annotations.append_other(
        db, video["id"], change.edit_id, EDIT, {**place, "values": plain(change.before)},
        {**place, "values": plain(change.after)}, annotator,
    )  # fmt: skip
    db.execute(
        "INSERT INTO traces (video_id, track, annotator, samples, seq) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (video_id, track, annotator) DO UPDATE SET samples = excluded.samples, seq = excluded.seq",
        (video["id"], change.track, annotator, values.astype("<f4").tobytes(), seq),
    )


def own(db: sqlite3.Connection, video_id: str, track: str, annotator: str) -> Values:
    """What an annotator drew of a track, as many samples as there are."""
    found = (trace.values for trace in of_video(db, video_id, annotator) if trace.track == track)
    return next(found, np.empty(0, np.float32))


def replace(db: sqlite3.Connection, video_id: str, trace: Trace, edit_id: str) -> None:
    """Put a whole trace in place of what its annotator has on its track; what lies beyond the video is cut.

    Raises UsageError.
    """
    video = videos.get(db, video_id)
    count = samples(video["duration_us"])
    before, after = (_filled(each, count) for each in (own(db, video_id, trace.track, trace.annotator), trace.values))
    save(db, video, TraceChange(edit_id, trace.track, 0, before, after), trace.annotator)


def take_back(db: sqlite3.Connection, import_id: str, way: Literal["undo", "redo"]) -> tuple[int, int]:
    """Draw the curves as they were before an import, or as it had drawn them: how many, and how many stay since
    somebody drew on."""
    rows = db.execute(
        "SELECT video_id, before, after, annotator FROM revisions WHERE edit_id >= ? AND edit_id < ? AND op = ? "
        "ORDER BY seq",
        (f"{import_id}-", f"{import_id}.", EDIT),
    ).fetchall()
    done = kept = 0
    for row in rows:
        before, after = (stored.value(row[key], dict, "revisions", import_id) or {} for key in ("before", "after"))
        was, becomes = (before, after) if way == "redo" else (after, before)
        change = TraceChange(
            f"{way}-{import_id}-{uuid.uuid4().hex[:8]}", was["track"], was["first"], _unlisted(was), _unlisted(becomes)
        )
        try:
            save(db, videos.get(db, row["video_id"]), change, row["annotator"])
            done += 1
        except (Conflict, UsageError):
            kept += 1
    return done, kept


def _filled(values: Values, count: int) -> Values:
    found = np.full(count, np.nan, np.float32)
    found[: min(count, len(values))] = values[:count]
    return found


def _unlisted(said: Row) -> Values:
    return np.array([np.nan if each is None else each for each in said["values"]], np.float32)
