"""Table `screen_texts`: what is written on the screens of videos and when, findable by words.

It holds the predictions of the newest run that read a video, and, by triggers, the annotations of the row `On screen`,
whose labels are what people say is written there.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from studio.store import text_search
from studio.store.readers import OPENLY, SEEN, Reader, parameters
from studio.store.text_search import TextQuery
from studio.timeline import Prediction

Row = dict[str, Any]


def replace_read(db: sqlite3.Connection, video_id: str, found: Iterable[tuple[str, Prediction]]) -> None:
    """What a run read in a video, by the ids of its predictions, in place of what was read there before."""
    db.execute("DELETE FROM screen_texts WHERE video_id = ? AND prediction_id IS NOT NULL", (video_id,))
    db.executemany(
        "INSERT INTO screen_texts (video_id, start_us, end_us, text, prediction_id) VALUES (?, ?, ?, ?, ?)",
        [(video_id, p.segment.start, p.segment.end, p.label, prediction_id) for prediction_id, p in found],
    )


def search(
    db: sqlite3.Connection, asked: TextQuery, videos: Sequence[str] | None = None, reader: Reader | None = None
) -> list[Row]:
    """The texts that say what is asked, best first: `video_id`, `start_us`, `end_us`, `text` and `score` in 0…1; see
    `text_search.search`.

    Of a prediction that somebody decided on, what they made of it counts, as far as a reader may see that.
    """
    columns = ("video_id", "start_us", "end_us", "text", "prediction_id", "annotation_id")
    shown = ", ".join(f"screen_texts.{column}" for column in columns)
    found = text_search.search(db, asked, "written", "screen_texts", shown, videos)
    return [
        {key: row[key] for key in (*columns[:4], "score")}
        for row in found
        if (_is_seen(db, row["annotation_id"], reader) if row["annotation_id"] else _is_open(db, row, reader))
    ]


def of_video(db: sqlite3.Connection, video_id: str) -> list[tuple[int, int, str]]:
    """The texts of a video in order of time, (start_us, end_us, text): what people made of the readings, and the others
    that nobody rejected; where annotators work independently what was read, whatever one of them says of it."""
    asked = f"SELECT s.start_us, s.end_us, s.text FROM {_STANDING} AND s.video_id = ? ORDER BY s.start_us, s.id"
    return [(row["start_us"], row["end_us"], row["text"]) for row in db.execute(asked, (video_id,))]


def states(db: sqlite3.Connection) -> dict[str, str]:
    """For each video that has texts a short text that is another one whenever what `of_video` gives is."""
    asked = (
        "SELECT s.video_id, count(*), total(s.id), "  # what is changed may get the same id again
        "total((SELECT a.version FROM annotations a WHERE a.id = s.annotation_id)), "
        "max(coalesce((SELECT p.run_id FROM predictions p WHERE p.id = s.prediction_id), '')) "
        f"FROM {_STANDING} GROUP BY s.video_id"
    )
    return {row[0]: " ".join(map(str, tuple(row)[1:])) for row in db.execute(asked)}


_STANDING = """screen_texts s JOIN videos v ON v.id = s.video_id WHERE iif(v.independent, s.prediction_id IS NOT NULL,
    s.annotation_id IS NOT NULL
    OR NOT EXISTS (SELECT 1 FROM verdicts d WHERE d.prediction_id = s.prediction_id AND d.verdict = 'rejected')
    AND NOT EXISTS (SELECT 1 FROM annotations a JOIN screen_texts t ON t.annotation_id = a.id
        WHERE a.prediction_id = s.prediction_id))"""


def _is_seen(db: sqlite3.Connection, annotation_id: str, reader: Reader | None) -> bool:
    asked = f"SELECT 1 FROM annotations a JOIN videos v ON v.id = a.video_id WHERE a.id = :id AND {SEEN}"
    return db.execute(asked, {**parameters(reader), "id": annotation_id}).fetchone() is not None


def _is_open(db: sqlite3.Connection, row: Row, reader: Reader | None) -> bool:
    """Whether nobody rejected a prediction or made an annotation of it, as far as a reader may see."""
    asked = (
        "SELECT 1 FROM verdicts a JOIN videos v ON v.id = :video "
        f"WHERE a.prediction_id = :id AND a.verdict = 'rejected' AND {SEEN} "
        f"AND (:admin OR a.annotator = :reader OR {OPENLY.format('a')}) "
        "UNION SELECT 1 FROM annotations a JOIN screen_texts s ON s.annotation_id = a.id "
        f"JOIN videos v ON v.id = a.video_id WHERE a.prediction_id = :id AND {SEEN}"
    )
    values = {**parameters(reader), "video": row["video_id"], "id": row["prediction_id"]}
    return db.execute(asked, values).fetchone() is None
