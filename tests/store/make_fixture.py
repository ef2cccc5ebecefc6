"""Writes the text dump of a library of this release: `python -m tests.store.make_fixture NAME`, once a released schema.

The dump is what a migration must carry over; it is never made again for a schema that was released.
"""

import sqlite3
import sys
from pathlib import Path

from sqlite_utils import Database

from studio.store import migrations

FOLDER = Path(__file__).parent / "schemas"

# What the older tables hold, by the migration that brought them; times in µs.
CONTENT = {
    "m001_first_tables": """
INSERT INTO videos VALUES ('v1', 'talk ü.mp4', '/films/talk ü.mp4', 'ab', 1000, 0, 60000000, 640, 360, 0, 25.0, 0, 1500,
    'h264', 'aac', 1, '2026-01-02T03:04:05.678+00:00');
INSERT INTO runs VALUES ('r1', 'v1', 'grounding', 'peaks', '1', '{"top": 5}', 'a dog', '{"curve": {}}', 'done',
    '2026-01-02T03:04:06.000+00:00', 1);
INSERT INTO predictions VALUES ('p1', 'r1', 'Moments', 5000000, 9000000, 'a dog', 0.7, NULL);
INSERT INTO predictions VALUES ('p2', 'r1', 'Moments', 15000000, 19000000, 'a dog', 0.25, '{"confidence": 0.5}');
INSERT INTO annotations VALUES ('a1', 'v1', 'Moments', 5000000, 9100000, 'a dog', 'note; with a semicolon',
    'correction', 'p1', 'ann', 2, 0);
INSERT INTO annotations VALUES ('a2', 'v1', 'Moments', 1, 2, 'gone', '', 'manual', NULL, 'bob', 1, 1);
INSERT INTO revisions VALUES (1, 'v1', 'e1', 'a1', 'p1', 'create', NULL, '{}', 'ann', '2026-01-02T03:04:07.000+00:00');
INSERT INTO revisions VALUES (3, 'v1', 'e2', 'a1', 'p1', 'update', '{}', '{}', 'ann', '2026-01-02T03:04:06.500+00:00');
INSERT INTO verdicts VALUES ('p1', 'ann', 'corrected', 3);
INSERT INTO labels (track, label, colour, hotkey, position) VALUES ('Moments', 'a dog', '#123456', 'd', 1);
INSERT INTO jobs VALUES ('j1', 'index', 'v1', '{}', 'queued', 0.0, '', NULL, NULL, 0,
    '2026-01-02T03:04:08.000+00:00', 1);
""",
    "m002_words": """
INSERT INTO lines VALUES (1, 'v1', 0, 1000000, 'Good morning');
INSERT INTO lines VALUES (7, 'v1', 1000000, 2000000, 'Là-bas');
INSERT INTO questions VALUES ('a dog', 3, '2026-01-02T03:04:09.000+00:00');
INSERT INTO searches VALUES ('s1', 'dogs', '{"text": "a dog"}', 'ann', '2026-01-02T03:04:10.000+00:00');
""",
    "m003_people": """
INSERT INTO people VALUES (1, 'v1', '{"names": {}}', 'ann', '2026-01-02T03:04:11.000+00:00');
""",
    "m004_imports": """
INSERT INTO imports VALUES (1, 'i1', 'talk.eaf', 'elan', 'annotations', 'ann', '2026-01-02T03:04:12.000+00:00', NULL,
    '{}');
INSERT INTO imported VALUES ('a1', 'i1', 0.5);
INSERT INTO boxes VALUES ('i1', 'v1', 'Person 1', '[[0, 1, 2, 3, 4]]');
""",
    "m006_team": """
INSERT INTO tracks (track, closed) VALUES ('Moments', 1);
INSERT INTO users VALUES ('ann', 'scrypt$AA==$AA==', '2026-01-02T03:04:13.000+00:00');
INSERT INTO sessions VALUES ('token', 'ann', '2099-01-02T03:04:13.000+00:00');
""",
    "m007_rights": """
INSERT INTO users VALUES ('bob', 'scrypt$AA==$AA==', '2026-01-02T03:04:14.000+00:00', 0);
UPDATE videos SET added_by = 'bob';
INSERT INTO searches VALUES ('s2', 'cats', '{"query": "a cat"}', 'bob', '2026-01-02T03:04:14.000+00:00',
    '2026-01-02T03:04:15.000+00:00', 'bob');
""",
    "m010_timelines": """
UPDATE annotations SET attributes = '{"hand": "left"}' WHERE id = 'a1';
INSERT INTO lines VALUES (8, 'v1', 3000000, 4000000, 'heard', 'typed', 2, 0, 'ann');
INSERT INTO line_revisions VALUES (1, 'v1', 8, 'create', NULL, '{}', 'ann', '2026-01-02T03:04:16.000+00:00');
""",
    "m020_file_facts": """
UPDATE videos SET notes = '["cut off"]', tracks = '{"sounds": [], "texts": []}', text_file = 'talk.srt';
INSERT INTO lines VALUES (9, 'v1', 5000000, 6000000, 'read', 'file', 1, 0, '');
""",
    "m030_line_origins": """
UPDATE lines SET origin = 'talk.srt' WHERE id = 9;
""",
    "m033_words": """
INSERT INTO lines VALUES (10, 'v1', 7000000, 8000000, 'spoken', 'speech', 1, 0, '', 'whisper-base',
    '[[7000000, 7900000, "spoken", 0.75]]');
""",
    "m034_line_steps": """
UPDATE lines SET speaker = 'Ann' WHERE id = 10;
""",
    "m035_screen_texts": """
INSERT INTO screen_texts VALUES (5, 'v1', 1000000, 2000000, 'Breaking news', 'p1', NULL);
""",
    "m037_preferences": """
INSERT INTO preferences VALUES ('encoder', '"studio-lite"');
""",
    "m038_absences": """
INSERT INTO absences VALUES ('v1', 'Moments', 'a dog', 3000000, 'ann', '2026-01-02T03:04:16.000+00:00');
""",
    "m045_boxes": """
INSERT INTO box_tracks VALUES ('b1', 'v1', 'car', 'the red one', 'ann', 'bob', 2, 0, 3);
INSERT INTO box_keys VALUES ('b1', 1000000, 0.1, 0.2, 0.3, 0.4, 0, 'manual');
INSERT INTO box_keys VALUES ('b1', 2000000, 0.2, 0.2, 0.4, 0.4, 1, 'tracked');
""",
    "m046_traces": """
UPDATE tracks SET low = -1, high = 1 WHERE track = 'Moments';
INSERT INTO traces VALUES ('v1', 'Moments', 'ann', x'0000c03f0000c07f', 3);
""",
    "m047_occluded": """
UPDATE box_keys SET occluded = 1 WHERE time_us = 1000000;
""",
    "m048_box_attributes": """
UPDATE box_tracks SET attributes = '{"colour": "red"}' WHERE id = 'b1';
""",
    "m049_box_media": """
UPDATE box_tracks SET medium_id = 'v1' WHERE id = 'b1';
""",
    "m050_video_list": """
INSERT INTO collections VALUES ('c1', 'to annotate', 'ann', '2026-01-02T03:04:17.000+00:00');
INSERT INTO collection_videos VALUES ('c1', 'v1');
INSERT INTO video_tags VALUES ('interview', 'v1');
INSERT INTO folders VALUES ('/films', 1, 'ann', '2026-01-02T03:04:18.000+00:00');
""",
    "m052_job_times": """
INSERT INTO jobs VALUES ('j2', 'index', 'v1', '{}', 'done', 1.0, '', NULL, '{}', 1, '2026-01-02T03:04:08.000+00:00', 2,
    NULL, NULL, NULL, '2026-01-02T03:05:00.000+00:00', '2026-01-02T03:05:30.000+00:00', 'here', NULL);
""",
}


def dump(db: sqlite3.Connection) -> str:
    """Statements that make the database again; the tables behind full-text search are made by its triggers."""
    made = db.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'spoken\\_%' ESCAPE '\\' "
        "AND name NOT LIKE 'written\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
    ).fetchall()
    lines = [f"{sql};" for _, _, sql in made]
    for kind, name, sql in made:
        if kind != "table" or "VIRTUAL" in sql:
            continue
        for row in db.execute(f"SELECT * FROM {name} ORDER BY rowid"):
            values = ", ".join(db.execute("SELECT quote(?)", (value,)).fetchone()[0] for value in row)
            lines.append(f"INSERT INTO {name} VALUES ({values});")
    # tables refer to later ones: what is whole at the end need not be so on the way
    return "\n".join(["PRAGMA foreign_keys = OFF;", *lines, "PRAGMA foreign_keys = ON;"]) + "\n"


if __name__ == "__main__":
    db = Database(memory=True)
    names = [migration.name for migration in migrations.migrations.pending(db)]
    wanted = sys.argv[1]
    for at, name in enumerate(names[: names.index(wanted) + 1], 1):  # each is filled as it was, before the next one
        migrations.migrations.apply(db, stop_before=names[at:])
        db.conn.executescript(CONTENT.get(name, ""))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{wanted}.sql").write_text(dump(db.conn), encoding="utf-8")
