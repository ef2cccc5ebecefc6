"""ELAN .eaf: tiers of aligned annotations between time slots, in ms.

Times are rounded to the nearest ms, and a segment has at least one. A tier holds no overlaps: what overlaps goes to
further tiers. Annotations that refer to others (REF_ANNOTATION) take the time of those they refer to; time slots
without a time lie evenly between their neighbours, as ELAN shows them.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.layers import layered
from studio.formats.markup import printable, read_xml, write_xml
from studio.formats.model import Format, Holds, Mark, Part
from studio.timeline import Timeline

HOLDS = Holds(grain=1000, layers=True, text=printable, naming=printable)
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_DATE = "2000-01-01T00:00:00+00:00"  # the format demands one; the same annotations must give the same bytes


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video; it is named as a linked file, to be found beside the .eaf."""
    timeline = timelines[0]
    tiers = layered(HOLDS.fitted(timeline))
    root = Element("ANNOTATION_DOCUMENT", {
        "AUTHOR": "", "DATE": _DATE, "FORMAT": "3.0", "VERSION": "3.0",
        "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance", "xsi:noNamespaceSchemaLocation": _SCHEMA,
    })  # fmt: skip
    header = SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    name = printable(timeline.footage.name)
    SubElement(header, "MEDIA_DESCRIPTOR", MEDIA_URL=f"./{name}", RELATIVE_MEDIA_URL=f"./{name}", MIME_TYPE="video/*")
    order = SubElement(root, "TIME_ORDER")
    times = sorted({t for tier in tiers.values() for a in tier for t in (a.segment.start, a.segment.end)})
    slots = {time: f"ts{number}" for number, time in enumerate(times, 1)}
    for time, slot in slots.items():
        SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=str(time // 1000))
    count = 0
    for track, tier in tiers.items():
        element = SubElement(root, "TIER", LINGUISTIC_TYPE_REF="default-lt", TIER_ID=track)
        for a in tier:
            count += 1
            places = {"TIME_SLOT_REF1": slots[a.segment.start], "TIME_SLOT_REF2": slots[a.segment.end]}
            holder = SubElement(element, "ANNOTATION")
            aligned = SubElement(holder, "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": f"a{count}", **places})
            SubElement(aligned, "ANNOTATION_VALUE").text = a.label
    SubElement(root, "LINGUISTIC_TYPE", GRAPHIC_REFERENCES="false", LINGUISTIC_TYPE_ID="default-lt",
               TIME_ALIGNABLE="true")  # fmt: skip
    return write_xml(root)


def read(data: bytes, name: str) -> list[Part]:
    """Raises UnsafeFormat, FormatError."""
    root = read_xml(data, "ANNOTATION_DOCUMENT")
    times = _slots(root)
    spans: dict[str, tuple[int, int]] = {}
    refers: dict[str, str] = {}
    for element in root.iter("ALIGNABLE_ANNOTATION"):
        try:
            ends = times[element.get("TIME_SLOT_REF1", "")], times[element.get("TIME_SLOT_REF2", "")]
        except KeyError:
            raise FormatError("An annotation of this .eaf refers to a time slot that is missing; repair it.") from None
        spans[element.get("ANNOTATION_ID", "")] = ends
    for element in root.iter("REF_ANNOTATION"):
        refers[element.get("ANNOTATION_ID", "")] = element.get("ANNOTATION_REF", "")
    marks = []
    for tier in root.iter("TIER"):
        for holder in tier.iter("ANNOTATION"):
            for element in holder:
                start, end = _span(element.get("ANNOTATION_ID", ""), spans, refers)
                label = element.findtext("ANNOTATION_VALUE") or ""
                track, annotator = tier.get("TIER_ID", ""), tier.get("ANNOTATOR", "")
                marks.append(Mark(start, end, label, track, annotator=annotator))
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    url = "" if media is None else media.get("RELATIVE_MEDIA_URL") or media.get("MEDIA_URL") or ""
    return [Part(url.replace("\\", "/").rpartition("/")[2], tuple(marks))]


def _span(which: str, spans: dict[str, tuple[int, int]], refers: dict[str, str]) -> tuple[int, int]:
    seen = set()
    while which not in spans:
        if which in seen or which not in refers:
            raise FormatError("An annotation of this .eaf refers to one that is missing; repair it.")
        seen.add(which)
        which = refers[which]
    return spans[which]


def _slots(root: Element) -> dict[str, int]:
    """Slot → µs; runs of slots without a time are spread evenly."""
    listed = [(slot.get("TIME_SLOT_ID", ""), slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")]
    found: dict[str, int] = {}
    waiting: list[str] = []
    last = 0
    for slot, value in listed:
        if value is None:
            waiting.append(slot)
            continue
        time = reading.whole(value, "A time slot") * 1000
        for k, between in enumerate(waiting, 1):
            found[between] = last + (time - last) * k // (len(waiting) + 1)
        found[slot], last, waiting = time, time, []
    return {**found, **dict.fromkeys(waiting, last)}


FORMAT = Format("elan", "ELAN", ".eaf", "application/xml", "ms", HOLDS, write, read)
