"""What people said of a label, for a detector to learn from."""

import sqlite3
from typing import Any

from studio.store.readers import SEEN, Reader, parameters

Row = dict[str, Any]


def positives(db: sqlite3.Connection, label: str, track: str | None, reader: Reader | None = None) -> list[Row]:
    """The annotations with a label (on one track, or None: on any) that stand and that a reader may see: `id`,
    `version`, `video_id`, `track`, `start_us`, `end_us`, and of the prediction that one corrects, `from_us` and `to_us`
    (None where there is none)."""
    rows = db.execute(
        "SELECT a.id, a.version, a.video_id, a.track, a.start_us, a.end_us, p.start_us AS from_us, p.end_us AS to_us "
        "FROM annotations a JOIN videos v ON v.id = a.video_id AND v.removed IS NULL "
        "LEFT JOIN predictions p ON p.id = a.prediction_id AND a.source = 'correction' "
        f"WHERE a.label = :label AND (:track IS NULL OR a.track = :track) AND NOT a.deleted AND {SEEN} "
        "ORDER BY a.video_id, a.start_us",
        {**parameters(reader), "label": label, "track": track},
    )
    return [dict(row) for row in rows]


def rejected(db: sqlite3.Connection, label: str, track: str | None, reader: Reader | None = None) -> list[Row]:
    """The predictions of a label that were rejected last: `id`, `video_id`, `start_us`, `end_us`."""
    rows = db.execute(
        "SELECT p.id, r.video_id, p.start_us, p.end_us FROM predictions p JOIN runs r ON r.id = p.run_id "
        "JOIN videos v ON v.id = r.video_id AND v.removed IS NULL "
        "JOIN verdicts a ON a.prediction_id = p.id AND a.seq = "
        "(SELECT max(seq) FROM verdicts d WHERE d.prediction_id = p.id) "
        f"WHERE a.verdict = 'rejected' AND p.label = :label AND (:track IS NULL OR p.track = :track) AND {SEEN} "
        "ORDER BY r.video_id, p.start_us",
        {**parameters(reader), "label": label, "track": track},
    )
    return [dict(row) for row in rows]


def counts(db: sqlite3.Connection, reader: Reader | None = None) -> list[Row]:
    """`track`, `label` and how many `moments` have it, in how many `videos`, the most used first."""
    rows = db.execute(
        "SELECT a.track, a.label, count(*) AS moments, count(DISTINCT a.video_id) AS videos FROM annotations a "
        "JOIN videos v ON v.id = a.video_id AND v.removed IS NULL "
        f"WHERE NOT a.deleted AND a.label <> '' AND {SEEN} GROUP BY a.track, a.label ORDER BY moments DESC, a.label",
        parameters(reader),
    )
    return [dict(row) for row in rows]
