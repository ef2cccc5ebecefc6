"""The cluster as an execution backend of the studio: keeps a driver process, and hands calls to it."""

import contextlib
import importlib.util
import itertools
import logging
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from studio import errors
from studio.config import Settings
from studio.errors import Cancelled, JobError, UsageError
from studio.jobs.backends import CANCEL_GRACE_S, POLL_S, Executor, WorkerDied, studio_executor
from studio.jobs.cluster.cluster_settings import ClusterSettings
from studio.jobs.kinds import KINDS
from studio.jobs.result import JobMonitor, JobResult
from studio.logs import version_of

if TYPE_CHECKING:
    from multiprocessing.connection import _ConnectionBase

    Connection = _ConnectionBase[Any, Any]

RAY_FROM = (2, 52)  # the first that can ask for a token
DRIVERS_LOST = 3  # connections that a job may lose before that is taken for its own doing
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0  # between two tries to connect
END_S = 10.0  # for the driver to leave the cluster
log = logging.getLogger(__name__)


def check_installed() -> None:
    """Raise UsageError where Ray is missing or too old."""
    if importlib.util.find_spec("ray") is None:
        raise UsageError("A cluster needs Ray, which is not installed; run: pip install 'moment-studio[cluster]'")
    parts = metadata.version("ray").split(".")[:2]
    if tuple(int(part) for part in parts if part.isdecimal()) < RAY_FROM:
        raise UsageError(
            f"A cluster needs Ray {RAY_FROM[0]}.{RAY_FROM[1]} or newer, and {version_of('ray')} is installed; run: "
            "pip install --upgrade 'moment-studio[cluster]'"
        )


class _DriverGone(Exception):
    """The process that was connected to the cluster ended."""


class _Call:
    """A call that a driver has."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.answers: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()


class RayBackend:
    """Executes jobs on the workers of a cluster, as many at once as it has workers. See `ParallelBackend`.

    While the cluster is not there, jobs wait; what ran then is done again when it is back. `executor` makes what does
    the work, in the workers. Raises UsageError where Ray is missing.
    """

    def __init__(
        self,
        settings: Settings,
        cluster: ClusterSettings,
        executor: Callable[[Settings], Executor] = studio_executor,
    ) -> None:
        check_installed()
        self.settings, self.cluster = settings, cluster
        self._executor = executor
        self._context = multiprocessing.get_context("spawn")
        self._lock = threading.Lock()  # of what follows
        self._calls: dict[int, _Call] = {}
        self._pipe: Connection | None = None  # of a driver that is connected
        self._numbers = itertools.count(1)
        self._problem = "The cluster is being connected."
        self._status: dict[str, Any] = {}
        self._connected = threading.Event()
        self._closing = threading.Event()
        self._keeper: threading.Thread | None = None

    def start(self) -> None:
        """See `ExecutionBackend`: connect to the cluster, and again whenever that is lost."""
        with self._lock:
            if self._keeper is None and not self._closing.is_set():
                self._keeper = threading.Thread(target=self._keep_connected, name="cluster", daemon=True)
                self._keeper.start()

    def has_room(self, kind: str, running: Sequence[str]) -> bool:
        """See `ParallelBackend`."""
        self.start()
        places = self._places()
        resource = _resource(kind, places)
        return sum(_resource(each, places) == resource for each in running) < places.get(resource, 0)

    def _places(self) -> dict[str, int]:
        return dict(self._status.get("places", {})) if self._connected.is_set() else {}

    def status(self) -> dict[str, Any]:
        """How the cluster is, as plain values: its `address`, whether it is `connected` or what the `problem` is, and
        what `Driver` tells: `nodes`, `places`, `waiting`, `last_hour`, and bytes `sent` and `fetched`."""
        connected = self._connected.is_set()
        return {
            **self._status,
            "address": self.cluster.address,
            "connected": connected,
            "problem": "" if connected else self._problem,
        }

    # ------------------------------------------------------------------ calls

    def call(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
        """See `ExecutionBackend`."""
        self.start()
        for _ in range(DRIVERS_LOST):
            self._wait_for_cluster(monitor)
            try:
                return self._call(kind, params, monitor)
            except _DriverGone:
                monitor.progress(0.0, "Waiting for the cluster")
        raise WorkerDied(f"The connection to the cluster was lost {DRIVERS_LOST} times while it was done.")

    def _wait_for_cluster(self, monitor: JobMonitor) -> None:
        while not self._connected.wait(POLL_S):
            self._check(monitor)

    def _check(self, monitor: JobMonitor) -> None:
        if monitor.cancelled() or self._closing.is_set():
            raise Cancelled("Cancelled.")

    def _call(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
        call = _Call(next(self._numbers))
        with self._lock:
            self._calls[call.number] = call
        try:
            self._send("call", call.number, kind, params)
            tag, *said = self._listen(call, monitor)
        except BaseException:  # of the monitor, too: nobody waits for the job any more
            with contextlib.suppress(_DriverGone):
                self._send("cancel", call.number)
            raise
        finally:
            with self._lock:
                self._calls.pop(call.number, None)
        if tag == "died":
            raise WorkerDied(said[0])
        if tag == "error":
            name, message = said
            raise getattr(errors, name, JobError)(message)
        result: JobResult = said[0]
        return result

    def _send(self, *message: Any) -> None:
        with self._lock:
            try:
                if self._pipe is None:
                    raise _DriverGone
                self._pipe.send(message)
            except OSError as error:
                raise _DriverGone from error

    def _listen(self, call: _Call, monitor: JobMonitor) -> tuple[Any, ...]:
        """Tell the monitor what the driver says, up to the end of the call, which is returned: ("done", result),
        ("died", sentence) or ("error", kind, sentence)."""
        give_up = 0.0
        while True:
            if not give_up and (monitor.cancelled() or self._closing.is_set()):
                give_up = time.monotonic() + CANCEL_GRACE_S
                self._send("cancel", call.number)
            if give_up and time.monotonic() > give_up:
                raise Cancelled("Cancelled.")  # the driver ends the worker
            try:
                tag, *said = call.answers.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if tag == "progress":
                monitor.progress(*said)
            elif tag == "preview" and monitor.preview:
                monitor.preview(*said)
            elif tag == "partial" and monitor.partial:
                monitor.partial(*said)
            elif tag == "gone":
                raise Cancelled("Cancelled.") if give_up else _DriverGone
            elif tag in ("done", "died", "error"):
                return tag, *said

    # ------------------------------------------------------------------ the driver

    def _keep_connected(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._closing.is_set():
            try:
                if self._connect():
                    pause = FIRST_PAUSE_S
            except OSError as error:  # no room for another process: later there may be
                self._problem = (
                    "This machine has no room for the process that connects to the cluster; free some memory."
                )
                log.warning("%s", self._problem, exc_info=error)
            if not self._closing.wait(pause):
                pause = min(2 * pause, LONGEST_PAUSE_S)

    def _connect(self) -> bool:
        """Keep one driver until it ends; returns whether it was connected. Raises OSError where none can be started."""
        process, ours = self._driver()
        try:
            return self._serve(ours)
        finally:
            self._disconnect(ours)
            process.join(END_S)
            process.kill()
            process.join()

    def _driver(self) -> "tuple[BaseProcess, Connection]":
        from studio.jobs.cluster import driver

        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=driver.serve, args=(theirs, self.settings, self.cluster, self._executor), name="studio-cluster",
            daemon=True,
        )  # fmt: skip
        process.start()
        theirs.close()
        return process, ours

    def _serve(self, pipe: "Connection") -> bool:
        """Pass on what a driver says, until it ends; returns whether it was connected."""
        connected = False
        with contextlib.suppress(EOFError, OSError):
            while not self._closing.is_set():
                if not pipe.poll(POLL_S):
                    continue
                tag, *rest = pipe.recv()
                if tag == "unreachable":
                    (self._problem,) = rest
                    log.warning("%s", self._problem)
                elif tag == "connected":
                    connected = True
                    with self._lock:
                        self._pipe = pipe
                elif tag == "status":
                    (self._status,) = rest
                    self._connected.set()  # now it is known how much room there is
                else:
                    number, *said = rest
                    with self._lock:
                        call = self._calls.get(number)
                    if call is not None:
                        call.answers.put((tag, *said))
        return connected

    def _disconnect(self, pipe: "Connection") -> None:
        with self._lock:
            if self._pipe is not None:
                self._problem = "The connection to the cluster was lost; it is made again."
            self._pipe = None
            self._connected.clear()
            calls = list(self._calls.values())
        pipe.close()
        for call in calls:
            call.answers.put(("gone",))

    def close(self) -> None:
        """See `ExecutionBackend`."""
        self._closing.set()
        with self._lock:
            keeper = self._keeper
        if keeper is not None:
            keeper.join()


def _resource(kind: str, places: dict[str, int]) -> str:
    """For which workers a job of a kind waits, by the kind alone; see `driver.resource_of`."""
    known = KINDS.get(kind)
    if known is not None and known.scope != "video":
        return "library"
    return "gpu" if known is not None and known.model and places.get("gpu") else "cpu"
