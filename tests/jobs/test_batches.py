"""Who gets a worker takes the stretches of others along, and each caller hears of its own."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from studio.errors import Cancelled, JobError
from studio.jobs import JobMonitor, JobResult
from studio.jobs.backends import WorkerDied
from studio.jobs.cluster.batches import TOGETHER, Batches


class OneWorker:
    """Has one worker, which is there once `free` is set, and keeps what it was given."""

    def __init__(self) -> None:
        self.free, self.lock = threading.Event(), threading.Lock()
        self.given: list[list[str]] = []

    def __call__(self, params: Callable[[], Mapping[str, Any]], monitor: JobMonitor) -> JobResult:
        while not self.free.wait(0.01) or not self.lock.acquire(timeout=0.01):
            if monitor.cancelled():
                raise Cancelled("Cancelled.")
        try:
            job = params()
            files = [part["file"] for part in job["parts"]]
            self.given.append(files)
            if "poison" in files:
                raise JobError("It broke.")
            if "killer" in files:
                raise WorkerDied("It was killed.")
            monitor.progress(0.5, "at work")
            return JobResult({"failed": {}, "encoder": job["encoder"]})
        finally:
            self.lock.release()


class Caller(threading.Thread):
    """Somebody who waits for a stretch."""

    def __init__(self, batches: Batches, file: str, encoder: str | None = None) -> None:
        super().__init__()
        self.stop, self.said = threading.Event(), list[str]()
        self.result: JobResult | None = None
        self.error: Exception | None = None
        self._call = batches, {"file": file}, encoder
        self.start()

    def run(self) -> None:
        batches, part, encoder = self._call
        monitor = JobMonitor(lambda fraction, message: self.said.append(message), cancelled=self.stop.is_set)
        try:
            self.result = batches.embed(part, {"encoder": encoder}, monitor)
        except Exception as error:
            self.error = error


@pytest.fixture
def worker() -> OneWorker:
    return OneWorker()


def test_what_waits_for_one_encoder_goes_together(worker: OneWorker) -> None:
    batches = Batches(worker)
    callers = [Caller(batches, f"{n}", encoder) for n in range(TOGETHER + 2) for encoder in ("a", "b")]
    time.sleep(0.2)
    worker.free.set()
    for caller in callers:
        caller.join(30)
    assert sorted(map(len, worker.given)) == [2, 2, TOGETHER, TOGETHER] and batches.done == 4
    for number, caller in enumerate(callers):
        assert caller.result is not None and caller.result.data["encoder"] == "ab"[number % 2]
        assert caller.said == ["at work"]


def test_one_that_is_cancelled_is_left_out_and_the_others_are_done(worker: OneWorker) -> None:
    batches = Batches(worker)
    callers = [Caller(batches, f"{n}") for n in range(3)]
    callers[1].stop.set()
    callers[1].join(30)
    assert isinstance(callers[1].error, Cancelled)
    worker.free.set()
    for caller in callers:
        caller.join(30)
    assert sorted(file for files in worker.given for file in files) == ["0", "2"]
    assert callers[0].result and callers[2].result


def test_what_fails_fails_for_all_of_its_batch(worker: OneWorker) -> None:
    batches = Batches(worker)
    callers = [Caller(batches, file) for file in ("good", "poison")]
    time.sleep(0.2)
    worker.free.set()
    for caller in callers:
        caller.join(30)
    assert [str(caller.error) for caller in callers] == ["It broke."] * 2
    again = Caller(batches, "good")
    again.join(30)
    assert again.result


def test_one_that_kills_its_worker_does_not_fail_the_others_of_its_batch(worker: OneWorker) -> None:
    batches = Batches(worker)
    callers = {file: Caller(batches, file) for file in ("a", "killer", "b", "c")}
    time.sleep(0.2)
    worker.free.set()
    for caller in callers.values():
        caller.join(30)
    assert str(callers["killer"].error) == "It was killed."
    for file in ("a", "b", "c"):
        assert callers[file].error is None and callers[file].result
    assert sorted(worker.given[0]) == ["a", "b", "c", "killer"]
    assert sorted(worker.given[1:]) == [["a"], ["b"], ["c"], ["killer"]], "each once more, and alone"
