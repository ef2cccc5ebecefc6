"""What the Overview page asks of a library of 20,000 videos with as many jobs, beside one of a hundred."""

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.config import Settings
from studio.index import CacheUsage
from studio.service import Studio
from studio.store import videos
from tests.conftest import VIDEO

MANY, FEW = 20_000, 100
FILES = ("frames-studio-lite-2.vectors.npy", "frames-studio-lite-2.times.npy", "thumbnails.npy", "thumbnails.bin",
         "waveform.npy", "shots.npy", "pts.npy", "proxy.mp4")  # fmt: skip
TURNS = 5


def run(folder: Path) -> dict[str, Any]:
    """A library of 20,000 videos with eight cached files each and as many jobs, and one of a hundred: how long it takes
    to say what works, waits and failed, to count the cache for the first time and again, and to say what is held."""
    libraries = {count: _library(folder / str(count), count) for count in (MANY, FEW)}
    found: dict[str, Any] = {}
    try:
        times = {count: _times(studio) for count, studio in libraries.items()}
        for what in times[MANY]:
            found[f"{what}, {MANY:,} videos, ms"] = round(times[MANY][what], 1)
            found[f"{what}, {FEW} videos, ms"] = round(times[FEW][what], 1)
        found["counting again : counting for the first time, 20,000 videos"] = round(
            times[MANY]["count the cache again"] / times[MANY]["count the cache for the first time"], 3
        )
    finally:
        for studio in libraries.values():
            studio.close()
    return found


def _library(home: Path, count: int) -> Studio:
    studio = Studio(Settings(home=home))

    def fill(db: Any) -> None:
        for number in range(count):
            videos.insert(db, {**VIDEO, "id": f"v{number}", "path": f"/films/{number}.mp4"})
        db.executemany(
            "INSERT INTO jobs (id, kind, video_id, params, state, created, position) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (f"j{number}", ("index", "transcribe")[number % 2], f"v{number}", json.dumps({"n": number}),
                 "failed" if number % 20 == 0 else "queued", "2026-01-02T03:04:05.678+00:00", number)
                for number in range(count)
            ],
        )  # fmt: skip

    studio.store.write(fill)
    for number in range(count):
        place = studio.cache.folder(f"v{number}")
        place.mkdir()
        for name in FILES:
            (place / name).write_bytes(b"x" * 100)
        os.utime(place, (1e9, 1e9))
    return studio


def _times(studio: Studio) -> dict[str, float]:
    first = _ms(lambda: CacheUsage(studio.cache).measure(), turns=1)
    studio.storage.start()  # as in a studio that serves: what is known is said at once
    studio.storage.measure()
    return {
        "say what works, waits and failed": _ms(studio.work.state),
        "count the cache for the first time": first,
        "count the cache again": _ms(lambda: CacheUsage(studio.cache).measure()),
        "say what is held": _ms(studio.storage.state),
        "say what cleaning would remove": _ms(lambda: studio.storage.preview()),
    }


def _ms(work: Callable[[], object], turns: int = TURNS) -> float:
    taken = []
    for _ in range(turns):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)
