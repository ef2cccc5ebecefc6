"""What networks hear, against python_speech_features' own output and against the definition of VGGish's."""

import numpy as np
import pytest

from studio.models.speaker.sounds import fitted, log_mel, mfcc

TONE = np.round(3000 * np.sin(np.arange(16_000) ** 1.3 / 50) + 200 * np.cos(np.arange(16_000) * 0.9))


def test_cepstra_are_those_of_python_speech_features() -> None:
    """Version 0.6 with its defaults, on the same sound."""
    found = mfcc(TONE)
    assert found.shape == (99, 13)
    assert found.dtype == np.float32
    expected = {
        0: [16.6644, 19.8316, 5.8442, 21.7775, -2.3806, -49.0433, -23.1263, 2.6869, -34.6941, -33.654, 18.2036, 12.024,
            -17.0189],
        50: [18.7197, 13.1222, -28.8965, -26.8664, -1.9224, 7.3277, 26.1596, 24.426, -26.2696, -39.2548, 11.6217,
             25.9847, 0.4995],
    }  # fmt: skip
    for row, values in expected.items():
        np.testing.assert_allclose(found[row], values, atol=1e-4)
    assert found.sum() == pytest.approx(-1624.3899, abs=0.01)


def test_silence_has_a_floor() -> None:
    found = mfcc(np.zeros(1000))
    np.testing.assert_allclose(found[:, 0], -36.0437, atol=1e-4)
    np.testing.assert_allclose(found[:, 1:], 0, atol=1e-9)
    np.testing.assert_allclose(log_mel(np.zeros(1000)), np.log(0.01), atol=1e-6)


@pytest.mark.parametrize(("samples", "rows"), [(0, 1), (1, 1), (400, 1), (401, 2), (560, 2), (561, 3), (16_000, 99)])
def test_how_many_windows(samples: int, rows: int) -> None:
    assert mfcc(np.ones(samples)).shape == (rows, 13)
    assert log_mel(np.ones(samples)).shape == (max(1, 1 + (samples - 400) // 160), 64)


def test_log_mel_by_its_definition() -> None:
    """One window and one band, computed step by step."""
    window = TONE[320:720] * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400))
    spectrum = np.abs([np.sum(window * np.exp(-2j * np.pi * k * np.arange(400) / 512)) for k in range(257)])

    def mel(hertz: float) -> float:
        return 1127 * np.log(1 + hertz / 700)

    edges = np.linspace(mel(125), mel(7500), 66)
    for band in (0, 20, 63):
        low, top, high = edges[band : band + 3]
        total = 0.0
        for k in range(1, 257):
            m = mel(k * 16_000 / 512)
            total += spectrum[k] * max(0.0, min((m - low) / (top - low), (high - m) / (high - top)))
        assert log_mel(TONE)[2, band] == pytest.approx(np.log(total + 0.01), abs=1e-4)


def test_rows_are_cut_or_begun_again() -> None:
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert fitted(rows, 2).tolist() == [[0, 1], [2, 3]]
    assert fitted(rows, 4).tolist() == [[0, 1], [2, 3], [4, 5], [0, 1]]
