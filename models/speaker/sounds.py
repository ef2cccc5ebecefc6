"""What networks hear: cepstra (MFCC) and log-mel spectra of 16 kHz sound, a row each hundredth of a second.

Both reproduce, number for number, what published checkpoints were trained on: MFCC those of python_speech_features
(Lyons 2013), with its defaults, and log-mel those of VGGish (Hershey et al. 2017). They read samples at the scale of
16-bit integers, −32768…32767.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

RATE = 16_000
ROWS_PER_S = 100
CEPSTRA, MELS = 13, 64

_WIDTH, _HOP, _FFT = 400, 160, 512
_FILTERS, _LIFTER, _EMPHASIS = 26, 22, 0.97
_LOWEST, _HIGHEST, _OFFSET = 125.0, 7500.0, 0.01


def mfcc(audio: npt.NDArray[np.floating]) -> Floats:
    """Sound (S,) at the scale of 16-bit integers → cepstra (N, 13); the first is the log energy of its window.

    N is 1 up to 400 samples, then 1 + ⌈(S − 400) / 160⌉: the last window is filled with silence.
    """
    whole = np.asarray(audio, np.float64)
    count = 1 if len(whole) <= _WIDTH else 1 + -(-(len(whole) - _WIDTH) // _HOP)
    sound = np.concatenate([whole[:1], whole[1:] - _EMPHASIS * whole[:-1]])
    power = np.abs(np.fft.rfft(_windows(sound, count), _FFT)) ** 2 / _FFT
    heard = power @ _triangles().T
    cepstra = _floored_log(heard) @ _cosines().T
    cepstra *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(CEPSTRA) / _LIFTER)
    cepstra[:, 0] = _floored_log(power.sum(axis=1))
    return cepstra.astype(np.float32)


def log_mel(audio: npt.NDArray[np.floating]) -> Floats:
    """Sound (S,) at the scale of 16-bit integers → log of 64 mel bands (N, 64), 125–7500 Hz.

    N is 1 + ⌊(S − 400) / 160⌋, whole windows only; sound shorter than a window is filled with silence.
    """
    whole = np.asarray(audio, np.float64)
    count = 1 + max(0, len(whole) - _WIDTH) // _HOP
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WIDTH) / _WIDTH)
    spectrum = np.abs(np.fft.rfft(_windows(whole, count) * hann, _FFT))
    return np.log(spectrum @ _mel_bands().T + _OFFSET).astype(np.float32)


def fitted(rows: Floats, count: int) -> Floats:
    """(N, C) → (count, C): cut, or begun again from the start, as the networks' own loaders do."""
    return np.take(rows, np.arange(count), axis=0, mode="wrap")


def _windows(sound: Doubles, count: int) -> Doubles:
    padded = np.zeros((count - 1) * _HOP + _WIDTH)
    padded[: min(len(sound), len(padded))] = sound[: len(padded)]
    return np.lib.stride_tricks.sliding_window_view(padded, _WIDTH)[::_HOP]


def _floored_log(values: Doubles) -> Doubles:
    logs: Doubles = np.log(np.where(values == 0, np.finfo(np.float64).eps, values))
    return logs


@cache
def _triangles() -> Doubles:
    """(26, 257): triangles between whole bins of the spectrum, 0–8000 Hz, equally wide in mel."""
    highest = 2595 * np.log10(1 + RATE / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, highest, _FILTERS + 2) / 2595) - 1)
    edges = np.floor((_FFT + 1) * hertz / RATE)
    bins = np.arange(_FFT // 2 + 1, dtype=np.float64)
    return np.stack([_triangle(bins, *edges[k : k + 3]) for k in range(_FILTERS)])


@cache
def _mel_bands() -> Doubles:
    """(64, 257): triangles in mel, not in hertz; the constant part of the sound is left out."""
    bins = 1127 * np.log(1 + np.linspace(0, RATE / 2, _FFT // 2 + 1) / 700)
    low, high = (1127 * np.log(1 + hertz / 700) for hertz in (_LOWEST, _HIGHEST))
    edges = np.linspace(low, high, MELS + 2)
    bands = np.stack([_triangle(bins, *edges[k : k + 3]) for k in range(MELS)])
    bands[:, 0] = 0
    return bands


def _triangle(at: Doubles, low: float, top: float, high: float) -> Doubles:
    """0 up to `low`, 1 at `top`, 0 from `high` on."""
    rises, falls = (at - low) / (top - low), (high - at) / (high - top)
    return np.asarray(np.clip(np.minimum(rises, falls), 0, None), np.float64)


@cache
def _cosines() -> Doubles:
    """(13, 26): the first rows of the orthonormal cosine transform."""
    k, n = np.mgrid[0:CEPSTRA, 0:_FILTERS]
    rows = np.sqrt(2 / _FILTERS) * np.cos(np.pi * k * (2 * n + 1) / (2 * _FILTERS))
    rows[0] /= np.sqrt(2)
    return np.asarray(rows, np.float64)
