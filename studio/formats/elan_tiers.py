"""The tiers of an .eaf: which depend on which, and how; which labels they take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from xml.etree.ElementTree import Element, SubElement

from studio.formats.layers import layered
from studio.timeline import Annotation
from studio.timeline.tiers import ASSOCIATED, DIVIDED, INCLUDED, PARTS, Dependencies, Dependency, belonging, chain

STEREOTYPES = {
    DIVIDED: ("Time_Subdivision", "Time subdivision of parent annotation's time interval, no time gaps allowed within "
              "this interval"),
    PARTS: ("Symbolic_Subdivision", "Symbolic subdivision of a parent annotation. Annotations refering to the same "
            "parent are ordered"),
    ASSOCIATED: ("Symbolic_Association", "1-1 association with a parent annotation"),
    INCLUDED: ("Included_In", "Time alignable annotations within the parent annotation's time interval, gaps are "
               "allowed"),
}  # fmt: skip
"""As ELAN names and describes them."""
SYMBOLIC = (PARTS, ASSOCIATED)  # their annotations have no times of their own
_LANGUAGE = {
    "LANG_ID": "und",
    "LANG_DEF": "http://cdb.iso.org/lg/CDB-00130975-001",
    "LANG_LABEL": "undetermined (und)",
}


@dataclass(slots=True)
class Tier:
    """A tier as it is written: no annotations of it overlap, all are one person's. Of one that depends on another tier
    `parents` has, for each annotation, which annotation of that it belongs to."""

    name: str
    annotations: list[Annotation]
    track: str
    kind: str = ""
    parent: str = ""
    parents: list[Annotation] = field(default_factory=list)


def tiers_of(annotations: Sequence[Annotation], dependencies: Dependencies) -> list[Tier]:
    """The tiers of a timeline, each after the one that it depends on. What lies in no segment of the row that its own
    depends on is on tiers that depend on none."""
    known = {track: each for track, each in dependencies.items() if each.kind in STEREOTYPES}
    by_track: dict[str, list[Annotation]] = {}
    for a in annotations:
        by_track.setdefault(a.track, []).append(a)
    alone = [a for a in annotations if a.track not in known]
    made = [Tier(name, found, found[0].track) for name, found in layered(alone, by_annotator=True).items()]
    tier_of = {id(a): tier for tier in made for a in tier.annotations}
    orphans: list[Annotation] = []
    for track in sorted(known.keys() & by_track.keys(), key=lambda each: len(chain(each, known))):
        found, dependency = by_track[track], known[track]
        parents = [a for a in by_track.get(dependency.parent, []) if id(a) in tier_of]
        places = belonging([a.segment for a in found], [a.segment for a in parents])
        groups: dict[tuple[str, str], list[tuple[Annotation, Annotation]]] = {}
        for a, place in zip(found, places, strict=True):
            if place is None or (dependency.kind == ASSOCIATED and parents[place].segment != a.segment):
                orphans.append(a)
            else:
                parent = parents[place]
                groups.setdefault((tier_of[id(parent)].name, a.annotator), []).append((a, parent))
        for (parent_tier, _), pairs in groups.items():
            for several in _apart(pairs, dependency.kind):
                own, of = [a for a, _ in several], [parent for _, parent in several]
                tier = Tier(_free(track, made), own, track, dependency.kind, parent_tier, of)
                made.append(tier)
                tier_of |= {id(a): tier for a in own}
    for found in layered(orphans, by_annotator=True).values():
        made.append(Tier(_free(found[0].track, made), found, found[0].track))
    return made


def orphans(annotations: Sequence[Annotation], dependencies: Dependencies) -> int:
    """How many annotations of dependent rows lie in no segment of the row that theirs depends on."""
    return sum(a.track in dependencies for tier in tiers_of(annotations, dependencies) if not tier.kind
               for a in tier.annotations)  # fmt: skip


def _apart(pairs: Sequence[tuple[Annotation, Annotation]], kind: str) -> list[list[tuple[Annotation, Annotation]]]:
    """As few tiers as possible of which none has overlaps, or, of an association, two for one parent."""
    tiers: list[list[tuple[Annotation, Annotation]]] = []
    for pair in sorted(pairs, key=lambda each: each[0].segment):
        a, parent = pair
        free = next(
            (
                tier
                for tier in tiers
                if (tier[-1][1] is not parent if kind == ASSOCIATED else kind == PARTS)
                or (kind not in SYMBOLIC and tier[-1][0].segment.end <= a.segment.start)
            ),
            None,
        )
        if free is None:
            tiers.append([pair])
        else:
            free.append(pair)
    return tiers


def _free(track: str, made: Sequence[Tier]) -> str:
    taken = {tier.name for tier in made}
    names = (track if number == 1 else f"{track} ({number})" for number in count(1))
    return next(name for name in names if name not in taken)


def describe(root: Element, tiers: Sequence[Tier], vocabularies: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Write the linguistic types of tiers that depend on others or take only the labels of a list, with what they need;
    returns the type of each such tier, by its name."""
    kinds = {tier.name: (tier.kind, tier.track if tier.track in vocabularies else "") for tier in tiers}
    named = {each: " ".join(filter(None, (each[0].replace("_", "-"), each[1]))) for each in kinds.values() if any(each)}
    for (kind, vocabulary), name in named.items():
        facts = {
            "GRAPHIC_REFERENCES": "false",
            "LINGUISTIC_TYPE_ID": name,
            "TIME_ALIGNABLE": str(kind not in SYMBOLIC).lower(),
        }
        facts |= {"CONSTRAINTS": STEREOTYPES[kind][0]} if kind else {}
        facts |= {"CONTROLLED_VOCABULARY_REF": vocabulary} if vocabulary else {}
        SubElement(root, "LINGUISTIC_TYPE", facts)
    used = [track for track in vocabularies if any(vocabulary == track for _, vocabulary in named)]
    if used:
        SubElement(root, "LANGUAGE", _LANGUAGE)
    for kind, (stereotype, description) in STEREOTYPES.items():
        if any(kind == each for each, _ in named):
            SubElement(root, "CONSTRAINT", STEREOTYPE=stereotype, DESCRIPTION=description)
    for track in used:
        listed = SubElement(root, "CONTROLLED_VOCABULARY", CV_ID=track)
        SubElement(listed, "DESCRIPTION", LANG_REF="und")
        for number, label in enumerate(vocabularies[track]):
            entry = SubElement(listed, "CV_ENTRY_ML", CVE_ID=f"cve_{used.index(track)}_{number}")
            SubElement(entry, "CVE_VALUE", LANG_REF="und", DESCRIPTION="").text = label
    return {name: named[each] for name, each in kinds.items() if any(each)}


def dependencies_in(root: Element) -> dict[str, Dependency]:
    """Which tiers of a file depend on which, and how."""
    stereotypes = {name: kind for kind, (name, _) in STEREOTYPES.items()}
    types = {each.get("LINGUISTIC_TYPE_ID", ""): each.get("CONSTRAINTS", "") for each in root.iter("LINGUISTIC_TYPE")}
    tiers = {tier.get("TIER_ID", ""): tier for tier in root.iter("TIER")}
    found = {}
    for name, tier in tiers.items():
        kind = stereotypes.get(types.get(tier.get("LINGUISTIC_TYPE_REF", ""), "").replace(" ", "_"))
        if kind and tier.get("PARENT_REF", "") in tiers:
            found[name] = Dependency(tier.get("PARENT_REF", ""), kind)
    return found


def vocabularies_in(root: Element) -> dict[str, tuple[str, ...]]:
    """The labels that tiers of a file take, where it lists them: those of their types' controlled vocabularies."""
    lists: dict[str, tuple[str, ...]] = {}
    for each in root.iter("CONTROLLED_VOCABULARY"):
        entries = [entry.text or "" for entry in each.iterfind("CV_ENTRY")]
        # of several languages the first one
        entries += [entry.findtext("CVE_VALUE") or "" for entry in each.iterfind("CV_ENTRY_ML")]
        lists[each.get("CV_ID", "")] = tuple(dict.fromkeys(filter(None, map(str.strip, entries))))
    types = {
        each.get("LINGUISTIC_TYPE_ID", ""): lists.get(each.get("CONTROLLED_VOCABULARY_REF", ""), ())
        for each in root.iter("LINGUISTIC_TYPE")
    }
    found = {tier.get("TIER_ID", ""): types.get(tier.get("LINGUISTIC_TYPE_REF", ""), ()) for tier in root.iter("TIER")}
    return {name: labels for name, labels in found.items() if labels}
