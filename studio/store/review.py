"""What nobody decided yet in the whole library, of the runs that the timelines of its videos show."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from studio.store import people

CHOICES = 300  # of each kind, the most frequent ones


@dataclass(frozen=True, slots=True)
class Undecided:
    """Which undecided predictions are meant; "" and None let all through.

    `label`, `row` of the timeline, `question` that they answer, and from `lowest` to `highest` score. `by`: only in
    videos in which an annotation of this person stands.
    """

    label: str = ""
    row: str = ""
    question: str = ""
    by: str = ""
    lowest: float | None = None
    highest: float | None = None


# The newest run of each question, but for trials. Of several questions a timeline shows the newest only.
_SHOWN = """
WITH newest AS (
    SELECT r.id, r.video_id, r.task, r.query, r.seq,
        row_number() OVER (PARTITION BY r.video_id, r.task, r.model, r.query ORDER BY r.seq DESC) AS age
    FROM runs r JOIN videos v ON v.id = r.video_id AND v.removed IS NULL
    WHERE CASE WHEN json_valid(r.params) THEN json_type(r.params) = 'object' AND json_type(r.params, '$.trial') IS NULL
        ELSE 0 END
),
shown AS (
    SELECT id, video_id, task, query, row_number() OVER (PARTITION BY video_id, task ORDER BY seq DESC) AS place
    FROM newest WHERE age = 1
),
undecided AS (
    SELECT s.video_id, s.query, s.task = 'grounding' AS asked, s.task <> 'grounding' OR s.place = 1 AS front, p.label,
        round(p.score, 4) AS score,
        CASE WHEN s.video_id IN (SELECT video_id FROM people) THEN row_of(s.video_id, p.track, p.start_us)
            ELSE p.track END AS row,
        CASE WHEN json_valid(p.payload) THEN json_extract(p.payload, '$.confidence') END AS confidence
    FROM shown s JOIN predictions p ON p.run_id = s.id
    WHERE NOT EXISTS (SELECT 1 FROM verdicts d WHERE d.prediction_id = p.id)
)
"""
_FITS = """
    row IS NOT NULL
    AND CASE WHEN :question = '' THEN front ELSE asked AND query = :question END
    AND (:label = '' OR label = :label) AND (:row = '' OR row = :row)
    AND (:lowest IS NULL OR score >= :lowest) AND (:highest IS NULL OR score <= :highest)
    AND (:by = '' OR video_id IN (SELECT video_id FROM annotations WHERE annotator = :by AND NOT deleted))
"""
_UNSURE = "1 - coalesce(confidence, abs(2 * min(1, max(0, score)) - 1))"


def videos_waiting(db: sqlite3.Connection, wanted: Undecided) -> list[dict[str, Any]]:
    """The videos with predictions that fit and nobody decided about: `id`, `name`, how many are `waiting`, and how
    `unsure` the least sure one is (0…1, as assets/web/js/model/review-queue.js says it). Those with most come first.
    """
    _with_rows(db)
    asked = (
        f"{_SHOWN} SELECT u.video_id AS id, v.name, count(*) AS waiting, max({_UNSURE}) AS unsure FROM undecided u "
        f"JOIN videos v ON v.id = u.video_id WHERE {_FITS} GROUP BY u.video_id ORDER BY waiting DESC, v.name, v.id"
    )
    values = {name: getattr(wanted, name) for name in ("label", "row", "question", "by", "lowest", "highest")}
    return [dict(row) for row in db.execute(asked, values)]


def choices(db: sqlite3.Connection) -> dict[str, list[str]]:
    """What undecided predictions of the library can be chosen by, most frequent first: `labels`, `rows`, `questions`,
    and `annotators` of their videos."""
    _with_rows(db)

    def found(what: str, where: str) -> list[str]:
        asked = (
            f"{_SHOWN} SELECT {what} AS found, count(*) AS times FROM undecided WHERE row IS NOT NULL AND {where} "
            f"GROUP BY found HAVING found <> '' ORDER BY times DESC, found LIMIT {CHOICES}"
        )
        return [row["found"] for row in db.execute(asked)]

    annotators = (
        f"{_SHOWN} SELECT annotator, count(*) AS times FROM annotations WHERE NOT deleted AND annotator <> '' AND "
        "video_id IN (SELECT video_id FROM undecided) GROUP BY annotator ORDER BY times DESC, annotator "
        f"LIMIT {CHOICES}"
    )
    return {
        "labels": found("label", "front"),
        "rows": found("row", "front"),
        "questions": found("query", "asked"),
        "annotators": [row["annotator"] for row in db.execute(annotators)],
    }


def _with_rows(db: sqlite3.Connection) -> None:
    """Let the queries above ask for the row that a prediction is shown in, by who people said that faces are."""
    named = {
        row["video_id"]: people.of_video(db, row["video_id"])["names"]
        for row in db.execute("SELECT DISTINCT video_id FROM people").fetchall()
    }
    db.create_function("row_of", 3, lambda video, track, start_us: people.row_of(named[video], track, start_us))
