"""The facts about a file."""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.config import Limits
from studio.media import policy
from studio.media.child.frame_times import DEFAULT_FRAME_S, Table, frame_times
from studio.media.child.renderer import displayed_size, orientation
from studio.media.child.responder import Responder
from studio.media.child.source import Source, canonical, check_picture, check_rate, to_us


def probe(responder: Responder, path: str, limits: Limits, _body: bytearray) -> None:
    """Answer one message: `Probe`'s fields, and the two tables as int64 µs, frames first."""
    source, first, table = frame_times(path, limits, responder)
    with source:
        facts, pts, keys = _facts(source, table, first)
    responder.send(facts, pts.tobytes() + keys.tobytes())


def _facts(source: Source, table: Table, first: Any) -> tuple[dict[str, Any], npt.NDArray[Any], npt.NDArray[Any]]:
    stream, base = source.video, source.time_base
    origin = table.ticks[0]
    pts = _microseconds(source, table.ticks, origin)
    keys = _microseconds(source, table.keys, origin)
    duration = int(pts[-1]) + _last_frame_us(source, table, pts)
    fps = (len(pts) - 1) * 1e6 / int(pts[-1]) if len(pts) > 1 else float(stream.average_rate or 0)
    if len(pts) > 2:
        check_rate(source.path, fps, source.limits)
    view = orientation(first)
    width, height = displayed_size(first, stream.sample_aspect_ratio, view)
    check_picture(source.path, width, height, source.limits)
    codec = canonical(stream)
    audio = source.audio
    sound = audio and {
        "codec": canonical(audio),
        "rate": audio.codec_context.sample_rate,
        "channels": audio.codec_context.channels,
    }
    start_us = to_us(origin, 0, base)
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
        "vfr": _varies(pts, base),
        "start_us": start_us,
        "audio": sound,
        "audio_offset_us": _start_us(audio) - start_us if audio else 0,
        "text_streams": sum(_codec_name(s) in policy.TEXT_CODECS for s in source.container.streams.subtitles),
        "browser_playable": policy.browser_plays(
            source.family, codec, first.format.name, sound["codec"] if sound else None
        ),
        "damaged": table.lost,
        "stamped": table.stamped,
        "open_gop": table.open_gop,
        "origin": origin,
        "frames": len(pts),
    }
    return facts, pts, keys


def _microseconds(source: Source, ticks: list[int], origin: int) -> npt.NDArray[np.int64]:
    """`to_us` over a table; raises BrokenMedia for times beyond reason."""
    times = [to_us(tick, origin, source.time_base) for tick in ticks]
    if times and times[-1] > source.limits.duration_s * 1e6:
        raise policy.refuse_broken(source.path, "its time stamps make no sense")
    return np.unique(np.asarray(times, dtype=np.int64))


def _last_frame_us(source: Source, table: Table, pts: npt.NDArray[np.int64]) -> int:
    usual = int(np.median(np.diff(pts))) if len(pts) > 1 else 0
    own = to_us(table.last_duration, 0, source.time_base)
    if own > 0 and (not usual or own <= 10 * usual):
        return own
    rate = Fraction(source.video.average_rate or 0)
    return usual or round(1_000_000 * (1 / rate if rate else DEFAULT_FRAME_S))


def _varies(pts: npt.NDArray[np.int64], base: Fraction) -> bool:
    """True when frames do not follow each other at one pace, beyond what rounding to ticks explains."""
    if len(pts) < 3:
        return False
    pace = int(pts[-1]) / (len(pts) - 1)
    drift = np.abs(np.diff(pts) - pace)
    return bool(drift.max() > max(float(base) * 1.5e6, 0.1 * pace))


def _start_us(stream: Any) -> int:
    return to_us(stream.start_time or 0, 0, Fraction(stream.time_base))


def _codec_name(stream: Any) -> str:
    return str(getattr(stream.codec_context, "name", ""))
