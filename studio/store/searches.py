"""Tables `questions`, what people asked this library, and `searches`, the ones they keep under a name."""

import json
import sqlite3
import uuid
from typing import Any

from studio.errors import NotFound
from studio.store.videos import now


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
    """Keep a search under a name; the same name again replaces it."""
    db.execute(
        "INSERT INTO searches VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET question = excluded.question, annotator = excluded.annotator",
        (uuid.uuid4().hex[:12], name, json.dumps(question), annotator, now()),
    )
    return next(row for row in kept(db) if row["name"] == name)


def kept(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """All searches that were kept, by name."""
    rows = db.execute("SELECT * FROM searches ORDER BY name")
    return [{**dict(row), "question": json.loads(row["question"])} for row in rows]


def forget(db: sqlite3.Connection, search_id: str) -> None:
    """Remove a kept search.

    Raises NotFound.
    """
    if db.execute("DELETE FROM searches WHERE id = ?", (search_id,)).rowcount == 0:
        raise NotFound("This search was removed already.")
