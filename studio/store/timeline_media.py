"""What people put on a timeline beside its main medium: cameras and recordings, when they begin, and how fast their
clocks run.

A change says what it saw and what it wants. Where a medium is not as it was seen, it is refused; a change that is sent
again is acknowledged and does nothing. Every one is in the history.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from studio.errors import Conflict, UsageError
from studio.store import annotations, stored, timelines, videos
from studio.timeline import MediaPlace

OP = "medium"  # what the history calls a change
MOST = 8  # media of a timeline, with the main one
LONGEST_US = 100 * 3600 * 1_000_000  # by how much a medium may begin before or after the main one


@dataclass(frozen=True, slots=True)
class MediumChange:
    """A medium (by the id of its video) lies at `after` of the timeline instead of `before`; None: it is not on it."""

    edit_id: str
    medium: str
    before: MediaPlace | None
    after: MediaPlace | None


def role_of(row: dict[str, Any]) -> str:
    """What a video is beside the main one."""
    return timelines.CAMERA if videos.has_pictures(row) else timelines.SOUND


def save(db: sqlite3.Connection, video_id: str, change: MediumChange, annotator: str) -> None:
    """Apply a change to the timeline of a video, and append it to the history.

    Raises Conflict when somebody changed that medium meanwhile, UsageError, NotFound.
    """
    if annotations.is_done(db, change.edit_id):
        return
    timeline, medium = timelines.of_video(db, video_id), change.medium
    if medium == video_id:
        raise UsageError("A timeline begins where its main video does; move the other cameras and recordings instead.")
    there = timelines.place(db, timeline, medium)
    if there != change.before:
        raise Conflict(
            "Somebody else moved, added or removed this camera meanwhile; it is shown as they left it, and your change "
            "was not saved.",
            None,
        )
    if change.after is None:
        timelines.detach(db, timeline, medium)
    else:
        row = videos.get(db, medium)
        if abs(change.after.offset_us) > LONGEST_US:
            raise UsageError("An offset is at most 100 hours.")
        if there is None and len(timelines.media(db, timeline)) >= MOST:
            raise UsageError(f"A timeline holds at most {MOST} cameras and recordings; remove one first.")
        timelines.attach(db, timeline, medium, change.after.offset_us, role_of(row), change.after.rate)
    before, after = ({"medium": medium, **_stored(each)} for each in (change.before, change.after))
    annotations.append_other(db, video_id, change.edit_id, OP, before, after, annotator)


def named(db: sqlite3.Connection, beginning: str) -> list[tuple[str, MediumChange]]:
    """The changes whose ids begin so, oldest first, each with the video whose timeline it is about; not those that
    cannot be read."""
    rows = db.execute(
        "SELECT seq, video_id, edit_id, before, after FROM revisions WHERE op = ? AND edit_id >= ? AND edit_id < ? "
        "ORDER BY seq",
        (OP, beginning, beginning + "\U0010ffff"),
    )
    found = []
    for row in rows:
        before, after = (stored.value(row[column], dict, "revisions", row["seq"]) for column in ("before", "after"))
        if before and after:
            change = MediumChange(row["edit_id"], str(after["medium"]), _read(before), _read(after))
            found.append((row["video_id"], change))
    return found


def _stored(place: MediaPlace | None) -> dict[str, Any]:
    """As the history has it; it says a rate only where there is one, as before there were any."""
    if place is None:
        return {"offset_us": None}
    return {"offset_us": place.offset_us, **({"rate": place.rate} if place.rate != 1 else {})}


def _read(said: dict[str, Any]) -> MediaPlace | None:
    return None if said["offset_us"] is None else MediaPlace(said["offset_us"], said.get("rate", 1.0))
