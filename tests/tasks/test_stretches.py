"""A long video that is embedded in stretches has the same rows, byte for byte, as one that is embedded as a whole."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio import media, tasks
from studio.config import Settings
from studio.errors import MediaError
from studio.tasks import TaskContext, VideoRef
from tests.bench.media import repeat


@pytest.fixture
def context(tmp_path: Path) -> TaskContext:
    settings = Settings(home=tmp_path / "home", device="cpu")
    return TaskContext(replace(settings, limits=replace(settings.limits, stretch_frames=16)).ensure())


def video(path: Path, name: str) -> VideoRef:
    return VideoRef(name, str(path), media.probe(path).duration_us)


def rows(context: TaskContext, name: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in context.cache.folder(name).iterdir()}


def both(context: TaskContext, path: Path) -> tuple[int, dict[str, bytes], dict[str, bytes]]:
    """How many stretches there are, and what is kept of the whole and of the stretches."""
    tasks.index_video(context, video(path, "whole"))
    spans = tasks.stretches_of(context.settings, video(path, "parts"))
    made = [embedded(context, tasks.Stretch(video(path, "parts"), *span, not span[0])) for span in spans]
    tasks.join_stretches(context.features, "parts", tasks.key_of(context.settings), made)
    return len(spans), rows(context, "whole"), rows(context, "parts")


def embedded(context: TaskContext, stretch: tasks.Stretch) -> tasks.Embedded:
    key, (found,) = tasks.embed_stretches(context, [stretch], None)
    assert key == tasks.key_of(context.settings) and isinstance(found, tasks.Embedded)
    return found


def test_stretches_of_a_real_clip(context: TaskContext, clips: dict[str, Path], tmp_path: Path) -> None:
    count, whole, parts = both(context, repeat(clips["bikes"], tmp_path / "long.mp4", 29))
    assert count == 4
    assert len(whole) == 4 and parts == whole


def write(path: Path, seconds: int, gap_s: float, gop: int) -> Path:
    """A picture every `gap_s` seconds, each brighter than the one before."""
    count = int(seconds / gap_s)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=Fraction(1) / Fraction(gap_s).limit_denominator(1000))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.gop_size = gop
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 250 * number // count, np.uint8), "rgb24")
            frame.pts, frame.time_base = number, Fraction(gap_s).limit_denominator(1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def test_a_picture_that_stays_from_one_stretch_to_the_next_is_one_row(context: TaskContext, tmp_path: Path) -> None:
    """Five seconds a picture at two samples a second: each is asked for ten times, and stretches of 16 cut through."""
    count, whole, parts = both(context, write(tmp_path / "slow.mp4", 90, 5.0, 3))
    assert count > 8
    assert parts == whole
    times = context.features.times("whole", tasks.key_of(context.settings))
    assert times is not None and len(times) == 18


def test_what_cannot_be_decoded_from_the_middle_is_done_as_a_whole(
    context: TaskContext, clips: dict[str, Path], tmp_path: Path
) -> None:
    long = repeat(clips["bikes"], tmp_path / "long.mp4", 29)
    cut = tmp_path / "cut.mkv"
    repeat(clips["bikes"], cut, 29)
    assert len(tasks.stretches_of(context.settings, video(cut, "v"))) == 4
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 3 // 4])
    assert media.probe(cut).damaged
    stream = repeat(clips["bikes"], tmp_path / "long.ts", 29)
    for path in (cut, stream, clips["bikes"]):
        assert len(tasks.stretches_of(context.settings, video(path, "v"))) == 1
    assert len(tasks.stretches_of(context.settings, video(long, "v"))) == 4


def test_frames_of_several_videos_are_embedded_together(
    context: TaskContext, clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its own rows, near to those that it has alone; one that cannot be decoded is no other's fault."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    bad = VideoRef("broken", str(broken), 9_000_000)
    batches: list[int] = []
    encoder = context.model("text_video")
    encode = encoder.encode_frames
    monkeypatch.setattr(encoder, "encode_frames", lambda frames: (batches.append(len(frames)), encode(frames))[1])
    names = ("bikes", "carphone", "bigbuckbunny")
    stretches = [tasks.Stretch(bad, 0, 9), *(tasks.Stretch(video(clips[name], name), 0, 99) for name in names)]
    _, (failed, *found) = tasks.embed_stretches(context, stretches, None)
    assert isinstance(failed, MediaError)
    assert batches == [16 + 9 + 11, 4]
    for name, part in zip(names, found, strict=True):
        alone = tasks.index_video(context, video(clips[name], name))
        assert isinstance(part, tasks.Embedded)
        assert np.array_equal(part.features.times_us, alone.times_us)
        assert np.allclose(part.features.vectors, alone.vectors, atol=1e-3)
