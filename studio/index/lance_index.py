"""The embeddings of a library in LanceDB, on a local disk or in object storage: for libraries that outgrow the memory
or the machine. The default stays a file of our own (`library_index`); STUDIO_VECTORS chooses this (docs/library.md).

Two tables an encoder: `frames` has the vectors, `videos` when the features of each video were written that are there. A
video's row of `videos` comes last and goes first, so that whatever breaks off leaves a video that is put in anew.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.errors import UsageError
from studio.index.cache import SHARED
from studio.index.feature_store import FeatureStore, file_name
from studio.index.row_search import APPROXIMATE_ABOVE
from studio.index.vector_index import Match
from studio.platform import system

_FIRST, _MOST = 2_048, 131_072  # neighbours that are asked for, until there are enough videos among them
_NAMED = 2_000  # videos that a filter names; of more, the neighbours of all are looked through
_AT_ONCE = 65_536  # rows that are written at once
_PROBES, _REFINED = 64, 8  # lists that are looked at; how many times as many neighbours are compared exactly
_SAMPLE, _TURNS = 64, 20  # vectors a list that k-means learns from, as FAISS wants them at least; and its rounds
_OLDER, _AT_ONE_TIME = timedelta(hours=1), timedelta(milliseconds=1)  # versions that nobody reads any more
_AGAIN = 3  # times that a search looks again where a version was cleaned up under it


class LanceIndex:
    """A `VectorIndex` in a LanceDB database. Processes and machines may share it: each sees what others wrote, at its
    next call; one writes at a time, as LanceDB has it."""

    def __init__(
        self, store: FeatureStore, encoder: str, place: str, approximate_above: int = APPROXIMATE_ABOVE
    ) -> None:
        """`place` is a folder, or an address of object storage ("s3://bucket/folder").

        Raises UsageError where LanceDB is not installed.
        """
        try:
            import lancedb
        except ImportError:
            raise UsageError(
                "STUDIO_VECTORS names a LanceDB database, and lancedb is not installed; "
                "get it with: pip install 'moment-studio[database]'"
            ) from None
        self._store, self._encoder, self._approximate_above = store, encoder, approximate_above
        self.place = place
        self._db = lancedb.connect(place)
        name = file_name(encoder)
        self._frames_name, self._videos_name = f"{name}-frames", f"{name}-videos"
        self._known: dict[str, int] = {}
        self._version = -1

    def __len__(self) -> int:
        frames = self._table(self._frames_name)
        return 0 if frames is None else int(frames.count_rows())

    def sync(self, video_ids: Sequence[str]) -> None:
        """See `VectorIndex.sync`; builds or extends the approximate index where the library has outgrown exact search,
        and joins small files."""
        self._refresh(video_ids)
        frames = self._table(self._frames_name)
        if frames is None:
            return
        if frames.count_rows() > self._approximate_above and not _is_indexed(frames):
            from lancedb.index import IvfSq

            lists = max(1, round(frames.count_rows() ** 0.5))
            how = IvfSq(distance_type="dot", num_partitions=lists, sample_rate=_SAMPLE, max_iterations=_TURNS)
            frames.create_index("vector", config=how)
        self._clean_up(_OLDER)

    def _clean_up(self, older_than: timedelta) -> None:
        """Join small files, and drop versions of this age."""
        for name in (self._frames_name, self._videos_name):
            if (table := self._table(name)) is not None:
                table.optimize(cleanup_older_than=older_than)

    def delete(self, video_id: str) -> None:
        """See `VectorIndex.delete`."""
        self.delete_many([video_id])

    def delete_many(self, video_ids: Iterable[str]) -> None:
        """See `VectorIndex.delete_many`. LanceDB writes a file anew, without the vectors that were deleted from it,
        once a tenth of it was deleted; until then they lie in it unread."""
        self._read_known()
        frames, videos = self._table(self._frames_name), self._table(self._videos_name)
        known = [video for video in video_ids if video in self._known]
        if frames is None or videos is None or not known:
            return
        for some in _parts(known, _NAMED):
            videos.delete(_in(some))
            frames.delete(_in(some))
        self._clean_up(_AT_ONE_TIME)

    def search(self, query: NDArray[np.float32], video_ids: Sequence[str], top: int) -> list[Match]:
        """See `VectorIndex.search`."""
        present = self._refresh(video_ids)
        frames = self._table(self._frames_name)
        if not present or frames is None or top < 1:
            return []
        wanted = set(present)
        where = _in(present) if len(present) <= _NAMED and len(present) < len(self._known) else None
        most = min(_MOST, frames.count_rows())
        count, best = min(_FIRST, most), dict[str, float]()
        while count:
            best = _best(self._near(query, count, where), wanted)
            if len(best) >= min(top, len(wanted)) or count >= most:
                break
            count = min(4 * count, most)
        if len(best) < min(top, len(wanted)):  # their frames are further away than so many others
            best |= self._looked_up([video for video in present if video not in best], query)
        found = sorted(best.items(), key=lambda each: -each[1])[:top]
        return [Match(video, score) for video, score in found]

    # ------------------------------------------------------------------ tables

    def _table(self, name: str) -> Any:
        """A table as it is now; None where there is none."""
        with contextlib.suppress(ValueError, FileNotFoundError):
            return self._db.open_table(name)
        return None

    def _read_known(self) -> None:
        """Which videos are there, and when their features were written; read where the table is another."""
        videos = self._table(self._videos_name)
        version = -1 if videos is None else int(videos.version)
        if version == self._version:
            return
        rows = {} if videos is None else videos.to_arrow().to_pydict()
        self._known = dict(zip(rows.get("video", []), rows.get("written", []), strict=True))
        self._version = version

    def _refresh(self, video_ids: Sequence[str]) -> list[str]:
        """Which of the videos are there, after those that were missing or had changed were put in."""
        self._read_known()
        written = {video: at for video in video_ids if (at := self._store.mtime_ns(video, self._encoder))}
        if any(self._known.get(video) != at for video, at in written.items()):
            folder = self._store.cache.root / SHARED
            folder.mkdir(parents=True, exist_ok=True)
            with system.lock(folder / f"{self._videos_name}.lock", wait=True):
                self._read_known()  # another may have put them in meanwhile
                self._put([video for video, at in written.items() if self._known.get(video) != at])
                self._read_known()
        return [video for video in written if video in self._known]

    def _put(self, video_ids: Sequence[str]) -> None:
        frames, videos = self._table(self._frames_name), self._table(self._videos_name)
        for some in _parts(video_ids, _NAMED):
            for table in (videos, frames):
                if table is not None:
                    table.delete(_in(some))
        import pyarrow as pa

        done: dict[str, list[Any]] = {"video": [], "written": []}
        for ids, vectors, stamps in self._batches(video_ids):
            dim = vectors.shape[1]
            column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), dim)
            batch = pa.table({"video": pa.array(ids).dictionary_encode().cast(pa.string()), "vector": column})
            if frames is None:
                frames = self._db.create_table(self._frames_name, batch, exist_ok=True)
            else:
                frames.add(batch)
            done["video"] += stamps
            done["written"] += stamps.values()
        if not done["video"]:
            return
        rows = pa.table({"video": pa.array(done["video"]), "written": pa.array(done["written"], pa.int64())})
        if videos is None:
            self._db.create_table(self._videos_name, rows)
        else:
            videos.add(rows)

    def _batches(self, video_ids: Iterable[str]) -> Iterator[tuple[list[str], NDArray[np.float16], dict[str, int]]]:
        """Rows of several videos, of each all: their videos, vectors, and when each was written."""
        ids: list[str] = []
        parts: list[NDArray[np.float16]] = []
        stamps: dict[str, int] = {}
        for video in video_ids:
            at = self._store.mtime_ns(video, self._encoder)
            features = self._store.get(video, self._encoder)
            if features is None or not len(features.vectors):
                continue
            ids += [video] * len(features.vectors)
            parts.append(np.asarray(features.vectors))
            stamps[video] = at
            if len(ids) >= _AT_ONCE:
                yield ids, np.concatenate(parts), stamps
                ids, parts, stamps = [], [], {}
        if ids:
            yield ids, np.concatenate(parts), stamps

    # ------------------------------------------------------------------ search

    def _near(self, query: NDArray[np.float32], count: int, where: str | None) -> Any:
        """The nearest frames, with their videos and distances (1 − cosine)."""
        for turn in range(_AGAIN):
            frames = self._table(self._frames_name)
            asked = frames.search(query.astype(np.float32), vector_column_name="vector").distance_type("dot")
            asked = asked.nprobes(_PROBES).refine_factor(_REFINED if count <= _FIRST else 1).limit(count)
            asked = asked.where(where, prefilter=True) if where else asked
            try:
                return asked.select(["video", "_distance"]).to_arrow()
            except (RuntimeError, OSError):  # another process cleaned this version up
                if turn == _AGAIN - 1:
                    raise
        return None

    def _looked_up(self, video_ids: Sequence[str], query: NDArray[np.float32]) -> dict[str, float]:
        """The best frame of each of these videos, by its own features."""
        found = {}
        for video in video_ids:
            features = self._store.get(video, self._encoder)
            if features is not None and len(features.vectors):
                found[video] = float(features.similarity(query).max())
        return found


def delete_from_all(place: str, store: FeatureStore, video_ids: Sequence[str]) -> None:
    """Forget videos in the tables of every encoder."""
    import lancedb

    for name in lancedb.connect(place).list_tables().tables:
        encoder, _, what = name.removeprefix("frames-").rpartition("-")
        if what == "videos":
            LanceIndex(store, encoder, place).delete_many(video_ids)


def _best(found: Any, wanted: set[str]) -> dict[str, float]:
    """The best cosine of each wanted video among near frames, which come nearest first."""
    best: dict[str, float] = {}
    for video, distance in zip(found["video"].to_pylist(), found["_distance"].to_pylist(), strict=True):
        if video in wanted and video not in best:
            best[video] = 1.0 - distance
    return best


def _is_indexed(frames: Any) -> bool:
    return any("vector" in index.columns for index in frames.list_indices())


def _in(video_ids: Sequence[str]) -> str:
    """A filter of LanceDB; ids are letters, digits, - and _ (`Cache`)."""
    return f"video IN ({', '.join(repr(video) for video in video_ids)})"


def _parts(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
