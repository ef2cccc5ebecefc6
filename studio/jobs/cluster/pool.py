"""Workers on the nodes of a cluster, started where there is room and somebody waits, and given to one job at a time."""

import contextlib
import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from studio.config import Settings
from studio.errors import Cancelled
from studio.jobs.backends import Executor
from studio.jobs.cluster.cluster_settings import ClusterSettings
from studio.jobs.cluster.worker import Worker, WorkerFacts, versions

Resource = Literal["cpu", "gpu", "library"]
CALLS_AT_ONCE = 4  # of one worker: the end of a job must be heard while pieces of files come
SLOW_S = 30.0  # a worker that did not start by then waits for a place
REFUSED_S = 60.0  # until a node is tried again whose worker did not start
WAIT_S = 0.5
log = logging.getLogger(__name__)


@dataclass(eq=False)
class Handle:
    """A worker, seen from the driver."""

    actor: Any
    resource: Resource
    node: str
    facts: WorkerFacts | None = None  # None: it is not there yet
    hello: Any = None
    job: str = ""  # the kind of what it does
    models: list[str] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)  # it starts, works, or is idle

    @property
    def is_late(self) -> bool:
        """Whether it should be there by now: others may have the cores of its node."""
        return self.facts is None and self.since < time.monotonic() - SLOW_S


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster as Ray tells of it."""

    id: str
    name: str
    address: str
    cpus: float
    gpus: float
    memory: int

    @classmethod
    def of(cls, said: dict[str, Any]) -> "Node":
        """From an entry of `ray.nodes()`."""
        has = said["Resources"]
        facts = said["NodeManagerHostname"], said["NodeManagerAddress"]
        return cls(said["NodeID"], *facts, has.get("CPU", 0.0), has.get("GPU", 0.0), int(has.get("memory", 0)))


class Pool:
    """The workers of one library on a cluster. `tend` must be called every moment, by one thread."""

    def __init__(
        self,
        ray: Any,
        settings: Settings,
        cluster: ClusterSettings,
        library: str,
        executor: Callable[[Settings], Executor],
    ) -> None:
        self._ray, self._settings, self._cluster, self._library = ray, settings, cluster, library
        self._executor = executor
        self._remote = ray.remote(Worker)
        self._versions = versions()
        self._changed = threading.Condition()
        self._handles: list[Handle] = []
        self._line: list[tuple[int, Resource, str]] = []  # who waits: number, for what, which kind of job
        self._numbers = itertools.count()
        self._refused: dict[str, tuple[float, str]] = {}  # node → until when, why
        self.here = ray.get_runtime_context().get_node_id()
        self.nodes: dict[str, Node] = {}
        self.look()

    # ------------------------------------------------------------------ what there is

    def look(self) -> None:
        """Ask which nodes there are. Raises what Ray raises where the cluster does not answer."""
        alive = {each["NodeID"]: Node.of(each) for each in self._ray.nodes() if each["Alive"]}
        with self._changed:
            self.nodes = alive
            lost = [handle for handle in self._handles if handle.node not in alive and not handle.job]
            for handle in lost:
                self._handles.remove(handle)
            self._changed.notify_all()

    def places(self, resource: Resource) -> dict[str, int]:
        """How many workers of a kind each node holds, by its id."""
        if resource == "library":
            return {self.here: 1}
        if resource == "gpu":
            return {node.id: int(node.gpus) for node in self.nodes.values() if node.gpus >= 1}
        each, free = self._cpus(), {node.id: self._beside_gpus(node) for node in self.nodes.values()}
        return {node: cpus // each for node, cpus in free.items() if cpus >= each}

    def _cpus(self) -> int:
        """Cores of a worker: as many as were asked for, or as the largest node has."""
        most = max((self._beside_gpus(node) for node in self.nodes.values()), default=1)
        return max(1, min(self._cluster.cpus_per_worker, most))

    def _cpus_of_gpu(self, node: Node) -> int:
        """Cores of a worker with a graphics card, for which others decode: no more than half of its share."""
        return max(1, min(self._cluster.cpus_per_worker, int(node.cpus / node.gpus / 2)))

    def _beside_gpus(self, node: Node) -> int:
        """Cores that workers with graphics cards leave."""
        return int(node.cpus) - (int(node.gpus) * self._cpus_of_gpu(node) if node.gpus >= 1 else 0)

    def capacity(self, resource: Resource) -> int:
        """How many workers of a kind there may be."""
        return min(sum(self.places(resource).values()), self._cluster.most_workers)

    # ------------------------------------------------------------------ one job at a time

    @contextlib.contextmanager
    def worker(
        self, resource: Resource, kind: str, cancelled: Callable[[], bool], near: Sequence[str] = ()
    ) -> Iterator[Handle]:
        """A worker for one job, when it is its turn; one on a node of `near` if that is free. A worker whose job raises
        what Ray raises is given up. Raises Cancelled."""
        handle = self._wait(resource, kind, cancelled, near)
        try:
            yield handle
        except self._ray.exceptions.RayError:
            self.give_up(handle)
            raise
        finally:
            with self._changed:
                handle.job, handle.since = "", time.monotonic()
                self._changed.notify_all()

    def _wait(self, resource: Resource, kind: str, cancelled: Callable[[], bool], near: Sequence[str]) -> Handle:
        ticket = next(self._numbers), resource, kind
        with self._changed:
            self._line.append(ticket)
            try:
                while True:
                    if cancelled():
                        raise Cancelled("Cancelled.")
                    first = next(each for each in self._line if each[1] == resource)
                    idle = [h for h in self._handles if h.resource == resource and h.facts and not h.job]
                    if idle and first == ticket:
                        # the one that worked last is the warmest
                        chosen = max(idle, key=lambda h: (h.node in near, h.since))
                        chosen.job, chosen.since = kind, time.monotonic()
                        return chosen
                    self._changed.wait(WAIT_S)
            finally:
                self._line.remove(ticket)
                self._changed.notify_all()

    def give_up(self, handle: Handle) -> None:
        """End a worker, or forget one that is gone."""
        with self._changed:
            if handle in self._handles:
                self._handles.remove(handle)
        with contextlib.suppress(Exception):  # it may be gone with its node
            self._ray.kill(handle.actor)

    # ------------------------------------------------------------------ starting and ending workers

    def tend(self) -> None:
        """Welcome workers that started, start those that are waited for, end those that nobody needs."""
        self._welcome()
        with self._changed:
            waiting = Counter(resource for _, resource, _ in self._line)
            wanted = [resource for resource in waiting for _ in range(self._lacking(resource, waiting[resource]))]
            idle_since = time.monotonic() - self._cluster.idle_s
            idle = [h for h in self._handles if h.facts and not h.job and h.since < idle_since]
        for handle in idle:
            self.give_up(handle)
        for resource in wanted:
            self._start(resource)

    def _lacking(self, resource: Resource, waiting: int) -> int:
        """How many workers more could be used now. Nobody counts on those that are late."""
        own = [handle for handle in self._handles if handle.resource == resource]
        return max(0, waiting - sum(not handle.job and not handle.is_late for handle in own))

    def _start(self, resource: Resource) -> None:
        """One worker, on the node with most room for it; none where no node has room, or only such on which one is
        late."""
        late = {handle.node for handle in self._handles if handle.resource == resource and handle.is_late}
        taken = Counter(handle.node for handle in self._handles if handle.resource == resource)
        now = time.monotonic()
        free = {
            node: places - taken[node]
            for node, places in self.places(resource).items()
            if places > taken[node] and node not in late and now > self._refused.get(node, (0.0, ""))[0]
        }
        if not free or taken.total() >= self._cluster.most_workers:
            return
        node = max(free, key=lambda each: free[each])
        strategies = self._ray.util.scheduling_strategies
        settings = self._settings if resource == "gpu" else replace(self._settings, device="cpu")
        cpus = 0
        if resource != "library":
            cpus = self._cpus() if resource == "cpu" else self._cpus_of_gpu(self.nodes[node])
        actor = self._remote.options(
            num_cpus=cpus,
            num_gpus=int(resource == "gpu"),
            max_concurrency=CALLS_AT_ONCE,
            max_restarts=0,
            scheduling_strategy=strategies.NodeAffinitySchedulingStrategy(node, soft=False),
        ).remote(
            self._settings if resource == "library" else settings,
            self._cluster, self._library, node == self.here, self._executor,
        )  # fmt: skip
        handle = Handle(actor, resource, node, hello=actor.hello.remote())
        with self._changed:
            self._handles.append(handle)

    def _welcome(self) -> None:
        for handle in [handle for handle in self._handles if handle.facts is None]:
            if not self._ray.wait([handle.hello], timeout=0)[0]:
                continue
            try:
                facts: WorkerFacts = self._ray.get(handle.hello)
                problem = self._difference(facts)
            except Exception as error:  # whatever a node lacks, it is said of that node
                log.warning("a worker did not start", exc_info=error)
                facts, problem = None, f"A worker does not start there ({type(error).__name__}); see Ray's log."  # type: ignore[assignment]
            if problem:
                self._refused[handle.node] = time.monotonic() + REFUSED_S, problem
                self.give_up(handle)
                continue
            with self._changed:
                self._refused.pop(handle.node, None)
                handle.facts, handle.since = facts, time.monotonic()
                self._changed.notify_all()

    def _difference(self, facts: WorkerFacts) -> str:
        """A sentence on what is another version there than here; empty where nothing is."""
        for name, here in self._versions.items():
            there = facts.versions.get(name, "none")
            if there != here:
                return f"It has {name} {there}, and this machine {here}; install the same on both."
        return ""

    # ------------------------------------------------------------------ for people

    def status(self) -> dict[str, Any]:
        """`nodes` with their workers, and what is `waiting` and why, as plain values."""
        with self._changed:
            handles, line = list(self._handles), list(self._line)
            refused = {node: why for node, (until, why) in self._refused.items() if until > time.monotonic()}
        nodes = []
        for node in self.nodes.values():
            own = [handle for handle in handles if handle.node == node.id]
            nodes.append({
                "name": node.name, "address": node.address, "here": node.id == self.here, "cpus": int(node.cpus),
                "gpus": int(node.gpus), "memory": node.memory, "problem": refused.get(node.id, ""),
                "workers": len(own), "busy": [handle.job for handle in own if handle.job],
                "models": sorted({model for handle in own for model in handle.models}),
            })  # fmt: skip
        kinds = Counter((resource, kind) for _, resource, kind in line)
        waiting = [
            {"kind": kind, "count": count, "why": self._why(resource, handles)}
            for (resource, kind), count in kinds.items()
        ]
        return {"nodes": sorted(nodes, key=lambda each: (not each["here"], each["name"])), "waiting": waiting}

    def _why(self, resource: Resource, handles: Sequence[Handle]) -> str:
        own = [handle for handle in handles if handle.resource == resource]
        if not (places := self.capacity(resource)):
            return "no node has a core for it" if resource == "cpu" else "no node has a graphics card"
        starting = [handle for handle in own if handle.facts is None]
        if starting and all(handle.is_late for handle in starting):
            return "its workers get no cores yet, since others use the cluster"
        if starting or len(own) < places:
            return "workers start"
        return f"all {places} workers for it are busy" if places > 1 else "the worker for it is busy"
