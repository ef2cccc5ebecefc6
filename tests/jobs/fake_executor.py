"""Work that costs nothing, for tests of what happens around it; and a studio's queue as a process to be killed."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from studio.atomic_files import temp_path
from studio.config import Settings
from studio.index import Cache
from studio.jobs import Dispatcher, JobMonitor, JobResult
from studio.store import Store
from studio.timeline import Cue, ModelRun, Prediction, Segment, Transcript


def found(query: str) -> JobResult:
    """A result that can be counted by its query."""
    return JobResult(
        runs=[ModelRun("v1", "grounding", "m", "1", [Prediction(Segment(0, 10), "M", "x", 0.5)], query=query)]
    )


class FakeExecutor:
    """`nap` takes `seconds` and can be stopped; `stubborn` never looks up; `poison` kills its process; `hungry` finds
    no memory; `teller` has a line kept at once, and naps. While they work there is an unfinished file of the video in
    the cache."""

    def __init__(self, settings: Settings) -> None:
        self._cache = Cache(settings.cache)

    def perform(self, kind: str, params: dict[str, Any], progress: Any, preview: Any, partial: Any) -> JobResult:
        making = temp_path(self._cache.path("v1", "thing.npy"))
        making.parent.mkdir(parents=True, exist_ok=True)
        making.touch()
        if kind == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "hungry":
            raise MemoryError
        if kind == "teller":
            partial(Transcript("v1", "speech", [Cue(0, 1_000_000, params["query"])], span=(0, 1_000_000)))
        end = time.monotonic() + params.get("seconds", 0.0)
        try:
            while time.monotonic() < end or kind == "stubborn":
                time.sleep(0.002)
                if kind != "stubborn":
                    progress(0.5, "napping")
        finally:
            making.unlink()
        return found(params["query"])

    def loaded(self) -> list[str]:
        return ["light"]


class Instant:
    """A worker that has always just finished."""

    def start(self) -> None:
        pass

    def call(self, kind: str, params: dict[str, Any], watch: JobMonitor) -> JobResult:
        time.sleep(0.003)
        return found(params["query"])

    def close(self) -> None:
        pass


def empty_the_queue(path: Path) -> None:
    """A studio that does jobs until it is killed."""
    Dispatcher(Store(path), Instant(), attempts=1_000)
    time.sleep(3600)
