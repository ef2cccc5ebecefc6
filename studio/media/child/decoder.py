"""Decoding: which frame is displayed at which time."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np

from studio.config import Limits
from studio.media import policy
from studio.media.child.clock import Clock
from studio.media.child.responder import Responder
from studio.media.child.source import Source, check_picture, open_source, to_ticks, to_us

_JUMP_FRAMES = 4 + 2 * min(os.cpu_count() or 1, 16)  # what a seek throws away, and a little more


@dataclass(frozen=True)
class Timing:
    """What the probe learnt: the table in µs, the key frames in µs, the first frame's tick."""

    pts_us: np.ndarray[Any, np.dtype[np.int64]]
    key_us: np.ndarray[Any, np.dtype[np.int64]]
    origin: int
    stamped: bool
    lead_us: int = 0  # sound that precedes the pictures: the first frame is displayed from 0 on
    joined: bool = False  # recordings one after the other, each with a clock of its own


def decode(
    source: Source, responder: Responder, needed: Callable[[Any], bool] | None = None, keys_only: bool = False
) -> Iterator[tuple[Any, bool]]:
    """Frames in display order with False; `(None, True)` wherever something could not be decoded.

    Packets that are not `needed` are left out where no other frame refers to theirs; with `keys_only` all are that are
    not key frames, which refer to no other.
    """
    stream = source.video
    clock = Clock(source.family, source.time_base)
    demuxed = source.container.demux(stream)
    while True:
        try:
            packet = next(demuxed, None)
        except (av.FFmpegError, OSError, ValueError):
            yield None, True
            packet = None
        if packet is None:
            break
        responder.keep_alive()
        if packet.size:
            known = len(clock.recordings)
            packet = clock.follow(packet)
            if len(clock.recordings) > known:  # what the decoder still holds is of the recording before
                yield from _frames_of(None, source)
                stream.codec_context.flush_buffers()
        if keys_only and packet.size and not packet.is_keyframe:
            continue
        if needed is not None:
            stream.codec_context.skip_frame = "DEFAULT" if needed(packet) else "NONREF"
        yield from _frames_of(packet, source)
    # a demuxer that failed never flushed its decoder
    yield from _frames_of(None, source)


def _frames_of(packet: Any, source: Source) -> Iterator[tuple[Any, bool]]:
    try:
        for frame in source.video.codec_context.decode(packet) if packet is None else packet.decode():
            check_picture(source.path, frame.width, frame.height, source.limits)
            yield frame, False
    except EOFError:
        return
    except (av.FFmpegError, OSError, ValueError):
        yield None, True


class Decoder:
    """Decodes one file forward; seeks ahead to key frames when that saves work. A context manager."""

    def __init__(self, path: str, limits: Limits, timing: Timing, responder: Responder) -> None:
        self._path, self._limits, self._timing, self._responder = path, limits, timing, responder
        self._source = self._open()
        self._may_skip = timing.stamped and self._source.family in policy.SEEKABLE
        self._may_jump = self._may_skip and not timing.joined
        self._needed: Callable[[Any], bool] | None = None
        self._keys_only = False
        self._fresh = True
        self.damaged = False

    def _open(self) -> Source:
        source = open_source(self._path, self._limits)
        source.video.thread_type = "AUTO"
        return source

    @property
    def time_base(self) -> Fraction:
        return self._source.time_base

    def displayed(self, asked_us: Sequence[int]) -> Iterator[tuple[int, int, Any]]:
        """`(asked, time, frame)` for each time of a sorted list: the last frame whose time <= asked.

        Times before 0 get the first frame, times after the end the last one. Where the rest of the file
        cannot be decoded it ends early and `damaged` is True.
        """
        self._keys_only = self._may_skip and bool(np.isin(asked_us, self._timing.key_us).all())
        self._needed = None if self._keys_only else self._displayed_only(asked_us)
        frames: Iterator[tuple[int, Any]] | None = None
        held: tuple[int, Any] | None = None
        ahead: tuple[int, Any] | None = None
        for asked in asked_us:
            if frames is None or self._worth_a_jump(held, asked):
                frames, held, ahead = self._play_from(asked), None, None
            while True:
                ahead = ahead or next(frames, None)
                if ahead is None or (held is not None and ahead[0] > asked):
                    if self._keys_only and (held is None or held[0] != asked):  # that key frame is never displayed
                        self._keys_only, self._needed = False, self._displayed_only(asked_us)
                        frames, held, ahead = self._play_from(asked), None, None
                        continue
                    break
                if held is None and ahead[0] > max(asked, 0) and self._jumped:  # the seek landed too late
                    self._may_jump = False
                    frames, ahead = self._play_from(asked), None
                    continue
                held, ahead = ahead, None
            if held is None or (ahead is None and self.damaged and asked >= self._end_of(held[0])):
                return
            yield asked, *held

    def _displayed_only(self, asked_us: Sequence[int]) -> Callable[[Any], bool] | None:
        """Whether a packet's picture is one of the displayed; None where all must be decoded.

        In H.264 alone: what HEVC calls a non-reference picture may be referred to from a higher temporal layer.
        """
        if not self._may_skip or self._source.video.codec_context.name != "h264":
            return None
        table, origin, time_base = self._timing.pts_us, self._timing.origin, self.time_base
        places = np.searchsorted(table, np.maximum(asked_us, table[0]), side="right") - 1
        wanted = set(table[places].tolist())
        return lambda packet: packet.pts is None or to_us(packet.pts, origin, time_base) in wanted

    def _key_before(self, t_us: int) -> int | None:
        place = int(np.searchsorted(self._timing.key_us, t_us, side="right")) - 1
        return int(self._timing.key_us[place]) if place >= 0 else None

    def _worth_a_jump(self, held: tuple[int, Any] | None, asked: int) -> bool:
        if not self._may_jump or held is None:
            return False
        key = self._key_before(asked)
        if key is None or key <= held[0]:
            return False
        between = np.searchsorted(self._timing.pts_us, (held[0], key))
        return int(between[1] - between[0]) > _JUMP_FRAMES

    def _end_of(self, us: int) -> int:
        """The end of the display of the frame at `us`; endless for the table's last frame."""
        table = self._timing.pts_us
        place = int(np.searchsorted(table, us, side="right"))
        return int(table[place]) if place < len(table) else 2**62

    def _play_from(self, t_us: int) -> Iterator[tuple[int, Any]]:
        key = self._key_before(t_us) if self._may_jump else None
        self._jumped = key is not None and key > 0
        if self._jumped and key is not None:
            ticks = to_ticks(key, self._timing.origin, self.time_base)
            try:
                self._source.container.seek(ticks, stream=self._source.video, backward=True)
                self._fresh = False
                return self._timed(key)
            except (av.FFmpegError, OSError, ValueError):
                self._may_jump = self._jumped = False
        if not self._fresh:
            self._source.close()
            self._source = self._open()
        self._fresh = False
        return self._timed(0)

    def _timed(self, first_us: int) -> Iterator[tuple[int, Any]]:
        """Frames with their times in µs, strictly increasing, from `first_us` on."""
        last = first_us - 1
        count = 0
        for frame, lost in decode(self._source, self._responder, self._needed, self._keys_only):
            if lost:
                self.damaged = True
                count += 1
                continue
            if self._timing.stamped:
                if frame.pts is None:
                    continue
                us = to_us(frame.pts, self._timing.origin, self.time_base)
            else:
                if count >= len(self._timing.pts_us):
                    return
                us = int(self._timing.pts_us[count])
                count += 1
            us = 0 if us <= self._timing.lead_us else us
            if us > last:
                last = us
                yield us, frame

    def close(self) -> None:
        self._source.close()

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
