"""Where the moments of a library lie in two dimensions, in one file an encoder.

A place belongs to a span of a video, whoever marked what there: the file knows neither labels nor people. Losing it
costs the time to make it again, and the map then looks different.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.index.cache import SHARED, Cache
from studio.index.feature_store import file_name
from studio.platform import system

_ROWS = ("video", "starts", "ends", "positions", "clusters", "pieces")
_COLUMNS = ("videos", "written", *_ROWS, "names")
_LAYOUT = "layout-"  # how the names of the layout's arrays begin in the file


@dataclass(frozen=True, slots=True)
class Places:
    """The placed spans, a row each. `videos` are ids and `written` (V,) int64 when the features by which they were
    placed were written, ns; `video` (N,) int32 is the number of a row's video, `starts` and `ends` (N,) int64 µs,
    `positions` (N, 2) float32, `clusters` (N,) int16, -1 for none, and `pieces` (N,) whether a row is a piece of the
    footage; else it is a moment that somebody or a model marked. `names` are those of the clusters, "" for one that has
    none."""

    videos: Sequence[str]
    written: NDArray[np.int64]
    video: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    positions: NDArray[np.float32]
    clusters: NDArray[np.int16]
    pieces: NDArray[np.bool_]
    names: Sequence[str] = ()

    @classmethod
    def none(cls) -> "Places":
        """No places of no videos."""
        numbers = np.zeros(0, np.int64)
        arrays = numbers.astype(np.int16), numbers.astype(np.bool_)
        return cls([], numbers, numbers.astype(np.int32), numbers, numbers, np.zeros((0, 2), np.float32), *arrays)

    def __len__(self) -> int:
        return len(self.video)

    def chosen(self, rows: NDArray[Any]) -> "Places":
        """Only some rows, by a mask or by their numbers."""
        chosen: dict[str, Any] = {name: getattr(self, name)[rows] for name in _ROWS}
        return replace(self, **chosen)

    def before(self, later: "Places") -> "Places":
        """These rows and the `later` ones, whose videos begin with those of these."""
        joined: dict[str, Any] = {name: np.concatenate([getattr(self, name), getattr(later, name)]) for name in _ROWS}
        return replace(later, **joined)

    def rows(self) -> dict[tuple[str, int, int], int]:
        """(video, start, end) → the number of its row."""
        keys = zip(self.video.tolist(), self.starts.tolist(), self.ends.tolist(), strict=True)
        return {(self.videos[video], start, end): row for row, (video, start, end) in enumerate(keys)}


class SpanRows:
    """The row of each span of places, in little memory: the pieces, which are nearly all, as a sorted array."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._numbers = {video: number for number, video in enumerate(places.videos)}
        marked = np.flatnonzero(~places.pieces)
        keys = zip(*(each[marked].tolist() for each in (places.video, places.starts, places.ends)), strict=True)
        self._marked = dict(zip(keys, marked.tolist(), strict=True))
        pieces = np.flatnonzero(places.pieces).astype(np.int32)
        order = np.lexsort((places.starts[pieces], places.video[pieces]))
        self._pieces = pieces[order]
        self._bounds = np.searchsorted(places.video[self._pieces], np.arange(len(places.videos) + 1))

    def get(self, video: str, start: int, end: int) -> int | None:
        """The number of the row of a span (µs) of a video, None where it has no place."""
        number = self._numbers.get(video)
        if number is None:
            return None
        marked = self._marked.get((number, start, end))
        if marked is not None:
            return marked
        rows = self._pieces[self._bounds[number] : self._bounds[number + 1]]
        first, last = np.searchsorted(self._places.starts[rows], [start, start + 1])
        return next((int(row) for row in rows[first:last] if self._places.ends[row] == end), None)


class LibraryMap:
    """The file of one encoder."""

    def __init__(self, cache: Cache, encoder: str) -> None:
        self._cache = cache
        self._name = file_name(encoder).replace("frames-", "map-", 1) + ".npz"

    def written_ns(self) -> int:
        """When it was written last, ns; 0 where there is none."""
        return self._cache.mtime_ns(SHARED, self._name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Of several processes one at a time: what one of them placed, the next one finds."""
        folder = self._cache.folder(SHARED)
        folder.mkdir(parents=True, exist_ok=True)
        with system.lock(folder / f"{self._name}.lock", wait=True):
            yield

    def places(self) -> Places | None:
        """The placed spans; None where there is no map yet."""
        found = self._cache.load_arrays(SHARED, self._name, *_COLUMNS)
        if found is None:
            return None
        return Places(**{**found, "videos": found["videos"].tolist(), "names": found["names"].tolist()})

    def layout(self, *names: str) -> dict[str, NDArray[Any]] | None:
        """The arrays, by their names, with which others are placed."""
        found = self._cache.load_arrays(SHARED, self._name, *(_LAYOUT + name for name in names))
        return None if found is None else {name: found[_LAYOUT + name] for name in names}

    def save(self, places: Places, layout: Mapping[str, NDArray[Any]]) -> None:
        """Keep all of it, in place of what was there."""
        columns = {name: np.asarray(getattr(places, name)) for name in _COLUMNS}
        for name in ("videos", "names"):
            columns[name] = np.asarray(list(getattr(places, name)), dtype=np.str_)
        self._cache.save_arrays(SHARED, self._name, {**columns, **{_LAYOUT + k: v for k, v in layout.items()}})
