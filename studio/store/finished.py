"""Table `finished`: who says that they are done with a video; and whether its annotators work independently."""

import sqlite3
from typing import Any

from studio.store import traces
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


_COUNTED = {
    "annotations": "SELECT annotator, count(*) AS n FROM annotations WHERE video_id = :video AND NOT deleted "
    "GROUP BY annotator",
    "boxes": "SELECT annotator, count(*) AS n FROM box_tracks WHERE video_id = :video AND NOT deleted "
    "GROUP BY annotator",
    "decided": "SELECT d.annotator, count(*) AS n FROM verdicts d JOIN predictions p ON p.id = d.prediction_id "
    "JOIN runs r ON r.id = p.run_id WHERE r.video_id = :video GROUP BY d.annotator",
}


def annotators(db: sqlite3.Connection, video_id: str) -> list[dict[str, Any]]:
    """Everybody who annotated a video, decided on a prediction of it or is done with it, by name: `annotator`, how many
    `annotations`, `boxes` and `curves` of theirs stand, `decided` predictions, and since when they are `done` ("" while
    they are not)."""
    facts: dict[str, dict[str, Any]] = {}

    def of(name: str) -> dict[str, Any]:
        return facts.setdefault(name, {"annotator": name, **dict.fromkeys((*_COUNTED, "curves"), 0), "done": ""})

    for what, query in _COUNTED.items():
        for name, count in db.execute(query, {"video": video_id}):
            of(name)[what] = count
    for trace in traces.of_video(db, video_id):
        if not trace.empty:
            of(trace.annotator)["curves"] += 1
    for name, at in db.execute("SELECT annotator, at FROM finished WHERE video_id = ?", (video_id,)):
        of(name)["done"] = at
    return [facts[name] for name in sorted(facts)]
