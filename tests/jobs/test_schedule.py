"""When the queue works: hours of the day by an injected clock, a pause, and processors that are its own."""

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
import pytest

from studio.config import Settings
from studio.errors import Cancelled, UsageError
from studio.jobs import CORES, Dispatcher, JobMonitor, JobResult, ProcessBackend
from studio.jobs.schedule import Hours, held_since
from studio.platform import system
from studio.store import Store, jobs, preferences
from tests.jobs.test_jobs import FakeWorker, found, queue, wait

BERLIN = ZoneInfo("Europe/Berlin")


def at(hour: int, minute: int = 0, day: int = 2, month: int = 1) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("hours", "now", "closed"),
    [
        ("20:00-07:00", at(20), None),
        ("20:00-07:00", at(23, 59), None),
        ("20:00-07:00", at(0), None),
        ("20:00-07:00", at(6, 59), None),
        ("20:00-07:00", at(7), at(7)),
        ("20:00-07:00", at(19, 59), at(7)),
        ("09:00-17:30", at(9), None),
        ("09:00-17:30", at(17, 29), None),
        ("09:00-17:30", at(17, 30), at(17, 30)),
        ("09:00-17:30", at(8, 59), at(17, 30, day=1)),
        ("00:00-06:00", at(0), None),
        ("00:00-06:00", at(6), at(6)),
        ("22:00-00:00", at(0), at(0)),
        ("22:00-00:00", at(23), None),
        ("01:00-05:00", at(3, day=29, month=3), None),  # summer time began an hour ago
    ],
)
def test_hours_by_the_clock_on_the_wall(hours: str, now: datetime, closed: datetime | None) -> None:
    assert Hours.parse(hours).closed_since(now) == closed


def test_when_hours_begin_next() -> None:
    night = Hours.parse("20:00-07:00")
    assert night.opens(at(12)) == at(20)
    assert Hours.parse("09:00-17:00").opens(at(18)) == at(9, day=3)
    assert str(Hours.parse(" 8:00 – 17:05 ")) == "08:00-17:05"


@pytest.mark.parametrize(
    "text", ["", "20-7", "24:00-07:00", "20:60-07:00", "20:00", "20:00-07:00-08:00", "x", "７:00-8:00x"]
)
def test_what_are_no_hours_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="20:00-07:00"):
        Hours.parse(text)


def test_hours_of_no_length_are_refused() -> None:
    with pytest.raises(UsageError, match="leave them out"):
        Hours.parse("07:00-07:00")


def test_the_later_of_pause_and_hours_holds(store: Store) -> None:
    store.write(lambda db: preferences.choose(db, preferences.QUEUE_HOURS, "20:00-07:00"))
    held = lambda now: store.read(lambda db: held_since(db, now))  # noqa: E731
    assert held(at(21)) is None
    assert held(at(12)) == "2026-01-02T06:00:00.000+00:00", "UTC, as the store writes it"
    store.write(lambda db: preferences.choose(db, preferences.QUEUE_PAUSED, "2026-01-02T09:30:00.000+00:00"))
    assert held(at(12)) == held(at(21)) == "2026-01-02T09:30:00.000+00:00"


def test_a_paused_queue_begins_nothing_and_does_what_is_asked_for(store: Store) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    job = queue(store)
    store.write(lambda db: preferences.choose(db, preferences.QUEUE_PAUSED, now))
    time.sleep(0.002)
    worker = FakeWorker(found)
    runner = Dispatcher(store, worker, attempts=3)
    try:
        asked = str(store.write(lambda db: jobs.insert(db, "ground", "v1", {"query": "y"}, limit=9, asked=True))["id"])
        runner.wake()
        assert wait(store, asked)["state"] == "done"
        assert store.read(lambda db: jobs.get(db, job))["state"] == "queued" and worker.calls == 1
        store.write(lambda db: preferences.choose(db, preferences.QUEUE_PAUSED, ""))
        runner.wake()
        assert wait(store, job)["state"] == "done"
    finally:
        runner.close()


def test_the_queue_goes_on_when_its_hours_come(store: Store) -> None:
    clock = [at(12)]
    store.write(lambda db: preferences.choose(db, preferences.QUEUE_HOURS, "20:00-07:00"))
    job, looked = queue(store), threading.Event()

    def now() -> datetime:
        looked.set()
        return clock[0]

    runner = Dispatcher(store, FakeWorker(found), attempts=3, clock=now)
    try:
        assert looked.wait(5)
        assert store.read(lambda db: jobs.get(db, job))["state"] == "queued"
        clock[0] = at(20)
        runner.wake()
        assert wait(store, job)["state"] == "done"
    finally:
        runner.close()


def test_what_runs_when_the_queue_is_paused_is_finished(store: Store) -> None:
    started, go = threading.Event(), threading.Event()

    def slow(monitor: JobMonitor) -> JobResult:
        started.set()
        assert go.wait(5)
        return found(monitor)

    job = queue(store)
    runner = Dispatcher(store, FakeWorker(slow), attempts=3)
    try:
        assert started.wait(5)
        store.write(lambda db: preferences.choose(db, preferences.QUEUE_PAUSED, "2099-01-01T00:00:00.000+00:00"))
        go.set()
        assert wait(store, job)["state"] == "done"
    finally:
        runner.close()


def test_a_job_that_another_process_cancels_stops(store: Store) -> None:
    started = threading.Event()

    def obey(monitor: JobMonitor) -> JobResult:
        started.set()
        for _ in range(1_000):
            monitor.progress(0.5, "at work")
            if monitor.cancelled():
                raise Cancelled("Cancelled.")
            time.sleep(0.01)
        raise AssertionError("nobody told it")

    job = queue(store)
    runner = Dispatcher(store, FakeWorker(obey), attempts=3)
    try:
        assert started.wait(5)
        store.write(lambda db: jobs.finish(db, job, "cancelled"))  # as the command line does
        second = str(store.write(lambda db: jobs.insert(db, "ground", "v1", {"query": "z"}, limit=9))["id"])
        runner.backend = FakeWorker(found)  # for what comes next
        assert wait(store, second)["state"] == "done"
        assert store.read(lambda db: jobs.get(db, job))["state"] == "cancelled"
    finally:
        runner.close()


class Counting:
    """Says on how many processors it runs, it and a thread that was there before."""

    def __init__(self, settings: Settings) -> None:
        self._seen: list[int] = []
        self._ask, self._answer = threading.Event(), threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while self._ask.wait():
            self._ask.clear()
            self._seen.append(len(os.sched_getaffinity(0)))
            self._answer.set()

    def perform(self, kind: str, params: dict[str, Any], progress: Any, preview: Any, partial: Any) -> JobResult:
        system.use_processors(int(params.get(CORES) or 0))
        self._answer.clear()
        self._ask.set()
        self._answer.wait()
        return JobResult({"main": len(os.sched_getaffinity(0)), "other": self._seen[-1]})

    def loaded(self) -> list[str]:
        return []


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or (psutil.cpu_count() or 1) < 2, reason="needs two processors"
)
def test_work_stays_on_its_processors_and_gets_all_back(tmp_path: Path) -> None:
    worker = ProcessBackend(Settings(home=tmp_path).ensure(), executor=Counting)
    every = len(os.sched_getaffinity(0))
    try:
        for cores, wanted in ((0, every), (1, 1), (0, every)):
            assert worker.call("count", {CORES: cores}, JobMonitor()).data == {"main": wanted, "other": wanted}
    finally:
        worker.close()
    assert len(os.sched_getaffinity(0)) == every
