"""One contract for every worker, and a queue that survives what happens to them."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.config import Settings
from studio.errors import Cancelled, MediaError, UsageError
from studio.jobs import Dispatcher, ExecutionBackend, InlineBackend, JobMonitor, JobResult, ProcessBackend, keep_result
from studio.jobs.backends import WorkerDied
from studio.store import Store, annotations, jobs, runs, timelines, videos
from studio.timeline import Cue, ModelRun, Prediction, Segment, Transcript
from tests.conftest import VIDEO

NOTHING = {"text": "x", "among": [[], []], "videos": [], "top": 1}  # a search among no videos
WORKERS = ["InlineBackend", "ProcessBackend", "RayBackend"]


@pytest.fixture(scope="module", params=WORKERS)
def worker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExecutionBackend]:
    """One for all of the contract: a process takes seconds to begin."""
    if request.param == "RayBackend":
        yield request.getfixturevalue("ray_backend")
        return
    kind = {"InlineBackend": InlineBackend, "ProcessBackend": ProcessBackend}[request.param]
    made = kind(Settings(home=tmp_path_factory.mktemp("worker"), device="cpu").ensure())
    yield made
    made.close()


def facts(clip: Path, duration_us: int = 4_004_000) -> dict[str, Any]:
    return {"video": {"id": "v1", "path": str(clip), "duration_us": duration_us}}


def test_a_worker_works_and_says_how_far_it_is(worker: ExecutionBackend, clips: dict[str, Path]) -> None:
    seen: list[tuple[float, str]] = []
    monitor = JobMonitor(lambda fraction, message: seen.append((fraction, message)))
    result = worker.call("ground", {**facts(clips["carphone"]), "query": "a man"}, monitor)
    assert result.runs[0].predictions
    assert seen
    assert all(0 <= fraction <= 1 for fraction, _ in seen)
    again = worker.call("ground", {**facts(clips["carphone"]), "query": "a man"}, JobMonitor())
    assert again.runs == result.runs


def test_an_error_keeps_its_kind_and_its_sentence(
    worker: ExecutionBackend, tmp_path: Path, clips: dict[str, Path]
) -> None:
    (tmp_path / "x.mp4").write_text("no video")
    with pytest.raises(MediaError, match=r"x\.mp4"):
        worker.call("index", facts(tmp_path / "x.mp4"), JobMonitor())
    with pytest.raises(UsageError):
        worker.call("dance", {}, JobMonitor())
    assert worker.call("index", facts(clips["carphone"]), JobMonitor()).data["frames"] > 0, "it goes on working"


def test_a_cancelled_call_stops(worker: ExecutionBackend, clips: dict[str, Path]) -> None:
    asked = threading.Event()
    monitor = JobMonitor(lambda fraction, message: asked.set(), cancelled=asked.is_set)
    with pytest.raises(Cancelled):
        worker.call("emotions", facts(clips["bigbuckbunny"], 5_280_000), monitor)
    assert worker.call("search", NOTHING, JobMonitor()).data["hits"] == []


def test_a_killed_process_is_told_and_replaced(tmp_path: Path, clips: dict[str, Path]) -> None:
    worker = ProcessBackend(Settings(home=tmp_path, device="cpu").ensure())

    def kill(fraction: float, message: str) -> None:
        assert worker.pid is not None
        psutil.Process(worker.pid).kill()

    with pytest.raises(WorkerDied):
        worker.call("index", facts(clips["bikes"], 10_000_000), JobMonitor(kill))
    assert worker.call("search", NOTHING, JobMonitor()).data["hits"] == []
    pid = worker.pid
    worker.close()
    assert pid is not None
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


class FakeWorker:
    """A worker whose calls do what the test says."""

    def __init__(self, behaviour: Callable[[JobMonitor], JobResult]) -> None:
        self.behaviour = behaviour
        self.calls = 0

    def call(self, kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
        self.calls += 1
        return self.behaviour(monitor)

    def start(self) -> None:
        pass

    def close(self) -> None:
        pass


def found(monitor: JobMonitor, video: str = "v1") -> JobResult:
    proposed = [Prediction(Segment(0, 10), "Moments", "x", 0.5)]
    return JobResult(runs=[ModelRun(video, "grounding", "m", "1", proposed, query="x")])


def queue(store: Store) -> str:
    return str(store.write(lambda db: jobs.insert(db, "ground", "v1", {"query": "x"}, limit=9))["id"])


def wait(store: Store, job: str, states: tuple[str, ...] = ("done", "failed", "cancelled")) -> dict[str, Any]:
    for _ in range(400):
        row = store.read(lambda db: jobs.get(db, job))
        if row["state"] in states:
            return row
        time.sleep(0.02)
    raise AssertionError(f"still {row['state']}")


@pytest.mark.parametrize("of", ["v2", None])
def test_how_far_a_job_is_is_told_to_the_pages_that_show_it(store: Store, of: str | None) -> None:
    """v2 plays on the timeline of v1, too; v3 is another's."""
    for name in ("v2", "v3"):
        row = {**VIDEO, "id": name, "path": f"/films/{name}.mp4", "sha256": name}
        store.write(lambda db, row=row: videos.insert(db, row))  # type: ignore[misc]
    store.write(lambda db: timelines.attach(db, "v1", "v2", role=timelines.CAMERA))
    go, told = threading.Event(), []

    def behaviour(monitor: JobMonitor) -> JobResult:
        assert go.wait(20)
        store.changed()
        monitor.progress(0.5, "Looking")
        told.append(store.changed())
        monitor.partial(JobResult(transcripts=[Transcript("v2", "speech", [Cue(0, 1, "yes")])]))
        told.append(store.changed())
        return JobResult()

    job = str(store.write(lambda db: jobs.insert(db, "transcribe", of, {}, limit=9))["id"])
    runner = Dispatcher(store, FakeWorker(behaviour), attempts=3)
    wait(store, job, ("running",))
    go.set()
    assert wait(store, job)["state"] == "done"
    assert told == 2 * [{"v1", "v2"} if of else {""}]
    runner.close()


def test_that_a_dispatcher_lives_is_no_news(store: Store) -> None:
    heard, go = threading.Event(), threading.Event()

    def behaviour(monitor: JobMonitor) -> JobResult:
        assert go.wait(20)
        store.changed()
        at = store.read(lambda db: db.execute("SELECT heartbeat FROM jobs").fetchone()[0])
        while store.read(lambda db: db.execute("SELECT heartbeat FROM jobs").fetchone()[0]) == at:
            time.sleep(0.01)
        assert store.changed() == set()
        heard.set()
        return JobResult()

    job = queue(store)
    runner = Dispatcher(store, FakeWorker(behaviour), attempts=3, lease_s=1.0)
    wait(store, job, ("running",))
    go.set()
    wait(store, job)
    runner.close()
    assert heard.is_set()


def test_a_result_appears_with_the_end_of_its_job(store: Store) -> None:
    job = queue(store)
    runner = Dispatcher(store, FakeWorker(found), attempts=3)
    assert wait(store, job)["result"]["run"]
    (run,) = store.read(lambda db: runs.of_video(db, "v1"))
    assert len(store.read(lambda db: runs.predictions(db, run["id"]))) == 1
    runner.close()


def test_a_job_that_kills_its_worker_stops_after_three_tries(store: Store) -> None:
    def die(monitor: JobMonitor) -> JobResult:
        raise WorkerDied("gone")

    job, worker = queue(store), FakeWorker(die)
    runner = Dispatcher(store, worker, attempts=3)
    row = wait(store, job)
    runner.close()
    assert (row["state"], worker.calls) == ("failed", 3)
    assert "3 times" in row["error"]


def test_a_failed_job_says_why(store: Store) -> None:
    def fail(monitor: JobMonitor) -> JobResult:
        raise MediaError("This video is broken; copy it again.")

    job = queue(store)
    runner = Dispatcher(store, FakeWorker(fail), attempts=3)
    assert wait(store, job)["error"] == "This video is broken; copy it again."
    runner.close()


def test_a_bug_in_one_job_does_not_stop_the_queue(store: Store) -> None:
    def bug(monitor: JobMonitor) -> JobResult:
        if worker.calls == 1:
            raise ZeroDivisionError
        return found(monitor)

    worker = FakeWorker(bug)
    first = queue(store)
    runner = Dispatcher(store, worker, attempts=3)
    assert "unexpectedly" in wait(store, first)["error"]
    second = queue(store)
    runner.wake()
    assert wait(store, second)["state"] == "done"
    runner.close()


def test_cancelling_a_running_job(store: Store) -> None:
    started = threading.Event()

    def obey(monitor: JobMonitor) -> JobResult:
        started.set()
        while not monitor.cancelled():
            time.sleep(0.01)
        raise Cancelled("Cancelled.")

    job = queue(store)
    runner = Dispatcher(store, FakeWorker(obey), attempts=3)
    assert started.wait(5)
    runner.cancel(job)
    assert wait(store, job)["state"] == "cancelled"
    runner.close()
    assert store.read(lambda db: runs.of_video(db, "v1")) == []


def test_a_result_that_comes_after_the_cancel_is_dropped(store: Store) -> None:
    started, go = threading.Event(), threading.Event()

    def late(monitor: JobMonitor) -> JobResult:
        started.set()
        go.wait(5)
        return found(monitor)

    job = queue(store)
    runner = Dispatcher(store, FakeWorker(late), attempts=3)
    assert started.wait(5)
    runner.cancel(job)
    go.set()
    runner.close()
    assert wait(store, job)["state"] == "cancelled"
    assert store.read(lambda db: runs.of_video(db, "v1")) == []


def test_closing_puts_the_running_job_back(store: Store) -> None:
    started, closing = threading.Event(), threading.Event()

    def interrupted(monitor: JobMonitor) -> JobResult:
        started.set()
        closing.wait(5)
        raise Cancelled("Cancelled.")

    job, worker = queue(store), FakeWorker(interrupted)
    worker.close = closing.set  # type: ignore[method-assign]
    runner = Dispatcher(store, worker, attempts=3)
    assert started.wait(5)
    runner.close()
    row = store.read(lambda db: jobs.get(db, job))
    assert (row["state"], row["attempts"]) == ("queued", 0)
    second = Dispatcher(store, FakeWorker(found), attempts=3)
    assert wait(store, job)["state"] == "done"
    second.close()


def test_a_crash_of_the_whole_studio_resumes_once(store: Store) -> None:
    job = queue(store)
    store.write(lambda db: jobs.take(db, "studio/1"))  # a studio took it and was killed
    runner = Dispatcher(store, FakeWorker(found), attempts=3)
    assert wait(store, job)["state"] == "done"
    runner.close()
    assert len(store.read(lambda db: runs.of_video(db, "v1"))) == 1


def test_the_queue_goes_on_after_a_video_was_removed_under_its_job(store: Store) -> None:
    started, go = threading.Event(), threading.Event()

    def late(monitor: JobMonitor) -> JobResult:
        if started.is_set():
            return found(monitor, "v2")
        started.set()
        go.wait(5)
        return found(monitor)

    queue(store)
    runner = Dispatcher(store, FakeWorker(late), attempts=3)
    assert started.wait(5)
    store.write(lambda db: videos.delete(db, "v1"))
    store.write(lambda db: videos.insert(db, {**VIDEO, "id": "v2", "path": "/other.mp4"}))
    go.set()
    second = store.write(lambda db: jobs.insert(db, "ground", "v2", {}, limit=9))["id"]
    runner.wake()
    assert wait(store, second)["state"] == "done"
    runner.close()


def test_what_a_job_found_in_other_videos_stays_where_one_was_removed_under_it(store: Store) -> None:
    started, go = threading.Event(), threading.Event()

    def late(monitor: JobMonitor) -> JobResult:
        started.set()
        go.wait(5)
        made = [
            ModelRun(video, "detection", "m", "1", [Prediction(Segment(0, 1), "T", "x", 0.5)], {})
            for video in ("v1", "v2")
        ]
        return JobResult({"note": "Two."}, made)

    store.write(lambda db: videos.insert(db, {**VIDEO, "id": "v2", "path": "/other.mp4"}))
    job = store.write(lambda db: jobs.insert(db, "teach", None, {}, limit=9))["id"]
    runner = Dispatcher(store, FakeWorker(late), attempts=3)
    assert started.wait(5)
    store.write(lambda db: videos.delete(db, "v1"))
    go.set()
    ended = wait(store, job)
    runner.close()
    assert (ended["state"], ended["error"]) == ("done", None)
    assert ended["result"]["note"] == "Two. Left out: 1 video that was removed meanwhile."
    assert [run["id"] for run in store.read(lambda db: runs.of_video(db, "v2"))] == [ended["result"]["run"]]


def detected(store: Store, *found: str, track: str = "T") -> list[str]:
    """What a taught label was found in, of v1 and v2, and the ids of the runs that this left."""
    made = [
        ModelRun(
            video, "detection", "m", "1", [Prediction(Segment(0, 1), track, "x", 0.5)] * (video in found), {}, "x",
            {"track": track},
        )
        for video in ("v1", "v2")
    ]  # fmt: skip
    store.write(lambda db: keep_result(db, JobResult({}, made), of_library=True))
    return store.read(lambda db: [run["id"] for video in ("v1", "v2") for run in runs.of_video(db, video)])


def test_what_nobody_decided_goes_when_the_label_was_looked_for_again(store: Store) -> None:
    store.write(lambda db: videos.insert(db, {**VIDEO, "id": "v2", "path": "/other.mp4"}))

    def later() -> None:
        store.write(lambda db: db.execute("UPDATE runs SET created = '2020-01-01T00:00:00.000+00:00'"))

    first, second = detected(store, "v1")
    assert detected(store, "v1")[0] == first, "a page may show it still"
    later()
    kept = detected(store, "v1")
    assert first not in kept and len(kept) == 2 and second in kept, "nothing was and is found in v2"
    (prediction,) = store.read(lambda db: runs.predictions(db, kept[0]))
    decision = annotations.EditRequest("e", "verdict", None, 0, prediction.id, "rejected")
    store.write(lambda db: annotations.save(db, "v1", decision, "ann"))
    later()
    assert len(detected(store, "v1", "v2")) == 3, "of v1 the decided one stays, of v2 what was empty goes"
    store.write(lambda db: annotations.save(db, "v1", replace(decision, edit_id="f", verdict=""), "ann"))
    later()
    assert kept[0] in detected(store), "the history knows it"
    assert len(detected(store, track="U")) == 5, "another row is another question"
    later()
    taught = store.read(lambda db: runs.of_video(db, "v1"))[-1]["created"]
    detected(store)
    assert store.read(lambda db: runs.of_video(db, "v1"))[-1]["created"] > taught, "when it was, is always said"


def test_what_a_job_about_the_library_read_goes_with_it_unless_it_is_to_be_tried_again(store: Store) -> None:
    asked = {"label": "x", "among": ["y" * jobs.LARGE]}

    def ended_as(state: str, deeper: bool) -> dict[str, Any]:
        job = store.write(lambda db: jobs.insert(db, "teach", None, {**asked, "deeper": deeper}, limit=9))["id"]
        store.write(lambda db: jobs.finish(db, job, state))
        params: dict[str, Any] = store.read(lambda db: jobs.get(db, job))["params"]
        return params

    assert ended_as("failed", deeper=False)["among"] == asked["among"]
    assert ended_as("done", deeper=True) == {"label": "x", "deeper": 1}
