"""The map of a library: its footage in pieces, vectors of spans, places that stay, and clusters with names."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from studio.config import Settings
from studio.errors import Cancelled, UsageError
from studio.index import Features, LibraryMap, Places
from studio.tasks import TaskContext, VideoRef, map_library
from studio.tasks.library_map import means, pieces_of
from studio.tasks.query import encoder_key, of_moment

S = 1_000_000
THINGS = ("a dog runs on the grass", "a car drives along a road", "a plate of food on a table")


@pytest.fixture
def context(tmp_path: Path) -> TaskContext:
    return TaskContext(Settings(home=tmp_path / "home", device="cpu").ensure())


def put(context: TaskContext, name: str, seed: int, seconds: int = 60) -> VideoRef:
    """A video of three scenes, a third each, that look like THINGS to the encoder; a sample a second."""
    encoder = context.model("text_video")
    scenes = np.repeat(encoder.encode_text(list(THINGS)), seconds // 3, axis=0)
    rows = scenes + 0.03 * np.random.default_rng(seed).normal(size=scenes.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    times = np.arange(len(rows), dtype=np.int64) * S
    context.features.put(name, encoder_key(encoder), Features(times, rows.astype(np.float16)))
    context.cache.save_array(name, "pts.npy", np.arange(0, seconds * S, S // 25, dtype=np.int64))
    context.cache.save_array(name, "shots.npy", np.array([seconds // 3 * S, 2 * seconds // 3 * S], np.int64))
    return VideoRef(name, f"/films/{name}.mp4", seconds * S)


def kept(context: TaskContext) -> LibraryMap:
    return LibraryMap(context.cache, encoder_key(context.model("text_video")))


def places(context: TaskContext) -> Places:
    found = kept(context).places()
    assert found is not None
    return found


def test_pieces_are_shots_in_equal_parts_without_gaps(context: TaskContext) -> None:
    video = put(context, "a", 1, seconds=30)
    context.cache.save_array("a", "shots.npy", np.array([7 * S, 8 * S], np.int64))
    pieces = pieces_of(context, video)
    assert pieces[0][0] == 0 and pieces[-1][1] == video.duration_us
    assert all(one[1] == other[0] for one, other in pairwise(pieces))
    assert (7 * S, 8 * S) in pieces, "a short shot is a piece"
    assert max(end - start for start, end in pieces) <= 3 * S + S // 25
    context.cache.drop("a")
    assert len(pieces_of(context, VideoRef("a", "", 10 * S))) == 4, "also before its shots were found"


def test_a_span_is_the_mean_of_its_frames(context: TaskContext) -> None:
    put(context, "a", 1)
    encoder = context.model("text_video")
    features = context.features.whole("a", encoder_key(encoder))
    assert features is not None
    spans = [(0, 3 * S), (10 * S, 10 * S + 1), (20 * S + 1, 20 * S + 2), (58 * S, 60 * S), (59 * S + 5, 90 * S)]
    for span, vector in zip(spans, means(features, np.array(spans)), strict=True):
        assert np.allclose(vector, of_moment(context, encoder, "a", *span), atol=1e-3), span


def test_what_looks_alike_is_a_cluster_that_has_its_name(context: TaskContext) -> None:
    videos = [put(context, name, seed) for seed, name in enumerate("abcd")]
    made = map_library(context, videos, {}, ["a plate of food on a table", "a dog runs on the grass"])
    found = places(context)
    assert made == {"placed": len(found), "points": len(found), "anew": True}
    assert found.pieces.all() and len(found) == 4 * 21
    scene = np.minimum(found.starts // (20 * S), 2)
    clusters = [set(found.clusters[scene == number].tolist()) - {-1} for number in range(3)]
    assert all(clusters) and not (clusters[0] & clusters[1] | clusters[0] & clusters[2] | clusters[1] & clusters[2])
    names = [{found.names[cluster] for cluster in of_scene} for of_scene in clusters]
    assert "a dog runs on the grass" in names[0] and "a plate of food on a table" in names[2]
    assert "A car drives along a road" in names[1], "of the words that every library has"


def test_new_videos_and_moments_move_nothing(context: TaskContext) -> None:
    videos = [put(context, name, seed) for seed, name in enumerate("abc")]
    map_library(context, videos, {"a": [(S, 2 * S)]})
    before = places(context)
    videos.append(put(context, "d", 9))
    made = map_library(context, videos, {"a": [(4 * S, 9 * S), (S, 2 * S)], "d": [(0, S)]})
    assert made == {"placed": 21 + 2, "points": len(before) + 23, "anew": False}
    after = places(context)
    rows = after.rows()
    old = [rows[span] for span in before.rows()]
    assert after.positions[old].tobytes() == before.positions.tobytes()
    assert after.clusters[old].tolist() == before.clusters.tolist() and after.names == before.names
    assert [bool(after.pieces[rows[span]]) for span in (("a", 4 * S, 9 * S), ("d", 0, S))] == [False, False]
    # of the new video each piece lies among those of its scene
    new = np.flatnonzero((after.video == after.videos.index("d")) & after.pieces)
    near = np.linalg.norm(after.positions[new][:, None] - before.positions[None], axis=2).argmin(1)
    assert (np.minimum(before.starts[near] // (20 * S), 2) == np.minimum(after.starts[new] // (20 * S), 2)).mean() > 0.9
    written = kept(context).written_ns()
    assert map_library(context, videos, {})["placed"] == 0
    assert kept(context).written_ns() == written, "nothing new, nothing written"


def test_a_video_that_became_another_is_placed_again_and_one_that_went_may_come_back(context: TaskContext) -> None:
    videos = [put(context, name, seed) for seed, name in enumerate("abc")]
    map_library(context, videos, {"a": [(S, 2 * S)]})
    before = places(context)
    assert map_library(context, videos[:2], {})["placed"] == 0, "c is in the trash"
    assert ("c", 0, places(context).ends[0]) in places(context).rows()
    put(context, "a", 50)
    made = map_library(context, videos, {})
    assert made["placed"] == 21 and made["points"] == len(before) - 1, "what was marked in the old one is not asked for"
    context.cache.drop("b")
    map_library(context, videos, {"a": [(S, 2 * S)]})
    assert "b" not in {video for video, *_ in places(context).rows()}, "nothing is left of what is gone for good"


def test_too_little_is_said_and_work_can_be_stopped(context: TaskContext) -> None:
    with pytest.raises(UsageError, match="at least 5 pieces of indexed video, and there are 0"):
        map_library(context, [VideoRef("x", "", 60 * S)], {})
    videos = [put(context, name, seed) for seed, name in enumerate("ab")]
    said: list[tuple[float, str]] = []

    def stop(share: float, message: str) -> None:
        said.append((share, message))
        if share > 0.3:
            raise Cancelled

    context.progress = stop
    with pytest.raises(Cancelled):
        map_library(context, videos, {})
    assert kept(context).places() is None
    assert said[-1][1] == "Laying out the map"
    context.progress = lambda share, message: said.append((share, message))
    map_library(context, videos, {}, anew=True)
    assert said[-1] == (0.76, "Naming the clusters"), "all that is there was laid out"


def test_more_than_is_laid_out_together_is_placed_among_it(
    context: TaskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.tasks.library_map.MOST_LAID_OUT", 30)
    monkeypatch.setattr("studio.tasks.library_map.AT_ONCE", 16)
    videos = [put(context, name, seed) for seed, name in enumerate("abc")]
    assert map_library(context, videos, {})["points"] == 63
    layout = kept(context).layout("vectors", "positions")
    assert layout is not None and len(layout["vectors"]) == 30
    found = places(context)
    assert np.isfinite(found.positions).all() and np.abs(found.positions).max() < 3 * np.abs(layout["positions"]).max()
