"""The seam that every format stands behind: bytes → parts of marks → timelines, and timelines → bytes.

A file says its times in its own unit and may speak of many videos. `read` only takes it apart, into a `Part` a video;
`place` puts a part on a video's timeline, and is the one place where frames become µs, ends are cut and text is
checked. `write` takes timelines whose segments `Holds.fit` has rounded, so that what a format cannot hold is known
before anything is written.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from studio.config import Limits
from studio.errors import FormatError, UsageError
from studio.formats import reading, sightings, timecode
from studio.timeline import (
    WHOLE_VIDEO,
    Annotation,
    Attributes,
    Box,
    Cue,
    Footage,
    Segment,
    SpokenLine,
    Timeline,
    Word,
    carried,
)
from studio.timeline.boxes import LINK, BoxTrack, KeyFrame, key_frame
from studio.timeline.changing import changing
from studio.timeline.tiers import Dependencies, Dependency
from studio.timeline.traces import RATE, Scale, Trace, later, samples

NO_LABEL = "(no label)"  # stands for an empty label in formats where an empty one means a gap
UNNAMED = "Imported"  # the track of what a file has on a track without a name
OVERHANG = 100_000  # µs that a segment may end after its video without a word: other tools round durations
_EDGE = 0.02  # share of a side by which a box may lie outside the picture without a word: tools round pixels
Unit = Literal["us", "frames", "codes"]
Kind = Literal["", "annotations", "lines"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One labelled interval as a file has it, `[start, end)` in the unit of its part; frames count from 0, and codes
    are packed time codes (`timecode.packed`). `frames` are `[first, end)` where the file says times and frames of the
    video's own table. `id` is that of an annotation of a library, in a file that a library wrote. `edited_by` corrected
    what `annotator` made, where the file says so. Of a line, `speaker` says it in these `words`, whose times are in µs.
    A `point` has no length: it is what is shown at its start. One that is `open` lasts to the end of the video.
    `changes` are (time, name, value) of attributes from a time within it on, in the unit of its part and in order;
    `attributes` has what they are at its start."""

    start: int
    end: int
    label: str
    track: str
    note: str = ""
    score: float | None = None
    annotator: str = ""
    attributes: Attributes = field(default_factory=dict, hash=False)
    frames: tuple[int, int] | None = None
    id: str = ""
    edited_by: str = ""
    speaker: str = ""
    words: tuple[Word, ...] = ()
    point: bool = False
    open: bool = False
    changes: tuple[tuple[int, str, Any], ...] = ()

    def __post_init__(self) -> None:
        reading.take_mark()

    def changed(self, **facts: Any) -> "Mark":
        """The same mark with other facts; `replace` would count it as one more that the file has."""
        with reading.uncounted():
            return replace(self, **facts)


@dataclass(frozen=True, slots=True)
class Part:
    """What a file says about one video.

    `video` is what the file calls it, as it is written there, "" when it does not say; `sha256` that of its content,
    where the file has it. `boxes` are by track, their times in `unit`, their places shares of the picture; or pixels,
    where `pixels` is set. `lines` are those of a transcript that the file keeps beside annotations, their words the
    labels. `problems` are sentences on what could not be read.

    Frames are those of the video's own table, unless the file counts them at a `rate` (a second) of its own and has
    another `frame_count`. `unsure`: the format counts at such a rate, and this file does not say which. `also` are
    other videos that the marks may be about, the likeliest first; `cameras` are those that play beside it.
    `dependencies` are of tracks that depend on others, and `vocabularies` the labels of tracks for which the file lists
    them. `objects` are boxes over time, their key frames as `boxes` have their times and places; `drawn` are the tracks
    of `boxes` that are of objects which become boxes over time, too, with their (label, name). `traces` are continuous
    ratings, and `scales` those of their tracks. The `id` of one of `objects` is that by which marks name it in their
    attribute `LINK`. `points` are the (track, label) of points in time that it says beside its marks.
    """

    video: str
    marks: tuple[Mark, ...]
    unit: Unit = "us"
    boxes: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    pixels: bool = False
    problems: tuple[str, ...] = ()
    sha256: str = ""
    rate: float = 0.0
    frame_count: int = 0
    unsure: bool = False
    also: tuple["Other", ...] = ()
    lines: tuple[Mark, ...] = ()
    dependencies: Dependencies = field(default_factory=dict)
    vocabularies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cameras: tuple["Other", ...] = ()
    objects: tuple[BoxTrack, ...] = ()
    drawn: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    traces: tuple[Trace, ...] = ()
    scales: Mapping[str, Scale] = field(default_factory=dict)
    points: frozenset[tuple[str, str]] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it to import."""
        said = self.marks or self.boxes or self.lines
        return not (said or self.cameras or self.objects or self.traces)

    @property
    def asks_rate(self) -> bool:
        """Whether a person has to say at which rate the frames count."""
        return self.unsure and self.unit == "frames"


@dataclass(frozen=True, slots=True)
class Other:
    """Another video of the same time, as a file names it; `shift` µs are added to times that are to be its own. `rate`
    is that of its clock, as `MediaPlace` has it."""

    video: str
    shift: int = 0
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A part on its video: marks and lines in µs within it, boxes as shares, and what had to be changed for that."""

    marks: tuple[Mark, ...]
    boxes: Mapping[str, tuple[Box, ...]]
    problems: tuple[str, ...]
    lines: tuple[Mark, ...] = ()
    dependencies: Dependencies = field(default_factory=dict)
    vocabularies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    objects: tuple[BoxTrack, ...] = ()
    traces: tuple[Trace, ...] = ()
    scales: Mapping[str, Scale] = field(default_factory=dict)
    points: frozenset[tuple[str, str]] = frozenset()


def _same(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Holds:
    """What a format can hold.

    `grain` is its unit of time in µs, 0 for frames. `ends`: whether it says when a segment ends. `layers`: segments of
    a track must not overlap, and those that do go to further tracks. `text` is what it makes of a label, `naming` of a
    track's name, `remark` of a note, `person` of an annotator's name. `editors`: whether it also says who corrected an
    annotation last. `attributes`: whether it keeps them, as "text", texts, numbers and lists as they are ("plain"), or
    "all"; `keeps` says of a value of "plain" whether it is read as it was. `tiers`: whether it says which tracks depend
    on others. `blank`: whether a label may be empty. `cameras`: whether it says what else plays on the timeline,
    `clocks` also how fast the clocks of those run. `curves`: whether it has continuous ratings. `sounds`: whether
    recordings without pictures have times in seconds in it though it counts those of others in frames. `rounding`
    overrides `grain`. `only_boxed`: tracks without boxes have no place in it. `lines` says where those of a transcript
    go: "beside" the annotations, "instead" of them in one file, "within" them (only the words, and only of lines whose
    middle lies in one), as "turns" of who says them, instead of annotations; they "alone"; or nowhere. `speakers`:
    whether it has a place for who says a line, or says it before the words ("words"). `words`: whether for the times of
    words, and also for how sure a model was of them ("all"). `longest` is the last time in µs that it can say, 0 for
    any. `files`: what the files of its archive are called by. `objects`: whether it keeps boxes over time, "all" of
    them or where they are at their "keys" only, as boxes of a track, or nothing but them ("alone"); `occlusion`:
    whether it says where they are occluded, and `described` whether it keeps attributes of them as those of segments.
    `points`: whether it says what is a point in time, see `Timeline.is_point`; `whole` whether it has a place for what
    is about the whole video, beside its parts.
    """

    grain: int = 1
    ends: bool = True
    tracks: bool = True
    notes: bool = False
    scores: bool = False
    annotators: bool = False
    editors: bool = False
    boxes: bool = False
    only_boxed: bool = False
    cameras: bool = False
    clocks: bool = False
    origin: bool = False
    attributes: Literal["", "text", "plain", "all"] = ""
    labels: bool = True
    tiers: bool = False
    curves: bool = False
    sounds: bool = False
    layers: bool = False
    blank: bool = True
    files: Literal["", "tracks", "labels"] = ""
    lines: Literal["", "within", "beside", "instead", "turns", "alone"] = ""
    speakers: Literal["", "words", "yes"] = ""
    words: Literal["", "times", "all"] = ""
    longest: int = 0
    objects: Literal["", "keys", "all", "alone"] = ""
    occlusion: bool = False
    described: bool = False
    points: bool = False
    whole: bool = True
    keeps: Callable[[Any], bool] | None = None
    text: Callable[[str], str] = _same
    naming: Callable[[str], str] = _same
    remark: Callable[[str], str] = _same
    person: Callable[[str], str] = _same
    rounding: Callable[[Segment, Footage], Segment] | None = None

    @property
    def exact(self) -> bool:
        """Whether every time to the µs is said as it is."""
        return self.grain == 1 and self.rounding is None

    @property
    def frames(self) -> bool:
        """Whether it counts times in frames, which a recording of sound alone does not have."""
        return self.grain == 0 and self.rounding is None

    def within(self, segment: Segment, footage: Footage) -> Segment | None:
        """What this format has times for: all of a segment, or what lies in the footage (None: nothing of it).

        A segment lies outside after its video's file was replaced by a shorter one.
        """
        if self.exact:
            return segment
        last = min(footage.duration, self.longest or footage.duration)
        if segment.start >= last:
            return None
        return Segment(segment.start, min(segment.end, last))

    def fit(self, segment: Segment, footage: Footage) -> Segment:
        """A segment within the footage as this format will say it: to the nearest unit, and never shorter than one."""
        if self.exact or (self.sounds and not footage.pictures):
            return segment
        if self.rounding:
            return self.rounding(segment, footage)
        if self.grain:
            last = (footage.duration - 1) // self.grain
            first = min(last, (segment.start + self.grain // 2) // self.grain)
            end = max(first + 1, (segment.end + self.grain // 2) // self.grain)
            return Segment(first * self.grain, end * self.grain)
        return footage.span(*footage.frames(segment))

    def fitted(self, timeline: Timeline) -> list[Annotation]:
        """The annotations with times and texts as this format will say them, in order of time; see `within` for those
        that it leaves out."""
        shown = [
            replace(
                a,
                segment=self.fit(span, timeline.footage),
                label=self.said(a.label),
                track=self.naming(a.track) or "_",
                note=self.remark(a.note),
                annotator=self.person(a.annotator),
                edited_by=self.person(a.edited_by),
            )
            for a in timeline.annotations
            if not a.deleted and (not self.only_boxed or a.track in timeline.boxes)
            if self.whole or a.track != WHOLE_VIDEO
            for span in (self.within(a.segment, timeline.footage),)
            if span is not None
        ]
        return sorted(shown, key=lambda a: (a.segment, a.track))

    def fitted_spoken(self, timeline: Timeline) -> list[SpokenLine]:
        """The lines of the transcript as this format will say them, with who says them and their words, in order of
        time; of "turns" those that somebody is known to say."""
        found = [
            (self.within(Segment(line.start_us, line.end_us), timeline.footage), line)
            for line in timeline.said
            if line.start_us < line.end_us and (line.speaker or self.lines != "turns")
        ]
        fits = [(self.fit(span, timeline.footage), line) for span, line in found if span is not None]
        return sorted(
            SpokenLine(
                span.start, span.end, self.said(line.text), line.speaker and self.naming(line.speaker), line.words
            )
            for span, line in fits
        )

    def fitted_lines(self, timeline: Timeline) -> list[Cue]:
        """The same, without who says them and their words."""
        return [Cue(*line[:3]) for line in self.fitted_spoken(timeline)]

    @property
    def chooses(self) -> bool:
        """Whether a file holds annotations or lines, not both."""
        return self.lines in ("instead", "turns")

    def kind(self, timeline: Timeline, wanted: Kind = "") -> Kind:
        """What goes into a file that holds lines or annotations, not both: what is wanted, else the annotations, or
        the lines where there are no annotations."""
        if self.lines == "alone":
            return "lines"
        if wanted:
            return wanted
        return "lines" if timeline.lines and not self.marked(timeline) else "annotations"

    def marked(self, timeline: Timeline) -> bool:
        """Whether there are annotations of parts of the video, or of all of it where that has a place."""
        return any(not a.deleted and (self.whole or a.track != WHOLE_VIDEO) for a in timeline.annotations)

    @property
    def boxes_of_cameras(self) -> bool:
        """Whether it has a place for boxes over another camera than the main one."""
        return self.objects == "all" and self.cameras

    def narrowed_to_main(self, timeline: Timeline) -> Timeline:
        """Without boxes over other cameras, where there is no place for them."""
        if self.boxes_of_cameras or not any(each.medium for each in timeline.objects):
            return timeline
        return replace(timeline, objects=tuple(each for each in timeline.objects if not each.medium))

    def narrowed(self, timeline: Timeline, wanted: Kind = "") -> Timeline:
        """A timeline with what of it goes into one file; see `kind`. Boxes over another camera than the main one have a
        place only where both boxes over time and cameras have one."""
        timeline = self.narrowed_to_main(timeline)
        if self.objects == "keys" and timeline.objects:
            timeline = replace(timeline, boxes={**timeline.boxes, **_at_keys(timeline)}, objects=())
        if not self.chooses and self.lines != "alone":
            return timeline
        if self.kind(timeline, wanted) == "lines":
            return replace(timeline, annotations=())
        return replace(timeline, lines=())

    def said(self, label: str) -> str:
        """A label as this format will say it."""
        text = self.text(label)
        return text if text or self.blank else NO_LABEL


def _at_keys(timeline: Timeline) -> dict[str, tuple[Box, ...]]:
    """Boxes over time at their key frames where they are seen, each under a name that no other track has; but for those
    of which a track of their name has the boxes, as a file has both."""
    found: dict[str, tuple[Box, ...]] = {}
    for each in timeline.objects:
        name = each.name or each.label or "box"
        keys = tuple((key.time_us, *key.corners) for key in each.keys if not key.hidden)
        if _are_among(keys, timeline.boxes.get(name, ())):
            continue
        free = name
        number = 2
        while free in timeline.boxes or free in found:
            free, number = f"{name} {number}", number + 1
        found[free] = keys
    return {name: boxes for name, boxes in found.items() if boxes}


def _are_among(keys: Sequence[Box], boxes: Sequence[Box]) -> bool:
    """Whether boxes have these key frames, at times that are near."""
    times = [box[0] for box in boxes]

    def there(key: Box) -> bool:
        first, end = bisect_left(times, key[0] - OVERHANG), bisect_right(times, key[0] + OVERHANG)
        return any(max(abs(a - b) for a, b in zip(key[1:], box[1:], strict=True)) < 1e-4 for box in boxes[first:end])

    return bool(boxes) and all(map(there, keys))


def linked_boxes(timeline: Timeline) -> set[str]:
    """The ids of the boxes over time that segments are about."""
    named = {str(a.attributes.get(LINK)) for a in timeline.annotations if not a.deleted and LINK in a.attributes}
    return {each.id for each in timeline.objects if each.id in named}


def points_of(timeline: Timeline) -> set[str]:
    """The ids of the annotations that are points in time."""
    return {a.id for a in timeline.annotations if timeline.is_point(a)}


def heard(label: str) -> str:
    """The inverse of `Holds.said`, for the readers of formats whose labels may not be empty."""
    return "" if label == NO_LABEL else label


Writer = Callable[[Sequence[Timeline]], bytes]
Reader = Callable[[bytes, str], list[Part]]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format by the name the command line uses.

    `units` says for people how it counts time. `many`: one file may hold many videos; other formats are written one
    file a video. `read` takes the bytes and the file's name. One of `write` and `read` may be missing.
    `remarks` are sentences on one video's file that whoever opens it in another tool has to know. `endings` are others
    of files that are read.
    """

    name: str
    title: str
    extension: str
    media_type: str
    units: str
    holds: Holds
    write: Writer | None
    read: Reader | None
    many: bool = False
    remarks: Callable[[Timeline], list[str]] | None = None
    endings: tuple[str, ...] = ()

    def may_be(self, ending: str) -> bool:
        """Whether a file whose name ends so may be one of this format."""
        return ending.lower() in (self.extension.lower(), *self.endings)


def has_times(form: Format, timeline: Timeline) -> bool:
    """Whether a format has times for a video; one that counts in frames has none for sound alone."""
    return timeline.footage.pictures or form.holds.sounds or not form.holds.frames


def place(part: Part, footage: Footage, limits: Limits | None = None, shift: int = 0) -> Placed:
    """Put a part on its video, `shift` µs later than it says.

    Text is brought to NFC, so that two spellings of one label are one. Raises FormatError for half characters, and for
    frames of a recording that has none.
    """
    most = limits or Limits()
    if part.unit == "codes":
        part = _in_frames(part, footage)
    if part.unit == "frames" and not part.rate and not footage.pictures:
        raise FormatError(
            f"This file counts times in frames, and “{footage.name}” has no pictures. Say at which rate it counts them "
            "with --fps, or in the import dialog."
        )
    count = dict.fromkeys(_SENTENCES, 0)
    own = not part.rate or (footage.pictures and part.frame_count == footage.frame_count)
    on = _On(part, footage, most, own, shift, count)
    marks = tuple(_placed(part.marks, on, "", most.label_chars))
    lines = tuple(_placed(part.lines, on, "line ", most.note_chars))
    boxes = _boxes(part, footage, most, own, count, shift)
    drawn = {_track(track, most): (_text(label)[: most.label_chars], _text(name)[: most.label_chars])
             for track, (label, name) in part.drawn.items()}  # fmt: skip
    objects = (*_objects(on), *sightings.over_time(boxes, drawn, footage))
    said = [text.format(_counted(kind, n), "is" if n == 1 else "are")
            for kind, text in _SENTENCES.items() for n in (count[kind],) if n]  # fmt: skip
    depend = {
        _track(name, most): Dependency(_track(each.parent, most), each.kind) for name, each in part.dependencies.items()
    }
    listed = {
        _track(name, most): tuple(dict.fromkeys(_text(label)[: most.label_chars] for label in labels))
        for name, labels in part.vocabularies.items()
    }
    problems = (*part.problems, *_on_frames(part, footage, own), *said, *_late(part, footage))
    traces = tuple(
        replace(each, track=_track(each.track, most), values=later(each.values, shift)) for each in part.traces
    )
    scales = {_track(name, most): scale for name, scale in part.scales.items()}
    points = frozenset((_track(track, most), _text(label)[: most.label_chars]) for track, label in part.points)
    return Placed(marks, boxes, problems, lines, depend, listed, objects, traces, scales, points)


def _late(part: Part, footage: Footage) -> list[str]:
    """A sentence on curves that go on after the end of the video by more than a second: tools count up to it."""
    end = samples(footage.duration) + RATE
    count = sum(not replace(each, values=each.values[end:]).empty for each in part.traces)
    where = "1 curve" if count == 1 else f"{count} curves"
    return [f"What {where} say{'s' * (count == 1)} after the end of the video is left out."] * bool(count)


def _in_frames(part: Part, footage: Footage) -> Part:
    """A part whose times are time codes, as frames of its video."""
    begin = timecode.counting_of(footage).begin
    frames = [[timecode.unpacked(code, footage) for code in (mark.start, mark.end)] for mark in part.marks]
    problems = part.problems
    if any(first < begin for first, _ in frames):
        sentence = (
            f"Its time codes begin before the video's own, {footage.timecode}; they are counted from 00:00:00:00."
        )
        problems = (*problems, sentence)
        begin = 0
    marks = tuple(
        replace(mark, start=first - begin, end=end - begin)
        for mark, (first, end) in zip(part.marks, frames, strict=True)
    )
    return replace(part, unit="frames", marks=marks, problems=problems)


@dataclass(frozen=True, slots=True)
class _On:
    """A part, the video that it is placed on and how; `count` is of what had to be changed."""

    part: Part
    footage: Footage
    most: Limits
    own: bool
    shift: int
    count: dict[str, int]


def _placed(marks: Sequence[Mark], on: _On, what: str, longest: int) -> Iterator[Mark]:
    """Marks within the video, with labels of at most so many characters. `what` they are is how they are counted."""
    footage, most, count = on.footage, on.most, on.count
    for mark in marks:
        start, end = _times(mark, on.part, footage, on.own, on.shift)
        if mark.point and 0 <= start < footage.duration:
            instant = footage.instant(start)
            start, end = instant.start, instant.end
        if mark.open:
            end = max(footage.duration, start + 1)
        if end <= start:
            count[what + "empty"] += 1
        elif start >= footage.duration or end <= 0:
            count[what + "outside"] += 1
        else:
            count[what + "cut"] += end > footage.duration + OVERHANG or start < 0
            count[what + "unlike"] += on.own and _is_unlike(mark, footage)
            label, track, note = (_text(t) for t in (mark.label, mark.track, mark.note))
            is_long = len(label) > longest or len(track) > most.label_chars or len(note) > most.note_chars
            count[what + "long"] += is_long
            placed = Segment(max(0, start), min(end, footage.duration))
            yield replace(
                mark, start=placed.start, end=placed.end, label=label[:longest],
                track=_track(mark.track, most), note=note[: most.note_chars],
                annotator=_text(mark.annotator)[: most.label_chars],
                attributes=_attributes(mark, on, start, end, placed),
                speaker=_text(mark.speaker)[: most.label_chars], words=_words(mark, on.shift),
                edited_by=_text(mark.edited_by)[: most.label_chars],
            )  # fmt: skip


def _attributes(mark: Mark, on: _On, start: int, end: int, placed: Segment) -> Attributes:
    """Attributes of a segment that would lie from `start` to `end`, but for what is cut: those that are times of it go
    along."""
    attributes, shift = mark.attributes, on.shift
    start, end = start - shift, end - shift  # as the file has it
    for name in dict.fromkeys(name for _, name, _ in mark.changes):
        times = [
            (_times(replace(mark, start=time, end=time + 1, changes=()), on.part, on.footage, on.own, 0)[0], value)
            for time, which, value in mark.changes
            if which == name
        ]
        within = [(time, value) for time, value in times if start < time < end]
        attributes = {**attributes, name: changing([(start, attributes.get(name)), *within])}
    if not attributes or start < 0:
        return attributes
    # each edge by itself is cut; both at once are taken for a segment that moves, which it does by the shift alone
    whole, cut = Segment(start, end), Segment(placed.start - shift, placed.end - shift)
    begun = Segment(cut.start, end)
    return carried(carried(carried(attributes, whole, begun), begun, cut), cut, placed)


def _words(mark: Mark, shift: int) -> tuple[Word, ...]:
    """The words of a line, as much later as it is. Raises FormatError for half characters."""
    return tuple(
        word._replace(start_us=word.start_us + shift, end_us=word.end_us + shift, text=_text(word.text))
        for word in mark.words
    )


def _is_unlike(mark: Mark, footage: Footage) -> bool:
    """Whether a file says frames that are more than one off the times that it says."""
    if mark.frames is None or not footage.pts or not 0 <= mark.start < min(mark.end, footage.duration):
        return False
    frames = footage.frames(Segment(mark.start, mark.end))
    return any(abs(said - found) > 1 for said, found in zip(mark.frames, frames, strict=True))


_OF_MARKS = {
    "empty": "{} without any length {} left out.",
    "outside": "{} outside the video {} left out.",
    "cut": "{} beyond the video's edges {} cut there.",
    "long": "{} with very long text {} shortened.",
    "unlike": "{} whose frames and times differ by more than a frame {} placed by the times.",
}
_SENTENCES = {
    **_OF_MARKS,
    **{f"line {kind}": text for kind, text in _OF_MARKS.items()},
    "box late": "{} outside the video's time {} left out.",
    "box beside": "{} without an area in the picture {} left out.",
    "box cut": "{} beyond the edges of the picture {} cut there.",
    "box unsized": "{} in pixels of a picture whose size is not known {} left out.",
}


def _counted(kind: str, count: int) -> str:
    if kind.startswith("box"):
        return f"{count} box{'es' * (count != 1)}"
    return transcript_lines(count) if kind.startswith("line") else segments(count)


def _on_frames(part: Part, footage: Footage, own: bool) -> Iterator[str]:
    """How the frames of a part were taken, where a person may have to say it."""
    if part.asks_rate:
        yield (f"This file does not say at which rate its frames count; they are taken as the video's own "
               f"({footage.fps:.5g} a second). Name another with --fps, or in the import dialog.")  # fmt: skip
    elif not own and part.frame_count:
        yield (f"This file counts {part.frame_count} frames and the video has {footage.frame_count}; its frames are "
               f"taken at {part.rate:.5g} a second, as it says.")  # fmt: skip


def _times(mark: Mark, part: Part, footage: Footage, own: bool, shift: int) -> tuple[int, int]:
    """[start, end) in µs; what lies beyond the last frame lies beyond the end by more than may go without a word.
    Frames of the video stay on edges of frames, whatever they are shifted by."""
    beyond = footage.duration + OVERHANG + 1
    if part.unit == "us" or mark.end <= mark.start:
        return mark.start + shift, mark.end + shift
    if not own:
        return _at(mark.start, part.rate) + shift, _at(mark.end, part.rate) + shift
    if shift:
        start, end = (footage.time_of(frame) + shift for frame in (mark.start, mark.end))
        return footage.near(start), footage.near(end)
    if mark.start >= footage.frame_count:
        return beyond, beyond + 1
    start = footage.edge(mark.start) if mark.start >= 0 else -1
    return start, beyond if mark.end > footage.frame_count else footage.edge(mark.end)


def _at(frame: int, rate: float) -> int:
    return round(frame * 1_000_000 / rate)


def _track(name: str, most: Limits) -> str:
    """The name of a track in the library; marks and boxes of one track of a file stay on one."""
    shortened = _text(name)[: most.label_chars]
    return shortened if shortened.strip() else UNNAMED


def _boxes(
    part: Part, footage: Footage, most: Limits, own: bool, count: dict[str, int], shift: int
) -> dict[str, tuple[Box, ...]]:
    wide, high = (footage.width or 1, footage.height or 1) if part.pixels else (1, 1)
    if part.pixels and not footage.width:
        count["box unsized"] += sum(map(len, part.boxes.values()))
        return {}
    found: dict[str, list[Box]] = {}
    for track, boxes in part.boxes.items():
        for t, *corners in boxes:
            time = _box_time(t, part, footage, own, shift)
            x1, y1, x2, y2 = (v / side for v, side in zip(corners, (wide, high, wide, high), strict=True))
            if time is None:
                count["box late"] += 1
            elif x2 <= x1 or y2 <= y1 or x1 >= 1 or y1 >= 1 or x2 <= 0 or y2 <= 0:
                count["box beside"] += 1
            else:
                count["box cut"] += min(x1, y1) < -_EDGE or max(x2, y2) > 1 + _EDGE
                box = time, max(0.0, x1), max(0.0, y1), min(1.0, x2), min(1.0, y2)
                found.setdefault(_track(track, most), []).append(box)
    return {track: tuple(sorted(listed)) for track, listed in found.items()}


def _objects(on: _On) -> Iterator[BoxTrack]:
    """Boxes over time within the video and its picture."""
    part, footage, most, count = on.part, on.footage, on.most, on.count
    wide, high = (footage.width, footage.height) if part.pixels else (1, 1)
    for each in part.objects:
        if each.medium:  # its times and its picture are those of another video
            yield replace(each, **_said_of(each, most))
            continue
        if not wide or not high:
            count["box unsized"] += len(each.keys)
            continue
        keys: dict[int, KeyFrame] = {}
        for key in each.keys:
            time = _box_time(key.time_us, part, footage, on.own, on.shift)
            if time is None:
                count["box late"] += 1
                continue
            if footage.pts:
                time = min(footage.near(time), footage.pts[-1])  # a key frame is one
            corners = [v / side for v, side in zip(key.corners, (wide, high, wide, high), strict=True)]
            try:
                keys[time] = key_frame(
                    time, corners, hidden=key.hidden, source=key.source, occluded=key.occluded, cut=True
                )
            except UsageError:
                count["box beside"] += 1
                continue
            count["box cut"] += min(corners) < -_EDGE or max(corners) > 1 + _EDGE
        if keys:
            yield replace(each, **_said_of(each, most), keys=tuple(keys[time] for time in sorted(keys)))


def _said_of(track: BoxTrack, most: Limits) -> dict[str, Any]:
    return {key: _text(getattr(track, key))[: most.label_chars] for key in ("label", "name", "annotator")}


def _box_time(time: int, part: Part, footage: Footage, own: bool, shift: int) -> int | None:
    """When a box is seen, in µs; None outside the video."""
    if part.unit == "us":
        at = time + shift
    elif not own:
        at = _at(time, part.rate) + shift
    else:
        at = footage.near(footage.time_of(time) + shift) if time >= 0 else -1
    return at if 0 <= at < footage.duration else None


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FormatError("A label of this file holds half a character; save it as UTF-8 and try again.") from None
    return unicodedata.normalize("NFC", text)


def segments(count: int) -> str:
    """ "1 segment", "2 segments"."""
    return f"{count} segment" + "s" * (count != 1)


def transcript_lines(count: int) -> str:
    """ "1 line of the transcript", "2 lines of the transcript"."""
    return f"{count} line{'s' * (count != 1)} of the transcript"
