"""Subtitles: a cue a line of the transcript, or a cue an annotation with its label for words. SRT and WebVTT tell times
in ms, ASS in hundredths of a second: to the nearest, at least one.

A file has annotations or lines, not both: `studio export --as lines` or `--as annotations` says which; else it has the
annotations, or the lines where there are no annotations. What is about the whole video is no subtitle, and left out.
An import takes cues for lines unless annotations are wanted.

The track of an annotation is the voice of its cue in WebVTT (`<v Track>`) and its name (the actor) in ASS; SRT has no
place for it. Who says a line is named in the same places, and before its words in SRT (“Ann: hello”). What a player
would take for markup is written as entities in WebVTT, and as look-alikes in SRT and ASS, which have none. WebVTT is
read by the W3C's algorithm, SRT by its lines of times, with or without milliseconds: a cue whose time cannot be read
drops itself and is counted. Text is UTF-8 or UTF-16; another encoding is guessed, which an import says, and
`--encoding NAME` names it.
"""

import html
from collections.abc import Sequence

import pysubs2

from studio.errors import FormatError
from studio.formats import encoding as encodings
from studio.formats import reading, subtitles, webvtt
from studio.formats.model import Format, Holds, Mark, Part, heard
from studio.timeline import Footage, Timeline

TRACK = "Subtitles"
_LOOKS = str.maketrans("<>{}\\", "‹›❴❵＼")
_ASS_LOOKS = str.maketrans("{}\\", "❴❵＼")
_LAST = 36_000_000_000 - 10_000  # µs: ASS has one digit for hours


def _srt_text(label: str) -> str:
    return _without_entities(" ".join(label.translate(_LOOKS).split()))


def _ass_text(label: str) -> str:
    return _without_entities(" ".join(reading.one_line(label.translate(_ASS_LOOKS)).split()))


def _ass_name(track: str) -> str:
    return _ass_text(track).replace(",", "‚")


def _without_entities(plain: str) -> str:
    return plain if html.unescape(plain) == plain else plain.replace("&", "＆")


def _vtt_text(label: str) -> str:
    return reading.one_line(label).replace("-->", "→")


SRT_HOLDS = Holds(grain=1000, tracks=False, blank=False, text=_srt_text, lines="instead", speakers="words",
                  whole=False)  # fmt: skip
VTT_HOLDS = Holds(grain=1000, blank=False, text=_vtt_text, naming=_vtt_text, lines="instead", speakers="yes",
                  whole=False)  # fmt: skip
ASS_HOLDS = Holds(grain=10_000, blank=False, text=_ass_text, naming=_ass_name, lines="instead", longest=_LAST,
                  speakers="yes", whole=False)  # fmt: skip


def _cues(holds: Holds, timeline: Timeline) -> list[tuple[int, int, str, str]]:
    """[start, end) in µs, words and track, or who says a line, of every cue, in order of time."""
    shown = holds.narrowed(timeline)
    return [
        *((a.segment.start, a.segment.end, a.label, a.track if holds.tracks else "") for a in holds.fitted(shown)),
        *(line[:4] for line in holds.fitted_spoken(shown)),
    ]


def write_srt(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    cues = [
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{_attributed(words, speaker)}\n"
        for number, (start, end, words, speaker) in enumerate(_cues(SRT_HOLDS, timelines[0]), 1)
    ]
    return "\n".join(cues).encode()


def _attributed(words: str, speaker: str) -> str:
    """SRT has no other place for who says a line."""
    return f"{_srt_text(speaker)}: {words}" if speaker else words


def write_vtt(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    cues = [
        f"{_clock(start, '.')} --> {_clock(end, '.')}\n{f'<v {_escaped(track)}>' * bool(track)}{_escaped(words)}"
        f"{'</v>' * bool(track)}\n"
        for start, end, words, track in _cues(VTT_HOLDS, timelines[0])
    ]
    return "\n".join(["WEBVTT\n", *cues]).encode()


def write_ass(timelines: Sequence[Timeline]) -> bytes:
    """One video, whose size is that of the script, so that text has its place and size on it."""
    made = pysubs2.SSAFile()
    made.info |= _size(timelines[0].footage)
    made.events = [
        pysubs2.SSAEvent(start // 1000, end // 1000, words, name=track)
        for start, end, words, track in _cues(ASS_HOLDS, timelines[0])
    ]
    return made.to_string("ass", header_notice="Written by Moment Studio").encode()


def _size(footage: Footage) -> dict[str, str]:
    return {"PlayResX": str(footage.width), "PlayResY": str(footage.height)} if footage.width else {}


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _clock(us: int, point: str) -> str:
    millis = us // 1000
    rest = f"{millis // 60_000 % 60:02d}:{millis // 1000 % 60:02d}{point}{millis % 1000:03d}"
    return f"{millis // 3_600_000:02d}:{rest}"


def read_srt(data: bytes, name: str) -> list[Part]:
    """SRT, or what else pysubs2 reads. Raises FormatError."""
    if not data.strip():
        return []
    found = subtitles.parse(data)
    marks = tuple(Mark(start, end, heard(text), TRACK) for start, end, text in found.lines)
    return [Part("", marks, problems=found.problems)]


def read_ass(data: bytes, name: str) -> list[Part]:
    """ASS or SSA. Raises FormatError."""
    decoded = encodings.decode(data)
    if not subtitles.is_ass(decoded.text):
        raise FormatError("This is not ASS; it has no section [Script Info] or [Events].")
    found = subtitles.parse(data)
    marks = tuple(
        Mark(start, end, heard(text), track or TRACK)
        for (start, end, text), track in zip(found.lines, found.names, strict=True)
    )
    return [Part("", marks, problems=found.problems)]


def read_vtt(data: bytes, name: str) -> list[Part]:
    """Raises FormatError."""
    decoded = encodings.decode(data)
    cues, dropped = webvtt.read(decoded.text)
    marks = tuple(Mark(cue.start, cue.end, heard(cue.text), cue.voice or TRACK) for cue in cues)
    return [Part("", marks, problems=(*decoded.problems, *subtitles.left_out(dropped)))]


SRT = Format("srt", "SRT subtitles", ".srt", "application/x-subrip", "ms", SRT_HOLDS, write_srt, read_srt)
VTT = Format("vtt", "WebVTT subtitles", ".vtt", "text/vtt", "ms", VTT_HOLDS, write_vtt, read_vtt)
ASS = Format("ass", "ASS subtitles", ".ass", "text/x-ssa", "1/100 s", ASS_HOLDS, write_ass, read_ass,
             endings=(".ssa",))  # fmt: skip
