"""A long video is searchable by its key frames before it is indexed."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio import media
from studio.config import Settings
from studio.errors import Cancelled, UsageError
from studio.tasks import SearchQuery, TaskContext, VideoRef, explain, glance, index_video, search
from studio.tasks.indexing import KEY_EVERY_S, index_key_frames
from studio.tasks.query import encoder_key


class Brightness:
    """Knows how bright a picture is: one dimension is dark, the other bright."""

    name, version, dim, scale, calibration = "brightness", "1", 2, 1.0, None
    embedded = 0

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        return 32, 32

    def encode_frames(self, frames: np.ndarray, tokens: bool = False) -> np.ndarray:
        self.embedded += len(frames)
        angle = frames.reshape(len(frames), -1).mean(1) / 255 * np.pi / 2
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)

    def encode_text(self, texts: list[str], tokens: bool = False) -> np.ndarray:
        return np.array([[0.0, 1.0] if text == "bright" else [1.0, 0.0] for text in texts], np.float32)


def write(path: Path, seconds: int, gop: int) -> Path:
    """Two frames a second, dark, and bright from second 60 to 80; a key frame every `gop` frames."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=2)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.gop_size = gop
        stream.options = {"sc_threshold": "0"}
        for number in range(2 * seconds):
            level = 250 if 60 <= number / 2 < 80 else 5
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 2)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.fixture
def context(tmp_path: Path) -> Iterator[TaskContext]:
    context = TaskContext(Settings(home=tmp_path / "home", device="cpu").ensure())
    context._models["text_video", None] = Brightness()
    yield context


def video_of(path: Path) -> VideoRef:
    return VideoRef("long", str(path), media.probe(path).duration_us)


def test_what_was_stopped_after_the_key_frames_is_found_and_indexed_later(context: TaskContext, tmp_path: Path) -> None:
    video = video_of(write(tmp_path / "long.mp4", 200, 16))
    encoder = context.model("text_video")

    def stop(fraction: float, message: str) -> None:
        if message == "Indexing":
            raise Cancelled

    context.progress = stop
    with pytest.raises(Cancelled):
        index_video(context, video)
    part = context.features.get("long", encoder_key(encoder))
    assert part is not None
    assert len(part.times_us) == pytest.approx(200 / KEY_EVERY_S, abs=2)
    assert set(part.times_us) <= set(media.probe(video.path).key_us)
    hits, _ = search(context, SearchQuery("bright"), {"long": video})
    assert 60_000_000 <= hits[0].peak_us < 80_000_000
    assert not context.features.has("long", encoder_key(encoder))
    context.progress = lambda fraction, message: None
    whole = index_video(context, video)
    assert len(whole.times_us) == 200
    assert context.features.has("long", encoder_key(encoder))
    (hit, *_), _ = search(context, SearchQuery("bright"), {"long": video})
    assert hit.start_us == pytest.approx(60_000_000, abs=500_000)
    assert hit.end_us == pytest.approx(80_000_000, abs=500_000)
    before = encoder.embedded
    index_video(context, video)
    assert encoder.embedded == before


@pytest.mark.parametrize(("seconds", "gop"), [(60, 16), (200, 1000)])
def test_a_short_video_or_one_of_few_key_frames_is_indexed_at_once(
    seconds: int, gop: int, context: TaskContext, tmp_path: Path
) -> None:
    video = video_of(write(tmp_path / "v.mp4", seconds, gop))
    if gop > seconds:
        assert index_key_frames(context, video) is None
    whole = index_video(context, video)
    assert context.model("text_video").embedded == len(whole.times_us)


def test_what_is_answered_at_once_goes_by_what_is_indexed_and_indexes_nothing(
    context: TaskContext, tmp_path: Path
) -> None:
    video = video_of(write(tmp_path / "long.mp4", 200, 16))
    encoder = context.model("text_video")
    for ask in (lambda: glance(context, video, 70_000_000), lambda: explain(context, "bright", video, 0, 90_000_000)):
        with pytest.raises(UsageError, match="not indexed with brightness yet"):
            ask()
    assert encoder.embedded == 0
    index_key_frames(context, video)
    before = encoder.embedded
    (moment,) = glance(context, video, 70_000_000).predictions
    assert moment.segment.start <= 70_000_000 < moment.segment.end
    assert 60_000_000 <= explain(context, "bright", video, 0, 90_000_000).peak_us < 80_000_000
    assert encoder.embedded <= before + 1, "only the frame that is explained is looked at again"
    assert not context.features.has("long", encoder_key(encoder))
