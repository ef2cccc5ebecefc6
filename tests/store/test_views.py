"""The views for people with a SQL prompt, by plain sqlite3, which knows nothing of this product."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.service import Studio
from studio.service.find import parse
from studio.store import videos
from studio.store.segments import STATUSES
from tests.service.test_find import library

__all__ = ["library"]  # the fixture
DOCS = (Path(__file__).parents[2] / "docs" / "find.md").read_text("utf-8")


@pytest.fixture
def sql(library: Studio) -> Iterator[sqlite3.Connection]:
    path = library.settings.database
    opened = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    opened.row_factory = sqlite3.Row
    yield opened
    opened.close()


def rows(sql: sqlite3.Connection, asked: str) -> list[dict[str, Any]]:
    return [dict(row) for row in sql.execute(asked)]


def test_the_columns_are_those_that_the_page_says(sql: sqlite3.Connection) -> None:
    said = dict(re.findall(r"^\| `(\w+_s)` \|[^|]*\| (.*) \|$", DOCS, re.MULTILINE))
    assert set(said) == {row["name"] for row in rows(sql, "SELECT name FROM sqlite_master WHERE type = 'view'")}
    for view, columns in said.items():
        made = [row["name"] for row in rows(sql, f"PRAGMA table_info({view})")]
        assert made == re.findall(r"`(\w+)`", columns), view


def test_segments_are_those_that_find_looks_at(library: Studio, sql: sqlite3.Connection) -> None:
    found = library.find.ask(parse({"segments": [{"statuses": list(STATUSES)}]}))
    wanted = {
        (each["id"], each["kind"], each["video_id"], moment["video"]["name"], each["track"], each["label"],
         each["start_us"], each["end_us"], each["note"], each["status"], each["annotator"], each["score"])
        for moment in found.moments for each in moment["segments"]
    }  # fmt: skip
    columns = "id, kind, video_id, video, track, label, start_us, end_us, note, status, annotator, score"
    assert {tuple(row) for row in sql.execute(f"SELECT {columns} FROM segments_s")} == wanted
    assert found.count == len(rows(sql, "SELECT id FROM segments_s")) == 11


def test_times_are_seconds_and_attributes_json(sql: sqlite3.Connection) -> None:
    (row,) = rows(sql, "SELECT *, attributes ->> '$.intensity' AS intensity FROM segments_s WHERE id = 'nod2'")
    assert (row["start"], row["end"], row["duration"], row["start_us"]) == (10.0, 10.5, 0.5, 10_000_000)
    assert row["intensity"] == "5"
    (line,) = rows(sql, "SELECT * FROM lines_s WHERE text LIKE 'Guten%'")
    assert (line["video"], line["start"], line["end"], line["speaker"]) == ("talk.mp4", 1.5, 3.5, "Anna")
    assert rows(sql, "SELECT attributes ->> '$.speaker' AS who FROM segments_s WHERE kind = 'line'")[0]["who"] == "Anna"
    assert rows(sql, "SELECT id, verdict FROM predictions_s ORDER BY id") == [
        {"id": "p0", "verdict": ""}, {"id": "p1", "verdict": "rejected"}]  # fmt: skip
    (made,) = rows(sql, "SELECT video, duration, attributes FROM annotations_s WHERE id = 'shake'")
    assert made == {"video": "talk.mp4", "duration": 1.0, "attributes": "{}"}
    assert [row["duration"] for row in rows(sql, "SELECT duration FROM videos_s")] == [60.0, 60.0]


def test_what_was_removed_is_in_no_view(library: Studio, sql: sqlite3.Connection) -> None:
    library.store.write(lambda db: videos.put_aside(db, "v1", "ann"))
    for view in ("segments_s", "annotations_s", "predictions_s", "lines_s", "videos_s"):
        assert {
            row["video"]
            for row in rows(sql, f"SELECT {'name' if view == 'videos_s' else 'video'} AS video FROM {view}")
        } <= {"Interview Été.mp4"}


def test_the_statements_of_the_page_run(library: Studio, sql: sqlite3.Connection) -> None:
    library.store.write(lambda db: db.execute("UPDATE annotations SET label = 'question' WHERE label = 'nod'"))
    library.store.write(lambda db: db.execute("UPDATE annotations SET label = 'answer' WHERE label = 'smile'"))
    statements = [
        each for block in re.findall(r"```sql\n(.*?)```", DOCS, re.DOTALL) for each in block.split(";") if each.strip()
    ]
    assert len(statements) == 2
    first, second = (rows(sql, each) for each in statements)
    assert first == [{"video": "talk.mp4", "start": 1.0, "end": 2.0, "gap": 1.0}]
    assert {row["label"] for row in second} >= {"question", "answer", "head shake"}
