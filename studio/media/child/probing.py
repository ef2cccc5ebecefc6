"""The facts about a file."""

import re
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.config import Limits
from studio.media import policy
from studio.media.child import structure
from studio.media.child.frame_times import DEFAULT_FRAME_S, Table, frame_times
from studio.media.child.recorded import recorded
from studio.media.child.renderer import displayed_size, orientation
from studio.media.child.responder import Responder
from studio.media.child.sound_probing import sound_facts
from studio.media.child.source import (
    Source,
    canonical,
    check_picture,
    check_rate,
    described,
    open_source,
    sounds,
    texts,
    to_us,
)

_OVERHANG_US = 100_000  # by so much sound may outlast the pictures without being a part of its own
_SHORTFALL_US = 300_000  # by so much a header may promise more than there is
_PROMISING = frozenset({"flv", "asf"})  # families whose length says nothing of what is missing


def probe(responder: Responder, path: str, limits: Limits, _body: bytearray, *, start_us: int | None) -> None:
    """Answer one message: `Probe`'s fields, and the two tables as int64 µs, frames first.

    Time 0 is the first frame; or the beginning of sound that precedes it, unless `start_us` says that this file's time
    0 was always the first frame: then that is displayed from time 0 on. Of a recording of sound alone time 0 is its
    first sample, and there are no frames.
    """
    source = open_source(path, limits)
    if source.video is None:
        with source:
            responder.send(sound_facts(source, responder, start_us))
        return
    source, first, table = frame_times(source, responder)
    with source:
        facts, pts, keys = _facts(source, table, first, start_us)
    responder.send(facts, pts.tobytes() + keys.tobytes())


def _facts(
    source: Source, table: Table, first: Any, kept_us: int | None
) -> tuple[dict[str, Any], npt.NDArray[Any], npt.NDArray[Any]]:
    stream, base = source.video, source.time_base
    lead = 0 if kept_us == to_us(table.ticks[0], 0, base) else _lead(source, table)
    origin = table.ticks[0] - lead
    pts = _microseconds(source, table.ticks, origin)
    keys = _microseconds(source, table.keys, origin)
    start_us = to_us(origin, 0, base)
    missing = _missing(source, table)
    duration = int(pts[-1]) + _last_frame_us(source, table, pts, missing)
    duration = max(duration, _sound_end(source, table, duration + start_us) - start_us)
    lead_us = int(pts[0])
    shown = pts - lead_us
    pts[0], keys[keys <= lead_us] = 0, 0
    keys = np.unique(keys)
    fps = (len(pts) - 1) * 1e6 / int(shown[-1]) if len(pts) > 1 else float(stream.average_rate or 0)
    if len(pts) > 2:
        check_rate(source.path, fps, source.limits)
    view = orientation(first)
    width, height = displayed_size(first, stream.sample_aspect_ratio, view)
    check_picture(source.path, width, height, source.limits)
    codec = canonical(stream)
    audio = source.audio
    recordings = table.clock.recordings[1:] if table.clock else []
    offsets = [(to_us(r.start, origin, base), to_us(r.offset, 0, base)) for r in recordings]
    sound = audio and {
        "codec": canonical(audio),
        "rate": audio.codec_context.sample_rate,
        "channels": audio.codec_context.channels,
    }
    facts = {
        "kind": "probe",
        "container": source.family,
        "codec": codec,
        "pixel_format": first.format.name,
        "width": width,
        "height": height,
        "rotation": view.degrees,
        "duration_us": duration,
        "fps": fps,
        "vfr": _varies(shown, base),
        "start_us": start_us,
        "lead_us": lead_us,
        "audio": sound,
        "audio_offset_us": _start_us(audio) - start_us if audio else 0,
        "sounds": [described(stream) for stream in sounds(source.container)],
        "texts": [described(stream) for stream in texts(source.container)],
        "browser_playable": not offsets
        and not first.interlaced_frame
        and sounds(source.container)[:1] == [audio] * bool(audio)  # browsers play the first
        and policy.browser_plays(source.family, codec, first.format.name, sound["codec"] if sound else None),
        "damaged": table.lost or missing is not None,
        "breaks_off": None if missing is None else (missing[0] - start_us, missing[1]),
        "offsets": offsets,
        "jumps": [to_us(r.jump, 0, base) for r in recordings],
        "sizes": [(to_us(tick, origin, base), width, height) for tick, width, height in table.sizes],
        "files": structure.recordings(source.path, source.family),
        "stamped": table.stamped,
        "open_gop": table.open_gop,
        "origin": origin,
        "timecode": _timecode(source),
        **recorded(source.container),
        "frames": len(pts),
    }
    return facts, pts, keys


def _timecode(source: Source) -> str:
    """What the recorder counted at the first frame, as the file says it on a track of its own or in its header."""
    streams = [source.video, *(stream for stream in source.container.streams if stream is not source.video)]
    for holder in (*streams, source.container):
        said = next((str(value) for key, value in holder.metadata.items() if key.lower() == "timecode"), "")
        if re.fullmatch(r"\d\d:[0-5]\d:[0-5]\d[:;.]\d\d", said):
            return said.replace(".", ";")
    return ""


def _lead(source: Source, table: Table) -> int:
    """By how many ticks sound precedes the pictures, where that is more than the rounding of players."""
    first = to_us(table.ticks[0], 0, source.time_base)
    starts = [_start_us(stream) for stream in sounds(source.container) if stream.index in table.ends_us]
    lead = first - min(starts, default=first)
    return int(Fraction(lead, 1_000_000) / source.time_base) if lead > _OVERHANG_US else 0


def _microseconds(source: Source, ticks: list[int], origin: int) -> npt.NDArray[np.int64]:
    """`to_us` over a table; raises BrokenMedia for times beyond reason."""
    times = [to_us(tick, origin, source.time_base) for tick in ticks]
    if times and times[-1] > source.limits.duration_s * 1e6:
        raise policy.refuse_broken(source.path, "its time stamps make no sense")
    return np.unique(np.asarray(times, dtype=np.int64))


def _last_frame_us(
    source: Source, table: Table, pts: npt.NDArray[np.int64], missing: tuple[int, int | None] | None
) -> int:
    """How long the last frame is displayed. One that lasts much longer than the others does so where the header says
    the same: recorders of screens write no frames while nothing changes."""
    usual = int(np.median(np.diff(pts))) if len(pts) > 1 else 0
    own = to_us(table.last_duration, 0, source.time_base)
    last = to_us(table.ticks[-1], 0, source.time_base)
    promised = (source.container.duration or 0) + (source.container.start_time or 0)
    if own > 0 and (not usual or own <= 10 * usual or last + own <= promised + usual):
        return own
    rate = Fraction(source.video.average_rate or 0)
    usual = usual or round(1_000_000 * (1 / rate if rate else DEFAULT_FRAME_S))
    ends = max(table.ends_us.values(), default=0)
    if source.family == "matroska" and missing is None and promised > max(ends, last + usual) + _SHORTFALL_US:
        return promised - last
    return usual


def _sound_end(source: Source, table: Table, pictures_end: int) -> int:
    """Where sound ends that outlasts the pictures, on the file's growing clock in µs; 0 where none does."""
    ends = [0]
    for stream in sounds(source.container):
        end = table.ends_us.get(stream.index, 0)
        if source.family == "mov" and stream.duration:  # without what fills the last packet
            told = to_us((stream.start_time or 0) + stream.duration, 0, Fraction(stream.time_base))
            end = told if 0 <= end - told < _OVERHANG_US else end
        ends.append(end)
    end = min(max(ends), pictures_end + int(source.limits.duration_s * 1e6))
    return end if end > pictures_end + _OVERHANG_US else 0


def _missing(source: Source, table: Table) -> tuple[int, int | None] | None:
    """Where a file breaks off that was meant to go on, on its clock in µs, and how long its header says it is (µs)."""
    if not table.ends_us:
        return None
    end = max(table.ends_us.values())
    promised = source.container.duration if source.family in policy.TELL_DURATION else None
    if source.family == "avi" and source.video.frames and source.video.average_rate:  # FFmpeg says what is there
        promised = round(source.video.frames * 1_000_000 / source.video.average_rate)
    cut_off = structure.is_cut_off(source.path, source.family)
    short = promised is not None and end - (source.container.start_time or 0) < promised - _SHORTFALL_US
    if short and (cut_off or table.lost or source.family in _PROMISING):
        return end, promised
    return (end, None) if cut_off and promised is None else None


def _varies(pts: npt.NDArray[np.int64], base: Fraction) -> bool:
    """True when frames do not follow each other at one pace, beyond what rounding to ticks explains."""
    if len(pts) < 3:
        return False
    pace = int(pts[-1]) / (len(pts) - 1)
    drift = np.abs(np.diff(pts) - pace)
    return bool(drift.max() > max(float(base) * 1.5e6, 0.1 * pace))


def _start_us(stream: Any) -> int:
    return to_us(stream.start_time or 0, 0, Fraction(stream.time_base))
