"""Table `folders`: those whose videos are being added, and those that are watched for new ones."""

import sqlite3
from typing import Any

from studio.store.videos import now


def insert(db: sqlite3.Connection, path: str, by: str, watched: bool) -> None:
    """Add what is in a folder; with `watched` also what comes later. One that is watched stays so."""
    db.execute(
        "INSERT INTO folders VALUES (?, ?, ?, ?) "
        "ON CONFLICT (path) DO UPDATE SET watched = max(watched, excluded.watched)",
        (path, watched, by, now()),
    )


def listed(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """`path`, whether it is `watched`, `added_by` whom and `at`; in the order in which they came."""
    return [dict(row) for row in db.execute("SELECT * FROM folders ORDER BY rowid")]


def delete(db: sqlite3.Connection, path: str, watched: bool = False) -> bool:
    """Forget a folder whose videos are added, or with `watched` one that is watched; says whether it was there."""
    return db.execute("DELETE FROM folders WHERE path = ? AND watched = ?", (path, watched)).rowcount > 0
