"""What the driver makes of what workers answer. No Ray is needed: its errors and its workers are played."""

import contextlib
import errno
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio.config import Settings
from studio.errors import Cancelled, MediaError
from studio.index import Cache
from studio.jobs import JobMonitor, JobResult
from studio.jobs.backends import WorkerDied
from studio.jobs.cluster import ClusterSettings, RayBackend, backend, stretches
from studio.jobs.cluster.driver import WORKERS_LOST, Driver, Unfetched
from studio.jobs.cluster.files import JobFile
from studio.jobs.cluster.worker import Assignment, Made


class RayError(Exception):
    """What Ray raises of a worker that is gone."""


class RayTaskError(RayError):
    """What it raises of a method of a worker that raised `cause`."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Workers:
    """A pool whose workers are all on one node."""

    @contextlib.contextmanager
    def worker(self, *asked: object) -> Iterator[Any]:
        yield SimpleNamespace(facts=SimpleNamespace(host="gpu1"))


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driver:
    monkeypatch.setattr(Driver, "__init__", lambda self: None)
    made = Driver()  # type: ignore[call-arg]
    made._ray = SimpleNamespace(exceptions=SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError))
    made._pool, made._cache, made._holds = Workers(), Cache(tmp_path), {}  # type: ignore[assignment]
    return made


# ---------------------------------------------------------------------- files


MARK, VECTORS, TIMES = "frames-m.partial", "frames-m.vectors.npy", "frames-m.times.npy"


def made_file(name: str) -> JobFile:
    return JobFile("cache", "v1", name, 1, "1")


def fetching(driver: Driver, monkeypatch: pytest.MonkeyPatch, broken: list[str]) -> list[str]:
    """What is there while each file is fetched; those that are `broken` do not come."""
    seen: list[str] = []

    def fetch(worker: object, file: JobFile) -> None:
        seen.append(f"{file.name}: {'marked' if driver._cache.has('v1', MARK) else 'no mark'}")
        if file.name in broken:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(driver, "_fetch_file", fetch)
    driver._cache.write("v1", MARK, b"")
    return seen


def test_the_mark_of_what_is_unfinished_goes_after_the_files_came(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = fetching(driver, monkeypatch, [])
    made = Made([made_file(VECTORS), made_file(TIMES)], [("v1", MARK)])
    driver._fetch(None, made, {}, final=True)  # type: ignore[arg-type]
    assert seen == [f"{VECTORS}: marked", f"{TIMES}: marked"]
    assert not driver._cache.has("v1", MARK)


def test_the_mark_stays_while_a_file_cannot_be_fetched(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [TIMES]
    fetching(driver, monkeypatch, broken)
    unfetched: Unfetched = {}
    made = Made([made_file(VECTORS), made_file(TIMES)], [("v1", MARK)])
    driver._fetch(None, made, unfetched, final=False)  # type: ignore[arg-type]
    assert driver._cache.has("v1", MARK)
    with pytest.raises(OSError, match="No space"):
        driver._fetch(None, Made([], []), unfetched, final=True)  # type: ignore[arg-type]
    assert driver._cache.has("v1", MARK), "the next try must not take key frames for the whole"
    broken.clear()
    driver._fetch(None, Made([], []), unfetched, final=True)  # type: ignore[arg-type]
    assert not driver._cache.has("v1", MARK) and not unfetched


def test_a_job_about_two_videos_with_the_same_content_does_not_wait_for_itself(driver: Driver) -> None:
    driver._copies, driver._copies_lock = {}, threading.Lock()
    driver._ray.get = lambda answer: answer
    prepare = SimpleNamespace(remote=lambda job: [])
    worker: Any = SimpleNamespace(node="n1", facts=None, actor=SimpleNamespace(prepare=prepare))
    sources = {path: [JobFile("source", path, "film.mp4", 1, "same")] for path in ("/a/film.mp4", "/b/film.mp4")}
    end = time.monotonic() + 2
    watch = JobMonitor(cancelled=lambda: time.monotonic() > end)
    driver._prepare(worker, Assignment("index", {}, [], sources, [], []), watch)
    assert [lock.locked() for lock in driver._copies.values()] == [False, False]


# ---------------------------------------------------------------------- workers that fail


@pytest.mark.parametrize(
    ("error", "why", "said"),
    [
        (
            RayError("gone"),
            f"{WORKERS_LOST} workers were lost with their nodes while they did it.",
            "Its node was lost; done again on another worker",
        ),
        (
            RayTaskError(OSError(errno.ENOSPC, "No space left on device")),
            "On the node gpu1: There is no room on its disk; free some and try again.",
            "It failed on gpu1; done again on another worker",
        ),
        (
            RayTaskError(KeyError("x")),
            "On the node gpu1: This job failed unexpectedly (KeyError); try again, and attach the crash report if it "
            "stays so.",
            "It failed on gpu1; done again on another worker",
        ),
    ],
)
def test_who_reads_of_a_worker_that_failed_reads_why(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, error: Exception, why: str, said: str
) -> None:
    def fail(*job: object) -> JobResult:
        raise error

    told: list[str] = []
    monkeypatch.setattr(driver, "_on", fail)
    with pytest.raises(WorkerDied) as raised:
        driver._execute("cpu", "index", {}, JobMonitor(lambda fraction, message: told.append(message)))
    assert str(raised.value) == why
    assert told == [said] * WORKERS_LOST


def test_a_job_whose_caller_fails_is_stopped_on_the_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "check_installed", lambda: None)
    monkeypatch.setattr(RayBackend, "start", lambda self: None)
    made = RayBackend(Settings(home=tmp_path), ClusterSettings("10.0.0.1:6379"))
    sent: list[Any] = []

    class Pipe:
        def send(self, message: Any) -> None:
            sent.append(message[:2])
            if message[0] == "call":
                made._calls[message[1]].answers.put(("progress", 0.5, "at work"))

    def fail(fraction: float, said: str) -> None:
        raise ValueError("no such job")

    made._pipe = Pipe()  # type: ignore[assignment]
    made._connected.set()
    with pytest.raises(ValueError, match="no such job"):
        made.call("index", {}, JobMonitor(fail))
    assert sent == [("call", 1), ("cancel", 1)]


# ---------------------------------------------------------------------- stretches that fail


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ((None, MediaError("broken"), None), MediaError),
        ((None, WorkerDied("killed"), None), WorkerDied),
        ((None, WorkerDied("killed"), stretches.NotTheSame()), stretches.NotTheSame),
        ((None, None, Cancelled("Cancelled.")), Cancelled),
    ],
)
def test_a_stretch_that_fails_says_why_and_not_that_the_others_were_stopped(
    tmp_path: Path, errors: tuple[Exception | None, ...], kind: type[Exception]
) -> None:
    """Those that would go on are cancelled by the first that fails, also one before it."""
    plan = stretches.Plan("v1", {"encoder": None}, {f"{n}.npz": (n, n + 1) for n in range(len(errors))})
    together = threading.Barrier(len(errors))

    def embed(part: Mapping[str, Any], encoder: Mapping[str, Any], monitor: JobMonitor) -> JobResult:
        error = errors[part["first"]]
        together.wait(10)
        if error is not None:
            raise error
        until(monitor.cancelled)
        raise Cancelled("Cancelled.")

    with pytest.raises(kind):
        stretches.run(plan, Cache(tmp_path), {"video": {}}, JobMonitor(), embed)


def until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if true():
            return
        pause.wait(0.01)
    raise AssertionError("nobody stopped it")
