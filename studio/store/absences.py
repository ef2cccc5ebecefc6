"""Table `absences`: instants at which a person looked for a label and did not see it."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from studio.store import annotations
from studio.store.readers import Reader, parameters
from studio.store.videos import now

SEEN = "(:admin OR NOT v.independent OR v.added_by = :owner OR b.annotator = :reader)"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AbsenceChange:
    """Somebody says that at `time_us` of a video a label is not there (`absent`), or takes that back."""

    edit_id: str
    track: str
    label: str
    time_us: int
    absent: bool


def save(db: sqlite3.Connection, video_id: str, change: AbsenceChange, annotator: str) -> None:
    """Apply a change and append it to the history; one that was saved already changes nothing."""
    if annotations.is_done(db, change.edit_id):
        return
    key = (video_id, change.track, change.label, change.time_us, annotator)
    if change.absent:
        db.execute("INSERT OR IGNORE INTO absences VALUES (?, ?, ?, ?, ?, ?)", (*key, now()))
    else:
        db.execute(
            "DELETE FROM absences WHERE video_id = ? AND track = ? AND label = ? AND time_us = ? AND annotator = ?", key
        )
    said = {"track": change.track, "label": change.label, "time_us": change.time_us}
    before, after = (None, said) if change.absent else (said, None)
    annotations.append_other(db, video_id, change.edit_id, "absent", before, after, annotator)


def of_label(db: sqlite3.Connection, track: str, label: str, reader: Reader | None = None) -> list[Row]:
    """The instants without a label that a reader may know of: `video_id`, `time_us`, each once."""
    rows = db.execute(
        "SELECT DISTINCT b.video_id, b.time_us FROM absences b JOIN videos v ON v.id = b.video_id "
        f"AND v.removed IS NULL WHERE b.track = :track AND b.label = :label AND {SEEN} ORDER BY b.video_id, b.time_us",
        {**parameters(reader), "track": track, "label": label},
    )
    return [dict(row) for row in rows]


def count_since(db: sqlite3.Connection, track: str, label: str, since: str, reader: Reader | None = None) -> int:
    """How many were said after a moment (as `now` says it)."""
    row = db.execute(
        "SELECT count(*) FROM absences b JOIN videos v ON v.id = b.video_id "
        f"WHERE b.track = :track AND b.label = :label AND b.at > :since AND {SEEN}",
        {**parameters(reader), "track": track, "label": label, "since": since},
    ).fetchone()
    return int(row[0])


def relabel(db: sqlite3.Connection, renames: Iterable[tuple[str, str, str]]) -> None:
    """As `annotations.relabel`: labels (track, label, new label) are called differently in the whole library, all at
    once."""
    asked = "DELETE FROM absences WHERE track = ? AND label = ? RETURNING *"
    rows = [(row, to) for track, label, to in renames for row in db.execute(asked, (track, label)).fetchall()]
    db.executemany(
        "INSERT OR IGNORE INTO absences (video_id, track, label, time_us, annotator, at) VALUES (?, ?, ?, ?, ?, ?)",
        [(r["video_id"], r["track"], to, r["time_us"], r["annotator"], r["at"]) for r, to in rows],
    )
