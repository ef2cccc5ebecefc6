"""TEL JSON (temporal emotion localization): film → clip → emotions, each with the cues it was heard in.

Times are `HH:MM:SS.mmm`: rounded to the nearest ms, never shorter than 1 ms. A cue of the file is one annotated
interval; its words are those of the transcript's lines whose middle lies in it. Reading makes every cue of an emotion a
segment of its own: joining neighbours is up to who evaluates. Training clips only count emotions, which have no times.
The words are not read back; import subtitles for them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes
from studio.timeline import Annotation, Segment, Timeline

HOLDS = Holds(grain=1000, tracks=False, text=str.strip, lines="within")
TRACK = "Emotion"
_TIMES = re.compile(r"\s*(\d+):(\d\d):(\d\d(?:\.\d+)?)\s*-->\s*(\d+):(\d\d):(\d\d(?:\.\d+)?)\s*")
_CLIP = "whole"
_ENTRY = {"emo", "dialog", "dialog_name"}
_EMOTION = {"time", "dialog", "segment"}


def write(timelines: Sequence[Timeline]) -> bytes:
    """A video called FILM/CLIP is that clip; any other is the clip “whole” of the film of its name."""
    films: dict[str, dict[str, Any]] = {}
    for timeline in timelines:
        film, _, clip = timeline.footage.name.partition("/")
        film = film if clip else timeline.footage.stem
        films.setdefault(film, {})[clip or _CLIP] = _clip(timeline)
    return reading.dump(films)


def _clip(timeline: Timeline) -> dict[str, Any]:
    by_label = reading.grouped(HOLDS.fitted(timeline), lambda a: a.label)
    # what one label says twice is two cues of the same time, as the data set has it
    counts = Counter[Segment]()
    for of in by_label.values():
        counts |= Counter(a.segment for a in of)
    spans = sorted(counts.elements())
    cues = [_said(span.start, span.end) for span in spans]
    words = [
        " ".join(text for start, end, text in timeline.lines if span.start <= (start + end) // 2 < span.end)
        for span in spans
    ]

    def emotion(of: list[Annotation]) -> dict[str, Any]:
        seen = Counter(a.segment for a in of)
        places = [spans.index(span) + k for span in sorted(seen) for k in range(seen[span])]
        return {"time": [cues[k] for k in places], "dialog": [words[k] for k in places], "segment": places}

    return {"emo": {label: emotion(of) for label, of in by_label.items()}, "dialog": words, "dialog_name": cues}


def _said(start: int, end: int) -> str:
    return f"{_clock(start)}-->{_clock(end)}"


def _clock(us: int) -> str:
    millis = us // 1000
    return f"{millis // 3_600_000:02d}:{millis // 60_000 % 60:02d}:{millis // 1000 % 60:02d}.{millis % 1000:03d}"


def read(data: bytes, name: str) -> list[Part]:
    """Every annotated clip, called FILM/CLIP. Raises FormatError."""
    found: list[Part] = []
    untimed, notes = 0, Notes()
    for film, clips in reading.expect(reading.json_of(data), dict, "This TEL file").items():
        with notes.entry():
            for clip, entry in reading.expect(clips, dict, f"“{film:.40}”").items():
                with notes.entry():
                    where = f"“{film:.40}/{clip:.40}”"
                    emotions = reading.child(entry, "emo", dict, where)
                    notes.known(entry, _ENTRY)
                    timed = {label: value for label, value in emotions.items() if isinstance(value, dict)}
                    notes.left_out("emotion(s) without times", len(emotions) - len(timed))
                    untimed += len(timed) < len(emotions)
                    marks = [m for label, value in timed.items() for m in _marks(label, value, where, notes)]
                    if marks:
                        notes.left_out("list(s) of what is said in a clip", any(_words(entry)))
                        video = film if clip == _CLIP else f"{film}/{clip}"
                        found.append(Part(video, tuple(sorted(marks, key=lambda m: (m.start, m.end)))))
    if untimed and not found:
        raise FormatError("This is TEL's training file: its emotions have no times, so none can be placed.")
    return notes.parts(found)


def _words(entry: dict[str, Any]) -> list[Any]:
    words = entry.get("dialog", [])
    return words if isinstance(words, list) else [words]


def _marks(label: str, value: dict[str, Any], where: str, notes: Notes) -> Iterator[Mark]:
    with notes.entry():
        notes.known(value, _EMOTION)
        for said in reading.child(value, "time", list, where):
            with notes.entry():
                yield Mark(*_span(said, where), label.strip(), TRACK)


def _span(said: Any, where: str) -> tuple[int, int]:
    match = _TIMES.fullmatch(reading.expect(said, str, where))
    if match is None:
        raise FormatError(f"{where}: a time must read HH:MM:SS.mmm-->HH:MM:SS.mmm, not {said!r:.40}.")
    h, m, s, *end = match.groups()
    return _us(h, m, s, where), _us(end[0], end[1], end[2], where)


def _us(hours: str, minutes: str, seconds: str, where: str) -> int:
    return (reading.whole(hours, where) * 3600 + int(minutes) * 60) * 1_000_000 + reading.us_of(seconds, where)


FORMAT = Format("tel", "TEL (emotion localization)", ".json", "application/json", "ms", HOLDS, write, read, many=True)
