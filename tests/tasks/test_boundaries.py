"""A film of three shots whose cuts are known: grounding, a closer look, and pointing at a frame."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from studio import media
from studio.config import Settings
from studio.errors import UsageError
from studio.jobs.executor import perform
from studio.tasks import TaskContext, VideoRef, engines, glance, ground, index_video
from studio.tasks.boundaries import Snap, _look, _split
from studio.timeline import ModelRun

SIZE, RATE = (320, 180), 25
STREET, CAR = 101, 98  # frames of each: the car is there from 4.04 to 7.96 s, and sampled from 5 to 7 s
START_US, END_US = STREET * 40_000, (STREET + CAR) * 40_000


@pytest.fixture(scope="module")
def film(clips: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A street, a man in a car, the street again: 12 s, cut hard."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    parts = []
    for name, count in (("bikes", STREET), ("carphone", CAR), ("bikes", STREET)):
        times = np.arange(count, dtype=np.int64) * 1_000_000 // RATE % 4_000_000
        with media.sample_frames(clips[name], times_us=sorted(times), size=SIZE, batch=64) as stream:
            parts += [image for frames in stream for image in frames.images]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        for image in parts:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        out.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def context(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TaskContext, VideoRef]]:
    """The film indexed at one frame a second, its frames known and its cuts not."""
    table = media.probe(film)
    context = TaskContext(Settings(home=tmp_path_factory.mktemp("context"), device="cpu"))
    video = VideoRef("film", str(film), table.duration_us)
    context.cache.save_array(video.id, "pts.npy", np.asarray(table.pts_us, np.int64))
    index_video(context, video, rate=1.0)
    yield context, video


def error_s(run: ModelRun) -> float:
    """How far the best moment's two boundaries are from the car's, together."""
    best = max(run.predictions, key=lambda p: p.score).segment
    return (abs(best.start - START_US) + abs(best.end - END_US)) / 1e6


@pytest.mark.parametrize("engine", engines())
def test_a_closer_look_moves_boundaries_nearer_to_the_truth(context: tuple[TaskContext, VideoRef], engine: str) -> None:
    coarse = error_s(ground(*context, "a man", 1, engine=engine))
    fine = error_s(ground(*context, "a man", 1, engine=engine, refine=True))
    print(f"{engine}: {coarse:.2f} s, with a closer look {fine:.2f} s")
    assert fine < coarse
    assert fine <= 0.25


def test_a_run_says_how_it_was_made(context: tuple[TaskContext, VideoRef]) -> None:
    made = ground(*context, " a man ", top=1, engine="tag", refine=True)
    assert made.model.startswith("tag/")
    assert made.params == {"top": 1, "engine": "tag", "refine": True}
    assert ground(*context, "a man").params["engine"] == engines()[0]


def test_known_cuts_need_no_closer_look(context: tuple[TaskContext, VideoRef], monkeypatch: pytest.MonkeyPatch) -> None:
    room, video = context
    room.cache.save_array(video.id, "shots.npy", np.array([START_US, END_US], np.int64))
    monkeypatch.setattr("studio.tasks.boundaries.media.sample_frames", lambda *a, **k: pytest.fail("decoded"))
    try:
        assert error_s(ground(room, video, "a man", top=1, refine=True)) == 0
    finally:
        room.cache.path(video.id, "shots.npy").unlink()


@pytest.mark.parametrize("query", ["", "a man"])
def test_pointing_at_a_frame_finds_its_scene(context: tuple[TaskContext, VideoRef], query: str) -> None:
    room, video = context
    made = perform(room, "glance", {"video": {"id": video.id, "path": video.path, "duration_us": video.duration_us},
                                    "at": 6.0, "query": query}).runs[0]  # fmt: skip
    assert made is not None
    assert error_s(made) <= 1.0
    assert made.query == (query or None)
    assert len(made.payload["curve"]["times"]) == len(made.payload["curve"]["scores"]) == 12


@pytest.mark.parametrize("at_us", [-1, 10**9])
def test_pointing_outside_is_refused(context: tuple[TaskContext, VideoRef], at_us: int) -> None:
    with pytest.raises(UsageError, match="between 0 and"):
        glance(*context, at_us)


def test_the_split_is_where_the_curve_steps_up() -> None:
    times = np.arange(10, dtype=np.int64) * 100
    none, low, high = np.zeros(0, np.float32), np.zeros(3, np.float32), np.ones(3, np.float32)
    step = np.r_[np.zeros(6), np.ones(4)].astype(np.float32)
    assert _split(times, step, none, none, 1_000_000) == 550
    assert _split(times, np.r_[np.zeros(9), np.ones(1)].astype(np.float32), low, high, 1_000_000) == 850
    # one odd frame at the edge does not outweigh the step
    assert _split(times, np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 2], np.float32), none, none, 1_000_000) == 350
    assert _split(times, -step, high, low, 1_000_000) is None
    assert _split(times[:1], step[:1], none, none, 1_000_000) is None


def test_a_look_stays_in_the_video() -> None:
    assert _look(300_000, 1_000_000, 1_200_000).tolist() == [125_000 * k for k in range(10)]


def snap_of(*cuts: int) -> Snap:
    """To whole tenths of a second, with a sample a second."""
    return Snap(np.array(cuts, np.int64), lambda time: round(time, -5), 500_000)


def test_a_boundary_goes_to_a_cut_that_is_nearer_than_half_way_to_the_next_sample() -> None:
    snap = snap_of(4_040_000)
    assert [snap(at) for at in (3.5, 3.55, 4.5, 4.6)] == [3_500_000, 4_000_000, 4_000_000, 4_600_000]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ((3.8, 4.2), (4_000_000, 4_200_000)),
        ((3.7, 4.1), (3_700_000, 4_000_000)),
        ((3.6, 3.9), (3_600_000, 4_000_000)),
        ((4.1, 4.4), (4_000_000, 4_400_000)),
        ((3.2, 4.4), (3_200_000, 4_000_000)),
    ],
)
def test_of_two_ends_at_one_cut_the_nearer_keeps_it(moment: tuple[float, float], expected: tuple[int, int]) -> None:
    assert snap_of(4_000_000, 9_000_000).span(*moment) == expected


def test_found_speaks_of_the_moments_that_are_there(
    context: tuple[TaskContext, VideoRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Snap, "span", lambda self, start_s, end_s: (0, 0))
    run = ground(*context, "a man")
    assert (run.predictions, run.payload["found"]) == ([], False)
