"""Time, segments, annotations and edits: values only, no input or output.

Time is an integer number of microseconds from the first displayed frame of a video; intervals are half-open.
"""

from studio.timeline.annotation import SOURCES, Annotation, Box, Prediction, Timeline
from studio.timeline.edit import Edit, apply, apply_all
from studio.timeline.footage import Footage
from studio.timeline.segment import Segment
from studio.timeline.time import MICROS, clock, seconds, us

__all__ = [
    "MICROS",
    "SOURCES",
    "Annotation",
    "Box",
    "Edit",
    "Footage",
    "Prediction",
    "Segment",
    "Timeline",
    "apply",
    "apply_all",
    "clock",
    "seconds",
    "us",
]
