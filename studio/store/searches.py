"""Tables `questions`, what people asked this library, and `searches`, the ones they keep under a name."""

import json
import sqlite3
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from studio.errors import NotFound, UsageError
from studio.store import stored
from studio.store.videos import now
from studio.timeline import ON_SCREEN
from studio.timeline.boxes import BOXES

MOST = 500  # searches that a library keeps
MOST_CHARS = 20_000  # of one, as JSON
NAME_CHARS = 80
FIND = "find"
"""The key under which a kept question is about annotations; others are about pictures and words."""


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


def likely_examples(db: sqlite3.Connection, most: int) -> list[str]:
    """Words that may find something in this library, the likeliest first: questions with an answer that people kept,
    labels that annotations have, questions with an answer that a model proposes, and what was searched for. Everybody
    is shown the same: what people did in videos that are annotated independently is left out."""
    asked = """
        WITH here AS (SELECT id FROM videos WHERE removed IS NULL),
        open AS (SELECT id FROM videos WHERE removed IS NULL AND NOT independent),
        said (text, rank, times) AS (
            SELECT r.query, 0, count(*) FROM annotations a JOIN predictions p ON p.id = a.prediction_id
                JOIN runs r ON r.id = p.run_id WHERE NOT a.deleted AND a.video_id IN open GROUP BY r.query
            UNION ALL SELECT label, 1, count(*) FROM annotations WHERE NOT deleted AND track <> :texts
                AND video_id IN open GROUP BY label
            UNION ALL SELECT r.query, 2, count(*) FROM runs r WHERE r.video_id IN here
                AND EXISTS (SELECT 1 FROM predictions p WHERE p.run_id = r.id) GROUP BY r.query
            UNION ALL SELECT text, 3, asked FROM questions
        )
        SELECT text FROM said WHERE text <> '' GROUP BY text ORDER BY min(rank), max(times) DESC, text LIMIT :most
    """
    return [row["text"] for row in db.execute(asked, {"texts": ON_SCREEN, "most": most})]


def insert(db: sqlite3.Connection, name: str, question: dict[str, Any], annotator: str) -> dict[str, Any]:
    """Keep a search under a name; the same name again replaces it.

    Raises UsageError for one that is too large, one too many, or of the other kind (see FIND) than that of its name.
    """
    text = json.dumps(question)
    if len(text) > MOST_CHARS:
        raise UsageError("This search is too large to be saved; name fewer videos.")
    db.execute("DELETE FROM searches WHERE name = ? AND removed IS NOT NULL", (name,))
    known = db.execute("SELECT id, question FROM searches WHERE name = ?", (name,)).fetchone()
    kept = known and stored.value(known["question"], dict, "searches", known["id"])
    if kept is not None and (FIND in kept) != (FIND in question):
        kind = "annotations" if FIND in kept else "pictures and words"
        raise UsageError(f"“{name}” is a saved search in {kind}; choose another name.")
    others = db.execute("SELECT count(*) FROM searches WHERE name != ? AND removed IS NULL", (name,)).fetchone()[0]
    if others >= MOST:
        raise UsageError(f"This library has {MOST} saved searches already; remove one first.")
    db.execute(
        "INSERT INTO searches (id, name, question, annotator, created) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET question = excluded.question, annotator = excluded.annotator",
        (uuid.uuid4().hex[:12], name, text, annotator, now()),
    )
    return next(row for row in listed(db) if row["name"] == name)


def listed(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """The searches that were kept, by name, at most MOST; not those that cannot be read."""
    rows = db.execute(
        "SELECT id, name, annotator, created, substr(question, 1, ?) AS question FROM searches "
        "WHERE removed IS NULL ORDER BY name LIMIT ?",
        (2 * MOST_CHARS, MOST),
    )
    read = ((row, stored.value(row["question"], dict, "searches", row["id"])) for row in rows)
    return [{**dict(row), "question": question} for row, question in read if question is not None]


def relabel(db: sqlite3.Connection, renames: Sequence[tuple[str, str, str]]) -> None:
    """As `annotations.relabel`, which comes before it, of what kept questions about annotations ask for, also of
    those that were removed. Where a segment may lie on other rows that have the label, it stays beside the new one."""
    rows = db.execute("SELECT id, question FROM searches WHERE json_valid(question)").fetchall()
    for row in rows:
        question = stored.value(row["question"], dict, "searches", row["id"]) or {}
        asked = question.get(FIND)
        listed = asked.get("segments") if isinstance(asked, dict) else None
        steps = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        for step in steps:
            if isinstance(step.get("labels"), list):
                step["labels"] = _relabelled(db, step["labels"], step.get("tracks") or (), renames)
        if (text := json.dumps(question)) != row["question"]:
            db.execute("UPDATE searches SET question = ? WHERE id = ?", (text, row["id"]))


def _relabelled(
    db: sqlite3.Connection, asked: Sequence[str], tracks: Collection[str], renames: Sequence[tuple[str, str, str]]
) -> list[str]:
    """The labels of a segment that lies on one of these tracks, of none: on any."""
    found: list[str] = []
    for label in asked:
        new = {
            track: to
            for track, old, to in renames
            if old == label and track != BOXES and (not tracks or track in tracks)
        }
        has_it = (
            "SELECT DISTINCT track FROM (SELECT track, label FROM labels UNION ALL "
            "SELECT track, label FROM annotations WHERE NOT deleted UNION ALL SELECT track, label FROM predictions) "
            "WHERE label = ?"
        )
        others = {row["track"] for row in db.execute(has_it, (label,))} - {*new, BOXES} if new else set()
        stays = not new or (others & set(tracks) if tracks else others)
        found += [*([label] if stays else []), *new.values()]
    return list(dict.fromkeys(found))


def owner(db: sqlite3.Connection, name: str) -> str | None:
    """Who keeps a search under a name; None where nobody does."""
    row = db.execute("SELECT annotator FROM searches WHERE name = ? AND removed IS NULL", (name,)).fetchone()
    return None if row is None else str(row["annotator"])


def get(db: sqlite3.Connection, search_id: str) -> dict[str, Any]:
    """Facts of a kept search, also of one that was removed: `name`, `annotator`, `removed` (None, or when),
    `removed_by`.

    Raises NotFound.
    """
    row = db.execute("SELECT name, annotator, removed, removed_by FROM searches WHERE id = ?", (search_id,)).fetchone()
    if row is None:
        raise NotFound("This search is no longer there.")
    return dict(row)


def delete(db: sqlite3.Connection, search_id: str, by: str = "") -> None:
    """Remove a kept search in a way that `restore` undoes.

    Raises NotFound.
    """
    done = db.execute(
        "UPDATE searches SET removed = ?, removed_by = ? WHERE id = ? AND removed IS NULL", (now(), by, search_id)
    )
    if done.rowcount == 0:
        raise NotFound("This search was removed already.")


def restore(db: sqlite3.Connection, search_id: str) -> None:
    """Undo `delete`."""
    db.execute("UPDATE searches SET removed = NULL, removed_by = '' WHERE id = ?", (search_id,))


def clear(db: sqlite3.Connection, until: str) -> None:
    """Forget for good what was removed until a moment (as `now` says it)."""
    db.execute("DELETE FROM searches WHERE removed <= ?", (until,))
