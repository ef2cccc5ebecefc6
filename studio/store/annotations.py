"""Tables `annotations`, `revisions` and `verdicts`: what people decided, with its whole history.

An edit carries the version it saw. A stale one is refused with the row as it stands; a repeated one (same edit id, as
a browser sends after a lost answer) is acknowledged again and changes nothing.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from studio.errors import Conflict, NotFound, UsageError
from studio.store import labels, stored, timelines
from studio.store.readers import OPENLY, SEEN, Reader, parameters
from studio.store.videos import now
from studio.timeline import ALIGNED, ON_SCREEN, Annotation, Edit, MediaPlace, Segment, carried, from_row, to_row

VERDICTS = ("accepted", "corrected", "rejected")
RELABEL, FOLLOW = "relabel", "follow"
"""What happens to an annotation by a change elsewhere: of the schema's labels, or of a person's name."""
_FIXED = ("id", "video_id", "timeline_id", "prediction_id")  # what an annotation keeps for ever
_VERDICT_OF = {"correction": "corrected", "accepted": "accepted"}


@dataclass(frozen=True, slots=True)
class EditRequest:
    """One edit as a person asked for it.

    `wanted` is the state they want (None: decide on a prediction only), `base_version` the version they saw (0: none),
    `verdict` what they decided about `prediction_id` ("" takes a decision back). `keeps_attributes`: they said nothing
    of attributes, which stay as they are. `marked` has, of each edge (`start`, `end`) that was marked while the video
    played, where the playhead was, in µs, and its rate (below 0: backwards).
    """

    edit_id: str
    op: str
    wanted: Annotation | None = None
    base_version: int = 0
    prediction_id: str | None = None
    verdict: str | None = None
    keeps_attributes: bool = False
    marked: Mapping[str, tuple[int, float]] = field(default_factory=dict, hash=False)


def save(db: sqlite3.Connection, video_id: str, change: EditRequest, annotator: str) -> Annotation | None:
    """Apply one change and append it to the history; returns the annotation as it stands now.

    Raises Conflict (with the current row) when somebody was faster, NotFound, UsageError.
    """
    done = db.execute("SELECT annotation_id, video_id FROM revisions WHERE edit_id = ?", (change.edit_id,)).fetchone()
    if done is not None:
        return get(db, done["annotation_id"]) if done["annotation_id"] else None
    if change.wanted is None:
        _decide(db, video_id, change, annotator)
        return None
    wanted = change.wanted
    before = find(db, wanted.id)
    if before is None:
        if change.base_version:
            raise Conflict("This annotation is no longer in the library.", None)
        after = replace(wanted, version=1, annotator=annotator, edited_by=wanted.edited_by or annotator)
    else:
        if video_of(db, wanted.id) != video_id:
            raise UsageError("This annotation belongs to another video.")
        if before.version != change.base_version:
            raise Conflict("Somebody changed this annotation meanwhile.", to_row(before))
        after = replace(
            wanted,
            version=before.version + 1,
            annotator=before.annotator,
            edited_by=annotator,
            source=before.source,
            prediction_id=before.prediction_id,
            attributes=carried(before.attributes, before.segment, wanted.segment)
            if change.keeps_attributes
            else wanted.attributes,
        )
    if after.prediction_id:
        after = replace(after, source=_source(db, video_id, after, known=before is not None))
    if not after.deleted and (before is None or (before.track, before.label) != (after.track, after.label)):
        try:
            labels.check(db, after.track, after.label)
        except UsageError:  # a label that left its list stays where it is; looking for it reads the whole video
            if before is not None or continued(db, video_id, after, annotator) is None:
                raise
    _put(db, video_id, after)
    seq = _append(db, video_id, change, Edit(before, after), annotator)
    if after.prediction_id:
        verdict = "" if after.deleted else _VERDICT_OF.get(after.source, "")
        _set_verdict(db, video_id, after.prediction_id, annotator, verdict, seq)
    return after


def is_done(db: sqlite3.Connection, edit_id: str) -> bool:
    """Whether an edit was saved already: a browser that lost the answer sends it again."""
    return db.execute("SELECT 1 FROM revisions WHERE edit_id = ?", (edit_id,)).fetchone() is not None


def edits_named(db: sqlite3.Connection, beginning: str, annotator: str) -> list[dict[str, Any]]:
    """The edits of an annotator whose ids begin so, newest first: `edit_id`, `video_id`, `annotation_id` (None for a
    verdict), `prediction_id`."""
    rows = db.execute(
        "SELECT edit_id, video_id, annotation_id, prediction_id FROM revisions "
        "WHERE edit_id >= ? AND edit_id < ? AND annotator = ? ORDER BY seq DESC",
        (beginning, beginning + "\U0010ffff", annotator),
    )
    return [dict(row) for row in rows]


def stands(
    db: sqlite3.Connection, video_id: str, span: tuple[int, int], track: str, label: str, annotator: str | None = None
) -> bool:
    """Whether an annotation says exactly this; with `annotator` one of theirs."""
    asked = (
        "SELECT 1 FROM annotations WHERE video_id = ? AND start_us = ? AND end_us = ? AND track = ? AND label = ? "
        "AND annotator = coalesce(?, annotator) AND NOT deleted LIMIT 1"
    )
    return db.execute(asked, (video_id, *span, track, label, annotator)).fetchone() is not None


def continued(db: sqlite3.Connection, video_id: str, made: Annotation, annotator: str) -> Annotation | None:
    """The annotation with the same track and label that ends where a new one begins, as halves of one that is split do;
    where annotators are independent only their own."""
    asked = (
        "SELECT a.* FROM annotations a JOIN videos v ON v.id = a.video_id WHERE a.video_id = ? AND a.track = ? "
        "AND a.label = ? AND a.end_us = ? AND NOT a.deleted AND (NOT v.independent OR a.annotator = ?) "
        "ORDER BY a.rowid DESC LIMIT 1"
    )
    row = db.execute(asked, (video_id, made.track, made.label, made.segment.start, annotator)).fetchone()
    return None if row is None else _from_table(row)


def most_used_labels(db: sqlite3.Connection, most: int, reader: Reader | None = None) -> list[str]:
    """The labels that annotations of the library have, the most frequent first, as far as a reader may see them; not
    the texts of ON_SCREEN."""
    asked = (
        "SELECT label FROM annotations a JOIN videos v ON v.id = a.video_id "
        f"WHERE NOT deleted AND label <> '' AND track <> :texts AND {SEEN} "
        "GROUP BY label ORDER BY count(*) DESC, label LIMIT :most"
    )
    values = {**parameters(reader), "texts": ON_SCREEN, "most": most}
    return [row["label"] for row in db.execute(asked, values)]


def relabel(db: sqlite3.Connection, renames: Iterable[tuple[str, str, str]], annotator: str) -> int:
    """Call labels (track, label, new label) differently in the whole library; returns how many annotations changed.

    All at once: two labels can change places. Each annotation gets a revision. What accepted a prediction goes on
    accepting it: the name changed, not what was seen.
    """
    asked = "SELECT * FROM annotations WHERE track = ? AND label = ? AND NOT deleted"
    rows = [(row, to) for track, label, to in renames for row in db.execute(asked, (track, label))]
    for row, to in rows:
        before = _from_table(row)
        after = replace(before, label=to, version=before.version + 1, edited_by=annotator)
        _put(db, row["video_id"], after)
        _append(db, row["video_id"], EditRequest(str(uuid.uuid4()), RELABEL, after), Edit(before, after), annotator)
    return len(rows)


def _decide(db: sqlite3.Connection, video_id: str, change: EditRequest, annotator: str) -> None:
    if change.prediction_id is None or change.verdict not in ("", *VERDICTS):
        raise UsageError("A decision names a prediction and says accepted, corrected or rejected.")
    _prediction(db, video_id, change.prediction_id)
    seq = _append(db, video_id, change, None, annotator)
    _set_verdict(db, video_id, change.prediction_id, annotator, change.verdict, seq)


def _prediction(db: sqlite3.Connection, video_id: str, prediction_id: str) -> sqlite3.Row:
    row = db.execute(
        "SELECT p.*, r.video_id, r.task FROM predictions p JOIN runs r ON r.id = p.run_id WHERE p.id = ?",
        (prediction_id,),
    ).fetchone()
    if row is None or (row["video_id"] != video_id and _place(db, video_id, row["video_id"]) is None):
        raise NotFound("The prediction behind this edit is not in this video; reload the page.")
    assert isinstance(row, sqlite3.Row)
    return row


def _place(db: sqlite3.Connection, video_id: str, medium_id: str) -> MediaPlace | None:
    return timelines.place(db, timelines.of_video(db, video_id), medium_id)


def _source(db: sqlite3.Connection, video_id: str, a: Annotation, known: bool) -> str:
    """An annotation that says what its prediction said accepts it; any other corrects it. What answers a question is
    also accepted under a class: the words of the question are none. One that is `known` stays a correction where the
    camera of its prediction was taken off the timeline."""
    try:
        p = _prediction(db, video_id, str(a.prediction_id))
    except NotFound:
        if known:
            return "correction"
        raise
    found = Segment(p["start_us"], p["end_us"])
    if p["video_id"] != video_id:
        length = db.execute("SELECT duration_us FROM videos WHERE id = ?", (video_id,)).fetchone()["duration_us"]
        same = (_place(db, video_id, p["video_id"]) or ALIGNED).placed(found, length) == a.segment
    else:
        same = found == a.segment
    named = p["label"] == a.label or (p["task"] == "grounding" and labels.is_listed(db, a.track, a.label))
    return "accepted" if same and named else "correction"


def _put(db: sqlite3.Connection, video_id: str, a: Annotation) -> None:
    row = {**to_row(a), "video_id": video_id, "timeline_id": timelines.of_video(db, video_id)}
    row["attributes"] = json.dumps(row["attributes"], ensure_ascii=False)
    updates = ", ".join(f"{name} = excluded.{name}" for name in row if name not in _FIXED)
    db.execute(
        f"INSERT INTO annotations ({', '.join(row)}) VALUES ({', '.join('?' * len(row))}) "
        f"ON CONFLICT (id) DO UPDATE SET {updates}",
        list(row.values()),
    )


def _append(db: sqlite3.Connection, video_id: str, change: EditRequest, edit: Edit | None, annotator: str) -> int:
    cursor = db.execute(
        "INSERT INTO revisions (video_id, edit_id, annotation_id, prediction_id, op, before, after, annotator, at, "
        "marked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            video_id, change.edit_id, edit.id if edit else None,
            edit.after.prediction_id if edit and edit.after else change.prediction_id, change.op,
            _dump(edit.before) if edit else None, _dump(edit.after) if edit else json.dumps(change.verdict),
            annotator, now(), json.dumps(change.marked) if change.marked else "",
        ),
    )  # fmt: skip
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def append_other(
    db: sqlite3.Connection, video_id: str, edit_id: str, op: str, before: Any, after: Any, annotator: str
) -> int:
    """Append an edit of something else than an annotation to the history; `before` and `after` are JSON values.
    Returns its number."""
    cursor = db.execute(
        "INSERT INTO revisions (video_id, edit_id, op, before, after, annotator, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (video_id, edit_id, op, json.dumps(before), json.dumps(after), annotator, now()),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _set_verdict(
    db: sqlite3.Connection, video_id: str, prediction_id: str, annotator: str, verdict: str, seq: int
) -> None:
    if verdict:
        db.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?)", (prediction_id, annotator, verdict, seq))
    else:
        # taking a decision back takes it back for everyone who sees it; the history keeps who had said what. The
        # timeline and the camera of the prediction may be two videos: one that is independent is enough
        db.execute(
            "DELETE FROM verdicts WHERE prediction_id = :id AND (annotator = :annotator OR NOT EXISTS "
            "(SELECT 1 FROM videos WHERE independent AND id IN (:timeline, (SELECT r.video_id FROM predictions p "
            "JOIN runs r ON r.id = p.run_id WHERE p.id = :id))))",
            {"id": prediction_id, "annotator": annotator, "timeline": video_id},
        )


def find(db: sqlite3.Connection, annotation_id: str) -> Annotation | None:
    """The annotation with this id, deleted or not."""
    row = db.execute("SELECT * FROM annotations WHERE id = ?", (annotation_id,)).fetchone()
    return None if row is None else _from_table(row)


def get(db: sqlite3.Connection, annotation_id: str) -> Annotation:
    """`find`, or NotFound."""
    annotation = find(db, annotation_id)
    if annotation is None:
        raise NotFound("This annotation is no longer in the library.")
    return annotation


def confirmed_moments(db: sqlite3.Connection, most: int = 100) -> list[dict[str, Any]]:
    """The newest moments that people accepted or corrected as answers to questions: `query`, `video_id`, `start_us`,
    `end_us`. Not those of videos that are annotated independently: what one found there is no hint for another."""
    rows = db.execute(
        "SELECT r.query, a.video_id, a.start_us, a.end_us FROM annotations a "
        "JOIN predictions p ON p.id = a.prediction_id JOIN runs r ON r.id = p.run_id "
        "JOIN videos v ON v.id = a.video_id AND v.removed IS NULL AND NOT v.independent "
        "WHERE r.task = 'grounding' AND r.query IS NOT NULL AND NOT a.deleted "
        "ORDER BY a.rowid DESC LIMIT ?",
        (most,),
    )
    return [dict(row) for row in rows]


def videos_with(db: sqlite3.Connection, label: str, reader: Reader | None = None) -> set[str]:
    """The ids of the videos that have an annotation with this label, as far as a reader may see it."""
    rows = db.execute(
        "SELECT DISTINCT video_id FROM annotations a JOIN videos v ON v.id = a.video_id "
        f"WHERE label = :label AND NOT deleted AND {SEEN}",
        {**parameters(reader), "label": label},
    )
    return {row["video_id"] for row in rows}


def others_use(db: sqlite3.Connection, track: str, label: str, name: str) -> bool:
    """Whether an annotation of somebody else stands with a label."""
    asked = "SELECT 1 FROM annotations WHERE track = ? AND label = ? AND annotator != ? AND NOT deleted LIMIT 1"
    return db.execute(asked, (track, label, name)).fetchone() is not None


def lately_deleted(db: sqlite3.Connection, name: str, since: str) -> int:
    """How many annotations of others somebody deleted since a moment (as `now` says it), among the newest revisions."""
    row = db.execute(
        "SELECT count(*) FROM revisions WHERE seq > (SELECT max(seq) FROM revisions) - 20000 AND annotator = ? "
        "AND op = 'delete' AND at > ? AND json_valid(before) AND json_extract(before, '$.annotator') != ?",
        (name, since, name),
    ).fetchone()
    return int(row[0])


def spans_around(
    db: sqlite3.Connection, timeline_id: str, track: str, segment: Segment, annotator: str | None = None
) -> list[Segment]:
    """When the annotations of a track of a timeline are that contain a segment; with `annotator` only theirs."""
    asked = (
        "SELECT start_us, end_us FROM annotations WHERE timeline_id = ? AND track = ? AND NOT deleted "
        "AND start_us <= ? AND end_us >= ? AND annotator = coalesce(?, annotator)"
    )
    return [Segment(*row) for row in db.execute(asked, (timeline_id, track, segment.start, segment.end, annotator))]


def of_timeline(db: sqlite3.Connection, timeline_id: str, annotator: str | None = None) -> list[Annotation]:
    """The annotations of a timeline that are not deleted, in order of time; with `annotator` only theirs."""
    asked = (
        "SELECT * FROM annotations WHERE timeline_id = ? AND NOT deleted AND annotator = coalesce(?, annotator) "
        "ORDER BY start_us, end_us, rowid"
    )
    return [_from_table(row) for row in db.execute(asked, (timeline_id, annotator))]


def of_video(db: sqlite3.Connection, video_id: str, annotator: str | None = None) -> list[Annotation]:
    """The annotations of the timeline whose main medium a video is, in order of time; with `annotator` only theirs."""
    return of_timeline(db, timelines.of_video(db, video_id), annotator)


def video_of(db: sqlite3.Connection, annotation_id: str) -> str:
    """The id of the video of an annotation.

    Raises NotFound.
    """
    row = db.execute("SELECT video_id FROM annotations WHERE id = ?", (annotation_id,)).fetchone()
    if row is None:
        raise NotFound("This annotation is no longer in the library.")
    return str(row["video_id"])


def verdicts(
    db: sqlite3.Connection, video_id: str, annotator: str | None = None, reader: str | None = None
) -> dict[str, str]:
    """The latest verdict about each prediction of a video, by anyone, or with `annotator` by them. With `reader` those
    of others are left out that were given on a timeline that is annotated independently."""
    rows = db.execute(
        "SELECT d.prediction_id, d.verdict FROM verdicts d JOIN predictions p ON p.id = d.prediction_id "
        "JOIN runs r ON r.id = p.run_id WHERE r.video_id = :video AND d.annotator = coalesce(:annotator, d.annotator) "
        f"AND (:reader IS NULL OR d.annotator = :reader OR {OPENLY.format('d')}) ORDER BY d.seq",
        {"video": video_id, "annotator": annotator, "reader": reader},
    )
    return {row["prediction_id"]: row["verdict"] for row in rows}


def verdict_on(
    db: sqlite3.Connection, prediction_id: str, annotator: str | None = None, reader: str | None = None
) -> str:
    """The latest verdict about one prediction, as `verdicts`; "" where nobody decided."""
    row = db.execute(
        "SELECT d.verdict FROM verdicts d WHERE d.prediction_id = :id "
        "AND d.annotator = coalesce(:annotator, d.annotator) "
        f"AND (:reader IS NULL OR d.annotator = :reader OR {OPENLY.format('d')}) ORDER BY d.seq DESC LIMIT 1",
        {"id": prediction_id, "annotator": annotator, "reader": reader},
    ).fetchone()
    return str(row["verdict"]) if row else ""


def last_seq(db: sqlite3.Connection) -> int:
    """The number of the newest revision of the library."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM revisions").fetchone()[0])


def changed_since(
    db: sqlite3.Connection, video_id: str, seq: int, annotator: str | None = None
) -> tuple[list[Annotation], list[str]]:
    """The annotations (as they stand, deleted ones too) and predictions touched after revision `seq`; with `annotator`
    only their annotations, and the predictions that they touched."""
    rows = db.execute(
        "SELECT DISTINCT annotation_id, prediction_id, annotator FROM revisions WHERE video_id = ? AND seq > ?",
        (video_id, seq),
    ).fetchall()
    found = (find(db, each) for each in dict.fromkeys(row["annotation_id"] for row in rows) if each)
    decided = [row["prediction_id"] for row in rows if annotator in (None, row["annotator"])]
    return [a for a in found if a and annotator in (None, a.annotator)], [each for each in decided if each]


def history(db: sqlite3.Connection, annotation_id: str) -> list[tuple[dict[str, Any], Edit]]:
    """All revisions of an annotation, oldest first: who and when, and the edit; not those that cannot be read."""
    rows = db.execute("SELECT * FROM revisions WHERE annotation_id = ? ORDER BY seq", (annotation_id,)).fetchall()
    maker = next((row["annotator"] for row in rows if row["before"] is None), None)
    found = []
    for row in rows:
        before, after = (_load(row[column], row["seq"], maker) for column in ("before", "after"))
        if before or after:
            facts = {"seq": row["seq"], "op": row["op"], "annotator": row["annotator"], "at": row["at"]}
            found.append((facts, Edit(before, after)))
    return found


def saved_edit(db: sqlite3.Connection, edit_id: str) -> Edit | None:
    """What an edit that was saved did to its annotation; None where that cannot be read."""
    row = db.execute(
        "SELECT seq, before, after, (SELECT annotator FROM revisions WHERE annotation_id = r.annotation_id "
        "AND before IS NULL ORDER BY seq LIMIT 1) AS maker FROM revisions r WHERE edit_id = ?",
        (edit_id,),
    ).fetchone()
    if row is None:
        return None
    before, after = (_load(row[column], row["seq"], row["maker"]) for column in ("before", "after"))
    return Edit(before, after) if before or after else None


def _from_table(row: sqlite3.Row) -> Annotation:
    kept = stored.value(row["attributes"], dict, "annotations", row["id"]) or {}
    return from_row({**dict(row), "deleted": bool(row["deleted"]), "attributes": kept})


def _dump(a: Annotation | None) -> str | None:
    return None if a is None else json.dumps(to_row(a))


def _load(text: str | None, seq: int, maker: str | None) -> Annotation | None:
    row = None if text is None else stored.value(text, dict, "revisions", seq)
    if row is None:
        return None
    if "edited_by" not in row:  # an earlier release called the last editor the annotator
        row = {**row, "edited_by": row.get("annotator"), "annotator": row.get("annotator") if maker is None else maker}
    try:
        return from_row(row)
    except (KeyError, TypeError, UsageError):
        stored.skipped("revisions", seq)
        return None
