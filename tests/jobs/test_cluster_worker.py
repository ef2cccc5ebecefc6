"""A worker of a cluster, seen from inside: what it touches on its node, and how its jobs end. No Ray is needed."""

import platform
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio.config import Settings
from studio.index import Cache
from studio.jobs import JobMonitor, JobResult
from studio.jobs.backends import studio_executor
from studio.jobs.cluster import ClusterSettings
from studio.jobs.cluster.worker import Assignment, Event, Worker


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a node for what it is sent."""
    context = SimpleNamespace(get_node_id=lambda: "n1")
    util = SimpleNamespace(get_node_ip_address=lambda: "10.0.0.2")
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(get_runtime_context=lambda: context, util=util))
    monkeypatch.setenv("STUDIO_CLUSTER_CACHE", str(tmp_path / "node"))
    return tmp_path / "node"


def worker(settings: Settings) -> Worker:
    return Worker(settings, ClusterSettings("10.0.0.1:6379"), "library", False, studio_executor)


def test_a_worker_elsewhere_leaves_alone_what_the_library_has(node: Path, tmp_path: Path) -> None:
    """A node may see the library's folders under the names that they have there."""
    place = tmp_path / "fast" / "moment-studio-1"
    settings = Settings(home=tmp_path / "home", cache_folder=place, cache_root=tmp_path / "fast", vectors="s3://x")
    Cache(place).write("v1", "frames.bin", b"kept")
    made = worker(settings)
    made.prepare(Assignment("index", {}, [], {}, [], []))
    made.end()
    assert Cache(place).path("v1", "frames.bin").read_bytes() == b"kept"
    own = made._settings
    assert own.cache.is_relative_to(node) and (own.cache_root, own.vectors) == (None, "")


def test_a_job_ends_whatever_happens_to_it(node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = worker(Settings(home=tmp_path / "home"))

    def fail(kind: str, params: dict[str, Any], monitor: JobMonitor) -> JobResult:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(made._backend, "call", fail)
    made.begin(Assignment("index", {}, [], {}, [], []))
    events: list[Event] = []
    deadline = time.monotonic() + 10
    while not events and time.monotonic() < deadline:
        events = made.events(0)[0]
    disk = f"the disk of {platform.node()}"
    assert events == [("error", "JobError", f"There is no room on {disk}; free some and try again.")]
