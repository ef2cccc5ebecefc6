"""What a search across videos needs of an index of vectors: the seam behind which another engine can stand."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Match(NamedTuple):
    """A video that a search found.

    `score` is the cosine of its best frame with the query; `curve` (N,) has those of all its frames where the search
    looked at each, `vectors` (N, D) are their embeddings in half precision where the index holds them.
    """

    video_id: str
    score: float
    curve: NDArray[np.float32] | None = None
    vectors: NDArray[np.float16] | None = None


class VectorIndex(Protocol):
    """The embeddings of the frames of a library's videos, by one encoder. It holds copies only: what it lacks or has
    lost, `sync` brings back from the `FeatureStore`. tests/index has the suite that every implementation passes."""

    def sync(self, video_ids: Sequence[str]) -> None:
        """Take in what is new or has changed of these videos, and prepare for search; may take minutes for millions of
        frames. Videos that are not indexed with this encoder are passed over."""
        ...

    def delete(self, video_id: str) -> None:
        """Forget a video: its vectors are overwritten, and no search finds it; unknown ids are no error."""
        ...

    def delete_many(self, video_ids: Iterable[str]) -> None:
        """`delete` for several at once."""
        ...

    def search(self, query: NDArray[np.float32], video_ids: Sequence[str], top: int) -> list[Match]:
        """The `top` of these videos by the cosine of their best frame with a unit query (D,), best first. What changed
        since `sync` is found too; videos that are not indexed with this encoder are left out."""
        ...

    def __len__(self) -> int:
        """How many vectors are held."""
        ...
