"""Parts of a video, cut at its frames."""

from pathlib import Path

import av
import numpy as np
import pytest

from studio import media
from studio.errors import UsageError


def test_a_clip_has_exactly_the_frames_that_begin_in_its_time(clips: dict[str, Path], tmp_path: Path) -> None:
    source = clips["bikes"]
    pts = media.probe(source).pts_us
    out = media.make_clip(source, tmp_path / "clip.mp4", int(pts[100]), int(pts[110]))
    clip = media.probe(out)
    assert clip.frame_count == 10
    assert list(clip.pts_us) == pytest.approx(list(pts[100:110] - pts[100]), abs=20)
    for k in (0, 9):
        _, wanted = media.frame_at(source, int(pts[100 + k]), (160, 90))
        _, got = media.frame_at(out, int(clip.pts_us[k]), (160, 90))
        _, other = media.frame_at(source, int(pts[100 + k + (4 if k == 0 else -4)]), (160, 90))
        assert _distance(wanted, got) < _distance(wanted, other)


def test_the_sound_of_a_clip_is_that_of_its_time(clips: dict[str, Path], tmp_path: Path) -> None:
    source = clips["bigbuckbunny"]
    assert media.probe(source).audio is not None
    out = media.make_clip(source, tmp_path / "clip.mp4", 1_000_000, 2_000_000)
    with av.open(str(out)) as opened:
        seconds = sum(frame.samples / frame.sample_rate for frame in opened.decode(audio=0))
    assert seconds == pytest.approx(1.0, abs=0.05)  # AAC comes in blocks of 21 ms


def test_a_clip_without_a_frame_is_refused(clips: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make it longer"):
        media.make_clip(clips["bikes"], tmp_path / "clip.mp4", 1_001, 1_002)
    assert list(tmp_path.iterdir()) == []


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())
