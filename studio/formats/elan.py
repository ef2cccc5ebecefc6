"""ELAN .eaf: tiers of aligned annotations between time slots, in ms.

Times are rounded to the nearest ms, and a segment has at least one. A tier holds no overlaps and the work of one
annotator: what overlaps or is somebody else's goes to further tiers, of which properties of the file say on whose track
an import puts them back. The lines of the transcript are tiers of the
linguistic type “studio-transcript”, one a speaker, whom its PARTICIPANT names; an import takes them for lines again.
Rows that depend on another one are tiers with that parent, of a type with ELAN's stereotype for it; what has no times
of its own there refers to its parent. The labels of a row that takes only those are a controlled vocabulary. All of
it comes back with an import, for rows that the library does not have yet.

Reading gives annotations without times of their own even parts of their parent, in order, as ELAN shows them: within
its chain where a tier is a time subdivision or a symbolic subdivision, all of it where it is a symbolic association. Of
several media the first video that is there is meant, or what a sound was extracted from; the times are those of that
file, by its TIME_ORIGIN. The others play beside it, where they are in the library; TIME_ORIGIN is where in a file time
0 of the annotations lies, below 0 for one that began later.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import PurePath
from xml.etree.ElementTree import Element, SubElement

from studio.errors import FormatError
from studio.formats import reading
from studio.formats.elan_tiers import SYMBOLIC, Tier, dependencies_in, describe, orphans, tiers_of, vocabularies_in
from studio.formats.layers import TRANSCRIPT, put_back, spoken_tiers
from studio.formats.markup import names_in, printable, read_xml, write_xml
from studio.formats.model import Format, Holds, Mark, Other, Part, segments
from studio.formats.notes import Notes, listed
from studio.timeline import Beside, Timeline
from studio.timeline.tiers import PARTS, Dependencies, Dependency

HOLDS = Holds(
    grain=1000, layers=True, tiers=True, annotators=True, cameras=True, text=printable, naming=printable,
    person=printable,
    lines="beside", speakers="yes",
)  # fmt: skip
_ANNOTATIONS, _LINES = "default-lt", "studio-transcript"  # linguistic types
_TRACK_OF = "studio-track: "  # a property of the file: the track of which a tier has the work of another annotator
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_DATE = "2000-01-01T00:00:00+00:00"  # the format demands one; the same annotations must give the same bytes
_UNITS = {"milliseconds": 1_000, "PAL-frames": 40_000, "PAL-50-frames": 20_000, "NTSC-frames": 1_001_000 / 30}
# elements and attributes that are read, or that only describe the file and its types
_KNOWN = {
    "ANNOTATION_DOCUMENT": {"AUTHOR", "DATE", "FORMAT", "VERSION", "noNamespaceSchemaLocation"},
    "LICENSE": {"LICENSE_URL"}, "HEADER": {"MEDIA_FILE", "TIME_UNITS"}, "PROPERTY": {"NAME"},
    "MEDIA_DESCRIPTOR": {"MEDIA_URL", "RELATIVE_MEDIA_URL", "MIME_TYPE", "TIME_ORIGIN", "EXTRACTED_FROM"},
    "LINKED_FILE_DESCRIPTOR": {"LINK_URL", "RELATIVE_LINK_URL", "MIME_TYPE", "TIME_ORIGIN", "ASSOCIATED_WITH"},
    "TIME_ORDER": set(), "TIME_SLOT": {"TIME_SLOT_ID", "TIME_VALUE"},
    "TIER": {"TIER_ID", "ANNOTATOR", "LINGUISTIC_TYPE_REF", "PARENT_REF", "DEFAULT_LOCALE", "PARTICIPANT"},
    "ANNOTATION": set(), "ANNOTATION_VALUE": set(),
    "ALIGNABLE_ANNOTATION": {"ANNOTATION_ID", "TIME_SLOT_REF1", "TIME_SLOT_REF2", "CVE_REF"},
    "REF_ANNOTATION": {"ANNOTATION_ID", "ANNOTATION_REF", "PREVIOUS_ANNOTATION", "CVE_REF"},
}  # fmt: skip
_DEFINITIONS = {"LINGUISTIC_TYPE", "LOCALE", "LANGUAGE", "CONSTRAINT", "CONTROLLED_VOCABULARY", "LEXICON_REF",
                "EXTERNAL_REF"}  # fmt: skip
_SOUND_TYPES = {".wav": "audio/x-wav", ".mp3": "audio/mpeg", ".m4a": "audio/mp4"}  # as ELAN names them
_ALIGNED, _REFERRING = "ALIGNABLE_ANNOTATION", "REF_ANNOTATION"
Span = tuple[int, int]


def write(timelines: Sequence[Timeline]) -> bytes:
    """One video; it and what plays beside it are named as linked files, to be found beside the .eaf."""
    timeline = timelines[0]
    tiers = tiers_of(HOLDS.fitted(timeline), _named(timeline.dependencies))
    names = {tier.name for tier in tiers}
    said = spoken_tiers(HOLDS.fitted_spoken(timeline), lambda who: f"{TRANSCRIPT} {who}".strip(), names)
    spoken = [Tier(name, tier, name) for name, (_, tier) in said.items()]
    root = Element("ANNOTATION_DOCUMENT", {
        "AUTHOR": "", "DATE": _DATE, "FORMAT": "3.0", "VERSION": "3.0",
        "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance", "xsi:noNamespaceSchemaLocation": _SCHEMA,
    })  # fmt: skip
    header = SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    for medium in (Beside(timeline.footage.name, 0, timeline.footage.pictures), *timeline.cameras):
        name, origin = printable(medium.name), -round(medium.offset / 1000)
        kind = "video/*" if medium.pictures else _SOUND_TYPES.get(PurePath(name).suffix.lower(), "audio/*")
        facts = {"MEDIA_URL": f"./{name}", "RELATIVE_MEDIA_URL": f"./{name}", "MIME_TYPE": kind}
        SubElement(header, "MEDIA_DESCRIPTOR", {**facts, **({"TIME_ORIGIN": str(origin)} if origin else {})})
    for name, track in put_back((tier.name, tier.track, tier.annotations[0].annotator) for tier in tiers).items():
        SubElement(header, "PROPERTY", NAME=_TRACK_OF + name).text = track
    order = SubElement(root, "TIME_ORDER")
    aligned = [a for tier in (*tiers, *spoken) if tier.kind not in SYMBOLIC for a in tier.annotations]
    times = sorted({t for a in aligned for t in (a.segment.start, a.segment.end)})
    slots = {time: f"ts{number}" for number, time in enumerate(times, 1)}
    for time, slot in slots.items():
        SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=str(time // 1000))
    ids = {id(a): f"a{n}" for n, a in enumerate((a for tier in (*tiers, *spoken) for a in tier.annotations), 1)}
    elements = [_tier(root, tier, slots, ids) for tier in (*tiers, *spoken)]
    for kind in (_ANNOTATIONS, _LINES) if said else (_ANNOTATIONS,):
        facts = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": kind, "TIME_ALIGNABLE": "true"}
        SubElement(root, "LINGUISTIC_TYPE", facts)
    types = describe(root, tiers, _listed(timeline))
    for element in elements:
        name = element.get("TIER_ID", "")
        element.set("LINGUISTIC_TYPE_REF", _LINES if name in said else types.get(name, _ANNOTATIONS))
        if name in said and (speaker := said[name][0]):
            element.set("PARTICIPANT", speaker)
    return write_xml(root)


def _named(dependencies: Dependencies) -> Dependencies:
    """Dependencies by the names that tracks have in the file."""
    return {
        HOLDS.naming(track): Dependency(HOLDS.naming(each.parent), each.kind) for track, each in dependencies.items()
    }


def _listed(timeline: Timeline) -> dict[str, list[str]]:
    """The labels of tracks that take only those of a list, as the file says them."""
    found = {HOLDS.naming(track): [*map(HOLDS.said, labels)] for track, labels in timeline.vocabularies.items()}
    return {track: labels for track, labels in found.items() if track and labels}


def _tier(root: Element, tier: Tier, slots: Mapping[int, str], ids: Mapping[int, str]) -> Element:
    who = {"ANNOTATOR": tier.annotations[0].annotator} if tier.annotations[0].annotator else {}
    who |= {"PARENT_REF": tier.parent} if tier.parent else {}
    element = SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": "", "TIER_ID": tier.name, **who})
    before: dict[int, str] = {}  # of each parent its last part
    for number, a in enumerate(tier.annotations):
        holder = SubElement(element, "ANNOTATION")
        if tier.kind in SYMBOLIC:
            parent = tier.parents[number]
            facts = {"ANNOTATION_ID": ids[id(a)], "ANNOTATION_REF": ids[id(parent)]}
            facts |= {"PREVIOUS_ANNOTATION": before[id(parent)]} if tier.kind == PARTS and id(parent) in before else {}
            before[id(parent)] = ids[id(a)]
            made = SubElement(holder, _REFERRING, facts)
        else:
            places = {"TIME_SLOT_REF1": slots[a.segment.start], "TIME_SLOT_REF2": slots[a.segment.end]}
            made = SubElement(holder, _ALIGNED, {"ANNOTATION_ID": ids[id(a)], **places})
        SubElement(made, "ANNOTATION_VALUE").text = a.label
    return element


def remarks(timeline: Timeline) -> list[str]:
    """What goes to tiers that depend on none though their row does."""
    found, depend = HOLDS.fitted(timeline), _named(timeline.dependencies)
    count = orphans(found, depend)
    lies, goes = ("lies", "goes") if count == 1 else ("lie", "go")
    said = f"{segments(count)} of rows that depend on others {lies} in no segment of those, and {goes} to tiers of "
    uneven = _uneven(tiers_of(found, depend))
    parts = (
        f"{segments(uneven)} without times of {'its' if uneven == 1 else 'their'} own in ELAN will lie in even parts"
    )
    return [f"{said}their own."] * bool(count) + [f"{parts} of what they belong to."] * bool(uneven)


def _uneven(tiers: Sequence[Tier]) -> int:
    """How many annotations lie elsewhere once they are read again, since ELAN keeps no times of them."""
    read: dict[int, Span] = {}
    moved = 0
    for tier in tiers:
        siblings = Counter(map(id, tier.parents))
        places: Counter[int] = Counter()
        for number, a in enumerate(tier.annotations):
            read[id(a)] = a.segment.start, a.segment.end
            if tier.kind not in SYMBOLIC:
                continue
            parent = id(tier.parents[number])
            place, count = (places[parent], siblings[parent]) if tier.kind == PARTS else (0, 1)
            places[parent] += 1
            read[id(a)] = _share(read[parent], place, count)
            moved += read[id(a)] != (a.segment.start, a.segment.end)
    return moved


def _share(span: Span, place: int, count: int) -> Span:
    """One of so many even parts of a time."""
    start, end = span
    first, last = (start + ((end - start) * k + count // 2) // count for k in (place, place + 1))
    return first, last


def read(data: bytes, name: str) -> list[Part]:
    """Raises UnsafeFormat, FormatError."""
    root, notes = read_xml(data, "ANNOTATION_DOCUMENT"), Notes("attribute(s)")
    names_in(root, _KNOWN, _DEFINITIONS, notes)
    (media, *others), linked = _media(root, notes)
    times = _Times.of(root, notes)
    marks: list[Mark] = []
    lines: list[Mark] = []
    back = _put_back(root)
    for tier in root.iter("TIER"):
        are_lines = tier.get("LINGUISTIC_TYPE_REF") == _LINES
        found = lines if are_lines else marks
        track, annotator = tier.get("TIER_ID", ""), tier.get("ANNOTATOR", "")
        track = back.get(track, track)
        speaker = tier.get("PARTICIPANT", "") if are_lines else ""
        if not are_lines and tier.get("PARTICIPANT"):
            notes.known(["TIER/PARTICIPANT"], ())
        for element in tier.iterfind("ANNOTATION/*"):
            if element.tag not in (_ALIGNED, _REFERRING):
                continue
            with notes.entry():
                start, end = times.span(element.get("ANNOTATION_ID", ""))
                label = element.findtext("ANNOTATION_VALUE") or ""
                found.append(
                    Mark(start + media.shift, end + media.shift, label, track, annotator=annotator, speaker=speaker)
                )
    if times.spread:
        notes.say(f"{times.spread} annotation{'s' * (times.spread != 1)} without times of their own lie in even parts "
                  "of what they belong to, as ELAN shows them.")  # fmt: skip
    if others:
        names = [other.video.rpartition("/")[2] for other in others]
        notes.say(f"Of the linked files {listed([media.video.rpartition('/')[2]])} is the main one, and where it is "
                  f"in the library, {listed(names)} beside it.")  # fmt: skip
    also, cameras = (
        tuple(Other(other.video, other.shift - media.shift) for other in several if other.video != media.video)
        for several in (others, linked)
    )
    spoken = {tier.get("TIER_ID", "") for tier in root.iter("TIER") if tier.get("LINGUISTIC_TYPE_REF") == _LINES}
    depend = {
        tier: replace(each, parent=back.get(each.parent, each.parent))
        for tier, each in dependencies_in(root).items()
        if each.parent not in spoken and tier not in back
    }
    listed_for = {tier: labels for tier, labels in vocabularies_in(root).items() if tier not in back}
    part = Part(media.video, tuple(marks), also=also, lines=tuple(lines), cameras=cameras, dependencies=depend)
    return notes.parts([replace(part, vocabularies=listed_for)])


def _put_back(root: Element) -> dict[str, str]:
    """The tiers that hold the work of another annotator on the track of a tier, and that track."""
    names = {tier.get("TIER_ID", "") for tier in root.iter("TIER")}
    said = {each.get("NAME", ""): (each.text or "").strip() for each in root.iterfind("HEADER/PROPERTY")}
    found = {name.removeprefix(_TRACK_OF): track for name, track in said.items() if name.startswith(_TRACK_OF)}
    return {name: track for name, track in found.items() if name in names and track in names}


def _media(root: Element, notes: Notes) -> tuple[list[Other], list[Other]]:
    """The linked files as the file names them, each with where time 0 of the annotations lies in it: videos first, then
    those that a sound was taken from, then the rest; and those that are linked themselves."""
    found: list[tuple[int, Other]] = []
    for media in root.iterfind("HEADER/MEDIA_DESCRIPTOR"):
        shift = 0
        with notes.entry():
            shift = reading.whole(media.get("TIME_ORIGIN", "0"), "TIME_ORIGIN") * 1000
        is_video = media.get("MIME_TYPE", "").startswith("video")
        url = media.get("MEDIA_URL") or media.get("RELATIVE_MEDIA_URL") or ""
        found.append((0 if is_video else 2, Other(url.removeprefix("./"), shift)))
        if media.get("EXTRACTED_FROM"):
            found.append((1, Other(media.get("EXTRACTED_FROM", ""), shift)))
    ordered = sorted(found, key=lambda each: each[0])
    linked = [other for rank, other in ordered if rank != 1 and other.video]
    return [other for _, other in ordered if other.video] or [Other("")], linked


@dataclass(slots=True)
class _Times:
    """When annotations are. `spans` are known already, in µs; `parts` says which part of which annotation one is: the
    annotation, its number and how many there are."""

    spans: dict[str, Span] = field(default_factory=dict)
    parts: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    spread: int = 0

    @classmethod
    def of(cls, root: Element, notes: Notes) -> "_Times":
        made = cls()
        slots = _Slots.of(root, notes)
        kinds = {t.get("LINGUISTIC_TYPE_ID", ""): t.get("CONSTRAINTS", "") for t in root.iter("LINGUISTIC_TYPE")}
        tiers = {tier.get("TIER_ID", ""): tier for tier in root.iter("TIER")}
        for tier in _parents_first(tiers):
            parent = tiers.get(tier.get("PARENT_REF", ""))
            made._align(tier, parent, slots, notes)
            made._divide(tier, kinds.get(tier.get("LINGUISTIC_TYPE_REF", ""), ""))
        return made

    def span(self, which: str) -> Span:
        """[start, end) of an annotation. Raises FormatError where what it refers to is missing."""
        way: dict[str, None] = {}
        while which not in self.spans:
            if which in way or which not in self.parts:
                raise FormatError("An annotation of this .eaf refers to one that is missing; repair it.")
            way[which] = None
            which = self.parts[which][0]
        for one in reversed(way):
            of, place, count = self.parts[one]
            self.spans[one] = _share(self.spans[of], place, count)
        return self.spans[next(iter(way), which)]

    def _align(self, tier: Element, parent: Element | None, slots: "_Slots", notes: Notes) -> None:
        """Annotations between slots: chains of them, each from the end of the one before, have their time together."""
        within = self._starts(parent, slots)
        found = {e.get("TIME_SLOT_REF1", ""): e for e in tier.iterfind(f"ANNOTATION/{_ALIGNED}")}
        after = {e.get("TIME_SLOT_REF2", "") for e in found.values()}
        for first, element in found.items():
            if first in after and first not in slots.times:
                continue  # it is reached from the beginning of its chain
            chain = {first: None}
            each: Element | None = element
            while each is not None and (slot := each.get("TIME_SLOT_REF2", "")) not in chain:
                chain[slot] = None
                each = found.get(slot) if slot not in slots.times else None
            slots.times |= slots.along(list(chain), _around(first, within, slots))
        for element in tier.iterfind(f"ANNOTATION/{_ALIGNED}"):
            ends = element.get("TIME_SLOT_REF1", ""), element.get("TIME_SLOT_REF2", "")
            try:
                self.spans[element.get("ANNOTATION_ID", "")] = slots.times[ends[0]], slots.times[ends[1]]
            except KeyError:
                continue  # `span` says that it is missing
            self.spread += any(slot in slots.untimed for slot in ends)

    def _starts(self, tier: Element | None, slots: "_Slots") -> list[tuple[int, int, Span]]:
        """The first and the last slot, by their places, and the time of a tier's annotations, in order."""
        found = []
        for element in () if tier is None else tier.iterfind(f"ANNOTATION/{_ALIGNED}"):
            first, last = (slots.order.get(element.get(f"TIME_SLOT_REF{k}", ""), -1) for k in (1, 2))
            if element.get("ANNOTATION_ID", "") in self.spans:
                found.append((first, last, self.spans[element.get("ANNOTATION_ID", "")]))
        return sorted(found)

    def _divide(self, tier: Element, kind: str) -> None:
        """Annotations that refer to others: all of it, or, in a symbolic subdivision, a part each, in order."""
        siblings: dict[str, list[Element]] = {}
        for element in tier.iterfind(f"ANNOTATION/{_REFERRING}"):
            siblings.setdefault(element.get("ANNOTATION_REF", ""), []).append(element)
        for of, several in siblings.items():
            linked = any(element.get("PREVIOUS_ANNOTATION") for element in several)
            divided = kind == "Symbolic_Subdivision" or (not kind and linked)
            for place, which in enumerate(_in_order(several)):
                self.parts[which] = (of, place, len(several)) if divided else (of, 0, 1)
            self.spread += len(several) if divided and len(several) > 1 else 0


def _around(slot: str, within: Sequence[tuple[int, int, Span]], slots: "_Slots") -> Span | None:
    """The time of the annotation within whose slots this one lies."""
    at = slots.order.get(slot, -1)
    place = bisect_right(within, at, key=lambda each: each[0]) - 1
    return within[place][2] if place >= 0 and at <= within[place][1] else None


@dataclass(slots=True)
class _Slots:
    """The time slots of a file: `times` in µs of those that have one, their places in its `order`, and the times of the
    others as they lie in that order, for annotations that belong to no other."""

    times: dict[str, int]
    order: dict[str, int]
    untimed: dict[str, int]

    @classmethod
    def of(cls, root: Element, notes: Notes) -> "_Slots":
        header = root.find("HEADER")
        unit = "milliseconds" if header is None else header.get("TIME_UNITS", "milliseconds")
        if unit not in _UNITS:
            raise FormatError(f"The times of this .eaf count in {unit:.40}, which is not known; use milliseconds.")
        times: dict[str, int] = {}
        untimed: dict[str, int] = {}
        listed = [(slot.get("TIME_SLOT_ID", ""), slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")]
        waiting: list[str] = []
        last = 0
        for slot, value in listed:
            if value is None:
                waiting.append(slot)
                continue
            with notes.entry():
                time = round(reading.whole(value, "A time slot") * _UNITS[unit])
                for k, between in enumerate(waiting, 1):
                    untimed[between] = last + (time - last) * k // (len(waiting) + 1)
                times[slot], last, waiting = time, time, []
        order = {slot: place for place, (slot, _) in enumerate(listed)}
        return cls(times, order, {**dict.fromkeys(waiting, last), **untimed})

    def along(self, chain: Sequence[str], around: Span | None) -> dict[str, int]:
        """Times for the slots of a chain: evenly between those that have one; its ends from what is around it."""
        known = {place: self.times[slot] for place, slot in enumerate(chain) if slot in self.times}
        for place, edge in ((0, 0), (len(chain) - 1, 1)):
            if place not in known and chain[place] in self.untimed:
                known[place] = around[edge] if around else self.untimed[chain[place]]
        found = {}
        for one, other in pairwise(sorted(known)):
            for place in range(one, other + 1):
                step, parts = (known[other] - known[one]) * (place - one), other - one
                found[chain[place]] = known[one] + (2 * step + parts) // (2 * parts)
        return {slot: time for slot, time in found.items() if slot in self.untimed}


def _parents_first(tiers: Mapping[str, Element]) -> Iterator[Element]:
    """Tiers so that each comes after its parent, where they are in no circle."""
    done: set[str] = set()
    for name in tiers:
        way: dict[str, None] = {}
        while name in tiers and name not in done and name not in way:
            way[name] = None
            name = tiers[name].get("PARENT_REF", "")
        for each in reversed(way):
            done.add(each)
            yield tiers[each]


def _in_order(siblings: Sequence[Element]) -> list[str]:
    """Ids by PREVIOUS_ANNOTATION, each after the one that it names; else as they stand in the file."""
    names = dict.fromkeys(element.get("ANNOTATION_ID", "") for element in siblings)
    following: dict[str, str] = {}
    firsts = []
    for element in siblings:
        before = element.get("PREVIOUS_ANNOTATION", "")
        if before in names:
            following[before] = element.get("ANNOTATION_ID", "")
        else:
            firsts.append(element.get("ANNOTATION_ID", ""))
    ordered: dict[str, None] = {}
    for first in firsts:
        each: str | None = first
        while each is not None and each not in ordered:
            ordered[each] = None
            each = following.get(each)
    return [*ordered, *(name for name in names if name not in ordered)]


FORMAT = Format("elan", "ELAN", ".eaf", "application/xml", "ms", HOLDS, write, read, remarks=remarks)
