"""Table `people`: who the faces of a video are. Every change adds a row; the newest one holds."""

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio.errors import Conflict, UsageError
from studio.store import annotations, stored
from studio.store.videos import now
from studio.timeline.time import MOST_SECONDS

Names = list[dict[str, Any]]
_FACE = re.compile(r"(Expression · )?(Person [0-9]+)")
MOST = 2_000  # names of one video


@dataclass(frozen=True, slots=True)
class FaceName:
    """From a time (s) on, a face track is called `name`, or is nobody (None)."""

    track: str
    since: float
    name: str | None

    @property
    def place(self) -> tuple[str, float]:
        """What it is about: one track has one name from one time on."""
        return self.track, self.since

    def as_json(self) -> dict[str, Any]:
        return {"track": self.track, "from": self.since, "name": self.name}


@dataclass(frozen=True, slots=True)
class NameChange:
    """Names that go (`before`) and names that take their place (`after`): the other way round, it is undone."""

    edit_id: str
    before: Sequence[FaceName]
    after: Sequence[FaceName]


def of_video(db: sqlite3.Connection, video_id: str) -> dict[str, Any]:
    """`seq`, 0 when nobody said anything yet, and `names`: each says that from a time (s) on a face track is called
    `name`, or is nobody (None). Two tracks of one name are one person."""
    row = db.execute(
        "SELECT seq, names FROM people WHERE video_id = ? ORDER BY seq DESC LIMIT 1", (video_id,)
    ).fetchone()
    if row is None:
        return {"seq": 0, "names": []}
    names = stored.value(row["names"], list, "people", row["seq"]) or []
    known = [{key: each.get(key) for key in ("track", "from", "name")} for each in names if isinstance(each, dict)]
    return {"seq": row["seq"], "names": [each for each in known if _is_name(each)]}


def _is_name(each: dict[str, Any]) -> bool:
    since = each["from"]
    return (
        isinstance(each["track"], str)
        and isinstance(since, int | float)
        and 0 <= since < MOST_SECONDS
        and isinstance(each["name"], str | None)
    )


def is_face(track: str) -> bool:
    """Whether a track is about one face, by the number that a run gave it."""
    return _FACE.fullmatch(track) is not None


def row_of(names: Names, track: str, start_us: int) -> str | None:
    """The row of the timeline that a prediction is shown in, None for one about a face that is nobody; `rowOf` of
    assets/web/js/model/people.js is the same."""
    face = _FACE.fullmatch(track)
    if face is None:
        return track
    said = [each for each in names if each["track"] == face[2] and each["from"] <= start_us / 1e6 + 1e-6]
    name = max(reversed(said), key=lambda each: each["from"])["name"] if said else face[2]
    return name and (face[1] or "") + name


def define_row_of(db: sqlite3.Connection) -> None:
    """Give SQL a function row_of(video id, track, start in µs) that says what `row_of` does."""
    named = {
        row["video_id"]: of_video(db, row["video_id"])["names"]
        for row in db.execute("SELECT DISTINCT video_id FROM people").fetchall()
    }
    db.create_function("row_of", 3, lambda video, track, start_us: row_of(named.get(video, []), track, start_us))


def save(db: sqlite3.Connection, video_id: str, change: NameChange, annotator: str) -> None:
    """Apply a change and append it to the history; one that was saved already changes nothing.

    Raises Conflict when one of these names is not what the change saw, UsageError for too many.
    """
    if annotations.is_done(db, change.edit_id):
        return
    known = [FaceName(each["track"], each["from"], each["name"]) for each in of_video(db, video_id)["names"]]
    names, before, after = ({each.place: each for each in listed} for listed in (known, change.before, change.after))
    if any(names.get(place) != before.get(place) for place in before | after):
        raise Conflict(
            "Somebody else named this person meanwhile: their name is shown, and yours was not saved; "
            "name the person again if yours is right.",
            None,
        )
    names = {place: each for place, each in names.items() if place not in before or place in after} | after
    if len(names) > MOST:
        raise UsageError(f"A video can have at most {MOST:,} names of faces; remove some first.")
    db.execute(
        "INSERT INTO people (video_id, names, annotator, at) VALUES (?, ?, ?, ?)",
        (video_id, json.dumps([each.as_json() for each in names.values()]), annotator, now()),
    )
    before_json, after_json = ([each.as_json() for each in listed] for listed in (change.before, change.after))
    annotations.append_other(db, video_id, change.edit_id, "people", before_json, after_json, annotator)
