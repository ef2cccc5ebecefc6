"""Tables `runs` and `predictions`: what the models said, kept for ever as they said it, but for what was found of a
label that was looked for again since, where nobody said anything of it (`drop_older`), and for the names of labels
that were renamed (`relabel`)."""

import json
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from studio.errors import NotFound
from studio.store import screen_texts, stored
from studio.store.videos import now
from studio.timeline import ModelRun, Prediction, Segment

SHOWN_S = 3_600.0  # how long a page may show what a newer run took the place of
READ = "text_reading"  # the task whose predictions are texts
SHOWN_RUNS = """newest AS (
    SELECT r.id, r.video_id, r.task, r.query, r.seq,
        row_number() OVER (PARTITION BY r.video_id, r.task, r.model, r.query ORDER BY r.seq DESC) AS age
    FROM runs r JOIN videos v ON v.id = r.video_id AND v.removed IS NULL
    WHERE CASE WHEN json_valid(r.params) THEN json_type(r.params) = 'object' AND json_type(r.params, '$.trial') IS NULL
        ELSE 0 END
),
shown AS (
    SELECT id, video_id, task, iif(task = 'grounding', query, NULL) AS question,
        task <> 'grounding' OR row_number() OVER (PARTITION BY video_id, task ORDER BY seq DESC) = 1 AS front
    FROM newest WHERE age = 1
)"""
"""SQL: the newest run of each question of each video, but for trials, as table `shown`. Of several questions a timeline
shows the newest only: `front`."""
CONFIDENCE = """coalesce(CASE WHEN json_valid(p.payload) THEN json_extract(p.payload, '$.confidence') END,
    CASE WHEN s.task = 'detection' THEN round(p.score, 4) END)"""
"""SQL: how likely prediction `p` of run `s` is what was asked for, 0…1, NULL where nobody measured it. The score of a
label that was taught is a chance (`service.serializers.chance`)."""


def insert(db: sqlite3.Connection, run: ModelRun) -> str:
    """Record a run with its predictions; returns its id.

    Raises NotFound when the video has gone.
    """
    if db.execute("SELECT 1 FROM videos WHERE id = ? AND removed IS NULL", (run.video_id,)).fetchone() is None:
        raise NotFound("This video was removed from the library meanwhile; its result was dropped.")
    run_id = uuid.uuid4().hex
    found = [(p.id or uuid.uuid4().hex, p) for p in run.predictions]
    db.execute(
        "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'done', ?, (SELECT coalesce(max(seq), 0) + 1 FROM runs))",
        (
            run_id,
            run.video_id,
            run.task,
            run.model,
            run.model_version,
            json.dumps(run.params),
            run.query,
            json.dumps(run.payload, default=lambda array: array.tolist()),
            now(),
        ),
    )
    db.executemany(
        "INSERT INTO predictions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                prediction_id, run_id, p.track, p.segment.start, p.segment.end, p.label, p.score,
                json.dumps(p.payload) if p.payload else None,
            )
            for prediction_id, p in found
        ],
    )  # fmt: skip
    if run.task == READ and "trial" not in run.params:
        screen_texts.replace_read(db, run.video_id, found)
    return run_id


_LIKE = (
    "FROM runs r WHERE r.video_id = :video_id AND r.task = :task AND r.model = :model AND r.query IS :query "
    "AND CASE WHEN json_valid(r.params) THEN json_extract(r.params, '$.track') IS :track END"
)


def _asked(run: ModelRun) -> dict[str, Any]:
    """The values of `_LIKE`: who looked for what, where."""
    return {
        "video_id": run.video_id, "task": run.task, "model": run.model, "query": run.query,
        "track": run.params.get("track"),
    }  # fmt: skip


def is_empty_again(db: sqlite3.Connection, run: ModelRun) -> bool:
    """Whether a run found nothing, and neither did the one before it that looked for the same."""
    newest = f"SELECT EXISTS (SELECT 1 FROM predictions p WHERE p.run_id = r.id) {_LIKE} ORDER BY r.seq DESC LIMIT 1"
    last = None if run.predictions else db.execute(newest, _asked(run)).fetchone()
    return last is not None and not last[0]


def drop_older(db: sqlite3.Connection, run: ModelRun, run_id: str) -> None:
    """Delete what looked for the same before a run, as far as nobody said or made anything of what it found, and no
    page shows it any more."""
    since = (datetime.now(UTC) - timedelta(seconds=SHOWN_S)).isoformat(timespec="milliseconds")
    decided = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} d WHERE d.prediction_id = p.id)"
        for table in ("verdicts", "annotations", "revisions")
    )
    found = "EXISTS (SELECT 1 FROM predictions p WHERE p.run_id = r.id"
    db.execute(
        f"DELETE FROM runs WHERE id IN (SELECT r.id {_LIKE} AND r.id <> :id AND (r.created < :since OR NOT {found})) "
        f"AND NOT {found} AND ({decided})))",
        {**_asked(run), "id": run_id, "since": since},
    )


def relabel(
    db: sqlite3.Connection, renames: Sequence[tuple[str, str, str]], detector_name: Callable[[str, str], str]
) -> None:
    """As `annotations.relabel`, of what detectors proposed: what was rejected stays so, what waits is proposed under
    the new name, and what the renamed label is taught next takes its place. `detector_name` is that of a label and a
    track."""
    found = "SELECT p.id FROM runs r JOIN predictions p ON p.run_id = r.id WHERE r.task = 'detection' "
    asked = (
        "SELECT r.id FROM runs r WHERE r.task = 'detection' AND r.query = ? "
        "AND CASE WHEN json_valid(r.params) THEN json_extract(r.params, '$.track') = ? END"
    )
    proposed: list[tuple[str, str]] = []
    looked: list[tuple[str, str, str, str]] = []
    for track, label, to in renames:
        rows = db.execute(f"{found} AND p.label = ? AND p.track = ?", (label, track))
        proposed += [(to, row["id"]) for row in rows]
        names = detector_name(label, track), detector_name(to, track)
        looked += [(to, *names, row["id"]) for row in db.execute(asked, (label, track))]
    db.executemany("UPDATE predictions SET label = ? WHERE id = ?", proposed)
    db.executemany(
        "UPDATE runs SET query = ?1, model = CASE model WHEN ?2 THEN ?3 ELSE model END WHERE id = ?4", looked
    )


def get(db: sqlite3.Connection, run_id: str) -> dict[str, Any]:
    """One run with params and payload as values.

    Raises NotFound.
    """
    row = db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise NotFound("This run is no longer in the library.")
    values = {column: stored.value(row[column], dict, "runs", run_id) for column in ("params", "payload")}
    if None in values.values():
        raise NotFound("What this run found cannot be read; run it again.")
    return {**dict(row), **values}


def newest(db: sqlite3.Connection, tasks: Sequence[str]) -> dict[str, dict[str, str]]:
    """The ids of the newest runs of some tasks, by video and task; trials do not count."""
    found: dict[str, dict[str, str]] = {}
    rows = db.execute(
        "SELECT video_id, task, id, max(seq) FROM runs WHERE task IN (SELECT value FROM json_each(?)) "
        "AND CASE WHEN json_valid(params) THEN json_type(params, '$.trial') IS NULL END GROUP BY video_id, task",
        (json.dumps(list(tasks)),),
    )
    for row in rows:
        found.setdefault(row["video_id"], {})[row["task"]] = row["id"]
    return found


def of_video(db: sqlite3.Connection, video_id: str, since: int = 0) -> list[dict[str, Any]]:
    """The runs of a video after run number `since`, oldest first, without their payloads; not those that cannot be
    read."""
    rows = db.execute(
        "SELECT id, seq, video_id, task, model, model_version, params, query, state, created FROM runs "
        "WHERE video_id = ? AND seq > ? ORDER BY seq",
        (video_id, since),
    )
    read = ((row, stored.value(row["params"], dict, "runs", row["id"])) for row in rows)
    return [{**dict(row), "params": params} for row, params in read if params is not None]


def videos_with(db: sqlite3.Connection, task: str, videos: Sequence[str] | None = None) -> set[str]:
    """The ids of the videos, of these or of all, that have a run of a task; trials do not count."""
    rows = db.execute(
        "SELECT video_id, id, params FROM runs WHERE task = ? "
        "AND (? IS NULL OR video_id IN (SELECT value FROM json_each(?)))",
        (task, *(2 * [None if videos is None else json.dumps(list(videos))])),
    )
    read = ((row, stored.value(row["params"], dict, "runs", row["id"])) for row in rows)
    return {row["video_id"] for row, params in read if params is not None and "trial" not in params}


def is_trial(run: dict[str, Any]) -> bool:
    """Whether a run was made to try a model, and has no place on its video's timeline."""
    return "trial" in run["params"]


def predictions(db: sqlite3.Connection, run_id: str) -> list[Prediction]:
    """What a run proposed, in order of time."""
    rows = db.execute("SELECT * FROM predictions WHERE run_id = ? ORDER BY start_us, rowid", (run_id,))
    return [_prediction(row) for row in rows]


def prediction(db: sqlite3.Connection, prediction_id: str) -> tuple[str, Prediction]:
    """A prediction, and the id of its video.

    Raises NotFound.
    """
    row = db.execute(
        "SELECT p.*, r.video_id FROM predictions p JOIN runs r ON r.id = p.run_id WHERE p.id = ?", (prediction_id,)
    ).fetchone()
    if row is None:
        raise NotFound("This prediction is no longer in the library.")
    return row["video_id"], _prediction(row)


def _prediction(row: sqlite3.Row) -> Prediction:
    return Prediction(
        Segment(row["start_us"], row["end_us"]), row["track"], row["label"], row["score"], row["id"],
        stored.value(row["payload"], dict, "predictions", row["id"]) if row["payload"] else None,
    )  # fmt: skip
