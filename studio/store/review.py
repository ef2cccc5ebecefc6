"""What nobody decided yet in the whole library, of the runs that the timelines of its videos show."""

import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import Any

from studio.store import people
from studio.store.readers import SEEN, Reader, parameters

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


# The newest run of each question, but for trials. Of several questions a timeline shows the newest only: `front`.
_ASKED = """
WITH newest AS (
    SELECT r.id, r.video_id, r.task, r.query, r.seq,
        row_number() OVER (PARTITION BY r.video_id, r.task, r.model, r.query ORDER BY r.seq DESC) AS age
    FROM runs r JOIN videos v ON v.id = r.video_id AND v.removed IS NULL
    WHERE CASE WHEN json_valid(r.params) THEN json_type(r.params) = 'object' AND json_type(r.params, '$.trial') IS NULL
        ELSE 0 END
),
shown AS (
    SELECT id, video_id, iif(task = 'grounding', query, NULL) AS question,
        task <> 'grounding' OR row_number() OVER (PARTITION BY video_id, task ORDER BY seq DESC) = 1 AS front
    FROM newest WHERE age = 1
),
undecided AS (
    SELECT s.video_id, s.question, s.front, p.label, round(p.score, 4) AS score,
        CASE WHEN s.video_id IN (SELECT video_id FROM people) THEN row_of(s.video_id, p.track, p.start_us)
            ELSE p.track END AS row,
        CASE WHEN json_valid(p.payload) THEN json_extract(p.payload, '$.confidence') END AS confidence
    FROM shown s JOIN predictions p ON p.run_id = s.id
    WHERE NOT EXISTS (SELECT 1 FROM verdicts d WHERE d.prediction_id = p.id
        AND (d.annotator = :reader OR NOT (SELECT v.independent FROM videos v WHERE v.id = s.video_id)))
)
SELECT video_id, question, front, label, row, count(*) AS waiting,
    max(1 - abs(2 * min(1, max(0, coalesce(confidence, score))) - 1)) AS unsure
FROM undecided WHERE row IS NOT NULL
    AND (:lowest IS NULL OR score >= :lowest) AND (:highest IS NULL OR score <= :highest)
GROUP BY video_id, question, front, label, row
"""


def waiting(db: sqlite3.Connection, wanted: Undecided, reader: Reader | None = None) -> dict[str, list[Any]]:
    """`videos` with predictions that fit and nobody decided about, or in videos that are annotated independently not
    the reader: `id`, `name`, how many are `waiting`, and how
    `unsure` the least sure one is (0…1, as assets/web/js/model/review-queue.js says it), those with most first. And
    what else can be chosen: `labels`, `rows`, `questions`, and `annotators` of these videos, most frequent first."""
    named = {
        row["video_id"]: people.of_video(db, row["video_id"])["names"]
        for row in db.execute("SELECT DISTINCT video_id FROM people").fetchall()
    }
    db.create_function("row_of", 3, lambda video, track, start_us: people.row_of(named[video], track, start_us))
    makers: dict[str, Counter[str]] = {}
    for row in db.execute(
        "SELECT video_id, annotator, count(*) AS made FROM annotations a JOIN videos v ON v.id = a.video_id "
        f"WHERE NOT deleted AND {SEEN} GROUP BY video_id, annotator",
        parameters(reader),
    ):
        makers.setdefault(row["video_id"], Counter())[row["annotator"]] = row["made"]
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("labels", "rows", "questions")}
    found: dict[str, tuple[int, float]] = {}
    everywhere: set[str] = set()
    bounds = {"lowest": wanted.lowest, "highest": wanted.highest}
    for row in db.execute(_ASKED, {**bounds, "reader": reader.name if reader else ""}):
        everywhere.add(row["video_id"])
        if row["question"]:
            counts["questions"][row["question"]] += row["waiting"]
        if row["front"]:
            counts["labels"][row["label"]] += row["waiting"]
            counts["rows"][row["row"]] += row["waiting"]
        if _fits(row, wanted) and (not wanted.by or wanted.by in makers.get(row["video_id"], ())):
            count, unsure = found.get(row["video_id"], (0, 0.0))
            found[row["video_id"]] = count + row["waiting"], max(unsure, row["unsure"])
    names = {row["id"]: row["name"] for row in db.execute("SELECT id, name FROM videos")}
    videos = [{"id": id, "name": names[id], "waiting": n, "unsure": unsure} for id, (n, unsure) in found.items()]
    annotators = sum((makers.get(video, Counter()) for video in everywhere), Counter[str]())
    return {
        "videos": sorted(videos, key=lambda video: (-video["waiting"], video["name"], video["id"])),
        **{name: _frequent(count) for name, count in counts.items()},
        "annotators": _frequent(annotators),
    }


def _fits(row: sqlite3.Row, wanted: Undecided) -> bool:
    return (
        (row["question"] == wanted.question if wanted.question else bool(row["front"]))
        and wanted.label in ("", row["label"])
        and wanted.row in ("", row["row"])
    )


def _frequent(counts: Counter[str]) -> list[str]:
    named = ((name, count) for name, count in counts.items() if name)
    return [name for name, _ in sorted(named, key=lambda each: (-each[1], each[0]))[:CHOICES]]
