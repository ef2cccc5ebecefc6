"""How fast a library's annotations are searched, beside a plain list of the same segments and beside SQL."""

import random
from pathlib import Path
from typing import Any

from studio.config import Settings
from studio.service import Studio
from studio.service.find import PAGE, parse
from studio.store import videos
from tests.bench.search import median_ms
from tests.conftest import VIDEO

SEGMENTS, VIDEOS, HOUR_US = 100_000, 100, 3_600_000_000
TRACKS, LABELS = ("Head", "Face", "Hands", "Anna", "Ben"), ("nod", "smile", "shake", "point", "turn")
OVERLAP_SQL = """
SELECT count(*) FROM annotations a WHERE NOT a.deleted AND EXISTS (SELECT 1 FROM annotations b
    WHERE b.video_id = a.video_id AND b.start_us < a.end_us AND b.end_us > a.start_us AND b.track <> a.track
    AND NOT b.deleted)
"""
ANY: dict[str, Any] = {}
OVERLAPS = {"relation": {"is": "overlaps", "other": "track"}}
QUESTIONS: dict[str, dict[str, Any]] = {
    "one label": {"segments": [{"labels": ["nod"]}]},
    "a text in labels and notes": {"segments": [{"text": "not sure"}]},
    "an attribute from 2 to 4": {"segments": [{"attributes": {"strength": "2..4"}}]},
    "any, and any that starts within 2 s after": {"segments": [ANY, {"relation": {"is": "after", "most": 2}}]},
    "any, and any of another row that overlaps": {"segments": [ANY, OVERLAPS]},
    "a nod without a smile within 2 s": {
        "segments": [{"labels": ["nod"]}, {"labels": ["smile"], "relation": {"is": "near", "most": 2, "absent": True}}]
    },
    "a nod, then a smile, then a shake, each within 5 s": {
        "segments": [
            {"labels": ["nod"]},
            {"labels": ["smile"], "relation": {"is": "after", "most": 5}},
            {"labels": ["shake"], "relation": {"is": "after", "most": 5}},
        ]
    },
}  # fmt: skip


def run(folder: Path) -> dict[str, object]:
    """Median ms until the first moments of 100,000 segments in 100 videos of an hour are there; their number is that of
    all. The list that the ratios are beside is of all segments, by the same way."""
    studio = Studio(Settings(home=folder / "find", device="cpu"))
    studio.store.write(fill)

    def spent(question: dict[str, Any]) -> float:
        asked = parse(question)
        return median_ms(lambda: studio.find.ask(asked, most=PAGE))

    try:
        listed = spent({})
        found: dict[str, object] = {f"{SEGMENTS:,} segments: all of them (ms)": round(listed)}
        for name, question in QUESTIONS.items():
            count, took = studio.find.ask(parse(question), most=0).count, spent(question)
            found[f"{name}: {count:,} moments (ms)"] = round(took)
            found[f"{name} : all"] = round(took / listed, 2)
        by_sql = median_ms(lambda: studio.store.read(lambda db: db.execute(OVERLAP_SQL).fetchone()[0]), 1)
        ours = spent(QUESTIONS["any, and any of another row that overlaps"])
        found["any, and any of another row that overlaps: in SQL with an index (ms)"] = round(by_sql)
        found["in SQL : studio find, overlaps"] = round(by_sql / ours, 1)
    finally:
        studio.close()
    return found


def fill(db: Any) -> None:
    drawn = random.Random(0)
    for n in range(VIDEOS):
        facts = {"id": f"v{n}", "name": f"{n}.mp4", "path": f"/films/{n}.mp4", "sha256": f"{n:064x}"}
        videos.insert(db, {**VIDEO, **facts, "duration_us": HOUR_US})
    columns = ("id", "video_id", "timeline_id", "track", "label", "start_us", "end_us", "note", "source", "annotator",
               "edited_by", "version", "attributes")  # fmt: skip
    rows = []
    for n in range(SEGMENTS):
        video, start = f"v{drawn.randrange(VIDEOS)}", drawn.randrange(HOUR_US - 6_000_000)
        note = "not sure" if n % 10 == 0 else ""
        attributes = f'{{"strength": {n % 7}}}' if n % 3 == 0 else "{}"
        end = start + drawn.randrange(200_000, 6_000_000)
        said = (drawn.choice(TRACKS), drawn.choice(LABELS), start, end, note)
        rows.append((f"a{n}", video, video, *said, "manual", "ann", "ann", 1, attributes))
    marks = ", ".join("?" * len(columns))
    db.executemany(f"INSERT INTO annotations ({', '.join(columns)}) VALUES ({marks})", rows)
