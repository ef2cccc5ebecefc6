"""Tables `collections`, `collection_videos` and `video_tags`: how people group the videos of a library."""

import json
import sqlite3
import uuid
from collections.abc import Sequence
from typing import Any

from studio.errors import NotFound, UsageError
from studio.store.videos import now

NAME_CHARS = 100
_CHOSEN = "(SELECT id FROM videos WHERE removed IS NULL AND id IN (SELECT value FROM json_each(?)))"


def collections(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """`id`, `name`, `created_by` and how many `videos` are in each, by name."""
    rows = db.execute(
        "SELECT id, name, created_by, (SELECT count(*) FROM collection_videos c JOIN videos v ON v.id = c.video_id "
        "AND v.removed IS NULL WHERE c.collection_id = collections.id) AS videos FROM collections "
        "ORDER BY name COLLATE NOCASE"
    )
    return [dict(row) for row in rows]


def create(db: sqlite3.Connection, name: str, by: str) -> str:
    """A new collection, or the one of that name; returns its id."""
    db.execute(
        "INSERT OR IGNORE INTO collections VALUES (?, ?, ?, ?)", (uuid.uuid4().hex[:12], _checked(name), by, now())
    )
    return str(db.execute("SELECT id FROM collections WHERE name = ?", (_checked(name),)).fetchone()["id"])


def get(db: sqlite3.Connection, collection_id: str) -> dict[str, Any]:
    """Raises NotFound."""
    row = db.execute("SELECT * FROM collections WHERE id = ?", (collection_id,)).fetchone()
    if row is None:
        raise NotFound("This collection is no longer in the library.")
    return dict(row)


def set_name(db: sqlite3.Connection, collection_id: str, name: str) -> None:
    """Raises NotFound, UsageError where another has the name."""
    get(db, collection_id)
    try:
        db.execute("UPDATE collections SET name = ? WHERE id = ?", (_checked(name), collection_id))
    except sqlite3.IntegrityError:
        raise UsageError(f"There is a collection “{name}” already; choose another name.") from None


def delete(db: sqlite3.Connection, collection_id: str) -> None:
    """Forget a collection; its videos stay. Raises NotFound."""
    get(db, collection_id)
    db.execute("DELETE FROM collections WHERE id = ?", (collection_id,))


def put(db: sqlite3.Connection, collection_id: str, videos: Sequence[str]) -> int:
    """Put videos into a collection; returns how many were not in it. Raises NotFound."""
    get(db, collection_id)
    return db.execute(
        f"INSERT OR IGNORE INTO collection_videos SELECT ?, id FROM {_CHOSEN}",
        (collection_id, json.dumps(list(videos))),
    ).rowcount


def take_out(db: sqlite3.Connection, collection_id: str, videos: Sequence[str]) -> int:
    """Take videos out of a collection; returns how many were in it."""
    return db.execute(
        "DELETE FROM collection_videos WHERE collection_id = ? AND video_id IN (SELECT value FROM json_each(?))",
        (collection_id, json.dumps(list(videos))),
    ).rowcount


def tags(db: sqlite3.Connection) -> dict[str, int]:
    """Each tag, and how many videos have it."""
    rows = db.execute(
        "SELECT tag, count(*) FROM video_tags t JOIN videos v ON v.id = t.video_id AND v.removed IS NULL GROUP BY tag "
        "ORDER BY tag COLLATE NOCASE"
    )
    return dict(rows)


def tag(db: sqlite3.Connection, videos: Sequence[str], tag: str) -> int:
    """Give videos a tag; returns how many had it not."""
    return db.execute(
        f"INSERT OR IGNORE INTO video_tags SELECT ?, id FROM {_CHOSEN}", (_checked(tag), json.dumps(list(videos)))
    ).rowcount


def untag(db: sqlite3.Connection, videos: Sequence[str], tag: str) -> int:
    """Take a tag off videos; returns how many had it."""
    return db.execute(
        "DELETE FROM video_tags WHERE tag = ? AND video_id IN (SELECT value FROM json_each(?))",
        (tag, json.dumps(list(videos))),
    ).rowcount


def _checked(name: str) -> str:
    """A name as it is kept. Raises UsageError."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_CHARS:
        raise UsageError(f"Give it a name of up to {NAME_CHARS} letters.")
    return name
