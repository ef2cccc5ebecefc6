"""What an import adds to the schema: taken back with it where nothing else uses it and nobody changed it since."""

import sqlite3
from typing import Any

from studio.store import labels, traces
from studio.timeline.boxes import BOXES
from studio.timeline.tiers import Dependency, has_circle

Row = dict[str, Any]
EMPTY: dict[str, list[Row]] = {"labels": [], "tracks": []}

_USES_LABEL = """
SELECT EXISTS (SELECT 1 FROM annotations WHERE track = :track AND label = :label AND NOT deleted)
    OR EXISTS (SELECT 1 FROM predictions WHERE track = :track AND label = :label)
    OR EXISTS (SELECT 1 FROM absences WHERE track = :track AND label = :label)
    OR :track = :boxes AND EXISTS (SELECT 1 FROM box_tracks WHERE label = :label AND NOT deleted)
"""
_USES_TRACK = """
SELECT EXISTS (SELECT 1 FROM annotations WHERE track = :track AND NOT deleted)
    OR EXISTS (SELECT 1 FROM predictions WHERE track = :track)
    OR EXISTS (SELECT 1 FROM labels WHERE track = :track)
    OR EXISTS (SELECT 1 FROM tracks WHERE parent = :track)
"""


def added(db: sqlite3.Connection, before: Row) -> dict[str, list[Row]]:
    """The `labels` and `tracks` of the schema that were not there `before`, as `labels.schema` has them."""
    now = labels.schema(db)
    known = {
        "labels": {(row["track"], row["label"]) for row in before["labels"]},
        "tracks": {(row["track"], "") for row in before["tracks"]},
    }
    return {
        what: [row for row in now[what] if (row["track"], row.get("label", "")) not in known[what]] for what in EMPTY
    }


def withdraw(db: sqlite3.Connection, said: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Take labels and tracks that an import added off the schema again; returns those that went. What somebody uses, or
    changed since, stays."""
    now = labels.schema(db)
    gone: dict[str, list[Row]] = {"labels": [], "tracks": []}
    for row in said["labels"]:
        place = {"track": row["track"], "label": row["label"]}
        if row in now["labels"] and not db.execute(_USES_LABEL, {**place, "boxes": BOXES}).fetchone()[0]:
            db.execute("DELETE FROM labels WHERE track = :track AND label = :label", place)
            gone["labels"].append(row)
    left = [row for row in said["tracks"] if row in now["tracks"]]
    while free := [row for row in left if not _is_used(db, row["track"])]:  # one that depends on another goes first
        db.executemany("DELETE FROM tracks WHERE track = ?", [(row["track"],) for row in free])
        gone["tracks"] += free
        left = [row for row in left if row not in free]
    return gone


def _is_used(db: sqlite3.Connection, track: str) -> bool:
    return bool(db.execute(_USES_TRACK, {"track": track}).fetchone()[0]) or traces.drawn(db, track)


def restore(db: sqlite3.Connection, said: dict[str, list[Row]]) -> None:
    """Put back what `withdraw` took, but for what is there again. A key that another label has by now stays that
    label's, and a row depends on no other where they would depend on each other in a circle."""
    if not any(said.values()):
        return
    now = labels.schema(db)
    there = {row["track"] for row in now["tracks"]}
    depend = labels.dependencies(db)
    for row in said["tracks"]:
        if row["track"] in there:
            continue
        if row["parent"] and not has_circle({**depend, row["track"]: Dependency(row["parent"], row["dependency"])}):
            depend = {**depend, row["track"]: Dependency(row["parent"], row["dependency"])}
        else:
            row = {**row, "parent": None, "dependency": ""}
        now["tracks"].append(row)
    known = {(row["track"], row["label"]) for row in now["labels"]}
    for row in said["labels"]:
        if (row["track"], row["label"]) in known or len(now["labels"]) >= labels.MOST:
            continue
        taken = {each["hotkey"] for each in now["labels"] if each["track"] == row["track"]}
        now["labels"].append({**row, "hotkey": None if row["hotkey"] in taken else row["hotkey"]})
    labels.update(db, now["labels"], now["tracks"])


def of(value: Any) -> dict[str, list[Row]]:
    """What was kept of it as JSON; nothing where an earlier release kept nothing."""
    found = value if isinstance(value, dict) else {}
    return {what: list(found.get(what, ())) for what in EMPTY}
