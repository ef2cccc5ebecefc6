"""What nobody decided yet in the whole library, of the runs that the timelines of its videos show."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from studio.store import people
from studio.store.readers import OPENLY, SEEN, Reader, parameters
from studio.store.runs import CONFIDENCE, SHOWN_RUNS
from studio.store.teaching import KNOWN
from studio.timeline import ON_SCREEN

CHOICES = 300  # of each kind, the most frequent ones


@dataclass(frozen=True, slots=True)
class Undecided:
    """Which undecided predictions are meant; "" and None let all through.

    `label`, `row` of the timeline, `question` that they answer, and from `lowest` to `highest` how sure the model is,
    0…1: by the confidence, or where nobody measured one by the score. `by`: only in videos in which an annotation of
    this person stands; `video`: only in this one.
    """

    label: str = ""
    row: str = ""
    question: str = ""
    by: str = ""
    lowest: float | None = None
    highest: float | None = None
    video: str = ""


_UNDECIDED = f"""
WITH {SHOWN_RUNS},
each AS (
    SELECT s.video_id, s.question, s.front, s.task, p.id, p.track, p.label, p.start_us, p.end_us, p.payload,
        round(p.score, 4) AS score,
        CASE WHEN s.video_id IN (SELECT video_id FROM people) THEN row_of(s.video_id, p.track, p.start_us)
            ELSE p.track END AS row,
        {CONFIDENCE} AS confidence
    FROM shown s JOIN predictions p ON p.run_id = s.id
    WHERE NOT EXISTS (SELECT 1 FROM verdicts d WHERE d.prediction_id = p.id
        AND (d.annotator = :reader OR NOT (SELECT v.independent FROM videos v WHERE v.id = s.video_id)
            AND {OPENLY.format("d")})) AND NOT {KNOWN}
),
undecided AS (SELECT *, min(1, max(0, coalesce(confidence, score))) AS chance FROM each WHERE row IS NOT NULL),
asked AS (
    SELECT * FROM undecided
    WHERE (:lowest IS NULL OR chance >= :lowest) AND (:highest IS NULL OR chance <= :highest)
)
"""
_COUNTED = f"""{_UNDECIDED}
SELECT video_id, question, front, label, row, count(*) AS waiting,
    max(1 - abs(2 * chance - 1)) AS unsure
FROM asked GROUP BY video_id, question, front, label, row
"""
_MEANT = f"""
    FROM asked a JOIN videos v ON v.id = a.video_id
    WHERE a.track <> :texts
        AND (:label = '' OR a.label = :label) AND (:row = '' OR a.row = :row) AND (:video = '' OR a.video_id = :video)
        AND (:question = '' OR a.question = :question)
        AND (:by = '' OR EXISTS (SELECT 1 FROM annotations a WHERE a.video_id = v.id AND a.annotator = :by
            AND NOT a.deleted AND {SEEN}))
"""
_EACH = f"""{_UNDECIDED}
SELECT a.*, v.name, v.independent, v.duration_us, v.width, v.start_us AS media_us, v.browser_playable
    {_MEANT}
    ORDER BY a.chance DESC, a.id
"""
_PROPOSED = f"""
WITH {SHOWN_RUNS}
SELECT p.id, s.video_id, p.start_us, p.end_us, (SELECT d.verdict FROM verdicts d WHERE d.prediction_id = p.id
        AND (d.annotator = :reader OR NOT v.independent AND {OPENLY.format("d")})
        ORDER BY d.seq DESC LIMIT 1) AS verdict
    FROM shown s JOIN predictions p ON p.run_id = s.id JOIN videos v ON v.id = s.video_id
    WHERE s.task = 'detection' AND p.label = :label AND p.track = :track
"""


def waiting(db: sqlite3.Connection, wanted: Undecided, reader: Reader | None = None) -> dict[str, list[Any]]:
    """`videos` with predictions that fit and nobody decided about, or in videos that are annotated independently not
    the reader: `id`, `name`, how many are `waiting`, and how
    `unsure` the least sure one is (0…1, as assets/web/js/model/review-queue.js says it), those with most first. And
    what else can be chosen: `labels`, `rows`, `questions`, and `annotators` of these videos, most frequent first."""
    people.define_row_of(db)
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
    for row in db.execute(_COUNTED, {**bounds, "reader": reader.name if reader else ""}):
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


def undecided_counts(
    db: sqlite3.Connection, videos: Sequence[str] | None, reader: Reader | None = None
) -> dict[str, int]:
    """How many predictions of these videos, or of all, nobody decided about, of what their timelines show in front."""
    people.define_row_of(db)
    values = {"lowest": None, "highest": None, "reader": reader.name if reader else ""}
    if videos is None:
        rows = db.execute(f"{_UNDECIDED} SELECT video_id, count(*) FROM asked WHERE front GROUP BY video_id", values)
        return dict(rows)
    one = f"{_UNDECIDED} SELECT count(*) FROM asked WHERE front AND video_id = :video"
    counted = {video: db.execute(one, {**values, "video": video}).fetchone()[0] for video in videos}
    return {video: count for video, count in counted.items() if count}


def undecided(db: sqlite3.Connection, wanted: Undecided, reader: Reader | None = None) -> list[dict[str, Any]]:
    """The predictions that fit and nobody decided about, or of videos that are annotated independently not the reader,
    of all questions, but no texts on the screen, the surest first: `id`, `video_id`, `name` of the video and
    whether it is `independent`, `task`, `track`, `row` of the timeline, `label`, `question`, `start_us`,
    `end_us`, `score`, `confidence` or None, `chance` (how sure the model is, 0…1), `payload` as JSON, and of the video
    `duration_us`, `width`, `media_us` (its `start_us`) and `browser_playable`."""
    people.define_row_of(db)
    return [dict(row) for row in db.execute(_EACH, _values(wanted, reader))]


def count(db: sqlite3.Connection, wanted: Undecided, reader: Reader | None = None) -> int:
    """How many `undecided` has."""
    people.define_row_of(db)
    return int(db.execute(f"{_UNDECIDED} SELECT count(*) {_MEANT}", _values(wanted, reader)).fetchone()[0])


def of_detectors(
    db: sqlite3.Connection, wanted: Undecided, videos: Iterable[str], reader: Reader | None = None
) -> list[dict[str, Any]]:
    """Of these videos, those of `undecided` that detectors of labels found: `video_id`, `start_us`, `end_us`."""
    people.define_row_of(db)
    asked = (
        f"{_UNDECIDED} SELECT a.video_id, a.start_us, a.end_us {_MEANT} AND a.task = 'detection' "
        "AND a.video_id IN (SELECT value FROM json_each(:videos))"
    )
    return [dict(row) for row in db.execute(asked, {**_values(wanted, reader), "videos": json.dumps(list(videos))})]


def _values(wanted: Undecided, reader: Reader | None) -> dict[str, Any]:
    said = {name: getattr(wanted, name) for name in Undecided.__slots__}
    return {**said, **parameters(reader), "texts": ON_SCREEN}


def still_open(db: sqlite3.Connection, ids: Sequence[str], reader: Reader | None = None) -> set[str]:
    """Those of these predictions that nobody decided about, of videos that are annotated independently not the reader;
    also of a run that is not the newest any more: somebody may be looking at it."""
    rows = db.execute(
        "SELECT p.id FROM predictions p JOIN runs r ON r.id = p.run_id JOIN videos v ON v.id = r.video_id "
        "AND v.removed IS NULL WHERE p.id IN (SELECT value FROM json_each(:ids)) AND NOT EXISTS (SELECT 1 "
        "FROM verdicts d WHERE d.prediction_id = p.id AND (d.annotator = :reader OR NOT v.independent "
        f"AND {OPENLY.format('d')}))",
        {"ids": json.dumps(list(ids)), "reader": reader.name if reader else ""},
    )
    return {row["id"] for row in rows}


def proposed(db: sqlite3.Connection, track: str, label: str, reader: Reader | None = None) -> list[dict[str, Any]]:
    """All that the newest detectors of a label found: `id`, `video_id`, `start_us`, `end_us`, and the `verdict` of
    anybody, or of the reader where annotators work independently, or None."""
    values = {"reader": reader.name if reader else "", "track": track, "label": label}
    return [dict(row) for row in db.execute(_PROPOSED, values)]


def _fits(row: sqlite3.Row, wanted: Undecided) -> bool:
    return (
        (row["question"] == wanted.question if wanted.question else bool(row["front"]))
        and wanted.label in ("", row["label"])
        and wanted.row in ("", row["row"])
    )


def _frequent(counts: Counter[str]) -> list[str]:
    named = ((name, count) for name, count in counts.items() if name)
    return [name for name, _ in sorted(named, key=lambda each: (-each[1], each[0]))[:CHOICES]]
