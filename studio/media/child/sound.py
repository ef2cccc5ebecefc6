"""Audio as a steady stream of samples that begins at the first displayed frame."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from studio.config import Limits
from studio.media import policy
from studio.media.child.responder import Responder
from studio.media.child.source import Source, open_source, packets, to_ticks

Block = npt.NDArray[np.float32]
TOLERANCE_S = Fraction(3, 100)  # time stamps wander by less than this without meaning a gap
_SILENCE_SAMPLES = 1 << 16
RESTART_S = Fraction(1, 10)  # a clock that falls back by more starts anew
_RUN_IN_US = 1_000_000  # before the place that is sought: what a decoder and a resampler need to be in step


def audio(
    responder: Responder,
    path: str,
    limits: Limits,
    _body: bytearray,
    *,
    rate: int,
    start_us: int,
    offsets: list[list[int]],
    track: int | None,
    seek: bool,
    channel: str | None,
) -> None:
    """Answer messages of float32 mono samples at `rate` Hz; sample 0 is at `start_us` of the container's clock. `track`
    is the stream that was chosen, `offsets` are those of joined recordings; with `seek` what lies before is not read.
    `channel` is "left" or "right" of a stream with two, of any other there is nothing then.

    Raises BrokenMedia when there is an audio track and not one sample of it can be decoded.
    """
    with open_source(path, limits, track) as source:
        if source.audio is None or (channel and source.audio.codec_context.channels != 2):
            return
        if seek:
            source.container.seek(to_ticks(start_us - _RUN_IN_US, 0, source.audio.time_base), stream=source.audio)
        heard = False
        for block in aligned(source, responder, rate, start_us, offsets, channel or "mono"):
            heard = True
            responder.send({"kind": "samples"}, block.tobytes())
        if not heard:
            raise policy.refuse_broken(path, "its sound is damaged, though its pictures may be intact")


def aligned(
    source: Source, responder: Responder, rate: int, start_us: int, offsets: list[list[int]], layout: str = "mono"
) -> Iterator[Block]:
    """Blocks float32 (channels, S): leading time cut or padded, gaps filled with silence, overlaps cut. `layout` is
    "stereo", "mono", or "left" or "right": that channel alone."""
    channels = 2 if layout == "stereo" else 1
    start = Fraction(start_us, 1_000_000)
    most = int(source.limits.duration_s * rate)
    written = 0
    for begin, block in _runs(source, responder, rate, offsets, layout):
        place = round((begin - start) * rate)
        if abs(place - written) < TOLERANCE_S * rate and written:
            place = written
        for silence in _silence(min(place, most) - written, channels):
            responder.keep_alive()
            written += silence.shape[1]
            yield silence
        block = block[:, max(0, written - place) :]
        if written + block.shape[1] > most:
            return
        if block.size:
            written += block.shape[1]
            yield block


def _silence(samples: int, channels: int) -> Iterator[Block]:
    while samples > 0:
        count = min(samples, _SILENCE_SAMPLES)
        yield np.zeros((channels, count), np.float32)
        samples -= count


def _runs(
    source: Source, responder: Responder, rate: int, offsets: list[list[int]], layout: str
) -> Iterator[tuple[Fraction, Block]]:
    """Resampled blocks with the time of their first sample; the resampler starts anew after a gap."""
    resampler: Any = None
    begin = expected = Fraction(0)
    done = 0
    for time, frame in timed(source, responder, offsets):
        if resampler is None or abs(time - expected) > TOLERANCE_S:
            if resampler is not None:
                for block in _pull(resampler, None, layout):
                    yield begin + Fraction(done, rate), block
                    done += block.shape[1]
            # FFmpeg adds up two channels that are mixed to one of floats: the same sound in both would be 3 dB louder
            wanted = "stereo" if layout != "mono" or frame.layout.nb_channels == 2 else "mono"
            resampler = av.AudioResampler(format="fltp", layout=wanted, rate=rate)
            begin, done = time, 0
            expected = time
        frame.pts = None
        for block in _pull(resampler, frame, layout):
            yield begin + Fraction(done, rate), block
            done += block.shape[1]
        expected += Fraction(frame.samples, frame.sample_rate)
    if resampler is not None:
        for block in _pull(resampler, None, layout):
            yield begin + Fraction(done, rate), block
            done += block.shape[1]


def timed(source: Source, responder: Responder, offsets: list[list[int]]) -> Iterator[tuple[Fraction, Any]]:
    """Audio frames with the time at which each begins. Where the clock of sound alone starts anew, as where a chained
    Ogg stream (RFC 3533) goes on, the next recording follows the one before."""
    expected = moved = Fraction(0)
    begun = False
    for frame in _decoded(source, responder, offsets):
        time = moved + Fraction(frame.pts) * Fraction(frame.time_base) if frame.pts is not None else expected
        if begun and source.video is None and time < expected - RESTART_S:
            moved, time = moved + expected - time, expected
        yield time, frame
        begun, expected = True, time + Fraction(frame.samples, frame.sample_rate)


def _pull(resampler: Any, frame: Any, layout: str) -> Iterator[Block]:
    for out in resampler.resample(frame):
        block = out.to_ndarray()
        if block.size:
            yield _of(block, layout)


def _of(block: Block, layout: str) -> Block:
    """What is wanted of one or two channels (n, S): both, one of them, or their mean."""
    if layout in ("left", "right"):
        return block[:1] if layout == "left" else block[1:]
    return block.mean(axis=0, keepdims=True) if layout == "mono" and len(block) == 2 else block


def _decoded(source: Source, responder: Responder, offsets: list[list[int]]) -> Iterator[Any]:
    """Audio frames; what cannot be decoded is left out, so that it becomes silence."""
    for packet in packets(source, source.audio, responder, offsets):
        try:
            yield from packet.decode()
        except (av.FFmpegError, OSError, ValueError):
            continue
