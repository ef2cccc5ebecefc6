"""How fast a library is searched, beside the memory's bandwidth, and where an approximate index takes over."""

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from studio.config import Settings
from studio.index import Cache, Features, FeatureStore, LibraryIndex
from studio.index.row_search import ApproximateSearch, ExactSearch
from studio.tasks import SearchQuery, TaskContext, VideoRef, search
from studio.tasks.query import encoder_key

DIM, TOP, FRAMES_A_VIDEO = 512, 24, 1_000
SIZES = 100_000, 1_000_000
APPROXIMATE = 300_000  # FAISS is also measured at this size: building it for a million takes many minutes here


def median_ms(work: Callable[[], object], times: int = 7) -> float:
    work()
    spans = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spans.append(1000 * (time.perf_counter() - start))
    return float(np.median(spans))


def clustered(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float16]]:
    """Unit vectors in runs of alike ones, as the frames of a video are."""
    rng = np.random.default_rng(seed)
    scenes = np.repeat(rng.normal(size=(-(-count // 10), DIM)), 10, axis=0)[:count]
    rows = scenes + 0.5 * rng.normal(size=(count, DIM))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float16)


def library(root: Path, frames: int, encoder: str) -> tuple[FeatureStore, list[str]]:
    vectors = FeatureStore(Cache(root))
    videos = [f"v{i}" for i in range(frames // FRAMES_A_VIDEO)]
    times = np.arange(FRAMES_A_VIDEO, dtype=np.int64) * 1_000_000
    for seed, video in enumerate(videos):
        vectors.put(video, encoder, Features(times, clustered(FRAMES_A_VIDEO, seed)))
    return vectors, videos


def usearch(rows: np.ndarray[tuple[int, int], np.dtype[np.float16]], query: np.ndarray[Any, Any]) -> dict[str, object]:
    """The nearest frames by usearch, exactly; nothing where it is not installed."""
    if not importlib.util.find_spec("usearch"):
        return {}
    from usearch.index import MetricKind
    from usearch.index import search as nearest

    half = query.astype(np.float16)
    spent = median_ms(lambda: nearest(rows, half, TOP, MetricKind.IP, exact=True))
    return {f"{len(rows):,} frames: usearch, exact (ms)": round(spent, 1)}


def run(folder: Path) -> dict[str, object]:
    """Median ms of a query over frames of 512 numbers in half precision; whole searches end with moments and strips."""
    found: dict[str, object] = {}
    context = TaskContext(Settings(home=folder / "home", device="cpu").ensure())
    key = encoder_key(context.model("text_video"))
    query = np.asarray(clustered(1, 10**6)[0], np.float32)
    for frames in SIZES:
        vectors, videos = library(context.cache.root, frames, key)
        index = LibraryIndex(vectors, key, approximate_above=10**9)
        index.sync(videos)
        assert index._rows is not None
        rows = torch.from_numpy(index._rows)
        read = median_ms(lambda rows=rows: rows.view(torch.int64).sum())  # type: ignore[misc]
        exact = median_ms(lambda index=index, videos=videos: index.search(query, videos, TOP))  # type: ignore[misc]
        facts = {video: VideoRef(video, "", FRAMES_A_VIDEO * 1_000_000) for video in videos}
        whole = median_ms(lambda facts=facts: search(context, SearchQuery("a dog runs"), facts, TOP))  # type: ignore[misc]
        found |= {
            f"{frames:,} frames: reading them all (ms)": round(read, 1),
            f"{frames:,} frames: exact, best videos (ms)": round(exact, 1),
            f"{frames:,} frames: exact : reading": round(exact / read, 2),
            f"{frames:,} frames: whole search, text to moments (ms)": round(whole, 1),
        }
    part = np.memmap(folder / "part", np.float16, "w+", shape=(APPROXIMATE, DIM))
    part[:] = index._rows[:APPROXIMATE] if index._rows is not None else 0
    ranges = np.array([(i, i + FRAMES_A_VIDEO) for i in range(0, APPROXIMATE, FRAMES_A_VIDEO)], np.int64)
    started = time.perf_counter()
    ApproximateSearch.build(part, folder / "part.faiss")
    built = time.perf_counter() - started
    near, plain = ApproximateSearch(part, folder / "part.faiss"), ExactSearch(part)
    # as a text's cosine with what it means: far from everything, a little less far from one scene
    away = 2.0 * np.asarray(clustered(20, 5), np.float32) + np.asarray(part[:: APPROXIMATE // 20][:20], np.float32)
    queries = away / np.linalg.norm(away, axis=1, keepdims=True)
    same = [near.best(q, ranges, 1)[0][0] == plain.best(q, ranges, 1)[0][0] for q in queries]
    return found | {
        f"{APPROXIMATE:,} frames: exact (ms)": round(median_ms(lambda: plain.best(query, ranges, TOP)), 1),
        **usearch(part, query),
        f"{APPROXIMATE:,} frames: FAISS IVF-SQ8 (ms)": round(median_ms(lambda: near.best(query, ranges, TOP)), 1),
        f"{APPROXIMATE:,} frames: FAISS, built in (s)": round(built, 1),
        f"{APPROXIMATE:,} frames: FAISS finds the best video (% of queries)": round(100 * float(np.mean(same)), 1),
    }
