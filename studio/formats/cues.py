"""SRT and WebVTT as annotations: a cue a segment, its words the label. Times in ms: to the nearest, at least one.

WebVTT says the track as the voice of a cue (`<v Track>`); SRT has no place for it. What a player would take for markup
is written as entities in WebVTT, and as look-alikes in SRT, which has none. WebVTT is read by the W3C's algorithm, SRT
by its lines of times, with or without milliseconds: a cue whose time cannot be read drops itself and is counted. Text
is UTF-8 or UTF-16; another encoding is guessed, which an import says, and `--encoding NAME` names it.
"""

import html
from collections.abc import Sequence

from studio.formats import encoding as encodings
from studio.formats import reading, subtitles, webvtt
from studio.formats.model import Format, Holds, Mark, Part, heard
from studio.timeline import Timeline

TRACK = "Subtitles"
_LOOKS = str.maketrans("<>{}", "‹›❴❵")


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
    found = subtitles.parse(data)
    marks = tuple(Mark(start, end, heard(text), TRACK) for start, end, text in found.lines)
    return [Part("", marks, problems=found.problems)]


def read_vtt(data: bytes, name: str) -> list[Part]:
    """Raises FormatError."""
    decoded = encodings.decode(data)
    cues, dropped = webvtt.read(decoded.text)
    marks = tuple(Mark(cue.start, cue.end, heard(cue.text), cue.voice or TRACK) for cue in cues)
    return [Part("", marks, problems=(*decoded.problems, *subtitles.left_out(dropped)))]


SRT = Format("srt", "SRT subtitles", ".srt", "application/x-subrip", "ms", SRT_HOLDS, write_srt, read_srt)
VTT = Format("vtt", "WebVTT subtitles", ".vtt", "text/vtt", "ms", VTT_HOLDS, write_vtt, read_vtt)
