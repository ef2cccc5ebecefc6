"""Edits as a browser sends them → changes of the store, and their answers."""

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import normalize

from studio.config import Limits
from studio.errors import Conflict, PermissionDenied, StudioError, UsageError
from studio.service.accounts.rights import BULK, BULK_S, Actor
from studio.service.people import identities
from studio.service.requests import shift, text, time, whole
from studio.service.timelines import boxes as box_edits
from studio.service.timelines import traces as trace_edits
from studio.store import EditRequest, absences, annotations, boxes, labels, people, timeline_media, timelines, traces
from studio.store.absences import AbsenceChange
from studio.store.boxes import BoxChange
from studio.store.people import NameChange
from studio.store.timeline_media import MediumChange
from studio.store.traces import TraceChange
from studio.timeline import (
    WHOLE_VIDEO,
    Annotation,
    MediaPlace,
    Segment,
    attribute_types,
    checked_attributes,
    tiers,
    to_dict,
)

Wire = dict[str, Any]
NAMING, ABSENT, MEDIUM = "people", "absent", timeline_media.OP
OPS = (
    "create",
    "update",
    "delete",
    "restore",
    annotations.FOLLOW,
    "verdict",
    NAMING,
    ABSENT,
    MEDIUM,
    boxes.EDIT,
    traces.EDIT,
)
Change = EditRequest | NameChange | AbsenceChange | MediumChange | BoxChange | TraceChange
ID_CHARS = 64
FASTEST = 100.0  # rate at which a video plays, either way


def parse(edit: Any, limits: Limits) -> Change:
    """One edit: `edit_id`, `op`, `base_version`, and the wanted annotation or the verdict; or names of faces, a change
    of a box track or of a curve, an instant `at` which a label is not there, or where a medium of the timeline lies
    (`before` and `after`, when it begins in s; `before_rate` and `after_rate`, how fast its clock runs, 1 where nothing
    is said).

    Raises UsageError that says which part is wrong.
    """
    if not isinstance(edit, dict):
        raise UsageError("An edit is an object with edit_id and op.")
    edit_id, op = text(edit, "edit_id", "", longest=ID_CHARS), edit.get("op")
    if not edit_id or op not in OPS:
        raise UsageError(f"An edit needs an edit_id and an op out of {', '.join(OPS)}.")
    if op == NAMING:
        return identities.parse(edit, edit_id, limits)
    if op == boxes.EDIT:
        return box_edits.parse(edit, edit_id, limits)
    if op == ABSENT:
        place = _track(edit, limits), _label(edit, limits), time(edit, "at")
        return AbsenceChange(edit_id, *place, edit.get("absent") is not False)
    if op == MEDIUM:
        return MediumChange(edit_id, _needed(edit, "medium", ID_CHARS), _place(edit, "before"), _place(edit, "after"))
    if op == traces.EDIT:
        return trace_edits.parse(edit, edit_id, limits)
    if op == "verdict":
        decided = text(edit, "verdict", "", longest=ID_CHARS)
        return EditRequest(edit_id, op, None, 0, text(edit, "prediction_id", "", longest=ID_CHARS), decided)
    wanted = Annotation(
        id=_needed(edit, "id", ID_CHARS),
        segment=Segment(time(edit, "start"), time(edit, "end")),
        track=_track(edit, limits),
        label=_label(edit, limits),
        note=text(edit, "note", "", longest=limits.note_chars),
        source=text(edit, "source", "", longest=ID_CHARS) or "manual",
        prediction_id=text(edit, "prediction_id", "", longest=ID_CHARS) or None,
        deleted=op == "delete",
        attributes=checked_attributes(edit.get("attributes") or {}),
    )
    # a page or a script that knows nothing of attributes leaves them as they are
    return EditRequest(
        edit_id,
        op,
        wanted,
        whole(edit, "base_version", 0),
        keeps_attributes=edit.get("attributes") is None,
        marked=_marked(edit),
    )


def _place(edit: Wire, key: str) -> MediaPlace | None:
    if (offset_us := shift(edit, key)) is None:
        return None
    rate = edit.get(f"{key}_rate", 1.0)
    if not isinstance(rate, int | float) or isinstance(rate, bool):
        raise UsageError(f"“{key}_rate” must be a number.")
    return MediaPlace(offset_us, float(rate))


def _track(edit: Wire, limits: Limits) -> str:
    return normalize("NFC", _needed(edit, "track", limits.label_chars))


def _label(edit: Wire, limits: Limits) -> str:
    """Two spellings of one letter (é, e and ´) are one label."""
    return normalize("NFC", text(edit, "label", "", longest=limits.label_chars))


def _marked(edit: Wire) -> dict[str, tuple[int, float]]:
    """See `EditRequest.marked`; a page sends {"start": {"at": s, "rate": number}}, the same of “end”, or nothing."""
    given = edit.get("marked") or {}
    if not isinstance(given, dict):
        raise UsageError("“marked” must be an object with start, end, or both.")
    found = {}
    for edge in ("start", "end"):
        if (each := given.get(edge)) is None:
            continue
        rate = each.get("rate") if isinstance(each, dict) else None
        if not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 < abs(rate) <= FASTEST:
            raise UsageError(f"“marked” needs, of its {edge}, “at” in seconds and a “rate” other than 0.")
        found[edge] = time(each, "at"), float(rate)
    return found


def _needed(edit: Wire, key: str, longest: int) -> str:
    value = text(edit, key, "", longest=longest)
    if not value.strip():
        raise UsageError(f"“{key}” must not be empty.")
    return value


def apply(
    db: sqlite3.Connection, video: Wire, edits: list[Any], annotator: str, limits: Limits, by: Actor
) -> list[Wire]:
    """Save edits of a video one by one in one transaction; each gets its own answer.

    One that fails leaves nothing behind, and holds up no other but the later ones of the same annotation: they build on
    it.
    """
    answers: list[Wire] = []
    failed: dict[str, StudioError] = {}
    bulk = None if by.owns(video["added_by"]) else _Bulk(db, annotator)
    for edit in edits:
        edit_id, about = (_name(edit, "edit_id"), _name(edit, "id") or "") if isinstance(edit, dict) else (None, "")
        db.execute("SAVEPOINT edit")
        change: Change | None = None
        try:
            change = parse(edit, limits)
            if about in failed and not annotations.is_done(db, change.edit_id):
                raise failed[about]
            saved = _save(db, video, change, annotator, bulk)
            answers.append({"edit_id": edit_id, "ok": True, "annotation": to_dict(saved) if saved else None})
        except StudioError as error:
            db.execute("ROLLBACK TO edit")
            if about:
                failed[about] = error
            answers.append(
                {
                    "edit_id": edit_id,
                    "ok": False,
                    **_failure(db, about if isinstance(change, EditRequest) else "", error),
                }
            )
        db.execute("RELEASE edit")
    return answers


def _save(
    db: sqlite3.Connection, video: Wire, change: Change, annotator: str, bulk: "_Bulk | None"
) -> Annotation | None:
    if isinstance(change, AbsenceChange):
        if change.time_us > video["duration_us"]:
            raise UsageError("This time lies beyond the end of the video.")
        absences.save(db, video["id"], change, annotator)
        return None
    if isinstance(change, NameChange):
        people.save(db, video["id"], change, annotator)
        return None
    if isinstance(change, TraceChange):
        traces.save(db, video, change, annotator)
        return None
    if isinstance(change, MediumChange):
        timeline_media.save(db, video["id"], change, annotator)
        return None
    if isinstance(change, BoxChange):
        box_edits.check_times(change, boxes.medium_of(db, video, change)["duration_us"])
        if bulk is not None:
            bulk.take_box(change, video["id"])
        boxes.save(db, video, change, annotator)
        return None
    _own(db, video, change, annotator)
    _within(db, change, video["duration_us"])
    _fits(db, video, change, annotator)
    if bulk is not None:
        bulk.take(change)
    return annotations.save(db, video["id"], change, annotator)


class _Bulk:
    """How many annotations of others somebody deleted of late: one by one it is correction, all at once it is not."""

    def __init__(self, db: sqlite3.Connection, annotator: str) -> None:
        self._db, self._annotator, self._count = db, annotator, -1

    def take(self, change: EditRequest) -> None:
        """Raises PermissionDenied for a deletion too many."""
        if change.wanted is None or not change.wanted.deleted or annotations.is_done(self._db, change.edit_id):
            return
        before = annotations.find(self._db, change.wanted.id)
        if before is None or before.deleted or before.annotator == self._annotator:
            return
        self._add()

    def take_box(self, change: BoxChange, video_id: str) -> None:
        """The same, of a box track."""
        if not change.after.deleted or annotations.is_done(self._db, change.edit_id):
            return
        before = boxes.find(self._db, video_id, change.id)
        if before is not None and not before.deleted and before.annotator != self._annotator:
            self._add()

    def _add(self) -> None:
        if self._count < 0:
            since = (datetime.now(UTC) - timedelta(seconds=BULK_S)).isoformat(timespec="milliseconds")
            self._count = sum(found.lately_deleted(self._db, self._annotator, since) for found in (annotations, boxes))
        self._count += 1
        if self._count > BULK:
            raise PermissionDenied(
                f"You deleted {BULK} annotations of others in {BULK_S / 60:.0f} minutes; ask an admin to delete more."
            )


def _name(edit: Wire, key: str) -> str | None:
    """What an edit calls itself, to answer it by; None for what is no name."""
    try:
        return text(edit, key, longest=ID_CHARS)
    except UsageError:
        return None


def _own(db: sqlite3.Connection, video: Wire, change: EditRequest, annotator: str) -> None:
    """Raises PermissionDenied for a change of what somebody else made in a video that is annotated independently. The
    answer holds nothing of theirs."""
    if not video["independent"] or change.wanted is None or annotations.is_done(db, change.edit_id):
        return
    before = annotations.find(db, change.wanted.id)
    if before is not None and before.annotator != annotator:
        raise PermissionDenied("This video is annotated independently: everybody changes only their own annotations.")


def _within(db: sqlite3.Connection, change: EditRequest, duration_us: int) -> None:
    """Raises UsageError for a segment that is moved beyond the video.

    One that lies there since its video was replaced by a shorter one can still be renamed or deleted.
    """
    wanted = change.wanted
    if wanted is None or wanted.deleted or wanted.segment.end <= duration_us:
        return
    before = annotations.find(db, wanted.id)
    if before is None or before.segment != wanted.segment:
        raise UsageError("A segment cannot end after the video does.")


def _fits(db: sqlite3.Connection, video: Wire, change: EditRequest, annotator: str) -> None:
    """Raises UsageError for an attribute that is not as the schema has it, and for a segment that comes to a row that
    depends on another one where that one has none for it. What was there before may stay, be moved, and be split:
    whoever moves a segment of the other row moves what belongs to it afterwards."""
    wanted = change.wanted
    if wanted is None or wanted.deleted or annotations.is_done(db, change.edit_id):
        return
    before = annotations.find(db, wanted.id)
    stays = before is not None and (before.track, before.segment) == (wanted.track, wanted.segment)
    is_whole = (wanted.segment.start, wanted.segment.end) == (0, video["duration_us"])
    if wanted.track == WHOLE_VIDEO and not is_whole and not stays:  # the video's file may have become another one
        raise UsageError(f"What is said under “{WHOLE_VIDEO}” is about all of it, from its start to its end.")
    if before is not None and before.version != change.base_version:
        return  # a conflict: what somebody else says now is no measure of what was there
    if not change.keeps_attributes and wanted.attributes:
        types = labels.attribute_types(db, wanted.track, wanted.label)
        known = before or annotations.continued(db, video["id"], wanted, annotator)
        if found := attribute_types.problems(types, known.attributes if known else {}, wanted.attributes):
            raise UsageError(found[0])
    if before is not None and before.track == wanted.track:
        return  # also one that comes back: its parent may come after it
    dependency = labels.dependencies(db).get(wanted.track)
    if dependency is None:
        return
    layer = annotator if video["independent"] else None
    parents = annotations.spans_around(
        db, timelines.of_video(db, video["id"]), dependency.parent, wanted.segment, layer
    )
    if said := tiers.problem(wanted.segment, dependency, parents):
        raise UsageError(said)


def _failure(db: sqlite3.Connection, about: str, error: StudioError) -> Wire:
    """What is answered where an edit was not saved; `about` is the id of its annotation, "" where it has none."""
    if not isinstance(error, Conflict):
        kind = "forbidden" if isinstance(error, PermissionDenied) else "invalid"
        return {"kind": kind, "error": str(error), "current": None}
    current = annotations.find(db, about) if about else None
    return {"kind": "conflict", "error": str(error), "current": to_dict(current) if current else None}
