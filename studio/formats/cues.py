"""SRT and WebVTT as annotations: a cue a segment, its words the label. Times in ms: to the nearest, at least one.

WebVTT says the track as the voice of a cue (`<v Track>`); SRT has no place for it. What a player would take for markup
is written as entities in WebVTT, and as look-alikes in SRT, which has none. The transcript of a video is another
matter: see `studio.formats.subtitles`.
"""

import html
import re
from collections.abc import Sequence

from studio.errors import FormatError
from studio.formats import reading, subtitles
from studio.formats.model import Format, Holds, Mark, Part, heard
from studio.timeline import Timeline

TRACK = "Subtitles"
_LOOKS = str.maketrans("<>{}", "‹›❴❵")
_CLOCK = r"(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3})"
_TIMING = re.compile(rf"\s*{_CLOCK}\s+-->\s+{_CLOCK}(?:\s.*)?")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>")
_TAG = re.compile(r"<[^>]*>")


def _srt_text(label: str) -> str:
    plain = " ".join(label.translate(_LOOKS).replace("\\", "＼").split())
    return plain if html.unescape(plain) == plain else plain.replace("&", "＆")


def _vtt_text(label: str) -> str:
    return reading.one_line(label).replace("-->", "→")


SRT_HOLDS = Holds(grain=1000, tracks=False, blank=False, text=_srt_text)
VTT_HOLDS = Holds(grain=1000, blank=False, text=_vtt_text, naming=_vtt_text)


def write_srt(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    cues = [
        f"{number}\n{_clock(a.segment.start, ',')} --> {_clock(a.segment.end, ',')}\n{a.label}\n"
        for number, a in enumerate(SRT_HOLDS.fitted(timelines[0]), 1)
    ]
    return "\n".join(cues).encode()


def write_vtt(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    cues = [
        f"{_clock(a.segment.start, '.')} --> {_clock(a.segment.end, '.')}\n"
        f"<v {_escaped(a.track)}>{_escaped(a.label)}</v>\n"
        for a in VTT_HOLDS.fitted(timelines[0])
    ]
    return "\n".join(["WEBVTT\n", *cues]).encode()


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _clock(us: int, point: str) -> str:
    millis = us // 1000
    rest = f"{millis // 60_000 % 60:02d}:{millis // 1000 % 60:02d}{point}{millis % 1000:03d}"
    return f"{millis // 3_600_000:02d}:{rest}"


def read_srt(data: bytes, name: str) -> list[Part]:
    """SRT or ASS. Raises FormatError."""
    if not data.strip():
        return []
    return [Part("", tuple(Mark(start, end, heard(text), TRACK) for start, end, text in subtitles.read(data)))]


def read_vtt(data: bytes, name: str) -> list[Part]:
    """Raises FormatError."""
    text = reading.text_of(data)
    if not text.startswith("WEBVTT"):
        raise FormatError("This is not WebVTT; its first line must begin with WEBVTT.")
    marks = []
    for block in reading.blocks_of(re.sub(r"\r\n?", "\n", text)):
        lines = block.split("\n")
        at = next((k for k, line in enumerate(lines[:2]) if "-->" in line), None)
        if at is None:
            continue
        match = _TIMING.fullmatch(lines[at])
        if match is None:
            raise FormatError(f"This WebVTT file has a time that cannot be read: {lines[at]:.60}")
        said = "\n".join(lines[at + 1 :])
        voice = _VOICE.search(said)
        track = html.unescape(voice.group(1)).strip() if voice else TRACK
        label = " ".join(html.unescape(_TAG.sub("", said)).split("\n")).strip()
        if label:
            marks.append(Mark(_us(match.groups()[:4]), _us(match.groups()[4:]), heard(label), track or TRACK))
    return [Part("", tuple(marks))]


def _us(clock: Sequence[str | None]) -> int:
    hours, minutes, seconds, millis = (reading.whole(part or "0", "A time") for part in clock)
    return (((hours * 60 + minutes) * 60 + seconds) * 1000 + millis) * 1000


SRT = Format("srt", "SRT subtitles", ".srt", "application/x-subrip", "ms", SRT_HOLDS, write_srt, read_srt)
VTT = Format("vtt", "WebVTT subtitles", ".vtt", "text/vtt", "ms", VTT_HOLDS, write_vtt, read_vtt)
