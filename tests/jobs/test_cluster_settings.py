"""What a library says of its cluster, and how files are compared and kept on nodes: no cluster is needed here."""

import importlib.metadata
import importlib.util
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from studio.atomic_files import PREFIX
from studio.cli import main
from studio.config import Settings
from studio.errors import UsageError
from studio.index import Cache, Features, FeatureStore
from studio.jobs.cluster import CLUSTER_FILE, ClusterSettings, RayBackend, read_cluster_settings
from studio.jobs.cluster.cluster_settings import on_node
from studio.jobs.cluster.files import (
    PIECE_BYTES,
    JobFile,
    Receiver,
    SourceCopies,
    cached_files,
    fingerprint,
    read_piece,
    source_files,
)

ADDRESS = "10.0.0.1:6379"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", cluster=ADDRESS).ensure()


def said(settings: Settings, text: str) -> ClusterSettings:
    (settings.home / CLUSTER_FILE).write_text(text, "utf-8")
    return read_cluster_settings(settings)


def test_without_a_file_all_is_as_usual(settings: Settings) -> None:
    assert read_cluster_settings(settings) == ClusterSettings(ADDRESS)


def test_the_example_of_the_page_is_understood(settings: Settings) -> None:
    page = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text("utf-8")
    found = said(settings, page.partition("```toml\n")[2].partition("```")[0])
    assert (found.cpus_per_worker, found.most_workers, found.idle_s) == (4, 16, 300)
    assert on_node("/srv/films/a/b.mp4", found.of_node("other", "10.0.0.3")) == "/mnt/films/a/b.mp4"
    assert on_node("/srv/films/a/b.mp4", found.of_node("gpu1", "10.0.0.2")) == "/data/films/a/b.mp4"
    assert on_node("/srv/filmsets/b.mp4", found.of_node("gpu1")) == "/srv/filmsets/b.mp4"


def test_the_longest_folder_counts_and_a_node_may_have_another_system() -> None:
    folders = {"/srv": "/mnt", "/srv/films": r"D:\films"}
    assert on_node("/srv/films/a b/c.mp4", folders) == r"D:\films\a b\c.mp4"
    assert on_node("/srv/sounds/c.wav", folders) == "/mnt/sounds/c.wav"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cpus_per_worker = 0", "cpus_per_worker is a whole number from 1"),
        ("idle_s = true", "idle_s is a whole number"),
        ("workers = 3", "it says “workers”, and only cpus_per_worker"),
        ('[folders]\n"films" = "/mnt"', "“films” of this machine must be named in full"),
        ('[folders]\n"/films" = 3', "folders are lines like"),
        ("[node.gpu1]\ncpus = 3", r"\[node.gpu1\] has nothing but folders"),
        ("node = 3", "stand in a table like"),
        ("folders = [", "docs/cluster.md has an example"),
    ],
)
def test_what_cannot_be_used_is_said(settings: Settings, text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        said(settings, text)


@pytest.mark.parametrize("address", ["nowhere", "ray://10.0.0.1:10001", "10.0.0.1", "a b:6379"])
def test_an_address_that_is_none_is_said(address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ["serve", "--port", "0", "--no-browser", "--home", str(tmp_path), "--cluster", address]
    assert main(wrong) == 2
    assert f"“{address}” is no address of a cluster; use HOST:PORT" in capsys.readouterr().err


def test_without_ray_it_is_said_how_to_get_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.9.3")
    with pytest.raises(UsageError, match=r"needs Ray 2\.52 or newer"):
        RayBackend(settings, ClusterSettings(ADDRESS))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'moment-studio\[cluster\]'"):
        RayBackend(settings, ClusterSettings(ADDRESS))


def test_nobody_loads_ray_who_has_no_cluster() -> None:
    code = "import studio.app, studio.cli, studio.jobs.cluster, sys; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---------------------------------------------------------------------- files


def test_a_fingerprint_tells_files_apart(tmp_path: Path) -> None:
    made = {}
    for size in (0, 1, 2**16, 2**21, 2**21 + 1, 5 * 2**20):
        path = tmp_path / str(size)
        path.write_bytes(random.Random(size).randbytes(size))
        made[size] = fingerprint(path)
    assert len(set(made.values())) == len(made)
    whole = bytearray((tmp_path / str(2**21)).read_bytes())
    whole[2**20 + 12_345] ^= 1
    (tmp_path / "other").write_bytes(whole)
    assert fingerprint(tmp_path / "other") != made[2**21], "of a file so small every byte counts"
    large = bytearray((tmp_path / str(5 * 2**20)).read_bytes())
    large[-1] ^= 1
    (tmp_path / "other").write_bytes(large)
    assert fingerprint(tmp_path / "other") != made[5 * 2**20]


def test_pieces_in_any_order_make_the_file_and_nothing_else_does(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(random.Random(7).randbytes(2 * PIECE_BYTES + 5))
    (file,) = source_files(str(path))
    pieces = {offset: read_piece(path, file, offset) for offset in range(0, file.size, PIECE_BYTES)}
    target = tmp_path / "there" / "film.mp4"
    receiver = Receiver(file, target)
    for offset in (2 * PIECE_BYTES, 0, PIECE_BYTES):
        receiver.write(offset, pieces[offset])
    assert not target.exists()
    receiver.close()
    assert target.read_bytes() == path.read_bytes()
    for wrong in ({0: pieces[0]}, {**pieces, 0: pieces[PIECE_BYTES]}):
        receiver = Receiver(file, tmp_path / "wrong.mp4")
        for offset, piece in wrong.items():
            receiver.write(offset, piece)
        with pytest.raises(OSError, match="did not arrive as it was sent"):
            receiver.close()
    assert sorted(each.name for each in tmp_path.rglob("*.mp4")) == ["film.mp4", "film.mp4"]
    assert not list(tmp_path.rglob(f"{PREFIX}*"))


def test_what_was_changed_while_it_was_sent_is_not_sent(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("v1", "a.bin", b"one")
    (file,) = cached_files(cache, "v1")
    cache.write("v1", "a.bin", b"two")
    os.utime(cache.path("v1", "a.bin"), ns=(1, 1))
    with pytest.raises(OSError, match="changed while it was sent"):
        read_piece(cache.path("v1", "a.bin"), file, 0)


def test_the_times_of_embeddings_come_last_where_clocks_are_coarse(tmp_path: Path) -> None:
    """Their presence says that the pair is complete."""
    import numpy as np

    cache = Cache(tmp_path)
    FeatureStore(cache).put("v1", "m@1", Features(np.arange(3, dtype=np.int64), np.ones((3, 2), np.float16)))
    for path in cache.folder("v1").iterdir():
        os.utime(path, ns=(5, 5))
    assert [file.name for file in cached_files(cache, "v1")] == ["frames-m-1.vectors.npy", "frames-m-1.times.npy"]


def test_copies_that_were_not_used_for_longest_make_room(tmp_path: Path) -> None:
    copies = SourceCopies(tmp_path / "copies", 250)
    (tmp_path / "copies").mkdir()
    videos = [JobFile("source", f"/films/{n}.mp4", f"{n}.mp4", 100, f"{n}" * 64) for n in range(4)]

    def keep(video: JobFile, at: int) -> None:
        with copies.used(video):
            (copies.folder(video) / video.name).write_bytes(b"x" * 100)
        os.utime(copies.folder(video), (at, at))

    for number in (0, 1):
        keep(videos[number], 1000 + number)
    with copies.used(videos[0]):  # the older one, which is in use
        os.utime(copies.folder(videos[0]), (1000, 1000))
        copies.make_room(100)
        assert [copies.folder(video).exists() for video in videos] == [True, False, False, False]
    stale = copies.folder(videos[0]) / f".use-{2**30}-x"
    stale.touch()  # of a worker that was killed
    os.utime(copies.folder(videos[0]), (1000, 1000))
    keep(videos[2], 2000)
    copies.make_room(100)
    assert [copies.folder(video).exists() for video in videos] == [False, False, True, False]


def test_videos_with_the_same_content_leave_each_others_copies_alone(tmp_path: Path) -> None:
    copies = SourceCopies(tmp_path / "copies", 1000)
    made = {}
    for place, beside in (("a/film.mp4", "film.srt"), ("b/film.mp4", "film.vtt"), ("b/copy.mp4", None)):
        path = tmp_path / place
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"the same")
        if beside:
            path.with_name(beside).write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
        made[place] = source_files(str(path))
    for sources in made.values():
        assert copies.missing(sources) == sources
        for file in sources:
            target = copies.folder(sources[0]) / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(Path(file.group).with_name(file.name).read_bytes())
    assert [copies.missing(sources) for sources in made.values()] == [[], [], []]
    assert [len(sources) for sources in made.values()] == [2, 2, 1]
