"""The contract of every vector index: it finds what a plain product finds, while videos come, change and go."""

import os
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.index import Cache, FeatureStore, LibraryIndex, VectorIndex, delete_everywhere
from studio.index.lance_index import LanceIndex
from tests.index.conftest import ENCODER, Library, unit

Make = Callable[[FeatureStore], VectorIndex]
IMPLEMENTATIONS: dict[str, Make] = {
    "exact": lambda store: LibraryIndex(store, ENCODER),
    "faiss": lambda store: LibraryIndex(store, ENCODER, approximate_above=100),
    "lance": lambda store: LanceIndex(store, ENCODER, str(store.cache.root / "vectors")),
    "lance, approximate": lambda store: LanceIndex(store, ENCODER, str(store.cache.root / "vectors"), 300),
}


IN_A_BUCKET = "lance in object storage"


@pytest.fixture(params=[*IMPLEMENTATIONS, pytest.param(IN_A_BUCKET, marks=pytest.mark.release)])
def make(request: pytest.FixtureRequest) -> Make:
    """An index over a store; in object storage where STUDIO_TEST_BUCKET names one ("s3://bucket"), with what its
    client needs in the environment: S3 itself, or moto's server on this machine."""
    if request.param == IN_A_BUCKET:
        if not (bucket := os.environ.get("STUDIO_TEST_BUCKET")):
            pytest.skip("STUDIO_TEST_BUCKET names no object storage")
        place = f"{bucket}/{uuid.uuid4().hex}"
        return lambda store: LanceIndex(store, ENCODER, place, 300)
    for engine, package in (("faiss", "faiss"), ("lance", "lancedb")):
        if request.param.startswith(engine):
            pytest.importorskip(package, reason="this index is optional")
    return IMPLEMENTATIONS[request.param]


def test_finds_what_the_plain_product_finds(library: Library, make: Make) -> None:
    index, videos = make(library.store), list(library.truth)
    index.sync(videos)
    for seed in range(100, 110):
        query = unit(1, seed)[0]
        found = index.search(query, videos, 5)
        assert [match.video_id for match in found] == library.expected(query, videos, 5)
        for match in found:
            likeness = library.truth[match.video_id] @ query
            assert match.score == pytest.approx(float(likeness.max()), abs=2e-3)
            assert match.curve is None or match.curve == pytest.approx(likeness, abs=2e-3)
            assert match.vectors is None or match.vectors == pytest.approx(library.truth[match.video_id], abs=1e-3)


def test_it_is_as_long_as_what_it_holds(library: Library, make: Make) -> None:
    index = make(library.store)
    assert len(index) == 0
    index.sync(["v0", "v1", "nobody"])
    assert len(index) == 10 + 11
    index.sync(list(library.truth))
    assert len(index) == sum(map(len, library.truth.values()))


def test_a_filter_is_kept_to(library: Library, make: Make) -> None:
    index = make(library.store)
    index.sync(list(library.truth))
    few = ["v3", "v17", "nobody", "v29"]
    query = unit(1, 7)[0]
    assert [match.video_id for match in index.search(query, few, 9)] == library.expected(query, few, 9)
    assert len(index.search(query, few, 9)) == 3
    assert index.search(query, [], 9) == []


def test_new_and_changed_videos_are_found_at_once(library: Library, make: Make) -> None:
    index = make(library.store)
    index.sync(list(library.truth))
    library.put("new", 12, seed=500)
    library.put("v4", 20, seed=501)
    for video in ("new", "v4"):
        (match,) = index.search(library.truth[video][3], list(library.truth), 1)
        assert (match.video_id, match.score) == (video, pytest.approx(1.0, abs=2e-3))


def test_a_deleted_video_is_not_found_and_nothing_of_it_is_kept(library: Library, make: Make, tmp_path: Path) -> None:
    index, videos = make(library.store), list(library.truth)
    index.sync(videos)
    held, gone = len(index), library.truth["v5"]
    library.store.cache.drop("v5")
    index.delete("v5")
    index.delete("v5")
    index.delete("nobody")
    assert len(index) == held - len(gone)
    found = index.search(gone[0], videos, len(videos))
    assert "v5" not in [match.video_id for match in found] and len(found) == len(videos) - 1
    again = make(library.store).search(gone[0], videos, len(videos))
    assert "v5" not in [match.video_id for match in again]
    written = gone.astype("<f2").tobytes()
    assert not [file for file in tmp_path.rglob("*.vectors") if written in file.read_bytes()]


def test_a_deleted_video_may_come_back(library: Library, make: Make) -> None:
    index = make(library.store)
    index.sync(list(library.truth))
    index.delete("v5")
    index.sync(list(library.truth))  # its features are still there
    (match,) = index.search(library.truth["v5"][0], list(library.truth), 1)
    assert match.video_id == "v5"


def test_removing_a_video_tells_the_index_of_every_encoder(library: Library, make: Make) -> None:
    index = make(library.store)
    index.sync(list(library.truth))
    other = LibraryIndex(library.store, "other@2")
    library.store.put("v5", "other@2", library.store.get("v5", ENCODER))  # type: ignore[arg-type]
    other.sync(["v5"])
    delete_everywhere(library.store, ["v5"], getattr(index, "place", ""))
    assert len(other) == 0
    assert len(index) == sum(len(rows) for video, rows in library.truth.items() if video != "v5")


def test_two_instances_see_each_other_s_changes(library: Library, make: Make) -> None:
    one, two = make(library.store), make(library.store)
    videos, query = list(library.truth), unit(1, 3)[0]
    assert [m[:2] for m in one.search(query, videos, 5)] == [m[:2] for m in two.search(query, videos, 5)]
    library.put("new", 5, seed=900)
    for index in (one, two):
        assert index.search(library.truth["new"][0], [*videos, "new"], 1)[0].video_id == "new"
    one.delete("new")
    library.store.cache.drop("new")
    assert "new" not in [match.video_id for match in two.search(query, [*videos, "new"], 99)]


def test_nothing_indexed_nothing_found(tmp_path: Path, make: Make) -> None:
    assert make(FeatureStore(Cache(tmp_path))).search(unit(1, 0)[0], ["v1"], 3) == []
