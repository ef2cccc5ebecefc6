"""What a cluster costs and what it brings: measured on raylets of this machine, and simulated for more nodes from what
was measured."""

import heapq
import os
import random
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio.assets.demo import clip_folder
from studio.config import Settings
from studio.index import Cache
from studio.jobs import ExecutionBackend, JobMonitor, ProcessBackend
from studio.jobs.cluster import ClusterSettings, RayBackend
from tests.bench.indexing import best
from tests.bench.media import repeat
from tests.jobs.conftest import ROOT, RayCluster
from tests.jobs.fake_executor import FakeExecutor, FileExecutor

VIDEOS, SECONDS = 6, 30
LONG_S, STRETCH_FRAMES = 330, 160
CALLS = 200
SENT_BYTES = 256 * 2**20


def run(folder: Path) -> dict[str, object]:
    """Videos of 640×272 at 25 fps are indexed by workers of one thread, each on a raylet of its own: raylets share this
    machine's cores with each other and with the processes that decode, which real nodes do not. The simulation has
    1,000 videos of 5 to 90 minutes and four workers a node; a worker indexes, and the driver hands out and fetches, at
    the measured rates; “sent” are videos of 2 Mbit/s that each node gets over one line of 1 Gbit/s."""
    os.environ.update(OMP_NUM_THREADS="1", RAY_USAGE_STATS_ENABLED="0", PYTHONPATH=str(ROOT))
    # Ray has its workers yield to other programs, which the process beside them does not
    os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32), RAY_worker_niceness="0")
    clip = repeat(clip_folder() / "bikes.mp4", folder / "video.mp4", SECONDS)
    settings = Settings(home=folder / "home", device="cpu")
    settings = replace(settings, limits=replace(settings.limits, stretch_frames=STRETCH_FRAMES)).ensure()
    with _cluster(folder) as cluster:
        cluster.add(cpus=1)
        rates, backend = {}, RayBackend(settings, ClusterSettings(cluster.address, 1))
        process = ProcessBackend(settings)
        rates["one process"] = _rate(process, settings, clip, 1)
        rates["one raylet"] = _rate(backend, settings, clip, 1)
        spans = {"whole": _long(process, settings, folder)}
        process.close()
        cluster.add(cpus=1)
        rates["two raylets"] = _rate(backend, settings, clip, 2)
        spans["stretches"] = _long(backend, settings, folder)
        backend.close()
        calls = _calls(settings, cluster)
        sending = _sending(settings, cluster, folder)
    measured = Measured(rates["one raylet"], 1 / calls["at once"])
    return {
        "indexed by " + ", ".join(rates) + " (×)": " / ".join(f"{rate:.1f}" for rate in rates.values()),
        "one raylet : one process": round(rates["one raylet"] / rates["one process"], 2),
        "two raylets : one raylet": round(rates["two raylets"] / rates["one raylet"], 2),
        f"{LONG_S} s of video embedded as a whole by one process, in stretches by two raylets (s)":
            f"{spans['whole']:.1f} / {spans['stretches']:.1f}",
        "whole by one process : stretches by two raylets": round(spans["whole"] / spans["stretches"], 2),
        "a job that does nothing: process, raylet (ms, median)":
            f"{1000 * calls['process']:.1f} / {1000 * calls['raylet']:.1f}",
        "jobs that do nothing, four at once (a second)": round(calls["at once"], 1),
        "256 MiB sent to a node and fetched from it (MiB/s)":
            f"{sending['sent']:.0f} / {sending['fetched']:.0f}",
        "a copy on this disk : sending": round(sending["copy"] / sending["sent"], 2),
        **simulated(measured),
    }  # fmt: skip


@contextmanager
def _cluster(folder: Path) -> Iterator[RayCluster]:
    nodes = Path(tempfile.mkdtemp(dir=folder))
    cluster = RayCluster(nodes)
    try:
        yield cluster
    finally:
        cluster.end()


def _rate(backend: ExecutionBackend, settings: Settings, clip: Path, workers: int) -> float:
    """Seconds of video indexed a second by warm workers."""

    def index(number: int) -> None:
        video = {"id": f"v{number}", "path": str(clip), "duration_us": SECONDS * 1_000_000}
        backend.call("index", {"video": video}, JobMonitor())

    def all_of(numbers: Sequence[int]) -> None:
        with ThreadPoolExecutor(workers) as threads:
            list(threads.map(index, numbers))
        for number in numbers:
            Cache(settings.cache).drop(f"v{number}")

    all_of(range(2 * workers))  # models load
    return VIDEOS * SECONDS / best(lambda: all_of(range(VIDEOS)), 2)


def _long(backend: ExecutionBackend, settings: Settings, folder: Path) -> float:
    """Seconds to embed a long video by warm workers."""
    clip = repeat(clip_folder() / "bikes.mp4", folder / "long.mp4", LONG_S)
    video = {"id": "long", "path": str(clip), "duration_us": LONG_S * 1_000_000}
    began = time.perf_counter()
    backend.call("embed", {"video": video, "encoder": None}, JobMonitor())
    spent = time.perf_counter() - began
    Cache(settings.cache).drop("long")
    return spent


def _calls(settings: Settings, cluster: RayCluster) -> dict[str, float]:
    """Seconds that a job takes which does nothing, one after the other; how many a second, four callers at once."""
    process, raylet = ProcessBackend(settings, executor=FakeExecutor), RayBackend(
        settings, ClusterSettings(cluster.address, 1), FakeExecutor
    )  # fmt: skip

    def call(backend: ExecutionBackend) -> float:
        began = time.perf_counter()
        backend.call("nap", {"query": "x"}, JobMonitor())
        return time.perf_counter() - began

    try:
        found = {}
        for name, backend in (("process", process), ("raylet", raylet)):
            call(backend)
            found[name] = statistics.median(call(backend) for _ in range(CALLS))
        with ThreadPoolExecutor(4) as threads:
            began = time.perf_counter()
            list(threads.map(lambda _: call(raylet), range(CALLS)))
            found["at once"] = CALLS / (time.perf_counter() - began)
    finally:
        process.close()
        raylet.close()
    return found


def _sending(settings: Settings, cluster: RayCluster, folder: Path) -> dict[str, float]:
    """MiB a second of a file that a node is sent, of one that is fetched from it, and of a copy on this disk."""
    films = folder / "films"
    films.mkdir()
    film = films / "film.mp4"
    film.write_bytes(random.Random(7).randbytes(2**20) * (SENT_BYTES // 2**20))
    apart = ClusterSettings(cluster.address, 1, 1, folders={str(films): "/nowhere"})
    backend = RayBackend(settings, apart, FileExecutor)
    params: dict[str, Any] = {"video": {"id": "film", "path": str(film), "duration_us": 1}}
    said: list[tuple[float, str]] = []
    monitor = JobMonitor(lambda fraction, message: said.append((time.perf_counter(), message)))
    try:
        tiny = films / "tiny.mp4"
        tiny.write_bytes(b"tiny")
        backend.call("copy", {"video": {**params["video"], "id": "tiny", "path": str(tiny)}}, JobMonitor())
        began = time.perf_counter()
        backend.call("copy", params, monitor)
        ended = time.perf_counter()
    finally:
        backend.close()
    arrived = max(at for at, message in said if message.startswith("Sending"))
    copied = best(lambda: shutil.copyfile(film, films / "copy.mp4"))
    mib = SENT_BYTES / 2**20
    return {"sent": mib / (arrived - began), "fetched": mib / (ended - arrived), "copy": mib / copied}


# ---------------------------------------------------------------------- more nodes than this machine has


@dataclass(frozen=True, slots=True)
class Measured:
    """`rate`: seconds of video that a worker indexes a second; `overhead_s` of the one driver for each job."""

    rate: float
    overhead_s: float


WORKERS_A_NODE, JOBS = 4, 1000
VIDEO_BYTES_A_S, LINE_BYTES_A_S = 2e6 / 8, 1e9 / 8
SIX_HOURS_S, STRETCH_S = 6 * 3600.0, 640.0


def simulated(measured: Measured) -> dict[str, object]:
    """How many times as fast 10 and 100 nodes are as one."""
    videos = [random.Random(n).uniform(5 * 60, 90 * 60) for n in range(JOBS)]
    rows: dict[str, object] = {}
    spans = {(nodes, sends): makespan(measured, videos, nodes, sends) for nodes in (1, 10, 100) for sends in (0, 1)}
    for sends, name in ((0, "shared folder"), (1, "sent")):
        rows[f"simulated, {name}: 1, 10, 100 nodes (h)"] = " / ".join(
            f"{spans[nodes, sends] / 3600:.2f}" for nodes in (1, 10, 100)
        )
        for nodes in (10, 100):
            rows[f"simulated, {name}: 1 node : {nodes} nodes"] = round(spans[1, sends] / spans[nodes, sends], 1)
    stretches = [STRETCH_S] * int(SIX_HOURS_S // STRETCH_S) + [SIX_HOURS_S % STRETCH_S]
    alone = makespan(measured, [SIX_HOURS_S], 1, 0)
    split = [makespan(measured, stretches, nodes, 0) for nodes in (1, 10, 100)]
    rows["simulated, six hours embedded: as a whole; in stretches by 1, 10, 100 nodes (min)"] = (
        f"{alone / 60:.0f}; " + " / ".join(f"{span / 60:.1f}" for span in split)
    )
    return rows


def makespan(measured: Measured, videos_s: Sequence[float], nodes: int, sends: int) -> float:
    """Seconds until all jobs are done. The driver hands out one after the other, and so does the line files."""
    free = [0.0] * (nodes * WORKERS_A_NODE)
    heapq.heapify(free)
    driver = line = end = 0.0
    for length in videos_s:
        begin = max(heapq.heappop(free), driver)
        driver = begin = begin + measured.overhead_s
        if sends:
            line = begin = max(begin, line) + length * VIDEO_BYTES_A_S / LINE_BYTES_A_S
        done = begin + length / measured.rate
        heapq.heappush(free, done)
        end = max(end, done)
    return end
