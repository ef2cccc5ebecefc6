"""Subtitle files (SRT, WebVTT, ASS and what else pysubs2 knows): what is said when."""

import html
import re
from dataclasses import dataclass

import pysubs2

from studio.errors import FormatError
from studio.formats import encoding as encodings
from studio.formats import reading, webvtt

Line = tuple[int, int, str]
_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,3}))?"
_TIMINGS = re.compile(rf"\s*{_TIME}\s*-+>\s*{_TIME}(?:\s.*)?")
_MARKUP = re.compile(r"\{\\[^}]*\}|</?[a-zA-Z][^>]*>")
_EVENT = re.compile(rf"Dialogue:[^,]*,\s*{_TIME}\s*,\s*{_TIME}\s*,[^,]*,([^,]*)(?:,[^,]*){{4}},(.*)", re.DOTALL)
_OTHER_EVENTS = re.compile(r"(?:Format|Comment|Picture|Sound|Movie|Command):|[;!]|\s*$")
_SECTION = re.compile(r"^\ufeff?\s*\[(?:Script Info|Events)\]", re.IGNORECASE | re.MULTILINE)
_NOTHING = "This is not a subtitle file; use SRT, WebVTT or ASS."


@dataclass(frozen=True, slots=True)
class Subtitles:
    """Lines (start_us, end_us, text) in order of time, sentences on what was guessed or left out, and who is named for
    each line of WebVTT or ASS ("" for nobody, and in other formats)."""

    lines: list[Line]
    problems: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def read(data: bytes, encoding: str | None = None) -> list[Line]:
    """The lines of `parse`."""
    return parse(data, encoding).lines


def parse(data: bytes, encoding: str | None = None) -> Subtitles:
    """Styling is dropped, empty lines and drawings are left out; a cue whose time cannot be read drops itself.

    Raises FormatError; UsageError for an encoding that there is not.
    """
    try:
        decoded = encodings.decode(data, encoding)
    except FormatError as error:
        raise error if encoding else FormatError(_NOTHING) from None
    text = decoded.text
    reading.room_for(text.count("-->") + text.count("\nDialogue:"))  # pysubs2 would build them all
    reading.take_parts(sum(text.count(sign) for sign in "\r\n{<"))  # in any other format that it knows
    dropped = 0
    names: list[str] = []
    more: list[str] = []
    if webvtt.is_webvtt(text):
        cues, dropped = webvtt.read(text)
        lines = [(cue.start, cue.end, " ".join(cue.text.split())) for cue in cues]
        names = [cue.voice for cue in cues]
    elif "-->" in text and "\nDialogue:" not in text:
        lines, dropped = _srt(text)
    elif is_ass(text):
        lines, names, more = _ass(text)
    else:
        lines = _others(text)
    said = [(line, name) for line, name in zip(lines, names or [""] * len(lines), strict=True) if line[2]]
    kept = sorted((line, name) for line, name in said if line[1] > line[0] >= 0)
    problems = (*decoded.problems, *more, *left_out(dropped), *_endless(len(said) - len(kept)))
    return Subtitles([line for line, _ in kept], problems, tuple(name for _, name in kept))


def is_ass(text: str) -> bool:
    """Whether a text has what ASS and its predecessor SSA must have."""
    return _SECTION.search(text) is not None or "\nDialogue:" in text


def left_out(dropped: int) -> list[str]:
    """A sentence on cues that were dropped."""
    if not dropped:
        return []
    cues, they = ("1 cue has", "is") if dropped == 1 else (f"{dropped} cues have", "are")
    return [f"{cues} no readable time and {they} left out."]


def _endless(count: int) -> list[str]:
    return [f"{count} cue{'s' * (count != 1)} without any length {'is' if count == 1 else 'are'} left out."] * bool(
        count
    )


def _srt(text: str) -> tuple[list[Line], int]:
    """Cues by their line of times, whatever numbers and blank lines there are around it. Raises FormatError."""
    lines = re.sub(r"\r\n?", "\n", text.lstrip("\ufeff")).split("\n")
    at = [number for number, line in enumerate(lines) if "-->" in line]
    found: list[Line] = []
    dropped = 0
    for number, following in zip(at, [*at[1:], len(lines)], strict=True):
        match = _TIMINGS.fullmatch(lines[number])
        if match is None or any(len(part or "") > 9 for part in match.groups()):
            dropped += 1
            continue
        said = lines[number + 1 : following]
        if following < len(lines) and said and said[-1].strip().isdecimal():  # the number of the next cue
            said.pop()
        without = _untimed(said)
        dropped += without < len(said)
        del said[without:]
        start, end = _us(match.groups()[:4]), _us(match.groups()[4:])
        found.append((start, end, " ".join(html.unescape(_MARKUP.sub("", "\n".join(said))).split())))
    if not found:
        raise FormatError(_NOTHING)
    return found, dropped


def _untimed(said: list[str]) -> int:
    """Where in what is said a cue begins that has its number and words, and no line of times: after a blank line."""
    for place in range(1, len(said) - 1):
        if not said[place - 1].strip() and said[place].strip().isdecimal() and said[place + 1].strip():
            return place
    return len(said)


def _us(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds = (int(part or 0) for part in parts[:3])
    return (((hours * 60 + minutes) * 60 + seconds) * 1000 + int((parts[3] or "0").ljust(3, "0"))) * 1000


def _ass(text: str) -> tuple[list[Line], list[str], list[str]]:
    """Lines, who is named for each, and sentences on what was left out; a bad event drops itself."""
    lines: list[Line] = []
    names: list[str] = []
    count = dict.fromkeys(("drawing", "cue without words", "unreadable event"), 0)
    section = ""
    for line in re.split(r"\r\n?|\n", text):
        line = line.lstrip("\ufeff").lstrip()
        if line.startswith("[") and line.rstrip().endswith("]"):
            section = line.strip("[] \t").lower()
        elif (match := _EVENT.fullmatch(line)) and all(len(part or "") <= 9 for part in match.groups()[:8]):
            event = pysubs2.SSAEvent(text=match[10])
            words = " ".join(html.unescape(event.plaintext).split())
            if event.is_drawing or not words:
                count["drawing" if event.is_drawing else "cue without words"] += 1
                continue
            lines.append((_us(match.groups()[:4]), _us(match.groups()[4:8]), words))
            names.append(" ".join(html.unescape(match[9]).split()))
        elif section == "events" and not _OTHER_EVENTS.match(line):
            count["unreadable event"] += 1
    if not lines and count["unreadable event"]:
        raise FormatError(_NOTHING)
    return lines, names, [_left_out(what, n) for what, n in count.items() if n]


def _left_out(what: str, count: int) -> str:
    plural = what.replace("cue ", "cues ") if " without" in what else f"{what}s"
    return f"1 {what} is left out." if count == 1 else f"{count} {plural} are left out."


def _others(text: str) -> list[Line]:
    try:
        parsed = pysubs2.SSAFile.from_string(text.lstrip("\ufeff"))
    except reading.TooMany:
        raise
    except Exception as error:  # pysubs2 has no common base for what a damaged file raises
        raise FormatError(_NOTHING) from error
    return [
        (event.start * 1000, event.end * 1000, " ".join(html.unescape(event.plaintext).split()))
        for event in parsed
        if not event.is_comment and not event.is_drawing
    ]
