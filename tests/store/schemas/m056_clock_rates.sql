PRAGMA foreign_keys = OFF;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TABLE videos (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, path TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
    start_us INTEGER NOT NULL, duration_us INTEGER NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, rotation INTEGER NOT NULL,
    fps REAL NOT NULL, vfr INTEGER NOT NULL, frame_count INTEGER NOT NULL, codec TEXT NOT NULL, audio TEXT,
    browser_playable INTEGER NOT NULL, added TEXT NOT NULL
, added_by TEXT NOT NULL DEFAULT '', removed TEXT, removed_by TEXT NOT NULL DEFAULT '', notes TEXT NOT NULL DEFAULT '[]', tracks TEXT NOT NULL DEFAULT '', sound_track INTEGER, text_track INTEGER, text_file TEXT NOT NULL DEFAULT '', independent INTEGER NOT NULL DEFAULT 0, name_key TEXT NOT NULL DEFAULT '', folder TEXT NOT NULL DEFAULT '', edited TEXT NOT NULL DEFAULT '', indexed TEXT NOT NULL DEFAULT '', lost INTEGER NOT NULL DEFAULT 0, modified_ns INTEGER NOT NULL DEFAULT 0);
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
CREATE TABLE annotations (
    id TEXT PRIMARY KEY, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, track TEXT NOT NULL,
    start_us INTEGER NOT NULL CHECK (start_us >= 0), end_us INTEGER NOT NULL CHECK (end_us > start_us),
    label TEXT NOT NULL, note TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL CHECK (source IN ('manual', 'correction', 'accepted', 'import')),
    prediction_id TEXT REFERENCES predictions(id) ON DELETE SET NULL,
    annotator TEXT NOT NULL, version INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0
, timeline_id TEXT REFERENCES timelines(id) ON DELETE CASCADE, attributes TEXT NOT NULL DEFAULT '{}', edited_by TEXT NOT NULL DEFAULT '');
CREATE INDEX annotations_of_video ON annotations(video_id, start_us);
CREATE TABLE revisions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, video_id TEXT NOT NULL, edit_id TEXT NOT NULL UNIQUE,
    annotation_id TEXT, prediction_id TEXT, op TEXT NOT NULL, before TEXT, after TEXT, annotator TEXT NOT NULL,
    at TEXT NOT NULL
, marked TEXT NOT NULL DEFAULT '');
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
    track TEXT NOT NULL, label TEXT NOT NULL, colour TEXT NOT NULL, hotkey TEXT, position INTEGER NOT NULL, kind TEXT NOT NULL DEFAULT 'segment', attributes TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (track, label)
);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, video_id TEXT REFERENCES videos(id) ON DELETE CASCADE,
    params TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    progress REAL NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT '', error TEXT, result TEXT,
    attempts INTEGER NOT NULL DEFAULT 0, created TEXT NOT NULL, position INTEGER NOT NULL
, leased_by TEXT, leased_until TEXT, heartbeat TEXT, began TEXT, ended TEXT, ran_on TEXT NOT NULL DEFAULT '', asked TEXT);
CREATE INDEX jobs_by_state ON jobs(state, position);
CREATE TABLE lines (
    id INTEGER PRIMARY KEY, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
    start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, text TEXT NOT NULL
, source TEXT NOT NULL DEFAULT 'typed', version INTEGER NOT NULL DEFAULT 1, deleted INTEGER NOT NULL DEFAULT 0, annotator TEXT NOT NULL DEFAULT '', origin TEXT NOT NULL DEFAULT '', words TEXT NOT NULL DEFAULT '', speaker TEXT NOT NULL DEFAULT '');
CREATE INDEX lines_of_video ON lines(video_id, start_us);
CREATE VIRTUAL TABLE spoken USING fts5(
    text, content='lines', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
);
CREATE TRIGGER lines_added AFTER INSERT ON lines BEGIN INSERT INTO spoken(rowid, text) VALUES (new.id, new.text); END;
CREATE TABLE questions (text TEXT PRIMARY KEY, asked INTEGER NOT NULL, last TEXT NOT NULL);
CREATE TABLE searches (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, question TEXT NOT NULL, annotator TEXT NOT NULL,
    created TEXT NOT NULL
, removed TEXT, removed_by TEXT NOT NULL DEFAULT '');
CREATE TABLE people (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
    names TEXT NOT NULL, annotator TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX people_of_video ON people(video_id, seq);
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
CREATE TABLE tracks (track TEXT PRIMARY KEY, closed INTEGER NOT NULL, exclusive INTEGER NOT NULL DEFAULT 0, attributes TEXT NOT NULL DEFAULT '[]', parent TEXT, dependency TEXT NOT NULL DEFAULT '', low REAL, high REAL);
CREATE TABLE users (name TEXT PRIMARY KEY, password TEXT NOT NULL, created TEXT NOT NULL, admin INTEGER NOT NULL DEFAULT 0);
CREATE TABLE sessions (
    token TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE, expires TEXT NOT NULL
);
CREATE TABLE timelines (id TEXT PRIMARY KEY, name TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE timeline_media (
    timeline_id TEXT NOT NULL REFERENCES timelines(id) ON DELETE CASCADE,
    video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
    offset_us INTEGER NOT NULL DEFAULT 0, role TEXT NOT NULL DEFAULT 'main', rate REAL NOT NULL DEFAULT 1, PRIMARY KEY (timeline_id, video_id)
);
CREATE INDEX timelines_of_video ON timeline_media(video_id);
CREATE TRIGGER timelines_need_media AFTER DELETE ON timeline_media
    WHEN NOT EXISTS (SELECT 1 FROM timeline_media WHERE timeline_id = old.timeline_id)
    BEGIN DELETE FROM timelines WHERE id = old.timeline_id; END;
CREATE INDEX annotations_of_timeline ON annotations(timeline_id, start_us);
CREATE TABLE line_revisions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, video_id TEXT NOT NULL, line_id INTEGER NOT NULL, op TEXT NOT NULL,
    before TEXT, after TEXT NOT NULL, annotator TEXT NOT NULL, at TEXT NOT NULL
, edit_id TEXT NOT NULL DEFAULT '');
CREATE INDEX revisions_of_line ON line_revisions(line_id, seq);
CREATE TRIGGER line_history_is_append_only BEFORE UPDATE ON line_revisions
    BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER lines_removed AFTER DELETE ON lines WHEN NOT old.deleted
    BEGIN INSERT INTO spoken(spoken, rowid, text) VALUES ('delete', old.id, old.text); END;
CREATE TRIGGER lines_before_change BEFORE UPDATE ON lines WHEN NOT old.deleted
    BEGIN INSERT INTO spoken(spoken, rowid, text) VALUES ('delete', old.id, old.text); END;
CREATE TRIGGER lines_after_change AFTER UPDATE ON lines WHEN NOT new.deleted
    BEGIN INSERT INTO spoken(rowid, text) VALUES (new.id, new.text); END;
CREATE TABLE finished (
    video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, annotator TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (video_id, annotator)
);
CREATE INDEX line_revisions_of_edit ON line_revisions(edit_id) WHERE edit_id <> '';
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
CREATE TABLE reviewed (
    id TEXT PRIMARY KEY, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, track TEXT NOT NULL,
    start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, annotator TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX reviewed_of_video ON reviewed(video_id, start_us);
CREATE TABLE preferences (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE absences (
    video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, track TEXT NOT NULL, label TEXT NOT NULL,
    time_us INTEGER NOT NULL, annotator TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (video_id, track, label, time_us, annotator)
);
CREATE INDEX marked_revisions ON revisions(annotator, seq) WHERE marked <> '';
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
CREATE TABLE box_tracks (
    id TEXT PRIMARY KEY, video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
    label TEXT NOT NULL, name TEXT NOT NULL, annotator TEXT NOT NULL, edited_by TEXT NOT NULL,
    version INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL
, attributes TEXT NOT NULL DEFAULT '{}', medium_id TEXT REFERENCES videos(id) ON DELETE CASCADE);
CREATE INDEX box_tracks_of_video ON box_tracks(video_id, seq);
CREATE TABLE box_keys (
    box_id TEXT NOT NULL REFERENCES box_tracks(id) ON DELETE CASCADE, time_us INTEGER NOT NULL CHECK (time_us >= 0),
    x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL, hidden INTEGER NOT NULL DEFAULT 0,
    source TEXT NOT NULL CHECK (source IN ('manual', 'tracked', 'import')), occluded INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (box_id, time_us),
    CHECK (x1 < x2 AND y1 < y2)
);
CREATE TABLE traces (
    video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE, track TEXT NOT NULL, annotator TEXT NOT NULL,
    samples BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (video_id, track, annotator)
);
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
CREATE INDEX jobs_of_kind ON jobs(kind, video_id, state);
CREATE INDEX jobs_measured ON jobs(kind, ran_on, ended) WHERE state = 'done' AND began IS NOT NULL;
CREATE TABLE library (id TEXT NOT NULL);
CREATE INDEX annotations_of_prediction ON annotations(prediction_id);
CREATE INDEX revisions_of_prediction ON revisions(prediction_id);
CREATE INDEX screen_texts_of_prediction ON screen_texts(prediction_id);
CREATE TRIGGER predictions_are_never_updated
    BEFORE UPDATE OF id, run_id, track, start_us, end_us, score, payload ON predictions
    BEGIN SELECT RAISE(ABORT, 'a prediction is never updated'); END;
INSERT INTO _sqlite_migrations VALUES (1, 'studio', 'm001_first_tables', '2026-12-01 12:41:41.357265+00:00');
INSERT INTO _sqlite_migrations VALUES (2, 'studio', 'm002_words', '2026-12-01 12:41:41.358522+00:00');
INSERT INTO _sqlite_migrations VALUES (3, 'studio', 'm003_people', '2026-12-01 12:41:41.359126+00:00');
INSERT INTO _sqlite_migrations VALUES (4, 'studio', 'm004_imports', '2026-12-01 12:41:41.359641+00:00');
INSERT INTO _sqlite_migrations VALUES (5, 'studio', 'm006_team', '2026-12-01 12:41:41.360112+00:00');
INSERT INTO _sqlite_migrations VALUES (6, 'studio', 'm007_rights', '2026-12-01 12:41:41.361914+00:00');
INSERT INTO _sqlite_migrations VALUES (7, 'studio', 'm010_timelines', '2026-12-01 12:41:41.365239+00:00');
INSERT INTO _sqlite_migrations VALUES (8, 'studio', 'm020_file_facts', '2026-12-01 12:41:41.367518+00:00');
INSERT INTO _sqlite_migrations VALUES (9, 'studio', 'm030_line_origins', '2026-12-01 12:41:41.368282+00:00');
INSERT INTO _sqlite_migrations VALUES (10, 'studio', 'm031_last_editor', '2026-12-01 12:41:41.369142+00:00');
INSERT INTO _sqlite_migrations VALUES (11, 'studio', 'm032_independent', '2026-12-01 12:41:41.369842+00:00');
INSERT INTO _sqlite_migrations VALUES (12, 'studio', 'm033_words', '2026-12-01 12:41:41.370528+00:00');
INSERT INTO _sqlite_migrations VALUES (13, 'studio', 'm034_line_steps', '2026-12-01 12:41:41.371693+00:00');
INSERT INTO _sqlite_migrations VALUES (14, 'studio', 'm035_screen_texts', '2026-12-01 12:41:41.372645+00:00');
INSERT INTO _sqlite_migrations VALUES (15, 'studio', 'm036_reviewed', '2026-12-01 12:41:41.373169+00:00');
INSERT INTO _sqlite_migrations VALUES (16, 'studio', 'm037_preferences', '2026-12-01 12:41:41.373711+00:00');
INSERT INTO _sqlite_migrations VALUES (17, 'studio', 'm038_absences', '2026-12-01 12:41:41.374151+00:00');
INSERT INTO _sqlite_migrations VALUES (18, 'studio', 'm039_marked', '2026-12-01 12:41:41.375060+00:00');
INSERT INTO _sqlite_migrations VALUES (19, 'studio', 'm041_views', '2026-12-01 12:41:41.376057+00:00');
INSERT INTO _sqlite_migrations VALUES (20, 'studio', 'm042_kinds', '2026-12-01 12:41:41.377460+00:00');
INSERT INTO _sqlite_migrations VALUES (21, 'studio', 'm043_schema', '2026-12-01 12:41:41.379881+00:00');
INSERT INTO _sqlite_migrations VALUES (22, 'studio', 'm045_boxes', '2026-12-01 12:41:41.380487+00:00');
INSERT INTO _sqlite_migrations VALUES (23, 'studio', 'm046_traces', '2026-12-01 12:41:41.382059+00:00');
INSERT INTO _sqlite_migrations VALUES (24, 'studio', 'm047_occluded', '2026-12-01 12:41:41.383099+00:00');
INSERT INTO _sqlite_migrations VALUES (25, 'studio', 'm048_box_attributes', '2026-12-01 12:41:41.384147+00:00');
INSERT INTO _sqlite_migrations VALUES (26, 'studio', 'm049_box_media', '2026-12-01 12:41:41.385135+00:00');
INSERT INTO _sqlite_migrations VALUES (27, 'studio', 'm050_video_list', '2026-12-01 12:41:41.389618+00:00');
INSERT INTO _sqlite_migrations VALUES (28, 'studio', 'm052_job_times', '2026-12-01 12:41:41.392824+00:00');
INSERT INTO _sqlite_migrations VALUES (29, 'studio', 'm053_library', '2026-12-01 12:41:41.393413+00:00');
INSERT INTO _sqlite_migrations VALUES (30, 'studio', 'm054_by_prediction', '2026-12-01 12:41:41.393989+00:00');
INSERT INTO _sqlite_migrations VALUES (31, 'studio', 'm055_renamed', '2026-12-01 12:41:41.394552+00:00');
INSERT INTO _sqlite_migrations VALUES (32, 'studio', 'm056_clock_rates', '2026-12-01 12:41:41.395629+00:00');
INSERT INTO videos VALUES ('v1', 'talk ü.mp4', '/films/talk ü.mp4', 'ab', 1000, 0, 60000000, 640, 360, 0, 25.0, 0, 1500, 'h264', 'aac', 1, '2026-01-02T03:04:05.678+00:00', 'bob', NULL, '', '["cut off"]', '{"sounds": [], "texts": []}', NULL, NULL, 'talk.srt', 0, 'talk ü.mp000000000000004', '/films/', '2026-01-02T03:04:07.000+00:00', '', 0, 0);
INSERT INTO runs VALUES ('r1', 'v1', 'grounding', 'peaks', '1', '{"top": 5}', 'a dog', '{"curve": {}}', 'done', '2026-01-02T03:04:06.000+00:00', 1);
INSERT INTO predictions VALUES ('p1', 'r1', 'Moments', 5000000, 9000000, 'a dog', 0.7, NULL);
INSERT INTO predictions VALUES ('p2', 'r1', 'Moments', 15000000, 19000000, 'a dog', 0.25, '{"confidence": 0.5}');
INSERT INTO annotations VALUES ('a1', 'v1', 'Moments', 5000000, 9100000, 'a dog', 'note; with a semicolon', 'correction', 'p1', 'ann', 2, 0, 'v1', '{"hand": "left"}', 'ann');
INSERT INTO annotations VALUES ('a2', 'v1', 'Moments', 1, 2, 'gone', '', 'manual', NULL, 'bob', 1, 1, 'v1', '{}', 'bob');
INSERT INTO revisions VALUES (1, 'v1', 'e1', 'a1', 'p1', 'create', NULL, '{}', 'ann', '2026-01-02T03:04:07.000+00:00', '');
INSERT INTO revisions VALUES (3, 'v1', 'e2', 'a1', 'p1', 'update', '{}', '{}', 'ann', '2026-01-02T03:04:06.500+00:00', '');
INSERT INTO verdicts VALUES ('p1', 'ann', 'corrected', 3);
INSERT INTO labels VALUES ('Moments', 'a dog', '#123456', 'd', 1, 'segment', '[]');
INSERT INTO jobs VALUES ('j1', 'index', 'v1', '{}', 'queued', 0.0, '', NULL, NULL, 0, '2026-01-02T03:04:08.000+00:00', 1, NULL, NULL, NULL, NULL, NULL, '', NULL);
INSERT INTO jobs VALUES ('j2', 'index', 'v1', '{}', 'done', 1.0, '', NULL, '{}', 1, '2026-01-02T03:04:08.000+00:00', 2, NULL, NULL, NULL, '2026-01-02T03:05:00.000+00:00', '2026-01-02T03:05:30.000+00:00', 'here', NULL);
INSERT INTO lines VALUES (1, 'v1', 0, 1000000, 'Good morning', 'typed', 1, 0, '', '', '', '');
INSERT INTO lines VALUES (7, 'v1', 1000000, 2000000, 'Là-bas', 'typed', 1, 0, '', '', '', '');
INSERT INTO lines VALUES (8, 'v1', 3000000, 4000000, 'heard', 'typed', 2, 0, 'ann', '', '', '');
INSERT INTO lines VALUES (9, 'v1', 5000000, 6000000, 'read', 'file', 1, 0, '', 'talk.srt', '', '');
INSERT INTO lines VALUES (10, 'v1', 7000000, 8000000, 'spoken', 'speech', 1, 0, '', 'whisper-base', '[[7000000, 7900000, "spoken", 0.75]]', 'Ann');
INSERT INTO questions VALUES ('a dog', 3, '2026-01-02T03:04:09.000+00:00');
INSERT INTO searches VALUES ('s1', 'dogs', '{"text": "a dog"}', 'ann', '2026-01-02T03:04:10.000+00:00', NULL, '');
INSERT INTO searches VALUES ('s2', 'cats', '{"query": "a cat"}', 'bob', '2026-01-02T03:04:14.000+00:00', '2026-01-02T03:04:15.000+00:00', 'bob');
INSERT INTO people VALUES (1, 'v1', '{"names": {}}', 'ann', '2026-01-02T03:04:11.000+00:00');
INSERT INTO imports VALUES (1, 'i1', 'talk.eaf', 'elan', 'annotations', 'ann', '2026-01-02T03:04:12.000+00:00', NULL, '{}');
INSERT INTO imported VALUES ('a1', 'i1', 0.5);
INSERT INTO boxes VALUES ('i1', 'v1', 'Person 1', '[[0, 1, 2, 3, 4]]');
INSERT INTO tracks VALUES ('Moments', 1, 0, '[]', NULL, '', -1.0, 1.0);
INSERT INTO users VALUES ('ann', 'scrypt$AA==$AA==', '2026-01-02T03:04:13.000+00:00', 1);
INSERT INTO users VALUES ('bob', 'scrypt$AA==$AA==', '2026-01-02T03:04:14.000+00:00', 0);
INSERT INTO sessions VALUES ('token', 'ann', '2099-01-02T03:04:13.000+00:00');
INSERT INTO timelines VALUES ('v1', 'talk ü.mp4', '2026-01-02T03:04:05.678+00:00');
INSERT INTO timeline_media VALUES ('v1', 'v1', 0, 'main', 1.0);
INSERT INTO line_revisions VALUES (1, 'v1', 8, 'create', NULL, '{}', 'ann', '2026-01-02T03:04:16.000+00:00', '');
INSERT INTO screen_texts VALUES (5, 'v1', 1000000, 2000000, 'Breaking news', 'p1', NULL);
INSERT INTO preferences VALUES ('encoder', '"studio-lite"');
INSERT INTO absences VALUES ('v1', 'Moments', 'a dog', 3000000, 'ann', '2026-01-02T03:04:16.000+00:00');
INSERT INTO box_tracks VALUES ('b1', 'v1', 'car', 'the red one', 'ann', 'bob', 2, 0, 3, '{"colour": "red"}', 'v1');
INSERT INTO box_keys VALUES ('b1', 1000000, 0.1, 0.2, 0.3, 0.4, 0, 'manual', 1);
INSERT INTO box_keys VALUES ('b1', 2000000, 0.2, 0.2, 0.4, 0.4, 1, 'tracked', 0);
INSERT INTO traces VALUES ('v1', 'Moments', 'ann', X'0000C03F0000C07F', 3);
INSERT INTO collections VALUES ('c1', 'to annotate', 'ann', '2026-01-02T03:04:17.000+00:00');
INSERT INTO collection_videos VALUES ('c1', 'v1');
INSERT INTO video_tags VALUES ('interview', 'v1');
INSERT INTO folders VALUES ('/films', 1, 'ann', '2026-01-02T03:04:18.000+00:00');
INSERT INTO library VALUES ('2ef8b28bcb2c97f5');
PRAGMA foreign_keys = ON;
