"""Where a boundary of a video may lie."""

from collections.abc import Callable

import numpy as np

from studio.index.cache import Cache


def frame_edges(cache: Cache, video: str, duration_us: int) -> Callable[[int], int]:
    """A function that moves a time (µs) to the nearest frame edge of a video: the start of a frame, or its end. Of what
    has no frames, or while they are not known, a time within the video stays. The table of frames is read once."""
    table = cache.load_array(video, "pts.npy")

    def nearest(time_us: int) -> int:
        if table is None or not len(table):
            return min(time_us, duration_us)
        k = int(np.searchsorted(table, time_us))
        near = [*table[max(0, k - 1) : k + 1], duration_us]
        return int(min(near, key=lambda edge: abs(int(edge) - time_us)))

    return nearest
