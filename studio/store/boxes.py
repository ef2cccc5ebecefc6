"""Tables `box_tracks` and `box_keys`: boxes over time, by their key frames, with their history.

A change says what it saw and what is to be in its place, of only those key frames that it is about: two people can work
on one box track. One that saw something else is refused; a repeated one changes nothing.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.errors import Conflict, PermissionDenied, UsageError
from studio.store import annotations, labels, stored, timelines, videos
from studio.timeline import attribute_types, checked_attributes
from studio.timeline.attributes import Attributes
from studio.timeline.boxes import BOXES, BoxTrack, KeyFrame, TrackedBox

EDIT = "box"
DELETE = "delete-box"
MOST_KEYS = 50_000  # of one box track
MOST = 2_000  # box tracks of one video
_SAME = 1e-9
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BoxState:
    """Some of a box track: what is None is not said; of `keys`, by their times in µs, and of `attributes`, by their
    names, None is one that is not there."""

    label: str | None = None
    name: str | None = None
    deleted: bool | None = None
    medium: str | None = None
    keys: Mapping[int, KeyFrame | None] = field(default_factory=dict)
    attributes: Attributes = field(default_factory=dict)

    def as_json(self) -> Row:
        said = {key: getattr(self, key) for key in ("label", "name", "deleted", "medium")}
        return {
            **{key: value for key, value in said.items() if value is not None},
            **({"attributes": dict(self.attributes)} if self.attributes else {}),
            "keys": [key.listed if key else [time] for time, key in self.keys.items()],
        }


@dataclass(frozen=True, slots=True)
class BoxChange:
    """What a change saw of a box track (`before`), and what it makes of it (`after`): the other way round, it is
    undone. One that removes a box track saw all of its key frames."""

    edit_id: str
    id: str
    before: BoxState
    after: BoxState


def of_video(db: sqlite3.Connection, video_id: str, annotator: str | None = None) -> list[BoxTrack]:
    """The box tracks of a video that are not deleted, in order of their beginning; with `annotator` only theirs."""
    asked = "SELECT * FROM box_tracks WHERE video_id = ? AND NOT deleted AND annotator = coalesce(?, annotator)"
    found = _read(db, db.execute(asked, (video_id, annotator)).fetchall())
    return sorted(found, key=lambda track: (track.keys[0].time_us if track.keys else 0, track.id))


def changed_since(db: sqlite3.Connection, video_id: str, seq: int, annotator: str | None = None) -> list[BoxTrack]:
    """The box tracks that were changed after revision `seq`, as they stand, deleted ones too."""
    asked = "SELECT * FROM box_tracks WHERE video_id = ? AND seq > ? AND annotator = coalesce(?, annotator)"
    return _read(db, db.execute(asked, (video_id, seq, annotator)).fetchall())


def find(db: sqlite3.Connection, video_id: str, box_id: str) -> BoxTrack | None:
    """One box track of a video, deleted or not.

    Raises UsageError for one of another video.
    """
    row = db.execute("SELECT * FROM box_tracks WHERE id = ?", (box_id,)).fetchone()
    if row is not None and row["video_id"] != video_id:
        raise UsageError("This box belongs to another video.")
    return None if row is None else _read(db, [row])[0]


def step_of(db: sqlite3.Connection, box_id: str) -> str:
    """The id of the step that changed a box track last."""
    asked = "SELECT edit_id FROM revisions WHERE seq = (SELECT seq FROM box_tracks WHERE id = ?)"
    row = db.execute(asked, (box_id,)).fetchone()
    return str(row["edit_id"]) if row else ""


def _read(db: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[BoxTrack]:
    found = []
    for row in rows:
        keys = db.execute("SELECT * FROM box_keys WHERE box_id = ? ORDER BY time_us", (row["id"],))
        found.append(
            BoxTrack(
                row["id"], row["label"], row["name"], tuple(_key(key) for key in keys), row["annotator"],
                row["edited_by"], row["version"], bool(row["deleted"]),
                stored.value(row["attributes"], dict, "box_tracks", row["id"]) or {}, row["medium_id"] or "",
            )
        )  # fmt: skip
    return found


def _key(row: sqlite3.Row) -> KeyFrame:
    corners = row["x1"], row["y1"], row["x2"], row["y2"]
    return KeyFrame(row["time_us"], *corners, bool(row["hidden"]), row["source"], bool(row["occluded"]))


def save(db: sqlite3.Connection, video: Row, change: BoxChange, annotator: str) -> None:
    """Apply a change and append it to the history; one that was saved already changes nothing.

    Raises Conflict when the box track is not what the change saw, PermissionDenied for somebody else's in a video that
    is annotated independently, UsageError.
    """
    if annotations.is_done(db, change.edit_id):
        return
    there = find(db, video["id"], change.id)
    if there and video["independent"] and there.annotator != annotator:
        raise PermissionDenied("This video is annotated independently: everybody changes only their own boxes.")
    known = there or BoxTrack(change.id, deleted=True, version=0, annotator=annotator)
    if not _saw(known, change):
        raise Conflict(
            "Somebody else changed this box meanwhile: it is shown as it is now, and your change was not saved; do it "
            "again if it is right.",
            None,
        )
    after = change.after
    if known.version == 0 and after.medium:
        _check_medium(db, video["id"], after.medium)
    if after.label is not None and after.label != known.label and not after.deleted:
        labels.check(db, BOXES, after.label)
    if after.attributes:
        _check_attributes(db, known, after)
    _put(db, video["id"], known, after, change.edit_id, annotator, change.before)


def _check_attributes(db: sqlite3.Connection, known: BoxTrack, after: BoxState) -> None:
    """Raises UsageError for what the schema does not let a box be; what was there before may stay."""
    types = labels.attribute_types(db, BOXES, known.label if after.label is None else after.label)
    wanted = checked_attributes(_described(known, after))
    if found := attribute_types.problems(types, known.attributes, wanted):
        raise UsageError(found[0])


def _described(known: BoxTrack, after: BoxState) -> dict[str, Any]:
    """The attributes of a box track after a change."""
    return {name: value for name, value in {**known.attributes, **after.attributes}.items() if value is not None}


def medium_of(db: sqlite3.Connection, video: Row, change: BoxChange) -> Row:
    """The video over whose picture a box track lies, or will: the main one, or a camera of the timeline."""
    there = find(db, video["id"], change.id)
    medium = there.medium if there else change.after.medium
    return videos.known(db, medium) if medium else video


def _check_medium(db: sqlite3.Connection, video_id: str, medium: str) -> None:
    if medium != video_id and timelines.place(db, timelines.of_video(db, video_id), medium) is None:
        raise UsageError("This camera is not on the timeline; add it under Cameras and recordings first.")
    if not videos.has_pictures(videos.get(db, medium)):
        raise UsageError("This recording has no pictures, so there is nothing to draw a box on.")


def _saw(known: BoxTrack, change: BoxChange) -> bool:
    seen, keys = change.before, {key.time_us: key for key in known.keys}
    if any(said not in (None, getattr(known, name)) for name, said in _texts(seen)):
        return False
    if change.after.deleted and not known.deleted and set(seen.keys) != set(keys):
        return False
    if any(known.attributes.get(name) != value for name, value in seen.attributes.items()):
        return False
    return all(_same(keys.get(time), key) for time, key in seen.keys.items())


def _texts(state: BoxState) -> list[tuple[str, Any]]:
    return [("label", state.label), ("name", state.name), ("deleted", state.deleted), ("medium", state.medium)]


def _same(one: KeyFrame | None, other: KeyFrame | None) -> bool:
    if one is None or other is None:
        return one is other
    near = all(abs(a - b) < _SAME for a, b in zip(one.corners, other.corners, strict=True))
    return near and one[5:] == other[5:]


def _put(
    db: sqlite3.Connection, video_id: str, known: BoxTrack, after: BoxState, edit_id: str, annotator: str,
    before: BoxState,
) -> None:  # fmt: skip
    deleted = known.deleted if after.deleted is None else after.deleted
    said = {"id": known.id, "annotator": known.annotator}
    seq = annotations.append_other(
        db, video_id, edit_id, DELETE if deleted and not known.deleted else EDIT,
        {**said, **before.as_json()}, {**said, **after.as_json()}, annotator,
    )  # fmt: skip
    label, name = (old if new is None else new for old, new in ((known.label, after.label), (known.name, after.name)))
    described = json.dumps(_described(known, after), ensure_ascii=False)
    medium = after.medium if after.medium != video_id else ""
    row = (
        known.id, video_id, label, name, known.annotator, annotator, known.version + 1, deleted, seq, described,
        medium or None,
    )  # fmt: skip
    db.execute(
        "INSERT INTO box_tracks (id, video_id, label, name, annotator, edited_by, version, deleted, seq, attributes, "
        "medium_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET label = excluded.label, "
        "name = excluded.name, edited_by = excluded.edited_by, version = excluded.version, deleted = excluded.deleted, "
        "seq = excluded.seq, attributes = excluded.attributes",
        row,
    )
    _put_keys(db, known.id, after.keys)
    count = db.execute("SELECT count(*) FROM box_keys WHERE box_id = ?", (known.id,)).fetchone()[0]
    if not deleted and not 0 < count <= MOST_KEYS:
        raise UsageError(f"A box track has between 1 and {MOST_KEYS:,} key frames; delete it instead, or thin it.")
    if known.version == 0:
        tracks = db.execute("SELECT count(*) FROM box_tracks WHERE video_id = ? AND NOT deleted", (video_id,))
        if tracks.fetchone()[0] > MOST:
            raise UsageError(f"A video can have at most {MOST:,} box tracks; delete some first.")


def _put_keys(db: sqlite3.Connection, box_id: str, keys: Mapping[int, KeyFrame | None]) -> None:
    gone = [(box_id, time) for time, key in keys.items() if key is None]
    db.executemany("DELETE FROM box_keys WHERE box_id = ? AND time_us = ?", gone)
    db.executemany(
        "INSERT OR REPLACE INTO box_keys (box_id, time_us, x1, y1, x2, y2, hidden, source, occluded) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(box_id, time, *key.corners, key.hidden, key.source, key.occluded) for time, key in keys.items() if key],
    )


def insert(db: sqlite3.Connection, video_id: str, track: BoxTrack, edit_id: str, annotator: str) -> None:
    """Add a box track that comes with a file; one without an annotator is the importer's.

    Raises UsageError for a label that is not taken.
    """
    labels.check(db, BOXES, track.label)
    owner = track.annotator or annotator
    known = BoxTrack(track.id, deleted=True, version=0, annotator=owner)
    keys = {key.time_us: key for key in track.keys}
    after = BoxState(track.label, track.name, False, track.medium or None, keys, track.attributes)
    _put(db, video_id, known, after, edit_id, annotator, BoxState(deleted=True))


def set_deleted(db: sqlite3.Connection, video_id: str, box_id: str, deleted: bool, edit_id: str, by: str) -> bool:
    """Remove a box track, or bring it back; whether that changed anything."""
    known = find(db, video_id, box_id)
    if known is None or known.deleted == deleted:
        return False
    _put(db, video_id, known, BoxState(deleted=deleted), edit_id, by, BoxState(deleted=known.deleted))
    return True


def relabel(db: sqlite3.Connection, renames: Iterable[tuple[str, str, str]], annotator: str) -> int:
    """As `annotations.relabel`, of the box tracks of the whole library: those renames (track, label, new label) that
    are of BOXES."""
    asked = "SELECT * FROM box_tracks WHERE label = ? AND NOT deleted"
    rows = [(row, to) for track, label, to in renames if track == BOXES for row in db.execute(asked, (label,))]
    for row, to in rows:
        known = _read(db, [row])[0]
        step = f"relabel-{uuid.uuid4()}"
        _put(db, row["video_id"], known, BoxState(label=to), step, annotator, BoxState(label=known.label))
    return len(rows)


def others_use(db: sqlite3.Connection, track: str, label: str, name: str) -> bool:
    """Whether a box track of somebody else has a label of BOXES."""
    asked = "SELECT 1 FROM box_tracks WHERE label = ? AND annotator != ? AND NOT deleted LIMIT 1"
    return track == BOXES and db.execute(asked, (label, name)).fetchone() is not None


def take_tracked(db: sqlite3.Connection, tracked: TrackedBox) -> int:
    """Put what a tracker found into its box track, as one step; returns how many key frames came.

    Key frames of a person stay, and what lies beyond the first of them is left as it is. Nothing is done to a box track
    that was deleted meanwhile.
    """
    known = find(db, tracked.video_id, tracked.id)
    if known is None or known.deleted or annotations.is_done(db, tracked.edit_id):
        return 0
    start, end = _free(known, tracked)
    found = {key.time_us: key for key in tracked.keys if start <= key.time_us < end}
    before = {key.time_us: key for key in known.keys if start <= key.time_us < end}
    after: dict[int, KeyFrame | None] = {**dict.fromkeys(before), **found}
    if not after:
        return 0
    seen = BoxState(keys={time: before.get(time) for time in after})
    _put(db, tracked.video_id, known, BoxState(keys=after), tracked.edit_id, tracked.annotator, seen)
    return len(found)


def _free(known: BoxTrack, tracked: TrackedBox) -> tuple[int, int]:
    """The part of a stretch without key frames of a person, from where the tracker began."""
    own = [k.time_us for k in known.keys if k.source != "tracked" and tracked.start_us <= k.time_us < tracked.end_us]
    if not own:
        return tracked.start_us, tracked.end_us
    return (max(own) + 1, tracked.end_us) if tracked.backward else (tracked.start_us, min(own))


def lately_deleted(db: sqlite3.Connection, name: str, since: str) -> int:
    """As `annotations.lately_deleted`, of box tracks."""
    row = db.execute(
        "SELECT count(*) FROM revisions WHERE seq > (SELECT max(seq) FROM revisions) - 20000 AND annotator = ? "
        "AND op = ? AND at > ? AND json_extract(before, '$.annotator') != ?",
        (name, DELETE, since, name),
    ).fetchone()
    return int(row[0])
