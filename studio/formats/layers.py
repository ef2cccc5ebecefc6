"""Tiers without overlaps, for formats that allow none: what overlaps goes to further tiers, “Track (2)” and so on."""

import unicodedata
from collections.abc import Callable, Collection, Iterable
from itertools import chain, count

from studio.timeline import Annotation, Cue, Segment, SpokenLine

TRANSCRIPT = "Transcript"


def layered(annotations: Iterable[Annotation], *, by_annotator: bool = False) -> dict[str, list[Annotation]]:
    """Tier → annotations in order of time, none of which overlap. Tracks come in order of appearance.

    As few further tiers as possible: each annotation goes to the first tier of its track that is free. `by_annotator`:
    and whose annotations are by the same person, for formats that name one a tier.
    """
    tracks: dict[str, list[list[Annotation]]] = {}
    for a in sorted(annotations, key=lambda a: a.segment):
        # two spellings of one name are one track to whoever reads the file
        tiers = tracks.setdefault(unicodedata.normalize("NFC", a.track), [])
        free = next((tier for tier in tiers if tier[-1].segment.end <= a.segment.start
                     and (not by_annotator or tier[0].annotator == a.annotator)), None)  # fmt: skip
        if free is None:
            tiers.append([a])
        else:
            free.append(a)
    named: dict[str, list[Annotation]] = {track: tiers[0] for track, tiers in tracks.items()}
    for track, tiers in tracks.items():
        number = 1
        for tier in tiers[1:]:
            number += 1
            while f"{track} ({number})" in named:
                number += 1
            named[f"{track} ({number})"] = tier
    return named


def put_back(tiers: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Of (name, track, annotator) of tiers in order: the further tiers that hold the first work of another annotator on
    their track, and that track. A reader puts them back on it; the others are there because of overlaps."""
    known: set[tuple[str, str]] = set()
    found = {}
    for name, track, annotator in tiers:
        track = unicodedata.normalize("NFC", track)
        if name != track and (track, annotator) not in known:
            found[name] = track
        known.add((track, annotator))
    return found


def layered_lines(lines: Iterable[Cue], name: str, taken: Collection[str] = ()) -> dict[str, list[Annotation]]:
    """Tier → lines of a transcript as annotations, none of which overlap. No tier is called as one that is `taken`,
    also where capitals are one with small letters, as in the names of files on some disks."""
    known = {each.casefold() for each in taken}
    tiers = layered(Annotation("", Segment(start, end), name, text) for start, end, text in lines).values()
    free = (each for each in chain([name], (f"{name} ({k})" for k in count(2))) if each.casefold() not in known)
    return dict(zip(free, tiers, strict=False))


def spoken_tiers(
    lines: Iterable[SpokenLine], name: Callable[[str], str], taken: Collection[str] = ()
) -> dict[str, tuple[str, list[Annotation]]]:
    """Tier → who says its lines, and the lines: tiers of their own for each speaker, called as `name` says ("" is
    nobody's). No tier is called as one that is `taken`."""
    by_speaker: dict[str, list[SpokenLine]] = {}
    for line in lines:
        by_speaker.setdefault(line.speaker, []).append(line)
    found: dict[str, tuple[str, list[Annotation]]] = {}
    for speaker, own in by_speaker.items():
        tiers = layered_lines([Cue(*line[:3]) for line in own], name(speaker), [*taken, *found])
        found |= {tier: (speaker, said) for tier, said in tiers.items()}
    return found
