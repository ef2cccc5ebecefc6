"""Embeddings of the sampled frames of each video on disk: half precision, memory-mapped, one pair of files an encoder.

Scores are cosines, since vectors are unit length.
"""

import functools
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.errors import JobError
from studio.index.cache import Cache
from studio.platform import files

_HEADER = 128  # bytes before the numbers in a .npy file of ours
_TIME_BYTES, _VALUE_BYTES = 8, 2


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

        vectors = torch.from_numpy(self.vectors)  # numpy's own half-precision product is ten times slower
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # a fraction of a millisecond: a second thread would only be waited for
        try:
            product = vectors @ torch.from_numpy(np.asarray(query, np.float32)).to(torch.float16)
        finally:
            torch.set_num_threads(threads)
        return product.to(torch.float32).numpy()


class FeatureStore:
    """The embeddings of each video, for one encoder at a time."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def put(self, video_id: str, encoder: str, features: Features, partial: bool = False) -> None:
        """Keep a video's features; replaces what was there for this encoder. What is `partial` is found by searches
        already, but the video is not indexed yet. Raises JobError for vectors with numbers that are none."""
        name, vectors = file_name(encoder), np.asarray(features.vectors, np.float16)
        if not np.isfinite(vectors).all():  # such a row would be in the way of every search
            raise JobError(
                "The model gave numbers that are none for some frames of this video; start the studio with "
                "--device cpu, or choose another model."
            )
        if partial:
            self.cache.write(video_id, f"{name}.partial", b"")
        self.cache.save_array(video_id, f"{name}.vectors.npy", vectors)
        # the times come last: their presence says that the pair is complete
        self.cache.save_array(video_id, f"{name}.times.npy", np.asarray(features.times_us, np.int64))
        if not partial:
            files.remove(self.cache.path(video_id, f"{name}.partial"))
        self.cache.note_change()

    def get(self, video_id: str, encoder: str) -> Features | None:
        """A video's features, memory-mapped, also those of a part; None when there are none of this encoder."""
        vectors = self.cache.load_array(video_id, f"{file_name(encoder)}.vectors.npy")
        times = self.times(video_id, encoder)
        if times is None or vectors is None or len(times) != len(vectors) or len(times) == 0:
            return None
        return Features(times, vectors)

    def whole(self, video_id: str, encoder: str) -> Features | None:
        """The same, but not of a part: for all that speaks of when something begins and ends."""
        return None if self.is_partial(video_id, encoder) else self.get(video_id, encoder)

    def has(self, video_id: str, encoder: str) -> bool:
        """Whether a video is indexed with this encoder: the one meaning that this has anywhere."""
        return self._is_pair(video_id, encoder) and not self.is_partial(video_id, encoder)

    def _is_pair(self, video_id: str, encoder: str) -> bool:
        """Whether both files are there and as long as they can be together: quick, for it is asked of all videos. With
        half of a pair a video would count as indexed, be found by nothing, and never be indexed again."""
        name = file_name(encoder)
        times, vectors = (self.cache.size(video_id, f"{name}.{what}.npy") - _HEADER for what in ("times", "vectors"))
        count = times // _TIME_BYTES
        return times >= 0 and vectors >= 0 and (vectors % (_VALUE_BYTES * count) == 0 < vectors if count else True)

    def knows(self, encoder: str) -> bool:
        """Whether any video has vectors of this encoder."""
        return any(self.cache.root.glob(f"*/{file_name(encoder)}.times.npy"))

    def drop(self, encoder: str) -> None:
        """Remove the features of all videos for an encoder, but for files that a program has open right now. Raises
        OSError."""
        name = file_name(encoder)
        for suffix in ("times.npy", "vectors.npy", "partial"):  # the times first: they say that the rest is there
            for path in self.cache.root.glob(f"*/{name}.{suffix}"):
                files.remove_if_free(path)

    def drop_other_versions(self, video_id: str, what: str, version: int) -> None:
        """Remove a video's features of `WHAT-N` for all numbers N but the version that holds, but for files that a
        program has open right now. Raises OSError."""
        of_number = re.compile(re.escape(file_name(f"{what}-")) + r"([0-9]+)\.(?:times\.npy|vectors\.npy|partial)")
        for path in self.cache.folder(video_id).glob(f"{file_name(what)}-*"):
            found = of_number.fullmatch(path.name)
            if found and int(found[1]) != version:
                files.remove_if_free(path)

    def is_partial(self, video_id: str, encoder: str) -> bool:
        """Whether only some frames of a video are there, until it is indexed."""
        return self.cache.has(video_id, f"{file_name(encoder)}.partial")

    def times(self, video_id: str, encoder: str) -> NDArray[np.int64] | None:
        """When a video's features are sampled, µs."""
        return self.cache.load_array(video_id, f"{file_name(encoder)}.times.npy")

    def mtime_ns(self, video_id: str, encoder: str) -> int:
        """When a video's features were last written, ns, also those of a part; 0 when there are none."""
        return self.cache.mtime_ns(video_id, f"{file_name(encoder)}.times.npy")


@functools.cache
def file_name(encoder: str) -> str:
    """How the files of an encoder's embeddings begin."""
    return "frames-" + re.sub(r"[^A-Za-z0-9.]+", "-", encoder)
