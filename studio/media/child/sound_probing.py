"""The facts about a recording of sound alone."""

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av

from studio.errors import NotMedia
from studio.media import policy
from studio.media.child import structure
from studio.media.child.recorded import recorded
from studio.media.child.responder import Responder
from studio.media.child.sound import RESTART_S, TOLERANCE_S, timed
from studio.media.child.source import (
    Source,
    canonical,
    check_duration,
    described,
    open_source,
    sounds,
    texts,
    to_us,
)

_TAIL = 16  # packets from which a decoder learns how many samples the last one has
_PADDED_S = Fraction(1, 10)  # what fills the last packet of a track is shorter than this
_SHORTFALL_S = Fraction(3, 10)  # by so much a header may promise more than there is


@dataclass
class _Heard:
    """What reading all packets of one track says: its first and last sample, in s on the container's clock."""

    stream: Any
    end: Fraction = Fraction(0)  # by the packets
    tail: deque[Any] = field(default_factory=lambda: deque(maxlen=_TAIL))
    last: Fraction | None = None  # when the newest packet begins
    restarts: int = 0  # how often the clock started anew


def sound_facts(source: Source, responder: Responder, kept_us: int | None) -> dict[str, Any]:
    """`Probe`'s fields for a recording without pictures.

    Its length is exact to the sample as far as the file says it: all packets are read, and the first and the last are
    decoded, so that what encoders put before and after (ISO/IEC 14496-12 edit lists, LAME's tag, Opus' pre-skip) does
    not count. No header's promise and no bit rate is believed. `kept_us` is time 0 where the library has one already.
    Raises NotMedia where it has no sample, BrokenMedia where none can be decoded, MediaTooLarge.
    """
    tracks = [_Heard(stream) for stream in sounds(source.container)]
    broke = _read(source, tracks, responder)
    if not any(track.tail for track in tracks):
        raise NotMedia(f"{policy.shown(source.path)} holds no sound: it is empty; record or export it again.")
    ends = [end for track in tracks if (end := _end(source, track)) is not None]
    starts = _starts(source, tracks, responder)
    if not ends or not starts:
        raise policy.refuse_broken(source.path, "its sound is damaged")
    start, end = min(starts), max(ends)
    joined: list[Fraction] = []
    if any(track.restarts for track in tracks):
        joined, end = _joined(source, responder)
    check_duration(source.path, float(end - start), source.limits)
    start_us = _us(start) if kept_us is None else kept_us
    duration_us = _us(end) - start_us
    if duration_us <= 0:
        raise policy.refuse_broken(source.path, "its time stamps make no sense")
    missing = _missing(source, end)
    audio = source.audio
    codec = canonical(audio)
    return {
        "kind": "probe",
        "container": source.family,
        "codec": "",
        "pixel_format": "",
        "width": 0,
        "height": 0,
        "rotation": 0,
        "duration_us": duration_us,
        "fps": 0.0,
        "vfr": False,
        "start_us": start_us,
        "lead_us": 0,
        "audio": {"codec": codec, "rate": audio.codec_context.sample_rate, "channels": audio.codec_context.channels},
        "audio_offset_us": 0,
        "sounds": [described(stream) for stream in sounds(source.container)],
        "texts": [described(stream) for stream in texts(source.container)],
        "browser_playable": sounds(source.container)[:1] == [audio]  # browsers play the first
        and not joined
        and source.container.duration is not None  # else they cannot go to a time
        and policy.browser_plays_sound(source.family, codec),
        "damaged": broke or missing is not None,
        "breaks_off": None if missing is None else (duration_us, missing[1]),
        "offsets": [(_us(place) - start_us, _us(place)) for place in joined],
        "jumps": [-_us(place) for place in joined],
        "sizes": [],
        "files": 1,
        "stamped": True,
        "open_gop": False,
        "origin": 0,
        "timecode": "",
        **recorded(source.container),
        "frames": 0,
    }


def _us(seconds: Fraction) -> int:
    return to_us(seconds.numerator, 0, Fraction(1, seconds.denominator))


def _read(source: Source, tracks: list[_Heard], responder: Responder) -> bool:
    """Read all packets; whether the file broke before its end."""
    by_index = {track.stream.index: track for track in tracks}
    try:
        for packet in source.container.demux([track.stream for track in tracks]):
            responder.keep_alive()
            time = packet.pts if packet.pts is not None else packet.dts
            if not packet.size or time is None:
                continue
            track = by_index[packet.stream.index]
            base = Fraction(packet.time_base)
            track.restarts += track.last is not None and time * base < track.last - RESTART_S
            track.last = time * base
            track.tail.append(packet)
            track.end = max(track.end, (time + (packet.duration or 0)) * base)
    except (av.FFmpegError, OSError, ValueError):
        return True
    return False


def _end(source: Source, track: _Heard) -> Fraction | None:
    """Where the last sample of a track ends; None where it has none."""
    if not track.tail:
        return None
    context, end = track.stream.codec_context, None
    context.flush_buffers()
    for packet in [*track.tail, None]:
        try:
            frames = context.decode(packet)
        except (av.FFmpegError, OSError, ValueError):
            continue
        for frame in frames:
            if frame.pts is not None:
                end = frame.pts * Fraction(frame.time_base) + Fraction(frame.samples, frame.sample_rate)
    end = track.end if end is None else min(end, track.end)
    if source.family == "mov" and track.stream.duration:  # its edit list leaves out what fills the last packet
        base = Fraction(track.stream.time_base)
        told = ((track.stream.start_time or 0) + track.stream.duration) * base
        end = told if 0 <= end - told < _PADDED_S else end
    return end


def _starts(source: Source, tracks: list[_Heard], responder: Responder) -> list[Fraction]:
    """Where the first sample of each track lies that can be decoded."""
    wanted = {track.stream.index for track in tracks}
    found: dict[int, Fraction] = {}
    with open_source(source.path, source.limits) as again:
        try:
            for packet in again.container.demux([s for s in sounds(again.container) if s.index in wanted]):
                responder.keep_alive()
                index = packet.stream.index
                if index in found or not packet.size:
                    continue
                try:
                    frames = packet.decode()
                except (av.FFmpegError, OSError, ValueError):
                    continue
                if frames and frames[0].pts is not None:
                    found[index] = frames[0].pts * Fraction(frames[0].time_base)
                if len(found) == len(wanted):
                    break
        except (av.FFmpegError, OSError, ValueError):
            pass
    return list(found.values())


def _joined(source: Source, responder: Responder) -> tuple[list[Fraction], Fraction]:
    """Where the recordings after the first begin that lie one after the other in a file, and where the last ends: by
    decoding it all, as `aligned` does."""
    places: list[Fraction] = []
    end = own = Fraction(0)
    with open_source(source.path, source.limits) as again:
        for time, frame in timed(again, responder, []):
            length = Fraction(frame.samples, frame.sample_rate)
            said = Fraction(frame.pts) * Fraction(frame.time_base) if frame.pts is not None else own
            if said < own - RESTART_S:
                places.append(end)
            own = said + length
            end = (time if abs(time - end) > TOLERANCE_S else end) + length
    return places, end


def _missing(source: Source, end: Fraction) -> tuple[int, int | None] | None:
    """Where a file breaks off that was meant to go on, and how long its header says it is, in µs; None where nothing is
    known to be missing."""
    promised = structure.promised_samples(source.path, source.family)
    if promised is not None:
        length = Fraction(promised, source.audio.codec_context.sample_rate)
        return (_us(end), _us(length)) if length > end + _SHORTFALL_S else None
    if not structure.is_cut_off(source.path, source.family):
        return None
    whole = source.container.duration
    return _us(end), whole if whole and whole > _us(end + _SHORTFALL_S) else None
