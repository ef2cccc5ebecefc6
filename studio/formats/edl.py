"""CMX 3600 EDL: the segments one after the other, as an editor would cut them together.

Source times are frames of the video's own table as HH:MM:SS:FF, the end exclusive, from the time code that the file has
for its first frame (its `tmcd` track), by which editors find the pictures again; record times begin at 0. FF counts at
the nearest whole rate (25 for 24.99), because a time code has no other: frame 250 is 00:00:10:00 at 25 whatever the
clock said; drop frames are counted where the file's time code drops them. With a
variable frame rate the frames are right and the clock is only nominal. Labels and tracks are comments; there are 999
events at most. What is about the whole video is no part to cut together, and left out.

Read are the events with pictures of any program's EDL, each a segment of the clip that it names, labelled by its
comment. The time codes are counted at the rate of the video, from that of its first frame.
"""

import re
from collections.abc import Iterator, Sequence

from studio.errors import FormatError, UsageError
from studio.formats import reading
from studio.formats.cut import CLIPS, name_of
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes
from studio.formats.timecode import counting_of, packed, remarks
from studio.timeline import Timeline


def _track(name: str) -> str:
    """A track's name as it stands before the label, which a colon and a blank end."""
    return reading.one_line(name).replace(": ", " - ")


HOLDS = Holds(grain=0, text=reading.one_line, naming=_track, whole=False)
_MOST_EVENTS = 999
_CODE = r"\d\d:\d\d:\d\d[:;]\d\d"
_EVENT = re.compile(rf"\d+\s+(\S+)\s+(\S+)\s+(\S+)(?:\s+\d+)?\s+({_CODE})\s+({_CODE})\s+({_CODE})\s+({_CODE})\s*$")


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video. Raises UsageError for more events than the format can number."""
    timeline = timelines[0]
    footage, found = timeline.footage, HOLDS.fitted(timeline)
    if len(found) > _MOST_EVENTS:
        raise UsageError(f"An EDL has at most {_MOST_EVENTS} events and there are {len(found)}; export another format.")
    counting = counting_of(footage)
    begin = counting.begin
    lines = [f"TITLE: {reading.one_line(footage.name)[:70]}", f"FCM: {'' if counting.drop else 'NON-'}DROP FRAME", ""]
    at = 0
    for number, a in enumerate(found, 1):
        first, end = footage.frames(a.segment)
        frames = (begin + first, begin + end, at, at + end - first)
        times = " ".join(counting.code(frame) for frame in frames)
        lines += [
            f"{number:03d}  AX       V     C        {times}",
            f"* FROM CLIP NAME: {reading.one_line(footage.name)}",
            f"* COMMENT: {a.track}: {a.label}",
        ]
        at += end - first
    return ("\n".join(lines) + "\n").encode()


def read(data: bytes, name: str) -> list[Part]:
    """A part for each clip that is named. Raises FormatError naming the line."""
    notes = Notes()
    events: list[_Event] = []
    titled = drops = False
    for number, line in reading.lines_of(data):
        text = line.strip()
        if text[:1].isdigit():
            with notes.entry():
                events.append(_event(text, f"Line {number}", drops))
        elif not text.startswith("*"):
            if text.startswith("FCM:"):
                drops = text.removeprefix("FCM:").strip() == "DROP FRAME"
            titled = titled or text.startswith(("TITLE:", "FCM:"))
            notes.left_out("line(s), neither events nor comments,", not text.startswith(("TITLE:", "FCM:")))
        elif not events:
            notes.left_out("comment(s) before the first event")
        elif not events[-1].takes(text := line.lstrip()):
            notes.left_out("locator(s)" if "LOC:" in text else "other comment(s)")
    if not (events or titled or notes.sentences()):
        raise FormatError("This file has no title and no events; is it an EDL?")
    notes.left_out("event(s) without pictures", sum(not event.shown for event in events))
    clips = reading.grouped((event for event in events if event.shown), lambda event: event.clip)
    parts = [Part(name_of(clip), tuple(_marks(clips[clip])), "codes") for clip in clips]
    return notes.parts(parts)


class _Event:
    """One event with the comments that follow it; times are packed codes (see `timecode.packed`)."""

    def __init__(self, shown: bool, codes: Sequence[str]) -> None:
        self.shown = shown
        self.first, self.end = (packed(code) for code in codes[:2])
        self.clip = ""
        self.comment: str | None = None

    def takes(self, line: str) -> bool:
        """Whether a comment says something of it that is read."""
        head, _, said = line.lstrip("* ").partition(":")
        if head.strip() == "FROM CLIP NAME" and not self.clip:
            self.clip = said.strip()
        elif head.strip() == "COMMENT" and self.comment is None:
            self.comment = said[1:] if said[:1] == " " else said
        else:
            return False
        return True


def _event(line: str, where: str, drops: bool) -> _Event:
    """`drops`: the codes leave numbers out, also where only a line before them says so and no “;” in them."""
    found = _EVENT.match(line)
    if not found:
        raise FormatError(f"{where} does not read NUMBER REEL CHANNELS EDIT and four time codes; is this an EDL?")
    channels = found[2].upper()
    codes = (f"{code[:8]};{code[9:]}" if drops else code for code in found.groups()[3:])
    return _Event("V" in channels or channels == "B", tuple(codes))


def _marks(events: Sequence[_Event]) -> Iterator[Mark]:
    for event in events:
        track, colon, label = (event.comment or "").partition(": ")
        yield Mark(event.first, event.end, label if colon else track, track.strip() if colon else CLIPS)


FORMAT = Format(
    "edl", "CMX 3600 EDL", ".edl", "text/plain", "frames as time codes", HOLDS, write, read, remarks=remarks
)
