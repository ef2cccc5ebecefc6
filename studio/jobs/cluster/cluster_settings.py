"""What a library says of its cluster: cluster.toml in its folder."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

from studio.config import Settings
from studio.errors import UsageError

CLUSTER_FILE = "cluster.toml"
LOCAL = "auto"  # the address that starts a cluster of this machine alone
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):\d{1,5}")
_KEYS = {"cpus_per_worker", "most_workers", "idle_s", "folders", "node"}
_MOST = 100_000
Folders = Mapping[str, str]  # a folder of this machine → where a node has it


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """`address` is HOST:PORT of a cluster's head, or `auto`. `cpus_per_worker`: so many cores each worker takes, where
    a node has them; `most_workers`: so many at once, and `idle_s`: a worker that had no job for so long ends, which
    leaves cores for others who use the cluster. `folders` says where nodes have folders of this machine, `node_folders`
    where a node has them that is named by its host name or its address."""

    address: str
    cpus_per_worker: int = 4
    most_workers: int = 10_000
    idle_s: int = 300
    folders: Folders = field(default_factory=dict)
    node_folders: Mapping[str, Folders] = field(default_factory=dict)

    def of_node(self, *names: str) -> dict[str, str]:
        """The folders of one node, by its host name and its address; what is said of it overrules what is said of all
        of them."""
        own = [self.node_folders[name] for name in names if name in self.node_folders]
        return {**self.folders, **{here: there for folders in own for here, there in folders.items()}}


def on_node(path: str, folders: Folders) -> str:
    """The path under which a node has a file of this machine, by the longest folder that holds it; without one the path
    itself, since many clusters mount folders at one place everywhere."""
    for here in sorted(folders, key=len, reverse=True):
        try:
            rest = PurePath(path).relative_to(here)
        except ValueError:
            continue
        there = folders[here]
        windows = "\\" in there or re.match(r"[A-Za-z]:", there)
        return str((PureWindowsPath if windows else PurePath)(there, *rest.parts))
    return path


def read_cluster_settings(settings: Settings) -> ClusterSettings:
    """The cluster of a library whose settings name one. Raises UsageError."""
    address = settings.cluster
    if address != LOCAL and not _ADDRESS.fullmatch(address):
        raise UsageError(
            f"“{address}” is no address of a cluster; use HOST:PORT, as `ray start --head` prints it, or {LOCAL}."
        )
    file = settings.home / CLUSTER_FILE
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ClusterSettings(address)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"“{file}” cannot be read as text; check the file and its permissions.") from error
    try:
        return _parsed(address, tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise UsageError(f"“{file}” cannot be used: {error}; docs/cluster.md has an example.") from error


def _parsed(address: str, said: Mapping[str, Any]) -> ClusterSettings:
    """Raises ValueError."""
    if unknown := sorted(said.keys() - _KEYS):
        raise ValueError(f"it says “{unknown[0]}”, and only {', '.join(sorted(_KEYS))} are known")
    numbers = {name: said[name] for name in ("cpus_per_worker", "most_workers", "idle_s") if name in said}
    for name, number in numbers.items():
        if type(number) is not int or not 1 <= number <= _MOST:
            raise ValueError(f"{name} is a whole number from 1 to {_MOST:,}")
    nodes = said.get("node", {})
    if not isinstance(nodes, dict) or not all(isinstance(each, dict) for each in nodes.values()):
        raise ValueError("the folders of a node stand in a table like [node.gpu1.folders]")
    for name, node in nodes.items():
        if node.keys() != {"folders"}:
            raise ValueError(f"[node.{name}] has nothing but folders")
    of_nodes = {name: _folders(node["folders"]) for name, node in nodes.items()}
    return ClusterSettings(address, folders=_folders(said.get("folders", {})), node_folders=of_nodes, **numbers)


def _folders(said: object) -> dict[str, str]:
    if not isinstance(said, dict) or not all(isinstance(there, str) and there for there in said.values()):
        raise ValueError('folders are lines like "/here" = "/there"')
    for here in said:
        if not Path(here).is_absolute():
            raise ValueError(f"the folder “{here}” of this machine must be named in full")
    return dict(said)
