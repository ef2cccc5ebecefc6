"""The tables of studio.db, as migrations that commit together with their record.

Times are integer µs; the views whose names end with _s say them in seconds for people with a SQL prompt (docs/find.md).
"""

from studio.errors import NewerSchema
from studio.store.names import folder_of, natural
from studio.store.sqlite_utils_import import Database, Migrations

migrations = Migrations("studio")


@migrations()
def m001_first_tables(db: Database) -> None:
    """The data model of the first release."""
    _run(db, _FIRST)


@migrations()
def m002_words(db: Database) -> None:
    """What is said in videos, for search by words; the questions people asked; the searches they keep."""
    _run(db, _WORDS)


@migrations()
def m003_people(db: Database) -> None:
    """Who the faces of a video are: names, merges, splits and deletions of face tracks."""
    _run(db, _PEOPLE)


@migrations()
def m004_imports(db: Database) -> None:
    """Annotation files that were imported: what came with each, so that it can be undone as one."""
    _run(db, _IMPORTS)


@migrations()
def m006_team(db: Database) -> None:
    """Which tracks take only the labels of the schema; who may log in."""
    _run(db, _TEAM)


@migrations()
def m007_rights(db: Database) -> None:
    """Whose a video is, and what was removed and can be brought back; which users are admins: all that there are, since
    everybody could do everything until now."""
    _run(db, _RIGHTS)


@migrations()
def m010_timelines(db: Database) -> None:
    """Timelines with several media, of which each video has one of its own, and attributes of annotations; where each
    line of a transcript comes from, its version, and its history; who runs a job, and until when.

    Lines that are there may be typed or of a file, which nobody wrote down: they count as typed, and are not replaced.
    """
    _run(db, _TIMELINES)
    _run(db, _TRANSCRIPTS)
    _run(db, _LEASES)


@migrations()
def m020_file_facts(db: Database) -> None:
    """What is known to be wrong with a video's file, its tracks of sound and subtitles, and those that were chosen.

    Of videos that were added before, `tracks` is empty until they are added again.
    """
    _run(db, _FILE_FACTS)


@migrations()
def m030_line_origins(db: Database) -> None:
    """Which file or stream each line of a transcript was read from; nothing of those that are there already."""
    _run(db, "ALTER TABLE lines ADD COLUMN origin TEXT NOT NULL DEFAULT ''")


@migrations()
def m031_last_editor(db: Database) -> None:
    """Who changed an annotation last, which `annotator` said until now; `annotator` is who made it, by its history.

    One whose history does not say so keeps its annotator.
    """
    _run(db, _LAST_EDITOR)


@migrations()
def m032_independent(db: Database) -> None:
    """Videos whose annotators do not see each other's work, and who is done with a video."""
    _run(db, _INDEPENDENT)


@migrations()
def m033_words(db: Database) -> None:
    """The words of a line, each with its time and how sure a model was of it."""
    _run(db, "ALTER TABLE lines ADD COLUMN words TEXT NOT NULL DEFAULT ''")


@migrations()
def m034_line_steps(db: Database) -> None:
    """Which step of a person each change of a line belongs to, so that it is undone as one; and who says a line, where
    a person said so."""
    _run(db, _LINE_STEPS)


@migrations()
def m035_screen_texts(db: Database) -> None:
    """What is written on the screen, findable by its words: what models read, and what people made of it."""
    _run(db, _SCREEN_TEXTS)


@migrations()
def m036_reviewed(db: Database) -> None:
    """Stretches of videos that a person looked through."""
    _run(db, _REVIEWED)


@migrations()
def m037_preferences(db: Database) -> None:
    """What was chosen for the whole library."""
    _run(db, "CREATE TABLE preferences (name TEXT PRIMARY KEY, value TEXT NOT NULL)")


@migrations()
def m038_absences(db: Database) -> None:
    """Instants at which a person said that a label is not there."""
    _run(db, _ABSENCES)


@migrations()
def m039_marked(db: Database) -> None:
    """Of a segment that was marked while the video played, where the playhead was and how fast it went."""
    _run(db, _MARKED)


@migrations()
def m041_views(db: Database) -> None:
    """Views for people with a SQL prompt: segments of every kind, lines and videos; and in those of annotations and
    predictions what was missing."""
    _run(db, _VIEWS)


@migrations()
def m042_kinds(db: Database) -> None:
    """What the key of a label makes: a segment, a point, or a state that lasts until it is ended; and tracks on which
    only one state holds at a time."""
    _run(db, "ALTER TABLE labels ADD COLUMN kind TEXT NOT NULL DEFAULT 'segment'")
    _run(db, "ALTER TABLE tracks ADD COLUMN exclusive INTEGER NOT NULL DEFAULT 0")


@migrations()
def m043_schema(db: Database) -> None:
    """The typed attributes of labels and of tracks, and tracks whose segments belong to those of another one."""
    _run(db, "ALTER TABLE labels ADD COLUMN attributes TEXT NOT NULL DEFAULT '[]'")
    _run(db, "ALTER TABLE tracks ADD COLUMN attributes TEXT NOT NULL DEFAULT '[]'")
    _run(db, "ALTER TABLE tracks ADD COLUMN parent TEXT")
    _run(db, "ALTER TABLE tracks ADD COLUMN dependency TEXT NOT NULL DEFAULT ''")


@migrations()
def m045_boxes(db: Database) -> None:
    """Boxes over time: objects of a video, by their key frames."""
    _run(db, _BOXES)


@migrations()
def m046_traces(db: Database) -> None:
    """Continuous ratings: tracks that are drawn as curves, and what each annotator drew."""
    _run(db, _TRACES)


@migrations()
def m047_occluded(db: Database) -> None:
    """From which key frames of boxes over time on something covers a part of the object."""
    _run(db, "ALTER TABLE box_keys ADD COLUMN occluded INTEGER NOT NULL DEFAULT 0")


@migrations()
def m048_box_attributes(db: Database) -> None:
    """What boxes over time are like, as the schema has it."""
    _run(db, "ALTER TABLE box_tracks ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}'")


@migrations()
def m049_box_media(db: Database) -> None:
    """Boxes over a camera that is not the main one: which it is; NULL is the main medium."""
    db.execute("ALTER TABLE box_tracks ADD COLUMN medium_id TEXT REFERENCES videos(id) ON DELETE CASCADE")


@migrations()
def m050_video_list(db: Database) -> None:
    """What a library of many videos is sorted, found and grouped by: names that sort as people count, folders, when a
    video was last edited, what was last known of its files; tags and collections. Folders that are being added or
    watched. Reads of the queue by video."""
    _run(db, _VIDEO_LIST)
    named = [(natural(row["name"]), folder_of(row["path"]), row["id"]) for row in db["videos"].rows]
    db.conn.executemany("UPDATE videos SET name_key = ?, folder = ? WHERE id = ?", named)


@migrations()
def m052_job_times(db: Database) -> None:
    """When a job began and ended, on which machine, and when a person asked for it last: how long work takes here is
    measured, and what somebody waits for is not held back with the rest. Of what ended before, nothing is known."""
    _run(db, _JOB_TIMES)


@migrations()
def m053_library(db: Database) -> None:
    """Which library this is, so that what belongs to it is not taken for another's."""
    _run(db, _LIBRARY)


@migrations()
def m054_by_prediction(db: Database) -> None:
    """Who decided about a prediction, or made something of it, is found by it: what nobody did is deleted with its
    run."""
    _run(db, _BY_PREDICTION)


@migrations()
def m055_renamed(db: Database) -> None:
    """A label that was renamed has its new name also where a detector proposed it; else a prediction stays as it is."""
    _run(db, _RENAMED)


@migrations()
def m056_clock_rates(db: Database) -> None:
    """How fast the clock of another camera runs: what is at t of it is at offset + rate * t of the timeline."""
    _run(db, "ALTER TABLE timeline_media ADD COLUMN rate REAL NOT NULL DEFAULT 1")


@migrations()
def m057_asked_by(db: Database) -> None:
    """Who asked for a job; "" for what is done by itself, and for what was asked before."""
    _run(db, "ALTER TABLE jobs ADD COLUMN asked_by TEXT NOT NULL DEFAULT ''")


def _run(db: Database, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


_BY_PREDICTION = """
CREATE INDEX annotations_of_prediction ON annotations(prediction_id);
CREATE INDEX revisions_of_prediction ON revisions(prediction_id);
CREATE INDEX screen_texts_of_prediction ON screen_texts(prediction_id);
"""

_RENAMED = """
DROP TRIGGER predictions_are_never_updated;
CREATE TRIGGER predictions_are_never_updated
    BEFORE UPDATE OF id, run_id, track, start_us, end_us, score, payload ON predictions
    BEGIN SELECT RAISE(ABORT, 'a prediction is never updated'); END;
"""

_VIDEO_LIST = """
ALTER TABLE videos ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE videos ADD COLUMN folder TEXT NOT NULL DEFAULT '';
ALTER TABLE videos ADD COLUMN edited TEXT NOT NULL DEFAULT '';
ALTER TABLE videos ADD COLUMN indexed TEXT NOT NULL DEFAULT '';
ALTER TABLE videos ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE videos ADD COLUMN modified_ns INTEGER NOT NULL DEFAULT 0;
UPDATE videos SET edited = coalesce((SELECT max(at) FROM revisions r WHERE r.video_id = videos.id), '');
CREATE TRIGGER video_edited AFTER INSERT ON revisions
    BEGIN UPDATE videos SET edited = new.at WHERE id = new.video_id; END;
CREATE INDEX videos_by_name ON videos(name_key);
CREATE INDEX videos_by_length ON videos(duration_us);
CREATE INDEX videos_by_edit ON videos(edited);
CREATE INDEX videos_by_folder ON videos(folder);
CREATE INDEX videos_by_content ON videos(sha256);
CREATE INDEX videos_counted ON videos(removed, width, indexed, lost, duration_us);
CREATE INDEX jobs_by_kind ON jobs(state, kind);
CREATE INDEX jobs_by_position ON jobs(position);
CREATE INDEX jobs_of_video ON jobs(video_id, kind, state);
CREATE TABLE collections (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_by TEXT NOT NULL, created TEXT NOT NULL
);
CREATE TABLE collection_videos (
    collection_id TEXT NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
    video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, PRIMARY KEY (collection_id, video_id)
);
CREATE INDEX collections_of_video ON collection_videos(video_id);
CREATE TABLE video_tags (
    tag TEXT NOT NULL, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, PRIMARY KEY (tag, video_id)
);
CREATE INDEX tags_of_video ON video_tags(video_id);
CREATE TABLE folders (
    path TEXT PRIMARY KEY, watched INTEGER NOT NULL, added_by TEXT NOT NULL, at TEXT NOT NULL
);
"""

_TRACES = """
ALTER TABLE tracks ADD COLUMN low REAL;
ALTER TABLE tracks ADD COLUMN high REAL;
CREATE TABLE traces (
    video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, track TEXT NOT NULL, annotator TEXT NOT NULL,
    samples BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (video_id, track, annotator)
);
"""

_LAST_EDITOR = """
ALTER TABLE annotations ADD COLUMN edited_by TEXT NOT NULL DEFAULT '';
UPDATE annotations SET edited_by = annotator;
UPDATE annotations SET annotator = coalesce((SELECT r.annotator FROM revisions r WHERE r.annotation_id = annotations.id
    AND r.before IS NULL ORDER BY r.seq LIMIT 1), annotator);
DROP VIEW annotations_s;
CREATE VIEW annotations_s AS SELECT a.id, video_id, track, a.start_us / 1e6 AS start, end_us / 1e6 AS end, label, note,
    source, prediction_id, annotator, version, edited_by FROM annotations a JOIN videos v ON v.id = video_id
    WHERE NOT deleted AND v.removed IS NULL;
"""

_INDEPENDENT = """
ALTER TABLE videos ADD COLUMN independent INTEGER NOT NULL DEFAULT 0;
CREATE TABLE finished (
    video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, annotator TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (video_id, annotator)
);
"""

_REVIEWED = """
CREATE TABLE reviewed (
    id TEXT PRIMARY KEY, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, track TEXT NOT NULL,
    start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, annotator TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX reviewed_of_video ON reviewed(video_id, start_us);
"""

_ABSENCES = """
CREATE TABLE absences (
    video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, track TEXT NOT NULL, label TEXT NOT NULL,
    time_us INTEGER NOT NULL, annotator TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (video_id, track, label, time_us, annotator)
);
"""

_MARKED = """
ALTER TABLE revisions ADD COLUMN marked TEXT NOT NULL DEFAULT '';
CREATE INDEX marked_revisions ON revisions(annotator, seq) WHERE marked <> '';
"""

_VIEWS = """
DROP VIEW IF EXISTS annotations_s;
DROP VIEW IF EXISTS predictions_s;
CREATE VIEW annotations_s AS SELECT a.id, video_id, track, a.start_us / 1e6 AS start, end_us / 1e6 AS end, label, note,
    source, prediction_id, annotator, version, edited_by, v.name AS video, (end_us - a.start_us) / 1e6 AS duration,
    attributes FROM annotations a JOIN videos v ON v.id = video_id WHERE NOT deleted AND v.removed IS NULL;
CREATE VIEW predictions_s AS SELECT p.id, r.video_id, r.task, r.model, r.query, p.track, p.start_us / 1e6 AS start,
    end_us / 1e6 AS end, label, score, v.name AS video,
    coalesce((SELECT d.verdict FROM verdicts d WHERE d.prediction_id = p.id ORDER BY d.seq DESC LIMIT 1), '') AS verdict
    FROM predictions p JOIN runs r ON r.id = p.run_id JOIN videos v ON v.id = r.video_id WHERE v.removed IS NULL;
CREATE VIEW lines_s AS SELECT l.id, l.video_id, v.name AS video, l.start_us / 1e6 AS start, l.end_us / 1e6 AS end,
    l.text, l.speaker, l.source, l.origin, l.annotator FROM lines l JOIN videos v ON v.id = l.video_id
    WHERE NOT l.deleted AND v.removed IS NULL;
CREATE VIEW videos_s AS SELECT id, name, duration_us / 1e6 AS duration, fps, frame_count, width, height, added,
    added_by, independent FROM videos WHERE removed IS NULL;
CREATE VIEW segments_s AS WITH newest AS (
    SELECT r.id, r.video_id, row_number() OVER (PARTITION BY r.video_id, r.task, r.model, r.query ORDER BY r.seq DESC)
        AS age
    FROM runs r WHERE CASE WHEN json_valid(r.params) THEN json_type(r.params) = 'object'
        AND json_type(r.params, '$.trial') IS NULL ELSE 0 END
),
each AS (
    SELECT id, 'annotation' AS kind, video_id, track, label, start_us, end_us, note, source AS status, annotator,
        attributes, NULL AS score FROM annotations WHERE NOT deleted
    UNION ALL SELECT p.id, 'prediction', n.video_id, p.track, p.label, p.start_us, p.end_us, '',
        coalesce((SELECT d.verdict FROM verdicts d WHERE d.prediction_id = p.id ORDER BY d.seq DESC LIMIT 1),
        'undecided') AS status, '', '{}', p.score FROM newest n JOIN predictions p ON p.run_id = n.id
        WHERE n.age = 1 AND status IN ('undecided', 'rejected')
    UNION ALL SELECT 'line:' || id, 'line', video_id, 'Speech', text, start_us, end_us, '', 'line', annotator,
        CASE speaker WHEN '' THEN '{}' ELSE json_object('speaker', speaker) END, NULL FROM lines
        WHERE NOT deleted AND end_us > start_us
)
SELECT e.id, e.kind, e.video_id, v.name AS video, e.track, e.label, e.start_us / 1e6 AS start, e.end_us / 1e6 AS end,
    (e.end_us - e.start_us) / 1e6 AS duration, e.start_us, e.end_us, e.note, e.status, e.annotator, e.attributes,
    e.score FROM each e JOIN videos v ON v.id = e.video_id WHERE v.removed IS NULL;
"""

_FILE_FACTS = """
ALTER TABLE videos ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE videos ADD COLUMN tracks TEXT NOT NULL DEFAULT '';
ALTER TABLE videos ADD COLUMN sound_track INTEGER;
ALTER TABLE videos ADD COLUMN text_track INTEGER;
ALTER TABLE videos ADD COLUMN text_file TEXT NOT NULL DEFAULT '';
"""

_FIRST = """
CREATE TABLE videos (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, path TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
    start_us INTEGER NOT NULL, duration_us INTEGER NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, rotation INTEGER NOT NULL,
    fps REAL NOT NULL, vfr INTEGER NOT NULL, frame_count INTEGER NOT NULL, codec TEXT NOT NULL, audio TEXT,
    browser_playable INTEGER NOT NULL, added TEXT NOT NULL
);
CREATE TABLE runs (
    id TEXT PRIMARY KEY, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, task TEXT NOT NULL,
    model TEXT NOT NULL, model_version TEXT NOT NULL, params TEXT NOT NULL, query TEXT, payload TEXT NOT NULL,
    state TEXT NOT NULL, created TEXT NOT NULL, seq INTEGER NOT NULL
);
CREATE INDEX runs_of_video ON runs(video_id, seq);
CREATE TABLE predictions (
    id TEXT PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, track TEXT NOT NULL,
    start_us INTEGER NOT NULL CHECK (start_us >= 0), end_us INTEGER NOT NULL CHECK (end_us > start_us),
    label TEXT NOT NULL, score REAL NOT NULL, payload TEXT
);
CREATE INDEX predictions_of_run ON predictions(run_id, start_us);
CREATE TRIGGER predictions_are_never_updated BEFORE UPDATE ON predictions
    BEGIN SELECT RAISE(ABORT, 'a prediction is never updated'); END;
CREATE TABLE annotations (
    id TEXT PRIMARY KEY, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, track TEXT NOT NULL,
    start_us INTEGER NOT NULL CHECK (start_us >= 0), end_us INTEGER NOT NULL CHECK (end_us > start_us),
    label TEXT NOT NULL, note TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL CHECK (source IN ('manual', 'correction', 'accepted', 'import')),
    prediction_id TEXT REFERENCES predictions(id) ON DELETE SET NULL,
    annotator TEXT NOT NULL, version INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX annotations_of_video ON annotations(video_id, start_us);
CREATE TABLE revisions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, video_id TEXT NOT NULL, edit_id TEXT NOT NULL UNIQUE,
    annotation_id TEXT, prediction_id TEXT, op TEXT NOT NULL, before TEXT, after TEXT, annotator TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX revisions_of_video ON revisions(video_id, seq);
CREATE INDEX revisions_of_annotation ON revisions(annotation_id, seq);
CREATE TRIGGER history_is_append_only BEFORE UPDATE ON revisions
    BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TABLE verdicts (
    prediction_id TEXT NOT NULL REFERENCES predictions(id) ON DELETE CASCADE, annotator TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('accepted', 'corrected', 'rejected')),
    seq INTEGER NOT NULL, PRIMARY KEY (prediction_id, annotator)
);
CREATE TABLE labels (
    track TEXT NOT NULL, label TEXT NOT NULL, colour TEXT NOT NULL, hotkey TEXT, position INTEGER NOT NULL,
    PRIMARY KEY (track, label)
);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, video_id TEXT REFERENCES videos(id) ON DELETE CASCADE,
    params TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    progress REAL NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT '', error TEXT, result TEXT,
    attempts INTEGER NOT NULL DEFAULT 0, created TEXT NOT NULL, position INTEGER NOT NULL
);
CREATE INDEX jobs_by_state ON jobs(state, position);
CREATE VIEW annotations_s AS SELECT id, video_id, track, start_us / 1e6 AS start, end_us / 1e6 AS end, label, note,
    source, prediction_id, annotator, version FROM annotations WHERE NOT deleted;
CREATE VIEW predictions_s AS SELECT p.id, r.video_id, r.task, r.model, r.query, p.track, start_us / 1e6 AS start,
    end_us / 1e6 AS end, label, score FROM predictions p JOIN runs r ON r.id = p.run_id;
"""

_WORDS = """
CREATE TABLE lines (
    id INTEGER PRIMARY KEY, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
    start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, text TEXT NOT NULL
);
CREATE INDEX lines_of_video ON lines(video_id, start_us);
CREATE VIRTUAL TABLE spoken USING fts5(
    text, content='lines', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
);
CREATE TRIGGER lines_added AFTER INSERT ON lines BEGIN INSERT INTO spoken(rowid, text) VALUES (new.id, new.text); END;
CREATE TRIGGER lines_removed AFTER DELETE ON lines
    BEGIN INSERT INTO spoken(spoken, rowid, text) VALUES ('delete', old.id, old.text); END;
CREATE TABLE questions (text TEXT PRIMARY KEY, asked INTEGER NOT NULL, last TEXT NOT NULL);
CREATE TABLE searches (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, question TEXT NOT NULL, annotator TEXT NOT NULL,
    created TEXT NOT NULL
);
"""

_PEOPLE = """
CREATE TABLE people (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
    names TEXT NOT NULL, annotator TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX people_of_video ON people(video_id, seq);
"""

_IMPORTS = """
CREATE TABLE imports (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, file TEXT NOT NULL, format TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('annotations', 'lines')), annotator TEXT NOT NULL, at TEXT NOT NULL,
    undone TEXT, replaced TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE imported (
    annotation_id TEXT PRIMARY KEY REFERENCES annotations(id) ON DELETE CASCADE,
    import_id TEXT NOT NULL REFERENCES imports(id), score REAL
);
CREATE INDEX imported_of_import ON imported(import_id);
CREATE TABLE boxes (
    import_id TEXT NOT NULL REFERENCES imports(id), video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
    track TEXT NOT NULL, boxes TEXT NOT NULL, PRIMARY KEY (video_id, track, import_id)
);
"""

_TIMELINES = """
CREATE TABLE timelines (id TEXT PRIMARY KEY, name TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE timeline_media (
    timeline_id TEXT NOT NULL REFERENCES timelines(id) ON DELETE CASCADE,
    video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
    offset_us INTEGER NOT NULL DEFAULT 0, role TEXT NOT NULL DEFAULT 'main', PRIMARY KEY (timeline_id, video_id)
);
CREATE INDEX timelines_of_video ON timeline_media(video_id);
CREATE TRIGGER timelines_need_media AFTER DELETE ON timeline_media
    WHEN NOT EXISTS (SELECT 1 FROM timeline_media WHERE timeline_id = old.timeline_id)
    BEGIN DELETE FROM timelines WHERE id = old.timeline_id; END;
INSERT INTO timelines SELECT id, name, added FROM videos;
INSERT INTO timeline_media (timeline_id, video_id) SELECT id, id FROM videos;
ALTER TABLE annotations ADD COLUMN timeline_id TEXT REFERENCES timelines(id) ON DELETE CASCADE;
ALTER TABLE annotations ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';
UPDATE annotations SET timeline_id = video_id;
CREATE INDEX annotations_of_timeline ON annotations(timeline_id, start_us);
"""

_LEASES = """
ALTER TABLE jobs ADD COLUMN leased_by TEXT;
ALTER TABLE jobs ADD COLUMN leased_until TEXT;
ALTER TABLE jobs ADD COLUMN heartbeat TEXT;
"""

_JOB_TIMES = """
ALTER TABLE jobs ADD COLUMN began TEXT;
ALTER TABLE jobs ADD COLUMN ended TEXT;
ALTER TABLE jobs ADD COLUMN ran_on TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN asked TEXT;
CREATE INDEX jobs_of_kind ON jobs(kind, video_id, state);
CREATE INDEX jobs_measured ON jobs(kind, ran_on, ended) WHERE state = 'done' AND began IS NOT NULL;
"""

_LIBRARY = """
CREATE TABLE library (id TEXT NOT NULL);
INSERT INTO library VALUES (lower(hex(randomblob(8))));
"""

_TRANSCRIPTS = """
ALTER TABLE lines ADD COLUMN source TEXT NOT NULL DEFAULT 'typed';
ALTER TABLE lines ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE lines ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lines ADD COLUMN annotator TEXT NOT NULL DEFAULT '';
CREATE TABLE line_revisions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, video_id TEXT NOT NULL, line_id INTEGER NOT NULL, op TEXT NOT NULL,
    before TEXT, after TEXT NOT NULL, annotator TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX revisions_of_line ON line_revisions(line_id, seq);
CREATE TRIGGER line_history_is_append_only BEFORE UPDATE ON line_revisions
    BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
DROP TRIGGER lines_removed;
CREATE TRIGGER lines_removed AFTER DELETE ON lines WHEN NOT old.deleted
    BEGIN INSERT INTO spoken(spoken, rowid, text) VALUES ('delete', old.id, old.text); END;
CREATE TRIGGER lines_before_change BEFORE UPDATE ON lines WHEN NOT old.deleted
    BEGIN INSERT INTO spoken(spoken, rowid, text) VALUES ('delete', old.id, old.text); END;
CREATE TRIGGER lines_after_change AFTER UPDATE ON lines WHEN NOT new.deleted
    BEGIN INSERT INTO spoken(rowid, text) VALUES (new.id, new.text); END;
"""

_TEAM = """
CREATE TABLE tracks (track TEXT PRIMARY KEY, closed INTEGER NOT NULL);
CREATE TABLE users (name TEXT PRIMARY KEY, password TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE sessions (
    token TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE, expires TEXT NOT NULL
);
"""

_RIGHTS = """
ALTER TABLE videos ADD COLUMN added_by TEXT NOT NULL DEFAULT '';
ALTER TABLE videos ADD COLUMN removed TEXT;
ALTER TABLE videos ADD COLUMN removed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE searches ADD COLUMN removed TEXT;
ALTER TABLE searches ADD COLUMN removed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN admin INTEGER NOT NULL DEFAULT 0;
UPDATE users SET admin = 1;
DROP VIEW annotations_s;
DROP VIEW predictions_s;
CREATE VIEW annotations_s AS SELECT a.id, video_id, track, a.start_us / 1e6 AS start, end_us / 1e6 AS end, label, note,
    source, prediction_id, annotator, version FROM annotations a JOIN videos v ON v.id = video_id
    WHERE NOT deleted AND v.removed IS NULL;
CREATE VIEW predictions_s AS SELECT p.id, r.video_id, r.task, r.model, r.query, p.track, p.start_us / 1e6 AS start,
    end_us / 1e6 AS end, label, score FROM predictions p JOIN runs r ON r.id = p.run_id
    JOIN videos v ON v.id = r.video_id WHERE v.removed IS NULL;
"""

_LINE_STEPS = """
ALTER TABLE line_revisions ADD COLUMN edit_id TEXT NOT NULL DEFAULT '';
CREATE INDEX line_revisions_of_edit ON line_revisions(edit_id) WHERE edit_id <> '';
ALTER TABLE lines ADD COLUMN speaker TEXT NOT NULL DEFAULT '';
"""

_SCREEN_TEXTS = """
CREATE TABLE screen_texts (
    id INTEGER PRIMARY KEY, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
    start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, text TEXT NOT NULL,
    prediction_id TEXT REFERENCES predictions(id) ON DELETE CASCADE,
    annotation_id TEXT UNIQUE REFERENCES annotations(id) ON DELETE CASCADE
);
CREATE INDEX screen_texts_of_video ON screen_texts(video_id);
CREATE VIRTUAL TABLE written USING fts5(
    text, content='screen_texts', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
);
CREATE TRIGGER screen_texts_added AFTER INSERT ON screen_texts
    BEGIN INSERT INTO written(rowid, text) VALUES (new.id, new.text); END;
CREATE TRIGGER screen_texts_removed AFTER DELETE ON screen_texts
    BEGIN INSERT INTO written(written, rowid, text) VALUES ('delete', old.id, old.text); END;
CREATE TRIGGER screen_annotation_added AFTER INSERT ON annotations
    WHEN new.track = 'On screen' AND new.label <> '' AND NOT new.deleted
    BEGIN INSERT INTO screen_texts (video_id, start_us, end_us, text, annotation_id)
    VALUES (new.video_id, new.start_us, new.end_us, new.label, new.id); END;
CREATE TRIGGER screen_annotation_changed AFTER UPDATE ON annotations
    WHEN 'On screen' IN (old.track, new.track)
    BEGIN DELETE FROM screen_texts WHERE annotation_id = new.id; INSERT INTO screen_texts (video_id, start_us, end_us,
    text, annotation_id) SELECT new.video_id, new.start_us, new.end_us, new.label, new.id
    WHERE new.track = 'On screen' AND new.label <> '' AND NOT new.deleted; END;
INSERT INTO screen_texts (video_id, start_us, end_us, text, annotation_id)
    SELECT video_id, start_us, end_us, label, id FROM annotations
    WHERE track = 'On screen' AND label <> '' AND NOT deleted;
"""

_BOXES = """
CREATE TABLE box_tracks (
    id TEXT PRIMARY KEY, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
    label TEXT NOT NULL, name TEXT NOT NULL, annotator TEXT NOT NULL, edited_by TEXT NOT NULL,
    version INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL
);
CREATE INDEX box_tracks_of_video ON box_tracks(video_id, seq);
CREATE TABLE box_keys (
    box_id TEXT NOT NULL REFERENCES box_tracks(id) ON DELETE CASCADE, time_us INTEGER NOT NULL CHECK (time_us >= 0),
    x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL, hidden INTEGER NOT NULL DEFAULT 0,
    source TEXT NOT NULL CHECK (source IN ('manual', 'tracked', 'import')), PRIMARY KEY (box_id, time_us),
    CHECK (x1 < x2 AND y1 < y2)
);
"""


def is_behind(db: Database) -> bool:
    """Whether this database still lacks a migration of this release (a new file does).

    Raises NewerSchema when it has one that this release does not know.
    """
    applied = {migration.name for migration in migrations.applied(db)}
    if applied - NAMES:
        raise NewerSchema(
            "This library was written by a newer Moment Studio: here it can be looked at and not changed; "
            "update this one to work in it."
        )
    return applied != NAMES


NAMES = frozenset(migration.name for migration in migrations.pending(Database(memory=True)))
