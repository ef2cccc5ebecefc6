"""A video's patches down to a few that stand for the rest (CenterCLIP: Zhao et al., SIGIR 2022, arXiv 2205.00823).

Deterministic and without parameters: k-medoids with seeds far from each other, or the same in the space of a graph's
slowest vibrations. Nothing here knows about networks: points in, indices out.
"""

from dataclasses import dataclass
from typing import Literal

import torch

Method = Literal["k-medoids", "spectral"]
ROUNDS = 100
SIGMA = 2.0


@dataclass(frozen=True)
class Clusters:
    """`medoids` int64 (S, K), ascending; `assigned` int64 (S, n): which of them each point belongs to."""

    medoids: torch.Tensor
    assigned: torch.Tensor


def cluster(
    points: torch.Tensor,
    count: int,
    method: Method = "k-medoids",
    *,
    norm: float = 2.0,
    unit: bool = False,
    neighbours: int | None = None,
) -> Clusters:
    """S sets of n points (S, n, D), each into `count` clusters, in the points' order and the same every time.

    `norm` is the p of the distance, `unit` makes points unit length first. "spectral" links each point with its
    `neighbours` nearest (default: all) and clusters the graph. Raises ValueError unless 1 ≤ count ≤ n.
    """
    if points.ndim != 3 or not 1 <= count <= points.shape[1]:
        raise ValueError(
            f"Cannot make {count} clusters of points {tuple(points.shape)}; give (S, n, D) with n ≥ count."
        )
    points = points.float()
    lengths = points.norm(dim=2)
    if method == "spectral":
        points = torch.stack([spectrum(each, count, neighbours) for each in points])
        lengths = points.norm(dim=2)
    elif unit:
        points = torch.nn.functional.normalize(points, dim=2)
    distance = torch.cdist(points, points, p=norm)
    return _medoids(distance, _seeds(distance, lengths, count))


def _seeds(distance: torch.Tensor, lengths: torch.Tensor, count: int) -> torch.Tensor:
    """Katsavounidis–Kuo–Zhang: the longest point, then always the one farthest from all so far: int64 (S, count).

    Lengths are those before any normalisation: afterwards they differ by rounding only.
    """
    chosen = [lengths.argmax(1)]
    rows = torch.arange(len(distance), device=distance.device)
    nearest = distance[rows, chosen[0]]
    for _ in range(count - 1):
        chosen.append(nearest.argmax(1))
        nearest = torch.minimum(nearest, distance[rows, chosen[-1]])
    return torch.stack(chosen, 1)


def _medoids(distance: torch.Tensor, medoids: torch.Tensor) -> Clusters:
    """Assign and re-centre until nothing moves."""
    sets, n, count = *distance.shape[:2], medoids.shape[1]
    # All negative, and each point nearest to itself, so that a cluster keeps its medoid even among equal points.
    own = torch.eye(n, device=distance.device)
    shifted = distance - distance.amax((1, 2), keepdim=True) - 1 - own
    medoids = medoids.sort(1).values
    for _ in range(ROUNDS):
        assigned = _nearest(shifted, medoids)
        member = torch.nn.functional.one_hot(assigned, count).transpose(1, 2).to(shifted.dtype)
        inside = (member @ shifted).masked_fill(member == 0, torch.inf)
        moved = inside.argmin(2).sort(1).values
        if torch.equal(moved, medoids):
            break
        medoids = moved
    assert medoids.shape == (sets, count)
    return Clusters(medoids, _nearest(shifted, medoids))


def _nearest(shifted: torch.Tensor, medoids: torch.Tensor) -> torch.Tensor:
    rows = shifted.gather(1, medoids[:, :, None].expand(-1, -1, shifted.shape[2]))
    return rows.argmin(1)


def spectrum(points: torch.Tensor, count: int, neighbours: int | None = None, sigma: float = SIGMA) -> torch.Tensor:
    """Points (n, D) → rows of the `count` slowest vectors of their graph (n, count), unit length.

    Edges exp(−d²/2σ²) between points of which one is among the other's nearest; the symmetric normalised Laplacian,
    in double precision because far points' edges vanish in single. It is symmetric and has no negative eigenvalue,
    so its eigenvectors are its singular vectors. Each one's sign is the one most of its mass has (Bro et al. 2008).
    """
    n = len(points)
    x = points.double()
    distance = torch.cdist(x, x)
    edges = torch.exp(-(distance**2) / (2 * sigma**2)).fill_diagonal_(0)
    if neighbours is not None and neighbours < n - 1:
        near = distance.clone().fill_diagonal_(torch.inf).topk(neighbours, largest=False).indices
        linked = torch.zeros_like(edges, dtype=torch.bool).scatter_(1, near, True)
        edges = edges * (linked | linked.T)
    scale = edges.sum(1).clamp_min(torch.finfo(edges.dtype).tiny).rsqrt()
    laplacian = torch.eye(n, dtype=x.dtype, device=x.device) - scale[:, None] * edges * scale
    slow = torch.linalg.eigh(laplacian).eigenvectors[:, :count].flip(1)
    sign = (slow.sign() * slow**2).sum(0).sign()
    return torch.nn.functional.normalize(slow * torch.where(sign == 0, 1.0, sign), dim=1).float()


def neighbours_for(frames: int, patches: int) -> int:
    """How many neighbours the paper's graph has in a segment of `frames` frames of `patches` patches each."""
    return 5 * frames + (5 if patches >= 100 else 0)
