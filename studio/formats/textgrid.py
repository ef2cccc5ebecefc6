"""Praat TextGrid: interval tiers that cover the whole video; gaps are empty intervals. Times exact to the µs.

A tier holds no overlaps: what overlaps goes to further tiers. Points in time are tiers of points called “Hands
(points)”. The lines of the transcript are tiers called “Transcript (lines)”, and “Transcript: Ann (lines)” where
somebody is known to say them; their words, where they are known by their times, are tiers called “Transcript (words)”
or “Transcript: Ann (words)”. An import takes both for lines again. Both of Praat's spellings, the long and the short
one, are read, in UTF-8 or UTF-16; the long one is written.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.layers import layered, spoken_tiers
from studio.formats.model import Format, Holds, Mark, Part, heard, points_of
from studio.formats.notes import Notes
from studio.timeline import Annotation, SpokenLine, Timeline, Word

# a TextGrid says nothing of a tier but its name: whose lines or words are in it
_IS_LINES = re.compile(r"Transcript(?:: (?P<speaker>.+?))? \((?P<what>lines|words)\)(?: \(\d+\))?")


def _naming(track: str) -> str:
    """The name of a track on one line, and not one that lines have."""
    name = reading.one_line(track)
    found = _IS_LINES.fullmatch(name)
    if found is None:
        return name
    start, end = found.span("what")
    return f"{name[: start - 1]}[{found['what']}]{name[end + 1 :]}"


HOLDS = Holds(layers=True, points=True, blank=False, text=reading.one_line, naming=_naming, lines="beside",
              speakers="yes", words="times")  # fmt: skip
# in the long spelling every value stands after a name and “=”; in the short one it stands alone
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|<(exists|absent)>|(?<![\w\[])(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?![\w\]])')

_NUMBER = "\0"  # stands before what is no text in the file
_POINTS = " (points)"
_KINDS = {"IntervalTier": 2, "TextTier": 1}  # numbers of an element


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video, in UTF-8."""
    timeline = timelines[0]
    pointed = points_of(timeline)
    found = HOLDS.fitted(timeline)
    points = reading.grouped((a for a in found if a.id in pointed), lambda a: a.track)
    lasting = layered(a for a in found if a.id not in pointed)
    tiers = lasting | _said(HOLDS.fitted_spoken(timeline))
    end = max([timeline.footage.duration, *(a.segment.end for tier in tiers.values() for a in tier)])
    body = [
        'File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {reading.decimal(end)} ",
        "tiers? <exists> ", f"size = {len(tiers) + len(points)} ", "item []: ",
    ]  # fmt: skip
    for number, (track, tier) in enumerate(tiers.items(), 1):
        intervals = list(_intervals(tier, end))
        body += [
            f"    item [{number}]:", '        class = "IntervalTier" ', f"        name = {_quoted(track)} ",
            "        xmin = 0 ", f"        xmax = {reading.decimal(end)} ",
            f"        intervals: size = {len(intervals)} ",
        ]  # fmt: skip
        for k, (start, stop, label) in enumerate(intervals, 1):
            body += [
                f"        intervals [{k}]:", f"            xmin = {reading.decimal(start)} ",
                f"            xmax = {reading.decimal(stop)} ", f"            text = {_quoted(label)} ",
            ]  # fmt: skip
    for number, (track, tier) in enumerate(points.items(), len(tiers) + 1):
        body += [
            f"    item [{number}]:", '        class = "TextTier" ', f"        name = {_quoted(track + _POINTS)} ",
            "        xmin = 0 ", f"        xmax = {reading.decimal(end)} ", f"        points: size = {len(tier)} ",
        ]  # fmt: skip
        for k, a in enumerate(tier, 1):
            time, text = reading.decimal(a.segment.start), _quoted(a.label)
            body += [f"        points [{k}]:", f"            number = {time} ", f"            mark = {text} "]
    return ("\n".join(body) + "\n").encode()


def _said(lines: Sequence[SpokenLine]) -> dict[str, list[Annotation]]:
    """Tiers of lines, and of their words."""
    words = [
        SpokenLine(max(start, line.start_us), min(end, line.end_us), reading.one_line(text), line.speaker)
        for line in lines
        for start, end, text, _ in line.words
    ]
    found = {
        **spoken_tiers(lines, lambda speaker: _tier_of(speaker, "lines")),
        **spoken_tiers(
            (word for word in words if word.start_us < word.end_us), lambda speaker: _tier_of(speaker, "words")
        ),
    }
    return {name: tier for name, (_, tier) in found.items()}


def _tier_of(speaker: str, what: str) -> str:
    return f"Transcript: {speaker} ({what})" if speaker else f"Transcript ({what})"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _intervals(tier: list[Annotation], end: int) -> Iterator[tuple[int, int, str]]:
    """The tier without gaps."""
    last = 0
    for a in tier:
        if a.segment.start > last:
            yield last, a.segment.start, ""
        yield a.segment.start, a.segment.end, a.label
        last = a.segment.end
    if last < end:
        yield last, end, ""


def read(data: bytes, name: str) -> list[Part]:
    """Intervals with text. Raises FormatError."""
    text = reading.text_of(data)
    if "ooTextFile" not in text[:200] or "TextGrid" not in text[:200]:
        raise FormatError("This is not a TextGrid; in Praat, save it with “Save as text file”.")
    notes = Notes()
    marks: list[Mark] = []
    try:
        with notes.entry():
            _tiers(_tokens(text), marks, notes)
    except StopIteration:
        notes.bad("This TextGrid ends in the middle; save it again.")
    others = tuple(mark for mark in marks if not _IS_LINES.fullmatch(mark.track))
    return notes.parts([Part("", others, lines=tuple(_lines(marks, notes)))])


def _lines(marks: Sequence[Mark], notes: Notes) -> Iterator[Mark]:
    """Lines with who says them and their words: those of the same speaker whose middle lies in the line."""
    found: dict[tuple[str, str], list[Mark]] = {}
    for mark in marks:
        if tier := _IS_LINES.fullmatch(mark.track):
            found.setdefault((tier["speaker"] or "", tier["what"]), []).append(mark)
    for (speaker, what), own in found.items():
        if what == "words":
            continue
        words = sorted(found.get((speaker, "words"), ()), key=lambda mark: (mark.start, mark.end))
        middles = sorted(((word.start + word.end) // 2, k) for k, word in enumerate(words))
        taken: set[int] = set()
        for line in sorted(own, key=lambda mark: (mark.start, mark.end)):
            first, end = bisect_left(middles, (line.start, 0)), bisect_left(middles, (line.end, 0))
            near = sorted(k for _, k in middles[first:end])
            within = [k for k in near if k not in taken and words[k].label in line.label]
            taken.update(within)
            said = tuple(Word(words[k].start, words[k].end, words[k].label, 1.0) for k in within)
            yield line.changed(speaker=speaker, words=said)
        notes.left_out("word(s) of the transcript outside its lines", len(words) - len(taken))


def _tokens(text: str) -> Iterator[str]:
    """The values in order: texts as str, numbers as their text after a NUL, so that the two cannot be mixed up."""
    for match in _TOKEN.finditer(text):
        if match.group(1) is not None:
            yield match.group(1).replace('""', '"')
        else:
            yield _NUMBER + (match.group(2) or match.group(3))


def _tiers(values: Iterator[str], marks: list[Mark], notes: Notes) -> None:
    """Every tier. Raises StopIteration where the file ends within one."""
    for _ in range(4):  # file type, class, begin and end of the whole
        next(values)
    if next(values) != f"{_NUMBER}exists":
        return
    found, kind, count = 0, "", 0
    with notes.entry():
        kind = next(values)
        count = _count(kind)
    while True:
        skipped = 0
        while kind and kind not in _KINDS:
            skipped += kind != f"{_NUMBER}{count}"
            kind = next(values, "")
        if skipped:
            notes.bad("A tier is of a kind that is not known, or has more in it than it says.")
        if not kind:
            break
        found += 1
        track = next(values)
        next(values), next(values)
        with notes.entry():
            _tier(values, kind, track, marks, notes)
        kind = next(values, "")
    if found < count:
        notes.bad("This TextGrid has fewer tiers than it says; save it again.")


def _tier(values: Iterator[str], kind: str, track: str, marks: list[Mark], notes: Notes) -> None:
    """The elements of a tier: each ends with its text, so that one that lacks something costs no other."""
    size, left = _KINDS[kind], _count(next(values))
    while left > 0:
        numbers: list[str] = []
        while (value := next(values)).startswith(_NUMBER):
            numbers.append(value)
        left -= max(1, -(-len(numbers) // size))
        with notes.entry():
            if len(numbers) != size:
                raise FormatError(f"An interval or point of “{track:.40}” has not one beginning, end and text.")
            times = [_time(number) for number in numbers]
            if size == 1:
                marks.append(Mark(times[0], times[0], heard(value), track.removesuffix(_POINTS), point=True))
            elif value:
                label = value if _IS_LINES.fullmatch(track) else heard(value)  # a line has always words
                marks.append(Mark(times[0], times[1], label, track))


def _count(token: str) -> int:
    return reading.whole(token.removeprefix(_NUMBER), "A number of tiers or intervals")


def _time(token: str) -> int:
    return reading.us_of(token.removeprefix(_NUMBER), "An interval")


FORMAT = Format("textgrid", "Praat TextGrid", ".TextGrid", "text/plain", "s", HOLDS, write, read)
