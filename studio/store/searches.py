"""Tables `questions`, what people asked this library, and `searches`, the ones they keep under a name."""

import json
import sqlite3
import uuid
from typing import Any

from studio.errors import NotFound, UsageError
from studio.store import stored
from studio.store.videos import now

MOST = 500  # searches that a library keeps
MOST_CHARS = 20_000  # of one, as JSON


def asked(db: sqlite3.Connection, text: str) -> None:
    """Remember a question."""
    db.execute(
        "INSERT INTO questions VALUES (?, 1, ?) "
        "ON CONFLICT (text) DO UPDATE SET asked = asked + 1, last = excluded.last",
        (text, now()),
    )


def history(db: sqlite3.Connection, most: int = 200) -> list[str]:
    """The newest questions, newest first."""
    rows = db.execute("SELECT text FROM questions ORDER BY last DESC, rowid DESC LIMIT ?", (most,))
    return [row["text"] for row in rows]


def keep(db: sqlite3.Connection, name: str, question: dict[str, Any], annotator: str) -> dict[str, Any]:
    """Keep a search under a name; the same name again replaces it.

    Raises UsageError for one that is too large, or one too many.
    """
    text = json.dumps(question)
    if len(text) > MOST_CHARS:
        raise UsageError("This search is too large to be saved; name fewer videos.")
    others = db.execute("SELECT count(*) FROM searches WHERE name != ?", (name,)).fetchone()[0]
    if others >= MOST:
        raise UsageError(f"This library has {MOST} saved searches already; remove one first.")
    db.execute(
        "INSERT INTO searches VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET question = excluded.question, annotator = excluded.annotator",
        (uuid.uuid4().hex[:12], name, text, annotator, now()),
    )
    return next(row for row in kept(db) if row["name"] == name)


def kept(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """The searches that were kept, by name, at most MOST; not those that cannot be read."""
    rows = db.execute(
        "SELECT id, name, annotator, created, substr(question, 1, ?) AS question FROM searches ORDER BY name LIMIT ?",
        (2 * MOST_CHARS, MOST),
    )
    read = ((row, stored.value(row["question"], dict, "searches", row["id"])) for row in rows)
    return [{**dict(row), "question": question} for row, question in read if question is not None]


def forget(db: sqlite3.Connection, search_id: str) -> None:
    """Remove a kept search.

    Raises NotFound.
    """
    if db.execute("DELETE FROM searches WHERE id = ?", (search_id,)).rowcount == 0:
        raise NotFound("This search was removed already.")
