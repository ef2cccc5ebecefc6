"""Sound: samples in time with the picture, and its outline for the timeline."""

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.config import Limits
from studio.errors import UsageError
from studio.media import policy
from studio.media.model import Samples
from studio.media.probe import probe
from studio.media.sandbox import Child

Channel = Literal["left", "right"]
_MOST_BODY = 64 * 2**20
_OUTLINE_RATE = 16_000
SPECTRA_A_SECOND = 25
_SPECTRUM_RATE, _SPECTRUM = 16_000, 1024
SOUND_COLUMNS_A_SECOND, SOUND_BANDS, SOUND_TOP_HZ = 100, 96, _SPECTRUM_RATE // 2
_WINDOWS = ((100, 512), (200, 320), (400, 192), (1_000, 128))  # samples, for at most so many rows a second


def audio_stream(
    path: str | os.PathLike[str],
    rate: int = 16_000,
    chunk_s: float = 10.0,
    limits: Limits | None = None,
    *,
    track: int | None = None,
    channel: Channel | None = None,
    start_us: int = 0,
    end_us: int | None = None,
) -> Iterator[Samples]:
    """Mono float32 (S,) blocks of `chunk_s` seconds at `rate` Hz, the last one shorter; sample 0 is at `start_us`, and
    the last one before `end_us`.

    `track` is the index of one of `Probe.sounds`; None: the one that players take. Two channels become one by their
    mean; `channel` is one of them alone, and then tracks of more or fewer channels are empty. A late start and gaps are
    silence, what comes before the first frame is cut. It ends with the audio, which may be before or after the picture.
    Without an audio track it is empty. Raises what `probe` raises, and BrokenMedia when not one sample can be decoded.
    """
    limits = limits or Limits()
    if not 1_000 <= rate <= 192_000 or not 0 < chunk_s <= 600:
        raise UsageError("Audio comes at 1,000 to 192,000 samples a second, in blocks of at most 10 minutes.")
    found = probe(path, limits)
    if found.audio is None:
        return
    real = policy.admit(path, limits)
    chunk = max(1, round(rate * chunk_s))
    waiting: list[Samples] = []
    held = total = 0
    if not found.has_pictures:  # what fills the last packet is no sound
        end_us = min(found.duration_us, end_us or found.duration_us)
    most = None if end_us is None else max(0, round((end_us - start_us) * rate / 1e6))
    arguments = {
        "rate": rate, "start_us": found.start_us + start_us, "offsets": found.offsets, "track": track,
        "channel": channel,
        "seek": (start_us > 0 and found.container in policy.SEEKABLE_SOUND and not found.offsets
                 and found.audio.codec not in policy.ROUGH_SOUND),
    }  # fmt: skip
    with Child("audio", real, limits, arguments) as child:
        while (most is None or total < most) and child.receive() is not None:
            block = np.frombuffer(child.body(_MOST_BODY), np.float32)
            block = block if most is None else block[: most - total]
            waiting.append(block)
            held += len(block)
            total += len(block)
            if total > limits.duration_s * rate:
                raise policy.refuse_broken(path, "its sound does not end")
            if held >= chunk:
                joined = np.concatenate(waiting)
                whole = held - held % chunk
                for begin in range(0, whole, chunk):
                    yield joined[begin : begin + chunk]
                waiting, held = [joined[whole:]], held - whole
    if held:
        yield np.concatenate(waiting)


def waveform(
    path: str | os.PathLike[str], per_second: int = 50, limits: Limits | None = None, *, track: int | None = None
) -> Samples:
    """The outline of the sound: float32 (n, 2), the lowest and highest sample of every 1 / `per_second` s from 0.

    (0, 2) without an audio track. Raises what `audio_stream` raises.
    """
    if not 1 <= per_second <= 1_000:
        raise UsageError("A waveform has 1 to 1,000 points a second.")
    step = round(_OUTLINE_RATE / per_second)
    parts = [np.zeros((0, 2), np.float32)]
    for block in audio_stream(path, step * per_second, chunk_s=10, limits=limits, track=track):
        starts = np.arange(0, len(block), step)
        parts.append(np.stack([np.minimum.reduceat(block, starts), np.maximum.reduceat(block, starts)], axis=1))
    return np.concatenate(parts)


def spectrogram(
    path: str | os.PathLike[str],
    per_second: int = SPECTRA_A_SECOND,
    bands: int = 64,
    limits: Limits | None = None,
    *,
    track: int | None = None,
) -> NDArray[np.uint8]:
    """How loud the sound is in `bands` mel-spaced bands up to 8 kHz, lowest first: uint8 (n, bands), one row every
    1 / `per_second` s from 0; 255 is full scale, 0 is 80 dB below it.

    (0, bands) without an audio track. Mel scale after O'Shaughnessy (1987). Raises what `audio_stream` raises.
    """
    blocks = audio_stream(path, _SPECTRUM_RATE, chunk_s=10, limits=limits, track=track)
    none = np.zeros((0, bands), np.uint8)
    return np.concatenate([none, *(levels for levels, _ in _spectra(blocks, per_second, bands, _SPECTRUM))])


def sound_picture(
    path: str | os.PathLike[str],
    per_second: int = SOUND_COLUMNS_A_SECOND,
    limits: Limits | None = None,
    *,
    start_us: int = 0,
    end_us: int | None = None,
    track: int | None = None,
) -> NDArray[np.uint8]:
    """The waveform and the spectrogram of sound as it is looked at in place of a film: uint8 (n, 2 + SOUND_BANDS), one
    row every 1 / `per_second` s of `[start_us, end_us)`.

    A row has its lowest and highest sample, 0 … 255 for -1 … 1, and then the levels of mel-spaced bands up to
    SOUND_TOP_HZ as `spectrogram` has them. The more rows a second, the shorter the window: of speech, 32 ms tell
    overtones apart and 8 ms the single beats of a voice. Raises what `audio_stream` raises.
    """
    window = next(samples for most, samples in _WINDOWS if per_second <= most)
    before = min(start_us * per_second // 1_000_000, -(-window * per_second // _SPECTRUM_RATE))  # rows: what is around
    lead_us = before * 1_000_000 // per_second
    blocks = audio_stream(
        path, _SPECTRUM_RATE, 10, limits, track=track, start_us=start_us - lead_us,
        end_us=None if end_us is None else end_us + lead_us,
    )  # fmt: skip
    rows = [np.zeros((0, 2 + SOUND_BANDS), np.uint8)]
    for levels, edges in _spectra(blocks, per_second, SOUND_BANDS, window):
        shown = np.clip(np.round(127.5 * (edges + 1)), 0, 255).astype(np.uint8)
        rows.append(np.concatenate([shown, levels], axis=1))
    found = np.concatenate(rows)
    count = len(found) if end_us is None else round((end_us - start_us) * per_second / 1e6)
    return found[before : before + count]


def _spectra(
    blocks: Iterable[Samples], per_second: int, bands: int, window: int
) -> Iterator[tuple[NDArray[np.uint8], Samples]]:
    """Levels (n, bands) and lowest and highest samples (n, 2) of sound at _SPECTRUM_RATE, piece by piece."""
    shape, filters, hop = np.hanning(window).astype(np.float32), _mel_bands(bands), _SPECTRUM_RATE // per_second
    full = (float(shape.sum()) / 2) ** 2
    half = np.zeros(window // 2, np.float32)  # a row is about the sound around its time
    waiting, total, done = half, 0, 0
    for block in chain(blocks, [None]):
        waiting = np.concatenate([waiting, half if block is None else block])
        total += 0 if block is None else len(block)
        ready = max(0, (len(waiting) - window) // hop + 1)
        count = min(ready, -(-total // hop) - done)
        if count <= 0:
            continue
        pieces = np.lib.stride_tricks.sliding_window_view(waiting, window)[: count * hop : hop]
        power = np.abs(np.fft.rfft(pieces * shape, _SPECTRUM, axis=1)).astype(np.float32) ** 2 @ filters.T
        level = 10 * np.log10(np.maximum(power / full, 1e-12))
        own = waiting[len(half) : len(half) + count * hop]
        own = np.pad(own, (0, count * hop - len(own))).reshape(count, hop)
        edges = np.stack([own.min(axis=1), own.max(axis=1)], axis=1)
        yield np.clip(255 * (1 + level / 80), 0, 255).astype(np.uint8), edges
        waiting, done = waiting[count * hop :], done + count


def _mel_bands(count: int) -> Samples:
    """Triangles over the bins of a spectrum, evenly spaced in mel: (count, bins)."""
    highest = 2595 * np.log10(1 + _SPECTRUM_RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, highest, count + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(_SPECTRUM, 1 / _SPECTRUM_RATE)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)).clip(0)
    # narrow bands of low sounds may fall between two bins: they take the nearest
    triangles[np.arange(count), np.abs(bins - middle).argmin(axis=1)] = 1
    return triangles.astype(np.float32)
