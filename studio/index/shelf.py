"""The embeddings of a whole library, end to end in one memory-mapped file an encoder, for search across videos.

A copy of what `Vectors` keeps a video at a time, brought up to date before a search: a thousand small files cannot be
read at the speed of memory, one large file can. New videos are appended; those that changed or went leave a gap, and
the file is written anew once the gaps outweigh the rest.
"""

import fcntl
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.index.cache import SHARED
from studio.index.nearest import APPROXIMATE_ABOVE, Approximate, Exact, Nearest, Rows
from studio.index.vectors import Features, Vectors, file_name
from studio.partial import partial_of


@dataclass(frozen=True, slots=True)
class _Place:
    """One video's rows are [start, start + count); `stamp` changes when its embeddings do."""

    start: int
    count: int
    stamp: int


class Shelf:
    """What is searched across videos, for one encoder. Processes may share the files; one instance serves one thread.

    Above `approximate_above` rows an approximate index takes over, where FAISS is installed and `tend` has built it.
    """

    def __init__(self, vectors: Vectors, encoder: str, approximate_above: int = APPROXIMATE_ABOVE) -> None:
        self._vectors, self._encoder, self._approximate_above = vectors, encoder, approximate_above
        self._folder = vectors.cache.root / SHARED
        self._name = file_name(encoder)
        self._read = 0  # the manifest's modification time when it was read
        self._data = ""
        self._places: dict[str, _Place] = {}
        self._rows: Rows | None = None
        self._nearest: Nearest | None = None

    def __len__(self) -> int:
        """Rows in the file, gaps included."""
        return 0 if self._rows is None else len(self._rows)

    def best(
        self, query: NDArray[np.float32], video_ids: Sequence[str], top: int
    ) -> list[tuple[str, float, NDArray[np.float32] | None]]:
        """The `top` of these videos by the cosine of their best frame with a unit query (D,), best first; with the
        cosines of all their frames (N,) where the search was exact.

        Videos that are not indexed with this encoder are left out.
        """
        present = self._refresh(video_ids)
        if not present or self._nearest is None:
            return []
        places = [self._places[video] for video in present]
        ranges = np.array([(place.start, place.start + place.count) for place in places], np.int64)
        found = self._nearest.best(np.asarray(query, np.float32), ranges, top)
        return [(present[near.position], near.score, near.curve) for near in found]

    def features(self, video_id: str) -> Features | None:
        """A video's features, as the last search read them, so that nothing is mapped again; None where it was not."""
        place, times = self._places.get(video_id), self._vectors.times(video_id, self._encoder)
        if place is None or self._rows is None or times is None or len(times) != place.count:
            return None
        return Features(times, self._rows[place.start : place.start + place.count])

    def tend(self, video_ids: Sequence[str]) -> None:
        """Bring the files up to date, and build the approximate index where the library has outgrown exact search.

        Minutes of work for millions of frames; for the worker, after indexing.
        """
        self._refresh(video_ids)
        if self._rows is None or len(self) <= self._approximate_above or not Approximate.installed():
            return
        if not isinstance(self._nearest, Approximate) or self._nearest.covered < 0.9 * len(self):
            Approximate.build(self._rows, self._neighbours)
            self._choose(self._rows)

    # ------------------------------------------------------------------ keeping up

    @property
    def _manifest(self) -> Path:
        return self._folder / f"{self._name}.json"

    @property
    def _neighbours(self) -> Path:
        return self._folder / f"{Path(self._data).stem}.faiss"

    def _refresh(self, video_ids: Sequence[str]) -> list[str]:
        """Which of the videos are here, after those that were missing or had changed were added."""
        self._open()
        stamps = {video: stamp for video in video_ids if (stamp := self._vectors.stamp(video, self._encoder))}
        if any(video not in self._places or self._places[video].stamp != stamp for video, stamp in stamps.items()):
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                self._open()
                self._add(stamps)
                self._open()
        return [video for video in stamps if video in self._places]

    def _add(self, stamps: dict[str, int]) -> None:
        kept = {v: p for v, p in self._places.items() if self._vectors.stamp(v, self._encoder) == p.stamp}
        rows, data, missing = len(self), self._data, [v for v in stamps if v not in kept]
        if 2 * sum(place.count for place in kept.values()) <= rows:  # more gaps than rows, or nothing yet
            missing = list({**dict.fromkeys(kept), **stamps})
            kept, rows, data = {}, 0, f"{self._name}-{uuid.uuid4().hex[:8]}.vectors"
        dim = 0 if self._rows is None else self._rows.shape[1]
        with (self._folder / data).open("r+b" if rows else "wb") as file:
            for video in missing:
                features = self._vectors.get(video, self._encoder)
                if features is None:
                    continue
                dim = features.vectors.shape[1]
                file.seek(rows * dim * 2)
                file.write(np.ascontiguousarray(features.vectors, np.float16).tobytes())
                kept[video] = _Place(rows, len(features.vectors), self._vectors.stamp(video, self._encoder))
                rows += len(features.vectors)
        places = {video: astuple(place) for video, place in kept.items()}
        partial = partial_of(self._manifest)
        partial.write_text(json.dumps({"data": data, "rows": rows, "dim": dim, "videos": places}))
        partial.replace(self._manifest)
        for old in self._folder.glob(f"{self._name}-*"):
            if old.stem != Path(data).stem:
                old.unlink(missing_ok=True)

    def _open(self) -> None:
        """Map what the manifest describes, if it was written since. A damaged one counts as missing."""
        try:
            written = self._manifest.stat().st_mtime_ns
            if written == self._read:
                return
            facts = json.loads(self._manifest.read_text())
            rows: Rows = np.memmap(self._folder / facts["data"], np.float16, "c", shape=(facts["rows"], facts["dim"]))
            places = {video: _Place(*place) for video, place in facts["videos"].items()}
        except (OSError, ValueError, KeyError, TypeError):
            self._places, self._rows, self._nearest, self._data, self._read = {}, None, None, "", 0
            return
        self._places, self._data, self._read = places, facts["data"], written
        self._choose(rows)

    def _choose(self, rows: Rows) -> None:
        self._rows, self._nearest = rows, Exact(rows)
        if len(rows) > self._approximate_above and Approximate.installed() and self._neighbours.is_file():
            self._nearest = Approximate(rows, self._neighbours)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / f"{self._name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
