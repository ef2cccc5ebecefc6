"""Vector databases behind the seam of `VectorIndex`: LanceDB beside Milvus Lite and our own file."""

import importlib.util
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from studio.index import Cache, Features, FeatureStore, LibraryIndex
from studio.index.lance_index import LanceIndex
from tests.bench.search import DIM, FRAMES_A_VIDEO, median_ms

COUNT, QUERIES, NEAR = 200_000, 40, 50
# The share of the variance along each 2^n-th principal axis of studio-lite's vectors of Flickr8k's dev photos.
SHARES = 0.0867, 0.0723, 0.0522, 0.0345, 0.019, 0.007, 0.0015, 0.0004, 0.0001, 0.00003
SPREAD = np.exp(np.interp(np.log2(np.arange(1, DIM + 1)), range(len(SHARES)), np.log(SHARES)) / 2)
"""Deviations along the axes: some thirty of them count. Vectors that are spread evenly have no neighbours but those of
their own scene, and what else is nearest is chance, which no index finds."""
ENCODER = "bench@1"
Floats = np.ndarray[Any, np.dtype[np.float32]]


def run(folder: Path) -> dict[str, object]:
    """200,000 frames of 512 numbers, spread as those of real photos: build, bytes, a search among all and among a tenth
    of the videos, and recall: the share of the 50 best videos, and of the best ones, that are those of the exact
    product. Milvus Lite where it is installed."""
    store, videos = filled(folder / "library", COUNT)
    queries = [query(seed) for seed in range(QUERIES)]
    few = videos[::10]
    exact = LibraryIndex(store, ENCODER)
    exact.sync(videos)
    truth = [[match.video_id for match in exact.search(each, videos, NEAR)] for each in queries]
    near = [[match.video_id for match in exact.search(each, few, NEAR)] for each in queries]
    found: dict[str, object] = {
        "our own file, exact: a search (ms)": round(median_ms(lambda: exact.search(queries[0], videos, NEAR)), 1)
    }
    engines: dict[str, Callable[[Path], Any]] = {
        "LanceDB": lambda place: LanceIndex(store, ENCODER, str(place), 1_000),
    }
    if importlib.util.find_spec("milvus_lite"):
        engines["Milvus Lite"] = lambda place: Milvus(store, place)
    for name, make in engines.items():
        place = folder / name
        index = make(place)
        start = time.perf_counter()
        index.sync(videos)
        found[f"{name}: build (s)"] = round(time.perf_counter() - start, 1)
        found[f"{name}: bytes a vector"] = round(size(place) / COUNT)
        found |= searched(name, "all", index, queries, videos, truth)
        found |= searched(name, "a tenth of the videos", index, queries, few, near)
        store.put(videos[0], ENCODER, Features(*frames(10**6)))
        start = time.perf_counter()
        index.search(queries[0], videos, NEAR)
        found[f"{name}: the first search after a video changed (ms)"] = round(1000 * (time.perf_counter() - start))
        store.put(videos[0], ENCODER, Features(*frames(0)))
    shutil.rmtree(folder / "library")
    return found


def searched(
    name: str, among: str, index: Any, queries: list[Floats], videos: list[str], truth: list[list[str]]
) -> dict[str, object]:
    spans, shares, firsts = [], [], []
    index.search(queries[0], videos, NEAR)
    for each, expected in zip(queries, truth, strict=True):
        start = time.perf_counter()
        got = [match.video_id for match in index.search(each, videos, NEAR)]
        spans.append(1000 * (time.perf_counter() - start))
        shares.append(len(set(got) & set(expected)) / max(1, len(expected)))
        firsts.append(got[:1] == expected[:1])
    return {
        f"{name}: a search among {among} (ms, median, p95)": f"{np.median(spans):.0f}, {np.percentile(spans, 95):.0f}",
        f"{name}: recall@{NEAR} among {among}": round(float(np.mean(shares)), 3),
        f"{name}: recall@1 among {among}": round(float(np.mean(firsts)), 3),
    }


class Milvus:
    """What `LanceIndex` does, as far as it is measured here, in Milvus Lite."""

    def __init__(self, store: FeatureStore, place: Path) -> None:
        from pymilvus import DataType, MilvusClient

        place.mkdir(parents=True)
        self._store, self._client = store, MilvusClient(str(place / "frames.db"))
        self._written: dict[str, int] = {}
        schema = self._client.create_schema(auto_id=True)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("video", DataType.VARCHAR, max_length=64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type="IVF_FLAT", metric_type="IP", params={"nlist": 1024})
        self._client.create_collection("frames", schema=schema, index_params=index)

    def sync(self, videos: list[str]) -> None:
        for video in videos:
            written = self._store.mtime_ns(video, ENCODER)
            if self._written.get(video) == written:
                continue
            if video in self._written:
                self._client.delete("frames", filter=f'video == "{video}"')
            features = self._store.get(video, ENCODER)
            assert features is not None
            rows = [{"video": video, "vector": row} for row in features.vectors.astype(np.float32)]
            self._client.insert("frames", rows)
            self._written[video] = written

    def search(self, query: Floats, videos: list[str], top: int) -> list[Any]:
        from studio.index import Match

        self.sync(videos)
        where = f"video in {videos!r}" if len(videos) < len(self._written) else ""
        best: dict[str, float] = {}
        for count in (2_048, 16_384):
            (near,) = self._client.search(
                "frames", [query], limit=count, filter=where, output_fields=["video"],
                search_params={"metric_type": "IP", "params": {"nprobe": 64}},
            )  # fmt: skip
            for hit in near:
                best.setdefault(hit["entity"]["video"], hit["distance"])
            if len(best) >= min(top, len(videos)):
                break
        return [Match(video, score) for video, score in list(best.items())[:top]]


def filled(root: Path, count: int) -> tuple[FeatureStore, list[str]]:
    store = FeatureStore(Cache(root))
    videos = [f"v{number}" for number in range(count // FRAMES_A_VIDEO)]
    for number, video in enumerate(videos):
        store.put(video, ENCODER, Features(*frames(number)))
    return store, videos


def frames(seed: int) -> tuple[Any, Any]:
    return np.arange(FRAMES_A_VIDEO, dtype=np.int64) * 1_000_000, unit(_rows(seed)).astype(np.float16)


def _rows(seed: int) -> Floats:
    """Scenes of ten frames that are alike (a cosine of about .9)."""
    rng = np.random.default_rng(seed)
    scenes = np.repeat(rng.normal(size=(FRAMES_A_VIDEO // 10, DIM)), 10, axis=0)
    return np.asarray(SPREAD * (scenes + 0.33 * rng.normal(size=(FRAMES_A_VIDEO, DIM))), np.float32)


def query(seed: int) -> Floats:
    """A question about the first scene of a video: a cosine of about .6, as texts have with what they mean."""
    asked = _rows(seed)[0] + 1.3 * SPREAD * np.random.default_rng(10_000 + seed).normal(size=DIM)
    return unit(asked[None])[0].astype(np.float32)


def unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def size(place: Path) -> int:
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
