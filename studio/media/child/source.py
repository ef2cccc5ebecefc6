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
from studio.media.child import structure
from studio.media.child.clock import Clock, move, nearest
from studio.media.child.responder import Responder
from studio.platform import system

_HEAD_BYTES = 4096
_DEFAULT, _FORCED, _ATTACHED_PICTURE = 0x1, 0x40, 0x400
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
    """An open, admitted file. `video` is its best video stream, None in a recording of sound alone; `audio` the chosen
    audio stream, or the best."""

    path: str
    container: Any
    family: str
    video: Any
    audio: Any
    limits: Limits

    @property
    def time_base(self) -> Fraction:
        return Fraction((self.video or self.audio).time_base)

    def close(self) -> None:
        """Close the file, and stop the threads that decode it."""
        # PyAV frees a decoder with the interpreter's lock held, and so for ever waits for a thread that needs the lock
        # to give a packet back which was made here (PyAV 18); a flush waits for the threads without it
        if self.video is not None:
            self.video.codec_context.flush_buffers()
        self.container.close()

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()


def open_source(path: str, limits: Limits, sound: int | None = None) -> Source:
    """Open a file by its real container only, over the `file:` protocol only, and check it against `limits`. `sound` is
    the index of the stream that was chosen.

    Raises NotMedia, BrokenMedia or MediaTooLarge, before any frame is decoded.
    """
    family = _family(path)
    try:
        container = av.open(
            f"file:{path}",
            format=family if family in policy.SOUND_ONLY else None,  # a few frames are not enough to tell it by
            metadata_errors="replace",
            options={
                "format_whitelist": policy.CONTAINERS[family],
                "protocol_whitelist": "file",
                "codec_whitelist": ",".join(policy.VIDEO_CODECS | policy.AUDIO_CODECS),
            },
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        what = "its beginning is damaged" if family in policy.SOUND_ONLY else "its index is missing or damaged"
        raise policy.refuse_broken(path, what) from error
    try:
        if container.format.name not in (policy.CONTAINERS[family], family):
            raise policy.refuse_unknown(path)
        _check_streams(path, container, limits)
        video = _video(path, container)
        if structure.is_encrypted(path, family):
            raise NotMedia(f"{policy.shown(path)} is encrypted; add a copy without copy protection.")
        return Source(path, container, family, video, _audio(container, sound), limits)
    except BaseException:
        container.close()
        raise


def _family(path: str) -> str:
    fd = system.open_file(path)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise policy.refuse_unknown(path)
        first = head = os.read(fd, _HEAD_BYTES)
        place = 0
        while tag := policy.tag_bytes(head):
            place += tag
            os.lseek(fd, place, os.SEEK_SET)
            head = os.read(fd, _HEAD_BYTES)
        family = policy.family(head)
    finally:
        os.close(fd)
    if family is None or (place and family not in policy.SOUND_ONLY):  # FFmpeg skips tags before sound only
        raise policy.refuse_unknown(path, first)
    return family


def _check_streams(path: str, container: Any, limits: Limits) -> None:
    name = policy.shown(path)
    if len(container.streams) > limits.streams:
        raise MediaTooLarge(
            f"{name} has {len(container.streams)} tracks and the limit is {limits.streams}; remove some of them."
        )
    if container.format.name not in policy.WITHOUT_CLOCK:
        check_duration(path, (container.duration or 0) / av.time_base, limits)
    for stream in pictures(container):
        check_picture(path, stream.codec_context.width, stream.codec_context.height, limits)
        check_rate(path, float(stream.average_rate or 0), limits)


def check_duration(path: str, seconds: float, limits: Limits) -> None:
    if seconds > limits.duration_s:
        raise MediaTooLarge(
            f"{policy.shown(path)} lasts {seconds / 3600:.1f} hours and the limit is {limits.duration_s / 3600:.0f}; "
            "cut it into parts."
        )


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


def pictures(container: Any) -> list[Any]:
    """The video streams of a file; a cover is none."""
    return [s for s in container.streams.video if not int(s.disposition) & _ATTACHED_PICTURE]


def _video(path: str, container: Any) -> Any:
    """The stream that people mean: as FFmpeg chooses, by the default flag, then by size. A preview of one picture that
    lies beside a real video is not it. None where there is sound alone."""
    name = policy.shown(path)
    streams = pictures(container)
    if not streams and sounds(container):
        return None
    if not streams and container.streams.audio:
        codec = _codec(container.streams.audio[0]) or "an unknown codec"
        raise NotMedia(f"The sound of {name} is coded in {codec}, which is not opened here; convert it to WAV or FLAC.")
    if not streams:
        raise NotMedia(f"{name} has neither pictures nor sound; choose a file of video or sound.")
    known = [s for s in streams if _codec(s) in policy.VIDEO_CODECS]
    if not known:
        codec = _codec(streams[0]) or "an unknown codec"
        raise NotMedia(f"{name} is coded in {codec}, which is not opened here; convert it to MP4 (H.264).")
    best = container.streams.best("video")
    return max(known, key=lambda s: (s.frames != 1, is_default(s), _pixels(s), s is best, -s.index))


def _pixels(stream: Any) -> int:
    return int(stream.codec_context.width * stream.codec_context.height)


def _codec(stream: Any) -> str:
    return str(getattr(stream.codec_context, "name", ""))


def is_default(stream: Any) -> bool:
    """Whether a stream is marked as the one to play where nobody chose another."""
    return bool(int(stream.disposition) & _DEFAULT)


def sounds(container: Any) -> list[Any]:
    """The audio streams that can be decoded, in the file's order."""
    return [
        s
        for s in container.streams.audio
        if _codec(s) in policy.AUDIO_CODECS and s.codec_context.sample_rate and s.codec_context.channels
    ]


def _audio(container: Any, wanted: int | None) -> Any:
    """The chosen stream, else the first that is marked as the default, else the first."""
    found = sounds(container)
    chosen = [s for s in found if s.index == wanted]
    return next(iter([*chosen, *filter(is_default, found), *found]), None)


def texts(container: Any) -> list[Any]:
    """The subtitle streams that are text, best first: those that are for every line before those that only translate
    signs ("forced"), the default before others."""
    found = [s for s in container.streams.subtitles if _codec(s) in policy.TEXT_CODECS]
    return sorted(found, key=lambda s: (bool(int(s.disposition) & _FORCED), not is_default(s), s.index))


def described(stream: Any) -> dict[str, Any]:
    """What lets people tell a track from others: `index`, `codec`, `language`, `title`, `default`, `forced`."""
    facts = {key.lower(): str(value) for key, value in stream.metadata.items()}
    language = facts.get("language", "")
    return {
        "index": stream.index,
        "codec": canonical(stream) if stream.type == "audio" else _codec(stream),
        "language": "" if language == "und" else language[:40],
        "title": (facts.get("title") or facts.get("handler_name", ""))[:200],
        "default": is_default(stream),
        "forced": bool(int(stream.disposition) & _FORCED),
    }


def packets(source: Source, stream: Any, responder: Responder, offsets: list[list[int]]) -> Iterator[Any]:
    """The packets of one stream beside the pictures up to the end or to where the file breaks; the last one flushes.

    Those of recordings that were joined (see `Probe.offsets`) are moved onto the growing clock, by the pictures that
    are read at the same place of the file; of sound alone not here (`sound.timed`).
    """
    if source.video is None:
        offsets = []
    clock = Clock(source.family, source.time_base)
    known = [0, *(offset for _, offset in offsets)]
    base = Fraction(stream.time_base)
    try:
        for packet in source.container.demux(*([stream, source.video] if offsets else [stream])):
            responder.keep_alive()
            if packet.stream is not stream:
                clock.follow(packet)
                continue
            time = packet.pts if packet.pts is not None else packet.dts
            if offsets and time is not None:
                now = to_us(clock.now, 0, source.time_base)
                move(packet, round(Fraction(nearest(to_us(time, 0, base), now, known), _SECOND) / base))
            yield packet
    except (av.FFmpegError, OSError, ValueError):
        return


def canonical(stream: Any) -> str:
    """The codec's name whatever decoder serves it: `av1` for libdav1d, `mp3` for mp3float."""
    return str(stream.codec_context.codec.canonical_name)
