"""When each frame is displayed: from the packets where their times can be trusted, else from decoded frames."""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

from studio.config import Limits
from studio.media import policy
from studio.media.child.decoder import decode
from studio.media.child.responder import Responder
from studio.media.child.source import Source, open_source, packets

DEFAULT_FRAME_S = Fraction(1, 25)  # of a frame that says nothing about its duration
_TRUSTED = frozenset({"mov", "matroska", "mpegts"})  # their packets carry display times
_TRIAL_FRAMES = 24


@dataclass
class Table:
    """The displayed frames' time stamps in ticks, sorted; `keys` are those where decoding can begin.

    `stamped` is False where decoded frames carry no time of display: then the k-th frame has the k-th stamp.
    """

    ticks: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    last_duration: int = 0
    stamped: bool = True
    open_gop: bool = False
    lost: bool = False


def frame_times(path: str, limits: Limits, responder: Responder) -> tuple[Source, Any, Table]:
    """The open file, its first displayed frame and its table. Raises BrokenMedia when no frame is intact."""
    with open_source(path, limits) as source:
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
        source.container.close()
        source = open_source(path, limits)
        table = _from_decoder(source, responder)
    return source, trial[0], table


def _from_packets(source: Source, responder: Responder) -> Table:
    """The table by demuxing alone. In AVI a packet's time is that of its place in the file, not of its display."""
    table = Table(stamped=source.family != "avi")
    ticks: set[int] = set()
    hidden_may_be = source.video.codec_context.name == "vp8"
    key = latest = None
    seen = 0
    for packet in packets(source, source.video, responder):
        if not packet.size:
            continue
        seen += 1
        table.lost |= bool(packet.is_corrupt)
        time = packet.pts if table.stamped else packet.dts
        if time is None:
            return Table(stamped=False)
        if packet.is_keyframe:
            key = time
            table.keys.append(key)
        elif key is not None and time < key:
            table.open_gop = True
        if packet.is_discard or (hidden_may_be and not memoryview(packet)[0] & 0x10):
            continue
        if latest is None or time > latest:
            latest = time
            table.last_duration = packet.duration or 0
        ticks.add(time)
    table.ticks = sorted(ticks)
    table.keys.sort()
    table.lost |= seen < 0.9 * source.video.frames
    return table


def _from_decoder(source: Source, responder: Responder) -> Table:
    """The table of a stream without trustworthy stamps: its frames' own, sorted, else an even pace."""
    table = Table(stamped=False)
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
    if len(table.ticks) != count:
        rate = Fraction(source.video.average_rate or 0)
        pace = (1 / rate if rate else DEFAULT_FRAME_S) / source.time_base
        table.ticks = [round(index * pace) for index in range(count)]
    return table
