"""What can be rebuilt is either whole or not there."""

from pathlib import Path

import numpy as np
import pytest

from studio.index import Cache, Features, FeatureStore


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def unit(n: int, d: int = 16, seed: int = 0) -> np.ndarray:  # type: ignore[type-arg]
    v = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def test_encoders_are_never_mixed(cache: Cache) -> None:
    index = FeatureStore(cache)
    index.put("v1", "lite@1", Features(np.arange(2), unit(2).astype(np.float16)))
    assert index.get("v1", "lite@2") is None
    assert index.mtime_ns("v1", "lite@1") > 0
    assert index.mtime_ns("v1", "lite@2") == 0


def test_a_part_is_found_but_counts_as_missing_until_all_is_there(cache: Cache) -> None:
    index, part = FeatureStore(cache), Features(np.arange(2), unit(2).astype(np.float16))
    index.put("v1", "lite@1", part, partial=True)
    assert index.get("v1", "lite@1") is not None and index.whole("v1", "lite@1") is None
    assert not index.has("v1", "lite@1") and not index.has("v2", "lite@1")
    index.put("v1", "lite@1", Features(np.arange(5), unit(5).astype(np.float16)))
    whole = index.whole("v1", "lite@1")
    assert whole is not None and len(whole.times_us) == 5 and index.has("v1", "lite@1")


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"<html>not an array</html>"])
def test_a_damaged_file_counts_as_missing(cache: Cache, damage: bytes) -> None:
    index = FeatureStore(cache)
    index.put("v1", "lite@1", Features(np.arange(2), unit(2).astype(np.float16)))
    cache.path("v1", "frames-lite-1.vectors.npy").write_bytes(damage)
    assert index.get("v1", "lite@1") is None


def test_pictures_are_found_by_the_nearest_time(cache: Cache) -> None:
    cache.save_blobs("v1", "thumbnails", [b"a", b"bcd", b""], np.array([0, 10, 20]))
    assert [cache.blob_near("v1", "thumbnails", t) for t in (0, 4, 6, 14, 99)] == [b"a", b"a", b"bcd", b"bcd", b""]
    assert cache.blob_near("v2", "thumbnails", 0) is None


@pytest.mark.parametrize("name", ["", "..", "a/b", "../v1", "v1\x00", "a.b"])
def test_only_ids_name_folders(cache: Cache, name: str) -> None:
    with pytest.raises(ValueError, match="not a video id"):
        cache.folder(name)


def test_of_what_has_versions_only_the_one_that_holds_stays(cache: Cache) -> None:
    index, some = FeatureStore(cache), Features(np.arange(2), unit(2).astype(np.float16))
    for key in ("lite@1", "lite@1-inside-b-1", "lite@1-inside-b-2", "lite@1-inside-b-12", "lite@1-inside-b-1-3",
                "other@1-inside-b-1"):  # fmt: skip
        index.put("v1", key, some)
        index.put("v2", key, some)
    index.drop_other_versions("v1", "lite@1-inside-b", 12)
    names = {path.name for path in cache.folder("v1").glob("frames-*.npy")}
    assert names == {
        f"frames-{key}.{what}.npy"
        for key in ("lite-1", "lite-1-inside-b-12", "lite-1-inside-b-1-3", "other-1-inside-b-1")
        for what in ("times", "vectors")
    }
    assert index.has("v2", "lite@1-inside-b-1")
