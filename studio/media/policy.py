"""Which files may be opened at all: containers, codecs, names. Shared with the child, which imports little."""

import os
import stat
import unicodedata
from pathlib import Path

from studio.config import Limits
from studio.errors import BrokenMedia, MediaTooLarge, NotFound, NotMedia
from studio.media import mpeg_audio
from studio.platform import system


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


CONTAINERS = {
    "mov": "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska": "matroska,webm",
    "avi": "avi",
    "mpegts": "mpegts",
    "mpeg": "mpeg",
    "mpegvideo": "mpegvideo",
    "flv": "flv",
    "asf": "asf",
    "ogg": "ogg",
    "wav": "wav",
    "mp3": "mp3",
    "flac": "flac",
    "aac": "aac",
    "aiff": "aiff",
    "amr": "amr",
    "au": "au",
    "gsm": "gsm",
}
SOUND_ONLY = frozenset(
    {"wav", "mp3", "flac", "aac", "aiff", "amr", "au", "gsm"}
)  # containers, or none, that hold no pictures but a cover
WITHOUT_CLOCK = frozenset(
    {"mp3", "aac", "amr"}
)  # how long they last before all is read is a guess by their first frames
VIDEO_CODECS = _names(
    "h264 hevc av1 libdav1d vp8 vp9 mpeg1video mpeg2video mpeg4 msmpeg4 msmpeg4v2 msmpeg4v3 mjpeg prores h263 flv "
    "theora wmv1 wmv2 wmv3 vc1 dvvideo dnxhd ffv1 rawvideo"
)
AUDIO_CODECS = _names(
    "aac mp1 mp1float mp2 mp2float mp3 mp3float opus libopus vorbis libvorbis flac ac3 eac3 alac amrnb amrwb wmav1 "
    "wmav2 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f32be pcm_u8 pcm_s8 pcm_alaw "
    "pcm_mulaw adpcm_ms adpcm_ima_wav adpcm_ima_qt g722 g726 g726le gsm gsm_ms"
)
TEXT_CODECS = frozenset({"mov_text", "subrip", "srt", "webvtt", "ass", "ssa", "text"})
TELL_DURATION = frozenset({"mov", "matroska", "avi", "flv", "asf"})  # of others FFmpeg infers it from what is there
SEEKABLE_SOUND = frozenset({"mov", "matroska", "wav", "flac", "ogg"})  # where sound says its time after a seek
ROUGH_SOUND = frozenset({"adpcm_ms", "adpcm_ima_wav"})  # whose times after a seek in WAV are a guess by the bit rate
SEEKABLE = frozenset({"mov", "matroska"})  # where a seek lands on the key frame that was asked for

BROWSER_VIDEO = {
    "h264": {"yuv420p", "yuvj420p"},
    "vp8": {"yuv420p"},
    "vp9": {"yuv420p", "yuvj420p", "yuv420p10le"},
    "av1": {"yuv420p", "yuvj420p", "yuv420p10le"},
}
BROWSER_AUDIO = frozenset({"aac", "mp3", "opus", "vorbis"})
# Of sound alone. MP3 and ADTS have no clock: browsers guess where a time lies in them, and may be seconds off.
BROWSER_SOUND = {
    "wav": _names("pcm_u8 pcm_s16le pcm_s24le"),
    "flac": _names("flac"),
    "ogg": _names("vorbis opus flac"),
    "mov": _names("aac mp3"),
    "matroska": _names("opus vorbis"),
}

UNFIT = "The part of Moment Studio that reads videos does not start here; install Moment Studio again."

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_GSM_FRAME, _GSM_LEAST = 33, 8  # bytes, and frames of 20 ms: chance makes no eight
_MOV_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}


def shown(path: str | os.PathLike[str]) -> str:
    """The file's name as a sentence can carry it: quoted, printable, at most 80 characters."""
    name = Path(path).name.encode("utf-8", "replace").decode("utf-8")
    name = "".join("�" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in name)
    return f"“{name if len(name) <= 80 else name[:79] + '…'}”"


def admit(path: str | os.PathLike[str], limits: Limits) -> Path:
    """The real path of a regular file within the limits, without opening it.

    Raises NotFound, NotMedia (folder, device, pipe, empty) or MediaTooLarge.
    """
    name = shown(path)
    try:
        real = system.real_path(Path(path))
        facts = real.stat()
    except (OSError, RuntimeError, ValueError) as error:
        raise NotFound(f"{name} is not there, or may not be read; check the path and its permissions.") from error
    if not stat.S_ISREG(facts.st_mode):
        raise NotMedia(f"{name} is a folder or a device, not a file of video or sound; choose a file.")
    if facts.st_size == 0:
        raise NotMedia(f"{name} is empty; copy or download it again.")
    if facts.st_size > limits.file_bytes:
        raise MediaTooLarge(
            f"{name} has {facts.st_size / 2**30:.1f} GiB and the limit is {limits.file_bytes / 2**30:.0f} GiB; "
            "cut it into parts."
        )
    return real


def family(head: bytes) -> str | None:
    """The container a file's first bytes announce (a key of CONTAINERS), or None."""
    if head[4:8] in _MOV_BOXES:
        return "mov"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head.startswith(b"\x00\x00\x01\xba"):
        return "mpeg"
    if head.startswith((b"\x00\x00\x01\xb3", b"\x00\x00\x00\x01\xb3")):  # a sequence of MPEG-1 or 2, in no container
        return "mpegvideo"
    if head.startswith(b"FLV\x01"):
        return "flv"
    if head.startswith(b"OggS"):
        return "ogg"
    if head.startswith(_ASF):
        return "asf"
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head.startswith(b"fLaC"):
        return "flac"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return "amr"
    if head.startswith(b".snd"):
        return "au"
    if _is_gsm(head):
        return "gsm"
    for packet, first in ((188, 0), (192, 4)):
        marks = head[first : first + 5 * packet : packet]
        if len(marks) >= 3 and set(marks) == {0x47}:
            return "mpegts"
    return mpeg_audio.family(head)


def _is_gsm(head: bytes) -> bool:
    """Whether a file is nothing but frames of GSM 06.10 (ETSI EN 300 961): 33 bytes each, of which the first begins
    with 1101. Bytes that all begin so are A-law of silence."""
    marks = head[::_GSM_FRAME]
    return len(marks) >= _GSM_LEAST and {b >> 4 for b in marks} == {0xD} and {b >> 4 for b in head} != {0xD}


def tag_bytes(head: bytes) -> int:
    """How many bytes of a tag (ID3v2) come before what a file is; 0 where there is none."""
    if len(head) < 10 or not head.startswith(b"ID3") or max(head[6:10]) > 127:
        return 0
    footer = 10 if head[5] & 0x10 else 0
    return 10 + footer + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])


def still(head: bytes) -> tuple[str, str] | None:
    """The format and codec that a picture file's first bytes announce, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg_pipe", "mjpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png_pipe", "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp_pipe", "webp"
    return None


def refuse_unknown(path: str | os.PathLike[str], head: bytes = b"") -> NotMedia:
    """The sentence that fits what a file is by its first bytes."""
    what = other(head)
    if not what and Path(path).suffix.lower() in _WITHOUT_HEADER:
        return NotMedia(
            f"{shown(path)} is sound without a header: nothing in it says its coding and its rate; convert it to WAV "
            "with a program to which you can name them."
        )
    if what == "sound":
        return NotMedia(f"{shown(path)} is a kind of sound that is not opened here; convert it to WAV, FLAC or MP3.")
    if what:
        return NotMedia(f"{shown(path)} is {what}, not video or sound; choose another file.")
    return NotMedia(
        f"{shown(path)} is no file of video or sound that Moment Studio knows; convert it to MP4 (H.264), or sound to "
        "WAV, and add it again."
    )


def refuse_pictures(path: str | os.PathLike[str]) -> NotMedia:
    """For whoever asks pictures of a recording of sound alone."""
    return NotMedia(f"{shown(path)} has no pictures, only sound.")


_WITHOUT_HEADER = _names(
    ".ul .ulaw .mulaw .mu .pcmu .al .alaw .pcma .g711 .g711u .g711a .g722 .g723 .g726 .g728 .g729 .vox .raw .pcm .sln"
)
_OTHERS = (
    ("sound", (b"ID3", b"#!AMR", b"MThd", b"MAC ", b"wvpk")),
    ("a picture", (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"8BPS")),
    ("a PDF document", (b"%PDF",)),
    ("an archive", (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"\xfd7zXZ")),
    ("a web page", (b"<!DOCTYPE html", b"<!doctype html", b"<html")),
    ("a file of subtitles", (b"WEBVTT", b"\xef\xbb\xbfWEBVTT", b"[Script Info]")),
    ("a database", (b"SQLite format 3",)),
)


def other(head: bytes) -> str:
    """What a file is that is not opened, by its first bytes; "" where that is not known."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a picture"
    return next((what for what, starts in _OTHERS if head.startswith(starts)), "")


def refuse_broken(path: str | os.PathLike[str], what: str = "it is damaged or incomplete") -> BrokenMedia:
    return BrokenMedia(f"{shown(path)} cannot be decoded: {what}; copy, download or convert it again.")


def browser_plays(container: str, codec: str, pixel_format: str, audio: str | None) -> bool:
    """True when every current browser plays it as it is; False asks for a proxy."""
    return (
        container in ("mov", "matroska")
        and pixel_format in BROWSER_VIDEO.get(codec, set())
        and (audio is None or audio in BROWSER_AUDIO)
        and not (container == "mov" and codec == "vp8")
    )


def browser_plays_sound(container: str, codec: str) -> bool:
    """The same of sound alone, each time of which a browser also has to find again."""
    return codec in BROWSER_SOUND.get(container, frozenset())
