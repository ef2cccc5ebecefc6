"""What a stretch of sound is like, in numbers that a label can be learned from.

Statistics of mel levels and of their cepstra, as classifiers of sounds used them before networks (Peeters 2004, "A
large set of audio features for sound description"): means and deviations over half a second, how fast they change, and
the same of what is around. `studio.recipes.teaching_sounds` measures what can be learned from them.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from studio.models.interfaces import Floats

LEVELS_PER_S, BANDS = 100, 40  # of the levels that are read
STEP_S = 0.25  # from one sample to the next
CEPSTRA = 20
WIDTH = 4 * (BANDS + CEPSTRA)  # numbers of a sample
AROUND = 2  # samples before and after
TRACE = 0.64  # how much samples vary in all, about as much as the frame vectors of an encoder
_STEP = round(STEP_S * LEVELS_PER_S)
_MARGIN = _STEP // 2  # levels on either side of a step that are looked at with it
_PIECE = 4_096  # samples at once: memory does not grow with the sound


def statistics(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float16]:
    """Levels (T, BANDS), LEVELS_PER_S a second as `media.spectrogram` gives them, 255 for full scale and 0 for 80 dB
    below it → a sample for each STEP_S that has begun, (N, WIDTH), in dB."""
    count = -(-len(levels) // _STEP)
    if not count:
        return np.zeros((0, WIDTH), np.float16)
    from scipy.fft import dct  # takes long to import, and most of what starts here never needs it

    padded = np.pad(levels, ((_MARGIN, count * _STEP - len(levels) + _MARGIN), (0, 0)), "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _STEP + 2 * _MARGIN, axis=0)[::_STEP]
    parts = []
    for first in range(0, count, _PIECE):
        mel = windows[first : first + _PIECE].astype(np.float32).swapaxes(1, 2) * np.float32(80 / 255)
        cepstra = dct(mel, axis=2, norm="ortho")[:, :, :CEPSTRA]
        parts.append(np.concatenate([_of(mel), _of(cepstra)], axis=1).astype(np.float16))
    return np.concatenate(parts)


def _of(curves: Floats) -> Floats:
    """Mean, deviation, change and height of (N, T, C) over time: (N, 4 · C)."""
    change = np.abs(np.diff(curves, axis=1)).mean(1)
    found: Floats = np.concatenate([curves.mean(1), curves.std(1), change, curves.max(1)], axis=1)
    return found


def with_surroundings(rows: npt.NDArray[np.float16]) -> Floats:
    """Samples (N, WIDTH) with the mean of those around each beside them: (N, 2 · WIDTH)."""
    plain = rows.astype(np.float32)
    padded = np.pad(plain, ((AROUND, AROUND), (0, 0)), "edge") if len(rows) else plain
    total = sum((padded[k : k + len(rows)] for k in range(2 * AROUND + 1)), np.zeros_like(plain))
    return np.concatenate([plain, total / (2 * AROUND + 1)], axis=1)


def spread_of(parts: Sequence[Floats]) -> Floats:
    """By what samples (N, D) of a library, in parts, are divided (D,), so that each number varies as much as any
    other."""
    count = sum(map(len, parts))
    total = sum(part.sum(0, dtype=np.float64) for part in parts) / count
    squares = sum((part.astype(np.float64) ** 2).sum(0) for part in parts) / count
    deviation = np.sqrt(np.maximum(squares - total**2, 0))
    found: Floats = np.maximum(deviation * np.sqrt(len(deviation) / TRACE), 1e-3).astype(np.float32)
    return found
