"""A part of the list of videos: found, filtered and sorted by the database, so that a page never asks for all."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from studio.store.names import folded
from studio.store.readers import SEEN, Reader, parameters
from studio.store.review import undecided_counts

Row = dict[str, Any]
SOUND = "sound"  # in the column `indexed` of a recording of sound alone, whose sound is drawn
STATES = ("lost", "working", "failed", "unprepared", "searchable")
"""How a video is, worst first: its file is not where it was, a job of it waits or runs, preparing it failed, it is not
prepared yet, it can be searched."""

_STATE = """CASE WHEN v.lost THEN 'lost'
    WHEN EXISTS (SELECT 1 FROM jobs j WHERE j.video_id = v.id AND j.state IN ('queued', 'running')) THEN 'working'
    WHEN v.indexed IN (:encoder, 'sound') THEN 'searchable'
    WHEN (SELECT j.state FROM jobs j WHERE j.video_id = v.id AND j.kind = 'index' ORDER BY j.rowid DESC LIMIT 1)
        = 'failed' THEN 'failed'
    ELSE 'unprepared' END"""
_IN_ORDER = "+v.removed IS NULL"  # its index would be taken in place of that of the order, of which few rows are read
_ANNOTATIONS = f"(SELECT count(*) FROM annotations a WHERE a.video_id = v.id AND NOT a.deleted AND {SEEN})"
_ANNOTATED = f"EXISTS (SELECT 1 FROM annotations a WHERE a.video_id = v.id AND NOT a.deleted AND {SEEN})"
SORTS = {
    "added": "v.rowid",
    "name": "v.name_key",
    "length": "v.duration_us",
    "edited": "v.edited",
    "state": "(SELECT key FROM json_each(:states) WHERE value = " + _STATE + ")",
    "annotations": _ANNOTATIONS,
    "undecided": "coalesce(u.value, 0)",
}
"""What a list may be sorted by, in SQL."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which videos, and in which order; "" and None let all through.

    `name` is a part of the name, or a whole tag; `folder` a folder with all below it (`names.folder_of`), `work` is
    annotated, not annotated or undecided.
    """

    name: str = ""
    state: str = ""
    work: str = ""
    collection: str = ""
    tag: str = ""
    folder: str | None = None
    sort: str = "added"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Counts:
    """Of a library: how many `videos` with pictures, `sounds` alone, how long together (µs), how many can be searched,
    and of how many the file is `lost`."""

    videos: int
    sounds: int
    duration_us: int
    searchable: int
    lost: int


def counts(db: sqlite3.Connection, encoder: str) -> Counts:
    """Of the whole library; `encoder` is the key of its encoder."""
    row = db.execute(
        "SELECT count(nullif(width, 0)), count(*) - count(nullif(width, 0)), coalesce(sum(duration_us), 0), "
        "coalesce(sum(indexed IN (?, ?)), 0), coalesce(sum(lost), 0) FROM videos WHERE removed IS NULL",
        (encoder, SOUND),
    ).fetchone()
    return Counts(*row)


def page(
    db: sqlite3.Connection, wanted: Wanted, encoder: str, first: int, count: int, reader: Reader | None = None
) -> tuple[list[Row], int]:
    """So many videos of a list, from number `first` on, each with its `state`, `annotations` and `undecided`
    predictions as far as a reader may see them, and its `tags`; and how many there are in all."""
    source, values = _from(db, wanted, encoder, reader)
    (total,) = db.execute(f"SELECT count(*) {source} AND v.removed IS NULL", values).fetchone()
    rows = [
        dict(row)
        for row in db.execute(
            f"SELECT v.* {source} AND {_IN_ORDER} {_order(wanted)} LIMIT :count OFFSET :first",
            {**values, "count": count, "first": first},
        )
    ]
    return described(db, rows, encoder, reader), int(total)


def ids(db: sqlite3.Connection, wanted: Wanted, encoder: str, reader: Reader | None = None) -> list[str]:
    """The ids of all videos of a list, in its order."""
    source, values = _from(db, wanted, encoder, reader)
    return [row["id"] for row in db.execute(f"SELECT v.id {source} AND v.removed IS NULL {_order(wanted)}", values)]


def offered(db: sqlite3.Connection, name: str, without: Iterable[str], most: int) -> tuple[list[Row], int]:
    """Of the videos with a part of a name, but for some, the first by name, or the newest where the name is empty; and
    how many there are."""
    wanted = Wanted(name=name, sort="name", descending=False) if name.strip() else Wanted()
    source, values = _from(db, wanted, "", None)
    values |= {"without": json.dumps(list(without)), "most": most}
    source += " AND v.id NOT IN (SELECT value FROM json_each(:without))"
    (total,) = db.execute(f"SELECT count(*) {source} AND v.removed IS NULL", values).fetchone()
    chosen = f"SELECT v.* {source} AND {_IN_ORDER} {_order(wanted)} LIMIT :most"
    return [dict(row) for row in db.execute(chosen, values)], int(total)


def described(db: sqlite3.Connection, rows: list[Row], encoder: str, reader: Reader | None = None) -> list[Row]:
    """Rows of `videos` with what `page` says beside them."""
    chosen = json.dumps([row["id"] for row in rows])
    values = {"ids": chosen, "encoder": encoder, **parameters(reader)}
    known = {
        row["id"]: dict(row)
        for row in db.execute(
            f"SELECT v.id, {_STATE} AS state, {_ANNOTATIONS} AS annotations, (SELECT count(*) FROM predictions p "
            "JOIN runs r ON r.id = p.run_id WHERE r.video_id = v.id) AS predictions FROM videos v "
            "WHERE v.id IN (SELECT value FROM json_each(:ids))",
            values,
        )
    }
    tags: dict[str, list[str]] = {row["id"]: [] for row in rows}
    for video, tag in db.execute(
        "SELECT video_id, tag FROM video_tags WHERE video_id IN (SELECT value FROM json_each(?)) ORDER BY tag",
        (chosen,),
    ):
        tags[video].append(tag)
    waiting = undecided_counts(db, list(tags), reader)
    return [
        {**row, **known[row["id"]], "undecided": waiting.get(row["id"], 0), "tags": tags[row["id"]]} for row in rows
    ]


def folders(db: sqlite3.Connection) -> dict[str, int]:
    """Each folder that videos lie in, and how many lie right in it."""
    rows = db.execute("SELECT folder, count(*) FROM videos WHERE removed IS NULL GROUP BY folder ORDER BY folder")
    return dict(rows)


def look(db: sqlite3.Connection, found: Iterable[tuple[str, str, bool, str]]) -> None:
    """Keep what was seen of files: of each video by its id and the path that was looked at whether its file is lost,
    and the encoder (its key, or SOUND) whose embeddings are there, "" for none. Only what is another is written, and
    nothing of a video that has another path meanwhile."""
    changed = [(lost, indexed, video, path, lost, indexed) for video, path, lost, indexed in found]
    db.executemany(
        "UPDATE videos SET lost = ?, indexed = ? WHERE id = ? AND path = ? AND (lost IS NOT ? OR indexed IS NOT ?)",
        changed,
    )


def _order(wanted: Wanted) -> str:
    return f"ORDER BY {SORTS[wanted.sort]} {'DESC' if wanted.descending else 'ASC'}, v.rowid DESC"


def _from(db: sqlite3.Connection, wanted: Wanted, encoder: str, reader: Reader | None) -> tuple[str, Row]:
    """FROM and WHERE of a list, but for what was removed, and their values."""
    tables, conditions = ["FROM videos v"], ["true"]
    values: Row = {
        **parameters(reader), "encoder": encoder, "states": json.dumps(STATES), "name": folded(wanted.name.strip()),
        "state": wanted.state, "collection": wanted.collection, "tag": wanted.tag, "folder": wanted.folder,
    }  # fmt: skip
    if "undecided" in (wanted.sort, wanted.work):
        values["undecided"] = json.dumps(undecided_counts(db, None, reader))
        tables.append("LEFT JOIN json_each(:undecided) u ON u.key = v.id")
    if values["name"]:
        db.create_function("folded", 1, folded, deterministic=True)
        conditions.append(
            "(instr(folded(v.name), :name) OR EXISTS (SELECT 1 FROM video_tags t WHERE t.video_id = v.id "
            "AND folded(t.tag) = :name))"
        )
    if wanted.state:
        conditions.append(f"{_STATE} = :state")
    if wanted.collection:
        tables.append("JOIN collection_videos c ON c.video_id = v.id AND c.collection_id = :collection")
    if wanted.tag:
        tables.append("JOIN video_tags t ON t.video_id = v.id AND t.tag = :tag")
    if wanted.folder is not None:
        conditions.append("v.folder >= :folder AND v.folder < :folder || char(1114111)")
    conditions += {
        "annotated": [_ANNOTATED], "empty": [f"NOT {_ANNOTATED}"], "undecided": ["u.value > 0"],
    }.get(wanted.work, [])  # fmt: skip
    return f"{' '.join(tables)} WHERE {' AND '.join(conditions)}", values
