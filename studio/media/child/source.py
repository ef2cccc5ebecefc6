"""Opening a file: what it is, whether it is allowed, and how its ticks become microseconds."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Any

import av

from studio.config import Limits
from studio.errors import MediaTooLarge, NotMedia
from studio.media import policy
from studio.media.child.responder import Responder

_HEAD_BYTES = 4096
_ATTACHED_PICTURE = 0x400
_SECOND = 1_000_000


def to_us(ticks: int, origin: int, time_base: Fraction) -> int:
    """Ticks to µs after `origin`, rounded half up; the one rule that both tables and frames follow."""
    numerator, denominator = time_base.numerator * _SECOND, time_base.denominator
    return (2 * (ticks - origin) * numerator + denominator) // (2 * denominator)


def to_ticks(us: int, origin: int, time_base: Fraction) -> int:
    """The tick at or just after a time; inverse of `to_us` for the times of a table."""
    return origin + round(Fraction(us, _SECOND) / time_base)


@dataclass
class Source:
    """An open, admitted file. `video` is its first real video stream, `audio` its best audio stream."""

    path: str
    container: Any
    family: str
    video: Any
    audio: Any
    limits: Limits

    @property
    def time_base(self) -> Fraction:
        return Fraction(self.video.time_base)

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.container.close()


def open_source(path: str, limits: Limits) -> Source:
    """Open a file by its real container only, over the `file:` protocol only, and check it against `limits`.

    Raises NotMedia, BrokenMedia or MediaTooLarge, before any frame is decoded.
    """
    family = _family(path)
    try:
        container = av.open(
            f"file:{path}",
            metadata_errors="replace",
            options={
                "format_whitelist": policy.CONTAINERS[family],
                "protocol_whitelist": "file",
                "codec_whitelist": ",".join(policy.VIDEO_CODECS | policy.AUDIO_CODECS),
            },
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise policy.refuse_broken(path, "its index is missing or damaged") from error
    try:
        if container.format.name not in (policy.CONTAINERS[family], family):
            raise policy.refuse_unknown(path)
        _check_streams(path, container, limits)
        return Source(path, container, family, _video(path, container), _audio(container), limits)
    except BaseException:
        container.close()
        raise


def _family(path: str) -> str:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise policy.refuse_unknown(path)
        family = policy.family(os.read(fd, _HEAD_BYTES))
    finally:
        os.close(fd)
    if family is None:
        raise policy.refuse_unknown(path)
    return family


def _check_streams(path: str, container: Any, limits: Limits) -> None:
    name = policy.shown(path)
    if len(container.streams) > limits.streams:
        raise MediaTooLarge(
            f"{name} has {len(container.streams)} tracks and the limit is {limits.streams}; remove some of them."
        )
    seconds = (container.duration or 0) / av.time_base
    if seconds > limits.duration_s:
        raise MediaTooLarge(
            f"{name} lasts {seconds / 3600:.1f} hours and the limit is {limits.duration_s / 3600:.0f}; "
            "cut it into parts."
        )
    for stream in container.streams.video:
        check_picture(path, stream.codec_context.width, stream.codec_context.height, limits)
        check_rate(path, float(stream.average_rate or 0), limits)


def check_picture(path: str, width: int, height: int, limits: Limits) -> None:
    if width * height > limits.pixels or max(width, height) > limits.side:
        raise MediaTooLarge(
            f"{policy.shown(path)} has pictures of {width}×{height} pixels, more than Moment Studio opens; "
            "convert it to a smaller size."
        )


def check_rate(path: str, fps: float, limits: Limits) -> None:
    if fps > limits.frames_per_second:
        raise MediaTooLarge(
            f"{policy.shown(path)} has {fps:.0f} frames a second and the limit is {limits.frames_per_second:.0f}; "
            "convert it to a lower frame rate."
        )


def _video(path: str, container: Any) -> Any:
    name = policy.shown(path)
    pictures = [s for s in container.streams.video if not int(s.disposition) & _ATTACHED_PICTURE]
    if not pictures:
        raise NotMedia(f"{name} has no video track; Moment Studio needs video – audio alone cannot be annotated here.")
    stream = pictures[0]
    context = stream.codec_context
    if context is None or context.name not in policy.VIDEO_CODECS:
        codec = getattr(context, "name", "an unknown codec")
        raise NotMedia(f"{name} is coded in {codec}, which is not opened here; convert it to MP4 (H.264).")
    return stream


def _audio(container: Any) -> Any:
    for stream in container.streams.audio:
        context = stream.codec_context
        if context is not None and context.name in policy.AUDIO_CODECS and context.sample_rate and context.channels:
            return stream
    return None


def packets(source: Source, stream: Any, responder: Responder) -> Iterator[Any]:
    """The packets of one stream up to the end or to where the file breaks; the last one flushes."""
    try:
        for packet in source.container.demux(stream):
            responder.keep_alive()
            yield packet
    except (av.FFmpegError, OSError, ValueError):
        return


def canonical(stream: Any) -> str:
    """The codec's name whatever decoder serves it: `av1` for libdav1d, `mp3` for mp3float."""
    return str(stream.codec_context.codec.canonical_name)
