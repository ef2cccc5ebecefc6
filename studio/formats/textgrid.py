"""Praat TextGrid: interval tiers that cover the whole video; gaps are empty intervals. Times exact to the µs.

A tier holds no overlaps: what overlaps goes to further tiers. Point tiers have no lengths and cannot be imported. Both
of Praat's spellings, the long and the short one, are read, in UTF-8 or UTF-16; the long one is written.
"""

import re
from collections.abc import Iterator, Sequence

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.layers import layered
from studio.formats.model import Format, Holds, Mark, Part, heard
from studio.timeline import Annotation, Timeline

HOLDS = Holds(layers=True, blank=False, text=reading.one_line, naming=reading.one_line)
# in the long spelling every value stands after a name and “=”; in the short one it stands alone
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|<(exists|absent)>|(?<![\w\[])(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?![\w\]])')


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video, in UTF-8."""
    timeline = timelines[0]
    found = HOLDS.fitted(timeline)
    tiers = layered(found)
    end = max([timeline.footage.duration, *(a.segment.end for a in found)])
    body = [
        'File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {reading.decimal(end)} ",
        "tiers? <exists> ", f"size = {len(tiers)} ", "item []: ",
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
    return ("\n".join(body) + "\n").encode()


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
    tokens = _tokens(text)
    try:
        return [_part(tokens)]
    except (StopIteration, IndexError):
        raise FormatError("This TextGrid ends in the middle; save it again.") from None


def _tokens(text: str) -> Iterator[str]:
    """The values in order: texts as str, numbers as their text after a NUL, so that the two cannot be mixed up."""
    for match in _TOKEN.finditer(text):
        if match.group(1) is not None:
            yield match.group(1).replace('""', '"')
        else:
            yield "\0" + (match.group(2) or match.group(3))


def _part(values: Iterator[str]) -> Part:
    for _ in range(4):  # file type, class, begin and end of the whole
        next(values)
    if next(values) != "\0exists":
        return Part("", ())
    marks: list[Mark] = []
    points = 0
    for _ in range(_count(next(values))):
        kind, track = next(values), next(values)
        next(values), next(values)
        for _ in range(_count(next(values))):
            if kind == "IntervalTier":
                start, end, label = _time(next(values)), _time(next(values)), next(values)
                if label:
                    marks.append(Mark(start, end, heard(label), track))
            else:
                next(values), next(values)
                points += 1
    problems = (f"{points} points have no length and are left out.",) if points else ()
    return Part("", tuple(marks), problems=problems)


def _count(token: str) -> int:
    return reading.whole(token.removeprefix("\0"), "A number of tiers or intervals")


def _time(token: str) -> int:
    return reading.us_of(token.removeprefix("\0"), "An interval")


FORMAT = Format("textgrid", "Praat TextGrid", ".TextGrid", "text/plain", "s", HOLDS, write, read)
