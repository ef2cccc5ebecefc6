"""Search across a library finds what a plain product finds, while videos come, change and go."""

from pathlib import Path

import numpy as np
import pytest

from studio.index import Cache, Features, Shelf, Vectors
from studio.index.nearest import Approximate

pytest.importorskip("faiss", reason="the approximate index is optional")
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def unit(n: int, seed: int, d: int = 32) -> Floats:
    v = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return np.asarray(v / np.linalg.norm(v, axis=1, keepdims=True), np.float32)


class Library:
    def __init__(self, root: Path) -> None:
        self.vectors = Vectors(Cache(root))
        self.truth: dict[str, Floats] = {}

    def put(self, video: str, rows: int, seed: int) -> None:
        self.truth[video] = unit(rows, seed).astype(np.float16).astype(np.float32)
        times = np.arange(rows, dtype=np.int64) * 1_000_000
        self.vectors.put(video, "lite@1", Features(times, self.truth[video].astype(np.float16)))

    def expected(self, query: Floats, videos: list[str], top: int) -> list[str]:
        best = {v: float((self.truth[v] @ query).max()) for v in videos if v in self.truth}
        return sorted(best, key=lambda v: -best[v])[:top]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    made = Library(tmp_path)
    for i in range(30):
        made.put(f"v{i}", 10 + i, seed=i)
    return made


@pytest.mark.parametrize("approximate_above", [10**9, 100])
def test_finds_what_the_plain_product_finds(library: Library, approximate_above: int) -> None:
    shelf, videos = Shelf(library.vectors, "lite@1", approximate_above), list(library.truth)
    shelf.tend(videos)
    for seed in range(100, 110):
        query = unit(1, seed)[0]
        found = shelf.best(query, videos, 5)
        assert [v for v, *_ in found] == library.expected(query, videos, 5)
        for video, score, curve in found:
            likeness = library.truth[video] @ query
            assert score == pytest.approx(float(likeness.max()), abs=2e-3)
            assert (curve is None) == (approximate_above == 100)
            assert curve is None or curve == pytest.approx(likeness, abs=2e-3)


@pytest.mark.parametrize("approximate_above", [10**9, 100])
def test_a_filter_is_kept_to(library: Library, approximate_above: int) -> None:
    shelf = Shelf(library.vectors, "lite@1", approximate_above)
    shelf.tend(list(library.truth))
    few = ["v3", "v17", "nobody", "v29"]
    query = unit(1, 7)[0]
    assert [v for v, *_ in shelf.best(query, few, 9)] == library.expected(query, few, 9)
    assert len(shelf.best(query, few, 9)) == 3


@pytest.mark.parametrize("approximate_above", [10**9, 100])
def test_new_and_changed_videos_are_found_at_once(library: Library, approximate_above: int) -> None:
    shelf = Shelf(library.vectors, "lite@1", approximate_above)
    shelf.tend(list(library.truth))
    library.put("new", 12, seed=500)
    library.put("v4", 20, seed=501)
    for video in ("new", "v4"):
        query = library.truth[video][3]
        ((found, score, _),) = shelf.best(query, list(library.truth), 1)
        assert (found, score) == (video, pytest.approx(1.0, abs=2e-3))


def test_gaps_are_given_back(library: Library) -> None:
    shelf, videos = Shelf(library.vectors, "lite@1"), list(library.truth)
    shelf.tend(videos)
    rows = len(shelf)
    for video in videos[:25]:
        library.vectors.cache.drop(video)
    library.put("new", 5, seed=900)
    shelf.tend(["new"])
    assert len(shelf) < rows / 2
    left = [*videos[25:], "new"]
    query = unit(1, 3)[0]
    assert [v for v, *_ in shelf.best(query, [*videos, "new"], 6)] == library.expected(query, left, 6)
    assert len(list((library.vectors.cache.root / "library").glob("*.vectors"))) == 1


def test_two_processes_share_the_files(library: Library) -> None:
    one, two = Shelf(library.vectors, "lite@1"), Shelf(library.vectors, "lite@1")
    videos = list(library.truth)
    query = unit(1, 3)[0]
    assert [near[:2] for near in one.best(query, videos, 5)] == [near[:2] for near in two.best(query, videos, 5)]
    library.put("new", 5, seed=900)
    assert one.best(library.truth["new"][0], [*videos, "new"], 1)[0][0] == "new"
    assert two.best(library.truth["new"][0], [*videos, "new"], 1)[0][0] == "new"


@pytest.mark.parametrize("damage", [b"", b"{", b'{"data": "nothing", "rows": 3, "dim": 2, "videos": {}}'])
def test_a_damaged_manifest_is_written_anew(library: Library, damage: bytes) -> None:
    videos = list(library.truth)
    Shelf(library.vectors, "lite@1").tend(videos)
    (manifest,) = (library.vectors.cache.root / "library").glob("*.json")
    manifest.write_bytes(damage)
    query = unit(1, 3)[0]
    found = Shelf(library.vectors, "lite@1").best(query, videos, 3)
    assert [v for v, *_ in found] == library.expected(query, videos, 3)


def test_nothing_indexed_nothing_found(tmp_path: Path) -> None:
    assert Shelf(Vectors(Cache(tmp_path)), "lite@1").best(unit(1, 0)[0], ["v1"], 3) == []


def test_the_approximate_index_is_used_and_says_how_far_it_reaches(library: Library) -> None:
    shelf = Shelf(library.vectors, "lite@1", 100)
    shelf.tend(list(library.truth))
    assert isinstance(shelf._nearest, Approximate)
    assert shelf._nearest.covered == len(shelf)
