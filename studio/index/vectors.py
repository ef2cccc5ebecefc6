"""Embeddings of sampled frames on disk, and exact search over them.

Half precision, memory-mapped, one pair of files a video and encoder. Scores are cosines, since vectors are unit length.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.index.cache import Cache


@dataclass(frozen=True, slots=True)
class Features:
    """The sampled frames of one video: times (N,) int64 µs ascending, vectors (N, D) float16 unit length."""

    times_us: NDArray[np.int64]
    vectors: NDArray[np.float16]

    def __post_init__(self) -> None:
        if len(self.times_us) != len(self.vectors):
            raise ValueError("one time a vector")

    def similarity(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine of each frame with a unit query (D,) → (N,)."""
        import torch  # only where it is used: the web server imports this room and never searches itself

        # numpy's own half-precision product is ten times slower than torch's; the copy is of one video only
        vectors = torch.from_numpy(np.array(self.vectors))
        product = vectors @ torch.from_numpy(np.asarray(query, np.float32)).to(torch.float16)
        return product.to(torch.float32).numpy()


@dataclass(frozen=True, slots=True)
class FrameHit:
    """The best frame of a video for a query."""

    video_id: str
    time_us: int
    score: float


class Vectors:
    """The embeddings of a library, for one encoder at a time."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def put(self, video_id: str, encoder: str, features: Features) -> None:
        """Keep a video's features; replaces what was there for this encoder."""
        name = _file_name(encoder)
        self.cache.save_array(video_id, f"{name}.vectors.npy", np.asarray(features.vectors, np.float16))
        # the times come last: their presence says that the pair is complete
        self.cache.save_array(video_id, f"{name}.times.npy", np.asarray(features.times_us, np.int64))

    def get(self, video_id: str, encoder: str) -> Features | None:
        """A video's features, memory-mapped; None when it is not indexed with this encoder."""
        name = _file_name(encoder)
        times = self.cache.load_array(video_id, f"{name}.times.npy")
        vectors = self.cache.load_array(video_id, f"{name}.vectors.npy")
        if times is None or vectors is None or len(times) != len(vectors) or len(times) == 0:
            return None
        return Features(times, vectors)

    def has(self, video_id: str, encoder: str) -> bool:
        return self.cache.has(video_id, f"{_file_name(encoder)}.times.npy")

    def search(
        self, encoder: str, query: NDArray[np.float32], video_ids: Iterable[str], top: int
    ) -> list[tuple[FrameHit, Features, NDArray[np.float32]]]:
        """The `top` videos by their best frame, each with its features and whole similarity curve."""
        found = [
            (
                FrameHit(video_id, int(features.times_us[best := int(curve.argmax())]), float(curve[best])),
                features,
                curve,
            )
            for video_id, features in self._present(encoder, video_ids)
            for curve in [features.similarity(query)]
        ]
        found.sort(key=lambda item: -item[0].score)
        return found[:top]

    def _present(self, encoder: str, video_ids: Iterable[str]) -> Iterator[tuple[str, Features]]:
        for video_id in video_ids:
            features = self.get(video_id, encoder)
            if features is not None:
                yield video_id, features


def _file_name(encoder: str) -> str:
    return "frames-" + re.sub(r"[^A-Za-z0-9.]+", "-", encoder)
