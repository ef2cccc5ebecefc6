"""OpenTimelineIO: one clip that plays the whole video, with a marker for each segment.

Times are frames of the video's own table, counted from the time code that its file has for the first frame, at the rate
that editors know (30000/1001 for 29.97). The label is the marker's name and the note its comment; what OpenTimelineIO
has no field for (the track, the annotator, attributes, the confidence) is kept in the marker's metadata, under
`moment_studio`, as the format provides. Read are timelines of any program: their markers, and clips that play a part of
a file.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.cut import Clip, Marker, Media, name_of, number_of_frames, parts_of
from studio.formats.model import Format, Holds, Part
from studio.formats.notes import Notes
from studio.formats.timecode import counting_of, remarks
from studio.timeline import Annotation, Timeline

HOLDS = Holds(grain=0, notes=True, scores=True, annotators=True, editors=True, attributes="all")
_OURS = "moment_studio"
_NAMED = ("track", "annotator", "edited_by", "score", "attributes")


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    timeline = timelines[0]
    footage, counting = timeline.footage, counting_of(timeline.footage)

    def time(frames: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "RationalTime.1", "value": float(frames), "rate": float(counting.rate)}

    def stretch(first: int, frames: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(first), "duration": time(frames)}

    def marker(a: Annotation) -> dict[str, Any]:
        first, end = footage.frames(a.segment)
        facts = {"track": a.track, "annotator": a.annotator, "edited_by": a.edited_by,
                 "score": timeline.scores.get(a.id), "attributes": dict(a.attributes)}  # fmt: skip
        return {
            "OTIO_SCHEMA": "Marker.2",
            "name": a.label,
            "comment": a.note,
            "color": "GREEN",
            "marked_range": stretch(counting.begin + first, end - first),
            "metadata": {_OURS: {name: value for name, value in facts.items() if value not in (None, "", {})}},
        }

    whole = stretch(counting.begin, footage.frame_count)
    media = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": footage.name,
        "target_url": footage.name,
        "available_range": whole,
    }
    clip = {
        "OTIO_SCHEMA": "Clip.2",
        "name": footage.name,
        "source_range": whole,
        "media_references": {"DEFAULT_MEDIA": media},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "markers": [marker(a) for a in HOLDS.fitted(timeline)],
    }
    track = {"OTIO_SCHEMA": "Track.1", "name": "Video", "kind": "Video", "children": [clip]}
    return reading.dump({
        "OTIO_SCHEMA": "Timeline.1",
        "name": footage.name,
        "global_start_time": time(0),
        "tracks": {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [track]},
    })  # fmt: skip


def read(data: bytes, name: str) -> list[Part]:
    """A part for each file that the timeline plays. Raises FormatError."""
    timeline = reading.expect(reading.json_of(data), dict, "This file")
    if not _is(timeline, "Timeline"):
        raise FormatError("This JSON file is no OpenTimelineIO timeline; is this the right format?")
    notes = Notes()
    stack = reading.child(timeline, "tracks", dict, "The timeline")
    clips: list[Clip] = []
    markers = list(_markers(stack, notes))
    for track in _children(stack, "The stack of tracks"):
        if not _is(track, "Track") or track.get("kind", "Video") != "Video":
            notes.left_out("track(s) that show no pictures")
            continue
        markers += _markers(track, notes)
        clips += _clips(track, notes)
    return parts_of(clips, markers, notes)


def _clips(track: dict[str, Any], notes: Notes) -> Iterator[Clip]:
    """The clips of a track, in order."""
    at: Fraction | None = Fraction(0)
    for item in _children(track, "A track"):
        if _is(item, "Transition"):
            notes.left_out("transition(s)")
        elif _is(item, "Stack") or _is(item, "Track"):
            notes.left_out("timeline(s) within the timeline")
            at = None
        elif _is(item, "Gap"):
            _, frames, rate = _stretch(item, "source_range", "A gap")
            at = None if at is None else at + frames / rate
        elif _is(item, "Clip"):
            with notes.entry():
                clip = _clip(item, str(track.get("name") or ""), at, notes)
                at = None if at is None else at + clip.seconds
                yield clip
        else:
            notes.left_out("item(s) of another kind")


def _clip(item: dict[str, Any], track: str, at: Fraction | None, notes: Notes) -> Clip:
    effects = item.get("effects")
    notes.left_out("effect(s)", len(effects) if isinstance(effects, list) else 0)
    references = item.get("media_references")
    if isinstance(references, dict):
        reference = references.get(item.get("active_media_reference_key") or "DEFAULT_MEDIA")
    else:
        reference = item.get("media_reference")  # before Clip.2
    reference = reference if isinstance(reference, dict) else {}
    where = f"Clip “{str(item.get('name'))[:40]}”"
    first = length = 0
    rate: Fraction | None = None
    if reference.get("available_range"):
        first, length, rate = _stretch(reference, "available_range", where)
    if item.get("source_range"):
        start, frames, played = _stretch(item, "source_range", where)
        start, frames = (round(n * (rate or played) / played) for n in (start, frames))
        rate = rate or played
    elif rate:
        start, frames = first, length
    else:
        raise FormatError(f"{where} does not say what it plays; export it with its media.")
    url = str(reference.get("target_url") or reference.get("name") or item.get("name") or "")
    media = Media(name_of(url), rate, first, length)
    return Clip(media, start, frames, str(item.get("name") or ""), track, at, tuple(_markers(item, notes)))


def _markers(item: dict[str, Any], notes: Notes) -> Iterator[Marker]:
    listed = item.get("markers") or []
    for each in listed if isinstance(listed, list) else [listed]:
        with notes.entry():
            marker = reading.expect(each, dict, "A marker")
            where = f"Marker “{str(marker.get('name'))[:40]}”"
            start, frames, rate = _stretch(marker, "marked_range", where)
            metadata = marker.get("metadata")
            ours = metadata.get(_OURS) if isinstance(metadata, dict) else None
            yield Marker(start, frames, rate, str(marker.get("name") or ""), str(marker.get("comment") or ""),
                         _facts(ours, where, notes) if isinstance(ours, dict) else {})  # fmt: skip


def _facts(ours: dict[str, Any], where: str, notes: Notes) -> dict[str, Any]:
    """What a marker of ours says besides."""
    notes.known(ours, _NAMED)
    found: dict[str, Any] = {name: ours[name] for name in ("track", "annotator", "edited_by")
                             if isinstance(ours.get(name), str)}  # fmt: skip
    if isinstance(ours.get("attributes"), dict):
        found["attributes"] = notes.attributes(ours["attributes"])
    return {**found, "score": notes.score(ours.get("score"), where)}


def _stretch(parent: dict[str, Any], key: str, where: str) -> tuple[int, int, Fraction]:
    """A range as its first frame, its frames and its rate."""
    stretch = reading.child(parent, key, dict, where)
    (start, rate), (length, of_length) = (
        _time(reading.child(stretch, each, dict, where), where) for each in ("start_time", "duration")
    )
    return start, round(length * rate / of_length), rate


def _time(time: dict[str, Any], where: str) -> tuple[int, Fraction]:
    rate = reading.number(time.get("rate"), where)
    if not 0 < rate <= 1_000_000:
        raise FormatError(f"{where} has {rate:.6g} frames a second, which no video has.")
    return number_of_frames(time.get("value"), where), Fraction(rate).limit_denominator(10_000)


def _children(parent: dict[str, Any], where: str) -> list[dict[str, Any]]:
    return [reading.expect(each, dict, "An item of it") for each in reading.child(parent, "children", list, where)]


def _is(item: dict[str, Any], schema: str) -> bool:
    return str(item.get("OTIO_SCHEMA", "")).partition(".")[0] == schema


FORMAT = Format("otio", "OpenTimelineIO", ".otio", "application/json", "frames", HOLDS, write, read, remarks=remarks)
