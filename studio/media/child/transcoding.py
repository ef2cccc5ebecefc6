"""Copies of a file, or of a part of it, as browsers play them: H.264 and AAC in MP4, with the same frame times."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import numpy as np

from studio.config import Limits
from studio.errors import MediaError
from studio.media import policy
from studio.media.child.decoder import Decoder
from studio.media.child.pictures import unpack_timing
from studio.media.child.renderer import Orientation, orientation, progressive
from studio.media.child.responder import Responder
from studio.media.child.sound import Block, aligned
from studio.media.child.source import Source, open_source

_SOUND_RATE = 48_000
_VIDEO_OPTIONS = {"preset": "veryfast", "crf": "20", "bf": "0"}  # no B-frames: no edit list, time zero is zero
_KEY_EVERY = 48
_PIECE_US = 5_000_000  # of a copy of sound alone, between two signs of progress


def proxy(
    responder: Responder,
    path: str,
    limits: Limits,
    body: bytearray,
    *,
    timing: dict[str, Any],
    size: tuple[int, int],
    fps: float,
    duration_us: int,
    start_us: int,
    end_us: int | None,
    target: str,
    offsets: list[list[int]],
    track: int | None,
) -> None:
    """Write the asked frames to `target`, the first at time 0; answer progress in [0, 1].

    Sound goes on to its end, or is cut at `end_us`. Frames that cannot be decoded are left out.
    """
    table, asked = unpack_timing(body, **timing)
    with (
        _full_disk_said(path),
        Decoder(path, limits, table, responder) as decoder,
        open_source(path, limits, track) as sound,
        _mp4(target) as output,
    ):
        _write(responder, decoder, sound, offsets, output, asked, size, fps, duration_us, start_us, end_us)


def sound_copy(
    responder: Responder,
    path: str,
    limits: Limits,
    _body: bytearray,
    *,
    start_us: int,
    from_us: int,
    to_us: int,
    target: str,
    offsets: list[list[int]],
    track: int | None,
) -> None:
    """Write the sound of `[from_us, to_us)` after time 0, which is `start_us` of the container's clock, to `target`;
    answer progress in [0, 1]."""
    with _full_disk_said(path), open_source(path, limits, track) as source, _mp4(target) as output:
        layout = "mono" if source.audio is not None and source.audio.codec_context.channels == 1 else "stereo"
        sound = _Sound(source, offsets, output, responder, start_us + from_us, to_us - from_us, layout)
        for done_us in range(_PIECE_US, to_us - from_us, _PIECE_US):
            sound.write_until(done_us)
            responder.progress(done_us / (to_us - from_us))
        sound.write_until(None)
        if not sound.written:
            raise policy.refuse_broken(path, "its sound is damaged")


def _mp4(target: str) -> Any:
    return av.open(f"file:{target}", "w", format="mp4", options={"movflags": "+faststart"})


@contextmanager
def _full_disk_said(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise MediaError(
                f"The disk is too full for the browser's copy of {policy.shown(path)}; free some space and try again."
            ) from error
        raise


def _write(
    responder: Responder,
    decoder: Decoder,
    sound: Source,
    offsets: list[list[int]],
    output: Any,
    asked: list[int],
    size: tuple[int, int],
    fps: float,
    duration_us: int,
    start_us: int,
    end_us: int | None,
) -> None:
    even = tuple(max(2, side - side % 2) for side in size)
    video = output.add_stream("libx264", rate=max(1, round(fps)), options=_VIDEO_OPTIONS)
    video.width, video.height, video.pix_fmt = *even, "yuv420p"
    video.codec_context.gop_size = _KEY_EVERY
    video.codec_context.time_base = video.time_base = Fraction(1, 1_000_000)
    first = asked[0]
    track = None
    if sound.audio is not None:
        most_us = None if end_us is None else end_us - first
        track = _Sound(sound, offsets, output, responder, start_us + first, most_us)
    canvas = _Canvas(even)
    pictures = _Packets(output)
    last = -1
    for _, us, frame in decoder.displayed(asked):
        if us <= last or us < first:
            continue
        last = us
        picture = canvas.fit(frame)
        picture.pts, picture.time_base = us - first, Fraction(1, 1_000_000)
        pictures.mux(video.encode(picture))
        if track is not None:
            track.write_until(us - first)
        responder.progress(min(us / duration_us, 1.0))
    if last < 0:
        raise policy.refuse_broken(sound.path, "not one of its pictures is intact")
    pictures.mux(video.encode(None))
    pictures.finish(None if end_us is not None else duration_us - first)
    if track is not None:
        track.write_until(None)


class _Packets:
    """Writes the pictures, the last of them with the time for which it is displayed."""

    def __init__(self, output: Any) -> None:
        self._output = output
        self._held: Any = None

    def mux(self, packets: list[Any]) -> None:
        for packet in packets:
            if self._held is not None:
                self._output.mux(self._held)
            self._held = packet

    def finish(self, end_us: int | None) -> None:
        """Write the last; it is displayed until `end_us`, or as long as the encoder said."""
        if end_us is not None:
            self._held.duration = max(1, round(Fraction(end_us, 1_000_000) / self._held.time_base) - self._held.pts)
        self._output.mux(self._held)


class _Canvas:
    """Brings frames to one size and format, rotated; the filters are rebuilt when the frames change."""

    def __init__(self, size: tuple[int, ...]) -> None:
        self._size = size
        self._shape: tuple[Any, ...] = ()
        self._graph: Any = None

    def fit(self, frame: Any) -> Any:
        view = orientation(frame)
        frame = progressive(frame)
        shape = (frame.width, frame.height, frame.format.name, view)
        if shape != self._shape:
            self._graph, self._shape = self._build(frame, view), shape
        frame.pts, frame.time_base = 0, Fraction(1, 1_000_000)
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _build(self, frame: Any, view: Orientation) -> Any:
        graph = av.filter.Graph()
        width, height = self._size
        steps = [("transpose", "dir=cclock_flip")] * view.transpose + [("hflip", "")] * view.mirror_x
        steps += [("vflip", "")] * view.mirror_y
        steps += [("scale", f"{width}:{height}:flags=bicubic:out_range=tv"), ("setsar", "1"), ("format", "yuv420p")]
        nodes = [
            graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1_000_000)
            ),
            *(graph.add(name, arguments) for name, arguments in steps),
            graph.add("buffersink"),
        ]
        for one, following in pairwise(nodes):
            one.link_to(following)
        graph.configure()
        return graph


class _Sound:
    """The AAC track from `start_us` on, at most `most_us` of it, written piece by piece to stay beside the picture."""

    def __init__(
        self,
        source: Source,
        offsets: list[list[int]],
        output: Any,
        responder: Responder,
        start_us: int,
        most_us: int | None,
        layout: str = "stereo",
    ) -> None:
        self._output, self._layout = output, layout
        self._stream = output.add_stream("aac", rate=_SOUND_RATE, layout=layout)
        self._blocks: Iterator[Block] = aligned(source, responder, _SOUND_RATE, start_us, offsets, layout)
        self.written = 0
        self._most = None if most_us is None else most_us * _SOUND_RATE // 1_000_000

    def write_until(self, us: int | None) -> None:
        """Write samples up to a time, or to their end."""
        while us is None or self.written * 1_000_000 < us * _SOUND_RATE:
            block = next(self._blocks, None)
            if block is not None and self._most is not None:
                block = np.ascontiguousarray(block[:, : self._most - self.written])
            if block is None or not block.size:
                if us is None:
                    self._output.mux(self._stream.encode(None))
                return
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=self._layout)
            frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE, self.written, Fraction(1, _SOUND_RATE)
            self.written += block.shape[1]
            self._output.mux(self._stream.encode(frame))
