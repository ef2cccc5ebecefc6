"""NOVA: two files a tier, `X.annotation` (XML: its scheme) and `X.annotation~` (`start;end;id;confidence` a line).

Times are seconds, exact to the µs. A tier holds no overlaps and the work of one annotator: what overlaps or is somebody
else's goes to further tiers. Pairs are written into a zip. Curves are continuous tiers: `value;confidence` a line, so
many a second (`sr`), from time 0, `nan` where nothing is said. A lone `.annotation~` is read too; its labels are then
the numbers of its scheme. Where an annotation has no confidence, 1 is written. The lines of the transcript are a free
scheme of the role “transcript”, which an import takes for lines again.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from xml.etree.ElementTree import Element, SubElement

from studio.errors import FormatError
from studio.formats import archive, reading
from studio.formats.layers import TRANSCRIPT, layered, layered_lines, put_back
from studio.formats.markup import names_in, printable, read_xml, write_xml
from studio.formats.model import Format, Holds, Mark, Part
from studio.formats.notes import Notes, listed
from studio.platform.names import file_name
from studio.timeline import Annotation, Timeline
from studio.timeline.traces import RATE, Scale, Trace, Values, at_rate, plain

_HEAD, _DATA = ".annotation", ".annotation~"
_KINDS = ("DISCRETE", "FREE")
_CONTINUOUS = "CONTINUOUS"
_USUAL = Scale(0.0, 1.0)
_BEYOND = 1e-3  # share of a scale: tools round
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
              lines="beside", curves=True)  # fmt: skip


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video."""
    files: dict[str, bytes] = {}
    tiers = layered(HOLDS.fitted(timelines[0]), by_annotator=True)
    back = put_back((name, tier[0].track, tier[0].annotator) for name, tier in tiers.items())
    for track, tier in tiers.items():
        ids = {label: number for number, label in enumerate(sorted({a.label for a in tier}))}
        files[track + _HEAD] = _scheme(track, back.get(track, track), ids, tier)
        files[track + _DATA] = "".join(_line(a, ids, timelines[0].scores) for a in tier).encode()
    for track, tier in layered_lines(HOLDS.fitted_lines(timelines[0]), TRANSCRIPT, tiers).items():
        files[track + _HEAD] = _free_scheme(track, len(tier))
        files[track + _DATA] = "".join(_line(a, {a.label: a.label}, {}) for a in tier).encode()
    for trace in timelines[0].traces:
        name = _free_name(_label(file_name(trace.track)), files)
        files[name + _HEAD] = _continuous(name, trace, timelines[0].scales[trace.track])
        said = ("nan;0" if value is None else f"{value};1" for value in plain(trace.values))
        files[name + _DATA] = "".join(f"{line}\n" for line in said).encode()
    return archive.pack(files)


def _free_name(track: str, files: Mapping[str, bytes]) -> str:
    names = (track if number == 1 else f"{track} ({number})" for number in count(1))
    return next(name for name in names if name + _HEAD not in files)


def _continuous(name: str, trace: Trace, scale: Scale) -> bytes:
    root = Element("annotation", {"ssi-v": "3"})
    SubElement(root, "info", ftype="ASCII", size=str(len(trace.values)))
    SubElement(root, "meta", role=_label(trace.track), annotator=_label(trace.annotator))
    facts = {
        "name": name,
        "type": _CONTINUOUS,
        "sr": str(RATE),
        "min": f"{scale.low:.12g}",
        "max": f"{scale.high:.12g}",
    }
    SubElement(root, "scheme", facts)
    return write_xml(root)


def _free_scheme(track: str, size: int) -> bytes:
    root = Element("annotation", {"ssi-v": "3"})
    SubElement(root, "info", ftype="ASCII", size=str(size))
    SubElement(root, "meta", role=_LINES, annotator="")
    SubElement(root, "scheme", name=track, type="FREE")
    return write_xml(root)


def _scheme(track: str, role: str, ids: Mapping[str, int], tier: Sequence[Annotation]) -> bytes:
    root = Element("annotation", {"ssi-v": "3"})
    SubElement(root, "info", ftype="ASCII", size=str(len(tier)))
    SubElement(root, "meta", role=role, annotator=tier[0].annotator)
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
    traces: list[Trace] = []
    scales: dict[str, Scale] = {}
    for file, content in files.items():
        track = file.replace("\\", "/").rpartition("/")[2].removesuffix(_DATA)
        if archive.is_zip(data) and not file.endswith(_DATA):
            pair = f"{file}~" in files
            notes.left_out("scheme(s) without their annotations", file.endswith(_HEAD) and not pair)
            notes.left_out("other file(s) of the archive", not file.endswith(_HEAD))
            continue
        with notes.entry():
            scheme = _Scheme.of(files.get(file.removesuffix("~")) if file.endswith("~") else None, notes)
            is_further = bool(re.fullmatch(rf"{re.escape(scheme.role)} \(\d+\)", track))
            if scheme.kind == _CONTINUOUS:
                # one scale, as another annotator drew it
                if is_further and _is_free(scheme, traces, scales):
                    track = scheme.role
                traces.append(Trace(track, scheme.annotator, _curve(content, track, scheme, notes)))
                scales[track] = scheme.scale
                continue
            if scheme.kind not in _KINDS:
                notes.say(f"The tier {listed([track])} is of the type {scheme.kind:.20}, and is left out.")
                continue
            found = lines if scheme.lines else marks
            track = scheme.role if is_further else track  # somebody else's work on the same track
            for number, line in reading.lines_of(content):
                with notes.entry():
                    found.append(_mark(line, f"Line {number} of {track:.40}", track, scheme, notes))
    return notes.parts([Part("", tuple(marks), lines=tuple(lines), traces=tuple(traces), scales=scales)])


def _is_free(scheme: "_Scheme", traces: Sequence[Trace], scales: Mapping[str, Scale]) -> bool:
    """Whether the scale that a tier is named for is the same one, and its annotator has drawn no other curve of it."""
    drawn = {(trace.track, trace.annotator) for trace in traces}
    return (scheme.role, scheme.annotator) not in drawn and scales.get(scheme.role) == scheme.scale


def _curve(content: bytes, track: str, scheme: "_Scheme", notes: Notes) -> Values:
    """`value;confidence` a line; what is no number, or is beyond the scale by rounding, is said or drawn to its
    edge."""
    said: list[float] = []
    low, high = scheme.scale.low, scheme.scale.high
    spare = _BEYOND * (high - low)
    for number, line in reading.lines_of(content):
        value = math.nan
        with notes.entry():
            field = line.partition(";")[0].strip()
            if "nan" not in field.lower():
                value = reading.number(field, f"Line {number} of {track:.40}")
        notes.left_out("value(s) beyond the scale of a curve", value < low - spare or value > high + spare)
        said.append(min(max(value, low), high) if low - spare <= value <= high + spare else math.nan)
    reading.take_parts(len(said))
    return at_rate(said, scheme.rate)


@dataclass(frozen=True, slots=True)
class _Scheme:
    """What the header of a tier says: its type, what its labels are called by id, who made it, and whether it has the
    lines of a transcript; of a curve its rate and its scale; what it is named for."""

    kind: str
    names: Mapping[str, str]
    annotator: str
    lines: bool = False
    rate: float = RATE
    scale: Scale = _USUAL
    role: str = ""

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
        if kind == _CONTINUOUS and scheme is not None:
            low, high, rate = (reading.number(scheme.get(key, usual), f"The scheme's “{key}”")
                               for key, usual in (("min", "0"), ("max", "1"), ("sr", "25")))  # fmt: skip
            if not low < high or not 0.1 <= rate <= 1000:
                raise FormatError("A continuous scheme needs a lowest value, a higher one, and a rate (sr).")
            return cls(kind, names, annotator, rate=rate, scale=Scale(low, high), role=role)
        return cls(kind, names, annotator, kind == "FREE" and role == _LINES, role=role)


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
