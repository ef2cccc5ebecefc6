"""What is marked in the whole library: annotations that stand, and predictions that no annotation stands for."""

import sqlite3
from typing import Any

from studio.store import people
from studio.store.readers import OPENLY, SEEN, Reader, parameters
from studio.store.runs import CONFIDENCE, SHOWN_RUNS
from studio.timeline import ON_SCREEN

Row = dict[str, Any]

_ANNOTATIONS = f"""
SELECT a.id, a.video_id, a.start_us, a.end_us, a.label FROM annotations a
JOIN videos v ON v.id = a.video_id AND v.removed IS NULL
WHERE NOT a.deleted AND a.track <> :texts AND {SEEN} ORDER BY a.rowid
"""
_PREDICTIONS = f"""
WITH {SHOWN_RUNS},
judged AS (
    SELECT p.id, s.video_id, p.start_us, p.end_us, p.label,
        CASE WHEN s.video_id IN (SELECT video_id FROM people) THEN row_of(s.video_id, p.track, p.start_us)
            ELSE p.track END AS row,
        {CONFIDENCE} AS confidence,
        coalesce((SELECT d.verdict FROM verdicts d WHERE d.prediction_id = p.id AND (d.annotator = :reader
            OR NOT (SELECT v.independent FROM videos v WHERE v.id = s.video_id) AND {OPENLY.format("d")})
            ORDER BY d.seq DESC LIMIT 1), '')
            AS verdict
    FROM shown s JOIN predictions p ON p.run_id = s.id WHERE s.front AND p.track <> :texts
)
SELECT id, video_id, start_us, end_us, label, row, verdict, min(1, max(0, confidence)) AS sure
FROM judged WHERE row IS NOT NULL AND verdict IN ('', 'rejected')
"""


def annotations(db: sqlite3.Connection, reader: Reader | None = None) -> list[Row]:
    """The annotations that a reader may see: `id`, `video_id`, `start_us`, `end_us`, `label`. Not texts that are read
    on the screen."""
    return [dict(row) for row in db.execute(_ANNOTATIONS, {**parameters(reader), "texts": ON_SCREEN})]


def predictions(db: sqlite3.Connection, reader: Reader | None = None) -> list[Row]:
    """The predictions that timelines show and that nobody accepted or corrected, in videos that are annotated
    independently not the reader: as `annotations`, and the `row` they are shown in, the `verdict` ("" or "rejected")
    and how `sure` the model is, 0…1, None where nobody measured that."""
    people.define_row_of(db)
    return [dict(row) for row in db.execute(_PREDICTIONS, {**parameters(reader), "texts": ON_SCREEN})]


def spans(db: sqlite3.Connection) -> dict[str, set[tuple[int, int]]]:
    """Where anything is marked, by anybody: the spans in µs, by video id."""
    asked = (
        f"WITH {SHOWN_RUNS} SELECT a.video_id, a.start_us, a.end_us FROM annotations a "
        "JOIN videos v ON v.id = a.video_id AND v.removed IS NULL WHERE NOT a.deleted AND a.track <> :texts "
        "UNION SELECT s.video_id, p.start_us, p.end_us FROM shown s JOIN predictions p ON p.run_id = s.id "
        "WHERE s.front AND p.track <> :texts"
    )
    found: dict[str, set[tuple[int, int]]] = {}
    for row in db.execute(asked, {"texts": ON_SCREEN}):
        found.setdefault(row["video_id"], set()).add((row["start_us"], row["end_us"]))
    return found


def state(db: sqlite3.Connection) -> str:
    """Another text whenever what these functions answer may be another."""
    row = db.execute(
        "SELECT (SELECT max(seq) FROM revisions), (SELECT max(seq) FROM runs), (SELECT max(seq) FROM people), "
        "(SELECT group_concat(rowid || independent) FROM videos WHERE removed IS NULL)"
    ).fetchone()
    return "/".join(str(value) for value in row)
