"""Tables `labels` and `tracks`: the project's schema.

A segment may say anything unless its track takes only the labels of the schema: the words of a question are no class. A
label joins the schema when somebody says so, or by an import with a few classes.
"""

import hashlib
import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from studio.errors import UsageError
from studio.store import stored
from studio.timeline import BOOKMARKS, AttributeType, types_of
from studio.timeline.tiers import Dependencies, Dependency, has_circle
from studio.timeline.traces import Scale

# Okabe and Ito's colours that tell apart for colour-blind people, then lighter partners of them
PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8f7cc3", "#b8a400",
    "#4d9221", "#c51b7d", "#2c7fb8", "#a6611a",
)  # fmt: skip
KEYS = "123456789"
KINDS = "segment", "point", "state"
"""What the key of a label makes: a segment between two marks, a point in time, a state until it is ended."""
MOST = 2_000  # labels that the schema lists
Row = dict[str, Any]
_SHOWN = "track, label, colour, hotkey, kind, attributes"
_COLUMNS = f"{_SHOWN}, position"


def is_listed(db: sqlite3.Connection, track: str, label: str) -> bool:
    """Whether a label is one of the schema."""
    return db.execute("SELECT 1 FROM labels WHERE track = ? AND label = ?", (track, label)).fetchone() is not None


def is_closed(db: sqlite3.Connection, track: str) -> bool:
    """Whether a track takes only the labels of the schema."""
    return db.execute("SELECT 1 FROM tracks WHERE track = ? AND closed", (track,)).fetchone() is not None


def check(db: sqlite3.Connection, track: str, label: str) -> None:
    """Raises UsageError where the track takes only the labels of the schema, and this is none of them."""
    if label and is_closed(db, track) and not is_listed(db, track, label):
        raise UsageError(f"“{track}” takes only the labels of its list, and “{label}” is not one: add it under Labels.")


def points(db: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """The (track, label) of points in time."""
    asked = (
        "SELECT track, label FROM labels WHERE kind = 'point' "
        "UNION SELECT track, label FROM annotations WHERE track = ? AND NOT deleted"
    )
    return frozenset(map(tuple, db.execute(asked, (BOOKMARKS,))))


def insert(db: sqlite3.Connection, track: str, label: str, kind: str = KINDS[0]) -> None:
    """Add a label to the schema unless it is there, with the next colour and the next key that is free; does nothing
    for an empty one, nor in a schema that is full."""
    if not label or is_listed(db, track, label):
        return
    if db.execute("SELECT count(*) FROM labels").fetchone()[0] >= MOST:
        return
    position = db.execute("SELECT coalesce(max(position), -1) + 1 FROM labels").fetchone()[0]
    taken = {row["hotkey"] for row in db.execute("SELECT hotkey FROM labels WHERE track = ?", (track,))}
    hotkey = next((key for key in KEYS if key not in taken), None)
    db.execute(
        f"INSERT INTO labels ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, '[]', ?)",
        (track, label, PALETTE[position % len(PALETTE)], hotkey, kind, position),
    )


def schema(db: sqlite3.Connection) -> Row:
    """`labels` in their order (`track`, `label`, `colour`, `hotkey` or None, `kind`, `attributes`), `tracks` (`track`,
    `closed`, `exclusive`: only one state holds at a time, `attributes`, `parent` or None and `dependency`, see
    `timeline.tiers`, `scale`: [lowest, highest] where it is drawn as a curve, else None), and a `key` that changes
    whenever they do. `attributes` are as `AttributeType.to_dict` has them."""
    labels = [
        {**dict(row), "attributes": [each.to_dict() for each in _types(row, "labels")]}
        for row in db.execute(f"SELECT {_SHOWN} FROM labels ORDER BY position")
    ]
    tracks = [
        {
            "track": row["track"],
            "closed": bool(row["closed"]),
            "exclusive": bool(row["exclusive"]),
            "attributes": [each.to_dict() for each in _types(row, "tracks")],
            "parent": row["parent"],
            "dependency": row["dependency"],
            "scale": None if row["low"] is None else [row["low"], row["high"]],
        }
        for row in db.execute("SELECT * FROM tracks ORDER BY track")
    ]
    key = hashlib.sha256(json.dumps([labels, tracks]).encode()).hexdigest()[:12]
    return {"key": key, "labels": labels, "tracks": tracks}


def update(db: sqlite3.Connection, labels: Sequence[Row], tracks: Sequence[Row]) -> None:
    """Put a whole schema in place of the one there is; annotations are left as they are."""
    db.execute("DELETE FROM labels")
    db.execute("DELETE FROM tracks")
    db.executemany(
        f"INSERT INTO labels ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                row["track"],
                row["label"],
                row["colour"],
                row["hotkey"],
                row.get("kind", KINDS[0]),
                json.dumps(row.get("attributes", [])),
                i,
            )
            for i, row in enumerate(labels)
        ],
    )
    db.executemany(
        "INSERT INTO tracks (track, closed, exclusive, attributes, parent, dependency, low, high) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                row["track"],
                row["closed"],
                row.get("exclusive", False),
                json.dumps(row.get("attributes", [])),
                row.get("parent"),
                row.get("dependency", ""),
                *(row.get("scale") or (None, None)),
            )
            for row in tracks
        ],
    )


def attribute_types(db: sqlite3.Connection, track: str, label: str) -> tuple[AttributeType, ...]:
    """The attributes that the schema gives the segments of a track and label: those of the whole track, then those of
    the label, which say what a name means where both have it."""
    asked = (
        ("tracks", db.execute("SELECT track, attributes FROM tracks WHERE track = ?", (track,))),
        ("labels", db.execute("SELECT label, attributes FROM labels WHERE track = ? AND label = ?", (track, label))),
    )
    found = {each.name: each for table, rows in asked for row in rows for each in _types(row, table)}
    return tuple(found.values())


def all_attribute_types(db: sqlite3.Connection) -> dict[tuple[str, str], tuple[AttributeType, ...]]:
    """The attributes that the schema gives, by (track, label), and by (track, "") those of whole tracks."""
    found = {
        (row["track"], row["label"]): _types(row, "labels")
        for row in db.execute("SELECT track, label, attributes FROM labels WHERE attributes <> '[]'")
    }
    found |= {
        (row["track"], ""): _types(row, "tracks")
        for row in db.execute("SELECT track, attributes FROM tracks WHERE attributes <> '[]'")
    }
    return {place: types for place, types in found.items() if types}


def values_offered(db: sqlite3.Connection) -> dict[str, list[str]]:
    """What the schema lets attributes be, in words, by their names; nothing of numbers and texts."""
    found: dict[str, list[str]] = {}
    for types in all_attribute_types(db).values():
        for each in types:
            options = ("yes", "no") if each.kind == "yes_no" else each.options
            found[each.name] = list(dict.fromkeys((*found.get(each.name, ()), *options)))
    return found


def dependencies(db: sqlite3.Connection) -> Dependencies:
    """Which tracks depend on which, and how, by the dependent track."""
    rows = db.execute("SELECT track, parent, dependency FROM tracks WHERE parent IS NOT NULL AND dependency <> ''")
    return {row["track"]: Dependency(row["parent"], row["dependency"]) for row in rows}


def vocabularies(db: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """The labels of the tracks that take no others, in their order."""
    rows = db.execute(
        "SELECT l.track, l.label FROM labels l JOIN tracks t ON t.track = l.track WHERE t.closed ORDER BY l.position"
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["track"], []).append(row["label"])
    return {track: tuple(listed) for track, listed in found.items()}


def learn(
    db: sqlite3.Connection, depend: Dependencies, listed: Mapping[str, Sequence[str]], closed: Collection[str],
    scales: Mapping[str, Scale] = MappingProxyType({}), points: Collection[tuple[str, str]] = (),
) -> None:  # fmt: skip
    """Take what a file says of tracks that the library has not used yet: on which each depends, and the labels of those
    that list them, which are all that the tracks of `closed` take; the scales of those that are drawn as curves.
    `points` are the (track, label) of points in time. Of any other track nothing changes, nor where tracks would depend
    on each other in a circle."""
    known = {row["track"] for row in db.execute("SELECT track FROM tracks UNION SELECT track FROM labels "
             "UNION SELECT track FROM annotations WHERE NOT deleted")}  # fmt: skip
    fresh = {track: each for track, each in depend.items() if track not in known}
    if has_circle({**dependencies(db), **fresh}):
        fresh = {}
    for track in dict.fromkeys((*fresh, *(each for each in (*listed, *scales) if each not in known))):
        each, scale = fresh.get(track), scales.get(track)
        db.execute(
            "INSERT INTO tracks (track, closed, parent, dependency, low, high) VALUES (?, ?, ?, ?, ?, ?)",
            (
                track, track in closed, each.parent if each else None, each.kind if each else "",
                scale.low if scale else None, scale.high if scale else None,
            ),
        )  # fmt: skip
        for label in listed.get(track, ()):
            insert(db, track, label, "point" if (track, label) in points else KINDS[0])


def _types(row: sqlite3.Row, table: str) -> tuple[AttributeType, ...]:
    listed = stored.value(row["attributes"], list, table, row[0]) or []
    try:
        return types_of(listed)
    except UsageError:
        stored.skipped(table, row[0])
        return ()
