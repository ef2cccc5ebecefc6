"""The embeddings of a whole library, end to end in one memory-mapped file an encoder, for search across videos.

A copy of what the `FeatureStore` keeps a video at a time, brought up to date before a search: a thousand small files
cannot be read at the speed of memory, one large file can. New videos are appended; those that changed or went leave a
gap, and the file is written anew once the gaps outweigh the rest.

The files of single videos are looked at where something changed in the cache (`Cache.change`), or after LOOK_AGAIN_S.
"""

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.index.cache import SHARED
from studio.index.feature_store import FeatureStore, file_name
from studio.index.index_manifest import IndexManifest, RowRange
from studio.index.row_search import APPROXIMATE_ABOVE, ApproximateSearch, ExactSearch, Ranges, Rows, RowSearch
from studio.index.vector_index import Match
from studio.platform import files, system

LOOK_AGAIN_S = 60.0  # what an older release, or a person, does to the cache says nothing of itself


class LibraryIndex:
    """A `VectorIndex` in one file. Processes may share it; one instance serves one thread.

    Every row is looked at; above `approximate_above` rows an approximate index takes over, where FAISS is installed and
    `sync` has built it.
    """

    def __init__(self, store: FeatureStore, encoder: str, approximate_above: int = APPROXIMATE_ABOVE) -> None:
        self._store, self._encoder, self._approximate_above = store, encoder, approximate_above
        self._folder = store.cache.root / SHARED
        self._name = file_name(encoder)
        self._manifest = IndexManifest(self._folder / f"{self._name}.json")
        self._mapped: tuple[str, int, int] = ("", 0, 0)  # file, rows and dimensions of `_rows`
        self._rows: Rows | None = None
        self._row_search: RowSearch | None = None
        self._places: tuple[dict[str, int], Ranges] | None = None  # of each video, where its rows are; made when asked
        self._change, self._looked_at = b"", -LOOK_AGAIN_S  # what the cache said at the last look, and when that was
        self._asked: tuple[list[str], list[str]] | None = None  # videos, and those of them that are here, as it is now
        self._there: dict[str, bool] = {}  # whether a video has features, of those that were looked at since

    def __len__(self) -> int:
        """Rows of videos that are here."""
        self._open()
        return self._manifest.held

    def search(self, query: NDArray[np.float32], video_ids: Sequence[str], top: int) -> list[Match]:
        """See `VectorIndex.search`."""
        present = self._refresh(video_ids)
        if not present or self._rows is None:
            return []
        ranges = self._ranges_of(present)
        found = self._searching(self._rows).best(np.asarray(query, np.float32), ranges, top)
        return [
            Match(present[near.position], near.score, near.curve, self._rows[slice(*ranges[near.position])])
            for near in found
        ]

    def sync(self, video_ids: Sequence[str]) -> None:
        """See `VectorIndex.sync`; builds the approximate index where the library has outgrown exact search."""
        self._refresh(video_ids)
        if self._rows is None or len(self._rows) <= self._approximate_above or not ApproximateSearch.installed():
            return
        search = self._searching(self._rows)
        if not isinstance(search, ApproximateSearch) or search.covered < 0.9 * len(self._rows):
            ApproximateSearch.build(self._rows, self._neighbours)
            self._row_search = None

    def delete(self, video_id: str) -> None:
        """See `VectorIndex.delete`."""
        self.delete_many([video_id])

    def delete_many(self, video_ids: Iterable[str]) -> None:
        """See `VectorIndex.delete_many`."""
        wanted = set(video_ids)
        self._open()
        if wanted.isdisjoint(self._manifest.ranges):
            return
        with self._locked():
            self._open()
            known, dim = self._manifest.ranges, self._manifest.dim
            gone = {video: known[video] for video in wanted & known.keys()}
            data = self._folder / self._manifest.data
            self._manifest.note({}, gone.keys())
            with data.open("r+b") as file:
                for start, count, _ in gone.values():
                    file.seek(start * dim * 2)
                    file.write(bytes(count * dim * 2))
            self._open()

    # ------------------------------------------------------------------ keeping up

    @property
    def _neighbours(self) -> Path:
        return self._folder / f"{Path(self._manifest.data).stem}.faiss"

    def _refresh(self, video_ids: Sequence[str]) -> list[str]:
        """Which of the videos are here, after those that were missing or had changed were added."""
        self._open()
        change, now = self._store.cache.change(), time.monotonic()
        if change != self._change or now - self._looked_at >= LOOK_AGAIN_S:
            self._change, self._looked_at, self._there, self._asked = change, now, {}, None
        if self._asked is not None and self._asked[0] == video_ids:
            return self._asked[1]
        there, changed = self._there, []
        for video in video_ids:
            if video in there and (not there[video] or video in self._manifest.ranges):
                continue  # as it was at the last look
            there[video] = bool(at := self._store.mtime_ns(video, self._encoder))
            if at and not self._has(video, at):
                changed.append(video)
        if changed:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                self._open()
                self._add(changed, whole=len(video_ids) > 1)
                self._open()
                self._remove_older()
        ranges = self._manifest.ranges
        present = [video for video in video_ids if there[video] and video in ranges and ranges[video][1]]
        self._asked = list(video_ids), present
        return present

    def _has(self, video_id: str, at: int) -> bool:
        return video_id in self._manifest.ranges and self._manifest.ranges[video_id][2] == at

    def _add(self, video_ids: Sequence[str], whole: bool) -> None:
        """Copy the rows of videos, unless somebody has done it by now. With `whole`, what is gone makes a gap too: to
        find that takes as long as there are videos, so who brings one does not look."""
        known, stored = self._manifest, self._store
        wanted = [video for video in video_ids if not self._has(video, stored.mtime_ns(video, self._encoder))]
        left = [v for v in known.ranges if not self._has(v, stored.mtime_ns(v, self._encoder))] if whole else wanted
        gone = {video: known.ranges[video][1] for video in left if video in known.ranges}
        if 2 * (known.held - sum(gone.values())) <= known.rows:  # more gaps than rows, or nothing yet
            self._write_anew([*known.ranges, *wanted])
            return
        added: dict[str, RowRange] = {}
        rows = known.rows
        with (self._folder / known.data).open("r+b") as file:
            for video, at, vectors in self._features(wanted):
                file.seek(rows * known.dim * 2)
                file.write(vectors.tobytes())
                added[video] = rows, len(vectors), at
                rows += len(vectors)
        if added or gone:
            known.note(added, gone.keys())

    def _write_anew(self, video_ids: Iterable[str]) -> None:
        """All rows into another file."""
        ranges: dict[str, RowRange] = {}
        rows = dim = 0
        data = f"{self._name}-{uuid.uuid4().hex[:8]}.vectors"
        with (self._folder / data).open("wb") as file:
            for video, at, vectors in self._features(dict.fromkeys(video_ids)):
                file.write(vectors.tobytes())
                ranges[video] = rows, len(vectors), at
                rows, dim = rows + len(vectors), vectors.shape[1] or dim
        self._manifest.replace(data, rows, dim, ranges)

    def _features(self, video_ids: Iterable[str]) -> Iterator[tuple[str, int, NDArray[np.float16]]]:
        """When the features of videos were written, of those that have some, and their vectors (N, D); none where they
        cannot be read: that is written down too, or each search would try it again."""
        for video in video_ids:
            # before the vectors: what is put in between is to be copied again
            if at := self._store.mtime_ns(video, self._encoder):
                found = self._store.get(video, self._encoder)
                yield video, at, np.ascontiguousarray(np.zeros((0, 0)) if found is None else found.vectors, np.float16)

    def _remove_older(self) -> None:
        """Remove the files before the one that the manifest names; one that another search has mapped may have to wait
        for the next time."""
        data = self._manifest.data
        for old in self._folder.glob(f"{self._name}-*"):
            if data and old.stem != Path(data).stem:
                files.remove_if_free(old)

    def _open(self) -> None:
        """Map what the manifest describes, if it was written since. One that cannot be counts as missing."""
        known = self._manifest
        if not known.read():
            return
        self._places = self._asked = None
        described = (known.data, known.rows, known.dim)
        if described == self._mapped:
            return
        self._mapped, self._rows, self._row_search = described, None, None
        if known.rows * known.dim:
            try:
                self._rows = np.memmap(self._folder / known.data, np.float16, "c", shape=(known.rows, known.dim))
            except (OSError, ValueError, TypeError):
                known.forget()

    def _ranges_of(self, video_ids: Sequence[str]) -> Ranges:
        """The rows [start, end) of each of these videos (V, 2)."""
        if self._places is None:
            ranges = self._manifest.ranges
            table = np.array(list(ranges.values()), np.int64)[:, :2]
            table[:, 1] += table[:, 0]
            self._places = {video: place for place, video in enumerate(ranges)}, table
        places, bounds = self._places
        found: Ranges = bounds[np.fromiter(map(places.__getitem__, video_ids), np.int64, len(video_ids))]
        return found

    def _searching(self, rows: Rows) -> RowSearch:
        """What looks through the rows; made when it is first asked for, since torch comes with it."""
        if self._row_search is None:
            approximate = len(rows) > self._approximate_above and ApproximateSearch.installed()
            exists = approximate and self._neighbours.is_file()
            self._row_search = ApproximateSearch(rows, self._neighbours) if exists else ExactSearch(rows)
        return self._row_search

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with system.lock(self._folder / f"{self._name}.lock", wait=True):
            yield
