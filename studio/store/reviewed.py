"""Table `reviewed`: stretches that a person looked through, so that what has no label there has none by decision."""

import sqlite3
import uuid
from typing import Any

from studio.errors import NotFound
from studio.store.readers import Reader, parameters
from studio.store.videos import now

SEEN = "(:admin OR NOT v.independent OR v.added_by = :owner OR r.annotator = :reader)"
Row = dict[str, Any]


def insert(db: sqlite3.Connection, video_id: str, start_us: int, end_us: int, track: str, annotator: str) -> str:
    """Say that [start, end) was looked through, on one track or ("") on all; returns the stretch's id. What the same
    person said of a part of it before becomes one with it."""
    inside = (video_id, track, annotator, start_us, end_us)
    joined = db.execute(
        "SELECT id, start_us, end_us FROM reviewed WHERE video_id = ? AND track = ? AND annotator = ? "
        "AND end_us >= ? AND start_us <= ?",
        inside,
    ).fetchall()
    start_us = min([start_us, *(row["start_us"] for row in joined)])
    end_us = max([end_us, *(row["end_us"] for row in joined)])
    db.executemany("DELETE FROM reviewed WHERE id = ?", [(row["id"],) for row in joined])
    return _insert(db, video_id, start_us, end_us, track, annotator)


def withdraw(db: sqlite3.Connection, video_id: str, start_us: int, end_us: int, track: str, annotator: str) -> int:
    """Take [start, end) back from what somebody said they looked through; returns how many stretches it was in.

    Raises NotFound where it was in none.
    """
    hit = db.execute(
        "SELECT id, start_us, end_us FROM reviewed WHERE video_id = ? AND track = ? AND annotator = ? "
        "AND end_us > ? AND start_us < ?",
        (video_id, track, annotator, start_us, end_us),
    ).fetchall()
    if not hit:
        raise NotFound("Nothing of this stretch is marked as reviewed by you.")
    for row in hit:
        db.execute("DELETE FROM reviewed WHERE id = ?", (row["id"],))
        for low, high in ((row["start_us"], start_us), (end_us, row["end_us"])):
            if low < high:
                _insert(db, video_id, low, high, track, annotator)
    return len(hit)


def of_video(db: sqlite3.Connection, video_id: str, reader: Reader | None = None) -> list[Row]:
    """The stretches of a video that a reader may know of, in order of time."""
    return _listed(db, reader, "r.video_id = :video", {"video": video_id})


def of_track(db: sqlite3.Connection, track: str | None, reader: Reader | None = None) -> list[Row]:
    """The stretches of the library that were looked through on a track, or on all (None: on any)."""
    return _listed(db, reader, "(:track IS NULL OR r.track IN ('', :track))", {"track": track})


def _listed(db: sqlite3.Connection, reader: Reader | None, where: str, values: Row) -> list[Row]:
    rows = db.execute(
        "SELECT r.* FROM reviewed r JOIN videos v ON v.id = r.video_id AND v.removed IS NULL "
        f"WHERE {where} AND {SEEN} ORDER BY r.video_id, r.start_us",
        {**parameters(reader), **values},
    )
    return [dict(row) for row in rows]


def _insert(db: sqlite3.Connection, video_id: str, start_us: int, end_us: int, track: str, annotator: str) -> str:
    made = uuid.uuid4().hex
    db.execute(
        "INSERT INTO reviewed VALUES (?, ?, ?, ?, ?, ?, ?)", (made, video_id, track, start_us, end_us, annotator, now())
    )
    return made
