"""M19: jobs are cancelled, their worker is killed, the studio is killed: each job ends once, nothing stays behind."""

import multiprocessing
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.atomic_files import PREFIX, temp_path
from studio.config import Settings
from studio.errors import Cancelled, JobError
from studio.index import Cache
from studio.jobs import Dispatcher, JobMonitor, JobResult, ProcessBackend
from studio.store import Store, jobs, runs, transcripts, videos
from studio.timeline import Cue
from tests.conftest import VIDEO
from tests.jobs.fake_executor import FakeExecutor, Instant, empty_the_queue

ENDED = ("done", "failed", "cancelled")
HANG_S = 60.0

# A server that has imported everything forks each worker: a real one takes seconds to import torch.
QUICK = multiprocessing.get_context("forkserver")
QUICK.set_forkserver_preload(["tests.jobs.fake_executor", "studio.jobs.backends"])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", device="cpu").ensure()


@pytest.fixture
def library(settings: Settings) -> Iterator[Store]:
    store = Store(settings.database)
    store.write(lambda db: videos.insert(db, dict(VIDEO)))
    yield store
    store.close()


@pytest.fixture
def worker(settings: Settings) -> Iterator[ProcessBackend]:
    made = ProcessBackend(settings, executor=FakeExecutor)
    made._context = QUICK  # type: ignore[assignment]
    yield made
    made.close()


@pytest.fixture
def runner(library: Store, worker: ProcessBackend, settings: Settings) -> Iterator[Dispatcher]:
    made = Dispatcher(library, worker, 3, Cache(settings.cache).tidy)
    yield made
    made.close()


def queue(store: Store, kind: str, query: str, seconds: float = 0.0) -> str:
    params = {"query": query, "seconds": seconds}
    return str(store.write(lambda db: jobs.insert(db, kind, "v1", params, limit=None))["id"])


def ended(store: Store, job: str) -> dict[str, Any]:
    deadline = time.monotonic() + HANG_S
    while time.monotonic() < deadline:
        row = store.read(lambda db: jobs.get(db, job))
        if row["state"] in ENDED:
            return row
        time.sleep(0.002)
    raise AssertionError(f"still {row['state']}")


def results(store: Store) -> list[str]:
    return sorted(run["query"] for run in store.read(lambda db: runs.of_video(db, "v1")))


def unfinished(settings: Settings) -> list[Path]:
    return list(settings.home.rglob(f"{PREFIX}*"))


@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.release)])
def test_cancelled_at_any_moment(
    library: Store, runner: Dispatcher, worker: ProcessBackend, settings: Settings, count: int
) -> None:
    chance, done = random.Random(7), []
    for number in range(count):
        job = queue(library, "nap", str(number), seconds=0.03)
        runner.wake()
        time.sleep(chance.uniform(0, 0.08))
        runner.cancel(job)
        state = ended(library, job)["state"]
        assert state in ("done", "cancelled")
        done += [str(number)] * (state == "done")
    last = queue(library, "nap", "last")
    runner.wake()
    assert ended(library, last)["state"] == "done", "after all that the queue still works"
    assert results(library) == sorted([*done, "last"])
    assert 0 < len(done) < count, "every cancel came too early or too late, and proved nothing"
    assert unfinished(settings) == []


def test_what_is_final_already_is_kept_though_the_job_is_stopped(
    library: Store, runner: Dispatcher, worker: ProcessBackend
) -> None:
    job = queue(library, "teller", "Good morning", seconds=HANG_S)
    runner.wake()
    deadline = time.monotonic() + HANG_S
    while not library.read(lambda db: transcripts.of_video(db, "v1")) and time.monotonic() < deadline:
        time.sleep(0.01)
    runner.cancel(job)
    assert ended(library, job)["state"] == "cancelled"
    assert library.read(lambda db: transcripts.of_video(db, "v1")) == [Cue(0, 1_000_000, "Good morning")]


def test_a_job_that_never_looks_up_is_stopped_all_the_same(
    library: Store, runner: Dispatcher, worker: ProcessBackend, settings: Settings
) -> None:
    job = queue(library, "stubborn", "never")
    runner.wake()
    deadline = time.monotonic() + HANG_S
    while not unfinished(settings) and time.monotonic() < deadline:
        time.sleep(0.01)
    pid = worker.pid
    runner.cancel(job)
    assert library.read(lambda db: jobs.get(db, job))["state"] == "cancelled", "at once, for the person"
    following = queue(library, "nap", "following")
    runner.wake()
    assert ended(library, following)["state"] == "done"
    assert pid is not None and not psutil.pid_exists(pid)
    assert unfinished(settings) == []
    assert results(library) == ["following"]


@pytest.mark.parametrize("error", [ValueError("no such line"), JobError("It cannot be kept.")])
def test_an_answer_that_nobody_waits_for_is_not_taken_for_that_of_the_next_job(
    worker: ProcessBackend, error: Exception
) -> None:
    def keep(part: JobResult) -> None:
        raise error

    with pytest.raises(type(error), match=str(error)):
        worker.call("teller", {"query": "first", "seconds": 0.3}, JobMonitor(partial=keep))
    answer = worker.call("nap", {"query": "second"}, JobMonitor())
    assert [run.query for run in answer.runs] == ["second"]


def test_an_error_of_a_job_leaves_its_process_with_its_models(worker: ProcessBackend) -> None:
    worker.call("nap", {"query": "x"}, JobMonitor())
    pid = worker.pid
    with pytest.raises(JobError, match="not enough memory"):
        worker.call("hungry", {"query": "x"}, JobMonitor())
    assert worker.pid == pid is not None


@pytest.mark.parametrize("count", [100, pytest.param(500, marks=pytest.mark.release)])
def test_a_killed_worker_is_replaced_and_its_job_done_once(
    library: Store, runner: Dispatcher, worker: ProcessBackend, settings: Settings, count: int
) -> None:
    """Two kills a job; the third would be the end of it."""
    chance = random.Random(7)
    for number in range(count):
        job = queue(library, "nap", str(number), seconds=0.02)
        runner.wake()
        victim = None
        for _ in range(2):
            deadline = time.monotonic() + HANG_S
            while worker.pid in (None, victim) and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.015))
            victim = worker.pid
            if victim is not None and psutil.pid_exists(victim):
                psutil.Process(victim).kill()
        row = ended(library, job)
        assert row["state"] == "done", row["error"]
    assert results(library) == sorted(str(number) for number in range(count))
    assert unfinished(settings) == []


def test_a_worker_that_died_before_it_saw_a_job_is_no_try_of_the_job(
    library: Store, runner: Dispatcher, worker: ProcessBackend
) -> None:
    worker.start()
    before = worker.pid
    assert worker._pipe is not None
    worker._pipe.close()  # as the end of its process leaves it, before its death is seen
    job = queue(library, "nap", "x")
    runner.wake()
    row = ended(library, job)
    assert (row["state"], row["attempts"]) == ("done", 1)
    assert worker.pid not in (None, before)


def test_a_job_that_always_kills_its_worker_stops_after_three_tries_with_its_reason(
    library: Store, runner: Dispatcher, settings: Settings
) -> None:
    poison, good = queue(library, "poison", "x"), queue(library, "nap", "good")
    runner.wake()
    row = ended(library, poison)
    assert (row["state"], row["attempts"]) == ("failed", 3)
    assert row["error"] == (
        "The worker died 3 times on this job. The last time: The worker was killed, perhaps for want of memory."
    )
    assert ended(library, good)["state"] == "done", "those behind it are not held up"
    assert unfinished(settings) == []


def test_a_job_that_runs_out_of_memory_says_so(worker: ProcessBackend) -> None:
    with pytest.raises(JobError, match="not enough memory"):
        worker.call("hungry", {"query": "x"}, JobMonitor())
    assert worker.call("nap", {"query": "x"}, JobMonitor()).runs
    assert worker.loaded == ["light"]


def test_a_cancel_that_comes_after_the_end_does_not_stop_the_next_call(worker: ProcessBackend) -> None:
    flag = False

    def late() -> bool:
        return flag

    for _ in range(20):
        flag = False
        worker.call("nap", {"query": "x"}, JobMonitor(cancelled=late))
        flag = True
        with pytest.raises(Cancelled):
            worker.call("nap", {"query": "x", "seconds": 5.0}, JobMonitor(cancelled=late))


@pytest.mark.parametrize("restarts", [50, pytest.param(200, marks=pytest.mark.release)])
def test_the_whole_studio_is_killed_and_started_again(library: Store, settings: Settings, restarts: int) -> None:
    """22 jobs wait at each start, two of them as if running; what a dead studio was doing is done again, once."""
    chance, number = random.Random(7), 0

    def done() -> int:
        count: int = library.read(lambda db: db.execute("SELECT count(*) FROM jobs WHERE state = 'done'").fetchone()[0])
        return count

    for _ in range(restarts):
        waiting = library.read(lambda db: db.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()[0])
        for _ in range(22 - waiting):
            queue(library, "ground", str(number))
            number += 1
        library.write(lambda db: [jobs.take(db, "studio/1") for _ in range(2)])
        studio = QUICK.Process(target=empty_the_queue, args=(settings.database,))
        studio.start()
        wanted, deadline = done() + chance.randint(0, 4), time.monotonic() + HANG_S
        while done() < wanted and time.monotonic() < deadline:  # a busy machine is slow to start one
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.03))
        studio.kill()
        studio.join()
    last = Dispatcher(library, Instant(), attempts=1_000)
    rows = [row["id"] for row in library.read(lambda db: db.execute("SELECT id FROM jobs").fetchall())]
    assert {ended(library, job)["state"] for job in rows} == {"done"}
    last.close()
    assert results(library) == sorted(str(each) for each in range(number))
    assert number > 22 + restarts, "the studios did next to nothing before they were killed"


def test_the_end_of_a_job_waits_for_a_disk_that_is_full(library: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result is neither thrown away nor left as running."""
    monkeypatch.setattr("studio.jobs.dispatcher.LOOK_EVERY_S", 0.02)
    library._writer.execute("PRAGMA max_page_count = 1")  # SQLite keeps it at the present size: not a page more
    tried: list[str] = []

    class Big(Instant):
        def call(self, kind: str, params: dict[str, Any], watch: JobMonitor) -> Any:
            tried.append(kind)
            return super().call(kind, {"query": "q" * 100_000}, watch)

    job = queue(library, "ground", "x")
    runner = Dispatcher(library, Big(), attempts=3)
    deadline = time.monotonic() + HANG_S
    while not tried and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    assert library.read(lambda db: jobs.get(db, job))["state"] == "running"
    library._writer.execute("PRAGMA max_page_count = 1000000")
    assert ended(library, job)["state"] == "done"
    runner.close()
    assert len(tried) == 1, "the work was done once, only its end was written later"


def test_what_dead_processes_left_unfinished_is_swept_and_the_living_keep_theirs(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("v1", "whole.bin", b"x")
    mine = temp_path(cache.path("v1", "mine.bin"))
    mine.touch()
    gone = QUICK.Process(target=int)
    gone.start()
    gone.join()
    theirs = mine.with_name(f"{PREFIX}{gone.pid}-x.bin")
    theirs.touch()
    mine.with_name(f"{PREFIX}nonsense").touch()
    assert cache.tidy() == 2
    assert sorted(path.name for path in mine.parent.iterdir()) == sorted([mine.name, "whole.bin"])
