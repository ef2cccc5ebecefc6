"""Vectors in two dimensions: alike ones lie near each other, and new ones find their places without moving the others.

t-SNE (van der Maaten and Hinton, JMLR 2008) as openTSNE does it (Poličar, Stražar and Zupan, Journal of Statistical
Software 2024). New vectors are placed by the same authors' embedding into a reference (Machine Learning 2021): each
begins at the median of its nearest neighbours and is optimized against them alone. Clusters are found by HDBSCAN
(Campello, Moulavi and Sander, PAKDD 2013) among the positions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST = 5  # vectors, below which there is nothing to lay out
AXES = 50  # principal components that are looked at
PERPLEXITY, EARLY, ITERATIONS = 30, 250, 500
NEIGHBOURS, NEW_PERPLEXITY, NEW_ITERATIONS, NEW_EXAGGERATION = 25, 5, 250, 1.5
SLOWEST = 200.0  # learning rate of few vectors, which stay in a heap by the rate of many
BATCH = 5_000  # vectors that are placed at once
SMALLEST_CLUSTER, CLUSTERS = 5, 80  # members of a cluster at least, and about how many clusters there may be
EVERY = 10  # iterations between two words on how far it is

Array = npt.NDArray[np.float32]
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Layout:
    """Vectors that have their places, and what places others among them.

    `mean` (D,) and `axes` (A, D) turn a vector into A numbers, `vectors` (M, A) are those of the ones laid out,
    `positions` (M, 2) where they lie, around (0, 0), and `clusters` (M,) int16 the number of each one's cluster, the
    largest first; -1 is none.
    """

    mean: Array
    axes: Array
    vectors: Array
    positions: Array
    clusters: npt.NDArray[np.int16]


def lay_out(vectors: Array, progress: Progress = lambda share: None) -> Layout:
    """The places of vectors (M, D), M at least LEAST. The same vectors get the same places.

    `progress` gets the share that is done, and may raise to stop. Raises ValueError for too few vectors.
    """
    from openTSNE import TSNEEmbedding, affinity, initialization  # only where it is used: scikit-learn comes with it

    if vectors.ndim != 2 or len(vectors) < LEAST:
        raise ValueError(f"vectors must be (M, D) with M at least {LEAST}, not {vectors.shape}.")
    mean = vectors.mean(0, dtype=np.float32)
    axes = _axes(vectors - mean)
    small = (vectors - mean) @ axes.T
    progress(0.02)
    perplexity = min(PERPLEXITY, (len(small) - 1) / 3)
    alike = affinity.PerplexityBasedNN(small, perplexity=perplexity, random_state=0)
    progress(0.2)
    embedding = TSNEEmbedding(initialization.pca(small, random_state=0), alike, random_state=0)
    done = 0
    for count, exaggeration, momentum in ((EARLY, 12.0, 0.5), (ITERATIONS, 1.0, 0.8)):
        embedding = embedding.optimize(
            count, exaggeration=exaggeration, momentum=momentum, callbacks_every_iters=EVERY,
            learning_rate=max(SLOWEST, len(small) / exaggeration), callbacks=_told(progress, 0.2, 0.95, done),
        )  # fmt: skip
        done += count
    positions = np.asarray(embedding, np.float64)
    positions = (positions - (positions.max(0) + positions.min(0)) / 2).astype(np.float32)
    clusters = _clusters(positions)
    progress(1.0)
    return Layout(mean, axes, small.astype(np.float32), positions, clusters)


def place(
    layout: Layout, vectors: Array, progress: Progress = lambda share: None
) -> tuple[Array, npt.NDArray[np.int16]]:
    """The positions (N, 2) of new vectors (N, D) in a layout, which stays as it is, and the clusters (N,) around them.
    Where one lies does not depend on what else is placed."""
    positions = np.zeros((len(vectors), 2), np.float32)
    for start in range(0, len(vectors), BATCH):
        progress(start / len(vectors))
        positions[start : start + BATCH] = _placed(layout, vectors[start : start + BATCH])
    return positions, _clusters_around(layout, positions)


def _placed(layout: Layout, vectors: Array) -> Array:
    from openTSNE import PartialTSNEEmbedding, TSNEEmbedding, affinity, initialization
    from scipy.sparse import identity
    from sklearn.neighbors import NearestNeighbors

    small = ((vectors - layout.mean) @ layout.axes.T).astype(np.float32)
    known = len(layout.positions)
    distances, near = (
        NearestNeighbors(n_neighbors=min(NEIGHBOURS, known), algorithm="brute").fit(layout.vectors).kneighbors(small)
    )
    few = min(known, 3 * NEW_PERPLEXITY)
    probabilities = affinity.joint_probabilities_nn(
        near[:, :few], distances[:, :few], [min(NEW_PERPLEXITY, few / 3)], symmetrize=False,
        normalization="point-wise", n_reference_samples=known,
    )  # fmt: skip
    unasked = affinity.PrecomputedAffinities(identity(known, format="csr"))  # how alike those are that stay
    reference = TSNEEmbedding(layout.positions, unasked)
    begun = initialization.median(reference, near)
    # by Barnes and Hut's tree: interpolation would make a grid over all new ones, whose places would depend on it
    partial = PartialTSNEEmbedding(begun, reference, P=probabilities, negative_gradient_method="bh")
    return np.asarray(
        partial.optimize(
            NEW_ITERATIONS, learning_rate=0.1, exaggeration=NEW_EXAGGERATION, momentum=0.8, max_grad_norm=0.25
        ),
        np.float32,
    )


def _told(progress: Progress, start: float, end: float, done: int) -> Callable[[int, float, object], bool]:
    total = EARLY + ITERATIONS

    def told(iteration: int, error: float, embedding: object) -> bool:
        progress(start + (end - start) * (done + iteration) / total)
        return False

    return told


def _axes(centred: Array) -> Array:
    """The principal axes (A, D) of vectors around 0, those with the most variance first."""
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    return np.ascontiguousarray(axes[:, ::-1][:, :AXES].T, np.float32)


def _clusters(positions: Array) -> npt.NDArray[np.int16]:
    from sklearn.cluster import HDBSCAN

    smallest = max(SMALLEST_CLUSTER, len(positions) // CLUSTERS)
    if len(positions) < 2 * smallest:
        return np.full(len(positions), -1, np.int16)
    found = HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(positions.astype(np.float64))
    names, counts = np.unique(found[found >= 0], return_counts=True)
    renamed = {old: new for new, old in enumerate(names[np.argsort(-counts, kind="stable")])}
    return np.array([renamed.get(each, -1) for each in found], np.int16)


def _clusters_around(layout: Layout, positions: Array) -> npt.NDArray[np.int16]:
    """The cluster of the nearest vector that has one among those laid out, or none where that has none."""
    from sklearn.neighbors import KDTree

    if not len(positions):
        return np.zeros(0, np.int16)
    nearest = KDTree(layout.positions).query(positions, return_distance=False)[:, 0]
    around: npt.NDArray[np.int16] = layout.clusters[nearest]
    return around
