"""M26: a studio that works for hours: its memory, its open files and its folder stay as they were.

STUDIO_SOAK_MINUTES is how long (120 for a release); 500 jobs of every kind of end go through in that time at the least.
"""

import gc
import logging
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from studio.config import Settings
from studio.index import Cache
from studio.jobs import Dispatcher, ProcessBackend
from studio.partial import MARK
from studio.store import EditRequest, Store, annotations, jobs, videos
from studio.timeline import Annotation, Segment
from tests.conftest import VIDEO
from tests.jobs.fake_executor import FakeExecutor
from tests.jobs.test_survival import QUICK, ended, queue

MINUTES = float(os.environ.get("STUDIO_SOAK_MINUTES", "120"))
JOBS = 500
GROWTH = 2**20 / 600  # bytes a second: 1 MB in ten minutes


@pytest.mark.release
def test_hours_of_work_leave_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("studio"), "propagate", False)  # pytest keeps every record, with its frames
    settings = Settings(home=tmp_path / "home", device="cpu").ensure()
    store = Store(settings.database)
    store.write(lambda db: videos.add(db, dict(VIDEO)))
    worker = ProcessBackend(settings, executor=FakeExecutor)
    worker._context = QUICK  # type: ignore[assignment]
    runner = Dispatcher(store, worker, 3, Cache(settings.cache).tidy)
    this, began, seen = psutil.Process(), time.monotonic(), []
    number = 0
    while time.monotonic() - began < MINUTES * 60 or number < JOBS:
        work(store, runner, number)
        number += 1
        if number % 50 == 0:
            gc.collect()
            seen.append((time.monotonic() - began, this.memory_info().rss, this.num_fds(), len(this.children(True))))
    runner.close()
    store.close()
    settled = np.array(seen[len(seen) // 3 :], float)  # the first third warms up caches
    slope = np.polyfit(settled[:, 0], settled[:, 1], 1)[0]
    print(f"{number} jobs in {(time.monotonic() - began) / 60:.1f} min; {slope * 600 / 2**20:+.2f} MiB in ten minutes; "
          f"files {settled[:, 2].min():.0f} to {settled[:, 2].max():.0f}")  # fmt: skip
    grown = settled[-1, 1] - settled[0, 1]
    assert slope < GROWTH or grown < 4 * 2**20, "a short run cannot tell a slope from noise below 4 MB"
    assert settled[:, 2].max() - settled[:, 2].min() <= 8, "open files"
    assert settled[:, 3].max() - settled[:, 3].min() <= 2, "child processes"
    assert not list(settings.home.rglob(f"{MARK}*"))


def work(store: Store, runner: Dispatcher, number: int) -> None:
    """A job, done, cancelled or killed, and the edits that people make meanwhile."""
    kind = "poison" if number % 25 == 24 else "nap"
    job = queue(store, kind, f"q{number}", seconds=0.005)
    runner.wake()
    if number % 7 == 3:
        runner.cancel(job)
    version = number // 10
    wanted = Annotation(f"a{number % 10}", Segment(0, number + 1), "moments", "x")
    change = EditRequest(f"e{number}", "update" if version else "create", wanted, version)
    store.write(lambda db: annotations.save(db, "v1", change, "ann"))
    expected: dict[str, Any] = ended(store, job)
    assert expected["state"] in {"poison": ("failed", "cancelled"), "nap": ("done", "cancelled")}[kind]
    store.write(lambda db: db.execute("DELETE FROM runs WHERE seq < (SELECT max(seq) - 50 FROM runs)"))
    assert store.read(lambda db: jobs.get(db, job))["id"] == job
