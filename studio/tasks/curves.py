"""Curves → segments: the one place where a score over time becomes boundaries."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def smooth(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Centred moving average over `width` (odd) samples along the first axis; the ends are repeated."""
    if width <= 1 or len(values) < 2:
        return values
    half = width // 2
    padded = np.pad(values, [(half, half), *[(0, 0)] * (values.ndim - 1)], mode="edge")
    total = np.cumsum(np.concatenate([np.zeros_like(padded[:1]), padded]), axis=0, dtype=np.float64)
    return ((total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1)).astype(np.float32)


def runs(active: Sequence[bool] | NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Index ranges [i, j) in which `active` holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.asarray(active, bool), [False]])))
    return [(int(i), int(j)) for i, j in zip(edges[::2], edges[1::2], strict=True)]


def segments(
    times_us: NDArray[np.int64],
    scores: NDArray[np.float32],
    *,
    on: float,
    off: float,
    step_us: int,
    shortest_us: int,
    bridge_us: int,
) -> list[tuple[int, int, float]]:
    """(start, end, mean score) where the curve rises above `on`, until it falls below `off` ≤ `on`.

    Each sample speaks for [t, t + step). Pauses shorter than `bridge` are bridged, then segments shorter than
    `shortest` dropped.
    """  # fmt: skip
    joined: list[list[int]] = []
    for i, j in runs(scores >= off):
        if scores[i:j].max() < on:
            continue
        if joined and times_us[i] - (times_us[joined[-1][1] - 1] + step_us) <= bridge_us:
            joined[-1][1] = j
        else:
            joined.append([i, j])
    found = []
    for i, j in joined:
        start, end = int(times_us[i]), int(times_us[j - 1]) + step_us
        if end - start >= shortest_us:
            found.append((start, end, float(scores[i:j].mean())))
    return found
