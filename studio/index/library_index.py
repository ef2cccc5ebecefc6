"""The embeddings of a whole library, end to end in one memory-mapped file an encoder, for search across videos.

A copy of what the `FeatureStore` keeps a video at a time, brought up to date before a search: a thousand small files
cannot be read at the speed of memory, one large file can. New videos are appended; those that changed or went leave a
gap, and the file is written anew once the gaps outweigh the rest.
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.atomic_files import temp_path
from studio.index.cache import SHARED
from studio.index.feature_store import FeatureStore, file_name
from studio.index.row_search import APPROXIMATE_ABOVE, ApproximateSearch, ExactSearch, Rows, RowSearch
from studio.index.vector_index import Match
from studio.platform import files, system


@dataclass(frozen=True, slots=True)
class RowRange:
    """One video's rows are [start, start + count); they were copied when its features were written at `mtime_ns`."""

    start: int
    count: int
    mtime_ns: int


class LibraryIndex:
    """A `VectorIndex` in one file. Processes may share it; one instance serves one thread.

    Every row is looked at; above `approximate_above` rows an approximate index takes over, where FAISS is installed and
    `sync` has built it.
    """

    def __init__(self, store: FeatureStore, encoder: str, approximate_above: int = APPROXIMATE_ABOVE) -> None:
        self._store, self._encoder, self._approximate_above = store, encoder, approximate_above
        self._folder = store.cache.root / SHARED
        self._name = file_name(encoder)
        self._read = 0  # the manifest's modification time when it was read
        self._data = ""
        self._ranges: dict[str, RowRange] = {}
        self._rows: Rows | None = None
        self._row_search: RowSearch | None = None

    def __len__(self) -> int:
        """Rows of videos that are here."""
        self._open()
        return sum(row_range.count for row_range in self._ranges.values())

    def search(self, query: NDArray[np.float32], video_ids: Sequence[str], top: int) -> list[Match]:
        """See `VectorIndex.search`."""
        present = self._refresh(video_ids)
        if not present or self._rows is None:
            return []
        ranges = np.array([self._bounds(video) for video in present], np.int64)
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
        self._open()
        if video_id not in self._ranges:
            return
        with self._locked():
            self._open()
            left = {video: row_range for video, row_range in self._ranges.items() if video != video_id}
            gone, rows = self._ranges.get(video_id), self._rows
            if gone is None or rows is None:
                return
            self._write_manifest(self._data, len(rows), rows.shape[1], left)
            with (self._folder / self._data).open("r+b") as file:
                file.seek(gone.start * rows.shape[1] * 2)
                file.write(bytes(gone.count * rows.shape[1] * 2))
            self._open()

    # ------------------------------------------------------------------ keeping up

    @property
    def _manifest(self) -> Path:
        return self._folder / f"{self._name}.json"

    @property
    def _neighbours(self) -> Path:
        return self._folder / f"{Path(self._data).stem}.faiss"

    def _bounds(self, video_id: str) -> tuple[int, int]:
        row_range = self._ranges[video_id]
        return row_range.start, row_range.start + row_range.count

    def _refresh(self, video_ids: Sequence[str]) -> list[str]:
        """Which of the videos are here, after those that were missing or had changed were added."""
        self._open()
        written = {video: at for video in video_ids if (at := self._store.mtime_ns(video, self._encoder))}
        if any(video not in self._ranges or self._ranges[video].mtime_ns != at for video, at in written.items()):
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                self._open()
                self._add(list(written))
                self._open()
                self._remove_older()
        return [video for video in written if video in self._ranges]

    def _add(self, video_ids: Sequence[str]) -> None:
        kept = {v: r for v, r in self._ranges.items() if self._store.mtime_ns(v, self._encoder) == r.mtime_ns}
        rows = 0 if self._rows is None else len(self._rows)
        data, missing = self._data, [v for v in video_ids if v not in kept]
        if 2 * sum(row_range.count for row_range in kept.values()) <= rows:  # more gaps than rows, or nothing yet
            missing = list(dict.fromkeys([*kept, *video_ids]))
            kept, rows, data = {}, 0, f"{self._name}-{uuid.uuid4().hex[:8]}.vectors"
        dim = 0 if self._rows is None else self._rows.shape[1]
        with (self._folder / data).open("r+b" if rows else "wb") as file:
            for video in missing:
                features = self._store.get(video, self._encoder)
                if features is None:
                    continue
                dim = features.vectors.shape[1]
                file.seek(rows * dim * 2)
                file.write(np.ascontiguousarray(features.vectors, np.float16).tobytes())
                kept[video] = RowRange(rows, len(features.vectors), self._store.mtime_ns(video, self._encoder))
                rows += len(features.vectors)
        self._write_manifest(data, rows, dim, kept)

    def _remove_older(self) -> None:
        """Remove the files before the one that the manifest names; one that another search has mapped may have to wait
        for the next time."""
        for old in self._folder.glob(f"{self._name}-*"):
            if self._data and old.stem != Path(self._data).stem:
                files.remove_if_free(old)

    def _write_manifest(self, data: str, rows: int, dim: int, ranges: dict[str, RowRange]) -> None:
        facts = {"data": data, "rows": rows, "dim": dim, "videos": {video: astuple(r) for video, r in ranges.items()}}
        partial = temp_path(self._manifest)
        partial.write_text(json.dumps(facts), "utf-8")
        files.replace(partial, self._manifest)

    def _open(self) -> None:
        """Map what the manifest describes, if it was written since. A damaged one counts as missing."""
        try:
            written = self._manifest.stat().st_mtime_ns
            if written == self._read:
                return
            facts = json.loads(self._manifest.read_text("utf-8"))
            rows: Rows = np.memmap(self._folder / facts["data"], np.float16, "c", shape=(facts["rows"], facts["dim"]))
            ranges = {video: RowRange(*row_range) for video, row_range in facts["videos"].items()}
        except (OSError, ValueError, KeyError, TypeError):
            self._ranges, self._rows, self._row_search, self._data, self._read = {}, None, None, "", 0
            return
        self._ranges, self._data, self._read = ranges, facts["data"], written
        self._rows, self._row_search = rows, None

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
