"""The process that is connected to a cluster: takes calls from the studio by a pipe and has workers execute them.

It is a process of its own since Ray ends a process whose cluster's head is gone; the studio then starts another
(`backend`). What comes by the pipe: ("call", id, kind, params), ("cancel", id). What goes back: ("connected",) once,
or ("unreachable", sentence); ("status", values) every moment; and of each call the events of `Worker.events`, with its
id after their first word.
"""

import contextlib
import hashlib
import logging
import os
import platform
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio import errors, logs
from studio.config import MIB, Settings
from studio.errors import Cancelled, JobError, StudioError
from studio.index import Cache
from studio.jobs.backends import CANCEL_GRACE_S, Executor, WorkerDied, leave_ctrl_c, sentence
from studio.jobs.cluster.batches import Batches
from studio.jobs.cluster.cluster_settings import LOCAL, ClusterSettings
from studio.jobs.cluster.files import (
    PIECE_BYTES,
    JobFile,
    Receiver,
    cached_files,
    is_features,
    is_read,
    model_files,
    read_piece,
    source_files,
)
from studio.jobs.cluster.pool import Handle, Pool, Resource
from studio.jobs.cluster.worker import Assignment, Made
from studio.jobs.kinds import KINDS
from studio.jobs.result import LIBRARY_ENCODER, JobMonitor, JobResult
from studio.platform import files

if TYPE_CHECKING:
    from multiprocessing.connection import _ConnectionBase

    Connection = _ConnectionBase[Any, Any]

STORE_BYTES = 512 * MIB  # of the object store of a cluster that this process starts
TEND_S, STATUS_S = 0.1, 1.0
SILENT_S = 20.0  # a head that does not answer for so long is gone
WORKERS_LOST = 5  # workers that a job may lose with their nodes before that is taken for its own doing
IN_FLIGHT = 2  # pieces of a file on their way
THROUGHPUT_S = 3600.0
EMBEDS = ("index", "embed")  # the kinds whose embeddings are made in stretches
Unfetched = dict[tuple[str, str], JobFile | None]  # video and name → what is to be fetched; None: to be removed
log = logging.getLogger(__name__)


def serve(
    pipe: "Connection", settings: Settings, cluster: ClusterSettings, executor: Callable[[Settings], Executor]
) -> None:
    """The process's life: until the studio goes away, or the cluster does."""
    leave_ctrl_c()
    logs.start(settings, "cluster")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nobody is told how it is used
    os.environ.setdefault("RAY_AUTH_MODE", "token")  # who reaches a cluster without one may run any program
    if cluster.address == LOCAL:
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    try:
        driver = Driver(pipe, settings, cluster, executor)
    except Exception as error:
        log.warning("no connection to the cluster", exc_info=error)
        with contextlib.suppress(OSError):  # the studio may be gone
            pipe.send(("unreachable", _why_unreachable(cluster, error)))
        return
    pipe.send(("connected",))
    try:
        driver.run()
    except Exception:
        log.exception("the connection to the cluster failed unexpectedly")
    finally:
        os._exit(1)  # threads that wait for Ray would keep it alive


def _why_unreachable(cluster: ClusterSettings, error: BaseException) -> str:
    said = ""
    each: BaseException | None = error  # Ray wraps its errors in others
    while each is not None:
        said += f"{type(each).__name__} {each}\n"
        each = each.__cause__ or each.__context__
    if "uthentication" in said:
        return (
            f"The cluster at {cluster.address} wants a token that this machine lacks; copy the head's "
            "~/.ray/auth_token to it (docs/cluster.md)."
        )
    if "Version mismatch" in said:
        return f"The cluster at {cluster.address} has another version of Ray or Python; install the same on all nodes."
    if cluster.address == LOCAL:
        return f"Ray does not start on this machine ({type(error).__name__}); see its log below /tmp/ray."
    return (
        f"No cluster answers at {cluster.address}, or this machine is not a node of it; on this machine run: "
        f"ray start --address={cluster.address} --num-cpus=0"
    )


class Driver:
    """See the module."""

    def __init__(
        self, pipe: "Connection", settings: Settings, cluster: ClusterSettings, executor: Callable[[Settings], Executor]
    ) -> None:
        import ray
        import ray.util.scheduling_strategies

        self._ray: Any = ray
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        if cluster.address == LOCAL:
            self._ray.init(address="local", include_dashboard=False, object_store_memory=STORE_BYTES, **quiet)
        else:
            self._ray.init(address=cluster.address, **quiet)
        self._settings, self._cache = settings, Cache(settings.cache)
        name = f"{platform.node()} {settings.home}"
        library = hashlib.sha256(name.encode()).hexdigest()[:16]
        self._pool = Pool(ray, settings, cluster, library, executor)
        self._pipe, self._sends = pipe, threading.Lock()
        self._cancelled: set[int] = set()
        self._batches = Batches(self._embed_together)
        self._closing = threading.Event()
        self._heard = time.monotonic()
        self._copies: dict[tuple[str, str], threading.Lock] = {}  # node and path of a video that is sent there
        self._copies_lock = threading.Lock()
        self._holds: dict[str, set[str]] = {}  # path of a video → nodes that it was sent to
        self._ended: deque[tuple[float, str, float]] = deque()  # when, kind, seconds of video
        self._sent = self._fetched = 0  # bytes

    # ------------------------------------------------------------------ the process

    def run(self) -> None:
        """Serve until the studio or the cluster goes away."""
        threading.Thread(target=self._listen, name="calls", daemon=True).start()
        threading.Thread(target=self._look, name="cluster", daemon=True).start()
        while not self._closing.wait(TEND_S):
            self._pool.tend()
            if time.monotonic() - self._heard > SILENT_S:
                log.error("the cluster does not answer")
                os._exit(1)  # Ray would wait, and every call with it
        ended = threading.Timer(CANCEL_GRACE_S, os._exit, (0,))
        ended.daemon = True
        ended.start()
        self._ray.shutdown()
        os._exit(0)

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                tag, call, *rest = self._pipe.recv()
                if tag == "cancel":
                    self._cancelled.add(call)
                else:
                    threading.Thread(target=self._serve, args=(call, *rest), name="call", daemon=True).start()
        self._closing.set()

    def _look(self) -> None:
        """Ask the cluster's head how it is, and tell the studio."""
        while True:
            try:
                self._pool.look()
            except Exception as error:  # whatever Ray raises when its head is gone
                log.warning("the cluster's head does not answer", exc_info=error)
            else:
                self._heard = time.monotonic()
                self._send("status", self._status())
            if self._closing.wait(STATUS_S):
                return

    def _send(self, *message: Any) -> None:
        with self._sends, contextlib.suppress(OSError):  # the studio is gone: `_listen` ends this process
            self._pipe.send(message)

    def _status(self) -> dict[str, Any]:
        since = time.monotonic() - THROUGHPUT_S
        while self._ended and self._ended[0][0] < since:
            self._ended.popleft()
        ended = list(self._ended)
        kinds: dict[str, dict[str, float]] = {}
        for _, kind, video_s in ended:
            row = kinds.setdefault(kind, {"jobs": 0, "video_s": 0.0})
            row["jobs"] += 1
            row["video_s"] += video_s
        resources: tuple[Resource, ...] = ("cpu", "gpu", "library")
        return {
            **self._pool.status(),
            "places": {resource: self._pool.capacity(resource) for resource in resources},
            "last_hour": [{"kind": kind, **row} for kind, row in sorted(kinds.items())],
            "gpu_batches": self._batches.done,
            "sent": self._sent,
            "fetched": self._fetched,
        }

    # ------------------------------------------------------------------ calls

    def _serve(self, call: int, kind: str, params: dict[str, Any]) -> None:
        monitor = JobMonitor(
            lambda fraction, message: self._send("progress", call, fraction, message),
            lambda found: self._send("preview", call, found),
            lambda part: self._send("partial", call, part),
            lambda: call in self._cancelled,
        )
        try:
            answer: tuple[Any, ...] = ("done", call, self._do(kind, params, monitor))
            self._ended.append((time.monotonic(), kind, _seconds(params)))
        except WorkerDied as error:
            answer = ("died", call, str(error))
        except StudioError as error:
            answer = ("error", call, type(error).__name__, str(error))
        except Exception as error:
            log.exception("a call failed unexpectedly", extra={"kind": kind})
            answer = ("error", call, "JobError", sentence(error))
        self._cancelled.discard(call)
        self._send(*answer)

    def _do(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
        resource = self._resource(kind, params)
        if kind in EMBEDS and self._embed_stretches(params, monitor, on_gpu=resource == "gpu"):
            resource = self._resource("", {})  # what is left of it needs no graphics card
        return self._execute(resource, kind, params, monitor)

    def _embed_stretches(self, params: dict[str, Any], monitor: JobMonitor, on_gpu: bool) -> bool:
        """Embed a video in stretches, where that is possible and of use; whether that was done."""
        from studio.jobs.cluster import stretches  # torch comes with it

        plan = stretches.plan(self._settings, self._cache, params, always=on_gpu)
        if plan is None:
            return False
        try:
            stretches.run(plan, self._cache, params, monitor, self._batches.embed if on_gpu else self._embed)
        except stretches.NotTheSame:
            log.info("a video is embedded as a whole")
            return False
        return True

    def _embed(self, part: Mapping[str, Any], encoder: Mapping[str, Any], monitor: JobMonitor) -> JobResult:
        params = {"parts": [part], **encoder}
        return self._execute(self._resource("embed_stretches", params), "embed_stretches", params, monitor)

    def _embed_together(self, params: Callable[[], Mapping[str, Any]], monitor: JobMonitor) -> JobResult:
        return self._execute("gpu", "embed_stretches", params, monitor)

    def _resource(self, kind: str, params: Mapping[str, Any]) -> Resource:
        return resource_of(kind, params, self._settings, self._pool.capacity)

    def _execute(
        self,
        resource: Resource,
        kind: str,
        job: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
        monitor: JobMonitor,
    ) -> JobResult:
        """Have one worker do a job (its parameters, or what says them once the worker is there), another one where it
        is lost with its node; raises what the job raised, Cancelled, WorkerDied."""
        near = {node for path in ([] if callable(job) else _paths(job)) for node in self._holds.get(path, ())}
        why = ""
        for _ in range(WORKERS_LOST):
            host = ""
            try:
                with self._pool.worker(resource, kind, monitor.cancelled, sorted(near)) as worker:
                    host = worker.facts.host if worker.facts else ""
                    return self._on(worker, kind, job() if callable(job) else job, monitor)
            except self._ray.exceptions.RayError as error:
                log.warning("a worker was lost", exc_info=error, extra={"kind": kind})
                why, failed = "", "Its node was lost"
                if isinstance(error, self._ray.exceptions.RayTaskError):  # its own code raised something
                    why, failed = f"On the node {host}: {sentence(error.cause, 'its disk')}", f"It failed on {host}"
                monitor.progress(0.0, f"{failed}; done again on another worker")
        raise WorkerDied(why or f"{WORKERS_LOST} workers were lost with their nodes while they did it.")

    def _on(self, worker: Handle, kind: str, params: Mapping[str, Any], monitor: JobMonitor) -> JobResult:
        job = self._assignment(worker, kind, params)
        self._prepare(worker, job, monitor)
        self._ray.get(worker.actor.begin.remote(job))
        after, give_up = 0, 0.0
        unfetched: Unfetched = {}
        while True:
            if monitor.cancelled():
                if not give_up:
                    worker.actor.cancel.remote()
                    give_up = time.monotonic() + 2 * CANCEL_GRACE_S  # the worker itself kills a job after one
                elif time.monotonic() > give_up:
                    self._pool.give_up(worker)
                    raise Cancelled("Cancelled.")
            events, made, models = self._ray.get(worker.actor.events.remote(after))
            worker.models = models
            after += len(events)
            ends = [event for event in events if event[0] in ("done", "error", "died")]
            self._fetch(worker, made, unfetched, final=bool(ends))
            for tag, *said in events:
                if tag == "progress":
                    monitor.progress(*said)
                elif tag == "preview" and monitor.preview:
                    monitor.preview(*said)
                elif tag == "partial" and monitor.partial:
                    monitor.partial(*said)
            if ends:
                self._ray.get(worker.actor.end.remote())
                return _result(ends[0])

    # ------------------------------------------------------------------ files

    def _assignment(self, worker: Handle, kind: str, params: Mapping[str, Any]) -> Assignment:
        """The job with the files that it needs; none on the machine that has the library."""
        videos = list(dict.fromkeys(str(video["id"]) for video in _videos(params)))
        if worker.node == self._pool.here:
            return Assignment(kind, params, videos, {path: [] for path in _paths(params)}, [], [])
        kept = [file for video in videos for file in cached_files(self._cache, video) if is_read(file)]
        others = {str(slot["video_id"]) for slot in params.get("memory", ())} - set(videos)
        kept += [file for video in sorted(others) for file in cached_files(self._cache, video) if is_features(file)]
        sources = {path: source_files(path) for path in _paths(params)}
        return Assignment(kind, params, videos, sources, kept, model_files(self._settings))

    def _prepare(self, worker: Handle, job: Assignment, monitor: JobMonitor) -> None:
        """Send what the worker lacks; of a video that several workers of a node need one copy."""
        with contextlib.ExitStack() as sending:
            for path in sorted(job.sources):
                if job.sources[path]:
                    sending.enter_context(self._copying(worker.node, path, monitor))
            wanted: list[JobFile] = self._ray.get(worker.actor.prepare.remote(job))
            total, sent = sum(file.size for file in wanted), 0
            for file in wanted:
                for part in self._send_file(worker, file):
                    if monitor.cancelled():
                        raise Cancelled("Cancelled.")
                    sent += part
                    monitor.progress(0.0, f"Sending files to {worker.facts.host if worker.facts else 'its node'}: "
                                          f"{sent * 100 // max(1, total)} %")  # fmt: skip
                if file.area == "source":
                    self._holds.setdefault(file.group, set()).add(worker.node)

    @contextlib.contextmanager
    def _copying(self, node: str, path: str, monitor: JobMonitor) -> Iterator[None]:
        """The only one that sends a video to a node. Raises Cancelled."""
        with self._copies_lock:
            lock = self._copies.setdefault((node, path), threading.Lock())
        while not lock.acquire(timeout=0.2):
            if monitor.cancelled():
                raise Cancelled("Cancelled.")
        try:
            yield
        finally:
            lock.release()

    def _send_file(self, worker: Handle, file: JobFile) -> Iterator[int]:
        """Send a file in pieces, a few at a time; yields how many bytes went."""
        path = self._path(file)
        actor, flying = worker.actor, deque[Any]()
        self._ray.get(actor.expect.remote(file))
        for offset in range(0, file.size, PIECE_BYTES):
            try:
                piece = read_piece(path, file, offset)
            except OSError as error:
                raise JobError(f"“{file.name}” was changed or removed while it was sent; try again.") from error
            flying.append(actor.receive.remote(file, offset, piece))
            if len(flying) >= IN_FLIGHT:
                self._ray.get(flying.popleft())
            self._sent += len(piece)
            yield len(piece)
        self._ray.get([*flying])
        self._ray.get(actor.received.remote(file))

    def _path(self, file: JobFile) -> Path:
        if file.area == "source":
            return Path(file.group).with_name(file.name)
        return self._settings.models / file.name if file.area == "models" else self._cache.path(file.group, file.name)

    def _fetch(self, worker: Handle, made: Made, unfetched: Unfetched, *, final: bool) -> None:
        """Write what a job made into the library's cache, in its order, and then remove what it removed: a mark of what
        is unfinished goes when that is there. What is replaced while it is fetched, or finds no room, stays `unfetched`
        until later, and all removals with it; after the end nothing may."""
        unfetched.update({(file.group, file.name): file for file in made.written})
        unfetched.update(dict.fromkeys(made.removed))
        for key, file in sorted(unfetched.items(), key=lambda each: each[1] is None):
            try:
                if file is None:
                    files.remove(self._cache.path(*key))
                else:
                    self._fetch_file(worker, file)
            except (OSError, self._ray.exceptions.RayTaskError) as error:
                if final:
                    raise
                log.info("a file is fetched later: %s", type(error).__name__)
                return
            del unfetched[key]

    def _fetch_file(self, worker: Handle, file: JobFile) -> None:
        offsets = deque(range(0, file.size, PIECE_BYTES))
        receiver = Receiver(file, self._cache.path(file.group, file.name))
        flying: deque[tuple[int, Any]] = deque()
        try:
            while offsets or flying:
                while offsets and len(flying) < IN_FLIGHT:
                    offset = offsets.popleft()
                    flying.append((offset, worker.actor.read.remote(file, offset)))
                offset, piece = flying.popleft()
                data = self._ray.get(piece)
                receiver.write(offset, data)
                self._fetched += len(data)
            receiver.close()
            self._cache.note_change()
        finally:
            receiver.abandon()


def resource_of(
    kind: str, params: Mapping[str, Any], settings: Settings, capacity: Callable[[Resource], int]
) -> Resource:
    """Which workers do a job. What is about the whole library is done where the library is; where no core is left
    beside graphics cards, their workers do all."""
    known = KINDS.get(kind)
    if known is not None and known.scope != "video":
        return "library"
    if not capacity("gpu"):
        return "cpu"
    if settings.device == "cpu" or known is None or not known.model:
        return "cpu" if capacity("cpu") else "gpu"
    from studio import tasks  # torch comes with it

    named = params.get("encoder") or params.get(LIBRARY_ENCODER)
    return "gpu" if tasks.gains_from_gpu(settings, known.model, named) or not capacity("cpu") else "cpu"


def _videos(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The videos that a job is about, and those of its parts."""
    own = [each for each in params.values() if isinstance(each, dict) and "path" in each and "id" in each]
    return own + [video for part in params.get("parts", ()) for video in _videos(part)]


def _paths(params: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(str(video["path"]) for video in _videos(params)))


def _seconds(params: Mapping[str, Any]) -> float:
    return sum(float(video.get("duration_us", 0)) for video in _videos(params)) / 1e6


def _result(event: tuple[Any, ...]) -> JobResult:
    """What the last event of a job says: returned or raised."""
    tag, *said = event
    if tag == "done":
        result: JobResult = said[0]
        return result
    if tag == "died":
        raise WorkerDied(said[0])
    name, message = said
    raise getattr(errors, name, JobError)(message)
