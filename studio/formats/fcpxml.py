"""FCPXML, the format of Final Cut Pro since version X: a project that plays the whole video, with a marker for each
segment.

Times are frames of the video's own table at the rate that editors know, said as rational seconds; the label is the
marker's value. Read are markers, chapter markers and keywords of clips, and clips that play a part of a file. Final Cut
Pro shows markers as points; their lengths are in the file.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from studio.errors import FormatError
from studio.formats.cut import Clip, Marker, Media, name_of, parts_of
from studio.formats.markup import printable, read_xml, write_xml
from studio.formats.model import Format, Holds, Part
from studio.formats.notes import Notes
from studio.formats.timecode import counting_of, remarks
from studio.timeline import Timeline

HOLDS = Holds(grain=0, tracks=False, notes=True, text=printable, remark=printable)
_MARKERS = {"marker": "Markers", "chapter-marker": "Chapters", "keyword": "Keywords"}  # element → track
_OF_MARKER = {"start", "duration", "value", "note", "completed", "posterOffset"}
_OF_CLIP = {"video", "audio", "note", "conform-rate", "timeMap", "metadata"}
_PLAYED = {"asset-clip", "clip", "video"}


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    timeline = timelines[0]
    footage, counting = timeline.footage, counting_of(timeline.footage)
    name = printable(footage.name)

    def seconds(frames: int) -> str:
        time = frames / counting.rate
        return f"{time.numerator}/{time.denominator}s" if time.denominator > 1 else f"{time.numerator}s"

    begin, length = seconds(counting.begin), seconds(footage.frame_count)
    shown = "DF" if counting.drop else "NDF"
    root = Element("fcpxml", version="1.8")
    resources = SubElement(root, "resources")
    SubElement(resources, "format", id="r1", frameDuration=seconds(1), width=str(footage.width),
               height=str(footage.height))  # fmt: skip
    SubElement(resources, "asset", id="r2", name=name, src=f"./{quote(name)}", start=begin, duration=length,
               hasVideo="1", hasAudio="1", format="r1")  # fmt: skip
    event = SubElement(SubElement(root, "library"), "event", name="Moment Studio")
    sequence = SubElement(SubElement(event, "project", name=name), "sequence", format="r1", duration=length,
                          tcStart="0s", tcFormat=shown)  # fmt: skip
    clip = SubElement(SubElement(sequence, "spine"), "asset-clip", ref="r2", name=name, offset="0s", start=begin,
                      duration=length, format="r1", tcFormat=shown)  # fmt: skip
    for a in HOLDS.fitted(timeline):
        first, end = footage.frames(a.segment)
        SubElement(clip, "marker", start=seconds(counting.begin + first), duration=seconds(end - first),
                   value=a.label, note=a.note)  # fmt: skip
    return write_xml(root)


def read(data: bytes, name: str) -> list[Part]:
    """A part for each file that is played. Raises FormatError, UnsafeFormat."""
    root = read_xml(data, "fcpxml", may_name_type=True)
    notes = Notes()
    rates = {each.get("id", ""): each for each in root.iter("format")}
    assets = {each.get("id", ""): each for each in root.iter("asset")}
    clips: list[Clip] = []
    for item in (item for spine in root.iter("spine") for item in spine):
        if item.tag in _PLAYED:
            with notes.entry():
                clips.append(_clip(item, assets, rates, notes))
        else:
            notes.left_out(f"<{item.tag:.40}> element(s)", item.tag != "gap")
    return parts_of(clips, (), notes)


def _clip(item: Element, assets: Mapping[str, Element], rates: Mapping[str, Element], notes: Notes) -> Clip:
    """A clip by what it plays, itself or the video within it; its own times may begin elsewhere than the file's."""
    name = item.get("name", "")
    where = f"Clip “{name:.40}”"
    inner = item if item.get("ref") else item.find("video")
    asset = assets.get(inner.get("ref", "")) if inner is not None else None
    if inner is None or asset is None:
        raise FormatError(f"{where} does not say which file it plays.")
    rate = _rate(rates.get(asset.get("format", "")), where)
    begin = _seconds(asset.get("start", "0s"), where)
    length = round(_seconds(asset.get("duration", "0s"), where) * rate)
    media = Media(name_of(asset.get("src", "")) or asset.get("name", ""), rate, round(begin * rate), length)
    if inner is item:
        start, moved = _seconds(item.get("start") or asset.get("start", "0s"), where), Fraction(0)
    else:
        start = _seconds(item.get("start", "0s"), where)
        of_video = _seconds(inner.get("start") or asset.get("start", "0s"), where)
        moved = of_video - _seconds(inner.get("offset", "0s"), where)
    frames = round(_seconds(item.get("duration", "0s"), where) * rate) or length
    markers = tuple(_markers(item, rate, moved, notes))
    return Clip(media, round((start + moved) * rate), frames, name, "", None, markers)


def _markers(item: Element, rate: Fraction, moved: Fraction, notes: Notes) -> Iterator[Marker]:
    for element in item:
        track = _MARKERS.get(element.tag)
        if track is None:
            how_shown = element.tag in _OF_CLIP or element.tag.startswith(("adjust-", "filter-", "audio-"))
            notes.left_out(f"<{element.tag:.40}> element(s)", not how_shown)
            continue
        notes.known(element.keys(), _OF_MARKER)
        with notes.entry():
            name = element.get("value", "")
            where = f"Marker “{name:.40}”"
            first = _seconds(element.get("start", ""), where) + moved
            length = round(_seconds(element.get("duration", "0s"), where) * rate)
            yield Marker(round(first * rate), length, rate, name, element.get("note", ""), {"track": track})


def _rate(form: Element | None, where: str) -> Fraction:
    said = form.get("frameDuration") if form is not None else None
    length = _seconds(said, where) if said else Fraction(0)
    if not Fraction(1, 1_000) <= length <= 10:
        raise FormatError(f"{where} plays a file whose frame rate is not said; export it with its format.")
    return 1 / length


def _seconds(text: str | None, where: str) -> Fraction:
    """A time as FCPXML says it: `1001/30000s`, `5s`."""
    try:
        number = Fraction(text.strip().removesuffix("s")) if text and len(text) <= 40 else None
    except (ValueError, ZeroDivisionError):
        number = None
    if number is None or abs(number) > 10**7:
        raise FormatError(f"{where}: {text!r:.40} is not a time.")
    return number


FORMAT = Format(
    "fcpxml", "FCPXML (Final Cut Pro)", ".fcpxml", "application/xml", "frames as rational seconds", HOLDS, write, read,
    remarks=remarks,
)  # fmt: skip
