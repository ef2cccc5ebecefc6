"""Which moments differ most, so that few of them show what there is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.index import Features
from studio.models.detection import k_centre
from studio.tasks.context import TaskContext
from studio.tasks.query import encoder_key

Moment = tuple[str, int, int]  # video, start_us, end_us


def most_different(context: TaskContext, pool: Sequence[Moment], known: Sequence[Moment], count: int) -> list[int]:
    """The numbers of at most `count` moments of the `pool`, each as unlike those before it and the `known` ones as can
    be, by the mean of its frames; those of videos that are not indexed come last. Raises ModelUnavailable."""
    key = encoder_key(context.model("text_video"))
    kept: dict[str, Features | None] = {}

    def vector(moment: Moment) -> NDArray[np.float32] | None:
        video, start, end = moment
        if video not in kept:
            kept[video] = context.features.whole(video, key)
        features = kept[video]
        if features is None or not len(features.times_us):
            return None
        low, high = np.searchsorted(features.times_us, [start, end]).tolist()
        low = min(low, len(features.times_us) - 1)
        mean = features.vectors[low : max(high, low + 1)].astype(np.float32).mean(0)
        unit: NDArray[np.float32] = mean / max(float(np.linalg.norm(mean)), 1e-6)
        return unit

    found = {k: each for k, moment in enumerate(pool) if (each := vector(moment)) is not None}
    before = [each for moment in known if (each := vector(moment)) is not None]
    order = list(found)
    points = np.stack(list(found.values())) if found else np.zeros((0, 1), np.float32)
    chosen = [order[k] for k in k_centre(points, count, np.stack(before) if before else None)]
    rest = [k for k in range(len(pool)) if k not in found]
    return [*chosen, *rest][:count]
