"""Time, segments, annotations and edits: values only, no input or output.

Time is an integer number of microseconds from the first displayed frame of a video; intervals are half-open.
"""

from studio.timeline.annotation import (
    BOOKMARKS,
    ON_SCREEN,
    SOURCES,
    WHOLE_VIDEO,
    Annotation,
    Box,
    Prediction,
    SpokenLine,
    Timeline,
)
from studio.timeline.attribute_types import AttributeType, type_of, types_of
from studio.timeline.attributes import Attributes, checked_attributes
from studio.timeline.changing import carried, value_at, values_of
from studio.timeline.codec import FIELDS, from_dict, from_row, to_dict, to_row
from studio.timeline.edit import Edit, apply, apply_all
from studio.timeline.footage import Beside, Footage
from studio.timeline.media_place import ALIGNED, MediaPlace
from studio.timeline.model_run import Cue, ModelRun, Transcript, Word
from studio.timeline.phases import phases
from studio.timeline.segment import Segment
from studio.timeline.time import MICROS, clock, seconds, us
from studio.timeline.time_text import read_shift, read_time

__all__ = [
    "ALIGNED",
    "BOOKMARKS",
    "FIELDS",
    "MICROS",
    "ON_SCREEN",
    "SOURCES",
    "WHOLE_VIDEO",
    "Annotation",
    "AttributeType",
    "Attributes",
    "Beside",
    "Box",
    "Cue",
    "Edit",
    "Footage",
    "MediaPlace",
    "ModelRun",
    "Prediction",
    "Segment",
    "SpokenLine",
    "Timeline",
    "Transcript",
    "Word",
    "apply",
    "apply_all",
    "carried",
    "checked_attributes",
    "clock",
    "from_dict",
    "from_row",
    "phases",
    "read_shift",
    "read_time",
    "seconds",
    "to_dict",
    "to_row",
    "type_of",
    "types_of",
    "us",
    "value_at",
    "values_of",
]
