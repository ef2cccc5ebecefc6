"""Sound in time with the picture."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio import media
from studio.errors import BrokenMedia, UsageError
from studio.media import audio
from tests.sounds import make_sound, tones

RATE = 16_000


def heard(path: Path, rate: int = RATE) -> np.ndarray[Any, Any]:
    blocks = list(media.audio_stream(path, rate, chunk_s=0.3))
    assert all(len(block) == round(rate * 0.3) for block in blocks[:-1])
    assert all(block.dtype == np.float32 and block.ndim == 1 for block in blocks)
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def first_sound(samples: np.ndarray[Any, Any]) -> float:
    return float(np.argmax(np.abs(samples) > 0.1)) / RATE


@pytest.mark.parametrize(("sounding", "begin", "length"), [
    ("plain", 0.0, 1.56), ("late_audio", 0.5, 2.06), ("late_start", 0.0, 2.06), ("ts", 0.0, 1.56), ("mkv", 0.0, 1.56),
])  # fmt: skip
def test_sample_zero_is_the_first_frame(sounding: str, begin: float, length: float, clip_of: Any) -> None:
    path, _ = clip_of(sounding)
    samples = heard(path)
    assert first_sound(samples) == pytest.approx(begin, abs=0.03)
    assert len(samples) / RATE == pytest.approx(length, abs=0.08)
    assert np.abs(samples[: max(0, int((begin - 0.03) * RATE))]).max(initial=0) < 0.05


def test_probe_tells_where_the_audio_begins(clip_of: Any) -> None:
    found = media.probe(clip_of("late_audio")[0])
    assert found.audio == media.AudioTrack("aac", 48_000, 1)
    assert found.audio_offset_us == pytest.approx(500_000, abs=25_000)
    assert media.probe(clip_of("late_start")[0]).audio_offset_us == 0


def film(path: Path, frames: int, blocks: Iterable[tuple[int, np.ndarray[Any, Any]]]) -> None:
    """A gray film at 25 fps with blocks of int16 samples, each from its sample on."""
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio: Any = output.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for index in range(frames):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts = index
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        for begin, samples in blocks:
            sound = av.AudioFrame.from_ndarray(samples[None].astype(np.int16), "s16", "mono")
            sound.sample_rate, sound.pts, sound.time_base = RATE, begin, Fraction(1, RATE)
            output.mux(audio.encode(sound))
        output.mux(audio.encode(None))


def test_a_gap_is_silence(tmp_path: Path) -> None:
    path = tmp_path / "gap.mkv"
    film(path, 50, ((b, np.full(800, 16_000)) for b in (*range(0, 8000, 800), *range(16_000, 24_000, 800))))
    samples = heard(path)
    assert len(samples) == pytest.approx(24_000, abs=40)
    for begin, end, level in ((0, 7900, 0.488), (8100, 15_900, 0.0), (16_100, 23_900, 0.488)):
        assert np.abs(samples[begin:end] - level).max() < 0.01
    outline = media.waveform(path, 10)
    assert outline.shape == (15, 2)
    assert outline[:, 1] == pytest.approx([0.488] * 5 + [0] * 5 + [0.488] * 5, abs=0.01)


def test_without_audio_nothing_is_heard(clip_of: Any) -> None:
    path, _ = clip_of("vp9")
    assert list(media.audio_stream(path)) == []
    assert media.waveform(path).shape == (0, 2)
    assert media.spectrogram(path).shape == (0, 64)


def test_a_tone_lies_in_its_band_without_seams(tmp_path: Path) -> None:
    path = tmp_path / "tone.mkv"
    tone = 16_000 * np.sin(2 * np.pi * 1_000 / RATE * np.arange(12 * RATE))  # longer than a block of the stream
    film(path, 300, ((begin, tone[begin : begin + 800]) for begin in range(0, len(tone), 800)))
    spectra = media.spectrogram(path)
    assert spectra.shape == (12 * audio.SPECTRA_A_SECOND, 64) and spectra.dtype == np.uint8
    mel = 2595 * np.log10(1 + np.array([1_000, 8_000]) / 700)
    assert set(spectra[2:-2].argmax(axis=1)) == {round(65 * mel[0] / mel[1]) - 1}
    assert np.ptp(spectra[2:-2].max(axis=1).astype(int)) <= 1, "as loud at the border of two blocks as elsewhere"
    assert spectra[2:-2].max() == pytest.approx(255 * (1 + 20 * np.log10(16_000 / 32_768) / 80), abs=8)


def test_outline(clip_of: Any) -> None:
    outline = media.waveform(clip_of("plain")[0], 50)
    assert outline.dtype == np.float32 and len(outline) == pytest.approx(78, abs=3)
    assert np.all(outline[5:70, 0] < -0.8) and np.all(outline[5:70, 1] > 0.8)


def test_damaged_sound_does_not_take_the_picture_along(clip_of: Any, tmp_path: Path) -> None:
    data = clip_of("mkv")[0].read_bytes()
    path = tmp_path / "mute.mkv"
    path.write_bytes(data.replace(b"A_OPUS", b"A_MPC8"))
    assert media.probe(path).audio is None
    assert media.probe(path).frame_count == 40
    assert heard(path).size == 0


def test_other_rates_and_wrong_ones(clip_of: Any) -> None:
    path, _ = clip_of("plain")
    assert len(heard(path, 8_000)) == pytest.approx(len(heard(path)) / 2, abs=20)
    for wrong in (0, 10**9):
        with pytest.raises(UsageError):
            list(media.audio_stream(path, wrong))
        with pytest.raises(UsageError):
            media.waveform(path, wrong)
    with pytest.raises(BrokenMedia):
        bad = path.parent / "bad.mp4"
        bad.write_bytes(path.read_bytes()[:60])
        list(media.audio_stream(bad))


def stereo(path: Path, left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> Path:
    """A WAV file of two channels of samples in −1…1, at RATE."""
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("pcm_s16le", rate=RATE, layout="stereo")
        samples = (np.stack([left, right], axis=1) * 32_767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "s16", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def only(path: Path, channel: Any) -> np.ndarray[Any, Any]:
    return np.concatenate([np.zeros(0, np.float32), *media.audio_stream(path, RATE, channel=channel)])


def test_one_of_two_channels(tmp_path: Path) -> None:
    """The same sound in both is as loud as one channel of it; each can be had alone, of two only."""
    left, right = tones(2.0, 16_000), tones(2.0, 16_000)[::-1] * 0.5
    both = stereo(tmp_path / "both.wav", left, left)
    assert np.abs(heard(both) - left).max() < 1e-3
    mono = make_sound(tmp_path, "wav", 2.0)
    assert heard(both).max() == pytest.approx(heard(mono).max(), abs=0.01)
    apart = stereo(tmp_path / "apart.wav", left, right)
    assert np.abs(only(apart, "left") - left).max() < 1e-3
    assert np.abs(only(apart, "right") - right).max() < 1e-3
    assert np.abs(heard(apart) - (left + right) / 2).max() < 1e-3
    assert len(only(mono, "left")) == 0
