"""Sound: samples in time with the picture, and its outline for the timeline."""

import os
from collections.abc import Iterator

import numpy as np

from studio.config import Limits
from studio.errors import UsageError
from studio.media import policy
from studio.media.model import Samples
from studio.media.probe import probe
from studio.media.sandbox import Child

_MOST_BODY = 64 * 2**20
_OUTLINE_RATE = 16_000


def audio_stream(
    path: str | os.PathLike[str], rate: int = 16_000, chunk_s: float = 10.0, limits: Limits | None = None
) -> Iterator[Samples]:
    """Mono float32 (S,) blocks of `chunk_s` seconds at `rate` Hz, the last one shorter; sample 0 is video time 0.

    A late start and gaps are silence, what comes before the first frame is cut. It ends with the audio, which
    may be before or after the picture. Without an audio track it is empty. Raises what `probe` raises, and
    BrokenMedia when not one sample can be decoded.
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
    with Child("audio", real, limits, {"rate": rate, "start_us": found.start_us}) as child:
        while child.receive() is not None:
            block = np.frombuffer(child.body(_MOST_BODY), np.float32)
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


def waveform(path: str | os.PathLike[str], per_second: int = 50, limits: Limits | None = None) -> Samples:
    """The outline of the sound: float32 (n, 2), the lowest and highest sample of every 1 / `per_second` s from 0.

    (0, 2) without an audio track. Raises what `audio_stream` raises.
    """
    if not 1 <= per_second <= 1_000:
        raise UsageError("A waveform has 1 to 1,000 points a second.")
    step = round(_OUTLINE_RATE / per_second)
    parts = [np.zeros((0, 2), np.float32)]
    for block in audio_stream(path, step * per_second, chunk_s=10, limits=limits):
        starts = np.arange(0, len(block), step)
        parts.append(np.stack([np.minimum.reduceat(block, starts), np.maximum.reduceat(block, starts)], axis=1))
    return np.concatenate(parts)
