"""Tables `timelines` and `timeline_media`: what annotations belong to, and the media that play on it.

Every video has a timeline of its own, under its own id, on which it is the main medium. Runs of models belong to
videos; what they find lands on a timeline by the place of its medium (`MediaPlace`).
"""

import sqlite3
from typing import Any

from studio.errors import NotFound
from studio.timeline import MediaPlace

MAIN, CAMERA, SOUND = "main", "camera", "sound"
"""What a medium is on a timeline; the main one's frames are those of the timeline, and it lies at 0."""


def insert(db: sqlite3.Connection, video_id: str, name: str, created: str) -> None:
    """The timeline of a new video."""
    db.execute("INSERT OR IGNORE INTO timelines VALUES (?, ?, ?)", (video_id, name, created))
    attach(db, video_id, video_id)


def attach(
    db: sqlite3.Connection, timeline_id: str, video_id: str, offset_us: int = 0, role: str = MAIN, rate: float = 1.0
) -> None:
    """Put a medium on a timeline, so that its beginning is at `offset_us` and its clock runs at `rate`; again: move
    it."""
    db.execute(
        "INSERT INTO timeline_media (timeline_id, video_id, offset_us, role, rate) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (timeline_id, video_id) DO UPDATE SET "
        "offset_us = excluded.offset_us, role = excluded.role, rate = excluded.rate",
        (timeline_id, video_id, offset_us, role, rate),
    )


def of_video(db: sqlite3.Connection, video_id: str) -> str:
    """The id of the timeline on which a video is the main medium.

    Raises NotFound.
    """
    row = db.execute(
        "SELECT timeline_id FROM timeline_media WHERE video_id = ? AND role = ? ORDER BY timeline_id = video_id DESC",
        (video_id, MAIN),
    ).fetchone()
    if row is None:
        raise NotFound("This video is no longer in the library.")
    return str(row["timeline_id"])


def shown_on(db: sqlite3.Connection, video_id: str) -> list[str]:
    """The videos on whose timelines a video plays, as the main medium or beside it."""
    rows = db.execute(
        "SELECT main.video_id FROM timeline_media own JOIN timeline_media main USING (timeline_id) "
        "WHERE own.video_id = ? AND main.role = ?",
        (video_id, MAIN),
    )
    return [row["video_id"] for row in rows]


def media(db: sqlite3.Connection, timeline_id: str) -> list[dict[str, Any]]:
    """What plays on a timeline: `video_id`, `offset_us`, `rate`, `role`; the main medium first. Not what was
    removed from the library."""
    rows = db.execute(
        "SELECT video_id, offset_us, rate, role FROM timeline_media "
        "JOIN videos v ON v.id = video_id AND v.removed IS NULL "
        "WHERE timeline_id = ? ORDER BY role != ?, timeline_media.rowid",
        (timeline_id, MAIN),
    )
    return [dict(row) for row in rows]


def place(db: sqlite3.Connection, timeline_id: str, video_id: str) -> MediaPlace | None:
    """Where a medium lies on a timeline; None where it is not on it."""
    row = db.execute(
        "SELECT offset_us, rate FROM timeline_media WHERE timeline_id = ? AND video_id = ?", (timeline_id, video_id)
    ).fetchone()
    return None if row is None else MediaPlace(int(row["offset_us"]), row["rate"])


def detach(db: sqlite3.Connection, timeline_id: str, video_id: str) -> None:
    """Take a medium off a timeline."""
    db.execute("DELETE FROM timeline_media WHERE timeline_id = ? AND video_id = ?", (timeline_id, video_id))


def delete(db: sqlite3.Connection, video_id: str) -> None:
    """Forget the timeline on which a video is the main medium; the other media stay in the library."""
    db.execute(
        "DELETE FROM timelines WHERE id IN (SELECT timeline_id FROM timeline_media WHERE video_id = ? AND role = ?)",
        (video_id, MAIN),
    )
