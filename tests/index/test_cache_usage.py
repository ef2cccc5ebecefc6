"""What the cache takes is counted by kind, and counted again only where something changed."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from studio.index import Cache, CacheUsage, Features, FeatureStore, cache_usage, clean, features_kind
from studio.index.cache import CLEANED, USED
from studio.index.cache_usage import kind_of


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    made = Cache(tmp_path)
    for video in ("v1", "v2"):
        made.write(video, "proxy.mp4", b"x" * 1000)
        made.write(video, "pts.npy", b"x" * 10)
        FeatureStore(made).put(video, "lite/2", Features(np.arange(2), np.zeros((2, 4), np.float16)))
        old(made, video)
    return made


def old(cache: Cache, video: str, hours: float = 2.0) -> None:
    """As if nothing had happened to a folder for so long."""
    then = time.time() - 3600 * hours
    os.utime(cache.folder(video), (then, then))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("proxy.mp4", "proxies"), ("thumbnails.bin", "thumbnails"), ("poster-120.jpg", "thumbnails"),
        ("waveform.npy", "sound"), ("faces-centerface-1.npy", "faces"), ("findings-1.npz", "findings"),
        ("text-vectors-1.npz", "findings"), ("pts.npy", "other"), ("shots.npy", "other"),
        ("frames-ViT-B-32-x.1.vectors.npy", "frames-ViT-B-32-x.1"),
        ("frames-ViT-B-32-x.1.times.npy", "frames-ViT-B-32-x.1"),
        ("frames-ViT-B-32-x.1.partial", "frames-ViT-B-32-x.1"),
    ],
)  # fmt: skip
def test_files_have_a_kind(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_every_byte_is_counted(cache: Cache, tmp_path: Path) -> None:
    cache.write("library", "map-lite.npz", b"x" * 77)
    usage = CacheUsage(cache)
    usage.measure()
    assert usage.videos["v1"].kinds["proxies"] == 1000
    assert usage.videos["v1"].kinds[features_kind("lite/2")] > 0
    assert usage.shared == {"map-lite.npz": 77, "changed": 16}
    real = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file() and path.name != "usage.json")
    assert usage.total == real


def test_only_a_folder_that_changed_is_read_again(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    really: Callable[[str, int], cache_usage.FolderUsage] = cache_usage._read

    def counting(folder: str, written: int) -> cache_usage.FolderUsage:
        read.append(Path(folder).name)
        return really(folder, written)

    monkeypatch.setattr(cache_usage, "_read", counting)
    CacheUsage(cache).measure()
    assert sorted(read) == ["v1", "v2"]
    usage = CacheUsage(cache)  # another process: it knows what was counted
    usage.measure()
    assert sorted(read) == ["v1", "v2"]
    cache.write("v2", "proxy.mp4", b"x" * 5000)
    usage.measure()
    assert sorted(read) == ["v1", "v2", "v2"] and usage.videos["v2"].kinds["proxies"] == 5000
    cache.write("v2", "proxy.mp4", b"x" * 6000)  # perhaps within the same tick of the disk's clock
    usage.measure()
    assert usage.videos["v2"].kinds["proxies"] == 6000
    cache.drop("v1")
    usage.measure()
    assert set(usage.videos) == {"v2"}


def test_a_use_is_written_once_in_a_while(cache: Cache) -> None:
    before = cache.used_ns("v1")
    assert before < time.time_ns() - 3600e9
    cache.use("v1")
    first = cache.used_ns("v1")
    assert first > before
    cache.use("v1")
    assert cache.used_ns("v1") == first
    cache.use("unknown")
    assert not cache.folder("unknown").exists(), "nothing is kept about it"
    usage = CacheUsage(cache)
    assert [video for _, video in usage.least_recent(["v1", "v2"])] == ["v2", "v1"]


def test_cleaning_removes_what_was_named_and_leaves_a_mark(cache: Cache) -> None:
    assert clean(cache, "v1", ["proxies"]) == 1000
    assert sorted(path.name for path in cache.folder("v1").iterdir()) == [
        CLEANED, "frames-lite-2.times.npy", "frames-lite-2.vectors.npy", "pts.npy",
    ]  # fmt: skip
    clean(cache, "v1", ["other", features_kind("lite/2")])
    assert {path.name for path in cache.folder("v1").iterdir()} == {CLEANED}
    assert USED not in {path.name for path in cache.folder("v2").iterdir()} and cache.has("v2", "proxy.mp4")


def test_a_file_of_sizes_that_cannot_be_read_is_made_anew(cache: Cache) -> None:
    cache.write("library", "usage.json", b'{"v1": 3}')
    usage = CacheUsage(cache)
    usage.measure()
    assert usage.videos["v1"].kinds["proxies"] == 1000
