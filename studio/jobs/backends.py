"""Where a job is executed: in a child process that keeps its models warm, or right here (for the command line).

The work itself, and torch with it, is only imported where it is done: the web server never loads it.
"""

import contextlib
import errno
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from studio import errors, logs
from studio.config import Settings
from studio.errors import Cancelled, JobError, StudioError
from studio.jobs.result import JobMonitor, JobResult, ReportProgress, part_of
from studio.platform import system
from studio.timeline import Prediction, Transcript
from studio.timeline.boxes import TrackedBox

if TYPE_CHECKING:
    from multiprocessing.connection import _ConnectionBase  # Windows has another one than the rest

    Connection = _ConnectionBase[Any, Any]

Preview = Callable[[Callable[[], list[Prediction]]], None]
Partial = Callable[[Transcript | TrackedBox], None]

CANCEL_GRACE_S = 1.5
POLL_S = 0.1
PREVIEW_EVERY_S = 1.0
log = logging.getLogger(__name__)


class WorkerDied(JobError):
    """The process disappeared in the middle of a job (out of memory, killed): the job may be tried again."""


class ExecutionBackend(Protocol):
    """Executes one job at a time, or several (`ParallelBackend`); all keep the same promises: see tests/jobs."""

    def start(self) -> None:
        """Get ready now, so that the first call need not wait."""
        ...

    def call(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
        """Run a job to its end.

        Raises what it raised, Cancelled within about 2 s of `monitor.cancelled()`, WorkerDied.
        """
        ...

    def close(self) -> None:
        """Stop; the backend cannot be used again."""
        ...


@runtime_checkable
class ParallelBackend(ExecutionBackend, Protocol):
    """Executes several jobs at once: `call` may be called by several threads."""

    def has_room(self, kind: str, running: Sequence[str]) -> bool:
        """Whether a job of this kind can begin now, beside those of the kinds `running`."""
        ...


@runtime_checkable
class ClusterBackend(ParallelBackend, Protocol):
    """Executes jobs on other machines, too."""

    def status(self) -> dict[str, Any]:
        """How the machines are, for people; see `RayBackend.status`."""
        ...


def has_room(backend: ExecutionBackend, kind: str, running: Sequence[str]) -> bool:
    """Whether a job of this kind can begin now, beside those of the kinds `running`; most backends do one at a time."""
    return backend.has_room(kind, running) if isinstance(backend, ParallelBackend) else not running


class Executor(Protocol):
    """What does the work, in the process where it is done."""

    def perform(
        self, kind: str, params: dict[str, Any], progress: ReportProgress, preview: Preview, partial: Partial
    ) -> JobResult:
        """Do one job; `progress` may raise Cancelled."""
        ...

    def loaded(self) -> list[str]:
        """The names of the models that are warm."""
        ...


def studio_executor(settings: Settings) -> Executor:
    """The product's own."""
    from studio.jobs.executor import StudioExecutor

    return StudioExecutor(settings)


class InlineBackend:
    """Runs jobs in this process and thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._executor: Executor | None = None

    def start(self) -> None:
        """Models load at their first call; a command that needs none never waits for them."""

    def call(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
        def report(fraction: float, message: str) -> None:
            if monitor.cancelled():
                raise Cancelled("Cancelled.")
            monitor.progress(fraction, message)

        self._executor = self._executor or studio_executor(self._settings)

        def partial(found: Transcript | TrackedBox) -> None:
            if monitor.partial:
                monitor.partial(part_of(found))

        return self._executor.perform(kind, params, report, lambda found: None, partial)

    def close(self) -> None:
        """Nothing to stop."""


class ProcessBackend:
    """Runs jobs in one child process, started at first need and again after a death.

    `name` tells several apart, in logs and to people; `executor` makes what does the work, there.
    """

    def __init__(
        self, settings: Settings, name: str = "worker", executor: Callable[[Settings], Executor] = studio_executor
    ) -> None:
        self.name = name
        self.loaded: list[str] = []  # the names of its warm models
        self._settings, self._executor = settings, executor
        self._context = multiprocessing.get_context("spawn")
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._lock = threading.Lock()
        self._closed = False

    def start(self) -> None:
        """Start the process now, so that the first call need not wait for its imports."""
        with self._lock:
            self._ensure()

    @property
    def pid(self) -> int | None:
        process = self._process  # another thread may end it meanwhile
        return process.pid if process and process.is_alive() else None

    def call(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
        with self._lock:
            try:
                tag, *said = self._listen(self._handed_over(("call", kind, params)), monitor)
            except (EOFError, OSError) as error:
                raise WorkerDied(_last_words(self._kill(patience_s=1.0))) from error
            except BaseException:  # the process goes on, and the next call would get its answer
                self._kill()
                raise
        if tag == "done":
            result: JobResult = said[0]
            return result
        name, message = said
        raise getattr(errors, name, JobError)(message)

    @property
    def busy(self) -> bool:
        return self._lock.locked()

    def _listen(self, pipe: "Connection", monitor: JobMonitor) -> tuple[Any, ...]:
        """Tell the monitor what the process says, up to its answer, which is returned: ("done", result), or ("error",
        kind, message)."""
        give_up: float | None = None
        while True:
            if give_up is None and (monitor.cancelled() or self._closed):
                pipe.send(("cancel",))
                give_up = time.monotonic() + CANCEL_GRACE_S
            if give_up is not None and time.monotonic() > give_up:
                raise Cancelled("Cancelled.")
            if not pipe.poll(POLL_S):
                continue
            tag, *rest = pipe.recv()
            if tag == "progress":
                monitor.progress(*rest)
            elif tag == "loaded":
                (self.loaded,) = rest
            elif tag == "preview":
                if monitor.preview:
                    monitor.preview(*rest)
            elif tag == "partial":
                if monitor.partial:
                    monitor.partial(*rest)
            else:
                return tag, *rest

    def _handed_over(self, call: tuple[str, str, dict[str, Any]]) -> "Connection":
        """The pipe of a process that has a call. One that died while idle never saw it: another takes its place, and
        the job is not blamed."""
        pipe = self._ensure()
        try:
            pipe.send(call)
        except OSError:
            self._kill()
            pipe = self._ensure()
            pipe.send(call)
        return pipe

    def _ensure(self) -> "Connection":
        if self._closed:
            raise JobError("The studio is closing.")
        if self._process is None or not self._process.is_alive() or self._pipe is None:
            self._kill()
            self._pipe, theirs = self._context.Pipe()
            process = self._context.Process(
                target=_serve,
                args=(theirs, self._settings, self.name, self._executor),
                name="studio-worker",
                daemon=True,
            )
            process.start()  # it may fail, and what never started cannot be ended
            self._process = process
            theirs.close()
        return self._pipe

    def _kill(self, patience_s: float = 0.0) -> int | None:
        """End the process; returns its exit code where it ended by itself within `patience_s`."""
        ended = None
        if self._process is not None:
            self._process.join(patience_s)
            ended = self._process.exitcode
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process, self._pipe, self.loaded = None, None, []
        return ended

    def close(self) -> None:
        self._closed = True
        with self._lock:
            self._kill()


def _last_words(exit_code: int | None) -> str:
    """Why a worker is gone, as far as its exit code tells."""
    ended = system.explain(exit_code)
    if ended.killed:
        return "The worker was killed, perhaps for want of memory."
    return f"The worker crashed ({ended.name})." if ended.name else "The worker ended unexpectedly."


def leave_ctrl_c() -> None:
    """Ctrl+C reaches every process of a terminal; this one is ended by the studio, which it belongs to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _serve(pipe: "Connection", settings: Settings, name: str, make_executor: Callable[[Settings], Executor]) -> None:
    """The child's life: one call after the other until the parent goes away."""
    leave_ctrl_c()
    stop = threading.Event()
    calls: list[tuple[str, dict[str, Any]]] = []
    arrived = threading.Condition()

    def listen() -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                tag, *rest = pipe.recv()
                if tag == "cancel":
                    stop.set()
                    continue
                with arrived:
                    stop.clear()
                    calls.append((rest[0], rest[1]))
                    arrived.notify()
        # the parent is gone: its children must not live on, whatever they are doing
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    logs.start(settings, name)
    executor = make_executor(settings)
    last = shown = 0.0

    def progress(fraction: float, message: str) -> None:
        nonlocal last
        if stop.is_set():
            raise Cancelled("Cancelled.")
        if time.monotonic() - last > 0.2:
            last = time.monotonic()
            pipe.send(("progress", fraction, message))

    def preview(found: Callable[[], list[Prediction]]) -> None:
        nonlocal shown
        if time.monotonic() - shown > PREVIEW_EVERY_S:
            pipe.send(("preview", found()))
            shown = time.monotonic()

    def partial(found: Transcript | TrackedBox) -> None:
        pipe.send(("partial", part_of(found)))

    while True:
        with arrived:
            arrived.wait_for(lambda: bool(calls))
            kind, params = calls.pop(0)
        try:
            answer: tuple[Any, ...] = ("done", executor.perform(kind, params, progress, preview, partial))
        except StudioError as error:
            answer = ("error", type(error).__name__, str(error))
        except MemoryError:
            answer = (
                "error",
                "JobError",
                "There was not enough memory for this job; close other programs and try again.",
            )
        except Exception as error:
            log.exception("a job failed unexpectedly", extra={"kind": kind, "video": _video(params)})
            answer = ("error", "JobError", sentence(error))
        pipe.send(("loaded", executor.loaded()))
        pipe.send(answer)


def sentence(error: BaseException, disk: str = "the library's disk") -> str:
    """What a person is told; the log has the rest, which may name paths of this machine. `disk` is the one that the job
    writes to."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"There is no room on {disk}; free some and try again."
    return (
        f"This job failed unexpectedly ({type(error).__name__}); try again, and attach the crash report if it stays so."
    )


def _video(params: dict[str, Any]) -> str | None:
    video = params.get("video")
    return str(video.get("id")) if isinstance(video, dict) else None
