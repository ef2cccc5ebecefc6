"""What runs on a node of a cluster: an actor of Ray that has a child process do one job after the other.

The child is that of a `ProcessBackend`: it keeps its models warm, it can be stopped though its job never looks up, and
when it dies this process lives on and says so. On the machine that serves the library, a worker uses the library's
folder itself; elsewhere it has a folder of its own, which holds for each job what that job needs and nothing else.
"""

import contextlib
import importlib
import logging
import os
import platform
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from studio.config import GIB, Settings
from studio.errors import StudioError
from studio.index import Cache
from studio.jobs.backends import Executor, ProcessBackend, WorkerDied, sentence
from studio.jobs.cluster.cluster_settings import ClusterSettings, on_node
from studio.jobs.cluster.files import (
    JobFile,
    Receiver,
    SourceCopies,
    cached_files,
    is_same,
    model_files,
    read_piece,
)
from studio.jobs.result import JobMonitor, JobResult
from studio.logs import version_of
from studio.platform import files, system
from studio.timeline import Prediction

CACHE_VARIABLE, CACHE_GB_VARIABLE = "STUDIO_CLUSTER_CACHE", "STUDIO_CLUSTER_CACHE_GB"
CACHE_GB = 20.0
LISTEN_S = 1.0  # how long `events` waits for one
LOOK_FOR_FILES_S = 2.0  # between two looks for files that a job has completed
Event = tuple[Any, ...]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """Where a worker is, and what it is: results are the same only where versions are."""

    node: str
    host: str
    pid: int
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job, and the files that it needs. `sources` has the files of each video, by its path on the library's machine;
    `kept` is what the library's cache has, of the job's `videos` first."""

    kind: str
    params: Mapping[str, Any]
    videos: Sequence[str]
    sources: Mapping[str, Sequence[JobFile]]
    kept: Sequence[JobFile]
    models: Sequence[JobFile]


@dataclass(frozen=True, slots=True)
class Made:
    """What a job has changed in the cache of its videos: files to fetch, and files (video, name) that it removed."""

    written: Sequence[JobFile]
    removed: Sequence[tuple[str, str]]


def versions() -> dict[str, str]:
    """What must be the same on all nodes for the same job to have the same result."""
    found = {name: version_of(name) for name in ("moment-studio", "torch", "av", "numpy", "onnxruntime")}
    # what follows a + says for which hardware it was built
    public = {name: version.partition("+")[0] or "none" for name, version in found.items()}
    return {"Python": platform.python_version(), **public}


class Worker:
    """The actor. Its methods are called by the driver, several at a time: a job runs in a thread of its own."""

    def __init__(
        self,
        settings: Settings,
        cluster: ClusterSettings,
        library: str,
        here: bool,
        executor: Callable[[Settings], Executor],
    ) -> None:
        """`library` names the library on this node; `here`: this is its machine, and `settings` are its own."""
        ray: Any = importlib.import_module("ray")
        self._node = ray.get_runtime_context().get_node_id()
        self._here = here
        self._host = platform.node()
        self._folders = cluster.of_node(self._host, ray.util.get_node_ip_address())
        self._root = node_folder() / library
        self._settings = settings if here else self._own(settings)
        self._cache = Cache(self._settings.cache)
        self._copies = SourceCopies(self._root / "sources", most_cache_bytes())
        self._backend = ProcessBackend(self._settings, f"worker-{os.getpid()}", executor)
        self._job: _Job | None = None
        self._receiving: dict[JobFile, Receiver] = {}
        self._in_use = contextlib.ExitStack()
        self._paths: dict[str, str] = {}  # of videos: on the library's machine → here

    def _own(self, settings: Settings) -> Settings:
        """Those of a worker elsewhere: where the library has its cache and its vectors is not where this one may write,
        though it may see them under the same names."""
        return replace(settings, home=self._own_home(), folders=(), cache_folder=None, cache_root=None, vectors="")

    def _own_home(self) -> Path:
        """An empty library; what workers that are gone left behind is removed. Models lie beside it, for all workers of
        the node."""
        homes, models = self._root / "workers", self._root / "models"
        for folder in (homes, models, self._root / "sources"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in homes.iterdir():
            if not system.alive(int(old.name)):
                files.remove_tree(old)
        home = homes / str(os.getpid())
        files.remove_tree(home)
        home.mkdir(mode=0o700)
        with contextlib.suppress(OSError):  # Windows without the right to make links: models are sent to each worker
            (home / "models").symlink_to(models, target_is_directory=True)
        return Settings(home=home).ensure().home

    def hello(self) -> WorkerFacts:
        """Where this is. The child process starts meanwhile."""
        threading.Thread(target=self._backend.start, daemon=True).start()
        return WorkerFacts(self._node, self._host, os.getpid(), versions())

    # ------------------------------------------------------------------ files come

    def prepare(self, job: Assignment) -> list[JobFile]:
        """Get ready for a job; returns which files must be sent first. What another worker of this node receives just
        now is among them, too: the first that is whole is kept."""
        if self._here:
            self._paths = {path: path for path in job.sources}
            return []
        self._forget()
        wanted = [file for file in job.kept if not self._has_cached(file)]
        wanted += [file for file in job.models if not _is_written(self._settings.models / file.name, file)]
        for name in {file.name for file in model_files(self._settings)} - {file.name for file in job.models}:
            files.remove_if_free(self._settings.models / name)
        for path, sources in job.sources.items():
            shared = on_node(path, self._folders)
            if is_same(Path(shared), sources[0]):
                self._paths[path] = shared
                continue
            self._in_use.enter_context(self._copies.used(sources[0]))
            self._paths[path] = str(self._copies.folder(sources[0]) / sources[0].name)
            missing = self._copies.missing(sources)
            if missing:
                self._copies.make_room(sum(file.size for file in missing))
            wanted += missing
        self._sources = {path: sources[0] for path, sources in job.sources.items()}
        return wanted

    def _has_cached(self, file: JobFile) -> bool:
        return _is_written(self._cache.path(file.group, file.name), file)

    def expect(self, file: JobFile) -> None:
        """Pieces of a file come. Raises OSError."""
        self._receiving[file] = Receiver(file, self._target(file))

    def receive(self, file: JobFile, offset: int, piece: bytes) -> None:
        """A piece of a file, in any order. Raises OSError."""
        self._receiving[file].write(offset, piece)

    def received(self, file: JobFile) -> None:
        """All pieces of a file have come. Raises OSError where it is not the one that was announced."""
        self._receiving.pop(file).close()

    def _target(self, file: JobFile) -> Path:
        if file.area == "cache":
            return self._cache.path(file.group, file.name)
        if file.area == "models":
            return self._settings.models / file.name
        return self._copies.folder(self._sources[file.group]) / file.name

    # ------------------------------------------------------------------ a job

    def begin(self, job: Assignment) -> None:
        """Start a job whose files are here."""
        params = {key: self._with_paths(value) for key, value in job.params.items()}
        self._job = _Job(self._backend, job.kind, params, None if self._here else (self._cache, job.videos))

    def _with_paths(self, value: Any) -> Any:
        """A parameter as it is, but for videos, whose paths are those here."""
        if isinstance(value, list):
            return [self._with_paths(each) for each in value] if value and isinstance(value[0], dict) else value
        if not isinstance(value, dict):
            return value
        if value.get("path") in self._paths:
            return {**value, "path": self._paths[value["path"]]}
        return {key: self._with_paths(each) for key, each in value.items()}

    def events(self, after: int) -> tuple[list[Event], Made, list[str]]:
        """What happened in the job since `after` events: ("progress", fraction, message), ("preview", predictions),
        ("partial", result), and in the end ("done", result), ("error", kind, message) or ("died", message). Waits
        a little where there is none. Also which files it completed that were not told before, and the models that are
        warm."""
        assert self._job is not None
        return *self._job.events(after), self._backend.loaded

    def cancel(self) -> None:
        """Stop the job; its end comes as an event."""
        if self._job is not None:
            self._job.stop.set()

    def read(self, file: JobFile, offset: int) -> bytes:
        """A piece of a file that the job made. Raises OSError where it was replaced meanwhile."""
        return read_piece(self._cache.path(file.group, file.name), file, offset)

    def end(self) -> None:
        """The driver has all that it wants of the job."""
        self._job = None
        if not self._here:
            self._forget()

    def _forget(self) -> None:
        for receiver in self._receiving.values():
            receiver.abandon()
        self._receiving.clear()
        self._in_use.close()
        self._paths = {}
        for folder in self._cache.root.iterdir():
            files.remove_tree(folder)


class _Job:
    """A job that runs, and what was said of it."""

    def __init__(
        self, backend: ProcessBackend, kind: str, params: dict[str, Any], looked_at: tuple[Cache, Sequence[str]] | None
    ) -> None:
        """`looked_at`: the cache and the videos in it whose files are to be fetched."""
        self.stop = threading.Event()
        self._backend, self._kind, self._params = backend, kind, params
        self._looked_at = looked_at
        self._known = {} if looked_at is None else self._files(*looked_at)
        self._next_look = time.monotonic() + LOOK_FOR_FILES_S
        self._events: list[Event] = []  # from number `_first` on, of which the driver got those before `_told`
        self._first = self._told = 0
        self._changed = threading.Condition()  # of an RLock
        self._over = False
        threading.Thread(target=self._run, name="job", daemon=True).start()

    def _run(self) -> None:
        monitor = JobMonitor(
            lambda fraction, message: self._say("progress", fraction, message), self._preview, self._partial,
            self.stop.is_set,
        )  # fmt: skip
        try:
            end: Event = "done", self._backend.call(self._kind, self._params, monitor)
        except WorkerDied as error:
            end = "died", str(error)
        except StudioError as error:
            end = "error", type(error).__name__, str(error)
        except Exception as error:  # without an end the driver would ask for ever
            log.exception("a job failed unexpectedly", extra={"kind": self._kind})
            end = "error", "JobError", sentence(error, f"the disk of {platform.node()}")
        with self._changed:
            self._over = True
            self._say(*end)

    def _preview(self, found: list[Prediction]) -> None:
        self._say("preview", found)

    def _partial(self, part: JobResult) -> None:
        self._say("partial", part)

    def _say(self, *event: Any) -> None:
        with self._changed:
            untold = self._first + len(self._events) > self._told
            if event[0] == "progress" and untold and self._events[-1][0] == "progress":
                self._events[-1] = event  # nobody waits for how far it was
            else:
                self._events.append(event)
            self._changed.notify_all()

    def events(self, after: int) -> tuple[list[Event], Made]:
        """See `Worker.events`."""
        with self._changed:
            del self._events[: after - self._first]
            self._first = after
            self._changed.wait_for(lambda: bool(self._events), LISTEN_S)
            over, new = self._over, list(self._events)
            self._told = self._first + len(new)
        return new, self._made(over)

    def _made(self, over: bool) -> Made:
        if self._looked_at is None or (not over and time.monotonic() < self._next_look):
            return Made([], [])
        self._next_look = time.monotonic() + LOOK_FOR_FILES_S
        now = self._files(*self._looked_at)
        written = [file for file in now.values() if self._known.get((file.group, file.name)) != file]
        removed = [key for key in self._known if key not in now]
        self._known = now
        return Made(written, removed)

    @staticmethod
    def _files(cache: Cache, videos: Sequence[str]) -> dict[tuple[str, str], JobFile]:
        return {(f.group, f.name): f for video in videos for f in cached_files(cache, video)}


def _is_written(path: Path, file: JobFile) -> bool:
    try:
        facts = path.stat()
    except OSError:
        return False
    return facts.st_size == file.size and str(facts.st_mtime_ns) == file.mark


def node_folder() -> Path:
    """Where this node keeps what it was sent: the folder that its variable names, else the platform's for caches."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser() if named else Path(platformdirs.user_cache_dir("moment-studio", False)) / "cluster"


def most_cache_bytes() -> int:
    """How much of it may be copies of videos."""
    try:
        return int(float(os.environ.get(CACHE_GB_VARIABLE, CACHE_GB)) * GIB)
    except ValueError:
        return int(CACHE_GB * GIB)
