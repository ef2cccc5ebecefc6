"""Examples that differ most from each other, and from what is known already."""

import numpy as np
import numpy.typing as npt

from studio.models.interfaces import Floats


def k_centre(points: Floats, count: int, known: Floats | None = None) -> list[int]:
    """Which of the unit vectors `points` (N, D) to look at, at most `count`, each farthest by cosine from those before
    it and from `known` (K, D); without `known`, from the one farthest from the mean on.

    Farthest-first traversal, which is within a factor of two of the best cover: Gonzalez, Clustering to minimize the
    maximum intercluster distance, 1985; for active learning: Sener and Savarese, arXiv 1708.00489.
    """
    points = np.asarray(points, np.float32)
    if not len(points):
        return []
    if known is not None and len(known):
        nearest = (points @ np.asarray(known, np.float32).T).max(1)
        chosen = []
    else:
        chosen = [int(np.argmin(points @ points.mean(0)))]
        nearest = points @ points[chosen[0]]
    taken: npt.NDArray[np.bool_] = np.zeros(len(points), bool)
    taken[chosen] = True
    while len(chosen) < min(count, len(points)):
        following = int(np.argmin(np.where(taken, np.inf, nearest)))
        chosen.append(following)
        taken[following] = True
        nearest = np.maximum(nearest, points @ points[following])
    return chosen[:count]
