"""Several dispatchers on one store: a job has one holder at a time, and only its holder's result counts."""

import threading
import time
from collections.abc import Callable
from typing import Any

from studio.jobs import Dispatcher, JobMonitor, JobResult
from studio.store import Store, jobs, runs, videos
from studio.timeline import Cue, ModelRun, Prediction, Segment, Transcript
from tests.conftest import VIDEO
from tests.jobs.test_jobs import FakeWorker, found, queue, wait

LONG_S = 3600.0


def row(store: Store, job: str) -> dict[str, Any]:
    return store.read(lambda db: jobs.get(db, job))


def test_two_dispatchers_share_a_queue_and_do_each_job_once(store: Store) -> None:
    waiting = [
        str(store.write(lambda db, n=n: jobs.insert(db, "ground", "v1", {"n": n}, limit=None))["id"]) for n in range(40)
    ]

    def brief(monitor: JobMonitor) -> JobResult:
        time.sleep(0.005)
        return found(monitor)

    both = [FakeWorker(brief), FakeWorker(brief)]
    dispatchers = [Dispatcher(store, worker, 3, name=f"d{n}") for n, worker in enumerate(both)]
    for job in waiting:
        assert wait(store, job)["state"] == "done"
    for dispatcher in dispatchers:
        dispatcher.close()
    assert sum(worker.calls for worker in both) == 40
    assert all(worker.calls for worker in both)
    assert len(store.read(lambda db: runs.of_video(db, "v1"))) == 40


def test_a_running_job_says_who_has_it_until_when_and_that_it_lives(store: Store) -> None:
    started, go = threading.Event(), threading.Event()

    def slow(monitor: JobMonitor) -> JobResult:
        started.set()
        go.wait(30)
        return found(monitor)

    job = queue(store)
    dispatcher = Dispatcher(store, FakeWorker(slow), 3, name="here", lease_s=0.2)
    assert started.wait(10)
    first = row(store, job)
    assert first["leased_by"] == dispatcher.holder and dispatcher.holder.startswith("here/")
    assert first["heartbeat"] < first["leased_until"]
    for _ in range(500):
        later = row(store, job)
        if later["heartbeat"] > first["heartbeat"] and later["leased_until"] > first["leased_until"]:
            break
        time.sleep(0.01)
    else:
        raise AssertionError("the lease was not renewed")
    go.set()
    assert wait(store, job)["state"] == "done"
    dispatcher.close()


def test_the_job_of_a_dispatcher_that_is_gone_is_another_s_to_take(store: Store) -> None:
    job = queue(store)
    store.write(lambda db: jobs.take(db, "elsewhere/1", lease_s=0.3))
    dispatcher = Dispatcher(store, FakeWorker(found), 3, name="here", lease_s=0.2)
    assert wait(store, job)["state"] == "done"
    assert row(store, job)["attempts"] == 2
    dispatcher.close()
    assert len(store.read(lambda db: runs.of_video(db, "v1"))) == 1


def test_the_job_of_a_dispatcher_that_lives_stays_its_own(store: Store) -> None:
    job = queue(store)
    store.write(lambda db: jobs.take(db, "elsewhere/1", lease_s=LONG_S))
    worker = FakeWorker(found)
    dispatcher = Dispatcher(store, worker, 3, name="here", lease_s=0.05)
    time.sleep(0.5)
    dispatcher.close()
    assert (row(store, job)["state"], row(store, job)["leased_by"], worker.calls) == ("running", "elsewhere/1", 0)


def test_the_result_of_one_that_was_thought_dead_does_not_count(store: Store) -> None:
    started, go = threading.Event(), threading.Event()

    def late(monitor: JobMonitor) -> JobResult:
        started.set()
        go.wait(30)
        return found(monitor)

    job = queue(store)
    dispatcher = Dispatcher(store, FakeWorker(late), 3, name="slow", lease_s=LONG_S)
    assert started.wait(10)
    store.write(lambda db: jobs.release_leases(db, "slow", 3))  # its lease was taken: it was not heard of for long
    other = Dispatcher(store, FakeWorker(found), 3, name="other", lease_s=LONG_S)
    assert wait(store, job)["state"] == "done"
    go.set()
    dispatcher.close()
    other.close()
    assert len(store.read(lambda db: runs.of_video(db, "v1"))) == 1
    assert row(store, job)["leased_by"] == other.holder


# ---------------------------------------------------------------------- what a job is about


def library_job(store: Store, result: Callable[[], JobResult]) -> dict[str, Any]:
    job = str(store.write(lambda db: jobs.insert(db, "teach", None, {}, limit=9))["id"])
    dispatcher = Dispatcher(store, FakeWorker(lambda monitor: result()), 3)
    ended = wait(store, job)
    dispatcher.close()
    return ended


def test_a_job_without_a_video_keeps_its_runs_with_the_videos_they_are_about(store: Store) -> None:
    store.write(lambda db: videos.insert(db, {**VIDEO, "id": "v2", "path": "/other.mp4"}))
    proposed = [Prediction(Segment(0, 10), "Moments", "x", 0.5)]

    def result() -> JobResult:
        found = [ModelRun(video, "teach", "m", "1", proposed) for video in ("v1", "v2")]
        return JobResult({"videos": 2}, found, [Transcript("v2", "file", [Cue(0, 9, "hello")])])

    ended = library_job(store, result)
    assert (ended["state"], ended["error"]) == ("done", None)
    of = {video: store.read(lambda db, video=video: runs.of_video(db, video)) for video in ("v1", "v2")}
    assert [len(found) for found in of.values()] == [1, 1]
    assert ended["result"] == {"videos": 2, "run": of["v1"][0]["id"], "runs": [of["v1"][0]["id"], of["v2"][0]["id"]]}


def test_a_run_about_a_video_that_was_removed_is_left_out_and_that_is_said(store: Store) -> None:
    ended = library_job(store, lambda: JobResult(runs=[ModelRun("gone", "teach", "m", "1", [])]))
    assert (ended["state"], ended["error"]) == ("done", None)
    assert ended["result"]["note"] == "Left out: 1 video that was removed meanwhile."


def test_what_somebody_looks_at_is_done_first_and_in_its_own_order(store: Store) -> None:
    for name in ("v2", "v3"):
        other = {**VIDEO, "id": name, "path": f"/{name}.mp4"}
        store.write(lambda db, other=other: videos.insert(db, dict(other)))

    def put(video: str, kind: str) -> str:
        return str(store.write(lambda db: jobs.insert(db, kind, video, {}, limit=None))["id"])

    queued = [put(video, kind) for video in ("v1", "v2", "v3") for kind in ("proxy", "index")]
    running = str((store.write(lambda db: jobs.take(db, "here/1")) or {})["id"])
    assert running == queued[0]
    for video in ("v3", "v2", "v2"):
        store.write(lambda db, video=video: jobs.bring_forward(db, video))
    expected = [queued[0], queued[2], queued[3], queued[4], queued[5], queued[1]]
    shown = store.read(jobs.of_video)
    assert [job["id"] for job in shown] == queued[::-1], "listed by when they came"
    assert {job["id"]: job["ahead"] for job in shown} == {job: place for place, job in enumerate(expected)}
    assert [job["ahead"] for job in store.read(lambda db: jobs.of_video(db, "v3"))] == [4, 3]
    taken = [str((store.write(lambda db: jobs.take(db, "here/1")) or {})["id"]) for _ in range(5)]
    assert [running, *taken] == expected
