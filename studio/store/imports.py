"""Tables `imports`, `imported` and `boxes`: what came with each annotation file, so that it can be undone as one."""

import hashlib
import json
import sqlite3
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from studio.errors import NotFound, UsageError
from studio.store import (
    annotations,
    import_matching,
    import_schema,
    labels,
    stored,
    timeline_media,
    timelines,
    traces,
    transcripts,
)
from studio.store import boxes as box_tracks
from studio.store.annotations import EditRequest
from studio.store.timeline_media import MediumChange
from studio.store.transcripts import Spoken
from studio.store.videos import now
from studio.timeline import Annotation, Box, Cue, MediaPlace
from studio.timeline.boxes import LINK, BoxTrack
from studio.timeline.tiers import Dependencies
from studio.timeline.traces import Scale, Trace, Values

_ROUNDED_US = 1_000  # by how much files round when a camera begins
_ROUNDED = 1e-3  # share of its scale by which files round a curve
_SCHEMA = ""  # under which `imports.replaced` has what came to the schema, beside ids of videos
CLASSES = 50  # labels on one track of a file: more are sentences, which no list of labels is for


Different = Literal["keep", "take", "both"]
DIFFERENT: tuple[Different, ...] = ("keep", "take", "both")
"""What becomes of annotations that are different here than in a file."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a file adds to one video: annotations (with scores by their ids, and boxes by track), and lines. They take
    the place of those there are, unless they only come `beside` annotations.

    `spoken` says of lines who says them, and in which words. `ids` are those that the file has for its annotations, by
    ours. `points` are the (track, label) of points in time. `changes` are what annotations of the video become;
    `different` are those that are otherwise here: (here, in the file); `others` is how many curves and cameras are.
    `dependencies` and `vocabularies` are what the file says of tracks, see `labels.learn`. `cameras` play beside it, by
    the ids of their videos; a rate of 1 says nothing of how fast a clock runs. `objects` are boxes over time, which
    annotations name by their ids in `LINK`, `traces` continuous ratings, on the `scales` of their tracks.
    """

    video_id: str
    annotations: Sequence[Annotation] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    boxes: Mapping[str, Sequence[Box]] = field(default_factory=dict)
    lines: Sequence[Cue] = ()
    spoken: Mapping[Cue, Spoken] = field(default_factory=dict)
    beside: bool = False
    ids: Mapping[str, str] = field(default_factory=dict)
    points: frozenset[tuple[str, str]] = frozenset()
    changes: Sequence[Annotation] = ()
    different: Sequence[tuple[Annotation, Annotation]] = ()
    others: int = 0
    dependencies: Dependencies = field(default_factory=dict)
    vocabularies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    cameras: Mapping[str, MediaPlace] = field(default_factory=dict)
    objects: Sequence[BoxTrack] = ()
    traces: Sequence[Trace] = ()
    scales: Mapping[str, Scale] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether it adds and changes nothing at all."""
        said = self.annotations or self.boxes or self.lines or self.changes
        return not (said or self.cameras or self.objects or self.traces)


def fresh(
    db: sqlite3.Connection, batch: Batch, different: Different = "keep", annotator: str = "", layer: str | None = None
) -> Batch:
    """What a batch that `annotator` imports adds to its video, and what it changes there: importing a file twice does
    nothing the second time. `different` says what becomes of annotations that are otherwise here; with `layer` only
    that person's annotations are here. A curve and a camera that are otherwise here stay unless the file's are taken:
    there is one of each.

    Only inside of the write that adds it does this hold until it is added.
    """
    batch = _linked(db, batch, layer)
    here = annotations.of_video(db, batch.video_id, layer)
    added, pairs = import_matching.match(here, batch.annotations, batch.ids, annotator)
    if different == "both":
        added += [new for _, new in pairs]
    known = boxes(db, batch.video_id)
    drawn = {each.id for each in box_tracks.of_video(db, batch.video_id, layer)}
    cameras, moved = _fresh_cameras(db, batch)
    curves, redrawn = _fresh_curves(db, batch, annotator)
    takes = different == "take"
    return replace(
        batch,
        annotations=added,
        scores={a.id: batch.scores[a.id] for a in added if a.id in batch.scores},
        boxes={track: listed for track, listed in batch.boxes.items() if tuple(listed) != known.get(track)},
        lines=_fresh_lines(db, batch),
        changes=[import_matching.taken(*pair) for pair in pairs] if different == "take" else (),
        different=pairs,
        others=len(moved) + len(redrawn),
        cameras={**cameras, **(moved if takes else {})},
        objects=[each for each in batch.objects if each.id not in drawn],
        traces=[*curves, *(redrawn if takes else ())],
    )


def without_overlap_tiers(
    db: sqlite3.Connection, batch: Batch, layer: str | None = None, named: Collection[str] = ()
) -> tuple[Batch, dict[str, str]]:
    """A batch with the tiers of what overlaps on a row of its video on that row, and these: tier → row. With `layer`
    only that person's annotations are here. Tiers that somebody `named` so stay rows of their own."""
    back = import_matching.overlap_tiers(annotations.of_video(db, batch.video_id, layer), batch.annotations)
    back = {tier: row for tier, row in back.items() if tier not in named}
    if not back:
        return batch, back
    on_rows = [replace(a, track=back.get(a.track, a.track)) for a in batch.annotations]
    depend = {track: each for track, each in batch.dependencies.items() if track not in back}
    listed = {track: each for track, each in batch.vocabularies.items() if track not in back}
    points = frozenset((back.get(track, track), label) for track, label in batch.points)
    return replace(batch, annotations=on_rows, dependencies=depend, vocabularies=listed, points=points), back


def _fresh_cameras(db: sqlite3.Connection, batch: Batch) -> tuple[dict[str, MediaPlace], dict[str, MediaPlace]]:
    """The cameras that are not on the timeline yet, and those that lie elsewhere there. A file without a place for how
    fast a clock runs says nothing against what is known of that."""
    timeline = timelines.of_video(db, batch.video_id)
    there = {id_: timelines.place(db, timeline, id_) for id_ in batch.cameras}
    added = {id_: at for id_, at in batch.cameras.items() if there[id_] is None}
    moved = {
        id_: MediaPlace(at.offset_us, known.rate if at.rate == 1 else at.rate)
        for id_, at in batch.cameras.items()
        for known in (there[id_],)
        if known is not None and (abs(known.offset_us - at.offset_us) > _ROUNDED_US or at.rate not in (1.0, known.rate))
    }
    return added, moved


def _fresh_curves(db: sqlite3.Connection, batch: Batch, annotator: str) -> tuple[list[Trace], list[Trace]]:
    """The curves of which there is nothing yet, and those that were drawn otherwise."""
    scales = {**batch.scales, **traces.scales(db)}
    added: list[Trace] = []
    redrawn: list[Trace] = []
    for trace in batch.traces:
        known = traces.own(db, batch.video_id, trace.track, trace.annotator or annotator)
        if not _is_drawn(known, trace, scales.get(trace.track)):
            (added if np.isnan(known).all() else redrawn).append(trace)
    return added, redrawn


def _linked(db: sqlite3.Connection, batch: Batch, layer: str | None) -> Batch:
    """A batch whose boxes over time have the ids that they have here, or new ones; segments name them by these. One is
    here already where it is called so and has these key frames; what was changed here stays the box of its segments."""
    here = box_tracks.of_video(db, batch.video_id, layer)
    known, ids = {_told(each): each.id for each in here}, {each.id for each in here}
    objects = [replace(each, id=known.get(_told(each)) or uuid.uuid4().hex) for each in batch.objects]
    names = {
        each.id: each.id if each.id in ids else made.id
        for each, made in zip(batch.objects, objects, strict=True)
        if each.id
    }

    def linked(a: Annotation) -> Annotation:
        box = names.get(str(a.attributes.get(LINK)))
        return replace(a, attributes={**a.attributes, LINK: box}) if box else a

    return replace(batch, objects=objects, annotations=[linked(a) for a in batch.annotations])


def _told(track: BoxTrack) -> tuple[Any, ...]:
    """What a file says of a box over time; places as far as files have them."""
    keys = tuple((key.time_us, *(round(c, 3) for c in key.corners), key.hidden, key.occluded) for key in track.keys)
    return track.label, track.name, track.medium, keys


def _fresh_lines(db: sqlite3.Connection, batch: Batch) -> Sequence[Cue]:
    if batch.beside:
        return transcripts.unsaid(db, batch.video_id, batch.lines)
    return batch.lines if list(batch.lines) != transcripts.of_video(db, batch.video_id) else ()


def insert(
    db: sqlite3.Connection, file: str, form: str, kind: str, batches: Sequence[Batch], annotator: str, *,
    classes: bool = True,
) -> str:  # fmt: skip
    """Add everything, as one import; returns its id. Annotations that name no annotator are the importer's. Labels may
    be `classes`, which join the schema where they are few.

    Raises UsageError for labels that a track does not take.
    """
    import_id = uuid.uuid4().hex[:12]
    replaced = {}
    db.execute(
        "INSERT INTO imports (id, file, format, kind, annotator, at) VALUES (?, ?, ?, ?, ?, ?)",
        (import_id, file, form, kind, annotator, now()),
    )
    schema = labels.schema(db)
    _learn(db, batches)
    points = {each for batch in batches for each in batch.points}
    for track, found in _classes(batches).items() if classes else ():
        for label in found if not labels.is_closed(db, track) else ():
            labels.insert(db, track, label, "point" if (track, label) in points else "segment")
    for batch in batches:
        for number, a in enumerate(batch.annotations):
            change = EditRequest(f"{import_id}-{batch.video_id}-{number}", "create", a)
            annotations.save(db, batch.video_id, change, a.annotator or annotator)
            db.execute("INSERT INTO imported VALUES (?, ?, ?)", (a.id, import_id, batch.scores.get(a.id)))
        for number, a in enumerate(batch.changes):
            change = EditRequest(f"{import_id}-{batch.video_id}-c{number}", "update", a, a.version)
            annotations.save(db, batch.video_id, change, annotator)
        for number, trace in enumerate(batch.traces):
            owner = trace.annotator or annotator
            traces.replace(
                db, batch.video_id, replace(trace, annotator=owner), f"{import_id}-{batch.video_id}-t{number}"
            )
        for number, (camera, place) in enumerate(batch.cameras.items()):
            before = timelines.place(db, timelines.of_video(db, batch.video_id), camera)
            moved = MediumChange(f"{import_id}-{batch.video_id}-m{number}", camera, before, place)
            timeline_media.save(db, batch.video_id, moved, annotator)
        for track, boxes in batch.boxes.items():
            row = import_id, batch.video_id, track, json.dumps([list(box) for box in boxes])
            db.execute("INSERT INTO boxes VALUES (?, ?, ?, ?)", row)
        for number, drawn in enumerate(batch.objects):
            box_tracks.insert(db, batch.video_id, drawn, f"{import_id}-{batch.video_id}-b{number}", annotator)
        if batch.lines and batch.beside:
            added = transcripts.insert_all(db, batch.video_id, batch.lines, annotator, file, batch.spoken)
            replaced[batch.video_id] = {"removed": [], "added": added, "after": ""}
        elif batch.lines:
            cues = map(Cue._make, batch.lines)
            changed = transcripts.replace_all(db, batch.video_id, cues, annotator, file, batch.spoken)
            replaced[batch.video_id] = {**changed, "after": _digest(db, batch.video_id)}
    if any((new := import_schema.added(db, schema)).values()):
        # in the form of what it replaced of a video, so that an earlier release takes back the rest
        replaced[_SCHEMA] = {"removed": [], "added": [], "after": "", **new}
    db.execute("UPDATE imports SET replaced = ? WHERE id = ?", (json.dumps(replaced), import_id))
    return import_id


def _is_drawn(known: Values, trace: Trace, scale: Scale | None) -> bool:
    """Whether somebody drew just this already, but for what files round."""
    spare = _ROUNDED * (scale.high - scale.low if scale else 1)
    count = min(len(known), len(trace.values))
    return bool(
        np.allclose(known[:count], trace.values[:count], rtol=0, atol=spare, equal_nan=True)
        and np.isnan(known[count:]).all()
        and np.isnan(trace.values[count:]).all()
    )


def _learn(db: sqlite3.Connection, batches: Sequence[Batch]) -> None:
    """What the file says of its tracks; one takes no other labels than the file lists where it has no others."""
    depend = {track: each for batch in batches for track, each in batch.dependencies.items()}
    listed = {track: each for batch in batches for track, each in batch.vocabularies.items()}
    used: dict[str, set[str]] = {}
    for a in (a for batch in batches for a in (*batch.annotations, *batch.changes)):
        used.setdefault(a.track, set()).add(a.label)
    closed = {track for track, found in listed.items() if used.get(track, set()) - {""} <= set(found)}
    scales = {track: each for batch in batches for track, each in batch.scales.items()}
    points = {each for batch in batches for each in batch.points}
    labels.learn(db, depend, listed, closed, scales, points)


def _classes(batches: Sequence[Batch]) -> dict[str, list[str]]:
    """The labels of each track, most frequent first, where they are few enough to be classes and not sentences."""
    counts: dict[str, Counter[str]] = {}
    for a in (a for batch in batches for a in (*batch.annotations, *batch.changes)):
        counts.setdefault(a.track, Counter())[a.label] += 1
    return {
        track: [label for label, _ in found.most_common()] for track, found in counts.items() if len(found) <= CLASSES
    }


def undo(db: sqlite3.Connection, import_id: str, annotator: str) -> dict[str, int]:
    """Take an import back: what it added is `removed`, and counted with what it changed, which is as it was before;
    `kept` is what somebody changed since. Rows and labels that only it brought leave the schema, uncounted. `redo` does
    it again.

    Raises NotFound, UsageError when it was undone already.
    """
    row = _get(db, import_id)
    if row["undone"]:
        raise UsageError("This import was undone already.")
    removed = kept = 0
    for video, before, after in _edits(db, import_id):
        a = annotations.find(db, after.id)
        if a is None or not _says_same(a, after):
            kept += a is not None and not a.deleted
            continue
        op, wanted = ("delete", replace(a, deleted=True)) if before is None else ("update", before)
        change = EditRequest(f"undo-{import_id}-{a.id}-{a.version}", op, wanted, a.version)
        annotations.save(db, video, change, annotator)
        removed += 1
    gone_curves, kept_curves = traces.take_back(db, import_id, "undo")
    removed, kept = removed + gone_curves, kept + kept_curves
    gone_cameras, kept_cameras = _move_cameras(db, import_id, annotator, "undo")
    removed, kept = removed + gone_cameras, kept + kept_cameras
    for video, box, untouched in _objects(db, import_id):
        step = f"undo-{import_id}-{box}-{uuid.uuid4().hex[:8]}"
        if untouched:
            removed += box_tracks.set_deleted(db, video, box, True, step, annotator)
        else:
            found = box_tracks.find(db, video, box)
            kept += found is not None and not found.deleted
    replaced = _replaced(row)
    if _SCHEMA in replaced:
        replaced[_SCHEMA]["withdrawn"] = import_schema.withdraw(db, import_schema.of(replaced[_SCHEMA]))
    for video, said in replaced.items():
        if video == _SCHEMA:
            continue
        said["withdrawn"] = []  # the lines that `redo` brings back: not those that a person deleted before
        if not said["after"]:
            said["withdrawn"], kept_lines = transcripts.withdraw(db, video, said["added"], annotator)
            removed, kept = removed + len(said["withdrawn"]), kept + kept_lines
            continue
        count = len(transcripts.of_video(db, video))
        if _digest(db, video) == said["after"]:
            _restore_lines(db, video, said, annotator)
            said["withdrawn"] = said.get("added", [])
            removed += count
        else:
            kept += count
    db.execute("UPDATE imports SET undone = ?, replaced = ? WHERE id = ?", (now(), json.dumps(replaced), import_id))
    return {"removed": removed, "kept": kept}


def redo(db: sqlite3.Connection, import_id: str, annotator: str) -> dict[str, int]:
    """Do an import again that was taken back: how many annotations and lines are `added` or changed again, and how many
    are `kept` as they are because somebody changed them since.

    Raises NotFound, UsageError for one that was not undone.
    """
    row = _get(db, import_id)
    if not row["undone"]:
        raise UsageError("This import was not undone, so it cannot be done again.")
    added = kept = 0
    replaced = _replaced(row)
    import_schema.restore(db, import_schema.of(replaced.pop(_SCHEMA, {}).get("withdrawn")))
    for video, before, after in _edits(db, import_id):
        a = annotations.find(db, after.id)
        newest = db.execute(
            "SELECT edit_id FROM revisions WHERE annotation_id = ? ORDER BY seq DESC LIMIT 1", (after.id,)
        ).fetchone()
        if a is None or not newest["edit_id"].startswith(f"undo-{import_id}-"):
            kept += a is not None
            continue
        op = "restore" if before is None else "update"
        change = EditRequest(f"redo-{import_id}-{a.id}-{a.version}", op, after, a.version)
        annotations.save(db, video, change, annotator)
        added += 1
    added_curves, kept_curves = traces.take_back(db, import_id, "redo")
    added, kept = added + added_curves, kept + kept_curves
    added_cameras, kept_cameras = _move_cameras(db, import_id, annotator, "redo")
    added, kept = added + added_cameras, kept + kept_cameras
    for video, box, _ in _objects(db, import_id):
        if box_tracks.step_of(db, box).startswith(f"undo-{import_id}-"):
            step = f"redo-{import_id}-{box}-{uuid.uuid4().hex[:8]}"
            added += box_tracks.set_deleted(db, video, box, False, step, annotator)
    for video, said in replaced.items():
        if "before" in said:  # an import of an earlier release: which lines they were is not known
            kept += len(transcripts.of_video(db, video))
            continue
        again = said.get("withdrawn", said["added"])  # an earlier release did not say which
        if not again:
            continue  # `undo` left them as they were
        for line in said["removed"]:
            transcripts.withdraw(db, video, [line], annotator, changed=True)
        for line in again:
            transcripts.restore(db, video, line, annotator)
        added += len(again)
    db.execute("UPDATE imports SET undone = NULL WHERE id = ?", (import_id,))
    return {"added": added, "kept": kept}


def _get(db: sqlite3.Connection, import_id: str) -> sqlite3.Row:
    row = db.execute("SELECT * FROM imports WHERE id = ?", (import_id,)).fetchone()
    if row is None:
        raise _no_import(import_id)
    assert isinstance(row, sqlite3.Row)
    return row


def _edits(db: sqlite3.Connection, import_id: str) -> list[tuple[str, Annotation | None, Annotation]]:
    """What an import did to annotations, as its revisions have it: (video, before, after)."""
    rows = db.execute(
        "SELECT video_id, annotation_id, edit_id FROM revisions WHERE edit_id >= ? AND edit_id < ? "
        "AND annotation_id IS NOT NULL ORDER BY seq",
        (f"{import_id}-", f"{import_id}."),
    ).fetchall()
    found = ((row["video_id"], annotations.saved_edit(db, row["edit_id"])) for row in rows)
    return [(video, edit.before, edit.after) for video, edit in found if edit is not None and edit.after is not None]


def _move_cameras(
    db: sqlite3.Connection, import_id: str, annotator: str, way: Literal["undo", "redo"]
) -> tuple[int, int]:
    """Put cameras where they were before an import, or where it had put them: how many, and how many stay since
    somebody moved them."""
    moved = kept = 0
    for video, change in timeline_media.named(db, f"{import_id}-"):
        before, after = (change.after, change.before) if way == "undo" else (change.before, change.after)
        if timelines.place(db, timelines.of_video(db, video), change.medium) != before:
            kept += 1
            continue
        name = f"{way}-{import_id}-{change.medium}-{uuid.uuid4().hex[:8]}"
        timeline_media.save(db, video, MediumChange(name, change.medium, before, after), annotator)
        moved += 1
    return moved, kept


def _objects(db: sqlite3.Connection, import_id: str) -> list[tuple[str, str, bool]]:
    """The boxes over time that came with an import: (video, id, whether they are as it made them)."""
    rows = db.execute(
        "SELECT b.video_id, b.id, b.seq = r.seq AS untouched FROM revisions r "
        "JOIN box_tracks b ON b.id = json_extract(r.after, '$.id') "
        "WHERE r.edit_id >= ? AND r.edit_id < ? AND r.op = ? ORDER BY r.seq",
        (f"{import_id}-", f"{import_id}.", box_tracks.EDIT),
    ).fetchall()
    again = f"redo-{import_id}-"
    return [
        (row["video_id"], row["id"], row["untouched"] or box_tracks.step_of(db, row["id"]).startswith(again))
        for row in rows
    ]


def _replaced(row: sqlite3.Row) -> dict[str, Any]:
    return stored.value(row["replaced"], dict, "imports", row["id"]) or {}


def _says_same(a: Annotation, made: Annotation) -> bool:
    """Whether an annotation is as an import made it, whatever became of it in between."""
    return replace(a, version=0, annotator="", edited_by="") == replace(made, version=0, annotator="", edited_by="")


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
    `annotations`, boxes over time (`objects`), `curves`, `cameras` and `lines` of a transcript came with it."""
    made = (
        f"(SELECT count(*) FROM revisions r WHERE r.edit_id >= imports.id || '-' AND r.edit_id < imports.id || '.' "
        f"AND r.op = '{op}') AS {name}"
        for name, op in (("objects", box_tracks.EDIT), ("curves", traces.EDIT), ("cameras", timeline_media.OP))
    )
    rows = db.execute(
        "SELECT id, file, format, kind, annotator, at, undone, replaced, "
        f"(SELECT count(*) FROM imported WHERE import_id = imports.id) AS annotations, {', '.join(made)} "
        "FROM imports ORDER BY seq DESC"
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
        "WHERE video_id = ? AND undone IS NULL ORDER BY seq",
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
