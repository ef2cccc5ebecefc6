"""What people and models say about a video."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from studio.errors import UsageError
from studio.timeline.attribute_types import AttributeType
from studio.timeline.attributes import Attributes
from studio.timeline.boxes import BoxTrack
from studio.timeline.footage import Beside, Footage
from studio.timeline.segment import Segment
from studio.timeline.tiers import Dependencies
from studio.timeline.traces import Scale, Trace

ON_SCREEN = "On screen"
"""The track of what is written on the screen; its labels are texts."""
WHOLE_VIDEO = "Whole video"
"""The track of what is said of a video as a whole: its segments last as long as the video."""
BOOKMARKS = "Bookmarks"
"""The track of places to come back to: its segments are points. assets/web/js/model/special-rows.js has the same."""
_POINT_FRAMES = 3  # what lasts as long as so many frames is no point in time
SOURCES = ("manual", "correction", "accepted", "import")


@dataclass(frozen=True, slots=True)
class Annotation:
    """One labelled interval that a person stands behind.

    `version` counts the saved states of this annotation, from 1. `prediction_id` names the prediction it corrects
    or accepts, None when it was made by hand. `annotator` made it, `edited_by` changed it last (who made it, as long as
    nobody else did). `attributes` are names with plain values (`checked_attributes`).
    """

    id: str
    segment: Segment
    track: str
    label: str
    note: str = ""
    source: str = "manual"
    prediction_id: str | None = None
    annotator: str = ""
    version: int = 1
    deleted: bool = False
    attributes: Attributes = field(default_factory=dict, hash=False)
    edited_by: str = ""

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise UsageError(f"“{self.source}” is not a source; use one of {', '.join(SOURCES)}.")
        if not self.track:
            raise UsageError("An annotation needs a track.")

    @property
    def is_corrected(self) -> bool:
        """Whether somebody else changed it last."""
        return self.edited_by not in ("", self.annotator)

    def next(self, **changes: Any) -> "Annotation":
        """The following version of this annotation."""
        return replace(self, version=self.version + 1, **changes)


@dataclass(frozen=True, slots=True)
class Prediction:
    """One labelled interval that a model proposes. Never changes once it is stored."""

    segment: Segment
    track: str
    label: str
    score: float
    id: str = ""
    payload: dict[str, Any] | None = None


Box = tuple[int, float, float, float, float]  # time in µs, then x1, y1, x2, y2 as shares of the picture's sides


class SpokenLine(NamedTuple):
    """A line of a transcript: what is said over [start_us, end_us), by whom ("" where nobody is known to), and its
    words, each (start_us, end_us, text, probability), where they are known."""

    start_us: int
    end_us: int
    text: str
    speaker: str = ""
    words: tuple[tuple[int, int, str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """The annotations of one video, with what some file formats keep beside them.

    `scores` has the confidence of annotations that have one, by id; `boxes` where the one on a track is seen, by
    track, in order of time; `points` are the (track, label) of points in time, see `is_point`;
    `lines` what is said: (start_us, end_us, text), and `spoken`, where that is known, by whom
    and in which words, a line for each of `lines`; `split` the part of a data set that the video is in, "" outside of
    data sets; `attribute_types` what the schema says of attributes, by (track, label), and by (track, "") of those of
    whole tracks; `dependencies` which tracks depend on others; `vocabularies` the labels of tracks that take no others;
    `cameras` what else plays on the timeline; `objects` are boxes over time that people drew;
    `traces` are continuous ratings, `scales` those of their tracks, and `unscaled` tracks that have ratings and no
    scale any more.
    """

    footage: Footage
    annotations: tuple[Annotation, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    boxes: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    lines: tuple[tuple[int, int, str], ...] = ()
    split: str = ""
    spoken: tuple[SpokenLine, ...] = ()
    points: frozenset[tuple[str, str]] = frozenset()
    attribute_types: Mapping[tuple[str, str], tuple[AttributeType, ...]] = field(default_factory=dict)
    dependencies: Dependencies = field(default_factory=dict)
    vocabularies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cameras: tuple[Beside, ...] = ()
    objects: tuple[BoxTrack, ...] = ()
    traces: tuple[Trace, ...] = ()
    scales: Mapping[str, Scale] = field(default_factory=dict)
    unscaled: tuple[str, ...] = ()

    def types_of(self, track: str, label: str) -> dict[str, AttributeType]:
        """What the schema says of the attributes of a segment, by their names."""
        of_track, of_label = (self.attribute_types.get((track, which), ()) for which in ("", label))
        return {each.name: each for each in (*of_track, *of_label)}

    def is_point(self, annotation: Annotation) -> bool:
        """Whether an annotation is a point in time: its label says so, and it lasts about one frame. One that somebody
        made longer lasts. assets/web/js/model/document-store.js has the same."""
        short = annotation.segment.duration < _POINT_FRAMES * self.footage.usual_frame_us
        return short and (annotation.track, annotation.label) in self.points

    @property
    def said(self) -> tuple[SpokenLine, ...]:
        """The lines, with who says them and their words as far as that is known."""
        known = {spoken[:3]: spoken for spoken in self.spoken}
        return tuple(known.get(line[:3]) or SpokenLine(*line) for line in self.lines)

    @property
    def tracks(self) -> list[str]:
        """Track names in order of first appearance in time."""
        return list(dict.fromkeys(a.track for a in self.annotations))
