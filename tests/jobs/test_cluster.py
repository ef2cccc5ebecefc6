"""Jobs on a real cluster of Ray, of several raylets on this machine: files, stretches, workers and nodes that die."""

import hashlib
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.atomic_files import PREFIX
from studio.config import Settings
from studio.errors import Cancelled, NotFound
from studio.index import Cache
from studio.jobs import Dispatcher, InlineBackend, JobMonitor
from studio.jobs.cluster import CLUSTER_FILE, ClusterSettings, RayBackend
from studio.models._torch import one_thread
from studio.service import Studio
from studio.service.system.status import status
from studio.store import Store, jobs, transcripts, videos
from studio.timeline import Cue
from tests.bench.media import repeat
from tests.conftest import VIDEO
from tests.jobs.conftest import RayCluster, backend_on
from tests.jobs.fake_executor import FakeExecutor, FileExecutor
from tests.jobs.test_survival import ended, queue, results

PATIENCE_S = 120.0


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of a library whose cluster is shared by tests: workers take seconds to start."""
    return Settings(home=tmp_path_factory.mktemp("home"), device="cpu").ensure()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "studio.db")
    store.write(lambda db: videos.insert(db, dict(VIDEO)))
    yield store
    store.close()


@pytest.fixture(scope="module")
def backend(ray_cluster: RayCluster, settings: Settings) -> Iterator[RayBackend]:
    made = backend_on(ray_cluster, settings, FakeExecutor)
    yield made
    made.close()


@pytest.fixture
def runner(
    library: Store, backend: RayBackend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Dispatcher]:
    made = Dispatcher(library, backend, 3, Cache(settings.cache).tidy)
    yield made
    monkeypatch.setattr(backend, "close", lambda: None)  # the next test has it, too
    made.close()


def drivers() -> list[psutil.Process]:
    """The processes of this one that are connected to a cluster."""
    return [psutil.Process(each.pid) for each in multiprocessing.active_children() if each.name == "studio-cluster"]


# ---------------------------------------------------------------------- several at once


def test_as_many_jobs_run_at_once_as_there_are_workers(library: Store, runner: Dispatcher, backend: RayBackend) -> None:
    """One machine would do these four one after the other: each waits for the others to have begun."""
    waiting = [queue(library, "nap", str(n), seconds=PATIENCE_S) for n in range(6)]
    runner.wake()

    def states() -> list[str]:
        return [library.read(lambda db, job=job: jobs.get(db, job))["state"] for job in waiting]

    until(lambda: states().count("running") == 4 and len(busy(backend)) == 4)
    assert states().count("queued") == 2, "what has no worker waits in the queue, where it can be seen and cancelled"
    for job in waiting:
        runner.cancel(job)
    assert {ended(library, job)["state"] for job in waiting} == {"cancelled"}
    last = queue(library, "nap", "last")
    runner.wake()
    assert ended(library, last)["state"] == "done"
    assert results(library) == ["last"]


def busy(backend: RayBackend) -> list[str]:
    return [kind for node in backend.status().get("nodes", []) for kind in node["busy"]]


def test_what_is_final_already_is_kept_though_the_job_is_stopped(library: Store, runner: Dispatcher) -> None:
    job = queue(library, "teller", "Good morning", seconds=PATIENCE_S)
    runner.wake()
    until(lambda: library.read(lambda db: transcripts.of_video(db, "v1")))
    runner.cancel(job)
    assert ended(library, job)["state"] == "cancelled"
    assert library.read(lambda db: transcripts.of_video(db, "v1")) == [Cue(0, 1_000_000, "Good morning")]


def test_a_job_that_never_looks_up_is_stopped_and_its_worker_goes_on(backend: RayBackend) -> None:
    began = threading.Event()

    def stubborn() -> bool:
        began.set()
        return bool(busy(backend))

    with pytest.raises(Cancelled):
        backend.call("stubborn", {"query": "x"}, JobMonitor(cancelled=stubborn))
    assert began.is_set()
    assert backend.call("nap", {"query": "x"}, JobMonitor()).runs


def test_a_job_that_always_kills_its_worker_stops_after_three_tries_with_its_reason(
    library: Store, runner: Dispatcher
) -> None:
    poison, good = queue(library, "poison", "x"), queue(library, "nap", "good")
    runner.wake()
    row = ended(library, poison)
    assert (row["state"], row["attempts"]) == ("failed", 3)
    assert row["error"] == (
        "The worker died 3 times on this job. The last time: The worker was killed, perhaps for want of memory."
    )
    assert ended(library, good)["state"] == "done"


# ---------------------------------------------------------------------- files


@pytest.fixture
def film(film_folder: Path) -> dict[str, Any]:
    """A video of some pieces, with subtitles beside it; what it holds does not matter here."""
    path = film_folder / "film.mp4"
    path.write_bytes(random.Random(7).randbytes(20 * 2**20 + 3))
    path.with_suffix(".srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    return {"id": "v1", "path": str(path), "duration_us": 9_000_000}


@pytest.fixture(scope="module")
def film_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def apart_backend(ray_cluster: RayCluster, settings: Settings, film_folder: Path) -> Iterator[RayBackend]:
    made = backend_on(ray_cluster, settings, FileExecutor, folders={str(film_folder): "/nowhere"}, most_workers=1)
    yield made
    made.close()


@pytest.fixture
def apart(apart_backend: RayBackend, settings: Settings) -> RayBackend:
    """A backend whose nodes do not see the video, and a cache that holds nothing of it."""
    Cache(settings.cache).drop("v1")
    return apart_backend


def test_files_reach_a_node_that_shares_no_folder_and_come_back(
    apart: RayBackend, settings: Settings, film: dict[str, Any]
) -> None:
    cache, path = Cache(settings.cache), Path(film["path"])
    cache.write("v1", "known.bin", b"known")
    cache.write("v1", "old.bin", b"old")
    cache.write("v1", "proxy.mp4", b"large, and nothing that a job reads")
    before = {name: cache.mtime_ns("v1", name) for name in ("known.bin", "proxy.mp4")}
    found = apart.call("copy", {"video": film}, JobMonitor()).data
    assert found["path"] != film["path"]
    assert found["beside"] == ["film.mp4", "film.srt"]
    assert {"known.bin", "old.bin"} <= found["cache"].keys() and "proxy.mp4" not in found["cache"]
    assert digest(cache.path("v1", "copy.bin")) == digest(path)
    assert cache.path("v1", "empty.bin").read_bytes() == b""
    assert not cache.has("v1", "old.bin"), "what the job removed is removed"
    assert {name: cache.mtime_ns("v1", name) for name in before} == before, "what it left alone was left alone"
    assert not list(settings.home.rglob(f"{PREFIX}*"))


def test_a_node_keeps_what_it_was_sent_and_looks_again_when_it_was_changed(
    apart: RayBackend, settings: Settings, film: dict[str, Any]
) -> None:
    path = Path(film["path"])
    size = path.stat().st_size

    def sent() -> int:
        """Bytes, once they are known: what is told is a second old."""
        time.sleep(2.5)
        return int(apart.status()["sent"])

    found = []
    for _ in range(2):
        found.append(apart.call("copy", {"video": film}, JobMonitor()).data)
        Cache(settings.cache).drop("v1")
    assert size <= sent() < 2 * size, "the second job found it there"
    assert found[0] == found[1] and found[0]["beside"] == ["film.mp4", "film.srt"]
    path.with_suffix(".srt").unlink()
    found.append(apart.call("copy", {"video": film}, JobMonitor()).data)
    assert found[2] == {**found[0], "beside": ["film.mp4"]}
    path.write_bytes(b"another film")
    found.append(apart.call("copy", {"video": film}, JobMonitor()).data)
    assert found[3]["cache"]["copy.bin"] == len("another film")


def test_files_that_a_job_completed_come_while_it_goes_on(
    apart: RayBackend, settings: Settings, film: dict[str, Any]
) -> None:
    cache, stop = Cache(settings.cache), threading.Event()
    monitor = JobMonitor(cancelled=stop.is_set)
    job = threading.Thread(target=_cancelled, args=(apart, {"video": film, "seconds": PATIENCE_S}, monitor))
    job.start()
    until(lambda: cache.has("v1", "early.bin"))
    assert not cache.has("v1", "copy.bin")
    stop.set()
    job.join()


def _cancelled(backend: RayBackend, params: dict[str, Any], monitor: JobMonitor) -> None:
    with pytest.raises(Cancelled):
        backend.call("copy", params, monitor)


def test_a_shared_folder_is_read_where_the_node_has_it_if_it_is_the_same_file(
    ray_cluster: RayCluster, settings: Settings, film: dict[str, Any], tmp_path: Path
) -> None:
    path, shared = Path(film["path"]), tmp_path / "shared"
    shared.mkdir()
    (shared / path.name).write_bytes(path.read_bytes())
    backend = backend_on(ray_cluster, settings, FileExecutor, folders={str(path.parent): str(shared)}, most_workers=1)
    try:
        assert backend.call("copy", {"video": film}, JobMonitor()).data["path"] == str(shared / path.name)
        other = bytearray(path.read_bytes())
        other[0] ^= 1  # of the same size
        (shared / path.name).write_bytes(other)
        found = backend.call("copy", {"video": film}, JobMonitor()).data["path"]
        assert found not in (film["path"], str(shared / path.name))
    finally:
        backend.close()


def test_a_video_that_is_gone_is_told(apart: RayBackend, film: dict[str, Any]) -> None:
    Path(film["path"]).unlink()
    with pytest.raises(NotFound, match=r"film\.mp4"):
        apart.call("copy", {"video": film}, JobMonitor())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---------------------------------------------------------------------- what dies


def test_a_lost_connection_is_made_again_and_its_jobs_are_done_once(
    library: Store, runner: Dispatcher, backend: RayBackend
) -> None:
    job = queue(library, "nap", "x", seconds=1.5)
    runner.wake()
    until(lambda: busy(backend))
    lost: list[str] = []
    for driver in drivers():
        driver.kill()
    until(lambda: not backend.status()["connected"] and lost.append(backend.status()["problem"]) is None)
    assert "was lost" in lost[0]
    row = ended(library, job)
    assert (row["state"], row["attempts"]) == ("done", 1), "that was no fault of the job"
    assert results(library) == ["x"]


def test_nodes_are_killed_while_jobs_run(
    ray_cluster: RayCluster, library: Store, runner: Dispatcher, settings: Settings
) -> None:
    keep_on_killing(ray_cluster, library, runner, count=20, kills=1)
    assert not list(settings.home.rglob(f"{PREFIX}*"))


@pytest.mark.release
def test_nodes_are_killed_at_random_while_200_jobs_run(
    ray_cluster: RayCluster, library: Store, runner: Dispatcher, settings: Settings
) -> None:
    keep_on_killing(ray_cluster, library, runner, count=200, kills=8)
    assert not list(settings.home.rglob(f"{PREFIX}*"))


def keep_on_killing(cluster: RayCluster, library: Store, runner: Dispatcher, count: int, kills: int) -> None:
    """Kill nodes that work, each followed by a new one, while jobs run: all are done, and each is kept once."""
    chance = random.Random(7)
    waiting = [queue(library, "nap", str(n), seconds=chance.uniform(0.2, 1.5)) for n in range(count)]
    runner.wake()
    backend: RayBackend = runner.backend
    for kill in range(kills):
        enough = count * (kill + 1) // (kills + 2)
        until(lambda enough=enough: len(results(library)) >= enough and len(busy(backend)) > 2)
        cluster.kill(chance.choice(cluster.nodes))
        cluster.add()
    for job in waiting:
        row = ended_in_time(library, job)
        assert (row["state"], row["attempts"]) == ("done", 1), row["error"]
    assert results(library) == sorted(str(n) for n in range(count))


def ended_in_time(store: Store, job: str) -> dict[str, Any]:
    until(lambda: store.read(lambda db: jobs.get(db, job))["state"] not in jobs.ACTIVE)
    return store.read(lambda db: jobs.get(db, job))


def empty_the_queue(path: Path, address: str) -> None:
    """A studio that does jobs on a cluster until it is killed."""
    from studio.jobs.cluster import RayBackend

    settings = Settings(home=path.parent, device="cpu")
    Dispatcher(
        Store(path), RayBackend(settings, ClusterSettings(address, 1, most_workers=2), FakeExecutor), attempts=1_000
    )
    time.sleep(3600)


@pytest.mark.parametrize("restarts", [1, pytest.param(10, marks=pytest.mark.release)])
def test_the_whole_studio_is_killed_and_started_again(
    ray_cluster: RayCluster, library: Store, settings: Settings, tmp_path: Path, restarts: int
) -> None:
    chance = random.Random(7)
    waiting = [queue(library, "nap", str(n), seconds=0.3) for n in range(8 * restarts)]
    spawn = multiprocessing.get_context("spawn")
    for restart in range(restarts):
        studio = spawn.Process(target=empty_the_queue, args=(tmp_path / "studio.db", ray_cluster.address))
        studio.start()
        until(lambda restart=restart: len(results(library)) > 6 * restart + 1)
        time.sleep(chance.uniform(0, 0.3))
        studio.kill()
        studio.join()
    last = Dispatcher(library, backend_on(ray_cluster, settings, FakeExecutor, most_workers=2), attempts=1_000)
    assert {ended_in_time(library, job)["state"] for job in waiting} == {"done"}
    last.close()
    assert results(library) == sorted(str(n) for n in range(len(waiting)))


@pytest.mark.release
def test_the_head_is_killed_and_started_again(
    start_cluster: Callable[..., RayCluster], library: Store, settings: Settings
) -> None:
    """All of the cluster goes with its head, as it does where Ray keeps no state outside of it."""
    cluster = start_cluster()
    cluster.add()
    address = cluster.address
    backend = backend_on(cluster, settings, FakeExecutor)
    runner = Dispatcher(library, backend, 3)
    waiting = [queue(library, "nap", str(n), seconds=0.5) for n in range(20)]
    runner.wake()
    until(lambda: len(results(library)) > 4)
    cluster.end()
    until(lambda: not backend.status()["connected"])
    again = start_cluster(int(address.rpartition(":")[2]))
    again.add()
    assert again.address == address
    for job in waiting:
        row = ended_in_time(library, job)
        assert (row["state"], row["attempts"]) == ("done", 1), row["error"]
    runner.close()
    assert results(library) == sorted(str(n) for n in range(20))


@pytest.mark.release
def test_who_has_not_the_token_is_told_and_let_in_later(
    ray_cluster: RayCluster, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = os.environ["RAY_AUTH_TOKEN"]
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    backend = backend_on(ray_cluster, settings, FakeExecutor, most_workers=1)
    backend.start()
    try:
        until(lambda: "wants a token that this machine lacks" in backend.status()["problem"])
        assert not backend.has_room("nap", [])
        monkeypatch.setenv("RAY_AUTH_TOKEN", right)
        assert backend.call("nap", {"query": "x"}, JobMonitor()).runs
    finally:
        backend.close()


@pytest.mark.release
def test_a_studio_with_a_cluster_prepares_its_videos_on_it(
    ray_cluster: RayCluster, clips: dict[str, Path], tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home", device="cpu", cluster=ray_cluster.address).ensure()
    (settings.home / CLUSTER_FILE).write_text("cpus_per_worker = 1\nmost_workers = 2\n")
    studio = Studio(settings, background=True)
    try:
        rows = [studio.videos.add(clip) for clip in clips.values()]
        until(lambda: all(studio.media.is_prepared(row) for row in rows))
        until(lambda: status(studio)["cluster"]["last_hour"])
        found = status(studio)["cluster"]
        assert found["connected"] and found["address"] == ray_cluster.address
        assert found["places"] == {"cpu": 2, "gpu": 0, "library": 1}
        assert [node["here"] for node in found["nodes"]] == [True, False, False]
    finally:
        studio.close()


# ---------------------------------------------------------------------- stretches


def test_a_long_video_is_embedded_in_stretches_to_the_same_bytes(
    ray_backend: RayBackend, clips: dict[str, Path], tmp_path: Path
) -> None:
    """Four stretches, by two workers of one thread each, beside this process, which embeds the whole."""
    clip = repeat(clips["bikes"], tmp_path / "long.mp4", 29)
    params = {"video": {"id": "long", "path": str(clip), "duration_us": 30_000_000, "sha256": "0" * 64}}
    alone = Settings(home=tmp_path / "alone", device="cpu").ensure()
    said: list[str] = []
    many = ray_backend.call("index", params, JobMonitor(lambda fraction, message: said.append(message)))
    with one_thread():  # in what order sums are made depends on how many threads make them
        one = InlineBackend(alone).call("index", params, JobMonitor())
    assert many == one and one.data["frames"] == 60
    made = {path.name: path.read_bytes() for path in (alone.cache / "long").iterdir()}
    kept = ray_backend.settings.cache / "long"
    assert {path.name: path.read_bytes() for path in kept.iterdir() if path.name != "used"} == made
    assert "Indexing (4 stretches side by side)" in said


@pytest.mark.release
def test_videos_that_wait_for_a_graphics_card_are_embedded_together(
    start_cluster: Callable[..., RayCluster], clips: dict[str, Path], tmp_path: Path
) -> None:
    """Ray believes in the card of this node; what it would do is done by the processor."""
    cluster = start_cluster()
    cluster.add(cpus=2, gpus=1)
    settings = Settings(home=tmp_path / "home").ensure()
    backend = backend_on(cluster, settings)
    frames = {}

    def index(name: str) -> None:
        video = {"id": name, "path": str(clips[name]), "duration_us": 4_000_000}
        frames[name] = backend.call("index", {"video": video}, JobMonitor()).data["frames"]

    try:
        threads = [threading.Thread(target=index, args=(name,)) for name in clips]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(1.5)
        status = backend.status()
        assert status["places"] == {"cpu": 1, "gpu": 1, "library": 1}
        assert status["gpu_batches"] < len(clips), "a batch had several videos"
    finally:
        backend.close()
        cluster.end()
    assert frames == {"bikes": 20, "carphone": 9, "bigbuckbunny": 11}
    for name, count in frames.items():
        times = Cache(settings.cache).load_array(name, "thumbnails.npy")
        assert times is not None and times.shape == (2, count)
