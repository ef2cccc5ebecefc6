"""Our own JSON: lossless. Times twice: in µs, which are the truth, and in seconds for people."""

import json
from typing import Any

from studio.errors import FormatError, StudioError
from studio.timeline import Annotation, Segment, Timeline, seconds

VERSION = 1


def to_dict(a: Annotation) -> dict[str, Any]:
    """One annotation as JSON values; what the command line and the browser get too."""
    return {
        "id": a.id,
        "track": a.track,
        "start": seconds(a.segment.start),
        "end": seconds(a.segment.end),
        "start_us": a.segment.start,
        "end_us": a.segment.end,
        "label": a.label,
        "note": a.note,
        "source": a.source,
        "prediction_id": a.prediction_id,
        "annotator": a.annotator,
        "version": a.version,
        "deleted": a.deleted,
    }


def write(timeline: Timeline) -> bytes:
    """UTF-8 JSON with sorted content: the same timeline gives the same bytes."""
    document = {
        "format": "moment-studio",
        "version": VERSION,
        "video": timeline.video,
        "duration": seconds(timeline.duration),
        "duration_us": timeline.duration,
        "annotations": [to_dict(a) for a in timeline.annotations],
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def read(data: bytes) -> Timeline:
    """The inverse of `write`.

    Raises FormatError with what is wrong.
    """
    try:
        document = json.loads(data)
        if document.get("format") != "moment-studio":
            raise FormatError("This is not a Moment Studio JSON file.")
        annotations = tuple(_from_dict(item) for item in document["annotations"])
        return Timeline(str(document["video"]), int(document["duration_us"]), annotations)
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"This Moment Studio JSON file is damaged ({type(error).__name__}).") from error
    except FormatError:
        raise
    except StudioError as error:
        raise FormatError(f"This Moment Studio JSON file holds an impossible annotation: {error}") from error


def _from_dict(item: dict[str, Any]) -> Annotation:
    kept = {key: item[key] for key in ("id", "track", "label", "note", "source", "prediction_id", "annotator")}
    segment = Segment(item["start_us"], item["end_us"])
    return Annotation(segment=segment, version=item["version"], deleted=item["deleted"], **kept)
