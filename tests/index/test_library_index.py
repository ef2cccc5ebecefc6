"""The one file of a library's embeddings: what it costs, and what becomes of it when it is damaged."""

import subprocess
import sys

import numpy as np
import pytest

from studio.index import LibraryIndex
from studio.index.row_search import ApproximateSearch
from tests.index.conftest import ENCODER, Library, unit


def test_gaps_are_given_back(library: Library) -> None:
    index, videos = LibraryIndex(library.store, ENCODER), list(library.truth)
    index.sync(videos)
    (file,) = (library.store.cache.root / "library").glob("*.vectors")
    size = file.stat().st_size
    for video in videos[:25]:
        library.store.cache.drop(video)
    library.put("new", 5, seed=900)
    index.sync(["new"])
    (file,) = (library.store.cache.root / "library").glob("*.vectors")
    assert file.stat().st_size < size / 2
    left = [*videos[25:], "new"]
    query = unit(1, 3)[0]
    found = index.search(query, [*videos, "new"], 6)
    assert [match.video_id for match in found] == library.expected(query, left, 6)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"data": "nothing", "rows": 3, "dim": 2, "videos": {}}'])
def test_a_damaged_manifest_is_written_anew(library: Library, damage: bytes) -> None:
    videos = list(library.truth)
    LibraryIndex(library.store, ENCODER).sync(videos)
    (manifest,) = (library.store.cache.root / "library").glob("*.json")
    manifest.write_bytes(damage)
    query = unit(1, 3)[0]
    found = LibraryIndex(library.store, ENCODER).search(query, videos, 3)
    assert [match.video_id for match in found] == library.expected(query, videos, 3)


def test_the_approximate_index_is_used_and_says_how_far_it_reaches(library: Library) -> None:
    pytest.importorskip("faiss", reason="the approximate index is optional")
    index = LibraryIndex(library.store, ENCODER, approximate_above=100)
    index.sync(list(library.truth))
    assert index.search(unit(1, 3)[0], list(library.truth), 1)[0].curve is None
    assert isinstance(index._row_search, ApproximateSearch)
    assert index._row_search.covered == len(index)


def test_a_video_is_found_though_its_frames_are_further_away_than_so_many_others(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("faiss", reason="the approximate index is optional")
    monkeypatch.setattr(ApproximateSearch, "_FIRST", 8)
    monkeypatch.setattr(ApproximateSearch, "_MOST", 32)
    library.put("near", 400, seed=77)
    index, videos = LibraryIndex(library.store, ENCODER, approximate_above=100), list(library.truth)
    index.sync(videos)
    query = library.truth["near"].mean(0)
    query /= np.linalg.norm(query)
    for asked in (videos, [video for video in videos if video != "near"], ["v1", "v2"]):
        found = index.search(query, asked, len(asked))
        assert [match.video_id for match in found] == library.expected(query, asked, len(asked))
    assert isinstance(index._row_search, ApproximateSearch)


def test_the_web_server_tells_it_of_removals_without_loading_torch(library: Library) -> None:
    LibraryIndex(library.store, ENCODER).sync(list(library.truth))
    code = (
        "import sys; from pathlib import Path; from studio.index import Cache, FeatureStore, delete_everywhere; "
        f"delete_everywhere(FeatureStore(Cache(Path({str(library.store.cache.root)!r}))), 'v5'); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert len(LibraryIndex(library.store, ENCODER)) == sum(len(v) for k, v in library.truth.items() if k != "v5")
