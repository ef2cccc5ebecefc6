"""Which videos hold the frames nearest to a query: exactly, or approximately where there are too many frames for that.

Exact search reads every vector, so its time is the memory's bandwidth: with half precision a million frames fit into a
tenth of a second on a laptop (tests/bench measures where that ends).
"""

import importlib.util
import uuid
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from studio.platform import files, system

APPROXIMATE_ABOVE = 1_500_000  # rows
_AT_ONCE = 65_536  # rows that are copied together to be compared
Rows = np.memmap[Any, np.dtype[np.float16]]
Ranges = NDArray[np.int64]


class NearVideo(NamedTuple):
    """A video by its position in `ranges`, the cosine of its best row, and those of all its rows (M,) where every row
    was looked at."""

    position: int
    score: float
    curve: NDArray[np.float32] | None


class RowSearch(Protocol):
    """Search over rows (N, D) of unit length."""

    def best(self, query: NDArray[np.float32], ranges: Ranges, top: int) -> list[NearVideo]:
        """Of V videos with rows [start, end) given by `ranges` (V, 2): the `top` by the cosine of their best row with
        a unit query (D,), best first."""
        ...


class ExactSearch:
    """Every row is looked at."""

    def __init__(self, rows: Rows) -> None:
        import torch  # only where it is used: the web server never searches itself

        self._rows = torch.from_numpy(rows)

    def best(self, query: NDArray[np.float32], ranges: Ranges, top: int) -> list[NearVideo]:
        """See `RowSearch`."""
        firsts, lengths = ranges[:, 0], ranges[:, 1] - ranges[:, 0]
        if 2 * int(lengths.sum()) < len(self._rows):  # a filter left little
            scores, firsts = self.likeness(query, ranges)
        else:
            scores = self._likeness(self._rows, query)
        values = _highest(scores, firsts, lengths)
        found = np.argsort(-values, kind="stable")[:top]
        return [NearVideo(int(i), float(values[i]), scores[firsts[i] : firsts[i] + lengths[i]]) for i in found]

    def likeness(self, query: NDArray[np.float32], ranges: Ranges) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The cosines of the rows in all ranges, one range after the other, and where each range begins there."""
        import torch

        lengths = ranges[:, 1] - ranges[:, 0]
        firsts = np.cumsum(lengths) - lengths
        wanted = np.arange(int(lengths.sum())) + np.repeat(ranges[:, 0] - firsts, lengths)
        parts = [
            self._likeness(self._rows[torch.from_numpy(wanted[at : at + _AT_ONCE])], query)
            for at in range(0, len(wanted), _AT_ONCE)
        ]
        return np.concatenate([np.zeros(0, np.float32), *parts]), firsts

    @staticmethod
    def _likeness(rows: Any, query: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        product = rows @ torch.from_numpy(query).to(torch.float16)
        return product.to(torch.float32).numpy()  # type: ignore[no-any-return]


def _highest(scores: NDArray[np.float32], firsts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
    """The highest score of each range, which is not empty; ranges do not overlap."""
    order = np.argsort(firsts, kind="stable")
    # [start, end, start, end, …] cuts the scores into ranges and the gaps between them
    cuts = np.stack([firsts[order], firsts[order] + lengths[order]], 1).ravel()
    values = np.empty(len(firsts), np.float32)
    values[order] = np.maximum.reduceat(np.append(scores, np.float32(-np.inf)), cuts)[::2]
    return values


class ApproximateSearch:
    """FAISS's inverted lists of eight-bit vectors over the rows there were when it was built, exact over those since.

    Scores are exact: what the lists find is looked up again in the rows. Where few rows are asked about, each is looked
    at, and so are those of videos that are not among the nearest rows while there are too few: no video is left out.
    """

    _PROBES, _FIRST, _MOST = 64, 2_048, 65_536
    _FEW, _PART = 65_536, 1 / 8  # rows, and which part of all, that are looked at as quickly as the lists

    def __init__(self, rows: Rows, file: Path) -> None:
        import faiss

        how = faiss.IO_FLAG_MMAP if system.mapped_files_can_be_replaced else 0
        self._rows, self._index = rows, faiss.read_index(str(file), how)
        faiss.extract_index_ivf(self._index).nprobe = self._PROBES
        self.covered = int(self._index.ntotal)
        self._exact = ExactSearch(rows)

    @staticmethod
    def installed() -> bool:
        return importlib.util.find_spec("faiss") is not None

    @staticmethod
    def build(rows: Rows, file: Path) -> None:
        """Train and fill the index of all rows; the file appears complete. About two minutes a million rows."""
        import faiss

        count, dim = rows.shape
        lists = max(1, min(4 * round(count**0.5), count // 39))  # FAISS wants 39 training points a list
        index = faiss.index_factory(dim, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        sample = np.sort(np.random.default_rng(0).permutation(count)[: 50 * lists])
        index.train(np.asarray(rows[sample], np.float32))
        for start in range(0, count, 65_536):
            index.add(np.asarray(rows[start : start + 65_536], np.float32))
        partial = file.with_name(f".{uuid.uuid4().hex}")
        faiss.write_index(index, str(partial))
        files.replace(partial, file)

    def best(self, query: NDArray[np.float32], ranges: Ranges, top: int) -> list[NearVideo]:
        """See `RowSearch`; asks for more neighbours until there are enough videos among them."""
        if int((ranges[:, 1] - ranges[:, 0]).sum()) <= min(self._FEW, self._PART * len(self._rows)):
            return self._exact.best(query, ranges, top)
        order = np.argsort(ranges[:, 0])
        starts, ends = ranges[order, 0], ranges[order, 1]
        wanted = self._FIRST
        while True:
            near = self._index.search(query[None], min(wanted, self.covered))[1][0]
            rows = np.concatenate([near[near >= 0], np.arange(self.covered, len(self._rows))])
            place = np.searchsorted(starts, rows, side="right") - 1
            rows, place = rows[place >= 0], place[place >= 0]
            inside = rows < ends[place]
            rows, place = rows[inside], place[inside]
            if len(np.unique(place)) >= min(top, len(ranges)) or wanted >= min(self._MOST, self.covered):
                break
            wanted *= 4
        values = np.full(len(ranges), -np.inf, np.float32)
        np.maximum.at(values, order[place], np.asarray(self._rows[rows], np.float32) @ query)
        missing = np.flatnonzero(np.isneginf(values))
        if len(ranges) - len(missing) < min(top, len(ranges)):  # their rows are further away than so many others
            scores, firsts = self._exact.likeness(query, ranges[missing])
            values[missing] = _highest(scores, firsts, ranges[missing, 1] - ranges[missing, 0])
        found = np.argsort(-values, kind="stable")[:top]
        return [NearVideo(int(i), float(values[i]), None) for i in found if np.isfinite(values[i])]
