"""The map of a library: where everything in it lies in two dimensions, as somebody may see it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.index import Cache, FeatureStore, LibraryMap, Places, SpanRows
from studio.jobs import ExecutionBackend, JobMonitor, ReportProgress
from studio.service import serializers
from studio.service.accounts.rights import OWNER, Actor
from studio.service.jobs.jobs import Jobs, no_progress
from studio.service.videos.media_cache import MediaCache
from studio.store import Store, labels, moments, searches, videos
from studio.timeline import MICROS, seconds

Row = dict[str, Any]
Span = tuple[int, int]
FOOTAGE, ANNOTATION, PREDICTION, REJECTED = range(4)
UNKNOWN = 255  # how sure: where nobody measured it
MOST_FOOTAGE = 100_000  # pieces that are shown; of more, some spread evenly
WORDS = 400  # of which the names of clusters are made, beside the labels


@dataclass(frozen=True, slots=True)
class MapPoints:
    """A row each (N): `positions` (N, 2) float32, `spans` (N, 2) float64 in s, `video` and `label` (N,) int32, the
    numbers of its video and label (0 is the label of what has none), `cluster` (N,) int16, -1 for none, `kind` (N,)
    uint8 and `sure` (N,) uint8 in %, UNKNOWN where nobody measured it. Footage comes first, without ids; the `ids` are
    those of the rest. `facts` is JSON: the `videos`, `labels` and `clusters` that are numbered, `colours` of labels and
    a `palette` for the rest, how many `videos` and `moments` are `unplaced`, and how many pieces of footage are
    `left_out`."""

    positions: NDArray[np.float32]
    spans: NDArray[np.float64]
    video: NDArray[np.int32]
    label: NDArray[np.int32]
    cluster: NDArray[np.int16]
    kind: NDArray[np.uint8]
    sure: NDArray[np.uint8]
    ids: list[str]
    facts: Row


class MapOfLibrary:
    """What the Map page shows, and how it is made."""

    def __init__(
        self, store: Store, cache: Cache, media: MediaCache, jobs: Jobs, interactive: ExecutionBackend
    ) -> None:
        self._store, self._cache, self._media, self._jobs = store, cache, media, jobs
        self._interactive, self._features = interactive, FeatureStore(cache)
        self._read: tuple[Any, Places] = (None, Places.none())
        self._stood: tuple[Any, Places, SpanRows] = (None, Places.none(), SpanRows(Places.none()))

    def state(self, by: Actor = OWNER) -> Row:
        """`key`, another one whenever `points` may be; whether the map is `made`; how many videos are `indexed` of how
        many are `known` that have pictures; the `job` that makes it, None while none does; and why the last one failed,
        `error`."""
        encoder = self._media.encoder
        kept = LibraryMap(self._cache, encoder)
        rows, marked, schema = self._store.read(
            lambda db: (videos.listed(db), moments.state(db), labels.schema(db)["key"])
        )
        indexed = self._indexed(rows)
        newest = max((self._features.mtime_ns(row["id"], encoder) for row in indexed), default=0)
        jobs = [job for job in self._jobs.listed() if job["kind"] == "map"]
        active = next((job for job in jobs if job["state"] in ("queued", "running")), None)
        failed = bool(jobs) and active is None and jobs[0]["state"] == "failed"
        return {
            "key": f"{by.name}/{encoder}/{kept.written_ns()}/{len(indexed)}/{newest}/{marked}/{schema}",
            "made": kept.written_ns() > 0,
            "indexed": len(indexed),
            "known": sum(map(videos.has_pictures, rows)),
            "job": active,
            "error": jobs[0]["error"] if failed else "",
        }

    def points(self, by: Actor = OWNER) -> MapPoints:
        """All that has a place and that somebody may see; nothing before the map is made."""

        def work(db: Any) -> tuple[list[Row], list[Row], list[Row], Row]:
            return videos.listed(db), moments.annotations(db, by), moments.predictions(db, by), labels.schema(db)

        shown, annotated, predicted, schema = self._store.read(work)
        places, where = self._standing()
        marked = [{**row, "kind": ANNOTATION, "sure": None} for row in annotated]
        marked += [{**row, "kind": REJECTED if row["verdict"] else PREDICTION} for row in predicted]
        found = [(row, where.get(row["video_id"], row["start_us"], row["end_us"])) for row in marked]
        placed = [(row, place) for row, place in found if place is not None]
        number = {row["id"]: n for n, row in enumerate(shown)}
        of_places = np.array([number.get(video, -1) for video in places.videos], np.int32)
        footage = np.flatnonzero(places.pieces & (of_places[places.video] >= 0))
        mapped = {places.videos[n] for n in np.unique(places.video[footage]).tolist()}
        some = footage[np.linspace(0, len(footage) - 1, min(len(footage), MOST_FOOTAGE)).astype(np.int64)]
        at = places.chosen(np.concatenate([some, np.array([place for _, place in placed], np.int64)]))
        names = {name: n for n, name in enumerate(dict.fromkeys(["", *(row["label"] for row, _ in placed)]))}
        facts = {
            "videos": [_video(row) for row in shown],
            "labels": list(names),
            "colours": {row["label"]: row["colour"] for row in reversed(schema["labels"])},
            "palette": labels.PALETTE,
            "clusters": list(places.names),
            "left_out": len(footage) - len(some),
            "unplaced": {
                "videos": sum(row["id"] not in mapped for row in self._indexed(shown)),
                "moments": sum(place is None and row["video_id"] in mapped for row, place in found),
            },
        }
        blank = len(some)
        return MapPoints(
            at.positions,
            np.column_stack([at.starts, at.ends]) / MICROS,
            of_places[at.video],
            np.array([0] * blank + [names[row["label"]] for row, _ in placed], np.int32),
            at.clusters,
            np.array([FOOTAGE] * blank + [row["kind"] for row, _ in placed], np.uint8),
            np.array([UNKNOWN] * blank + [_per_cent(row["sure"]) for row, _ in placed], np.uint8),
            [row["id"] for row, _ in placed],
            facts,
        )

    def build(self, progress: ReportProgress = no_progress, anew: bool = False) -> Row:
        """Place now what has no place yet, or with `anew` everything; returns `placed`, how many spans that was, how
        many `points` there are, and whether it was made `anew`. Raises UsageError where there is too little."""
        return dict(self._interactive.call("map", self._params(anew), JobMonitor(progress)).data)

    def start(self, anew: bool = False, by: Actor = OWNER) -> Row:
        """Queue that; returns the job. Raises JobError."""
        return self._jobs.start_for_library("map", self._params(anew), by)

    def clusters(self) -> list[Row]:
        """The clusters of footage: `name` ("" for none), and how many pieces of it there are, `size`."""
        places, _ = self._standing()
        counts = np.bincount(places.clusters[places.pieces & (places.clusters >= 0)], minlength=len(places.names))
        return [{"name": name, "size": int(size)} for name, size in zip(places.names, counts, strict=True)]

    def _params(self, anew: bool) -> Row:
        """What the job must know: all videos, and the spans that have no place, by whomever."""

        def work(db: Any) -> tuple[list[Row], dict[str, set[Span]], list[str]]:
            named = [row["label"] for row in labels.schema(db)["labels"]]
            return videos.listed(db), moments.spans(db), list(dict.fromkeys([*named, *searches.history(db)]))

        rows, marked, words = self._store.read(work)
        where = SpanRows(Places.none()) if anew else self._standing()[1]
        missing = {
            video: [list(span) for span in sorted(spans) if where.get(video, *span) is None]
            for video, spans in marked.items()
        }
        return {
            "videos": [serializers.job_video(row) for row in self._indexed(rows)],
            "moments": {video: spans for video, spans in missing.items() if spans},
            "words": words[:WORDS], "anew": anew,
        }  # fmt: skip

    def _indexed(self, rows: list[Row]) -> list[Row]:
        encoder = self._media.encoder
        return [row for row in rows if videos.has_pictures(row) and self._media.is_indexed(row, encoder)]

    def _standing(self) -> tuple[Places, SpanRows]:
        """The places of videos that are as they were when they were placed, and the row of each span."""
        encoder = self._media.encoder
        kept = LibraryMap(self._cache, encoder)
        key = encoder, kept.written_ns()
        if self._read[0] != key:
            self._read = key, kept.places() or Places.none()
        _, places = self._read
        now = np.array([self._features.mtime_ns(video, encoder) for video in places.videos], np.int64)
        known = *key, now.tobytes()
        if self._stood[0] != known:  # a video that changed or is gone leaves it so until the map is made again
            same = now == places.written
            standing = places if same.all() else places.chosen(same[places.video])
            self._stood = known, standing, SpanRows(standing)
        _, standing, where = self._stood
        return standing, where


def _video(row: Row) -> Row:
    start = seconds(row["start_us"]) if row["browser_playable"] else 0.0
    return {"id": row["id"], "name": row["name"], "media_start": start}


def _per_cent(share: float | None) -> int:
    """Just below a half is not a half, as the pages say it (assets/web/js/view/certainty.js)."""
    return UNKNOWN if share is None else int(100 * share + 1e-9)
