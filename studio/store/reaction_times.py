"""Boundaries that people marked while the video played, and where they moved them later."""

import sqlite3

from studio.store import stored
from studio.store.teaching import MOVED_BY
from studio.timeline.reaction_time import MarkedBoundary, ReactionTime, reaction_time

MOST = 200  # of a person's newest segments that are looked at: habits change


def of_person(db: sqlite3.Connection, annotator: str) -> ReactionTime:
    """How long after a moment somebody marks it, by their own corrections of their own marks."""
    rows = db.execute(
        "SELECT r.seq, r.marked, json_extract(r.after, '$.start_us') AS start_us, json_extract(r.after, '$.end_us') "
        "AS end_us, a.start_us AS now_start_us, a.end_us AS now_end_us "
        "FROM revisions r JOIN annotations a ON a.id = r.annotation_id AND NOT a.deleted "
        f"WHERE r.marked <> '' AND r.annotator = :name AND {MOVED_BY} = :name ORDER BY r.seq DESC LIMIT :most",
        {"name": annotator, "most": MOST},
    ).fetchall()
    moved = []
    for row in rows:
        for edge, (at_us, rate) in (stored.value(row["marked"], dict, "revisions", row["seq"]) or {}).items():
            if row[f"{edge}_us"] != row[f"now_{edge}_us"]:
                moved.append(MarkedBoundary(at_us, rate, row[f"now_{edge}_us"]))
    return reaction_time(moved)
