"""The queue: takes jobs from the store one at a time, lets the worker do them, keeps what they found."""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable

from studio.errors import Cancelled, StoreError, StudioError
from studio.jobs.result import Result, Watch
from studio.jobs.worker import Worker, WorkerDied
from studio.store import Store, jobs
from studio.timeline import Prediction

PROGRESS_EVERY_S = 0.5
LOOK_EVERY_S = 2.0  # another process (the command line) may have queued something
log = logging.getLogger(__name__)


class Runner:
    """A thread that empties the queue until it is closed. At its start it puts back what a crash left running."""

    def __init__(
        self, store: Store, worker: Worker, attempts: int, tidy: Callable[[str], object] = lambda video_id: None
    ) -> None:
        """`tidy` removes what a job that was stopped left unfinished about a video."""
        self._store, self.worker, self._attempts, self._tidy = store, worker, attempts, tidy
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._cancelled: set[str] = set()
        self.previews: dict[str, list[Prediction]] = {}  # what running jobs have found so far
        store.write(lambda db: jobs.recover(db, attempts))
        self._thread = threading.Thread(target=self._run, name="job-runner", daemon=True)
        self._thread.start()

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
        self.worker.close()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                job = self._store.write(jobs.take)
            except StudioError as error:  # a locked or full database: the queue waits, it does not die
                log.warning("the queue waits: %s", error)
                self._closing.wait(LOOK_EVERY_S)
                continue
            if job is None:
                self._wake.wait(LOOK_EVERY_S)
                self._wake.clear()
                continue
            try:
                self._do(job["id"], job["kind"], job["video_id"], job["params"])
            except Exception:  # whatever happens to one job, the queue goes on
                log.exception("a job could not be ended", extra={"job": job["id"]})

    def _do(self, job_id: str, kind: str, video_id: str | None, params: dict[str, object]) -> None:
        last = 0.0

        def progress(fraction: float, message: str) -> None:
            nonlocal last
            if time.monotonic() - last > PROGRESS_EVERY_S:
                last = time.monotonic()
                with contextlib.suppress(StudioError):  # telling how far it is matters less than going on
                    self._store.write(lambda db: jobs.progress(db, job_id, fraction, message))

        def preview(predictions: list[Prediction]) -> None:
            self.previews[job_id] = predictions

        facts = {"job": job_id, "kind": kind, "video": video_id}
        began = time.monotonic()
        try:
            result = self.worker.call(kind, params, Watch(progress, preview, lambda: job_id in self._cancelled))
            self._keep(job_id, video_id, result)
            log.info("job done in %.1f s", time.monotonic() - began, extra=facts)
        except Cancelled:
            self._end(job_id, "cancelled")
            self._tidy(video_id or "")
            log.info("job stopped", extra=facts)
        except WorkerDied as error:
            log.error("the worker died", exc_info=error, extra=facts)
            reason = str(error)
            self._write(lambda db: jobs.recover(db, self._attempts, job_id, reason))
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
        if self._closing.is_set() and job_id not in self._cancelled:
            self._write(lambda db: jobs.put_back(db, job_id))
            return
        self._write(lambda db: jobs.finish(db, job_id, state, error=error))

    def _keep(self, job_id: str, video_id: str | None, result: Result) -> None:
        """The run and the end of the job in one transaction: a result appears once, or not at all."""

        def write(db: sqlite3.Connection) -> None:
            if jobs.get(db, job_id)["state"] != "running":
                return
            jobs.finish(db, job_id, "done", result=result.keep(db, str(video_id)))

        self._write(write)
