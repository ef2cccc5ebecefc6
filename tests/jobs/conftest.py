"""A real cluster of Ray on this machine: a head without cores, and nodes that come and go."""

import contextlib
import os
import secrets
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.config import Settings
from studio.jobs.backends import Executor, studio_executor
from studio.jobs.cluster import ClusterSettings, RayBackend

ROOT = Path(__file__).resolve().parents[2]
STORE_BYTES = 80 * 2**20
# a node that was killed is found dead within seconds, as in a cluster whose nodes are close to each other
SYSTEM = {"health_check_period_ms": 1000, "health_check_timeout_ms": 2000, "health_check_failure_threshold": 5}


class RayCluster:
    """Raylets, each with a folder of its own for what it is sent."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        from ray.cluster_utils import Cluster

        self._folder = folder
        port_of_head = {} if port is None else {"gcs_server_port": port}
        self._cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE_BYTES, "_system_config": SYSTEM,
                **port_of_head,
            },
        )  # fmt: skip
        self.nodes: list[Any] = []

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def add(self, cpus: int = 6, gpus: int = 0) -> Any:
        """A node, whose place for copies is `folder_of(node)`."""
        folder = self._folder / f"node{len(list(self._folder.iterdir()))}"
        folder.mkdir()
        node = self._cluster.add_node(
            num_cpus=cpus, num_gpus=gpus, object_store_memory=STORE_BYTES, include_dashboard=False,
            env_vars={"STUDIO_CLUSTER_CACHE": str(folder), "STUDIO_CLUSTER_CACHE_GB": "0.01"},
        )  # fmt: skip
        node.folder = folder
        self.nodes.append(node)
        return node

    def kill(self, node: Any) -> None:
        """Kill a node at once, with all that runs on it."""
        self.nodes.remove(node)
        self._cluster.remove_node(node, allow_graceful=False)

    def end(self) -> None:
        """Kill all of it."""
        with contextlib.suppress(Exception):
            self._cluster.shutdown()
        self.nodes.clear()


@pytest.fixture(scope="session")
def start_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RayCluster]]:
    """Starts clusters, which end with the tests at the latest."""
    started: list[RayCluster] = []

    def start(port: int | None = None) -> RayCluster:
        started.append(RayCluster(tmp_path_factory.mktemp("nodes"), port))
        return started[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "token")  # Ray reads these when it is imported
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_worker_niceness", "0")  # else they yield to all that runs beside the tests
        patch.setenv("RAY_prestart_worker_first_driver", "0")  # a process for each core of each node, for nobody
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pytest.importorskip("ray", reason="Ray is not installed; it comes with moment-studio[cluster]")
        yield start
        for cluster in started:
            cluster.end()


@pytest.fixture(scope="session")
def ray_cluster(start_cluster: Callable[..., RayCluster]) -> RayCluster:
    """A head and two nodes of six cores, shared by tests that leave it so and take a few of them."""
    cluster = start_cluster()
    for _ in range(2):
        cluster.add()
    return cluster


@pytest.fixture(scope="session")
def ray_backend(ray_cluster: RayCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayBackend]:
    """Two workers that do real jobs, shared since their models take a while to load; stretches are of 16 frames."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), device="cpu")
    short = replace(settings, limits=replace(settings.limits, stretch_frames=16)).ensure()
    made = backend_on(ray_cluster, short, most_workers=2)
    yield made
    made.close()


def backend_on(
    cluster: RayCluster, settings: Settings, executor: Callable[[Settings], Executor] = studio_executor, **more: Any
) -> RayBackend:
    """A RayBackend with workers of one core, four at the most."""
    return RayBackend(settings, ClusterSettings(cluster.address, 1, **{"most_workers": 4, **more}), executor)
