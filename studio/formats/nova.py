"""NOVA: two files a tier, `X.annotation` (XML: its scheme) and `X.annotation~` (`start;end;id;confidence` a line).

Times are seconds, exact to the µs. A tier of discrete labels holds no overlaps: what overlaps goes to further tiers.
Pairs are written into a zip. A lone `.annotation~` is read too; its labels are then the numbers of its scheme. Where
an annotation has no confidence, 1 is written.
"""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement

from studio.errors import FormatError
from studio.formats import archive, reading
from studio.formats.layers import layered
from studio.formats.markup import printable, read_xml, write_xml
from studio.formats.model import Format, Holds, Mark, Part
from studio.timeline import Annotation, Timeline

_HEAD, _DATA = ".annotation", ".annotation~"


def _label(label: str) -> str:
    return reading.one_line(printable(label))


HOLDS = Holds(scores=True, layers=True, text=_label, naming=archive.file_name)


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    files: dict[str, bytes] = {}
    for track, tier in layered(HOLDS.fitted(timelines[0])).items():
        ids = {label: number for number, label in enumerate(sorted({a.label for a in tier}))}
        files[track + _HEAD] = _scheme(track, ids, len(tier))
        files[track + _DATA] = "".join(_line(a, ids, timelines[0].scores) for a in tier).encode()
    return archive.pack(files)


def _scheme(track: str, ids: Mapping[str, int], count: int) -> bytes:
    root = Element("annotation", {"ssi-v": "3"})
    SubElement(root, "info", ftype="ASCII", size=str(count))
    SubElement(root, "meta", role=track, annotator="")
    scheme = SubElement(root, "scheme", name=track, type="DISCRETE")
    for label, number in ids.items():
        SubElement(scheme, "item", name=label, id=str(number))
    return write_xml(root)


def _line(a: Annotation, ids: Mapping[str, int], scores: Mapping[str, float]) -> str:
    times = reading.decimal(a.segment.start), reading.decimal(a.segment.end)
    return f"{times[0]};{times[1]};{ids[a.label]};{scores.get(a.id, 1.0)}\n"


def read(data: bytes, name: str) -> list[Part]:
    """A zip of pairs, or one `.annotation~`. Raises UnsafeFormat, FormatError naming the line."""
    files = archive.unpack(data) if archive.is_zip(data) else {name: data}
    marks: list[Mark] = []
    for file, content in files.items():
        if file.endswith(_HEAD) and archive.is_zip(data):
            continue
        track = file.replace("\\", "/").rpartition("/")[2].removesuffix(_DATA)
        head = files.get(file.removesuffix("~")) if file.endswith("~") else None
        names = _names(head) if head is not None else {}
        marks += [_mark(line, number, track, names) for number, line in reading.lines_of(content)]
    return [Part("", tuple(marks))]


def _names(head: bytes) -> dict[str, str]:
    return {item.get("id", ""): item.get("name", "") for item in read_xml(head, "annotation").iter("item")}


def _mark(line: str, number: int, track: str, names: Mapping[str, str]) -> Mark:
    fields, where = line.split(";"), f"Line {number} of {track:.40}"
    if len(fields) not in (3, 4):
        raise FormatError(f"{where} does not read START;END;ID;CONFIDENCE; is this NOVA's .annotation~?")
    start, end = (reading.us_of(field, where) for field in fields[:2])
    # 1 is what NOVA writes for “sure”, also where nobody said how sure they are
    score = reading.number(fields[3], where) if len(fields) == 4 else 1.0
    return Mark(start, end, names.get(fields[2], fields[2]), track, score=None if score == 1.0 else score)


FORMAT = Format("nova", "NOVA", ".zip", "application/zip", "s", HOLDS, write, read)
