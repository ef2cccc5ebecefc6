"""One growing clock over a file of recordings that were joined end to end, each of which begins its clock anew.

Where the pictures' clock falls back, or in MPEG streams leaps ahead by more than FFmpeg takes for a gap, a recording
begins; it is moved to the end of the one before. ISO/IEC 13818-1 allows such discontinuities within one stream.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av

_TOLERANCE_S = Fraction(1, 10)  # of FFmpeg's own test for a clock that falls back
_LEAP_S = 10  # FFmpeg's dts_delta_threshold
_LEAPS = frozenset({"mpegts", "mpeg"})  # families whose clocks may be discontinuous (FFmpeg's AVFMT_TS_DISCONT)

Offsets = Sequence[tuple[int, int]]  # of every recording but the first: where it begins and what was added to it, in µs


@dataclass
class _Recording:
    start: int  # in ticks of the growing clock
    offset: int  # what is added to the file's ticks
    jump: int  # how far the file's clock went, in ticks: back where negative


class Clock:
    """Follows the packets of a video stream from the beginning of a file, and moves them onto the growing clock."""

    def __init__(self, family: str, time_base: Fraction) -> None:
        self._leap: Fraction | None = _LEAP_S / time_base if family in _LEAPS else None
        self._tolerance = _TOLERANCE_S / time_base
        self._end = self._last = self._gap = 0
        self._begun = False
        self.recordings: list[_Recording] = [_Recording(0, 0, 0)]

    @property
    def start(self) -> int:
        """Where the recording that is being read begins, in ticks of the growing clock."""
        return self.recordings[-1].start if len(self.recordings) > 1 else -(2**62)

    @property
    def now(self) -> int:
        """The latest picture so far, in ticks of the growing clock."""
        return self._last

    def follow(self, packet: Any) -> Any:
        """The packet with its times moved. A key frame is never displayed before what was decoded before it."""
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            return packet
        offset = self.recordings[-1].offset
        if self._begun and packet.is_keyframe and self._begins(time + offset):
            offset = self._end - time
            self.recordings.append(_Recording(self._end, offset, time + self.recordings[-1].offset - self._last))
        if offset and packet.is_discard:  # FFmpeg hides what MP4 fragments say of a time that was already
            packet = _copy(packet)
        move(packet, offset)
        time += offset
        if not self._begun or time > self._last:
            self._gap = time - self._last if self._begun else 0
            self._last = time
        self._end = max(self._end, time + (packet.duration or self._gap or 1)) if self._begun else time + 1
        self._begun = True
        return packet

    def _begins(self, time: int) -> bool:
        if time < self._last - self._tolerance:
            return True
        return self._leap is not None and time - self._last > self._leap and time - self._last > 50 * self._gap


def _copy(packet: Any) -> Any:
    copied = av.Packet(bytes(packet))
    copied.stream, copied.time_base = packet.stream, packet.time_base
    copied.pts, copied.dts, copied.duration = packet.pts, packet.dts, packet.duration
    copied.is_keyframe = packet.is_keyframe
    return copied


def move(packet: Any, offset: int) -> None:
    """Add ticks to the times of a packet."""
    if offset:
        packet.pts = None if packet.pts is None else packet.pts + offset
        packet.dts = None if packet.dts is None else packet.dts + offset


def nearest(time_us: int, now_us: int, offsets: Sequence[int]) -> int:
    """Which of the recordings' offsets (µs) a time of another stream is of: the one that puts it beside the pictures
    that are read at the same place of the file."""
    return min(offsets, key=lambda offset: abs(time_us + offset - now_us))
