"""A library of made-up embeddings, whose nearest videos a plain product finds too."""

from pathlib import Path

import numpy as np
import pytest

from studio.index import Cache, Features, FeatureStore

ENCODER = "lite@1"
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def unit(n: int, seed: int, d: int = 32) -> Floats:
    v = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return np.asarray(v / np.linalg.norm(v, axis=1, keepdims=True), np.float32)


class Library:
    """`truth` has the embeddings of every video that was put."""

    def __init__(self, root: Path) -> None:
        self.store = FeatureStore(Cache(root))
        self.truth: dict[str, Floats] = {}

    def put(self, video: str, rows: int, seed: int) -> None:
        self.truth[video] = unit(rows, seed).astype(np.float16).astype(np.float32)
        times = np.arange(rows, dtype=np.int64) * 1_000_000
        self.store.put(video, ENCODER, Features(times, self.truth[video].astype(np.float16)))

    def expected(self, query: Floats, videos: list[str], top: int) -> list[str]:
        best = {v: float((self.truth[v] @ query).max()) for v in videos if v in self.truth}
        return sorted(best, key=lambda v: -best[v])[:top]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    made = Library(tmp_path)
    for i in range(30):
        made.put(f"v{i}", 10 + i, seed=i)
    return made
