"""The one file of a library's embeddings: what it costs, and what becomes of it when it is damaged."""

import json
import subprocess
import sys

import numpy as np
import pytest

from studio.errors import JobError
from studio.index import Cache, Features, FeatureStore, LibraryIndex
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
    left = [*videos[25:], "new"]
    index.sync(left)
    (file,) = (library.store.cache.root / "library").glob("*.vectors")
    assert file.stat().st_size < size / 2
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
        f"delete_everywhere(FeatureStore(Cache(Path({str(library.store.cache.root)!r}))), ['v5']); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert len(LibraryIndex(library.store, ENCODER)) == sum(len(v) for k, v in library.truth.items() if k != "v5")


def stats(library: Library, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of which videos it is asked when their features were written, from now on."""
    asked: list[str] = []
    mtime_ns = FeatureStore.mtime_ns

    def counted(self: FeatureStore, video: str, encoder: str) -> int:
        asked.append(video)
        return mtime_ns(self, video, encoder)

    monkeypatch.setattr(FeatureStore, "mtime_ns", counted)
    return asked


def test_files_are_looked_at_again_only_after_something_changed(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, videos, query = LibraryIndex(library.store, ENCODER), [*library.truth, "nobody"], unit(1, 555)[0]
    index.search(query, videos, 3)
    asked = stats(library, monkeypatch)
    assert [match.video_id for match in index.search(query, videos[:9], 3)] == library.expected(query, videos[:9], 3)
    assert asked == []
    elsewhere = FeatureStore(Cache(library.store.cache.root))  # another process
    library.truth["nobody"] = unit(1, 555)
    times = np.zeros(1, np.int64)
    elsewhere.put("nobody", ENCODER, Features(times, library.truth["nobody"].astype(np.float16)))
    assert index.search(query, videos, 1)[0].video_id == "nobody"
    elsewhere.cache.drop("nobody")
    assert "nobody" not in [match.video_id for match in index.search(query, videos, len(videos))]
    monkeypatch.setattr("studio.index.library_index.LOOK_AGAIN_S", 0.0)
    asked.clear()
    index.search(query, videos, 3)
    assert set(asked) == set(videos), "what says nothing of itself is seen a little later"


def test_one_more_video_looks_at_no_other_and_adds_a_line(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    index = LibraryIndex(library.store, ENCODER)
    index.sync(list(library.truth))
    (manifest,) = (library.store.cache.root / "library").glob("*.json")
    before, asked = manifest.read_bytes(), stats(library, monkeypatch)
    library.put("new", 5, seed=900)
    index.sync(["new"])
    library.put("new", 7, seed=901)
    index.sync(["new"])
    assert set(asked) == {"new"}
    assert manifest.read_bytes().startswith(before) and manifest.read_bytes().count(b"\n") == 3
    again = LibraryIndex(library.store, ENCODER)
    assert len(again) == len(index) == sum(map(len, library.truth.values()))


def test_lines_are_folded_and_one_that_broke_off_is_passed_over(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = LibraryIndex(library.store, ENCODER)
    index.sync(list(library.truth))
    (manifest,) = (library.store.cache.root / "library").glob("*.json")
    other = LibraryIndex(library.store, ENCODER)
    assert len(other) == len(index)
    with manifest.open("ab") as file:
        file.write(b'["v1", 0, 3')
    library.put("new", 5, seed=900)
    index.sync(["new"])
    assert manifest.read_bytes().count(b"\n") == 1, "written anew"
    monkeypatch.setattr("studio.index.index_manifest.FOLD_AFTER", -10)
    for number in range(9):
        library.put("more", 5 + number, seed=700 + number)
        index.sync(["more"])
    assert manifest.read_bytes().count(b"\n") <= 7
    for each in (other, LibraryIndex(library.store, ENCODER)):
        query = library.truth["more"][0]
        assert each.search(query, list(library.truth), 1)[0].video_id == "more"
        assert len(each) == sum(map(len, library.truth.values()))


def test_the_manifest_of_an_older_release_is_read(library: Library) -> None:
    index = LibraryIndex(library.store, ENCODER)
    index.sync(list(library.truth))
    (manifest,) = (library.store.cache.root / "library").glob("*.json")
    facts = json.loads(manifest.read_bytes())
    del facts["made"]
    manifest.write_text(json.dumps(facts))
    (vectors,) = (library.store.cache.root / "library").glob("*.vectors")
    library.put("new", 5, seed=900)
    LibraryIndex(library.store, ENCODER).sync(["new"])
    assert list((library.store.cache.root / "library").glob("*.vectors")) == [vectors]
    assert len(index) == sum(map(len, library.truth.values()))


def test_many_are_deleted_at_once(library: Library) -> None:
    index, videos = LibraryIndex(library.store, ENCODER), list(library.truth)
    index.sync(videos)
    (manifest,) = (library.store.cache.root / "library").glob("*.json")
    for video in videos[:7]:
        library.store.cache.drop(video)
    index.delete_many([*videos[:7], "nobody"])
    assert manifest.read_bytes().count(b"\n") == 8, "a line for each"
    assert len(index) == sum(len(library.truth[video]) for video in videos[7:])
    assert {match.video_id for match in index.search(unit(1, 3)[0], videos, 99)} == set(videos[7:])


@pytest.mark.parametrize("damage", [None, b"", b"no numbers"])
def test_half_of_a_pair_is_not_indexed_and_not_tried_at_each_search(library: Library, damage: bytes | None) -> None:
    file = library.store.cache.path("v5", "frames-lite-1.vectors.npy")
    file.unlink()
    if damage is not None:
        file.write_bytes(damage)
    assert not library.store.has("v5", ENCODER) and library.store.has("v6", ENCODER)
    index, videos, query = LibraryIndex(library.store, ENCODER), list(library.truth), unit(1, 3)[0]
    assert len(index.search(query, videos, 99)) == 29
    (manifest,) = (library.store.cache.root / "library").glob("*.json")
    before = manifest.read_bytes()
    library.store.cache.note_change()
    assert len(index.search(query, videos, 99)) == 29
    assert manifest.read_bytes() == before
    library.put("v5", 12, seed=77)
    assert library.store.has("v5", ENCODER)
    assert index.search(library.truth["v5"][3], videos, 1)[0].video_id == "v5"


def test_vectors_that_broke_off_are_not_indexed(library: Library) -> None:
    file = library.store.cache.path("v5", "frames-lite-1.vectors.npy")
    file.write_bytes(file.read_bytes()[:-100])
    assert not library.store.has("v5", ENCODER)


def test_what_is_put_while_rows_are_copied_is_copied_again(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    index, videos, get = LibraryIndex(library.store, ENCODER), list(library.truth), FeatureStore.get

    def meanwhile(self: FeatureStore, video: str, encoder: str) -> Features | None:
        found = get(self, video, encoder)
        if video == "v5":
            monkeypatch.setattr(FeatureStore, "get", get)
            library.put("v5", 15, seed=900)
        return found

    monkeypatch.setattr(FeatureStore, "get", meanwhile)
    index.sync(videos)
    assert index.search(library.truth["v5"][3], videos, 1)[0][:1] == ("v5",)
    (match,) = index.search(library.truth["v5"][3], videos, 1)
    assert match.score == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(library: Library, number: float) -> None:
    vectors = unit(3, 1).astype(np.float16)
    vectors[1, 2] = number
    with pytest.raises(JobError, match="numbers that are none"):
        library.store.put("v5", ENCODER, Features(np.arange(3), vectors))
    kept = library.store.get("v5", ENCODER)
    assert kept is not None and len(kept.times_us) == 15, "what was there stays"
