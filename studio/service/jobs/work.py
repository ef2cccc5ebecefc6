"""All work of a library in one place: what runs, how far it is, how long it takes still, what failed, what is off; and
what people may do about it."""

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psutil

from studio.config import Settings
from studio.errors import NotFound, UsageError
from studio.jobs import KINDS
from studio.jobs.schedule import Clock, Hours, held_since, hours, is_held, local_now, paused_since
from studio.service import serializers
from studio.service.accounts.rights import OWNER, Actor, need, why_not
from studio.service.exchange.dataset_downloads import DatasetDownloads
from studio.service.jobs.jobs import Jobs
from studio.service.model_downloads import ModelDownloads
from studio.service.models import missing
from studio.store import Store, jobs, preferences, users, videos, work
from studio.timeline import MICROS

Row = dict[str, Any]
Rates = Mapping[str, tuple[float | None, float | None]]
LOOK_AFTER = "pause, limit or order the work of all"
ORDER = "change when a job of theirs is done"
MOST_SHOWN = 200  # rows of a list; of how many is said beside it
LEAST_PROGRESS, LEAST_S = 0.05, 3.0  # from here on a job itself says how long it takes


class Work:
    """The queue of a library, and whatever else works for it."""

    def __init__(
        self, store: Store, settings: Settings, queue: Jobs, models: ModelDownloads, exports: DatasetDownloads,
        clock: Clock = local_now,
    ) -> None:  # fmt: skip
        """`clock` gives the local time."""
        self._store, self._settings, self._jobs = store, settings, queue
        self._models, self._exports, self._clock = models, exports, clock

    def state(self, by: Actor = OWNER, waiting: int = 20, failed: int = 20) -> Row:
        """`running`, the first so many that wait (`queue`; `own`: somebody may change when it is done), of each kind
        how many wait and failed (`kinds`), the newest so many that `failed`, and what is `off`; `asked_by` of a job is
        "" where nobody asked, and `several` whether there are several users. `left_s` is how long it
        all takes still, by what was measured on this machine, without `unmeasured` jobs; None where nothing was. `held`
        says why nothing is begun, "" where it is not held.
        """
        now, machine = self._clock(), platform.node()

        def read(db: Any) -> tuple[list[Row], list[Row], list[Row], list[Row], dict[str, int], Rates, Row]:
            runs, kinds = work.running(db, MOST_SHOWN), work.waiting(db)
            known = {row["kind"] for row in (*runs, *kinds)}
            rules = {
                "paused": bool(paused_since(db)), "hours": hours(db), "since": held_since(db, now), "cores": cores(db),
                "several": len(users.listed(db)) > 1,
            }  # fmt: skip
            first = work.queue(db, min(waiting, MOST_SHOWN))
            wrong = work.failed(db, min(failed, MOST_SHOWN)), work.failed_kinds(db)
            return runs, kinds, first, *wrong, work.rates(db, known, machine), rules

        runs, kinds, first, wrong, wrong_kinds, rates, rules = self._store.read(read)
        since = rules["since"]
        set_hours: Hours | None = rules["hours"]
        at = now.astimezone(UTC)
        shown = [{**_row(row), "progress": row["progress"], "left_s": _left(row, rates, at)} for row in runs]
        by_kind = [_kind(row, rates, wrong_kinds) for row in kinds]
        by_kind += [
            {"kind": kind, "title": _title(kind), "waiting": 0, "left_s": 0.0, "failed": count}
            for kind, count in wrong_kinds.items()
            if kind not in {row["kind"] for row in kinds}
        ]
        total, unmeasured = _total([*((row["left_s"], 1) for row in shown),
                                    *((row["left_s"], row["waiting"]) for row in by_kind)], len(runs))  # fmt: skip
        closed = set_hours is not None and set_hours.closed_since(now) is not None
        return {
            "running": shown + self._others(),
            "queue": [
                {
                    **_row(row),
                    "held": is_held({**row, "state": "queued"}, since),
                    "own": by.owns(row["asked_by"], row["added_by"] or ""),
                }
                for row in first
            ],
            "waiting": sum(row["jobs"] for row in kinds),
            "kinds": by_kind,
            "failed": [{**_row(row), "error": row["error"], "ended": row["ended"] or row["created"]} for row in wrong],
            "failures": sum(wrong_kinds.values()),
            "left_s": total,
            "unmeasured": unmeasured,
            "paused": rules["paused"],
            "hours": str(set_hours) if set_hours else "",
            "held": self._why_held(rules["paused"], set_hours if closed else None, now),
            "cores": rules["cores"],
            "cores_here": psutil.cpu_count() or 1,
            "several": rules["several"],
            "serving": self._jobs.dispatcher is not None,
            "fixed": "" if by.admin else why_not(LOOK_AFTER),
            "off": self._off(),
        }

    def _others(self) -> list[Row]:
        """What runs beside the queue: models that are fetched, data sets that are written."""
        plain = {"id": "", "kind": "", "video_id": None, "video": "", "query": None, "asked_by": "", "left_s": None}
        found = [
            {**plain, "title": f"Getting the model {name}", "message": "",
             "progress": each["done"] / max(1, each["total"])}
            for name, each in self._models.states().items()
            if each["running"]
        ]  # fmt: skip
        return found + [
            {**plain, "title": "Writing an export", "message": each["message"], "progress": each["done"]}
            for each in self._exports.running()
        ]

    @staticmethod
    def _why_held(paused: bool, closed: Hours | None, now: datetime) -> str:
        if paused:
            return "The queue is paused."
        if closed is None:
            return ""
        day = "" if closed.opens(now).date() == now.date() else " tomorrow"
        begin, end = f"{closed.begin:%H:%M}", f"{closed.end:%H:%M}"
        return f"The queue works from {begin} to {end}, and goes on{day} at {begin}."

    def _off(self) -> list[Row]:
        """What does not happen here, each as a sentence that says what helps, with the page where one can change it."""
        found = []
        if self._store.read_only:
            found.append({"what": "Everything", "why": self._store.read_only, "page": ""})
        for task, why in missing(self._settings):
            found.append({"what": _TASKS.get(task, task.replace("_", " ").capitalize()), "why": why, "page": ""})
        if not self._jobs.prepares_words():
            why = "Speech and screen text of new videos are not prepared; a switch in Library does it."
            found.append({"what": "Words of new videos", "why": why, "page": "library"})
        for name, each in self._models.states().items():
            if each["error"]:
                found.append({"what": f"The model {name}", "why": each["error"], "page": "models"})
        return found

    # ------------------------------------------------------------------ what people do about it

    def pause(self, by: Actor = OWNER) -> None:
        """Begin nothing more that waits now; what runs is finished, and what a person asks for from now on is done.
        Raises PermissionDenied."""
        need(by, LOOK_AFTER)
        since = self._clock().astimezone(UTC).isoformat(timespec="milliseconds")
        self._store.write(lambda db: preferences.choose(db, preferences.QUEUE_PAUSED, since))

    def resume(self, by: Actor = OWNER) -> None:
        """Go on. Raises PermissionDenied."""
        need(by, LOOK_AFTER)
        self._store.write(lambda db: preferences.choose(db, preferences.QUEUE_PAUSED, ""))
        self._jobs.wake()

    def set_hours(self, text: str, by: Actor = OWNER) -> None:
        """Begin something only in these hours of the day (“20:00-07:00”); "": all day. Raises UsageError,
        PermissionDenied."""
        need(by, LOOK_AFTER)
        said = str(Hours.parse(text)) if text.strip() else ""
        self._store.write(lambda db: preferences.choose(db, preferences.QUEUE_HOURS, said))
        self._jobs.wake()

    def set_cores(self, count: int, by: Actor = OWNER) -> None:
        """Work on at most so many processors from the next job on; 0: on all. Raises UsageError, PermissionDenied."""
        need(by, LOOK_AFTER)
        here = psutil.cpu_count() or 1
        if not 0 <= count <= here:
            raise UsageError(f"This machine has {here} cores; name 1 to {here} of them, or 0 for all.")
        said = str(count) if 0 < count < here else ""
        self._store.write(lambda db: preferences.choose(db, preferences.QUEUE_CORES, said))

    def move(self, job_id: str, to: str, by: Actor = OWNER) -> None:
        """Change when a job that waits is done: `to` is one of `store.work.PLACES`. Who is no admin moves jobs that
        they asked for and those of videos that they added, among the places that these have.

        Raises UsageError, NotFound, PermissionDenied.
        """

        def put(db: Any) -> None:
            if by.admin:
                work.move(db, job_id, to)
                return
            owners = work.owners(db, job_id)
            need(by, *((ORDER, *owners) if owners else (LOOK_AFTER,)))
            work.move_among_own(db, job_id, to, by.name)

        self._store.write(put)

    def retry(self, job_id: str, by: Actor = OWNER) -> None:
        """Queue again a job that failed. Raises UsageError where it did not, or was tried again already."""
        if not self._retry(job_id=job_id, asked_by=by.name):
            raise UsageError("This job is no longer among those that failed.")

    def retry_all(self, kind: str = "", by: Actor = OWNER) -> int:
        """Queue again all that failed, of a kind or of all; returns how many. Raises PermissionDenied."""
        need(by, LOOK_AFTER)
        return self._retry(kind=kind or None)

    def _retry(self, *, job_id: str | None = None, kind: str | None = None, asked_by: str = "") -> int:
        count = self._store.write(
            lambda db: work.retry(
                db, lambda params: _with_files(db, params), job_id=job_id, kind=kind, asked_by=asked_by
            )
        )
        self._jobs.wake()
        return count

    def dismiss(self, job_id: str) -> None:
        """Show a failure no longer. Raises NotFound."""
        self._store.write(lambda db: work.dismiss(db, job_id))

    def cancel(self, job_id: str) -> None:
        """Stop a job, waiting or running; a studio in another process stops it soon. Raises NotFound."""
        if self._jobs.dispatcher is not None:
            self._jobs.cancel(job_id)
            return

        def end(db: Any) -> None:
            jobs.get(db, job_id)
            jobs.finish(db, job_id, "cancelled")

        self._store.write(end)


def _with_files(db: Any, params: Row) -> Row:
    """The parameters of a job with the files of its videos as they are now."""

    def now(video: Row) -> Row:
        try:
            return serializers.job_video(videos.get(db, video["id"]))
        except NotFound:  # it was removed
            return video

    fresh: Row = serializers.with_job_videos(params, now)
    return fresh


_TASKS = {
    "text_video": "Search and grounding", "speech_recognition": "Transcribing", "text_reading": "Reading the screen",
    "active_speaker": "Speakers", "expression": "Emotions", "dialog_emotion": "Emotions by words",
    "face_detector": "Faces", "voice_activity": "Hearing voices", "voices": "Telling voices apart",
    "sentence_embedding": "What sentences mean",
}  # fmt: skip


def cores(db: Any) -> int:
    """How many processors the work of the queue may use; 0: all."""
    text = preferences.text(db, preferences.QUEUE_CORES)
    return int(text) if text.isdecimal() else 0


def _title(kind: str) -> str:
    return KINDS[kind].title if kind in KINDS else kind  # one of an earlier release


def _row(row: Row) -> Row:
    shown = ("id", "kind", "video_id", "query", "message", "asked_by")
    return {**{key: row[key] for key in shown}, "title": _title(row["kind"]), "video": row["video"] or ""}


def _expected(row: Row, rates: Rates) -> float | None:
    """How long a job takes, s, by those before it."""
    by_second, whole = rates[row["kind"]]
    if row["video_id"] is None:
        return whole
    return None if by_second is None or not row["duration_us"] else by_second * row["duration_us"] / MICROS


def _left(row: Row, rates: Rates, now: datetime) -> float | None:
    """How long a job that runs takes still: by how far it is, and before that shows by those before it."""
    if row["began"] is None:
        return None
    elapsed = (now - datetime.fromisoformat(row["began"])).total_seconds()
    if row["progress"] >= LEAST_PROGRESS and elapsed >= LEAST_S:
        return float(elapsed * (1 - row["progress"]) / row["progress"])
    expected = _expected(row, rates)
    return None if expected is None or elapsed > expected else expected - elapsed


def _kind(row: Row, rates: Rates, failed: Mapping[str, int]) -> Row:
    by_second, whole = rates[row["kind"]]
    parts = [(by_second, row["video_us"] / MICROS, row["jobs"] - row["whole"]), (whole, row["whole"], row["whole"])]
    known = [rate * amount for rate, amount, count in parts if count and rate is not None]
    unknown = any(count and rate is None for rate, _, count in parts)
    return {
        "kind": row["kind"], "title": _title(row["kind"]), "waiting": row["jobs"],
        "left_s": None if unknown else sum(known), "failed": failed.get(row["kind"], 0),
    }  # fmt: skip


def _total(parts: list[tuple[float | None, int]], at_once: int) -> tuple[float | None, int]:
    """How long all takes, s, and how many jobs that says nothing of; as many are done at once as now."""
    known = [left for left, count in parts if left is not None and count]
    unmeasured = sum(count for left, count in parts if left is None)
    return (sum(known) / max(1, at_once) if known else None), unmeasured
