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


class FileExecutor:
    """Does what a job does with files: reads its video and what lies beside it, and makes, changes and removes files of
    the cache. `copy` takes `seconds`, and makes its first file before them."""

    def __init__(self, settings: Settings) -> None:
        self._cache = Cache(settings.cache)

    def perform(self, kind: str, params: dict[str, Any], progress: Any, preview: Any, partial: Any) -> JobResult:
        video = params["video"]
        path, name = Path(video["path"]), video["id"]
        self._cache.write(name, "early.bin", b"early")
        end = time.monotonic() + params.get("seconds", 0.0)
        while time.monotonic() < end:
            time.sleep(0.01)
            progress(0.5, "copying")
        self._cache.write(name, "copy.bin", path.read_bytes())
        self._cache.write(name, "empty.bin", b"")
        before = {each.name: each.stat().st_size for each in self._cache.folder(name).iterdir()}
        if (old := self._cache.path(name, "old.bin")).exists():
            old.unlink()
        beside = sorted(each.name for each in path.parent.iterdir() if each.stem.startswith(path.stem))
        return JobResult({"path": str(path), "beside": beside, "cache": before})

    def loaded(self) -> list[str]:
        return []
