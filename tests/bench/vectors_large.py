"""5 million frames in LanceDB beside our own file of them: an hour or more, and 11 GB of disk."""

import resource
import time
from pathlib import Path

import numpy as np

from studio.index import LibraryIndex
from studio.index.lance_index import _AT_ONE_TIME, LanceIndex
from tests.bench.vectors import ENCODER, NEAR, filled, query, searched, size

COUNT, QUERIES, FEW = 5_000_000, 20, 10  # of each so many videos one, where a search is among some


def run(folder: Path) -> dict[str, object]:
    """5,000,000 frames of 512 numbers in 5,000 videos, as above: build, bytes, a search among all and among a tenth of
    the videos, and recall beside the exact product; each question is asked in both after another. Run by its name
    only."""
    store, videos = filled(folder / "large", COUNT)
    index = LanceIndex(store, ENCODER, str(folder / "lance"))
    start = time.perf_counter()
    index.sync(videos)
    found: dict[str, object] = {"LanceDB: build (s)": round(time.perf_counter() - start)}
    found["LanceDB: most memory of the process until here (GB)"] = _most_memory()
    found["LanceDB: bytes a vector"] = round(size(folder / "lance") / COUNT)
    index._clean_up(_AT_ONE_TIME)
    found["LanceDB: bytes a vector, an hour later"] = round(size(folder / "lance") / COUNT)
    queries = [query(seed) for seed in range(QUERIES)]
    exact = LibraryIndex(store, ENCODER, approximate_above=10**9)
    start = time.perf_counter()
    exact.sync(videos)
    found["our own file: build (s)"] = round(time.perf_counter() - start)
    for among, some in (("all", videos), ("a tenth of the videos", videos[::FEW])):
        truth = [[match.video_id for match in exact.search(each, some, NEAR)] for each in queries]
        for name, each in (("LanceDB", index), ("our own file, exact", exact)):
            found |= searched(name, among, each, queries, some, truth)
        spans = [_together(index, exact, each, some) for each in queries]
        ratio = float(np.median([lance / own for lance, own in spans]))
        found[f"a search among {among}, LanceDB : our own file"] = round(ratio, 2)
    return found


def _together(index: LanceIndex, exact: LibraryIndex, asked: np.ndarray, videos: list[str]) -> tuple[float, float]:
    """Seconds of one question in both, one after the other."""
    spans = []
    for each in (index, exact):
        start = time.perf_counter()
        each.search(asked, videos, NEAR)
        spans.append(time.perf_counter() - start)
    return spans[0], spans[1]


def _most_memory() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 1)
