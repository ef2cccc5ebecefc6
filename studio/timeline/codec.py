"""An annotation as plain values, in the one place that spells its fields.

`to_row` is for the database and its history, with times in µs. `to_dict` is the JSON that browsers, the command line
and our own format have: times in seconds for people, and in µs, which are the truth.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from studio.timeline.annotation import Annotation
from studio.timeline.attributes import checked_attributes
from studio.timeline.segment import Segment
from studio.timeline.time import seconds

FIELDS = tuple(field.name for field in fields(Annotation) if field.name != "segment")
"""Everything that an annotation says beside its times; assets/web/js/model/annotation.js has the same list."""


def to_row(a: Annotation) -> dict[str, Any]:
    """An annotation as a flat dict of plain values, times in µs."""
    return {
        "id": a.id,
        "start_us": a.segment.start,
        "end_us": a.segment.end,
        **{name: getattr(a, name) for name in FIELDS if name != "id"},
    }


def from_row(row: Mapping[str, Any]) -> Annotation:
    """The inverse of `to_row`; what is not in the row (an older release wrote it) is as it is by default.

    Raises KeyError, TypeError, UsageError.
    """
    segment = Segment(row["start_us"], row["end_us"])
    return Annotation(segment=segment, **{name: row[name] for name in FIELDS if name in row})


def to_dict(a: Annotation) -> dict[str, Any]:
    """An annotation as JSON values."""
    return {**to_row(a), "start": seconds(a.segment.start), "end": seconds(a.segment.end)}


def from_dict(item: Mapping[str, Any]) -> Annotation:
    """The inverse of `to_dict`, from a file: every text is checked to be one.

    Raises KeyError, TypeError, UsageError.
    """
    texts = ("id", "track", "label", "note", "source", "annotator")
    if not all(isinstance(item[name], str) for name in texts) or not isinstance(item.get("edited_by", ""), str):
        raise TypeError("text")
    return from_row({**item, "attributes": checked_attributes(item.get("attributes", {}))})
