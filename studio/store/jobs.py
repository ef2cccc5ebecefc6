"""Table `jobs`: the queue. Its state lives here, so that a restart forgets nothing."""

import json
import platform
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from studio.errors import JobError, NotFound
from studio.store import stored
from studio.store.videos import now

ACTIVE = ("queued", "running")
LEASE_S = 60.0
LARGE = 10_000  # characters of what a job is asked, beyond which they are not kept
AT_ONCE = 500  # jobs that are queued in one transaction
LATER = 2**40  # positions from here on are of work that nobody waits for
Wanted = TypeVar("Wanted")
_RUNNING = "state = 'running'"
# What is asked in a job of a video; those about the library ask nothing, and may hold megabytes.
QUERY = "CASE WHEN {0}.video_id IS NOT NULL AND json_valid({0}.params) THEN json_extract({0}.params, '$.query') END"
_SHOWN = (
    "jobs.id, jobs.kind, jobs.video_id, jobs.state, jobs.progress, jobs.message, jobs.error, jobs.result, "
    f"jobs.created, jobs.asked, {QUERY.format('jobs')} AS query"
)


def insert(
    db: sqlite3.Connection, kind: str, video_id: str | None, params: dict[str, Any], *, limit: int | None,
    later: bool = False, asked: bool = False, asked_by: str = "", alike: Sequence[str] = (), kept: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Queue a job; the same job already waiting or running is returned instead of a second one. What is done `later`
    waits until nothing else does, until somebody looks at its video (`bring_forward`). What a person `asked` for is
    done also while the rest of the queue is held (`take`). `asked_by` is whoever asked for it first, "" for nobody. One
    that waits and has the same values of the params that are `alike` does what is asked for now instead; of those
    `kept` it stays with what it was asked for.

    Raises JobError when `limit` jobs (None: any number) wait already.
    """
    text = json.dumps(params, sort_keys=True)
    same = db.execute(
        "SELECT id FROM jobs WHERE kind = ? AND video_id IS ? AND params = ? AND state IN ('queued', 'running')",
        (kind, video_id, text),
    ).fetchone()
    found = None if same is None else str(same["id"])
    if found is None and alike:
        found = like(db, kind, {name: params[name] for name in alike}, ("queued",))
        if found is not None:
            before = get(db, found)["params"]
            joined = {**params, **{name: before[name] for name in kept if before.get(name)}}
            db.execute("UPDATE jobs SET params = ? WHERE id = ?", (json.dumps(joined, sort_keys=True), found))
    if found is not None:
        if asked:
            db.execute("UPDATE jobs SET asked = ? WHERE id = ?", (now(), found))
        db.execute("UPDATE jobs SET asked_by = ? WHERE id = ? AND asked_by = ''", (asked_by, found))
        return get(db, found)
    if limit and db.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()[0] >= limit:
        raise JobError(f"{limit} jobs are waiting already; let some finish or cancel them first.")
    job_id = uuid.uuid4().hex
    place = "position >= ?" if later else "position < ?"
    (last,) = db.execute(f"SELECT max(position) FROM jobs WHERE {place}", (LATER,)).fetchone()
    db.execute(
        "INSERT INTO jobs (id, kind, video_id, params, state, created, asked, asked_by, position) "
        "VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?)",
        (
            job_id,
            kind,
            video_id,
            text,
            now(),
            now() if asked else None,
            asked_by,
            (LATER if later else 0) if last is None else last + 1,
        ),
    )
    return get(db, job_id)


def like(db: sqlite3.Connection, kind: str, values: dict[str, Any], states: Sequence[str] = ACTIVE) -> str | None:
    """The oldest job of a kind about the library in one of these states whose params have these values, by its id."""
    for row in db.execute(
        "SELECT id, (SELECT json_group_object(key, value) FROM json_each(params) WHERE key IN "
        "(SELECT value FROM json_each(?))) AS said FROM jobs WHERE kind = ? AND video_id IS NULL "
        "AND json_valid(params) AND state IN (SELECT value FROM json_each(?)) ORDER BY rowid",
        (json.dumps(list(values)), kind, json.dumps(list(states))),
    ):
        if json.loads(row["said"]) == values:
            return str(row["id"])
    return None


def in_parts(wanted: Sequence[Wanted]) -> Iterator[Sequence[Wanted]]:
    """What is to be queued, a transaction each: somebody's edit must not wait until thousands of jobs are written."""
    for first in range(0, len(wanted), AT_ONCE):
        yield wanted[first : first + AT_ONCE]


def bring_forward(db: sqlite3.Connection, video_id: str) -> None:
    """Put what waits for a video before all that waits for others, in its own order."""
    waiting = "SELECT id FROM jobs WHERE state = 'queued'"
    own = [row["id"] for row in db.execute(f"{waiting} AND video_id = ? ORDER BY position", (video_id,))]
    if own == [row["id"] for row in db.execute(f"{waiting} ORDER BY position LIMIT ?", (len(own),))]:
        return
    (first,) = db.execute("SELECT min(position) FROM jobs WHERE state = 'queued'").fetchone()
    places = [(first - len(own) + n, job_id) for n, job_id in enumerate(own)]
    db.executemany("UPDATE jobs SET position = ? WHERE id = ?", places)


def settle(db: sqlite3.Connection, kind: str, video_id: str, error: str | None = None) -> None:
    """What waits to be done for a video was done meanwhile by somebody else, or failed there with an `error`."""
    db.execute(
        "UPDATE jobs SET state = iif(?1 IS NULL, 'done', 'failed'), progress = iif(?1 IS NULL, 1, progress), "
        "error = ?1, ended = iif(?1 IS NULL, ended, ?2), began = NULL WHERE kind = ?3 AND video_id = ?4 "
        "AND state = 'queued'",
        (error, now(), kind, video_id),
    )


def drop_waiting(db: sqlite3.Connection, kind: str | None = None) -> int:
    """Cancel the jobs of a kind that wait, or all that wait; returns how many."""
    asked = "UPDATE jobs SET state = 'cancelled' WHERE state = 'queued' AND (? IS NULL OR kind = ?)"
    return db.execute(asked, (kind, kind)).rowcount


def cancel_waiting(db: sqlite3.Connection, videos: Sequence[str]) -> list[str]:
    """Cancel what waits for these videos; returns the ids of the jobs that run for them."""
    of_them = "video_id IN (SELECT value FROM json_each(?))"
    chosen = json.dumps(list(videos))
    db.execute(f"UPDATE jobs SET state = 'cancelled', ended = ? WHERE state = 'queued' AND {of_them}", (now(), chosen))
    return [row["id"] for row in db.execute(f"SELECT id FROM jobs WHERE {_RUNNING} AND {of_them}", (chosen,))]


def counts(db: sqlite3.Connection, kind: str) -> dict[str, int]:
    """How many jobs of a kind there are in each state."""
    rows = db.execute("SELECT state, count(*) FROM jobs WHERE kind = ? GROUP BY state ORDER BY state", (kind,))
    return dict(rows.fetchall())


def running(db: sqlite3.Connection) -> list[str]:
    """The ids of the jobs that run."""
    return [row["id"] for row in db.execute(f"SELECT id FROM jobs WHERE {_RUNNING}")]


def active_count(db: sqlite3.Connection) -> int:
    """How many jobs wait or run."""
    (count,) = db.execute("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')").fetchone()
    return int(count)


def latest_states(db: sqlite3.Connection, kind: str, videos: Sequence[str] | None = None) -> dict[str, str]:
    """How the newest job of a kind ended, or stands, for each of these videos, or of all, that had one."""
    rows = db.execute(
        "SELECT video_id, state FROM jobs WHERE kind = ? AND video_id IS NOT NULL "
        "AND (? IS NULL OR video_id IN (SELECT value FROM json_each(?))) ORDER BY rowid",
        (kind, *(2 * [None if videos is None else json.dumps(list(videos))])),
    )
    return {row["video_id"]: row["state"] for row in rows}


def get(db: sqlite3.Connection, job_id: str) -> dict[str, Any]:
    """One job with params and result as values, and what is asked in it as `query`.

    Raises NotFound.
    """
    row = db.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise NotFound("There is no such job.")
    job = _value(row)
    if job is None:
        raise JobError("What this job should do cannot be read; start it again.")
    return job


def take(
    db: sqlite3.Connection, holder: str, lease_s: float = LEASE_S, held_since: str | None = None,
    has_room: Callable[[str], bool] = lambda kind: True,
) -> dict[str, Any] | None:  # fmt: skip
    """Mark the oldest queued job of a kind that `has_room` as running, leased to `holder` for some seconds, and return
    it; None when no such job waits. A holder is "NAME/INSTANCE": the name of a dispatcher, and which start of it. While
    the queue is held, since `held_since`, only what a person asked for after that is taken."""
    kinds = [kind for (kind,) in db.execute("SELECT DISTINCT kind FROM jobs WHERE state = 'queued'") if has_room(kind)]
    waiting = (
        f"SELECT * FROM jobs WHERE state = 'queued' AND +kind IN ({', '.join('?' * len(kinds))}) "
        f"{'AND asked > ?' if held_since else ''} ORDER BY position LIMIT 1"
    )
    values = [*kinds, *([held_since] if held_since else [])]
    while (row := db.execute(waiting, values).fetchone()) is not None and _value(row) is None:
        finish(db, row["id"], "failed", error="What this job should do cannot be read; start it again.")
    if row is None:
        return None
    db.execute(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, progress = 0, message = '', leased_by = ?, "
        "leased_until = ?, heartbeat = ?, began = ?, ended = NULL, ran_on = ? WHERE id = ?",
        (holder, _until(lease_s), now(), now(), platform.node(), row["id"]),
    )
    return get(db, row["id"])


def holds(db: sqlite3.Connection, job_id: str, holder: str) -> bool:
    """Whether a job runs, and under a lease of this holder."""
    asked = f"SELECT 1 FROM jobs WHERE id = ? AND {_RUNNING} AND leased_by = ?"
    return db.execute(asked, (job_id, holder)).fetchone() is not None


def renew_leases(db: sqlite3.Connection, holder: str, lease_s: float, attempts: int) -> bool:
    """Renew what this holder runs, and put back what others let run out; says whether there was any of that."""
    db.execute(
        f"UPDATE jobs SET leased_until = ?, heartbeat = ? WHERE {_RUNNING} AND leased_by = ?",
        (_until(lease_s), now(), holder),
    )
    lost = "leased_until < ? AND leased_by != ?"
    return _put_back(db, lost, (now(), holder), attempts, "Its dispatcher no longer answers.") > 0


def release_leases(db: sqlite3.Connection, name: str, attempts: int) -> None:
    """Put back what dispatchers of this name left running: a new one starts only where no other of its name runs."""
    left = "(leased_by IS NULL OR leased_by = ? OR leased_by LIKE ? || '/%')"
    _put_back(db, left, (name, name), attempts, "The studio itself ended.")


def _until(lease_s: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=lease_s)).isoformat(timespec="milliseconds")


def progress(db: sqlite3.Connection, job_id: str, fraction: float, message: str) -> bool:
    """Say how far a running job is; returns whether it was cancelled meanwhile, perhaps by another process."""
    db.execute(
        "UPDATE jobs SET progress = ?, message = ? WHERE id = ? AND state = 'running'", (fraction, message, job_id)
    )
    return db.execute("SELECT 1 FROM jobs WHERE id = ? AND state = 'cancelled'", (job_id,)).fetchone() is not None


def finish(db: sqlite3.Connection, job_id: str, state: str, *, error: str | None = None, result: Any = None) -> None:
    """End an active job; one that ended already stays as it is. What is large of what it was asked goes, unless it is
    to be tried again."""
    db.execute(
        "UPDATE jobs SET state = ?, error = ?, result = ?, ended = ?, "
        "progress = CASE ? WHEN 'done' THEN 1 ELSE progress END WHERE id = ? AND state IN ('queued', 'running')",
        (state, error, json.dumps(result), now(), state, job_id),
    )
    if state != "failed":
        _forget_params(db, job_id)


def _forget_params(db: sqlite3.Connection, job_id: str) -> None:
    """What a job about the library read may be megabytes, and it is not done again. Where the same job failed before,
    this says that it was tried again (`work.failed`)."""
    db.execute(
        "UPDATE jobs SET params = (SELECT json_group_object(key, value) FROM json_each(jobs.params) "
        "WHERE type NOT IN ('array', 'object')) WHERE id = ? AND video_id IS NULL AND length(params) > ? "
        "AND json_valid(params) AND NOT EXISTS (SELECT 1 FROM jobs f WHERE f.state = 'failed' AND f.kind = jobs.kind "
        "AND f.params = jobs.params)",
        (job_id, LARGE),
    )


def put_back_after_death(db: sqlite3.Connection, job_id: str, holder: str, attempts: int, reason: str) -> None:
    """Queue a job again whose worker died; one that keeps dying fails with the last reason."""
    _put_back(db, "id = ? AND leased_by = ?", (job_id, holder), attempts, reason)


def _put_back(db: sqlite3.Connection, which: str, values: tuple[str, ...], attempts: int, reason: str) -> int:
    """Queue running jobs again, or end them after so many attempts; returns how many."""
    failed = db.execute(
        f"UPDATE jobs SET state = 'failed', error = ?, ended = ? WHERE {_RUNNING} AND {which} AND attempts >= ?",
        (f"The worker died {attempts} times on this job. The last time: {reason}", now(), *values, attempts),
    )
    queued = db.execute(f"UPDATE jobs SET state = 'queued' WHERE {_RUNNING} AND {which}", values)
    return failed.rowcount + queued.rowcount


def put_back(db: sqlite3.Connection, job_id: str) -> None:
    """Queue a running job again because the studio closes: that was no attempt of its own."""
    db.execute(
        "UPDATE jobs SET state = 'queued', attempts = attempts - 1 WHERE id = ? AND state = 'running'", (job_id,)
    )


def of_video(db: sqlite3.Connection, video_id: str | None = None, recent: int = 8) -> list[dict[str, Any]]:
    """All active jobs and the most recent ended ones as they are shown, newest first; of one video, with those about no
    single one, or of the library. `ahead` is how many are done before an active one, `query` what is asked in it."""
    where, values = ("(video_id = ? OR video_id IS NULL) AND ", (video_id,)) if video_id else ("", ())
    active = db.execute(
        "WITH line AS (SELECT id, row_number() OVER (ORDER BY state = 'queued', position) - 1 AS ahead "
        "FROM jobs WHERE state IN ('queued', 'running')) "
        f"SELECT {_SHOWN}, ahead FROM jobs JOIN line USING (id) WHERE {where} true ORDER BY jobs.rowid DESC",
        values,
    ).fetchall()
    ended = db.execute(
        f"SELECT {_SHOWN}, 0 AS ahead FROM jobs WHERE {where} state NOT IN ('queued', 'running') "
        "ORDER BY rowid DESC LIMIT ?",
        (*values, recent),
    ).fetchall()
    return [_shown(row) for row in [*active, *ended]]


def of_videos(db: sqlite3.Connection, videos: Sequence[str]) -> list[dict[str, Any]]:
    """Of each of these videos the jobs that wait or run, and the newest one where that failed; as `of_video`."""
    rows = db.execute(
        "WITH line AS (SELECT id, row_number() OVER (ORDER BY state = 'queued', position) - 1 AS ahead "
        "FROM jobs WHERE state IN ('queued', 'running')) "
        f"SELECT {_SHOWN}, coalesce((SELECT ahead FROM line WHERE line.id = jobs.id), 0) AS ahead FROM jobs "
        "WHERE jobs.video_id IN (SELECT value FROM json_each(?)) AND (jobs.state IN ('queued', 'running') "
        "OR (jobs.state = 'failed' AND jobs.rowid = (SELECT max(rowid) FROM jobs n WHERE n.video_id = jobs.video_id))) "
        "ORDER BY jobs.rowid DESC",
        (json.dumps(list(videos)),),
    )
    return [_shown(row) for row in rows.fetchall()]


def _value(row: sqlite3.Row) -> dict[str, Any] | None:
    """The job, None when it cannot be read."""
    params = stored.value(row["params"], dict, "jobs", row["id"])
    return None if params is None else {**_shown({**row, "query": params.get("query")}), "params": params}


def _shown(row: sqlite3.Row | dict[str, Any]) -> dict[str, Any]:
    result = None if row["result"] in (None, "null") else stored.value(row["result"], dict, "jobs", row["id"])
    query = row["query"] if isinstance(row["query"], str) else None
    return {**row, "result": result, "query": query}
