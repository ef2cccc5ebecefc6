"""Table `people`: who the faces of a video are. Every change adds a row; the newest one holds."""

import json
import re
import sqlite3
from typing import Any

from studio.errors import Conflict
from studio.store import stored
from studio.store.videos import now
from studio.timeline.time import MOST_SECONDS

Names = list[dict[str, Any]]
_FACE = re.compile(r"(Expression · )?(Person [0-9]+)")


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


def row_of(names: Names, track: str, start_us: int) -> str | None:
    """The row of the timeline that a prediction is shown in, None for one about a face that is nobody; `rowOf` of
    assets/web/js/model/people.js is the same."""
    face = _FACE.fullmatch(track)
    if face is None:
        return track
    said = [each for each in names if each["track"] == face[2] and each["from"] <= start_us / 1e6 + 1e-6]
    name = max(reversed(said), key=lambda each: each["from"])["name"] if said else face[2]
    return name and (face[1] or "") + name


def update(db: sqlite3.Connection, video_id: str, names: Names, base: int, annotator: str) -> dict[str, Any]:
    """Keep who the faces are, in place of what was seen as number `base`.

    Raises Conflict with the names as they stand when somebody else was faster.
    """
    current = of_video(db, video_id)
    if current["seq"] != base:
        raise Conflict("Somebody else named people meanwhile; look at their names and try again.", current)
    db.execute(
        "INSERT INTO people (video_id, names, annotator, at) VALUES (?, ?, ?, ?)",
        (video_id, json.dumps(names), annotator, now()),
    )
    return of_video(db, video_id)
