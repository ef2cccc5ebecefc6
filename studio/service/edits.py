"""Edits as a browser sends them → changes of the store, and their answers."""

import sqlite3
from typing import Any
from unicodedata import normalize

from studio.config import Limits
from studio.errors import Conflict, StudioError, UsageError
from studio.formats import native
from studio.store import Change, annotations
from studio.timeline import Annotation, Segment, us

Wire = dict[str, Any]
OPS = ("create", "update", "delete", "restore", "verdict")


def parse(edit: Any, limits: Limits) -> Change:
    """One edit: `edit_id`, `op`, `base_version`, and the wanted annotation or the verdict.

    Raises UsageError that says which part is wrong.
    """
    if not isinstance(edit, dict):
        raise UsageError("An edit is an object with edit_id and op.")
    edit_id, op = _text(edit, "edit_id", 64), edit.get("op")
    if not edit_id or op not in OPS:
        raise UsageError(f"An edit needs an edit_id and an op out of {', '.join(OPS)}.")
    if op == "verdict":
        return Change(edit_id, op, None, 0, _text(edit, "prediction_id", 64), _text(edit, "verdict", 16))
    base = edit.get("base_version", 0)
    if not isinstance(base, int) or isinstance(base, bool) or base < 0:
        raise UsageError("base_version is the number of the version that was seen, 0 for a new annotation.")
    wanted = Annotation(
        id=_text(edit, "id", 64, needed=True),
        segment=Segment(us(_number(edit, "start")), us(_number(edit, "end"))),
        # two spellings of one letter (é, e and ´) are one label
        track=normalize("NFC", _text(edit, "track", limits.label_chars, needed=True)),
        label=normalize("NFC", _text(edit, "label", limits.label_chars)),
        note=_text(edit, "note", limits.note_chars),
        source=_text(edit, "source", 16) or "manual",
        prediction_id=_text(edit, "prediction_id", 64) or None,
        deleted=op == "delete",
    )
    return Change(edit_id, op, wanted, base)


def _text(edit: Wire, key: str, longest: int, *, needed: bool = False) -> str:
    value = edit.get(key)
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise UsageError(f"{key} must be text.")
    if needed and not value.strip():
        raise UsageError(f"{key} must not be empty.")
    if len(value) > longest:
        raise UsageError(f"{key} is too long; keep it under {longest} characters.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{key} holds half a character; type it again.") from None
    return value


def _number(edit: Wire, key: str) -> float:
    value = edit.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise UsageError(f"{key} must be a number of seconds.")
    return float(value)


def apply(
    db: sqlite3.Connection, video_id: str, duration_us: int, edits: list[Any], by: str, limits: Limits
) -> list[Wire]:
    """Save edits one by one in one transaction; each gets its own answer.

    One that fails leaves nothing behind, and holds up no other but the later ones of the same annotation: they build on
    it.
    """
    answers: list[Wire] = []
    failed: dict[str, StudioError] = {}
    for edit in edits:
        edit_id, about = (edit.get("edit_id"), str(edit.get("id") or "")) if isinstance(edit, dict) else (None, "")
        db.execute("SAVEPOINT edit")
        try:
            change = parse(edit, limits)
            if about in failed and not annotations.is_done(db, change.edit_id):
                raise failed[about]
            _within(db, change, duration_us)
            saved = annotations.save(db, video_id, change, by)
            answers.append({"edit_id": edit_id, "ok": True, "annotation": native.to_dict(saved) if saved else None})
        except StudioError as error:
            db.execute("ROLLBACK TO edit")
            if about:
                failed[about] = error
            answers.append({"edit_id": edit_id, "ok": False, **_failure(db, about, error)})
        db.execute("RELEASE edit")
    return answers


def _within(db: sqlite3.Connection, change: Change, duration_us: int) -> None:
    """Raises UsageError for a segment that is moved beyond the video.

    One that lies there since its video was replaced by a shorter one can still be renamed or deleted.
    """
    wanted = change.wanted
    if wanted is None or wanted.deleted or wanted.segment.end <= duration_us:
        return
    before = annotations.find(db, wanted.id)
    if before is None or before.segment != wanted.segment:
        raise UsageError("A segment cannot end after the video does.")


def _failure(db: sqlite3.Connection, about: str, error: StudioError) -> Wire:
    if not isinstance(error, Conflict):
        return {"kind": "refused", "error": str(error), "current": None}
    current = annotations.find(db, about)
    return {"kind": "conflict", "error": str(error), "current": native.to_dict(current) if current else None}
