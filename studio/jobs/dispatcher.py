"""The queue: takes jobs from the store under a lease, has a backend execute them, keeps what they found.

Several dispatchers may share one store. Who holds a job, until when, and when it was last heard of is in its row: a
lease that is not renewed runs out, and the job is another's to take. A result counts only while its dispatcher holds
the job, so that one that was thought dead changes nothing.
"""

import contextlib
import logging
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from studio.errors import Cancelled, StoreError, StudioError
from studio.jobs.backends import ExecutionBackend, WorkerDied, has_room
from studio.jobs.keeping import keep_result
from studio.jobs.result import JobMonitor, JobResult
from studio.jobs.schedule import Clock, held_since, local_now
from studio.store import Store, jobs, timelines
from studio.timeline import Prediction

PROGRESS_EVERY_S = 0.5
LOOK_EVERY_S = 2.0  # another process (the command line) may have queued something
RENEWALS_A_LEASE = 4
log = logging.getLogger(__name__)


class Dispatcher:
    """A thread that empties the queue until it is closed, by as many jobs at once as the backend has room for. At its
    start it puts back what an earlier dispatcher of its name left running."""

    def __init__(
        self,
        store: Store,
        backend: ExecutionBackend,
        attempts: int,
        tidy: Callable[[str], object] = lambda video_id: None,
        *,
        done: Callable[[str, str], object] = lambda kind, video_id: None,
        name: str = "studio",
        lease_s: float = jobs.LEASE_S,
        clock: Clock = local_now,
    ) -> None:
        """`tidy` removes what a job that was stopped left unfinished about a video; `done` is told the kind of each job
        that ended well, and its video. `name` is this dispatcher's alone:
        of one name only one may run at a time. `clock` says whether the queue's hours have come."""
        self._store, self.backend, self._attempts, self._tidy = store, backend, attempts, tidy
        self._done = done
        self.holder = f"{name}/{uuid.uuid4().hex[:12]}"
        self._lease_s, self._clock = lease_s, clock
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._cancelled: set[str] = set()
        self._running: dict[threading.Thread, str] = {}  # the kind of job that each thread sees to
        self.previews: dict[str, list[Prediction]] = {}  # what running jobs have found so far
        store.write(lambda db: jobs.release_leases(db, name, attempts))
        self._threads = [
            threading.Thread(target=self._run, name="job-dispatcher", daemon=True),
            threading.Thread(target=self._renew_leases, name="job-leases", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Something was queued."""
        self._wake.set()

    def cancel(self, job_id: str) -> None:
        """Stop a job, waiting or running; its state is `cancelled` when this returns."""
        self._cancelled.add(job_id)

        def work(db: sqlite3.Connection) -> bool:
            running = bool(jobs.get(db, job_id)["state"] == "running")
            jobs.finish(db, job_id, "cancelled")
            return running

        if not self._store.write(work):  # nobody would look
            self._cancelled.discard(job_id)

    def close(self) -> None:
        """Stop after cancelling what runs; it is queued again, so that the next start resumes it."""
        self._closing.set()
        self._wake.set()
        self.backend.close()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                job = self._store.write(self._take)
            except StudioError as error:  # a locked or full database: the queue waits, it does not die
                log.warning("the queue waits: %s", error)
                self._closing.wait(LOOK_EVERY_S)
                continue
            if job is None:
                self._wake.wait(LOOK_EVERY_S)
                self._wake.clear()
                continue
            thread = threading.Thread(target=self._see_to, args=(job,), name="job", daemon=True)
            self._running[thread] = job["kind"]
            thread.start()
        for thread in list(self._running):
            thread.join()

    def _has_room(self, kind: str) -> bool:
        return has_room(self.backend, kind, list(self._running.values()))

    def _see_to(self, job: dict[str, Any]) -> None:
        try:
            self._do(job["id"], job["kind"], job["video_id"], job["params"])
        except Exception:  # whatever happens to one job, the queue goes on
            log.exception("a job could not be ended", extra={"job": job["id"]})
        finally:
            del self._running[threading.current_thread()]
            self._wake.set()  # there is room for another

    def _take(self, db: sqlite3.Connection) -> dict[str, Any] | None:
        return jobs.take(db, self.holder, self._lease_s, held_since(db, self._clock()), self._has_room)

    def _renew_leases(self) -> None:
        """Say that this dispatcher lives, and take the leases of those that no longer do."""
        while not self._closing.wait(self._lease_s / RENEWALS_A_LEASE):
            with contextlib.suppress(StudioError):  # a full or locked database: the next time will do
                if self._store.write(
                    lambda db: jobs.renew_leases(db, self.holder, self._lease_s, self._attempts),
                    lambda put_back: [""] if put_back else [],  # that somebody lives is no news
                ):
                    self._wake.set()

    def _do(self, job_id: str, kind: str, video_id: str | None, params: dict[str, object]) -> None:
        last = 0.0

        def pages(db: sqlite3.Connection) -> list[str]:
            """The videos whose pages show the job; all do where it is about the library."""
            return [""] if video_id is None else timelines.shown_on(db, video_id)

        def progress(fraction: float, message: str) -> None:
            nonlocal last
            if time.monotonic() - last > PROGRESS_EVERY_S:
                last = time.monotonic()
                with contextlib.suppress(StudioError):  # telling how far it is matters less than going on
                    stopped, _ = self._store.write(
                        lambda db: (jobs.progress(db, job_id, fraction, message), pages(db)), itemgetter(1)
                    )
                    if stopped:
                        self._cancelled.add(job_id)  # by another process

        def preview(predictions: list[Prediction]) -> None:
            self.previews[job_id] = predictions

        def partial(result: JobResult) -> None:
            def write(db: sqlite3.Connection) -> list[str]:
                # of what is tracked only what a person stopped: after a pause of the studio all of it is done again
                stopped = job_id in self._cancelled
                if stopped if result.tracked else jobs.holds(db, job_id, self.holder):
                    keep_result(db, result, of_library=video_id is None)
                return pages(db)

            with contextlib.suppress(StudioError):  # the end of the job brings it again
                self._store.write(write, list)

        facts = {"job": job_id, "kind": kind, "video": video_id}
        began = time.monotonic()
        try:
            monitor = JobMonitor(progress, preview, partial, lambda: job_id in self._cancelled)
            self._keep(job_id, self.backend.call(kind, params, monitor), of_library=video_id is None)
            self._done(kind, video_id or "")
            log.info("job done in %.1f s", time.monotonic() - began, extra=facts)
        except Cancelled:
            self._end(job_id, "cancelled")
            self._tidy(video_id or "")
            log.info("job stopped", extra=facts)
        except WorkerDied as error:
            log.error("the worker died", exc_info=error, extra=facts)
            reason = str(error)
            self._write(lambda db: jobs.put_back_after_death(db, job_id, self.holder, self._attempts, reason))
            self._tidy(video_id or "")
        except StudioError as error:
            log.info("job failed: %s", type(error).__name__, extra=facts)
            self._end(job_id, "failed", str(error))
        except Exception as error:
            log.exception("job failed unexpectedly", extra=facts)
            self._end(job_id, "failed", f"This job failed unexpectedly ({type(error).__name__}).")
        finally:
            self.previews.pop(job_id, None)
            self._cancelled.discard(job_id)

    def _write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Write the end of a job, however long the disk is full or the database locked: a result is not thrown away.

        Raises StoreError when the studio closes before that; the next start does the job again.
        """
        while True:
            try:
                return self._store.write(work)
            except StoreError as error:
                if self._closing.is_set():
                    raise
                log.warning("the end of a job waits: %s", error)
                self._closing.wait(LOOK_EVERY_S)

    def _end(self, job_id: str, state: str, error: str | None = None) -> None:
        def write(db: sqlite3.Connection) -> None:
            if not jobs.holds(db, job_id, self.holder):
                return
            if self._closing.is_set() and job_id not in self._cancelled:
                jobs.put_back(db, job_id)
            else:
                jobs.finish(db, job_id, state, error=error)

        self._write(write)

    def _keep(self, job_id: str, result: JobResult, of_library: bool) -> None:
        """The runs and the end of the job in one transaction: a result appears once, or not at all."""

        def write(db: sqlite3.Connection) -> None:
            if jobs.holds(db, job_id, self.holder):
                jobs.finish(db, job_id, "done", result=keep_result(db, result, of_library))

        self._write(write)
