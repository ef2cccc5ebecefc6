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
from studio.index import Features
from studio.tasks import SearchQuery, TaskContext, VideoRef, explain, glance, index_video, ranking, search
from studio.tasks.certainty import calibration
from studio.tasks.indexing import KEY_EVERY_S, index_key_frames
from studio.tasks.query import encoder_key
from studio.tasks.ranking import Hit, by_levels


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


class WithoutRegions(Brightness):
    """Reads words, and sees pictures as a whole only."""

    tokens_asked = 0

    def encode_frames(self, frames: np.ndarray, tokens: bool = False) -> np.ndarray:
        self.tokens_asked += tokens
        if tokens:
            raise ValueError("It has no regions.")
        return super().encode_frames(frames)

    def encode_text(self, texts: list[str], tokens: bool = False) -> Any:
        found = super().encode_text(texts)
        return (found[:, None], np.ones((len(found), 1), bool)) if tokens else found


def test_regions_that_an_encoder_has_not_count_for_nothing(context: TaskContext, tmp_path: Path) -> None:
    encoder = WithoutRegions()
    videos = {}
    for name in ("long", "other"):
        path = write(tmp_path / f"{name}.mp4", 100, 16)
        videos[name] = VideoRef(name, str(path), media.probe(path).duration_us)
    context._models["text_video", None] = encoder
    for video in videos.values():
        index_video(context, video)

    def found(*levels: float) -> list[tuple[str, int, float, float]]:
        hits, _ = search(context, SearchQuery("bright"), videos, levels=levels or None)  # type: ignore[arg-type]
        return [(hit.video_id, hit.start_us, hit.visual, hit.score) for hit in hits]

    assert found(1.0, 1.0, 1.0) == found(1.0, 1.0, 0.0)
    assert encoder.tokens_asked == 1, "and are not asked for again and again"
    assert found(0.0, 0.0, 1.0) == found(), "the best frame says it, where nothing else is compared"


def test_a_hit_whose_frames_cannot_be_read_is_compared_by_the_rest(
    context: TaskContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    video = video_of(write(tmp_path / "long.mp4", 100, 16))
    encoder = context.model("text_video")
    index_video(context, video)
    vector = np.array([0.0, 1.0], np.float32)
    hit = Hit("long", 62_000_000, 78_000_000, 70_000_000, 0.9, 0.9)
    monkeypatch.setattr(ranking, "_words", lambda *_: vector[None])
    monkeypatch.setattr(ranking, "_patches", lambda *_: None)
    (whole,) = by_levels(context, encoder, vector, "bright", [hit], {"long": video}, (1.0, 1.0, 0.0))
    (damaged,) = by_levels(context, encoder, vector, "bright", [hit], {"long": video}, (1.0, 1.0, 1.0))
    assert damaged == whole and damaged.visual > 0.9


def test_the_parts_of_a_question_are_as_likely_as_hits_are(context: TaskContext, tmp_path: Path) -> None:
    """By the same calibration, of an encoder that nobody measured, and discounted for what it cannot read."""
    encoder = context.model("text_video")
    video = video_of(write(tmp_path / "long.mp4", 100, 16))
    index_video(context, video)
    dark = Features(np.arange(100, dtype=np.int64), np.tile(np.float16([1, 0]), (100, 1)))
    context.features.put("dark", encoder_key(encoder), dark)

    def confidence(*among: str) -> float:
        (part,) = explain(context, "a carpet", video, 0, 20_000_000, None, among).parts
        return part.confidence

    def likely(*among: str) -> float:
        return float(calibration(context, encoder, among).probability(0.9994))

    alone, both = confidence("long"), confidence("dark", "long")
    assert alone == pytest.approx(likely("long"), abs=0.002) and both == pytest.approx(
        likely("dark", "long"), abs=0.002
    )
    assert alone != both and confidence() == alone
    encoder.known = lambda text: 0.5  # type: ignore[attr-defined]
    assert confidence("long") == pytest.approx(alone / 2, abs=0.001)
