"""How a running studio is: for the status page, and for `studio doctor`. Ids and counts only."""

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from studio.jobs import ProcessBackend
from studio.jobs.kinds import KINDS
from studio.logs import version_of
from studio.service.accounts.rights import OWNER, Actor
from studio.store import migrations, statistics, work

if TYPE_CHECKING:
    from studio.service.studio import Studio

Row = dict[str, Any]
_STARTED = time.time()
REPORTS_SHOWN = 5
RUNNING_SHOWN = 20


def status(studio: "Studio", by: Actor = OWNER) -> Row:
    """Queue, workers, cluster (None without one), memory, disk, database, crash reports and version, as plain values;
    sizes in bytes. Only an admin is told the addresses of the cluster's machines."""
    settings, cluster = studio.settings, studio.jobs.cluster()
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(settings.home)
    return {
        "version": version_of("moment-studio"),
        "uptime_s": round(time.time() - _STARTED),
        "queue": _queue(studio),
        "workers": [_worker(worker) for worker in studio.jobs.workers()],
        "cluster": cluster if cluster is None or by.admin else _without_addresses(cluster),
        "memory": {"app": psutil.Process().memory_info().rss, "free": memory.available, "total": memory.total},
        "disk": {"free": disk.free, "total": disk.total, "spare": settings.limits.spare_disk_bytes},
        "database": _database(studio),
        "reports": reports(settings.reports),
    }


def _queue(studio: "Studio") -> Row:
    counts, running = studio.store.read(lambda db: (statistics.jobs_by_state(db), work.running(db, RUNNING_SHOWN)))
    shown = ("id", "kind", "video_id", "progress", "message")
    return {
        **{state: counts.get(state, 0) for state in ("queued", "running", "done", "failed", "cancelled")},
        "limit": studio.settings.limits.queued_jobs,
        "now": [{**{key: job[key] for key in shown}, "title": _title(job["kind"])} for job in running],
    }


def _title(kind: str) -> str:
    """What people read while a job of a kind runs; one of another release is called by its name."""
    return KINDS[kind].title if kind in KINDS else kind


def _without_addresses(cluster: Row) -> Row:
    from studio.jobs.cluster.cluster_settings import LOCAL  # who has no cluster loads nothing of it

    return {
        **cluster,
        "address": LOCAL if cluster["address"] == LOCAL else "",
        "problem": "The cluster is not connected; an admin sees why." if cluster["problem"] else "",
        "nodes": [{**node, "address": ""} for node in cluster.get("nodes", [])],
    }


def _worker(worker: ProcessBackend) -> Row:
    pid = worker.pid
    try:
        memory = psutil.Process(pid).memory_info().rss if pid else 0
    except psutil.Error:  # it ended just now
        pid, memory = None, 0
    return {
        "name": worker.name, "alive": pid is not None, "busy": worker.busy, "memory": memory, "models": worker.loaded,
    }  # fmt: skip


def _database(studio: "Studio") -> Row:
    file = studio.settings.database
    return {
        "size": _size(file), "log": _size(file.with_name(f"{file.name}-wal")), **studio.store.read(statistics.counts),
        "newest_schema": max(migrations.NAMES), "read_only": studio.store.read_only,
    }  # fmt: skip


def reports(folder: Path) -> list[Row]:
    """The newest crash reports: `name` of the file, `at`, `what` kind of error, and `where`."""
    found = []
    for file in sorted(folder.glob("crash-*.json"), reverse=True)[:REPORTS_SHOWN]:
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
            found.append({"name": file.name, "at": facts["at"], "what": facts["what"], "where": facts["trace"][-1:]})
        except (OSError, ValueError, KeyError, TypeError):
            continue  # half written in a crash of its own
    return found


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
