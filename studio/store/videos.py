"""Table `videos`."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from studio.errors import NotFound
from studio.store import timelines
from studio.store.names import folder_of, natural
from studio.store.readers import SEEN, Reader, parameters


def now() -> str:
    """The wall clock, for people to read; order always comes from sequence numbers."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def insert(db: sqlite3.Connection, row: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Insert a video, or return the row that already has this path; and whether another file took its place there.

    One that was removed comes back with all that was in it, and is of whoever adds it now.
    """
    known = db.execute("SELECT * FROM videos WHERE path = ?", (row["path"],)).fetchone()
    if known is not None and known["sha256"] == row["sha256"]:
        if known["removed"]:
            restore(db, known["id"], row.get("added_by", ""))
        return get(db, known["id"]), False
    if known is not None and known["removed"]:  # what was removed was about another file
        delete(db, known["id"])
        known = None
    if known is not None:  # the file behind the path was replaced: same video id, new facts
        row = {**row, "id": known["id"], "added_by": known["added_by"]}
    row = {**row, "added": now(), "name_key": natural(row["name"]), "folder": folder_of(row["path"])}
    columns = ", ".join(row)
    updates = ", ".join(f"{column} = excluded.{column}" for column in row if column != "id")
    db.execute(
        f"INSERT INTO videos ({columns}) VALUES ({', '.join('?' * len(row))}) ON CONFLICT (id) DO UPDATE SET {updates}",
        list(row.values()),
    )
    timelines.insert(db, row["id"], row["name"], row["added"])
    return row, known is not None


def has_pictures(row: dict[str, Any]) -> bool:
    """Whether a video is one: a recording of sound alone has no width, no height and no frames."""
    return bool(row["width"])


def get(db: sqlite3.Connection, video_id: str) -> dict[str, Any]:
    """One video by its id.

    Raises NotFound, also for one that was removed.
    """
    row = db.execute("SELECT * FROM videos WHERE id = ? AND removed IS NULL", (video_id,)).fetchone()
    if row is None:
        raise NotFound(f"No video “{video_id}” in this library; add it first with: studio add PATH")
    return dict(row)


def known(db: sqlite3.Connection, video_id: str) -> dict[str, Any]:
    """The same, also of one that was removed: boxes over a camera outlast its removal.

    Raises NotFound.
    """
    row = db.execute("SELECT * FROM videos WHERE id = ?", (video_id,)).fetchone()
    return get(db, video_id) if row is None else dict(row)


def with_ids(db: sqlite3.Connection, ids: Iterable[str]) -> list[dict[str, Any]]:
    """The videos of some ids that are in the library, newest first."""
    asked = "SELECT * FROM videos WHERE removed IS NULL AND id IN (SELECT value FROM json_each(?)) ORDER BY rowid DESC"
    return [dict(row) for row in db.execute(asked, (json.dumps(list(ids)),))]


def numbered(db: sqlite3.Connection, numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Videos by their `number`, which is shorter than an id and the same for one library only."""
    asked = "SELECT rowid AS number, * FROM videos WHERE rowid IN (SELECT value FROM json_each(?))"
    return [dict(row) for row in db.execute(asked, (json.dumps(list(numbers)),))]


def names(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """The names of those of these videos that are in the library."""
    asked = "SELECT id, name FROM videos WHERE removed IS NULL AND id IN (SELECT value FROM json_each(?))"
    return {row["id"]: row["name"] for row in db.execute(asked, (json.dumps(list(ids)),))}


def ids(db: sqlite3.Connection) -> list[str]:
    """The ids of all videos that are not in the trash."""
    return [row["id"] for row in db.execute("SELECT id FROM videos WHERE removed IS NULL")]


def listed(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Every video, newest first. A page shows a part of them: `store.video_list`."""
    return [dict(row) for row in db.execute("SELECT * FROM videos WHERE removed IS NULL ORDER BY rowid DESC")]


def facts(
    db: sqlite3.Connection, shortest_us: int = 0, longest_us: int | None = None
) -> list[tuple[str, int, bool, str]]:
    """Id, duration (µs), whether it has pictures, and name of each video of such a length, newest first: a search asks
    it of all, so no row is made for each."""
    cursor = db.cursor()
    cursor.row_factory = None
    return cursor.execute(
        "SELECT id, duration_us, width > 0, name FROM videos WHERE removed IS NULL AND duration_us >= ? "
        "AND duration_us <= coalesce(?, duration_us) ORDER BY rowid DESC",
        (shortest_us, longest_us),
    ).fetchall()


def stamp(db: sqlite3.Connection) -> tuple[int, ...]:
    """Another one where videos came or went: how many there are, and the sum of their numbers."""
    return tuple(db.execute("SELECT count(*), coalesce(sum(rowid), 0) FROM videos WHERE removed IS NULL").fetchone())


def sizes(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """`id` and `width` of every video; 0 is of sound alone."""
    return [dict(row) for row in db.execute("SELECT id, width FROM videos WHERE removed IS NULL")]


def annotated(db: sqlite3.Connection, reader: Reader | None = None) -> set[str]:
    """The ids of the videos in which an annotation stands that a reader may see."""
    rows = db.execute(
        "SELECT v.id FROM videos v WHERE v.removed IS NULL AND EXISTS (SELECT 1 FROM annotations a "
        f"WHERE a.video_id = v.id AND NOT deleted AND {SEEN})",
        parameters(reader),
    )
    return {row["id"] for row in rows}


def at_path(db: sqlite3.Connection, path: str) -> dict[str, Any] | None:
    """The video of a file, also one that was removed."""
    row = db.execute("SELECT * FROM videos WHERE path = ?", (path,)).fetchone()
    return None if row is None else dict(row)


def with_content(db: sqlite3.Connection, sha256: str) -> list[dict[str, Any]]:
    """The videos whose files have this content."""
    rows = db.execute("SELECT * FROM videos WHERE sha256 = ? AND removed IS NULL ORDER BY rowid DESC", (sha256,))
    return [dict(row) for row in rows]


def known_files(db: sqlite3.Connection, removed: bool) -> dict[str, tuple[int, int]]:
    """Size and time of change (ns) of the file of each video when it was added, by its path; with `removed` also of
    videos that were taken out."""
    asked = "SELECT path, size, modified_ns FROM videos WHERE NOT lost AND (removed IS NULL OR ?)"
    return {path: (size, modified) for path, size, modified in db.execute(asked, (removed,))}


def starts(db: sqlite3.Connection) -> list[tuple[str, int]]:
    """The path of each video, and where its time 0 is on the clock of its file (µs)."""
    return [tuple(row) for row in db.execute("SELECT path, start_us FROM videos WHERE removed IS NULL")]


def neighbours(db: sqlite3.Connection, video_id: str) -> tuple[str | None, str | None]:
    """The ids of the videos before and after one, newest first.

    Raises NotFound.
    """
    get(db, video_id)
    beside = (
        f"SELECT id FROM videos WHERE removed IS NULL AND rowid {way} (SELECT rowid FROM videos WHERE id = ?) "
        f"ORDER BY rowid {order} LIMIT 1"
        for way, order in ((">", ""), ("<", "DESC"))
    )
    before, after = (db.execute(query, (video_id,)).fetchone() for query in beside)
    return before and before["id"], after and after["id"]


def set_facts(db: sqlite3.Connection, video_id: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Write columns of a video anew; returns the row.

    Raises NotFound.
    """
    if "path" in facts:
        facts = {**facts, "folder": folder_of(facts["path"]), "lost": 0}
    columns = ", ".join(f"{name} = ?" for name in facts)
    db.execute(f"UPDATE videos SET {columns} WHERE id = ?", [*facts.values(), video_id])
    return get(db, video_id)


def put_aside(db: sqlite3.Connection, video_id: str, by: str) -> None:
    """Take a video out of the library in a way that `restore` undoes; what waits to be done for it is dropped."""
    db.execute("UPDATE videos SET removed = ?, removed_by = ? WHERE id = ?", (now(), by, video_id))
    db.execute("DELETE FROM jobs WHERE video_id = ?", (video_id,))


def restore(db: sqlite3.Connection, video_id: str, owner: str | None = None) -> None:
    """Undo `put_aside`; with `owner` the video is that person's from now on."""
    db.execute(
        "UPDATE videos SET removed = NULL, removed_by = '', added_by = coalesce(?, added_by) WHERE id = ?",
        (owner, video_id),
    )


def removed(db: sqlite3.Connection, until: str = "9", most: int = -1) -> list[dict[str, Any]]:
    """The videos that were removed until a moment (as `now` says it), the newest removal first; at most so many."""
    asked = "SELECT * FROM videos WHERE removed IS NOT NULL AND removed <= ? ORDER BY removed DESC LIMIT ?"
    return [dict(row) for row in db.execute(asked, (until, most))]


def removed_with(db: sqlite3.Connection, ids: Iterable[str]) -> list[dict[str, Any]]:
    """The videos of some ids that were removed."""
    asked = "SELECT * FROM videos WHERE removed IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
    return [dict(row) for row in db.execute(asked, (json.dumps(list(ids)),))]


def delete(db: sqlite3.Connection, video_id: str) -> None:
    """Forget a video for good, with its runs and annotations; its history stays, its file is not touched."""
    timelines.delete(db, video_id)
    db.execute("DELETE FROM videos WHERE id = ?", (video_id,))
