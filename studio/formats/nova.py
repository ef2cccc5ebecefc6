"""NOVA: two files a tier, `X.annotation` (XML: its scheme) and `X.annotation~` (`start;end;id;confidence` a line).

Times are seconds, exact to the µs. A tier holds no overlaps and the work of one annotator: what overlaps or is somebody
else's goes to further tiers. Pairs are written into a zip. Discrete and free schemes are read; a continuous tier is
named and left out. A lone `.annotation~` is read too; its labels are then the numbers of its scheme. Where an
annotation has no confidence, 1 is written. The lines of the transcript are a free scheme of the role “transcript”,
which an import takes for lines again.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from studio.errors import FormatError
from studio.formats import archive, reading
from studio.formats.layers import TRANSCRIPT, layered, layered_lines
from studio.formats.markup import names_in, printable, read_xml, write_xml
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes, listed
from studio.platform.names import file_name
from studio.timeline import Annotation, Timeline

_HEAD, _DATA = ".annotation", ".annotation~"
_KINDS = ("DISCRETE", "FREE")
_LINES = "transcript"  # the role of a free scheme with lines
_MORE = re.compile(r"[A-Za-z]\w*=[^=]*")
# what the header says of how it was made and is drawn, beside what is read
_KNOWN = {
    "info": {"ftype", "size"}, "meta": {"role", "annotator"}, "item": {"name", "id", "color"},
    "scheme": {"name", "type", "color", "sr", "min", "max", "mincolor", "maxcolor"},
}  # fmt: skip


def _label(label: str) -> str:
    return reading.one_line(printable(label))


HOLDS = Holds(scores=True, layers=True, annotators=True, text=_label, naming=file_name, person=_label, files="tracks",
              lines="beside")  # fmt: skip


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    files: dict[str, bytes] = {}
    tiers = layered(HOLDS.fitted(timelines[0]), by_annotator=True)
    for track, tier in tiers.items():
        ids = {label: number for number, label in enumerate(sorted({a.label for a in tier}))}
        files[track + _HEAD] = _scheme(track, ids, tier)
        files[track + _DATA] = "".join(_line(a, ids, timelines[0].scores) for a in tier).encode()
    for track, tier in layered_lines(HOLDS.fitted_lines(timelines[0]), TRANSCRIPT, tiers).items():
        files[track + _HEAD] = _free_scheme(track, len(tier))
        files[track + _DATA] = "".join(_line(a, {a.label: a.label}, {}) for a in tier).encode()
    return archive.pack(files)


def _free_scheme(track: str, size: int) -> bytes:
    root = Element("annotation", {"ssi-v": "3"})
    SubElement(root, "info", ftype="ASCII", size=str(size))
    SubElement(root, "meta", role=_LINES, annotator="")
    SubElement(root, "scheme", name=track, type="FREE")
    return write_xml(root)


def _scheme(track: str, ids: Mapping[str, int], tier: Sequence[Annotation]) -> bytes:
    root = Element("annotation", {"ssi-v": "3"})
    SubElement(root, "info", ftype="ASCII", size=str(len(tier)))
    SubElement(root, "meta", role=track, annotator=tier[0].annotator)
    scheme = SubElement(root, "scheme", name=track, type="DISCRETE")
    for label, number in ids.items():
        SubElement(scheme, "item", name=label, id=str(number))
    return write_xml(root)


def _line(a: Annotation, ids: Mapping[str, int | str], scores: Mapping[str, float]) -> str:
    times = reading.decimal(a.segment.start), reading.decimal(a.segment.end)
    return f"{times[0]};{times[1]};{ids[a.label]};{scores.get(a.id, 1.0)}\n"


def read(data: bytes, name: str) -> list[Part]:
    """A zip of pairs, or one `.annotation~`. Raises UnsafeFormat, FormatError naming the line."""
    files = archive.unpack(data) if archive.is_zip(data) else {name: data}
    marks: list[Mark] = []
    lines: list[Mark] = []
    notes = Notes("attribute(s)")
    for file, content in files.items():
        track = file.replace("\\", "/").rpartition("/")[2].removesuffix(_DATA)
        if archive.is_zip(data) and not file.endswith(_DATA):
            pair = f"{file}~" in files
            notes.left_out("scheme(s) without their annotations", file.endswith(_HEAD) and not pair)
            notes.left_out("other file(s) of the archive", not file.endswith(_HEAD))
            continue
        with notes.entry():
            scheme = _Scheme.of(files.get(file.removesuffix("~")) if file.endswith("~") else None, notes)
            if scheme.kind not in _KINDS:
                what = "continuous" if scheme.kind.startswith("CONTINUOUS") else f"of the type {scheme.kind:.20}"
                notes.say(f"The tier {listed([track])} is {what}, has no segments, and is left out.")
                continue
            found = lines if scheme.lines else marks
            for number, line in reading.lines_of(content):
                with notes.entry():
                    found.append(_mark(line, f"Line {number} of {track:.40}", track, scheme, notes))
    return notes.parts([Part("", tuple(marks), lines=tuple(lines))])


@dataclass(frozen=True, slots=True)
class _Scheme:
    """What the header of a tier says: its type, what its labels are called by id, who made it, and whether it has the
    lines of a transcript."""

    kind: str
    names: Mapping[str, str]
    annotator: str
    lines: bool = False

    @classmethod
    def of(cls, head: bytes | None, notes: Notes) -> "_Scheme":
        if head is None:
            return cls("DISCRETE", {}, "")
        root = read_xml(head, "annotation")
        names_in(root, _KNOWN, (), notes)
        scheme, meta = root.find("scheme"), root.find("meta")
        kind = "DISCRETE" if scheme is None else scheme.get("type", "DISCRETE").upper()
        names = {item.get("id", ""): item.get("name", "") for item in root.iter("item")}
        annotator, role = ("", "") if meta is None else (meta.get("annotator", ""), meta.get("role", ""))
        return cls(kind, names, annotator, kind == "FREE" and role == _LINES)


def _mark(line: str, where: str, track: str, scheme: _Scheme, notes: Notes) -> Mark:
    """`start;end;label;confidence`, where a free label may have semicolons, and something more, as `color=…`."""
    fields = line.split(";")
    while len(fields) > 4 and _MORE.fullmatch(fields[-1]):
        notes.known([fields.pop().partition("=")[0]], ())
    if len(fields) > 4 and scheme.kind == "FREE":
        fields[2:-1] = [";".join(fields[2:-1])]
    if len(fields) not in (3, 4):
        raise FormatError(f"{where} does not read START;END;ID;CONFIDENCE; is this NOVA's .annotation~?")
    start, end = (reading.us_of(field, where) for field in fields[:2])
    # 1 is what NOVA writes for “sure”, also where nobody said how sure they are
    score = notes.score(fields[3], where) if len(fields) == 4 else None
    label = fields[2] if scheme.kind == "FREE" else scheme.names.get(fields[2], fields[2])
    if scheme.names and fields[2] not in scheme.names:
        notes.say(f"Labels that the scheme of {listed([track])} does not name stay its numbers.")
    return Mark(start, end, label, track, score=None if score == 1.0 else score, annotator=scheme.annotator)


FORMAT = Format("nova", "NOVA", ".zip", "application/zip", "s", HOLDS, write, read)
