"""When each frame is displayed: from the packets where their times can be trusted, else from decoded frames."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

import av

from studio.media import policy
from studio.media.child.clock import Clock, nearest
from studio.media.child.decoder import decode
from studio.media.child.responder import Responder
from studio.media.child.source import Source, open_source, to_us

DEFAULT_FRAME_S = Fraction(1, 25)  # of a frame that says nothing about its duration
_TRUSTED = frozenset({"mov", "matroska", "mpegts"})  # their packets carry display times
_TRIAL_FRAMES = 24
_FLUSHED = 8  # packets that a demuxer may hold back at the end of a recording


@dataclass
class Table:
    """The displayed frames' time stamps in ticks of the growing clock, sorted; `keys` are those where decoding can
    begin.

    `stamped` is False where decoded frames carry no time of display: then the k-th frame has the k-th stamp. `clock`
    knows the recordings that were joined. `ends_us` are the ends of the packets of each stream on the growing clock,
    `sizes` the pictures' sizes where they change: (tick, width, height).
    """

    ticks: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    last_duration: int = 0
    stamped: bool = True
    open_gop: bool = False
    lost: bool = False
    clock: Clock | None = None
    ends_us: dict[int, int] = field(default_factory=dict)
    sizes: list[tuple[int, int, int]] = field(default_factory=list)


def frame_times(source: Source, responder: Responder) -> tuple[Source, Any, Table]:
    """The file opened anew, its first displayed frame and its table. `source` is closed. Raises BrokenMedia when no
    frame is intact."""
    path, limits = source.path, source.limits
    with source:
        table = _from_packets(source, responder)
    source = open_source(path, limits)
    wanted = 1 if source.family in _TRUSTED else _TRIAL_FRAMES
    trial = list(islice((frame for frame, lost in decode(source, responder) if not lost), wanted))
    if not trial:
        raise policy.refuse_broken(path, "not one of its pictures is intact")
    times = [frame.pts for frame in trial]
    if None in times or any(later <= sooner for sooner, later in pairwise(times)):
        table.stamped = False
    if table.stamped:
        table.ticks = [tick for tick in table.ticks if tick >= times[0]] or [times[0]]
    elif not table.ticks or source.family != "avi":
        source.close()
        source = open_source(path, limits)
        table = _from_decoder(source, responder, table)
    return source, trial[0], table


def _from_packets(source: Source, responder: Responder) -> Table:
    """The table by demuxing alone. In AVI a packet's time is that of its place in the file, not of its display."""
    table = Table(stamped=source.family != "avi", clock=Clock(source.family, source.time_base))
    assert table.clock is not None
    ticks: set[int] = set()
    hidden_may_be = source.video.codec_context.name == "vp8"
    key = latest = None
    corrupt: list[int] = []  # which packets
    count = 0
    sizes = _Sizes(source.video.codec_context.name)
    try:
        for packet in source.container.demux():
            responder.keep_alive()
            if not packet.size:
                continue
            if packet.stream is not source.video:
                _take_end(table, source, packet)
                continue
            known = len(table.clock.recordings)
            packet = table.clock.follow(packet)
            count += 1
            if len(table.clock.recordings) > known:  # counters of MPEG-TS do not go on there: nothing is lost
                corrupt = [number for number in corrupt if number < count - _FLUSHED]
            elif packet.is_corrupt:
                corrupt.append(count)
            time = packet.pts if table.stamped else packet.dts
            if time is None:
                table.ticks, table.keys, table.stamped = [], [], False
                return table
            if packet.is_keyframe:
                key = time
                table.keys.append(key)
                if (size := sizes.changed(packet)) is not None:
                    table.sizes.append((time, *size))
            elif key is not None and time < key:
                table.open_gop = True
            if packet.is_discard or (hidden_may_be and not memoryview(packet)[0] & 0x10) or time < table.clock.start:
                continue
            if latest is None or time > latest:
                latest = time
                table.last_duration = packet.duration or 0
            ticks.add(time)
            end = to_us(time + (packet.duration or 0), 0, source.time_base)
            table.ends_us[source.video.index] = max(table.ends_us.get(source.video.index, 0), end)
    except (av.FFmpegError, OSError, ValueError):
        table.lost = True
    table.lost |= bool(corrupt)
    table.ticks = sorted(ticks)
    table.keys.sort()
    return table


def _take_end(table: Table, source: Source, packet: Any) -> None:
    """Note where another stream's packet ends."""
    assert table.clock is not None
    time = packet.pts if packet.pts is not None else packet.dts
    if time is None:
        return
    base = Fraction(packet.time_base)
    start = to_us(time, 0, base)
    if len(table.clock.recordings) > 1:
        offsets = [to_us(recording.offset, 0, source.time_base) for recording in table.clock.recordings[-2:]]
        start += nearest(start, to_us(table.clock.now, 0, source.time_base), offsets)
    end = start + to_us(packet.duration or 0, 0, base)
    table.ends_us[packet.stream.index] = max(table.ends_us.get(packet.stream.index, 0), end)


class _Sizes:
    """The size of key frames, decoded only where what says it in their first bytes is new."""

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._known: dict[bytes, tuple[int, int] | None] = {}
        self._size: tuple[int, int] | None = None

    def changed(self, packet: Any) -> tuple[int, int] | None:
        """The size of a key frame that is another than that of the key frame before, or the first."""
        mark = self._mark(memoryview(packet)[:512])
        if not mark:
            return None
        if mark not in self._known and len(self._known) < 64:
            self._known[mark] = self._decoded(packet)
        size = self._known.get(mark)
        if size is None or size == self._size:
            return None
        self._size = size
        return size

    def _mark(self, head: memoryview) -> bytes:
        data = bytes(head)
        if self._codec in ("h264", "hevc"):
            names = (7,) if self._codec == "h264" else (33,)
            for unit in data.split(b"\0\0\1")[1:]:
                kind = unit[:1] and (unit[0] & 31 if self._codec == "h264" else unit[0] >> 1 & 63)
                if kind in names:
                    return unit.rstrip(b"\0")
            return b""
        if self._codec in ("mpeg1video", "mpeg2video"):
            place = data.find(b"\0\0\1\xb3")
            return data[place + 4 : place + 7] if place >= 0 else b""
        if self._codec == "vp9":  # after the flags and the sync code: colours, and 16 bits each of width and height
            return data[4:8] + bytes([data[8] & 0xF0]) if len(data) > 8 else b""
        return data[6:10] if self._codec == "vp8" else b""

    def _decoded(self, packet: Any) -> tuple[int, int] | None:
        try:
            context: Any = av.CodecContext.create(self._codec, "r")
            frames = [*context.decode(av.Packet(bytes(packet))), *context.decode(None)]
        except (av.FFmpegError, OSError, ValueError):
            return None
        return (frames[0].width, frames[0].height) if frames else None


def _from_decoder(source: Source, responder: Responder, known: Table) -> Table:
    """The table of a stream without trustworthy stamps: its frames' own, sorted, else an even pace."""
    table = replace(known, ticks=[], keys=[], last_duration=0, stamped=False)
    own: list[int] = []
    count = 0
    for frame, lost in decode(source, responder):
        if lost:
            table.lost = True
            continue
        count += 1
        time = frame.pts if frame.pts is not None else frame.dts
        if time is not None:
            own.append(time)
    table.ticks = sorted(set(own))
    if len(table.ticks) != count or source.family == "mpegvideo":  # which has no clock, only an order
        rate = Fraction(source.video.average_rate or 0)
        pace = (1 / rate if rate else DEFAULT_FRAME_S) / source.time_base
        table.ticks = [round(index * pace) for index in range(count)]
    return table
