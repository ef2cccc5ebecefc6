"""Tables `imports`, `imported` and `boxes`: what came with each annotation file, so that it can be undone as one."""

import hashlib
import json
import sqlite3
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studio.errors import NotFound, UsageError
from studio.store import annotations, labels, stored, transcripts
from studio.store.annotations import EditRequest
from studio.store.videos import now
from studio.timeline import Annotation, Box, Cue, Segment

CLASSES = 50  # labels on one track of a file: more are sentences, which no list of labels is for


@dataclass(frozen=True, slots=True)
class Batch:
    """What a file adds to one video: annotations (with scores by their ids, and boxes by track), and lines. They take
    the place of those there are, unless they only come `beside` annotations."""

    video_id: str
    annotations: Sequence[Annotation] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    boxes: Mapping[str, Sequence[Box]] = field(default_factory=dict)
    lines: Sequence[Cue] = ()
    beside: bool = False

    @property
    def empty(self) -> bool:
        """Whether it adds nothing at all."""
        return not (self.annotations or self.boxes or self.lines)


def fresh(db: sqlite3.Connection, batch: Batch) -> Batch:
    """What of a batch its video does not have yet: importing a file twice adds nothing the second time.

    Only inside of the write that adds it does this hold until it is added.
    """
    there = Counter(map(_says, annotations.of_video(db, batch.video_id)))
    new = []
    for a in batch.annotations:
        if there[_says(a)]:
            there[_says(a)] -= 1
        else:
            new.append(a)
    known = boxes(db, batch.video_id)
    return replace(
        batch,
        annotations=new,
        scores={a.id: batch.scores[a.id] for a in new if a.id in batch.scores},
        boxes={track: listed for track, listed in batch.boxes.items() if tuple(listed) != known.get(track)},
        lines=_fresh_lines(db, batch),
    )


def _fresh_lines(db: sqlite3.Connection, batch: Batch) -> Sequence[Cue]:
    if batch.beside:
        return transcripts.unsaid(db, batch.video_id, batch.lines)
    return batch.lines if list(batch.lines) != transcripts.of_video(db, batch.video_id) else ()


def _says(a: Annotation) -> tuple[Segment, str, str]:
    return a.segment, a.track, a.label


def insert(db: sqlite3.Connection, file: str, form: str, kind: str, batches: Sequence[Batch], annotator: str) -> str:
    """Add everything, as one import; returns its id. Annotations that name no annotator are the importer's.

    Raises UsageError for labels that a track does not take.
    """
    import_id = uuid.uuid4().hex[:12]
    replaced = {}
    db.execute(
        "INSERT INTO imports (id, file, format, kind, annotator, at) VALUES (?, ?, ?, ?, ?, ?)",
        (import_id, file, form, kind, annotator, now()),
    )
    for track, found in _classes(batches).items():
        for label in found if not labels.is_closed(db, track) else ():
            labels.insert(db, track, label)
    for batch in batches:
        for number, a in enumerate(batch.annotations):
            change = EditRequest(f"{import_id}-{batch.video_id}-{number}", "create", a)
            annotations.save(db, batch.video_id, change, a.annotator or annotator)
            db.execute("INSERT INTO imported VALUES (?, ?, ?)", (a.id, import_id, batch.scores.get(a.id)))
        for track, boxes in batch.boxes.items():
            row = import_id, batch.video_id, track, json.dumps([list(box) for box in boxes])
            db.execute("INSERT INTO boxes VALUES (?, ?, ?, ?)", row)
        if batch.lines and batch.beside:
            added = [transcripts.insert(db, batch.video_id, cue, annotator, file) for cue in batch.lines]
            replaced[batch.video_id] = {"removed": [], "added": added, "after": ""}
        elif batch.lines:
            changed = transcripts.replace_all(db, batch.video_id, map(Cue._make, batch.lines), annotator, file)
            replaced[batch.video_id] = {**changed, "after": _digest(db, batch.video_id)}
    db.execute("UPDATE imports SET replaced = ? WHERE id = ?", (json.dumps(replaced), import_id))
    return import_id


def _classes(batches: Sequence[Batch]) -> dict[str, list[str]]:
    """The labels of each track, most frequent first, where they are few enough to be classes and not sentences."""
    counts: dict[str, Counter[str]] = {}
    for a in (a for batch in batches for a in batch.annotations):
        counts.setdefault(a.track, Counter())[a.label] += 1
    return {
        track: [label for label, _ in found.most_common()] for track, found in counts.items() if len(found) <= CLASSES
    }


def undo(db: sqlite3.Connection, import_id: str, annotator: str) -> dict[str, int]:
    """Take an import back: `removed` annotations or lines; `kept` are those that somebody changed since.

    Raises NotFound, UsageError when it was undone already.
    """
    row = db.execute("SELECT * FROM imports WHERE id = ?", (import_id,)).fetchone()
    if row is None:
        raise _no_import(import_id)
    if row["undone"]:
        raise UsageError("This import was undone already.")
    removed = kept = 0
    for each in db.execute("SELECT annotation_id FROM imported WHERE import_id = ?", (import_id,)).fetchall():
        a = annotations.get(db, each["annotation_id"])
        if a.version > 1:
            kept += not a.deleted
            continue
        gone = EditRequest(f"undo-{import_id}-{a.id}", "delete", replace(a, deleted=True), a.version)
        annotations.save(db, _video_of(db, a.id), gone, annotator)
        removed += 1
    for video, said in (stored.value(row["replaced"], dict, "imports", import_id) or {}).items():
        if not said["after"]:
            gone_lines, kept_lines = transcripts.withdraw(db, video, said["added"], annotator)
            removed, kept = removed + gone_lines, kept + kept_lines
            continue
        count = len(transcripts.of_video(db, video))
        if _digest(db, video) == said["after"]:
            _restore_lines(db, video, said, annotator)
            removed += count
        else:
            kept += count
    db.execute("DELETE FROM boxes WHERE import_id = ?", (import_id,))
    db.execute("UPDATE imports SET undone = ? WHERE id = ?", (now(), import_id))
    return {"removed": removed, "kept": kept}


def _restore_lines(db: sqlite3.Connection, video_id: str, said: dict[str, Any], annotator: str) -> None:
    """Bring back the lines that an import replaced."""
    if "before" in said:  # an import of an earlier release: their words, not their ids
        transcripts.replace_all(db, video_id, map(Cue._make, said["before"]), annotator)
        return
    for line in said["added"]:
        transcripts.delete(db, video_id, line, annotator)
    for line in said["removed"]:
        transcripts.restore(db, video_id, line, annotator)


def listed(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """All imports, newest first: `id`, `file`, `format`, `kind`, `annotator`, `at`, `undone`, and how many
    `annotations` and `lines` of a transcript came with it."""
    rows = db.execute(
        "SELECT id, file, format, kind, annotator, at, undone, replaced, "
        "(SELECT count(*) FROM imported WHERE import_id = imports.id) AS annotations FROM imports ORDER BY seq DESC"
    )
    found = [dict(row) for row in rows]
    for row in found:
        changed = stored.value(row.pop("replaced"), dict, "imports", row["id"]) or {}
        row["lines"] = sum(len(said.get("added", ())) for said in changed.values())
    return found


def owner(db: sqlite3.Connection, import_id: str) -> str:
    """Who imported a file.

    Raises NotFound.
    """
    row = db.execute("SELECT annotator FROM imports WHERE id = ?", (import_id,)).fetchone()
    if row is None:
        raise _no_import(import_id)
    return str(row["annotator"])


def _no_import(import_id: str) -> NotFound:
    return NotFound(f"There is no import “{import_id:.40}”; list them with: studio import --list")


def transcriber(db: sqlite3.Connection, video_id: str) -> str | None:
    """Who read in the lines of a video; "" for a file or nobody known, None while there are no lines."""
    if db.execute("SELECT 1 FROM lines WHERE video_id = ? AND NOT deleted LIMIT 1", (video_id,)).fetchone() is None:
        return None
    row = db.execute(
        "SELECT annotator FROM imports WHERE kind = 'lines' AND undone IS NULL AND EXISTS (SELECT 1 FROM "
        "json_each(CASE WHEN json_valid(replaced) THEN replaced ELSE '{}' END) WHERE key = ?) "
        "ORDER BY seq DESC LIMIT 1",
        (video_id,),
    ).fetchone()
    return "" if row is None else str(row["annotator"])


def scores(db: sqlite3.Connection, video_id: str) -> dict[str, float]:
    """How sure the annotations of a video are, by id: by their prediction, or by the file that they came from."""
    rows = db.execute(
        "SELECT a.id, coalesce(p.score, i.score) AS score FROM annotations a "
        "LEFT JOIN predictions p ON p.id = a.prediction_id LEFT JOIN imported i ON i.annotation_id = a.id "
        "WHERE a.video_id = ? AND coalesce(p.score, i.score) IS NOT NULL",
        (video_id,),
    )
    return {row["id"]: row["score"] for row in rows}


def boxes(db: sqlite3.Connection, video_id: str) -> dict[str, tuple[Box, ...]]:
    """The boxes that came with files, by track; those of later imports hold."""
    rows = db.execute(
        "SELECT import_id, track, boxes FROM boxes JOIN imports ON imports.id = import_id "
        "WHERE video_id = ? ORDER BY seq",
        (video_id,),
    )
    found: dict[str, tuple[Box, ...]] = {}
    for row in rows:
        listed = stored.value(row["boxes"], list, "boxes", row["import_id"])
        try:
            found[row["track"]] = tuple((int(t), x1, y1, x2, y2) for t, x1, y1, x2, y2 in listed or ())
        except (TypeError, ValueError):
            stored.skipped("boxes", row["import_id"])
    return found


def _digest(db: sqlite3.Connection, video_id: str) -> str:
    return hashlib.sha256(json.dumps(transcripts.of_video(db, video_id)).encode()).hexdigest()


def _video_of(db: sqlite3.Connection, annotation_id: str) -> str:
    return str(db.execute("SELECT video_id FROM annotations WHERE id = ?", (annotation_id,)).fetchone()[0])
