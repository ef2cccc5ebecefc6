"""The queue as people look after it: how much waits, how long such work took, what failed, and in which order it is
done. Counts and the first few rows only: twenty thousand jobs may wait."""

import json
import sqlite3
import statistics
from collections.abc import Callable, Iterable
from typing import Any, Literal

from studio.errors import NotFound, UsageError
from studio.store import stored
from studio.store.jobs import LATER, QUERY
from studio.store.videos import now
from studio.timeline import MICROS

Row = dict[str, Any]
Place = Literal["first", "up", "down", "last"]
PLACES: tuple[Place, ...] = ("first", "up", "down", "last")
_NO_PLACE = "This job no longer waits; what runs or has ended has no place in the queue."
MEASURED = 40  # of the jobs of a kind that ended last
_SHOWN = (
    "SELECT jobs.id, kind, video_id, v.name AS video, v.added_by, v.duration_us, progress, message, error, created, "
    f"began, ended, asked, asked_by, {QUERY.format('jobs')} AS query FROM jobs LEFT JOIN videos v ON v.id = video_id"
)
# What failed and was not tried again since: a later job of its kind asks the same of the same video.
_FAILED = f"""state = 'failed' AND NOT EXISTS (SELECT 1 FROM jobs later WHERE later.kind = jobs.kind
    AND later.video_id IS jobs.video_id AND later.rowid > jobs.rowid AND later.state <> 'cancelled'
    AND (later.params = jobs.params
        OR (jobs.video_id IS NOT NULL AND {QUERY.format("later")} IS {QUERY.format("jobs")})))"""


def waiting(db: sqlite3.Connection) -> list[Row]:
    """Of each kind that waits: how many `jobs`, how many µs of video (`video_us`) those last that are about one, and
    how many are about none (`whole`)."""
    rows = db.execute(
        "SELECT kind, count(*) AS jobs, coalesce(sum(v.duration_us), 0) AS video_us, sum(video_id IS NULL) AS whole "
        "FROM jobs LEFT JOIN videos v ON v.id = video_id WHERE state = 'queued' GROUP BY kind ORDER BY min(position)"
    )
    return [dict(row) for row in rows]


def rates(db: sqlite3.Connection, kinds: Iterable[str], machine: str) -> dict[str, tuple[float | None, float | None]]:
    """How long jobs of each kind took on a machine, as the median of those that ended well last: seconds of work a
    second of video, and seconds of work of a job that is about no single video; None where none was measured."""
    found: dict[str, tuple[float | None, float | None]] = {}
    for kind in kinds:
        rows = db.execute(
            "SELECT (julianday(ended) - julianday(began)) * 86400 AS worked, duration_us, video_id FROM jobs "
            "LEFT JOIN videos v ON v.id = video_id WHERE kind = ? AND ran_on = ? AND state = 'done' "
            "AND began IS NOT NULL AND ended >= began ORDER BY ended DESC LIMIT ?",
            (kind, machine, MEASURED),
        ).fetchall()
        by_second = [row["worked"] * MICROS / row["duration_us"] for row in rows if row["duration_us"]]
        whole = [row["worked"] for row in rows if row["video_id"] is None]
        found[kind] = (
            statistics.median(by_second) if by_second else None,
            statistics.median(whole) if whole else None,
        )
    return found


def running(db: sqlite3.Connection, most: int) -> list[Row]:
    """What runs, the oldest first."""
    return _rows(db, f"{_SHOWN} WHERE state = 'running' ORDER BY began LIMIT ?", (most,))


def queue(db: sqlite3.Connection, most: int) -> list[Row]:
    """What waits, in the order in which it is done."""
    return _rows(db, f"{_SHOWN} WHERE state = 'queued' ORDER BY position LIMIT ?", (most,))


def failed(db: sqlite3.Connection, most: int) -> list[Row]:
    """What failed and was not tried again since, the newest first."""
    return _rows(db, f"{_SHOWN} WHERE {_FAILED} ORDER BY jobs.rowid DESC LIMIT ?", (most,))


def failed_kinds(db: sqlite3.Connection) -> dict[str, int]:
    """How many there are of it, by kind."""
    rows = db.execute(f"SELECT kind, count(*) AS n FROM jobs WHERE {_FAILED} GROUP BY kind ORDER BY kind")
    return {row["kind"]: row["n"] for row in rows}


def _rows(db: sqlite3.Connection, question: str, values: tuple[Any, ...]) -> list[Row]:
    found = [dict(row) for row in db.execute(question, values)]
    return [{**row, "query": row["query"] if isinstance(row["query"], str) else None} for row in found]


def move(db: sqlite3.Connection, job_id: str, to: str) -> None:
    """Change when a job that waits is done: before all others, one earlier, one later, or after all others.

    Raises UsageError, NotFound where it no longer waits.
    """
    if to not in PLACES:
        raise UsageError(f"A job goes to one of these places: {', '.join(PLACES)}.")
    row = db.execute("SELECT position FROM jobs WHERE id = ? AND state = 'queued'", (job_id,)).fetchone()
    if row is None:
        raise NotFound(_NO_PLACE)
    position = row["position"]
    if to in ("first", "last"):
        end = "min(position) - 1" if to == "first" else "max(position) + 1"
        db.execute(f"UPDATE jobs SET position = (SELECT {end} FROM jobs) WHERE id = ?", (job_id,))
        return
    beside = "< ? ORDER BY position DESC" if to == "up" else "> ? ORDER BY position"
    other = db.execute(
        f"SELECT id, position FROM jobs WHERE state = 'queued' AND position {beside} LIMIT 1", (position,)
    ).fetchone()
    if other is not None:
        db.execute("UPDATE jobs SET position = ? WHERE id = ?", (other["position"], job_id))
        db.execute("UPDATE jobs SET position = ? WHERE id = ?", (position, other["id"]))


def owners(db: sqlite3.Connection, job_id: str) -> list[str]:
    """Whoever asked for a job, and whoever added the video that it is about, as far as there is anybody."""
    row = db.execute(
        "SELECT asked_by, v.added_by FROM jobs LEFT JOIN videos v ON v.id = video_id WHERE jobs.id = ?", (job_id,)
    ).fetchone()
    return [] if row is None else [name for name in row if name]


def move_among_own(db: sqlite3.Connection, job_id: str, to: str, owner: str) -> None:
    """The same among the places that jobs of one person have in the queue: nobody else's is done later for it.

    Raises UsageError, NotFound where it no longer waits.
    """
    if to not in PLACES:
        raise UsageError(f"A job goes to one of these places: {', '.join(PLACES)}.")
    rows = db.execute(
        "SELECT jobs.id, position FROM jobs LEFT JOIN videos v ON v.id = video_id "
        "WHERE state = 'queued' AND ? IN (asked_by, v.added_by) ORDER BY position",
        (owner,),
    ).fetchall()
    order = [row["id"] for row in rows]
    if job_id not in order:
        raise NotFound(_NO_PLACE)
    at = order.index(job_id)
    there = {"first": 0, "up": max(0, at - 1), "down": at + 1, "last": len(order)}[to]
    order.insert(there, order.pop(at))
    places = ((row["position"], id_) for row, id_ in zip(rows, order, strict=True) if row["id"] != id_)
    db.executemany("UPDATE jobs SET position = ? WHERE id = ?", list(places))


def retry(
    db: sqlite3.Connection, update: Callable[[Row], Row], *, job_id: str | None = None, kind: str | None = None,
    asked_by: str = "",
) -> int:  # fmt: skip
    """Queue again what failed and was not tried again since: one job, or all of a kind, or all; returns how many.
    `update` brings the parameters up to date: a file may have moved since. One job by itself is what a person asks for
    now, which is done also while the queue is held; `asked_by` is whose it is then, where it was nobody's."""
    which, values = "", {"id": job_id, "kind": kind, "later": LATER}
    which += " AND id = :id" if job_id else ""
    which += " AND kind = :kind" if kind else ""
    rows = db.execute(
        f"SELECT id, params, position >= :later AS later FROM jobs WHERE {_FAILED}{which} ORDER BY position",
        values,
    ).fetchall()
    ends = [
        db.execute("SELECT coalesce(max(position), ?) FROM jobs WHERE (position >= ?) = ?", (start, LATER, later))
        .fetchone()[0]
        for start, later in ((0, False), (LATER, True))
    ]  # fmt: skip
    count = 0
    for row in rows:
        params = stored.value(row["params"], dict, "jobs", row["id"])
        if params is None:
            continue  # what it should do cannot be read, now as then
        ends[row["later"]] += 1
        db.execute(
            "UPDATE jobs SET state = 'queued', params = ?, position = ?, attempts = 0, error = NULL, progress = 0, "
            "message = '', began = NULL, ended = NULL, asked = coalesce(?, asked), "
            "asked_by = iif(asked_by = '', ?, asked_by) WHERE id = ?",
            (
                json.dumps(update(params), sort_keys=True),
                ends[row["later"]],
                now() if job_id else None,
                asked_by,
                row["id"],
            ),
        )
        count += 1
    return count


def dismiss(db: sqlite3.Connection, job_id: str) -> None:
    """Show a failure no longer: somebody read it, and leaves it. Raises NotFound."""
    if not db.execute("UPDATE jobs SET state = 'cancelled' WHERE id = ? AND state = 'failed'", (job_id,)).rowcount:
        raise NotFound("This job is no longer among those that failed.")
