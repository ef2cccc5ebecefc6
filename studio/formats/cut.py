"""What the files of editors have in common: clips that play stretches of media one after the other, and markers.

A marker on a clip or on the timeline is a segment of the media that plays there; a clip that plays only a part of its
media is one, too, since that is how an editor says which part is meant. A marker without a length lasts one frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import Mark, Part
from studio.formats.notes import Notes

CLIPS, MARKERS = "Clips", "Markers"  # the tracks of what a file does not name one for


@dataclass(frozen=True, slots=True)
class Media:
    """A file that clips play: `start` is the number that its first frame has, `frames` how many it has, 0 if that is
    not known; `rate` of them a second."""

    name: str
    rate: Fraction
    start: int = 0
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Marker:
    """`frames` from frame `start` on, at `rate`, as the media or the timeline count. `facts` are further fields of a
    `Mark`."""

    start: int
    frames: int
    rate: Fraction
    name: str
    note: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Clip:
    """`frames` of the media from its frame `start` on, `at` seconds into the timeline (None: not known)."""

    media: Media
    start: int
    frames: int
    name: str = ""
    track: str = ""
    at: Fraction | None = None
    markers: tuple[Marker, ...] = ()

    @property
    def seconds(self) -> Fraction:
        """How long it plays."""
        return self.frames / self.media.rate

    @property
    def is_part(self) -> bool:
        """Whether it plays less than all of its media."""
        return self.start > self.media.start or self.frames < self.media.frames or not self.media.frames


def parts_of(clips: Sequence[Clip], markers: Sequence[Marker], notes: Notes) -> list[Part]:
    """A part for each file that clips play; `markers` are the timeline's. Raises FormatError where there are none."""
    if not clips:
        raise FormatError("This file has no clip of a video; export the timeline with its clips.")
    marks: dict[Media, list[Mark]] = {clip.media: [] for clip in clips}
    for clip in clips:
        found = marks[clip.media]
        if clip.is_part and clip.frames > 0:
            with notes.entry():
                first = clip.start - clip.media.start
                found.append(Mark(first, first + clip.frames, clip.name, clip.track or CLIPS))
        for marker in clip.markers:
            with notes.entry():
                found.append(_mark(marker, clip.media, -clip.media.start, notes))
    for marker in markers:
        time = marker.start / marker.rate
        playing = [(c, c.at) for c in clips if c.at is not None and c.at <= time < c.at + c.seconds]
        for clip, at in playing[:1]:  # that on the first track, as it lies
            with notes.entry():
                begin = clip.start - clip.media.start - at * clip.media.rate
                marks[clip.media].append(_mark(marker, clip.media, begin, notes))
        notes.left_out("marker(s) where no clip plays", not playing)
    return notes.parts([
        Part(media.name, tuple(dict.fromkeys(found)), "frames", rate=float(media.rate), frame_count=media.frames)
        for media, found in marks.items()
    ])  # fmt: skip


def _mark(marker: Marker, media: Media, begin: Fraction | int, notes: Notes) -> Mark:
    """A marker as frames of its media, moved by `begin` of them."""
    if marker.frames < 1:
        notes.say("Markers without a length last one frame here.")
    ratio = media.rate / marker.rate
    first = round(marker.start * ratio + begin)
    facts: dict[str, Any] = {"track": MARKERS, "note": marker.note, **marker.facts}
    return Mark(first, first + max(1, round(marker.frames * ratio)), marker.name, **facts)


def name_of(url: str) -> str:
    """The name of a file by its address or path, without folders."""
    path = urlsplit(url).path if "://" in url else url
    return PurePosixPath(unquote(path).replace("\\", "/")).name


def number_of_frames(value: Any, where: str) -> int:
    """A time as a whole number of frames, to the nearest. Raises FormatError."""
    return reading.whole(round(reading.number(value, where)), where)
