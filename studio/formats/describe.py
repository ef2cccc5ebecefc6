"""docs/formats.md, written from the one list: `python -m studio.formats.describe > docs/formats.md`.

What a format keeps is not claimed but tried: a timeline that has everything is written and read back.
"""

import sys
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise

from studio.formats import FORMATS, Format, Mark, Part, Placed, cannot_hold, place
from studio.timeline import Annotation, Footage, Segment, SpokenLine, Timeline, Word

HEAD = """# File formats

Written by `python -m studio.formats.describe`; change the modules in `studio/formats`, not this page.

`studio import FILE` and `studio export VIDEO -o FILE` guess the format by the name of the file where it is certain;
`--format NAME` says it. `studio export VIDEO --format NAME --check` says what would be lost of these annotations, and
every export says so on standard error. `studio import FILE --preview` says what would be added, to which videos, under
which names; `--map-label`, `--map-track` and `--map-video` change the names, `--map-column` says what the columns of a
table are, `--fps` at which rate a file counts frames; `studio import --undo ID` takes it back, with the rows and labels
that only it brought to the schema, unless somebody uses or changed them since.

An annotation of a file is in the library already where the file has its id (our JSON and CSV), or where the track, the
label and the time are the same up to 5 ms. One that has its id or its track and time, or its track, its label and more
than half of the time of both, by the same person, but says something else, is *different here*: `--different keep` (the
default) leaves it as it is, `take` has what the file says in its place, where a note or an attribute that the file does
not name stays, and `both` adds it beside. The preview counts them, and with them the curves and the offsets of cameras
that are different here; only `take` has what the file says of these. `studio import --redo ID` does again what was
undone.

Formats whose tiers have no overlaps (ELAN, TextGrid, BORIS, NOVA) say what overlaps on a row “X” on further tiers, “X
(2)” and so on. An import into a video that has it on X already puts it there, and says so: where nothing is on a row
“X (2)”, the file has a tier X, too, and at least half of “X (2)” is on X with the same labels and times, not counting
what the file's tier X has of it. Any other tier of such a name is a row of its own, as it is in a library without X; so
is one that somebody gives a name in the dialog or by `--map-track`.

Frames are those of a video's own table of times, also where their rate varies. A segment is never rounded to nothing.

An element that cannot be read costs itself and nothing else, and the preview says how many there were and why; it also
names every element, field and value for which there is no place here. A file is refused only where nothing of it can be
read, or where it is unsafe.
"""
KEPT = """
## What each format keeps

Found by writing a timeline that has everything and reading it back. *Times*: how finely they are told. *Tiers*: whether
overlaps stay on one track or go to further ones. *Transcript*: whether its lines are kept beside the annotations, or
instead of them, since a file of subtitles has either, or alone. *Speakers*: who says a line. *Words*: the times of its
words, and how sure a model was of them. *Video*: how the file names it.
"""
COLUMNS = ("times", "tracks", "tiers", "labels", "no label", "notes", "confidence", "annotators", "attributes", "boxes",
           "transcript", "speakers", "words", "video")  # fmt: skip
_S = 1_000_000
FOOTAGE = Footage("Talk 1.mp4", 60 * _S, "v", 640, 360, 25.0, tuple(range(0, 60 * _S, 40_000)), sha256="ab" * 32)
_BOXES = {who: tuple((k * 200_000, 0.25, 0.25, 0.5, 0.75) for k in range(300)) for who in ("Ann Lee", "Bob")}
EVERYTHING = Timeline(
    FOOTAGE,
    (
        Annotation("a", Segment(1_234_567, 12_345_678), "Ann Lee", "hello", "loud", annotator="Zoe",
                   attributes={"hand": "left", "times": 2}),
        Annotation("b", Segment(9_876_543, 21_234_567), "Ann Lee", "bye", "soft", annotator="Zoe",
                   attributes={"hand": "right", "times": 3}),
        Annotation("c", Segment(33_333_333, 44_444_444), "Bob", "", annotator="Yan"),
    ),
    {"a": 0.75, "b": 0.25, "c": 0.5},
    _BOXES,
    ((2 * _S, 3 * _S, "hello there"),),
    spoken=(
        SpokenLine(2 * _S, 3 * _S, "hello there", "Ann Lee",
                   (Word(2 * _S, 2_400_000, "hello", 0.75), Word(2_500_000, 3 * _S, "there", 0.5))),
    ),
)  # fmt: skip


def page() -> str:
    """The page."""
    rows = [
        f"| [{f.title}](#{f.name}) | `{f.name}` | `{f.extension}` | {_does(f)} | {_many(f)} | {f.units} |"
        for f in FORMATS.values()
    ]
    table = ["| format | name | file | | videos a file | times |", "|---|---|---|---|---|---|", *rows]
    return "\n".join([HEAD, *table, KEPT, *_kept_table(), "", *(_section(f) for f in FORMATS.values())])


def _kept_table() -> list[str]:
    rows = [
        f"| [{form.name}](#{form.name}) | {' | '.join(kept(form).values())} |"
        for form in FORMATS.values()
        if form.read and form.write
    ]
    return [f"| | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|", *rows]


@dataclass(frozen=True, slots=True)
class _Back:
    """What came back: the marks, boxes and lines of all parts, the marks in order of time."""

    parts: list[Part]
    marks: list[Mark]
    boxes: dict[str, tuple[tuple[float, ...], ...]]
    lines: list[Mark]


def kept(form: Format) -> dict[str, str]:
    """By column, what a format keeps of `EVERYTHING`: “yes”, “–” for what it loses, or how far."""
    assert form.write and form.read
    parts = form.read(form.write([EVERYTHING]), FOOTAGE.stem + form.extension)
    placed: list[Placed] = [place(part, FOOTAGE) for part in parts]
    marks = sorted((m for one in placed for m in one.marks), key=lambda m: (m.start, m.end))
    back = _Back(parts, marks, {track: boxes for one in placed for track, boxes in one.boxes.items()},
                 [line for one in placed for line in one.lines])  # fmt: skip
    found = (
        _times(back),
        _tracks(back),
        _tiers(back),
        _labels(back),
        *_facts(back),
        _transcript(form, back),
        *_spoken(form, back),
        _video(back),
    )
    return dict(zip(COLUMNS, found, strict=True))


def _times(back: _Back) -> str:
    there = [(a.segment.start, a.segment.end) for a in EVERYTHING.annotations]
    times = [(m.start, m.end) for m in back.marks]
    if times == there:
        return "exact"
    every = {time for pair in times for time in pair}
    grains = {"5 s": 5 * _S, "s": _S, "boxes": 200_000, "frames": 40_000, "1/100 s": 10_000, "ms": 1_000}
    return next((name for name, grain in grains.items() if all(time % grain == 0 for time in every)), "other")


def _tracks(back: _Back) -> str:
    own, found = ({track.replace(" ", "_") for track in tracks} for tracks in (EVERYTHING.tracks, _names(back)))
    if not own <= found:
        return "–"
    return "yes" if set(EVERYTHING.tracks) <= set(_names(back)) else "without blanks"


def _names(back: _Back) -> list[str]:
    return [m.track for m in back.marks]


def _tiers(back: _Back) -> str:
    over = [one for one, other in pairwise(back.marks) if other.start < one.end and one.track != other.track]
    return "further" if over else "one"


def _labels(back: _Back) -> str:
    return _yes([m.label for m in back.marks][:2] == ["hello", "bye"])


def _facts(back: _Back) -> tuple[str, ...]:
    there, marks = EVERYTHING.annotations, back.marks
    attributes = [dict(m.attributes) for m in marks]
    texts = [{name: str(value) for name, value in a.attributes.items()} for a in there]
    exact = "yes" if attributes == [dict(a.attributes) for a in there] else ""
    return (
        _yes(len(marks) == len(there) and not marks[-1].label),
        _yes([m.note for m in marks] == [a.note for a in there]),
        _yes([m.score for m in marks] == [EVERYTHING.scores[a.id] for a in there]),
        _yes([m.annotator for m in marks] == [a.annotator for a in there]),
        exact or ("as text" if attributes == texts else "–"),
        _boxes(back),
    )


def _boxes(back: _Back) -> str:
    if not back.boxes:
        return "–"
    alike = all(abs(v - w) < 0.01 for boxes in back.boxes.values() for box in boxes
                for v, w in zip(box[1:], _BOXES["Bob"][0][1:], strict=True))  # fmt: skip
    count = sum(map(len, back.boxes.values()))
    return ("yes" if count == sum(map(len, _BOXES.values())) else "of its segments") if alike else "–"


def _transcript(form: Format, back: _Back) -> str:
    """Whether lines come back as lines, unchanged, from the same file or from one that has them alone."""
    assert form.write and form.read
    there = [(start, end, words) for start, end, words in EVERYTHING.lines]
    if [(m.start, m.end, m.label) for m in back.lines] == there:
        return "alone" if form.holds.lines == "alone" else "yes"
    cues = [(m.start, m.end, m.label) for m in _alone(form)]
    if cues == there or [m.label for m in _alone(form)] == [f"Ann Lee: {there[0][2]}"]:
        return "instead"
    return "turns" if cues and form.holds.lines == "turns" else "–"


def _alone(form: Format) -> list[Mark]:
    """What comes back of the lines alone."""
    assert form.write and form.read
    parts = form.read(form.write([form.holds.narrowed(EVERYTHING, "lines")]), FOOTAGE.stem + form.extension)
    return [m for part in parts for placed in (place(part, FOOTAGE),) for m in (*placed.marks, *placed.lines)]


def _spoken(form: Format, back: _Back) -> tuple[str, str]:
    """Whether it comes back who says lines, and their words."""
    (there,) = EVERYTHING.spoken
    lines = back.lines or (_alone(form) if form.holds.chooses else [])
    named = [line.speaker or line.track for line in lines] in ([there.speaker], [there.speaker.replace(" ", "_")])
    if [line.words for line in lines] == [there.words]:
        words = "yes"
    else:
        words = "times" if [[w[:3] for w in line.words] for line in lines] == [[w[:3] for w in there.words]] else "–"
    in_words = [line.label for line in lines] == [f"{there.speaker}: {there.text}"]
    return "yes" if named else "in the words" if in_words else "–", words


def _video(back: _Back) -> str:
    part = back.parts[0]
    names = {FOOTAGE.name: "name", FOOTAGE.stem: "without ending", FOOTAGE.stem.replace(" ", "_"): "without blanks"}
    return f"{names.get(part.video, '–')}{' and hash' * bool(part.sha256)}"


def _yes(whether: bool) -> str:
    return "yes" if whether else "–"


def _does(form: Format) -> str:
    return " and ".join(what for what, can in (("import", form.read), ("export", form.write)) if can)


def _many(form: Format) -> str:
    return "many" if form.many else "one"


def _section(form: Format) -> str:
    function = form.write or form.read
    assert function is not None
    said = (import_module(function.__module__).__doc__ or "").strip()
    lost = ", ".join(cannot_hold(form)) or "nothing: it is lossless"
    return f'<a id="{form.name}"></a>\n## {form.title}\n\n{said}\n\nHas no place for: {lost}.\n'


if __name__ == "__main__":
    sys.stdout.write(page())
