"""Which nodes get workers. No Ray is needed: a played one has nodes whose workers start when the test says so."""

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from studio.config import Settings
from studio.jobs.backends import studio_executor
from studio.jobs.cluster import ClusterSettings
from studio.jobs.cluster.pool import SLOW_S, Pool
from studio.jobs.cluster.worker import WorkerFacts, versions


class PlayedRay:
    """Nodes by their names, with so many cores each."""

    exceptions = SimpleNamespace(RayError=RuntimeError)
    util = SimpleNamespace(
        scheduling_strategies=SimpleNamespace(NodeAffinitySchedulingStrategy=lambda node, soft: node)
    )

    def __init__(self, **cores: int) -> None:
        self._cores = cores
        self.started: list[str] = []  # the nodes on which workers were asked for
        self.free: set[str] = set()  # the nodes on which they get cores

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(get_node_id=lambda: "head")

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {"NodeID": name, "Alive": True, "NodeManagerHostname": name, "NodeManagerAddress": "10.0.0.1",
             "Resources": {"CPU": count}}
            for name, count in self._cores.items()
        ]  # fmt: skip

    def remote(self, worker: object) -> Any:
        def options(scheduling_strategy: str, **more: object) -> Any:
            def start(*arguments: object) -> Any:
                self.started.append(scheduling_strategy)
                return SimpleNamespace(hello=SimpleNamespace(remote=lambda: scheduling_strategy))

            return SimpleNamespace(remote=start)

        return SimpleNamespace(options=options)

    def wait(self, asked: list[str], timeout: float) -> tuple[list[str], list[str]]:
        there = [node for node in asked if node in self.free]
        return there, [node for node in asked if node not in there]

    def get(self, node: str) -> WorkerFacts:
        return WorkerFacts(node, node, 1, versions())


@pytest.fixture
def ray() -> PlayedRay:
    return PlayedRay(large=8, small=4)


@pytest.fixture
def pool(ray: PlayedRay) -> Pool:
    return Pool(ray, Settings(device="cpu"), ClusterSettings("10.0.0.1:6379", 4), "library", studio_executor)


def test_where_a_worker_gets_no_cores_another_node_is_tried(ray: PlayedRay, pool: Pool) -> None:
    got: list[str] = []
    over = threading.Event()

    def work() -> None:
        with pool.worker("cpu", "index", over.is_set) as worker:
            got.append(worker.node)

    job = threading.Thread(target=work)
    job.start()
    try:
        until(pool, lambda: bool(ray.started))
        for _ in range(3):
            pool.tend()
        assert ray.started == ["large"], "one waits, and one starts"
        assert pool.status()["waiting"][0]["why"] == "workers start"
        pool._handles[0].since -= SLOW_S + 1
        assert pool.status()["waiting"][0]["why"] == "its workers get no cores yet, since others use the cluster"
        for _ in range(3):
            pool.tend()
        assert ray.started == ["large", "small"]
        pool._handles[1].since -= SLOW_S + 1
        pool.tend()
        assert ray.started == ["large", "small"], "not a second one on a node whose cores others hold"
        ray.free.add("small")
        until(pool, lambda: bool(got))
        assert got == ["small"]
    finally:
        over.set()
        job.join()


def until(pool: Pool, true: Any) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "nothing came of it"
        pool.tend()
        time.sleep(0.01)
