"""Table `videos`."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

from studio.errors import NotFound


def now() -> str:
    """The wall clock, for people to read; order always comes from sequence numbers."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def add(db: sqlite3.Connection, row: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Insert a video, or return the row that already has this path; and whether another file took its place there."""
    known = db.execute("SELECT * FROM videos WHERE path = ?", (row["path"],)).fetchone()
    if known is not None and known["sha256"] == row["sha256"]:
        return dict(known), False
    if known is not None:  # the file behind the path was replaced: same video id, new facts
        row = {**row, "id": known["id"]}
    row = {**row, "added": now()}
    columns = ", ".join(row)
    updates = ", ".join(f"{column} = excluded.{column}" for column in row if column != "id")
    db.execute(
        f"INSERT INTO videos ({columns}) VALUES ({', '.join('?' * len(row))}) ON CONFLICT (id) DO UPDATE SET {updates}",
        list(row.values()),
    )
    return row, known is not None


def get(db: sqlite3.Connection, video_id: str) -> dict[str, Any]:
    """One video by its id.

    Raises NotFound.
    """
    row = db.execute("SELECT * FROM videos WHERE id = ?", (video_id,)).fetchone()
    if row is None:
        raise NotFound(f"No video “{video_id}” in this library; add it first with: studio add PATH")
    return dict(row)


def find(db: sqlite3.Connection, ref: str, path: str) -> list[dict[str, Any]]:
    """The video with this id or path, or the videos with this name when `path` is empty."""
    asked = "id = ? OR path = ?" if path else "id = ? OR name = ?"
    return [dict(row) for row in db.execute(f"SELECT * FROM videos WHERE {asked}", (ref, path or ref))]


def all_of(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Every video with how much work there is in it, newest first."""
    return [
        dict(row)
        for row in db.execute(
            "SELECT v.*, (SELECT count(*) FROM annotations a WHERE a.video_id = v.id AND NOT deleted) AS annotations, "
            "(SELECT count(*) FROM predictions p JOIN runs r ON r.id = p.run_id WHERE r.video_id = v.id) "
            "AS predictions FROM videos v ORDER BY v.rowid DESC"
        )
    ]


def remove(db: sqlite3.Connection, video_id: str) -> None:
    """Forget a video with its runs and annotations; its history stays, its file is not touched."""
    db.execute("DELETE FROM videos WHERE id = ?", (video_id,))
