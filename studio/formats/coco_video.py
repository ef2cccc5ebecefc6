"""Boxes over time as COCO for video (CocoVID, TAO): a box for each frame at which an object is seen.

`videos`, `images` (a frame each, `frame_id` from 0), `categories`, `tracks`, and `annotations` with `bbox` [x, y,
width, height] in pixels, an `instance_id`, and whether it is `occluded`. It holds nothing but boxes over time. Reading
takes `instance_id` or `track_id`, and `frame_id` or `frame_index`; where a track has no box for longer than it usually
does, its object is hidden.
"""

from collections.abc import Sequence
from typing import Any

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.model import NO_LABEL, Format, Holds, Part, heard
from studio.formats.notes import Notes
from studio.formats.sightings import with_gaps
from studio.timeline import Footage, Timeline
from studio.timeline.boxes import BoxTrack, Corners, KeyFrame

HOLDS = Holds(grain=0, annotators=True, objects="alone", attributes="all", occlusion=True, described=True)
_APART = 1.5  # times the usual distance between boxes of a track, beyond which its object is hidden
_WHAT = "This COCO file"


def write(timelines: Sequence[Timeline]) -> bytes:
    """One file of all videos."""
    labels = sorted({each.label or NO_LABEL for t in timelines for each in t.objects})
    categories = {label: number for number, label in enumerate(labels, 1)}
    videos, images, tracks, annotations = ([] for _ in range(4))  # type: ignore[var-annotated]
    for number, timeline in enumerate(timelines, 1):
        footage = timeline.footage
        videos.append({"id": number, "name": footage.stem, "file_name": footage.name, "width": footage.width,
                       "height": footage.height, "fps": footage.fps, "frame_count": footage.frame_count})  # fmt: skip
        found: dict[int, int] = {}  # frame → image
        for track in timeline.objects:
            category = categories[track.label or NO_LABEL]
            tracks.append({"id": len(tracks) + 1, "video_id": number, "category_id": category, "name": track.name,
                           "annotator": track.annotator, "attributes": dict(track.attributes)})  # fmt: skip
            for frame, corners in _frames(track, footage):
                if frame not in found:
                    name = f"{footage.stem}/{frame:06d}.jpg"
                    images.append({"id": len(images) + 1, "video_id": number, "frame_id": frame, "file_name": name,
                                   "width": footage.width, "height": footage.height})  # fmt: skip
                    found[frame] = len(images)
                box = _pixels(corners, footage)
                annotations.append({
                    "id": len(annotations) + 1, "image_id": found[frame], "video_id": number, "category_id": category,
                    "instance_id": len(tracks), "track_id": len(tracks), "bbox": box,
                    "area": round(box[2] * box[3], 3), "iscrowd": 0,
                    "occluded": track.is_occluded(footage.edge(frame)),
                })  # fmt: skip
    named = [{"id": number, "name": label} for label, number in categories.items()]
    return reading.dump(
        {"info": {"description": "Moment Studio"}, "videos": videos, "images": images, "categories": named,
         "tracks": tracks, "annotations": annotations}
    )  # fmt: skip


def _frames(track: BoxTrack, footage: Footage) -> list[tuple[int, Corners]]:
    """The frames at which an object is seen, and where."""
    first, last = (footage.frame_near(key.time_us) for key in (track.keys[0], track.keys[-1]))
    places = ((frame, track.at(footage.edge(frame))) for frame in range(first, last + 1))
    return [(frame, corners) for frame, corners in places if corners is not None]


def _pixels(corners: Corners, footage: Footage) -> list[float]:
    x1, y1, x2, y2 = corners
    wide, high = footage.width, footage.height
    return [round(value, 3) for value in (x1 * wide, y1 * high, (x2 - x1) * wide, (y2 - y1) * high)]


def read(data: bytes, name: str) -> list[Part]:
    """A part for each video that has boxes. Raises FormatError."""
    document, notes = reading.expect(reading.json_of(data), dict, _WHAT), Notes()
    videos, images, categories, tracks = (_by_id(document, key) for key in ("videos", "images", "categories", "tracks"))
    found: dict[tuple[Any, Any], dict[int, KeyFrame]] = {}
    labels: dict[tuple[Any, Any], str] = {}
    for item in reading.child(document, "annotations", list, _WHAT):
        with notes.entry():
            where = "An annotation"
            image = images.get(reading.child(item, "image_id", (int, str), where))
            which = item.get("instance_id", item.get("track_id"))
            if image is None or not isinstance(which, int | str):
                raise FormatError(f"{where} is of no image of this file, or of no track: it has no instance_id.")
            place = reading.child(image, "video_id", (int, str), "An image"), which
            frame = reading.whole(image.get("frame_id", image.get("frame_index")), "An image")
            sides = _sides(image, videos.get(place[0]) or {})
            x, y, wide, high = (value / side for value, side in zip(_box(item), (*sides, *sides), strict=True))
            found.setdefault(place, {})[frame] = KeyFrame(
                frame, x, y, x + wide, y + high, False, "import", item.get("occluded") in (True, "1")
            )
            labels[place] = heard(str((categories.get(item.get("category_id")) or {}).get("name", "")))
    by_video: dict[Any, list[BoxTrack]] = {}
    for (video, which), keys in found.items():
        facts = tracks.get(which) or {}
        ordered = with_gaps([keys[frame] for frame in sorted(keys)], _APART, 1)
        label, name, annotator = labels[video, which], str(facts.get("name", "")), str(facts.get("annotator", ""))
        given = facts.get("attributes")
        described = notes.attributes(given) if reading.is_object(given) else {}
        made = BoxTrack("", label, name, tuple(ordered), annotator, attributes=described)
        by_video.setdefault(video, []).append(made)
    parts = []
    for video, objects in by_video.items():
        facts = videos.get(video) or {}
        name = str(facts.get("file_name") or facts.get("name") or "")
        parts.append(Part(name, (), "frames", objects=tuple(objects)))
    return notes.parts(parts)


def _by_id(document: dict[str, Any], key: str) -> dict[Any, dict[str, Any]]:
    listed = reading.expect(document.get(key, []), list, f"{_WHAT}: “{key}”")
    return {each["id"]: each for each in listed if reading.is_object(each) and isinstance(each.get("id"), int | str)}


def _sides(image: dict[str, Any], video: dict[str, Any]) -> tuple[float, float]:
    """Width and height of the picture that boxes are in: the video here may have another size."""
    wide, high = (image.get(key) or video.get(key) for key in ("width", "height"))
    sides = reading.number(wide, "The width of an image"), reading.number(high, "The height of an image")
    if min(sides) <= 0:
        raise FormatError("An image has no size.")
    return sides


def _box(item: dict[str, Any]) -> tuple[float, float, float, float]:
    where = "A box"
    values = [reading.number(value, where) for value in reading.child(item, "bbox", list, where)]
    if len(values) != 4:
        raise FormatError(f"{where} is four numbers: left, top, width and height.")
    return values[0], values[1], values[2], values[3]


FORMAT = Format("coco-video", "COCO for video, boxes only", ".json", "application/json", "frames from 0", HOLDS, write,
                read, many=True)  # fmt: skip
