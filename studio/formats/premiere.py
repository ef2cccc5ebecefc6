"""Final Cut Pro 7 XML, which Premiere Pro and DaVinci Resolve read and write: a sequence that plays the whole video,
with a marker for each segment.

Times are frames of the video's own table at the rate that editors know; the label is the marker's name, the note its
comment. Read are the markers of sequences and clips, and clips that play a part of a file; a marker without an end
(`out` is -1) lasts one frame.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.cut import Clip, Marker, Media, name_of, parts_of
from studio.formats.markup import printable, read_xml, write_xml
from studio.formats.model import Format, Holds, Part
from studio.formats.notes import Notes
from studio.formats.timecode import counting_of, remarks
from studio.timeline import Timeline

HOLDS = Holds(grain=0, tracks=False, notes=True, text=printable, remark=printable)

_OF_SEQUENCE = {"uuid", "updatebehavior", "name", "duration", "rate", "timecode", "in", "out", "media", "ismasterclip",
                "marker", "labels", "logginginfo", "filmdata", "colorinfo"}  # fmt: skip
_OF_TRACK = "enabled", "locked"
_OF_MARKER = {"name", "comment", "in", "out", "color", "pproColor"}


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    timeline = timelines[0]
    footage, counting = timeline.footage, counting_of(timeline.footage)
    name, length = printable(footage.name), str(footage.frame_count)

    def add(parent: Element, tag: str, text: str = "") -> Element:
        element = SubElement(parent, tag)
        element.text = text or None
        return element

    def add_rate(parent: Element) -> None:
        rate = add(parent, "rate")
        add(rate, "timebase", str(counting.nominal))
        add(rate, "ntsc", "TRUE" if counting.ntsc else "FALSE")

    def add_timecode(parent: Element) -> None:
        timecode = add(parent, "timecode")
        add_rate(timecode)
        add(timecode, "string", counting.code(counting.begin))
        add(timecode, "frame", str(counting.begin))
        add(timecode, "displayformat", "DF" if counting.drop else "NDF")

    root = Element("xmeml", version="5")
    sequence = SubElement(root, "sequence", id="sequence-1")
    add(sequence, "name", name)
    add(sequence, "duration", length)
    add_rate(sequence)
    video = add(add(sequence, "media"), "video")
    shape = add(add(video, "format"), "samplecharacteristics")
    add_rate(shape)
    add(shape, "width", str(footage.width))
    add(shape, "height", str(footage.height))
    clip = SubElement(add(video, "track"), "clipitem", id="clipitem-1")
    add(clip, "name", name)
    add(clip, "duration", length)
    add_rate(clip)
    for tag, value in (("start", "0"), ("end", length), ("in", "0"), ("out", length)):
        add(clip, tag, value)
    file = SubElement(clip, "file", id="file-1")
    add(file, "name", name)
    add(file, "pathurl", quote(name))
    add_rate(file)
    add(file, "duration", length)
    add_timecode(file)
    add(add(file, "media"), "video")
    for a in HOLDS.fitted(timeline):
        first, end = footage.frames(a.segment)
        marker = add(sequence, "marker")
        for tag, text in (("name", a.label), ("comment", a.note), ("in", str(first)), ("out", str(end))):
            add(marker, tag, text)
    return write_xml(root)


def read(data: bytes, name: str) -> list[Part]:
    """A part for each file that the first sequence plays. Raises FormatError, UnsafeFormat."""
    root = read_xml(data, "xmeml", may_name_type=True)
    sequences = root.findall(".//sequence")
    if not sequences:
        raise FormatError("This XML file has no <sequence>; export a timeline as Final Cut Pro XML.")
    notes = Notes()
    sequence = sequences[0]
    for element in sequence:
        notes.left_out(f"<{element.tag:.40}> element(s)", element.tag not in _OF_SEQUENCE)
    notes.left_out("further sequence(s)", len(sequences) - 1)
    notes.left_out("audio clip(s)", len(sequence.findall("./media/audio/track/clipitem")))
    files = {file.get("id", ""): file for file in sequence.iter("file") if len(file)}
    clips: list[Clip] = []
    for track in sequence.findall("./media/video/track"):
        for element in track:
            notes.left_out(f"<{element.tag:.40}> element(s)", element.tag not in ("clipitem", *_OF_TRACK))
        for item in track.findall("clipitem"):
            with notes.entry():
                clips.append(_clip(item, files, _rate(sequence, Fraction(25)), notes))
    markers = list(_markers(sequence, _rate(sequence, Fraction(25)), notes))
    return parts_of(clips, markers, notes)


def _clip(item: Element, files: dict[str, Element], of_sequence: Fraction, notes: Notes) -> Clip:
    name = item.findtext("name") or ""
    reference = item.find("file")
    file = files.get(reference.get("id", "")) if reference is not None else None
    if file is None:
        raise FormatError(f"Clip “{name:.40}” does not say which file it plays.")
    where = f"Clip “{name:.40}”"
    rate = _rate(item, of_sequence)
    own = _rate(file, rate)
    shown = name_of(file.findtext("pathurl") or "") or file.findtext("name") or name
    media = Media(shown, own, 0, _frames(file, "duration", where) if file.findtext("duration") else 0)
    first, end, start = (round(_frames(item, tag, where) * own / rate) if tag != "start" else _frames(item, tag, where)
                         for tag in ("in", "out", "start"))  # fmt: skip
    at = start / of_sequence if start >= 0 else None  # -1: a transition says it
    return Clip(media, first, end - first, name, "", at, tuple(_markers(item, rate, notes)))


def _markers(parent: Element, rate: Fraction, notes: Notes) -> Iterator[Marker]:
    for element in parent.findall("marker"):
        notes.known((each.tag for each in element), _OF_MARKER)
        with notes.entry():
            name = element.findtext("name") or ""
            where = f"Marker “{name:.40}”"
            first, end = _frames(element, "in", where), _frames(element, "out", where)
            yield Marker(first, max(0, end - first), rate, name, element.findtext("comment") or "")


def _rate(parent: Element, otherwise: Fraction) -> Fraction:
    """Frames a second, as an element says them."""
    rate = parent.find("rate")
    if rate is None or not rate.findtext("timebase"):
        return otherwise
    nominal = reading.whole(rate.findtext("timebase"), "A rate")
    if not 0 < nominal <= 1_000:
        raise FormatError(f"{nominal} frames a second are no rate of a video.")
    return nominal * (Fraction(1000, 1001) if rate.findtext("ntsc", "").strip().upper() == "TRUE" else Fraction(1))


def _frames(parent: Element, tag: str, where: str) -> int:
    return reading.whole((parent.findtext(tag) or "").strip(), f"{where}: <{tag}>")


FORMAT = Format(
    "premiere", "Final Cut Pro 7 XML (Premiere, Resolve)", ".premiere.xml", "application/xml", "frames", HOLDS, write,
    read, remarks=remarks, endings=(".xml",),
)  # fmt: skip
