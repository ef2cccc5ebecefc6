"""Whose voice it is, by the optional package's weights."""

from pathlib import Path

import numpy as np
import pytest

from studio import media, models
from studio.models.speaker import speaker_embedding
from tests.conftest import SHARED

RATE = speaker_embedding.RATE


def test_mel_bands_are_slaney_s() -> None:
    """A tone's power lies in the band around it; golden values of librosa 0.11 (n_fft 400, hop 160, 40 bands)."""
    time = np.arange(RATE) / RATE
    for hertz, band in ((200.0, 2), (1000.0, 13), (4000.0, 31)):
        spectra = speaker_embedding.mel_spectra(np.sin(2 * np.pi * hertz * time).astype(np.float32))
        assert spectra.shape == (101, 40)
        assert set(spectra[5:-5].argmax(1)) == {band}, hertz


def test_what_is_missing_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(models.ModelError, match=r"moment-studio\[voices\]"):
        models.SpeakerEmbedding()


def test_strange_weights_are_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "resemblyzer").mkdir()
    (tmp_path / "resemblyzer" / "__init__.py").touch()
    (tmp_path / "resemblyzer" / "pretrained.pt").write_bytes(b"something else")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(models.ModelError, match="not the known ones"):
        models.SpeakerEmbedding()


@pytest.mark.skipif(not models.SpeakerEmbedding.installed(), reason="the optional package Resemblyzer is not installed")
def test_the_package_s_own_numbers() -> None:
    """Golden values of Resemblyzer 0.1.4 itself: 3 s of a warbling tone in noise."""
    time, noise = np.arange(3 * RATE) / RATE, np.random.default_rng(0).normal(size=3 * RATE)
    sound = 0.3 * np.sin(2 * np.pi * (120 + 30 * np.sin(3 * time)) * time) + 0.05 * noise
    found = models.SpeakerEmbedding().embed(sound.astype(np.float32))
    assert found[:6] == pytest.approx([0.0, 0.0, 0.0682, 0.0, 0.0221, 0.0428], abs=1e-4)


@pytest.mark.skipif(not models.SpeakerEmbedding.installed(), reason="the optional package Resemblyzer is not installed")
@pytest.mark.skipif(not SHARED.is_dir(), reason="the clips are not beside the project")
def test_a_voice_is_more_like_itself_than_like_others() -> None:
    encoder, found = models.SpeakerEmbedding(), []
    for name in ("1.mp4", "2.mp4", "WDA_KatieHill_000.mp4"):
        audio = np.concatenate(list(media.audio_stream(SHARED / "faces" / name, RATE)))
        half = min(len(audio) // 2, 15 * RATE)
        found.append((encoder.embed(audio[:half]), encoder.embed(audio[-half:])))
    same = [float(a @ b) for a, b in found]
    others = [float(a @ d) for i, (a, _) in enumerate(found) for j, (_, d) in enumerate(found) if i != j]
    assert min(same) > max(others)
