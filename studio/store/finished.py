"""Table `finished`: who says that they are done with a video; and whether its annotators work independently."""

import sqlite3
from typing import Any

from studio.store.videos import now


def set_independent(db: sqlite3.Connection, video_id: str, independent: bool) -> None:
    """Say whether the annotators of a video see their own work only."""
    db.execute("UPDATE videos SET independent = ? WHERE id = ?", (independent, video_id))


def set_done(db: sqlite3.Connection, video_id: str, annotator: str, done: bool) -> None:
    """Say whether somebody is done with a video."""
    if done:
        db.execute("INSERT OR IGNORE INTO finished VALUES (?, ?, ?)", (video_id, annotator, now()))
    else:
        db.execute("DELETE FROM finished WHERE video_id = ? AND annotator = ?", (video_id, annotator))


def annotators(db: sqlite3.Connection, video_id: str) -> list[dict[str, Any]]:
    """Everybody who annotated a video, decided on a prediction of it or is done with it, by name: `annotator`, how many
    `annotations` of theirs stand, `decided` predictions, and since when they are `done` ("" while they are not)."""
    rows = db.execute(
        "WITH made AS (SELECT annotator, count(*) AS n FROM annotations WHERE video_id = :video AND NOT deleted "
        "GROUP BY annotator), "
        "decided AS (SELECT d.annotator, count(*) AS n FROM verdicts d JOIN predictions p ON p.id = d.prediction_id "
        "JOIN runs r ON r.id = p.run_id WHERE r.video_id = :video GROUP BY d.annotator), "
        "done AS (SELECT annotator, at FROM finished WHERE video_id = :video) "
        "SELECT who.annotator, coalesce(made.n, 0) AS annotations, coalesce(decided.n, 0) AS decided, "
        "coalesce(done.at, '') AS done FROM (SELECT annotator FROM made UNION SELECT annotator FROM decided "
        "UNION SELECT annotator FROM done) AS who LEFT JOIN made USING (annotator) LEFT JOIN decided USING (annotator) "
        "LEFT JOIN done USING (annotator) ORDER BY who.annotator",
        {"video": video_id},
    )
    return [dict(row) for row in rows]
