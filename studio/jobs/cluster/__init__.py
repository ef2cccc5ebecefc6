"""Jobs on a cluster of machines, by Ray (https://ray.io).

`RayBackend` lives in the studio's process and imports no Ray. It talks to a child process, the *driver*, which is
connected to the cluster and may be lost with it (`driver`); that one sends calls to *workers*, actors on the cluster's
nodes, each with a child process of its own that keeps models warm (`worker`), which come from a pool (`pool`).
Files reach workers by folders that both can see, or in pieces by Ray's object store (`files`); long videos are split
(`stretches`).
"""

from studio.jobs.cluster.backend import RayBackend, check_installed
from studio.jobs.cluster.cluster_settings import CLUSTER_FILE, ClusterSettings, read_cluster_settings

__all__ = ["CLUSTER_FILE", "ClusterSettings", "RayBackend", "check_installed", "read_cluster_settings"]
