"""What can be counted about a library: how much there is, who did how much, and whether it is whole."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from studio.errors import StudioError
from studio.store import annotations, stored
from studio.store.readers import SEEN, Reader, parameters
from studio.timeline import apply_all

Row = dict[str, Any]
_TABLES = ("videos", "runs", "predictions", "annotations", "revisions")
_HERE = "IN (SELECT id FROM videos WHERE removed IS NULL)"


def counts(db: sqlite3.Connection) -> Row:
    """How many rows the tables have (of `videos` and `annotations` those that stand), and the newest migration:
    `schema`."""
    rows = {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _TABLES}
    rows["videos"] = db.execute("SELECT count(*) FROM videos WHERE removed IS NULL").fetchone()[0]
    standing = f"SELECT count(*) FROM annotations WHERE NOT deleted AND video_id {_HERE}"
    rows["annotations"] = db.execute(standing).fetchone()[0]
    return {**rows, "schema": db.execute("SELECT max(name) FROM _sqlite_migrations").fetchone()[0]}


def jobs_by_state(db: sqlite3.Connection) -> dict[str, int]:
    """How many jobs are in each state that there are."""
    return {row["state"]: row["n"] for row in db.execute("SELECT state, count(*) AS n FROM jobs GROUP BY state")}


def quick_check(db: sqlite3.Connection) -> str:
    """What SQLite finds wrong with the database; "ok" for nothing."""
    return str(db.execute("PRAGMA quick_check").fetchone()[0])


def unexplained(db: sqlite3.Connection) -> list[str]:
    """Ids of annotations that are not what their history, replayed, makes of them."""
    wrong = []
    for (annotation_id,) in db.execute("SELECT id FROM annotations").fetchall():
        try:
            replayed = apply_all({}, [edit for _, edit in annotations.history(db, annotation_id)])
        except StudioError:
            replayed = {}
        if replayed.get(annotation_id) != annotations.get(db, annotation_id):
            wrong.append(annotation_id)
    return wrong


def annotated(db: sqlite3.Connection, reader: Reader | None = None) -> Row:
    """How many `annotations` stand that a reader may see, and in how many videos (`annotated`)."""
    row = db.execute(
        "SELECT count(DISTINCT a.video_id) AS annotated, count(*) AS annotations FROM annotations a "
        f"JOIN videos v ON v.id = a.video_id WHERE NOT a.deleted AND v.removed IS NULL AND {SEEN}",
        parameters(reader),
    ).fetchone()
    return dict(row)


def labels(db: sqlite3.Connection, most: int, reader: Reader | None = None) -> list[Row]:
    """The labels that a reader may see, most frequent first: `label`, in how many `videos`, how many `segments`, and
    their `duration_us` together."""
    rows = db.execute(
        "SELECT a.label, count(DISTINCT a.video_id) AS videos, count(*) AS segments, "
        "sum(a.end_us - a.start_us) AS duration_us FROM annotations a JOIN videos v ON v.id = a.video_id "
        f"WHERE NOT a.deleted AND v.removed IS NULL AND a.label <> '' AND {SEEN} "
        "GROUP BY a.label ORDER BY segments DESC, a.label LIMIT :most",
        {**parameters(reader), "most": most},
    )
    return [dict(row) for row in rows]


# ---------------------------------------------------------------------- annotators


def edits_by_annotator(db: sqlite3.Connection) -> list[Row]:
    """`annotator`, how many `edits`, and when the `last` one was."""
    rows = db.execute("SELECT annotator, count(*) AS edits, max(at) AS last FROM revisions GROUP BY annotator")
    return [dict(row) for row in rows]


def annotations_by_annotator(db: sqlite3.Connection) -> Iterator[tuple[str, str, int]]:
    """(annotator, source, how many annotations of theirs stand)."""
    yield from db.execute(
        f"SELECT annotator, source, count(*) FROM annotations WHERE NOT deleted AND video_id {_HERE} "
        "GROUP BY annotator, source"
    )


def videos_by_annotator(db: sqlite3.Connection) -> Iterator[tuple[str, int, int]]:
    """(annotator, in how many videos annotations of theirs stand, with how many they are done)."""
    yield from db.execute(
        "WITH made AS (SELECT annotator, count(DISTINCT video_id) AS n FROM annotations "
        f"WHERE NOT deleted AND video_id {_HERE} GROUP BY annotator), "
        f"done AS (SELECT annotator, count(*) AS n FROM finished WHERE video_id {_HERE} GROUP BY annotator) "
        "SELECT who.annotator, coalesce(made.n, 0), coalesce(done.n, 0) FROM "
        "(SELECT annotator FROM made UNION SELECT annotator FROM done) AS who "
        "LEFT JOIN made USING (annotator) LEFT JOIN done USING (annotator)"
    )


def rejections_by_annotator(db: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """(annotator, how many predictions they rejected)."""
    yield from db.execute(
        "SELECT d.annotator, count(*) FROM verdicts d JOIN predictions p ON p.id = d.prediction_id "
        f"JOIN runs r ON r.id = p.run_id WHERE verdict = 'rejected' AND r.video_id {_HERE} GROUP BY d.annotator"
    )


def shift_by_annotator(db: sqlite3.Connection) -> Iterator[tuple[str, float]]:
    """(annotator, how far the boundaries that they corrected moved on average, µs)."""
    yield from db.execute(
        "SELECT a.annotator, avg(abs(a.start_us - p.start_us) + abs(a.end_us - p.end_us)) / 2 "
        "FROM annotations a JOIN predictions p ON p.id = a.prediction_id "
        "JOIN runs r ON r.id = p.run_id AND r.video_id = a.video_id "  # other cameras count time from elsewhere
        f"WHERE a.source = 'correction' AND NOT a.deleted AND a.video_id {_HERE} GROUP BY a.annotator"
    )


def touched_by(db: sqlite3.Connection, video_id: str | None = None) -> dict[str, set[str]]:
    """Who worked on each annotation of the library, or of a video, by its id: who made it and everybody who changed it,
    but for what happened to it by a change of a label or a person's name elsewhere."""
    of_video = "video_id = coalesce(:video, video_id)"
    rows = db.execute(
        f"SELECT id, annotator AS who FROM annotations WHERE {of_video} UNION "
        f"SELECT id, edited_by FROM annotations WHERE {of_video} AND version = 1 UNION "  # a file may name both
        f"SELECT annotation_id, annotator FROM revisions WHERE {of_video} "
        "AND annotation_id IS NOT NULL AND op NOT IN (:relabel, :follow)",
        {"video": video_id, "relabel": annotations.RELABEL, "follow": annotations.FOLLOW},
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["id"], set()).add(row["who"])
    return found


def segments(db: sqlite3.Connection, reader: Reader | None = None) -> list[Row]:
    """Every annotation with a label that a reader may see: `video_id`, the video's `duration_us`, `track`, `label`,
    `start_us`, `end_us`, `annotator`."""
    rows = db.execute(
        "SELECT a.video_id, v.duration_us, a.track, a.label, a.start_us, a.end_us, a.annotator FROM annotations a "
        f"JOIN videos v ON v.id = a.video_id WHERE NOT a.deleted AND v.removed IS NULL AND a.label != '' AND {SEEN}",
        parameters(reader),
    )
    return [dict(row) for row in rows]


def named_segments(db: sqlite3.Connection, reader: Reader | None = None) -> list[Row]:
    """Every annotation that names its annotator and that a reader may see, in order of time, with the `duration_us` of
    its video."""
    rows = db.execute(
        "SELECT a.id, a.video_id, v.duration_us, a.track, a.label, a.start_us, a.end_us, a.annotator, a.attributes "
        "FROM annotations a JOIN videos v ON v.id = a.video_id WHERE NOT a.deleted AND v.removed IS NULL "
        f"AND a.annotator != '' AND {SEEN} ORDER BY a.start_us",
        parameters(reader),
    )
    return [
        {**dict(row), "attributes": stored.value(row["attributes"], dict, "annotations", row["id"]) or {}}
        for row in rows
    ]
